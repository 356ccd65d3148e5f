"""The shape of what the library explains: the chain of the leg, the links, and what is commonly claimed."""

from __future__ import annotations

from typing import Literal

import msgspec

from kneeline.content.clinic_schema import LinkName
from kneeline.content.schema import Claim, Grade, Number, Stance


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a person's own value of a part comes from: a value of a movement test."""

    test: str
    value: str


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One part of the chain and the movement that is looked at.

    name: the movement. says: the same inside a sentence, "the shin turns in by". unit: of its values; `least` and
    `most` are how far the drawing goes. by_hand: whether a person can move it there. link: what trains it, "" for none.
    own: the person's own value, first that is there; no_own: why there never is one, where `own` is empty.
    """

    name: str
    says: str
    meaning: str
    unit: str
    least: Number
    most: Number
    by_hand: bool = True
    link: LinkName | None = None
    own: tuple[Own, ...] = ()
    no_own: str = ""


class Coupling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far one part follows its neighbour: its units for each unit of the other, and the range between people.

    note: on whom it was measured, or why it is set so.
    """

    of: str
    to: str
    low: Number
    usual: Number
    high: Number
    note: str


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where an exercise acts, and what it does there in one sentence."""

    part: str
    says: str


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The leg as a row of parts that move one another, from the ground up; a model, not a measurement.

    act: exercise -> where it acts. note: what holds of the model as a whole, each with its grade.
    """

    part: dict[str, Part] = {}
    coupling: tuple[Coupling, ...] = ()
    act: dict[str, Act] = {}
    note: tuple[Claim, ...] = ()


class LinkText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What it means, and what not, that a link asks for training."""

    id: str
    name: str
    means: tuple[str, ...]
    means_not: tuple[str, ...]


class CommonClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is often said about kneecap pain, held against what is known.

    claim: as it is said. verdict: one plain sentence; `stance` says whether it is for the claim, `grade` how sure. so:
    what to do with it. links, exercises: what it is about. evidence: for and against. none_found: "for" or "against",
    where nothing was found on that side.
    """

    id: str
    claim: str
    verdict: str
    so: str
    stance: Stance
    grade: Grade
    links: tuple[LinkName, ...] = ()
    exercises: tuple[str, ...] = ()
    evidence: tuple[Claim, ...] = ()
    none_found: Literal["for", "against", ""] = ""
