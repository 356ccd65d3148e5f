"""The shape of what a plan rests on: rules with the signals they look at, bounds, where each link starts, sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from kneeline.content.schema import Number

SignalName = Literal[
    "session_pain",
    "morning_pain",
    "morning_rise",
    "pain_now",
    "stairs_rise",
    "good_share",
    "unseen_share",
    "off_line_share",
    "fade",
    "spare_reps",
    "sets_short",
    "days_in",
    "days_away",
    "sessions_share",
    "sessions_over",
    "run_jump",
    "change",
]

SIGNALS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "session_pain": ("points", "The worst pain said in or after the session."),
        "morning_pain": ("points", "The pain said on the morning after."),
        "morning_rise": ("points", "The pain of the morning after, minus the pain before that session."),
        "pain_now": ("points", "A pain said at any moment, as it is now or at its worst."),
        "stairs_rise": ("points", "Pain on stairs, mean of the last seven days, minus the first one said."),
        "good_share": ("share", "The share of the seen repetitions of the exercise that were good."),
        "unseen_share": ("share", "The share of the repetitions that no camera judged."),
        "off_line_share": ("share", "The share of the repetitions in which the hips dropped or the knee moved inward."),
        "fade": ("share", "How much the share of good ones fell from the first half of the sets to the second."),
        "spare_reps": ("reps", "The repetitions beyond what was asked, in the last set of each leg."),
        "sets_short": ("sets", "The sets that were asked for and not done."),
        "days_in": ("days", "The days since the plan began."),
        "days_away": ("days", "The days since the last session."),
        "sessions_share": ("share", "The days trained so far, of those that were meant for it."),
        "sessions_over": ("sessions", "The days trained in the last seven, beyond what was asked."),
        "run_jump": ("times", "The metres run in the last seven days, against the mean week of the four before."),
        "change": ("steps", "How the knee is against the beginning, from -3 to 3."),
    }
)
"""Everything that a rule can look at: name -> unit and meaning. `kneeline.clinic.rules` computes them."""

OF_EXERCISE = ("good_share", "unseen_share", "off_line_share", "fade", "spare_reps", "sets_short")
"""Signals that each exercise of a plan has of its own."""

On = Literal["session", "morning", "pain", "retest", "run", "day"]
Action = Literal[
    "ease",
    "step_back",
    "lighter_slower",
    "fewer_reps",
    "step_up",
    "hold",
    "flare_up",
    "settle",
    "switch_focus",
    "physio",
    "ask",
    "say",
]

HARDER: tuple[Action, ...] = ("step_up",)
"""What makes a plan harder; held back while a plan says so."""


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one signal must be: exactly one of the six; a signal that is not known makes it neither true nor false.

    at_least, at_most: inclusive. above, below: not. reaches: on the day that a count of days gets there.
    """

    __test__ = False  # no test of pytest's

    signal: SignalName
    above: Number | None = None
    below: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    equals: Number | None = None
    reaches: Number | None = None


class PlanRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When all of `when` holds, in so many events of a kind running, something of the plan changes.

    on: the kind of event that it looks at. times: how many running. modes: in which modes of the plan. do: what
    happens; amount: by how much. hold: days on which nothing gets harder. odds: by what the odds of the trained links
    are multiplied. asks: what the person is then asked. say: the sentence that the person reads. Rules stand in order:
    an exercise that one has changed is left alone by those after it, at the same event.
    """

    id: str
    name: str
    on: On
    when: tuple[Test, ...]
    times: int = 1
    modes: tuple[Literal["usual", "flare_up", "travel"], ...] = ("usual", "travel")
    do: Action
    amount: Number | None = None
    hold: Number | None = None
    odds: Number | None = None
    asks: Literal["", "check", "teach", "retest", "physio"] = ""
    say: str
    basis: Literal["sourced", "house"]
    evidence: tuple[str, ...] = ()


class Bound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The least and the most that a part of a plan may be, whoever changes it."""

    id: str
    least: Number
    most: Number


class LinkStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The exercises of one link, the first choice first, and why one of them is in a plan.

    focus: where the link stands out. combined: where none does. turn: where it follows another that did not help.
    """

    link: str
    exercises: tuple[str, ...]
    focus: str
    combined: str
    turn: str


@dataclass(frozen=True, slots=True)
class PlanContent:
    """Everything that plans rest on, by id, in the order of the files; notices: id -> sentence."""

    rules: Mapping[str, PlanRule]
    bounds: Mapping[str, Bound]
    ladders: Mapping[str, LinkStart]
    notices: Mapping[str, str]

    def entries(self) -> Iterator[tuple[str, str, msgspec.Struct]]:
        """Every entry with its file and its id."""
        for name in TABLES:
            for key, entry in getattr(self, name).items():
                yield f"{name}.toml", key, entry


TABLES: Mapping[str, tuple[type[Any], str]] = MappingProxyType(
    {"rules": (PlanRule, "id"), "bounds": (Bound, "id"), "ladders": (LinkStart, "link")}
)
"""File name without its ending -> the kind of its entries and which field holds the table's name."""

BOUNDED: Mapping[str, str] = MappingProxyType(
    {"sets": "sets", "reps": "reps", "lower": "s", "per_week": "per week", "exercises": "exercises"}
)
"""What has a bound, with its unit."""

NOTICES = (
    "train", "same", "other_day", "first", "rest_between", "rest_planned", "rest_gate", "rest_of_it", "done",
    "flare_up", "travel", "load_first", "swapped", "travel_on", "travel_off", "flare_up_on", "flare_up_off", "easier",
    "days", "edited", "prescribed", "seen",
)  # fmt: skip
"""Sentences that a plan says outside of its rules."""
