"""A finding, told for a page: each result drawn against what it is compared with, and what would change it in words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from kneeline.clinic.answers import Answers, all_hold
from kneeline.clinic.assess import Leg, Told
from kneeline.clinic.finding import CLEARLY, SAYS_SOMETHING, Turn
from kneeline.content.clinic_schema import ClinicContent, IndicatorEntry, LikelihoodEntry
from kneeline.model.quantity import Estimate
from kneeline.report.story import basis, keys_of, scale, sentence, with_error

_WIDTH: Final = 360.0
_TOP, _GROUND = 30.0, 118.0


@dataclass(frozen=True, slots=True)
class Point:
    """One reason for a finding: what was measured or said, what it is compared with, and what it speaks for.

    value: with its error. usual, asks: what is usual, and what where the link asks for training; with where the two
    come from. weighs: what it does to the probability, in words; tells: whether it does anything. drawing: all of it,
    as SVG.
    """

    tells: bool
    link: str
    says: str
    name: str
    meaning: str
    value: str
    usual: str
    usual_basis: str
    asks: str
    asks_basis: str
    among: str
    weighs: str
    drawing: Markup


def points(leg: Leg, results: dict[str, Estimate], answers: Answers, clinic: ClinicContent) -> list[Point]:
    """Every reason of a leg's finding: those on the part that is named, then the others; those that weigh most first.

    results: indicator -> its value with the error, answers among them.
    """
    reasons = sorted(leg.reasons, key=lambda told: told.link != leg.finding.focus)
    return [_point(told, results[told.id], answers, clinic) for told in reasons]


def turn_words(turn: Turn, value: Estimate, now: str | None, clinic: ClinicContent) -> str:
    """What another value of one test would change, as a sentence.

    value: the person's own. now: the part that is named, None where none is.
    """
    entry = clinic.indicators[turn.test]
    digits = 0 if bare(turn.value, entry.unit) != bare(value.value, entry.unit) else 1
    then = f"the {turn.focus} would be named" if turn.focus else f"the {now} would not be named any more"
    other, own = (bare(v, entry.unit, digits) for v in (turn.value, value.value))
    return f"{sentence(entry.name)}: at about {other}, {then}. Yours is {own}."


def bare(value: float, unit: str, digits: int = 0) -> str:
    """A value as a person reads it, without an error.

    >>> bare(12.3, "deg"), bare(0.31, "frac"), bare(7.6, "reps")
    ('12°', '31 %', '8 repetitions')
    """
    factor, sign = scale(unit)
    word = {"reps": " repetitions", "points": " points", "s": " s", "°": "°"}.get(sign, f" {sign}")
    return f"{round(value * factor, digits) + 0.0:.{digits}f}{word}".replace("-", "−")


def cites(references: Iterable[str]) -> str:
    """Where a statement comes from.

    >>> cites(["S8#combined"]), cites([])
    ('[S8]', 'house default')
    """
    return ", ".join(f"[{key}]" for key in keys_of(references)) or "house default"


def _point(told: Told, value: Estimate, answers: Answers, clinic: ClinicContent) -> Point:
    entry = clinic.indicators[told.id]
    fits = next(known for known in entry.likelihood if all_hold(known.when, answers))
    present, absent = fits.present, fits.absent
    return Point(
        tells=told.counted and max(told.odds, 1 / told.odds) > SAYS_SOMETHING,
        link=told.link,
        says=told.says,
        name=sentence(entry.name),
        meaning=entry.meaning,
        value=_readable(with_error(value.value, value.sd, value.unit)),
        usual=_readable(with_error(absent.mean.value, absent.sd.value, entry.unit)),
        usual_basis=basis(absent.mean, absent.sd),
        asks=_readable(with_error(present.mean.value, present.sd.value, entry.unit)),
        asks_basis=basis(present.mean, present.sd),
        among=fits.population,
        weighs=_weighs(told),
        drawing=_drawing(entry, fits, value),
    )


def _weighs(told: Told) -> str:
    if not told.counted:
        return "Not counted: another test tells the same thing better."
    strength = max(told.odds, 1 / told.odds)
    if strength <= SAYS_SOMETHING:
        return f"It says little about the {told.link}."
    how = "clearly" if strength >= CLEARLY else "a little"
    return f"It speaks {how} {'for' if told.odds > 1 else 'against'} the {told.link}."


def _readable(text: str) -> str:
    return text.replace(" reps", " repetitions")


def _drawing(entry: IndicatorEntry, fits: LikelihoodEntry, value: Estimate) -> Markup:
    """Two hills and a mark: what is usual, what where the link asks for training, and this person with the error."""
    spreads = [(s.mean.value, s.sd.value) for s in (fits.absent, fits.present)]
    low = min([mean - 2.6 * sd for mean, sd in spreads] + [value.value - 1.3 * value.sd])
    high = max([mean + 2.6 * sd for mean, sd in spreads] + [value.value + 1.3 * value.sd])
    low, high = max(low, min(entry.least, value.value)), min(high, max(entry.most, value.value))
    tallest = max(1 / sd for _, sd in spreads)

    def x(at: float) -> float:
        return 12 + (_WIDTH - 24) * (min(max(at, low), high) - low) / (high - low)

    def hill(mean: float, sd: float, *, closed: bool) -> str:
        steps = [low + (high - low) * i / 72 for i in range(73)]
        height = (_GROUND - _TOP) / sd / tallest
        tops = [f"{x(s):.1f} {_GROUND - height * math.exp(-0.5 * ((s - mean) / sd) ** 2):.1f}" for s in steps]
        return f"M{x(low):.1f} {_GROUND}L{'L'.join(tops)}L{x(high):.1f} {_GROUND}Z" if closed else f"M{'L'.join(tops)}"

    (usual, _), (asks, _) = spreads
    left, right = ("asks", "usual") if asks < usual else ("usual", "asks")
    words = {"usual": "usual", "asks": "asks for training"}
    you = x(value.value)
    anchor = "start" if you < 60 else "end" if you > _WIDTH - 60 else "middle"
    said = f"{entry.name}: you {with_error(value.value, value.sd, value.unit)}, usual about {bare(usual, entry.unit)}"
    return Markup(
        '<svg class="hills" viewBox="0 0 360 158" role="img" aria-label="{said}">'
        '<path class="usual" d="{usual}"/><path class="asks" d="{asks}"/>'
        '<line class="ground" x1="12" x2="348" y1="118" y2="118"/>'
        '<text class="end {left}" x="12" y="16">{left_words}</text>'
        '<text class="end {right}" x="348" y="16" text-anchor="end">{right_words}</text>'
        '<line class="error" x1="{a:.1f}" x2="{b:.1f}" y1="118" y2="118"/>'
        '<line class="you" x1="{you:.1f}" x2="{you:.1f}" y1="26" y2="118"/>'
        '<circle class="you" cx="{you:.1f}" cy="118" r="6"/>'
        '<text class="you" x="{you:.1f}" y="146" text-anchor="{anchor}">you, {value}</text></svg>'
    ).format(
        said=said,
        usual=hill(*spreads[0], closed=True),
        asks=hill(*spreads[1], closed=False),
        left=left,
        right=right,
        left_words=words[left],
        right_words=words[right],
        a=x(value.value - value.sd),
        b=x(value.value + value.sd),
        you=you,
        anchor=anchor,
        value=bare(value.value, value.unit),
    )
