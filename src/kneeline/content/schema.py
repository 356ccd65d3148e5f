"""The shape of the library: what a content file may say. Unknown keys are refused.

Every type here is a frozen struct, so a parsed file *is* the object that the engine, the pages and the tests use.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

Side = Literal["left", "right", "both"]
Facing = Literal["front", "back", "side"]
PhaseName = Literal["lift", "hold", "lower"]
Stance = Literal["for", "against", "mixed"]
Grade = Literal["high", "moderate", "low", "very low", "contradicted", "unsupported", "contested", "house"]
Need = Literal["ball", "band", "loop", "step", "chair"]


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number with its unit and where it comes from.

    A `sourced` number stands in the source: it names at least one `evidence` reference "key#locator". A `house` number
    is our own choice, shown as "house default"; its evidence, if any, is what the choice leans on.
    """

    value: float
    unit: str
    basis: Literal["sourced", "house"]
    evidence: tuple[str, ...] = ()


class PoseError(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a pose model adds to the error of one signal, measured on rendered people by benchmarks/errors.py.

    noise: share of the keypoints' first-order error that reaches the signal (neighbouring keypoints err alike).
    change_sd, share: of changes within a recording, fixed and of the value, which a pose model follows too little or
    too far. sd: of what stays the same in a recording, a landmark that is not the joint.
    """

    noise: float = 1.0
    sd: float = 0.0
    change_sd: float = 0.0
    share: float = 0.0


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One quantity followed frame by frame, and from where a camera can see it.

    title: what a person calls it. plane: from where it can be seen: "sagittal" from the side, "frontal" from the front
    or behind, "any". yaw_limit: how far the camera may be turned off that view before the value is refused; yaw_error:
    how much each degree off the view adds to the standard deviation; both absent for "any". yaw_error_bent: how much
    more for each degree that the joint is bent. pose_error: by the start of a pose model's name, "other" for the rest.
    method_error: our own estimate of its error as a measure of the body, shown beside it and kept apart from its own
    error; what is published stands in `Validity`, what was measured in `Accuracy`.
    """

    name: str
    title: str
    unit: str
    plane: Literal["sagittal", "frontal", "any"]
    meaning: str
    yaw_limit: Number | None = None
    yaw_error: Number | None = None
    yaw_error_bent: Number | None = None
    pose_error: dict[str, PoseError] = {}
    method_error: Number | None = None
    method_error_note: str = ""


class Validity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is published on a signal as a measure of the body; nothing of it is in any standard deviation of ours.

    against_3d, bias_3d: standard deviation and mean of its difference from a 3-D or body-worn system. sem: standard
    error when measured again. mdc: smallest change of one person that is more than that. None: none was found.
    """

    signal: str
    against_3d: Number | None = None
    bias_3d: Number | None = None
    sem: Number | None = None
    mdc: Number | None = None
    note: str = ""
    evidence: tuple[str, ...] = ()


class Accuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far a measure of an exercise was off on rendered people whose truth is known, from views it is valid in.

    mae, bias: mean absolute and mean error, in `unit`, over `repetitions` in `recordings` of `people`; covered: share
    of them whose 95 % interval held the truth. pooled: over all exercises together, because this one alone had too few.
    """

    unit: str
    mae: float
    bias: float
    covered: float
    repetitions: int
    recordings: int
    people: int
    pooled: bool = False


class AccuracyTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that was measured on rendered people: pose model -> exercise -> measure; `how` is the command."""

    how: str = ""
    basis: Literal["measured"] = "measured"
    model: dict[str, dict[str, dict[str, Accuracy]]] = {}

    def of(self, pose_model: str, exercise_id: str, measure_id: str) -> Accuracy | None:
        """What was measured with that pose model, by the start of its name; None where nothing was.

        >>> AccuracyTable().of("blazepose-full", "squat_double", "peak_knee_flexion_deg") is None
        True
        """
        known = next((model for name, model in self.model.items() if pose_model.startswith(name)), {})
        return known.get(exercise_id, {}).get(measure_id)


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One number per repetition: a statistic of a signal over a part of the repetition.

    leg: which leg's signal; "working" is the trained leg (the mean of both where both legs work), "free" the other,
    "each" takes the leg with the larger result (the smaller one for "min"), "none" for signals without a side.
    over: the part of the repetition. "rest" is the still moment just before it.
    statistic: "change" is the value at the top minus the value at rest; "at_knee_flexion_45" is read off at 45 degrees;
    "difference" (leg "each" only) is the unsigned left-right difference of the medians.
    """

    id: str
    name: str
    signal: str
    leg: Literal["working", "free", "each", "none"]
    over: Literal["repetition", "lift", "top", "lower", "rest"]
    statistic: Literal["max", "min", "median", "change", "range", "at_knee_flexion_45", "difference"]
    meaning: str


class Companion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A second signal that tells this exercise from others, by its change from rest to top or by its value at the top.

    at_least, at_most: signed bounds, kept by "every" leg or by "any" leg (for signals without a side, the same). A
    bound in the unit "of excursion" is a share of the counted signal's own change in the picture.
    """

    signal: str
    of: Literal["change", "top"] = "change"
    legs: Literal["every", "any"] = "every"
    at_least: Number | None = None
    at_most: Number | None = None


class Repetition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one repetition is told from everything else.

    toward: whether the signal grows or shrinks on the way from rest to the top.
    outward: the phase that leads from rest to the top: "lift" for a heel raise, "lower" for a squat.
    leg: whose signal is followed: the trained leg, the free one, or "none" for signals without a side.
    smallest, largest: excursions outside these are not this exercise.
    planted: which feet must stay where they are while a repetition runs (told apart from walking); "stepping": one
    stays and the other steps.
    course: "straight" when the counted signal itself moves like a reaching hand (slow, fast, slow); "knee" when one
    knee does, and the signal is the height of the hips over it.
    In an exercise of kind "hold" the one excursion is the hold itself.
    """

    signal: str
    leg: Literal["working", "free", "none"] = "none"
    toward: Literal["up", "down"]
    outward: Literal["lift", "lower"]
    smallest: Number
    largest: Number
    shortest: Number
    longest: Number
    planted: Literal["both_toes", "both_feet", "stance_foot", "stepping", "none"]
    course: Literal["straight", "knee"] = "straight"
    companions: tuple[Companion, ...] = ()


class Observation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a quantity that no line of a pose model's landmarks shows is told here: weighted signals, against rest.

    Keypoints that are the joints themselves (markers) show it directly; for them it is not used.
    weights: signal -> weight, fitted by `how` (a command anyone can rerun) on other people than it is judged on.
    within: the same signals -> furthest change from rest, in its unit, that the weights may be used with.
    facing: the views it was fitted for; it is refused in any other. error: of people left out of the fit.
    turn_error: what each degree that the camera is turned off such a view adds.
    """

    signal: str
    facing: tuple[Literal["front", "back"], ...]
    weights: dict[str, float]
    within: dict[str, float]
    error: Number
    turn_error: Number
    how: str


class CueText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said: external focus first (what to do to the world), the body-worded form on request."""

    say: str
    internal: str = ""
    priority: Literal["safety", "alignment", "tempo", "range"]


class FaultRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault: a measure beyond a limit, in enough repetitions to be worth saying.

    not_by_camera: why no camera view of ours can judge it; `self_check` is then what the person can feel or see.
    """

    id: str
    name: str
    measure: str = ""
    above: Number | None = None
    below: Number | None = None
    persist_reps: int = 1
    persist_of: int = 1
    cue: CueText
    not_by_camera: str = ""
    self_check: str = ""


class Dose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is prescribed for one side: sets of repetitions at a tempo, the rest between sets, the sessions a week."""

    sets: Number
    reps: Number
    lift: Number
    hold: Number
    lower: Number
    rest: Number
    per_week: Number


class Camera(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the camera stands: the views that work, best first, how far, how high, and what to say to put it right."""

    views: tuple[Facing, ...]
    distance: Number
    height: Number
    place: str
    turn: str


class Avoid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something to leave out for now, and why."""

    what: str
    why: str
    evidence: tuple[str, ...] = ()


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of the ladder: how it differs and what earns it; level 0 is the exercise itself, easier is negative.

    exercise: the one that the coach watches on this rung, where it is another. not_by_camera: why none can be watched;
    it is then counted by hand. needs: what must be at home for it. bands: the bands that it goes through, in order.
    """

    level: int
    name: str
    how: str
    earned_by: str
    exercise: str = ""
    not_by_camera: str = ""
    needs: tuple[Need, ...] = ()
    bands: tuple[Literal["light", "medium", "strong"], ...] = ()


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the evidence says for or against, with an honest grade."""

    says: str
    stance: Stance
    grade: Grade
    evidence: tuple[str, ...] = ()


class Keyframe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Joint angles in degrees at one point of the movement (0 = rest, 1 = top)."""

    at: float
    angles: dict[str, float]


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The movement done well, as keyframed joint angles; figures, sheets and synthetic pose logs are drawn from it.

    props: what is drawn with the figure: a ball between the ankles, a band that pulls the knee from ahead, a band
    round both legs above the knees.
    """

    keyframes: tuple[Keyframe, ...]
    props: tuple[Literal["ball_between_ankles", "band_from_ahead", "band_round_knees"], ...] = ()


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a worked example performs: the reference motion, so many times, at a tempo, with something changed.

    start, change: joint angles added at rest and at the top, in degrees; in between, each in its share.
    scale: share of the reference excursion that is reached.
    only: the repetitions, counted from 1, that `change` and `scale` alter; all of them when empty.
    """

    reps: int
    lift_s: float
    hold_s: float
    lower_s: float
    view: Literal["front", "back", "left", "right"]
    yaw_deg: float = 0.0
    noise_px: float = 0.0
    scale: float = 1.0
    start: dict[str, float] = {}
    change: dict[str, float] = {}
    only: tuple[int, ...] = ()


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the engine must then say: the count, and which faults in every altered repetition.

    present, absent: in every repetition that the example alters (in all of them where `only` is empty).
    not_assessable: what it must refuse to judge. held_s: how long a hold lasts, for exercises of that kind only.
    """

    count: int
    held_s: float | None = None
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    not_assessable: tuple[str, ...] = ()


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A worked example; it runs as a test."""

    name: str
    given: Given
    expect: Expect


class Exercise(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One exercise or movement, whole.

    kind: "exercise" is prescribed, "movement" is only known for tests of movement, "hold" is held without repetitions.
    sides: "both" works both legs at once, "one" trains one leg a set, "alternating" changes leg every repetition.
    """

    id: str
    name: str
    kind: Literal["exercise", "movement", "hold"]
    since: dt.date
    sides: Literal["both", "one", "alternating"]
    summary: str
    camera: Camera
    repetition: Repetition
    measures: tuple[str, ...]
    observation: tuple[Observation, ...] = ()
    fault: tuple[FaultRule, ...] = ()
    link: Literal["foot", "knee", "hip"] | None = None
    muscle: str = ""
    why: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    feel: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()
    avoid: tuple[Avoid, ...] = ()
    dose: Dose | None = None
    ladder: tuple[Rung, ...] = ()
    stop_rules: tuple[str, ...] = ()
    contraindications: tuple[str, ...] = ()
    reference: Reference
    evidence: tuple[Claim, ...] = ()
    example: tuple[Example, ...] = ()


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of the evidence table: what was read, where, and what it supports.

    read: how far the source was read when it was entered here.
    supports: what it says, in our own words, by locator; a reference "key#locator" points at one of these sentences.
    """

    key: str
    cite: str
    where: str
    read: Literal["paper", "abstract", "summary"]
    supports: dict[str, str]
