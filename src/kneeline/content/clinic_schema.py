"""The shape of what is asked and concluded: questions, red flags, look-alikes, indicators, priors, questionnaires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from kneeline.content.schema import Claim, Number

LinkName = Literal["foot", "knee", "hip"]
Section = Literal["safety", "you", "pain", "load", "care", "goals", "later", "guide"]
QuestionKind = Literal["one", "many", "places", "scale", "number"]
Part = Literal["ask", "measure", "find", "prescribe", "coach", "share"]


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one answer must be: exactly one of the five; an answer that is not there makes it neither true nor false.

    any_of: at least one of these options was chosen. none_of: the question was answered, with none of these.
    at_least, at_most: bounds, inclusive. less_than: another question whose answer is larger.
    """

    question: str
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    at_least: Number | None = None
    at_most: Number | None = None
    less_than: str = ""


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to choose; `alone` excludes all others ("none of these")."""

    id: str
    text: str
    alone: bool = False


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to ask.

    kind: "one" or "many" of the options; "places" are many, on a drawn knee; "scale" and "number" lie in least..most.
    most_picks: how many options may be chosen, 0 for any number. low, high: what the ends of a scale mean.
    when: asked only where all of these hold. needed: the finding waits for it; others may be skipped.
    version: which wording this is; answers keep it.
    """

    id: str
    section: Section
    kind: QuestionKind
    text: str
    help: str = ""
    options: tuple[Option, ...] = ()
    most_picks: int = 0
    least: float | None = None
    most: float | None = None
    unit: str = ""
    low: str = ""
    high: str = ""
    when: tuple[Condition, ...] = ()
    needed: bool = False
    version: int = 1


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a person is sent: who, how soon, and what to do until then; `urgency` 1 is the most urgent.

    page: a page of kneeline's own that goes with it.
    """

    id: str
    name: str
    urgency: int
    where: str
    how_soon: str
    until_then: str = ""
    page: str = ""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that answers say together: it holds where all of `when` hold and no `unless` does.

    say: what a person is told. basis, evidence: as of a number.
    """

    id: str
    name: str
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...] = ()
    say: str
    basis: Literal["sourced", "house"]
    evidence: tuple[str, ...] = ()


class Referral(Rule, frozen=True):
    """A rule that sends a person elsewhere: a red flag, or a problem that kneeline is not made for."""

    route: str


class Shift(Rule, frozen=True):
    """A rule that multiplies the prior odds of some links by `odds`."""

    links: tuple[LinkName, ...]
    odds: Number


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a result is spread over people: mean and standard deviation."""

    mean: Number
    sd: Number


class LikelihoodEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a result is spread where the link asks for training and where it does not.

    when: for whom it holds; the first entry that fits is used, and the last one fits everybody.
    trust: probability that such a difference holds for the person at hand, shrunk where evidence is thin.
    """

    when: tuple[Condition, ...] = ()
    population: str
    present: Spread
    absent: Spread
    trust: Number
    note: str = ""


class IndicatorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one test or answer says about one link.

    family: those of one family look at the same thing. error: usual standard deviation of one measurement.
    question: the answer that gives the value; empty where a movement test does.
    least, most: values outside are a slip of the pen. for_it, little, against: what is said of a result.
    """

    id: str
    name: str
    link: LinkName
    family: str
    unit: str
    meaning: str
    minutes: Number
    error: Number
    least: float
    most: float
    question: str = ""
    likelihood: tuple[LikelihoodEntry, ...]
    for_it: str
    little: str
    against: str


class Prior(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a link asks for training among people who get this far."""

    link: str
    probability: Number
    note: str = ""


class Statement(Claim, frozen=True):
    """A claim that a person is shown with a finding."""

    id: str


class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One intended purpose: what kneeline then is, what it is not, and which of its parts belong to it."""

    id: str
    name: str
    parts: tuple[Part, ...]
    is_for: tuple[str, ...]
    is_not: tuple[str, ...]
    evidence: tuple[str, ...] = ()


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item of a questionnaire: a neutral label of our own, and the points of its options, best first."""

    id: str
    label: str
    points: tuple[int, ...]


class Questionnaire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A published questionnaire without its wording, which its owner has to supply.

    scoring: "sum" adds the points up; "share" is 100 minus the mean as a percentage of the most points.
    answered: the share of items that a score needs. change: the smallest change that matters to people, where known.
    """

    id: str
    name: str
    item: tuple[Item, ...]
    scoring: Literal["sum", "share"]
    answered: Number
    change: Number | None = None
    licence: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClinicContent:
    """Everything that an assessment rests on, by id, in the order of the files."""

    questions: Mapping[str, Question]
    routes: Mapping[str, Route]
    red_flags: Mapping[str, Referral]
    lookalikes: Mapping[str, Referral]
    contradictions: Mapping[str, Rule]
    indicators: Mapping[str, IndicatorEntry]
    priors: Mapping[str, Prior]
    shifts: Mapping[str, Shift]
    statements: Mapping[str, Statement]
    purposes: Mapping[str, Purpose]
    questionnaires: Mapping[str, Questionnaire]

    def entries(self) -> Iterator[tuple[str, str, msgspec.Struct]]:
        """Every entry with its file and its id."""
        for name in TABLES:
            for key, entry in getattr(self, name).items():
                yield f"{name}.toml", key, entry


TABLES: Mapping[str, tuple[type[Any], str]] = MappingProxyType(
    {
        "questions": (Question, "id"),
        "routes": (Route, "id"),
        "red_flags": (Referral, "id"),
        "lookalikes": (Referral, "id"),
        "contradictions": (Rule, "id"),
        "indicators": (IndicatorEntry, "id"),
        "priors": (Prior, "link"),
        "shifts": (Shift, "id"),
        "statements": (Statement, "id"),
        "purposes": (Purpose, "id"),
        "questionnaires": (Questionnaire, "id"),
    }
)
"""File name without its ending -> the kind of its entries and which field holds the table's name."""
