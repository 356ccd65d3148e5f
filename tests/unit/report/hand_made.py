"""One hand-made set of calf raises, so that what a report says can be checked against what was put in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kneeline.content.load import Library, load
from kneeline.content.schema import Exercise
from kneeline.model.movement import (
    Cue,
    FaultFinding,
    Phase,
    Repetition,
    RepetitionVerdict,
    SetResult,
    SetSummary,
    SignalTrace,
    View,
)
from kneeline.model.pose import KEYPOINTS, PoseSeries, Recording
from kneeline.model.quantity import Estimate, NotAssessable, Verdict

FPS = 30.0
SIDE_VIEW = "Seen from the front; this needs a view from the side."
BY_FOOT = "A whole-body camera view does not show the small roll of the foot."


@dataclass(frozen=True)
class Made:
    exercise: Exercise
    library: Library
    result: SetResult
    trace: SignalTrace
    series: PoseSeries
    recording: Recording


def _repetition(n: int, start_s: float, lower_s: float) -> Repetition:
    fast = lower_s < 0.6
    finding = FaultFinding
    faults = (
        finding("ball_lost", Verdict.ABSENT, 0.02, "0.02 against a limit of 0.12"),
        finding("too_fast_down", Verdict.PRESENT if fast else Verdict.ABSENT, 0.99 if fast else 0.0, "against 0.6 s"),
        finding("knees_bend", Verdict.NOT_ASSESSABLE, None, SIDE_VIEW),
        finding("arch_rolls_in", Verdict.NOT_ASSESSABLE, None, BY_FOOT),
    )
    return Repetition(
        n=n,
        side="both",
        start_s=start_s,
        top_start_s=start_s + 1.9,
        top_end_s=start_s + 2.9,
        end_s=start_s + 2.9 + lower_s,
        lift_s=Estimate(1.9, 0.06, "s"),
        hold_s=Estimate(1.0, 0.08, "s"),
        lower_s=Estimate(lower_s, 0.05, "s"),
        measures={
            "heel_rise_peak_frac": Estimate(0.31 - 0.01 * n, 0.02, "frac"),
            "ankle_gap_change_frac": Estimate(0.02 * n, 0.015, "frac"),
            "knee_flexion_change_deg": NotAssessable(SIDE_VIEW),
        },
        faults=faults,
        verdict=RepetitionVerdict.TRY_AGAIN if fast else RepetitionVerdict.GOOD,
    )


def _trace(reps: tuple[Repetition, ...], duration_s: float) -> SignalTrace:
    t_s = np.arange(0, duration_s, 1 / FPS)
    rise = np.zeros_like(t_s)
    phase = [Phase.REST] * len(t_s)
    number = np.zeros(len(t_s), dtype=np.int64)
    for rep in reps:
        marks = [rep.start_s, rep.top_start_s, rep.top_end_s, rep.end_s]
        rise += np.interp(t_s, marks, [0.0, 0.3, 0.3, 0.0])
        for i in np.flatnonzero((t_s >= rep.start_s) & (t_s < rep.end_s)):
            part = int(np.searchsorted(marks, t_s[i], side="right"))
            phase[i] = (Phase.LIFT, Phase.HOLD, Phase.LOWER)[part - 1]
            number[i] = rep.n
    rise[10:20] = np.nan
    sd = np.where(np.isnan(rise), np.nan, 0.015)
    knee = np.full(len(t_s), np.nan)
    return SignalTrace(
        t_s=t_s,
        phase=tuple(phase),
        rep=number,
        values={"body_rise_frac": rise, "knee_flexion_left_deg": knee, "heel_rise_left_frac": rise},
        sds={"body_rise_frac": sd, "knee_flexion_left_deg": knee, "heel_rise_left_frac": sd},
        signal="body_rise_frac",
    )


def _series(trace: SignalTrace) -> PoseSeries:
    """A standing figure in a picture of 640 x 480, which rises with the trace."""
    places = {"nose": (320, 60), "shoulder": (40, 110), "elbow": (55, 170), "wrist": (60, 220), "hip": (25, 240)}
    places |= {"knee": (25, 330), "ankle": (25, 415), "heel": (22, 430), "foot_index": (35, 440)}
    xy = np.full((len(trace.t_s), len(KEYPOINTS), 2), np.nan)
    for i, name in enumerate(KEYPOINTS):
        side, _, part = name.partition("_")
        if part in places:
            away, y = places[part]
            xy[:, i] = (320 + away * (1 if side == "left" else -1), y)
        elif name in places:
            xy[:, i] = places[name]
    rise = np.nan_to_num(trace.values[trace.signal])
    feet = [i for i, name in enumerate(KEYPOINTS) if name.endswith("foot_index")]
    moving = [i for i in range(len(KEYPOINTS)) if i not in feet]
    xy[:, moving, 1] -= 85 * rise[:, None]
    sd = np.where(np.isfinite(xy[..., 0]), 3.0, np.nan)
    sd[:, KEYPOINTS.index("left_wrist")] = 40.0
    people = np.full(len(trace.t_s), 1)
    return PoseSeries(trace.t_s, xy, sd, np.where(np.isfinite(sd), 0.9, np.nan), people)


def a_set() -> Made:
    """Five calf raises from the front; the fourth and fifth are lowered too fast."""
    library = load()
    lowers = [2.8, 2.9, 2.7, 0.4, 0.45]
    reps, at = [], 1.0
    for n, lower in enumerate(lowers, start=1):
        reps.append(_repetition(n, at, lower))
        at = reps[-1].end_s + 0.6
    trace = _trace(tuple(reps), at + 1)
    result = SetResult(
        exercise="calf_raise_ball_squeeze",
        side="both",
        view=View("front", Estimate(4.0, 3.0, "deg"), True),
        reps=tuple(reps),
        summary=SetSummary(5, 3, 23.75, 90.0, 0.247),
        cues=(Cue(reps[3].end_s, "too_fast_down", "Float down slowly"),),
        warnings=("A second person was in view from 3.2 s to 5.0 s.",),
    )
    series = _series(trace)
    recording = Recording("clip.mp4", 640, 480, "blazepose-full", len(trace.t_s), at, FPS)
    return Made(library.exercises["calf_raise_ball_squeeze"], library, result, trace, series, recording)
