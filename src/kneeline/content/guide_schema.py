"""The shape of the knee-replacement guide: what it asks, the choices side by side, and what each sentence rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from kneeline.content.clinic_schema import Condition, Question, Section
from kneeline.content.schema import Number

Step = Literal["knee", "you", "tried", "matters", "know"]
How = Literal["with", "partly", "against", "unknown"]
Group = Literal["first", "knee", "choices", "operation", "after", "time"]


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that a person is told.

    basis: "sourced" names its evidence; "house" is our own wording or what follows from the words themselves.
    check: it is remembered and was not found in a source yet; it is shown as such and never sourced.
    """

    say: str
    basis: Literal["sourced", "house"] = "house"
    evidence: tuple[str, ...] = ()
    check: bool = False


class Ground(Fact, frozen=True, kw_only=True):
    """Why a choice is worth asking about, or comes up less often: it counts where all of `when` hold."""

    when: tuple[Condition, ...] = ()


class GuideQuestion(Question, frozen=True, kw_only=True):
    """One thing that the guide asks, on which of its pages, and its short name on the list for the surgeon."""

    step: Step
    short: str = ""
    section: Section = "guide"


class GuideOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One choice, told in the same parts as every other.

    also: its other names. ask: why to ask about it. less: why it comes up less often. open: what has to be known first.
    """

    id: str
    name: str
    also: str
    what: tuple[Fact, ...]
    suits: tuple[Fact, ...]
    gains: tuple[Fact, ...]
    harms: tuple[Fact, ...]
    recovery: tuple[Fact, ...]
    lasts: tuple[Fact, ...]
    unknown: tuple[Fact, ...]
    ask: tuple[Ground, ...]
    less: tuple[Ground, ...] = ()
    open: tuple[Ground, ...] = ()


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many of 100 people, for one choice.

    after: how long after. low, high: the range that it may lie in, where one is known. note: who was counted.
    """

    option: str
    of_100: Number
    after: str
    low: Number | None = None
    high: Number | None = None
    note: str


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that happens to some of 100 people, said both ways round.

    yes, no: what happened to those who are counted, and to the others. none: said for a choice without a count.
    """

    id: str
    name: str
    yes: str
    no: str
    count: tuple[Count, ...]
    none: str
    caution: Fact


class Fit(Fact, frozen=True, kw_only=True):
    """How one choice goes with one thing that matters to the person."""

    option: str
    how: How


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that may matter to a person: the question of that id asks how much; empty `fit` where nothing is known.

    wish: how it stands on the list for the surgeon.
    """

    id: str
    wish: str
    fit: tuple[Fit, ...] = ()


class Lesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is right about the question of that id, and why."""

    id: str
    right: str
    because: Fact


class Note(Ground, frozen=True, kw_only=True):
    """What a person is told after an answer, on the page of that step."""

    id: str
    step: Step


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question for the surgeon: on the list where all of `when` hold and nothing of `unless` does.

    why: what the answer is good for. about: the choice that it asks about.
    """

    id: str
    group: Group
    text: str
    why: str = ""
    about: str = ""
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class GuideContent:
    """Everything in the guide, by id, in the order of the files."""

    questions: Mapping[str, GuideQuestion]
    options: Mapping[str, GuideOption]
    outcomes: Mapping[str, Outcome]
    wishes: Mapping[str, Wish]
    lessons: Mapping[str, Lesson]
    notes: Mapping[str, Note]
    asks: Mapping[str, Ask]

    def entries(self) -> Iterator[tuple[str, str, msgspec.Struct]]:
        """Every entry with its file and its id."""
        for name in TABLES:
            for key, entry in getattr(self, name).items():
                yield f"guide_{name}.toml", key, entry

    def step(self, step: Step) -> tuple[GuideQuestion, ...]:
        """The questions of one page, in order."""
        return tuple(question for question in self.questions.values() if question.step == step)


TABLES: Mapping[str, type[Any]] = MappingProxyType(
    {
        "questions": GuideQuestion,
        "options": GuideOption,
        "outcomes": Outcome,
        "wishes": Wish,
        "lessons": Lesson,
        "notes": Note,
        "asks": Ask,
    }
)
"""Name of a file, between "guide_" and its ending -> the kind of its entries; the table's name is the entry's id."""
