"""Draws the pose logs that guard the engine: one of each exercise, with faults, done by the figure.

    .venv/bin/python scripts/make_replay_logs.py

Writes tests/replay/ID.parquet. Run it when the reference motions change on purpose, then renew the golden answers with
`pytest tests/replay --update` and read their difference.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kneeline.capture.poselog import write_pose_log
from kneeline.capture.series import recording
from kneeline.content.load import load_exercise
from kneeline.content.schema import Given
from kneeline.model.pose import PoseSeries
from kneeline.motion.figure import HEIGHT_PX, WIDTH_PX, perform

OUT = Path(__file__).resolve().parents[1] / "tests" / "replay"

SETS = {
    "calf_raise_ball_squeeze": Given(
        reps=4,
        lift_s=2.0,
        hold_s=1.0,
        lower_s=3.0,
        view="front",
        noise_px=1.5,
        change={"both_hip_abduction": 4},
        only=(3,),
    ),
    "terminal_knee_extension": Given(reps=4, lift_s=1.5, hold_s=0.1, lower_s=0.45, view="right", noise_px=1.5),
    "banded_single_leg_stand": Given(
        reps=4, lift_s=1.5, hold_s=1.0, lower_s=2.0, view="front", noise_px=1.5, change={"working_fppa": 15}, only=(2,)
    ),
}
"""What is done: a ball lost in the third raise, every extension rushed, a knee that caves in in the second lift."""


def with_gaps(series: PoseSeries, seed: int) -> PoseSeries:
    """The series as a camera would leave it: uneven frame times, some frames missing, some keypoints not found.

    Coordinates are kept to 1/16 pixel and times to 0.1 ms, so that the logs stay small.
    """
    dice = np.random.default_rng(seed)
    kept = dice.random(len(series)) > 0.02
    series = series[kept]
    t_s = np.round(series.t_s + dice.uniform(-0.004, 0.004, len(series)), 4)
    xy = np.round(series.xy * 16) / 16
    xy[dice.random(xy.shape[:2]) < 0.01] = np.nan
    confidence = np.where(np.isnan(xy[..., 0]), np.nan, series.confidence)
    return PoseSeries(t_s - t_s[0], xy, np.where(np.isnan(confidence), np.nan, series.sd_px), confidence, series.people)


def main() -> None:
    """Draw, and say what was written."""
    for seed, (exercise_id, given) in enumerate(SETS.items(), start=1):
        drawn = perform(load_exercise(exercise_id), given, seed=seed)
        series = with_gaps(drawn.series, seed)
        # Nobody's model saw these points; the name makes replay give them the error of the model that people use.
        about = recording(
            series, source=exercise_id, width_px=WIDTH_PX, height_px=HEIGHT_PX, pose_model="blazepose-full"
        )
        path = OUT / f"{exercise_id}.parquet"
        write_pose_log(path, series, about)
        print(f"{path.name}: {len(series)} frames, {len(drawn.reps)} repetitions, {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
