"""The shape of what is known of load: models of the joint, activities, the running sheet, and what change counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import msgspec

from kneeline.content.schema import Number


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A polynomial of the knee bend in degrees that holds from `from_deg` on; coefficients, lowest power first."""

    from_deg: float
    coefficients: tuple[float, ...]


class JointModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From the knee's extension moment to the force that presses on the kneecap.

    lever_arm_mm: of the thigh muscle's pull about the knee. The force per pull is either a fraction of two polynomials
    (fraction_top over fraction_bottom) or twice the sine of half the angle between the two pulls (wrap_deg).
    """

    name: str
    lever_arm_mm: tuple[Piece, ...]
    fraction_top: tuple[float, ...] = ()
    fraction_bottom: tuple[float, ...] = ()
    wrap_deg: tuple[float, ...] = ()
    basis: Literal["sourced", "house"]
    evidence: tuple[str, ...] = ()
    note: str = ""

    def lever_arm_at(self, knee_deg: float) -> float:
        """Lever arm of the thigh muscle in mm.

        >>> piece = Piece(from_deg=0, coefficients=(30.0, 0.36))
        >>> JointModel(name="", lever_arm_mm=(piece,), basis="house").lever_arm_at(10)
        33.6
        """
        piece = next(piece for piece in reversed(self.lever_arm_mm) if knee_deg >= piece.from_deg)
        return _polynomial(piece.coefficients, knee_deg)

    def force_per_moment(self, knee_deg: float) -> float:
        """Force on the kneecap in N for each Nm with which the knee is straightened."""
        if self.wrap_deg:
            per_pull = 2 * math.sin(math.radians(_polynomial(self.wrap_deg, knee_deg) / 2))
        else:
            per_pull = _polynomial(self.fraction_top, knee_deg) / _polynomial(self.fraction_bottom, knee_deg)
        return per_pull / (self.lever_arm_at(knee_deg) / 1000)


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    return sum(coefficient * x**power for power, coefficient in enumerate(coefficients))


class Lever(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far the knee is from the line of the floor's push in a squat, at one knee bend."""

    knee_deg: float
    arm: Number


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that loads the kneecap, over a range of knee bend or at its peak.

    shape: "measured" has a published peak force in body weights at `peak_at` degrees; "squat" carries `share` of the
    body weight on the leg; "press" pushes along the line from hip to foot; "hanging" lifts a weight at the shin from
    sitting; "steady" resists alike at every bend. The last three have a greatest moment in Nm per kg of body mass.
    spread: standard deviation between people, of a measured force. loaded_s: how long one step loads the leg.
    """

    name: str
    shape: Literal["measured", "squat", "press", "hanging", "steady"]
    from_deg: float
    to_deg: float
    force: Number | None = None
    spread: Number | None = None
    peak_at: Number | None = None
    loaded: Number | None = None
    share: Number | None = None
    moment: Number | None = None
    drawn: bool = True
    says: str


class ExerciseLoad(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which activity an exercise is, and how far the knee bends in it."""

    activity: str
    bend: Number


class Week(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a week's load is added up, and what a jump is.

    walking_steps: of one leg in a minute of walking, which is the unit. cadence, pace: of a run that does not tell
    them. jump: times one's own mean of the `before` weeks that is pointed out; fewer than `least` such weeks tell
    nothing.
    """

    walking_steps: Number
    cadence: Number
    pace: Number
    steps_a_floor: Number
    jump: Number
    before: Number
    least: Number


class LeaveOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something to leave out while pain on the stairs is at `pain` or more, why, and what to do in its place."""

    what: str
    why: str
    instead: str
    pain: Number
    basis: Literal["sourced", "house"]
    evidence: tuple[str, ...] = ()


class LoadSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the load of a kneecap is worked out from."""

    model: dict[str, JointModel]
    squat: tuple[Lever, ...]
    activity: dict[str, Activity]
    exercise: dict[str, ExerciseLoad]
    week: Week
    leave_out: dict[str, LeaveOut]


class RunStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step back to running: so many rounds of running and walking minutes; walk 0 is running through."""

    run: Number
    walk: Number
    rounds: Number


class RunningSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rules of running with a sore kneecap.

    pain, settle, morning: limits during, so many minutes after, and by how much the next morning may be above.
    calm: calm runs that earn the next step. longer: share that a run through may grow by. back_to: the step to go to
    when running through was too much. shorter: share of minutes that is then left. rest: whole days between after that.
    stale: days without a run after which one step is gone back. quicker: share of more steps a minute that may be
    tried, where there are at most `quicker_below`. slower: how much less speed.
    """

    pain: Number
    settle: Number
    morning: Number
    calm: Number
    longer: Number
    shorter: Number
    rest: Number
    stale: Number
    back_to: int
    quicker_least: Number
    quicker_most: Number
    quicker_below: Number
    slower_least: Number
    slower_most: Number
    says: dict[str, str]
    step: tuple[RunStep, ...]


class ProgressSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What change counts: smallest differences, how many days make one value, and how sure a share has to be."""

    pain: Number
    scale: Number
    days: Number
    repetitions: Number
    sure: Number


@dataclass(frozen=True, slots=True)
class Sheets:
    """What load, running and progress rest on."""

    load: LoadSheet
    running: RunningSheet
    progress: ProgressSheet
