"""Measures and faults of a repetition: a statistic of a signal over a part of it, then a threshold with its odds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.load import Library
from kneeline.content.schema import Exercise, FaultRule, Measure, Observation, Signal
from kneeline.model.movement import FaultFinding, Repetition, RepetitionVerdict
from kneeline.model.quantity import Estimate, Measured, NotAssessable, Verdict
from kneeline.motion import view as views
from kneeline.motion.errors import Witness, total_sd
from kneeline.motion.geometry import Geometry
from kneeline.motion.reps import Phases, reach_of, smooth
from kneeline.motion.signals import SIGNALS, Bearings, observe, signal

Array = npt.NDArray[np.float64]

SEEN_SHARE: Final = 0.5
"""A statistic needs at least this share of its frames. House default."""
SEEN_WELL_SHARE: Final = 0.7
"""A repetition is called good only when the person was seen in this share of it. House default."""
PRESENT: Final = 0.6
ABSENT: Final = 0.4
"""Probability from which a fault is called present, and up to which it is called absent. House defaults."""
PEAK_SMOOTHING_S: Final = 0.06
"""Width of the smoothing before a peak is read off, so that noise does not make it. House default."""
SAME_SET_SD: Final = 0.06
"""Error of one repetition's excursion against the set's usual one, as a share. House default."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that measures need besides the repetition itself."""

    exercise: Exercise
    library: Library
    bearings: Bearings
    witness: Witness
    side: str

    @property
    def yaw_deg(self) -> float:
        """Turn of the person against the camera, NaN where unknown."""
        return self.witness.yaw_deg

    def observation(self, signal_id: str) -> Observation | None:
        """How this exercise tells a signal from several others, where a pose model does not show it directly."""
        if self.witness.exact:
            return None
        return next((o for o in self.exercise.observation if o.signal == signal_id), None)

    @property
    def near(self) -> str:
        """The side of the body that is closer to the camera."""
        return "right" if math.sin(math.radians(self.yaw_deg)) > 0 else "left"

    @property
    def free(self) -> str:
        """The leg that is not trained."""
        return "right" if self.side == "left" else "left"


def judge_repetition(
    n: int, side: str, g: Geometry, phases: Phases, scene: Scene, usual_reach: float | None
) -> Repetition:
    """One repetition with its measures, faults and verdict.

    n: its number. g: frames from before it to its end or after. usual_reach: the set's typical `reach_of`, if known.
    """
    measures = measure_all(g, phases, scene, usual_reach)
    faults = tuple(judge(rule, measures) for rule in scene.exercise.fault)
    inside = (g.t_s >= phases.start_s) & (g.t_s <= phases.end_s)
    seen = float((~np.isnan(g.along("hips_at", 1)[inside])).mean()) if inside.any() else 0.0
    verdict = RepetitionVerdict.GOOD
    if any(fault.verdict is Verdict.PRESENT for fault in faults):
        verdict = RepetitionVerdict.TRY_AGAIN
    elif seen < SEEN_WELL_SHARE or not any(fault.verdict is Verdict.ABSENT for fault in faults):
        verdict = RepetitionVerdict.NOT_SEEN
    times = (phases.start_s, phases.top_start_s, phases.top_end_s, phases.end_s)
    tempo = (measures["lift_s"], measures["hold_s"], measures["lower_s"])
    lift, hold, lower = (value for value in tempo if isinstance(value, Estimate))
    return Repetition(n, side, *times, lift, hold, lower, measures, faults, verdict)


def measure_all(g: Geometry, phases: Phases, scene: Scene, usual_reach: float | None) -> dict[str, Measured]:
    """Every measure of the exercise for one repetition, the built-in ones first.

    g: frames from before the repetition to its end or after. usual_reach: the set's typical `reach_of`, if known.
    """
    reach = reach_of(phases, scene.exercise.repetition)
    outward_is_lift = scene.exercise.repetition.outward == "lift"
    found: dict[str, Measured] = {
        "lift_s": phases.out if outward_is_lift else phases.back,
        "hold_s": phases.hold,
        "lower_s": phases.back if outward_is_lift else phases.out,
        "excursion_of_usual_frac": NotAssessable("there is no other repetition to compare with yet")
        if usual_reach is None
        else Estimate(reach / usual_reach, SAME_SET_SD, "frac"),
    }
    for measure_id in scene.exercise.measures:
        found[measure_id] = _measure(scene.library.measures[measure_id], g, phases, scene)
    return found


def _measure(rule: Measure, g: Geometry, phases: Phases, scene: Scene) -> Measured:
    spec = scene.library.signals[rule.signal]
    reason = views.refusal(spec, scene.yaw_deg)
    if reason:
        return NotAssessable(reason)
    legs = _legs(rule, spec, scene)
    if isinstance(legs, NotAssessable):
        return legs
    answers = [_statistic(rule, spec, leg, g, phases, scene) for leg in legs]
    seen = [a for a in answers if isinstance(a, Estimate)]
    if not seen:
        return answers[0]
    if rule.statistic == "difference":
        if len(seen) < 2:
            return NotAssessable("both legs must be seen")
        a, b = seen
        return Estimate(abs(a.value - b.value), math.hypot(a.sd, b.sd), a.unit)
    if rule.leg == "each":
        return (min if rule.statistic == "min" else max)(seen, key=lambda e: e.value)
    value = sum(e.value for e in seen) / len(seen)
    return Estimate(value, max(e.sd for e in seen), seen[0].unit)


def _legs(rule: Measure, spec: Signal, scene: Scene) -> tuple[str, ...] | NotAssessable:
    """Whose signal a measure reads; from the side only the near leg's sagittal angles are to be trusted."""
    if rule.leg == "none":
        return ("",)
    wanted = {"working": scene.side, "free": scene.free, "each": "both"}[rule.leg]
    sideways = spec.plane == "sagittal"
    if wanted == "both":
        return (scene.near,) if sideways else ("left", "right")
    if sideways and wanted != scene.near:
        return NotAssessable("that leg is hidden behind the other; turn so that it is the one nearest the camera")
    return (wanted,)


def _statistic(rule: Measure, spec: Signal, leg: str, g: Geometry, phases: Phases, scene: Scene) -> Measured:
    observation = scene.observation(rule.signal)
    if observation is None:
        value = signal(rule.signal, g, scene.bearings, leg)
    elif views.facing_of(scene.yaw_deg) not in observation.facing:
        return NotAssessable(f"{spec.title} can be told from the {' or '.join(observation.facing)} only")
    else:
        value = observe(observation.weights, g, scene.bearings)
    still = _part("rest", g.t_s, phases, "lift")
    inside = _part(rule.over, g.t_s, phases, scene.exercise.repetition.outward)
    seen = inside & ~np.isnan(value)
    if seen.sum() < max(SEEN_SHARE * inside.sum(), 2):
        return NotAssessable("the keypoints it needs were out of sight")
    if observation is not None and (beyond(observation, g, scene.bearings, still) & inside).any():
        return NotAssessable(f"the body moved too far for {spec.title.lower()} to be told")
    calm = smooth(g.t_s, value, PEAK_SMOOTHING_S)
    from_rest = SIGNALS[rule.signal].from_rest or observation is not None
    rest = 0.0
    if from_rest or rule.statistic == "change":
        still = still & ~np.isnan(value)
        if not still.any():
            return NotAssessable("the person was not seen at rest before the repetition")
        rest = float(np.median(calm[still]))
    result = _read(rule.statistic, calm, seen, g, phases, scene)
    if isinstance(result, NotAssessable):
        return result
    if rule.statistic != "range":
        result -= rest
    if observation is not None:
        return Estimate(result, observed_sd(observation, scene.yaw_deg), spec.unit)
    change = from_rest or rule.statistic in ("change", "range")
    sd = total_sd(spec, g, scene.bearings, leg, calm - rest, scene.witness, change=change)
    return Estimate(result, _sd_where(result + rest, calm[seen], sd[seen]), spec.unit)


def _sd_where(read: float, calm: Array, sd: Array) -> float:
    """The usual error of the frames that a value was read from: the tenth of them that lie nearest to it."""
    nearest = np.argsort(np.abs(calm - read))[: max(len(calm) // 10, 3)]
    return float(np.median(sd[nearest]))


def observed_sd(observation: Observation, yaw_deg: float) -> float:
    """Standard deviation of what an observation says when the camera is turned like this, in the signal's unit."""
    turn_deg = views.off_plane_deg(yaw_deg, "frontal")
    return math.hypot(observation.error.value, observation.turn_error.value * turn_deg)


def beyond(
    observation: Observation, g: Geometry, bearings: Bearings, still: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Where a signal has left its resting level further than in anything the observation was fitted on, (n,) bool.

    still: frames at rest. Hips that the pose model took for each other are such a case: their line jumps half a turn.
    """
    far = np.zeros(len(g.t_s), dtype=bool)
    for name, furthest in observation.within.items():
        alone = smooth(g.t_s, observe({name: 1.0}, g, bearings), PEAK_SMOOTHING_S)
        resting = alone[still & ~np.isnan(alone)]
        if len(resting):
            far |= np.abs(alone - np.median(resting)) > furthest
    return far


def _read(
    statistic: str, calm: Array, seen: npt.NDArray[np.bool_], g: Geometry, phases: Phases, scene: Scene
) -> float | NotAssessable:
    part = calm[seen]
    if statistic == "max":
        return float(part.max())
    if statistic == "min":
        return float(part.min())
    if statistic == "range":
        return float(part.max() - part.min())
    if statistic == "at_knee_flexion_45":
        return _at_45(calm, seen, g, scene)
    if statistic == "change":
        top = _part("top", g.t_s, phases, "lift") & ~np.isnan(calm)
        return float(np.median(calm[top])) if top.any() else NotAssessable("too few frames were seen at the top")
    return float(np.median(part))


def _at_45(calm: Array, seen: npt.NDArray[np.bool_], g: Geometry, scene: Scene) -> float | NotAssessable:
    """The signal when the working knee is bent 45 degrees, told from how far the hips have sunk (any view).

    Half a flexion of 45 degrees takes 1 - cos(22.5) = 7.6 % off a leg of two equal segments.
    """
    drop = smooth(g.t_s, signal("hip_drop", g, scene.bearings), PEAK_SMOOTHING_S)
    standing = drop[: max(int(seen.argmax()), 1)]
    standing = standing[~np.isnan(standing)]
    depth = drop - (standing.min() if len(standing) else math.nan)
    deep = np.flatnonzero(seen & (depth >= 1 - math.cos(math.radians(22.5))))
    return float(calm[deep[0]]) if len(deep) else NotAssessable("the knee was not seen to bend 45 degrees")


def _part(over: str, t_s: Array, p: Phases, outward: str) -> npt.NDArray[np.bool_]:
    """Frames of a part of the repetition, (n,) bool."""
    if over == "rest":
        return np.asarray((t_s >= p.start_s - 0.5) & (t_s <= p.start_s))
    way_out, way_back = (p.start_s, p.top_start_s), (p.top_end_s, p.end_s)
    spans = {
        "repetition": (p.start_s, p.end_s),
        "top": (p.top_start_s - 0.05, p.top_end_s + 0.05),
        "lift": way_out if outward == "lift" else way_back,
        "lower": way_back if outward == "lift" else way_out,
    }
    a, b = spans[over]
    return np.asarray((t_s >= a) & (t_s <= b))


def judge(rule: FaultRule, measures: Mapping[str, Measured]) -> FaultFinding:
    """Whether a fault is present in a repetition, absent, or beyond what can be judged."""
    if rule.not_by_camera:
        return FaultFinding(rule.id, Verdict.NOT_ASSESSABLE, None, rule.not_by_camera)
    value = measures[rule.measure]
    if isinstance(value, NotAssessable):
        return FaultFinding(rule.id, Verdict.NOT_ASSESSABLE, None, value.reason)
    if rule.above is not None:
        probability, limit, word = value.probability_above(rule.above.value), rule.above, "above"
    elif rule.below is not None:
        probability, limit, word = 1 - value.probability_above(rule.below.value), rule.below, "below"
    else:
        raise ValueError(f"fault rule {rule.id} has neither above nor below")
    reason = f"{value.value:.2f} +- {value.sd:.2f} {value.unit} against {word} {limit.value:g} {limit.unit}"
    if probability >= PRESENT:
        return FaultFinding(rule.id, Verdict.PRESENT, probability, reason)
    if probability <= ABSENT:
        return FaultFinding(rule.id, Verdict.ABSENT, probability, reason)
    return FaultFinding(rule.id, Verdict.NOT_ASSESSABLE, probability, f"too close to call: {reason}")
