"""What a dated record may say: one strict struct per kind. A new kind is a new struct here and nothing else.

A kind's name and version stand in every record of it, so that old ones stay readable when a kind changes. What is added
to a kind later has a default; what is changed otherwise gets a new `version`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

Scale = Annotated[float, Meta(ge=0, le=10)]
Side = Literal["left", "right", "both"]
Text = Annotated[str, Meta(max_length=10_000)]
Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,79}\\Z")]
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0)]


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one record says."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1


class Profile(Payload, frozen=True):
    """Who the person is, as far as they say; the newest holds."""

    kind: ClassVar[str] = "profile"
    name: Annotated[str, Meta(max_length=200)] = ""
    born: Annotated[int, Meta(ge=1900, le=2100)] | None = None
    sex: Literal["female", "male", "other"] | None = None


class Setting(Payload, frozen=True):
    """A choice of the person, such as the voice or `keep_pose_logs`; the newest of each name holds."""

    kind: ClassVar[str] = "setting"
    name: Word
    value: bool | int | float | Annotated[str, Meta(max_length=1_000)]


class Pain(Payload, frozen=True):
    """Pain from 0 to 10, and what it belongs to: "now", "worst", "usual", "stairs", "after", "next_morning" ..."""

    kind: ClassVar[str] = "pain"
    value: Scale
    of: Word = "now"
    side: Side | None = None


class Effort(Payload, frozen=True):
    """How hard it was, from 0 to 10."""

    kind: ClassVar[str] = "effort"
    value: Scale


class Note(Payload, frozen=True):
    """Words of the person's own."""

    kind: ClassVar[str] = "note"
    text: Text


class PhysioQuestion(Payload, frozen=True):
    """Something that the person wants to ask their physio."""

    kind: ClassVar[str] = "physio_question"
    text: Text


class Answer(Payload, frozen=True):
    """An answer to a question in one of its wordings.

    question_version: which wording. value: None where the person did not want to say.
    """

    kind: ClassVar[str] = "answer"
    question: Word
    question_version: Annotated[int, Meta(ge=1)]
    value: bool | int | float | Text | list[Text] | None


class TestResult(Payload, frozen=True):
    """A movement test of one side, and by which versions it was measured.

    measures: name -> {"value", "sd", "unit"} or {"not_assessable"}, as in every answer. detail: whatever else it says.
    """

    kind: ClassVar[str] = "test_result"
    test: Word
    side: Side
    measures: dict[str, dict[str, Any]]
    kneeline: str
    library: str
    pose_model: str | None = None
    detail: dict[str, Any] = {}


class Finding(Payload, frozen=True):
    """What to train first on one side, with the probability of each link and the reasons.

    focus: the link that stands out, None where none does. probabilities: link -> 0..1.
    """

    kind: ClassVar[str] = "finding"
    side: Side
    focus: Word | None
    probabilities: dict[str, Share]
    reasons: list[Text]
    kneeline: str
    library: str
    detail: dict[str, Any] = {}


class PlanVersion(Payload, frozen=True):
    """A plan as it stands from now on, by whom or which rule, and why in words.

    rule: its id, where a rule made it.
    """

    kind: ClassVar[str] = "plan"
    plan: dict[str, Any]
    by: Literal["start", "rule", "person", "physio"]
    why: Text
    library: str
    rule: Word | None = None


class Run(Payload, frozen=True):
    """A run, and the pain during it.

    cadence_per_min: steps of both feet. source: the sort of file or device that it came from, empty when typed.
    """

    kind: ClassVar[str] = "run"
    distance_m: Amount | None = None
    duration_s: Amount | None = None
    cadence_per_min: Amount | None = None
    pain: Scale | None = None
    source: Annotated[str, Meta(max_length=200)] = ""


class Stairs(Payload, frozen=True):
    """Floors that were climbed in a day, each of them up and down again."""

    kind: ClassVar[str] = "stairs"
    floors: Amount


class Retraction(Payload, frozen=True):
    """The record that this one replaces was a mistake, and nothing stands in its place."""

    kind: ClassVar[str] = "retraction"


KINDS: dict[str, type[Payload]] = {
    kind.kind: kind
    for kind in (
        Profile, Setting, Pain, Effort, Note, PhysioQuestion, Answer, TestResult, Finding, PlanVersion, Run, Stairs,
        Retraction,
    )
}  # fmt: skip
"""Every kind that this version writes; others are kept when they are imported."""
