"""What a movement test says, printed in a terminal and as JSON; and what the library knows of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kneeline import __version__
from kneeline.content.schema import Claim, Exercise, Number
from kneeline.content.trial_schema import Item, MovementTest, Norm, Value
from kneeline.model.quantity import Estimate, Measured, Verdict
from kneeline.model.trial import TrialItem, TrialResult, TrialValue
from kneeline.report.answer import SCHEMA_VERSION, measured
from kneeline.report.story import amount, basis, keys_of, listed, plain, scale, sentence, with_error
from kneeline.report.terminal import Voice

if TYPE_CHECKING:
    from kneeline.content.load import Library

_HOW = {"camera": "by camera", "self": "as you counted or timed it", "taps": "from the places that you tapped"}
OLDEST = 120
"""A norm up to this age has no upper end."""
_SAID = {Verdict.PRESENT: "yes", Verdict.ABSENT: "no", Verdict.NOT_ASSESSABLE: "cannot be told"}


def print_trial(
    console: Console, result: TrialResult, test: MovementTest, *, age: float | None = None, sex: str = ""
) -> None:
    """The values of one trial, each with its error, what it takes to be a change, and what it may be compared with."""
    speak = Voice(console)
    leg = "both legs" if result.side == "both" else f"{result.side} leg"
    seen = f" · {result.count} repetitions counted" if test.kind == "repetitions" and result.how == "camera" else ""
    speak(Text(f"{test.name} · {leg} · {_HOW[result.how]}{seen}", style="dim"))
    known = {value.id: value for value in test.value}
    for told in result.values.values():
        value = known[told.id]
        speak.section(f"{sentence(value.name)}: {_number(told.result)}", *value_lines(told, value, age, sex))
    if result.items:
        speak.section("How the score is made up", *(_item(item, test) for item in result.items))
    if result.warnings:
        speak.section("To know", *result.warnings)
    speak()
    speak(Text("± is one standard deviation. A training aid, not a diagnosis.", style="dim"))


def value_lines(told: TrialValue, value: Value, age: float | None = None, sex: str = "") -> Iterator[str]:
    """What is said under a value: why there is none, or change, norm, weight, and whether to go on."""
    if not isinstance(told.result, Estimate):
        yield sentence(told.result.reason).rstrip(".") + "."
        if told.more:
            yield f"Do {told.more} more."
        return
    if told.detectable is not None:
        real = _plain(told.detectable, value.unit)
        yield f"Only a change of more than {real} is more than error ({_change(told, value)})."
    norm = norm_for(value, age, sex)
    yield norm_words(norm) if norm is not None else value.no_norm or "Say age and sex to compare."
    yield _weight(value.weight)
    if told.more:
        yield f"The error is still large: {told.more} more would do."
    elif told.more is None:
        yield "The error stays larger than we would like, however often you repeat it."


def norm_for(value: Value, age: float | None, sex: str) -> Norm | None:
    """The norm that fits a person most closely; one for everybody where nothing closer fits.

    A norm for one sex or age fits nobody whose sex or age is not known.
    """
    fitting = [
        norm
        for norm in value.norm
        if norm.sex in ("", sex)
        and ((norm.from_age, norm.to_age) == (0, 200) or (age is not None and norm.from_age <= age < norm.to_age + 1))
    ]
    return max(fitting, key=lambda norm: (bool(norm.sex), norm.from_age > 0), default=None)


def norm_words(norm: Norm) -> str:
    """What is usual, for whom, and on what grounds."""
    factor, sign = scale(norm.usual.unit)
    spread = f" ± {plain(norm.spread.value * factor)}" if norm.spread is not None else ""
    numbers = [number for number in (norm.usual, norm.spread) if number is not None]
    whose = {"female": " for women", "male": " for men", "": ""}[norm.sex] + _ages(norm)
    usual = f"{plain(norm.usual.value * factor)}{spread}{'' if sign == '°' else ' '}{sign}"
    return f"Usual{whose}: {usual} ({basis(*numbers)}). {norm.note}".rstrip()


def _ages(norm: Norm) -> str:
    if (norm.from_age, norm.to_age) == (0, 200):
        return ""
    return f" of {norm.from_age} and over" if norm.to_age >= OLDEST else f" of {norm.from_age} to {norm.to_age}"


def _change(told: TrialValue, value: Value) -> str:
    """Where the smallest change that is more than error comes from."""
    published = value.detectable
    if published is None or told.detectable is None:
        return "from its error here"
    return f"from {basis(published)}" if told.detectable <= published.value else "from its error here"


def _number(result: Measured) -> str:
    return with_error(result.value, result.sd, result.unit) if isinstance(result, Estimate) else "cannot be told"


def _plain(value: float, unit: str) -> str:
    return amount(Number(value=round(value, 2 if unit == "frac" else 1), unit=unit, basis="house"))


def _item(item: TrialItem, test: MovementTest) -> str:
    name = next(known.name for known in test.item if known.id == item.id)
    odds = f", probability {item.probability:.0%}" if item.probability is not None else ""
    points = "1 point" if item.points == 1 else f"{item.points} points"
    return f"{name} ({points}): {_SAID[item.verdict]}{odds}. {sentence(item.reason).rstrip('.')}."


def trial_answer(result: TrialResult, library: Library, source: str = "") -> dict[str, Any]:
    """One trial as plain values (`docs/schema/test.schema.json`); estimates as in the answer of a set."""
    view = result.view
    return {
        "schema_version": SCHEMA_VERSION,
        "kneeline": __version__,
        "library": library.digest,
        "source": source,
        "test": result.test,
        "side": result.side,
        "how": result.how,
        "view": None if view is None else {"facing": view.facing, "yaw_deg": measured(view.yaw_deg)},
        "count": result.count,
        "values": {
            value.id: {
                "result": measured(value.result),
                "each": [measured(one) for one in value.each],
                "detectable": None if value.detectable is None else round(value.detectable, 6),
                "more": value.more,
                "indicator": value.indicator or None,
            }
            for value in result.values.values()
        },
        "items": [
            {
                "id": item.id,
                "points": item.points,
                "verdict": item.verdict.value,
                "probability": None if item.probability is None else round(item.probability, 6),
                "reason": item.reason,
            }
            for item in result.items
        ],
        "indicators": {name: measured(estimate) for name, estimate in result.indicators.items()},
        "warnings": list(result.warnings),
    }


def print_tests(console: Console, library: Library) -> None:
    """Every movement test in one line: what to type, what it is, how long, from where it is seen."""
    speak = Voice(console)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("id", "name", "minutes", "camera sees"):
        table.add_column(column, no_wrap=column == "id", justify="right" if column == "minutes" else "left")
    for test in library.tests.values():
        cells = (test.id, test.name, plain(test.minutes.value), " or ".join(test.camera.views))
        table.add_row(*(speak.shown(Text(cell)) for cell in cells))
    speak(table)


def print_test(console: Console, test: MovementTest, library: Library) -> None:
    """One movement test, whole: how to do it, what is read off it, how sure, and what it is compared with."""
    speak = Voice(console)
    speak(Text(test.name, style="bold"))
    speak(Text(test.summary))
    for title, lines in sections_of(test, library.exercises.get(test.exercise)).items():
        if lines:
            speak.section(title, *lines)


def sections_of(test: MovementTest, exercise: Exercise | None) -> dict[str, list[str]]:
    """Everything that a person should know of a test, by title; for the terminal and the manual."""
    how_often, beat = [], []
    if test.kind == "repetitions" and test.least.value > 1:
        few, many = plain(test.least.value), plain(test.most.value)
        how_often = [
            f"{few} to {many} repetitions ({basis(test.least, test.most)}); more where the error is still large."
        ]
    if (pace := test.pace) is not None:
        clicks = f"{amount(pace.clicks)} ({basis(pace.clicks)})"
        beat = [f"{amount(pace.per_minute)} ({basis(pace.per_minute)}), to {clicks}."]
    return {
        "You need": list(test.equipment),
        "Set up": list(test.setup),
        "Steps": [f"{i}. {step}" for i, step in enumerate(test.steps, start=1)],
        "How often": how_often,
        "The beat": beat,
        "The count ends": _ends(test, exercise),
        "Stop": list(test.stop),
        "Camera": [f"{test.camera.place} About {amount(test.camera.distance)} away."],
        "What it tells": [line for value in test.value for line in _described(value)],
        "Score": [_described_item(item) for item in test.item],
        "Against the other leg": [
            f"{sentence(one.name)}: {one.meaning} {_weight(one.weight)} {one.no_norm} Error ± {amount(one.error)}."
            for one in test.difference
        ],
        "Without a camera": [f"{one.how} Error ± {amount(one.error)} ({basis(one.error)})." for one in test.by_yourself]
        or [test.no_self],
        "Evidence": [_claim(one) for one in test.evidence],
    }


def _claim(claim: Claim) -> str:
    where = f" [{', '.join(keys_of(claim.evidence))}]" if claim.evidence else ""
    return f"{sentence(claim.stance)} ({claim.grade}): {claim.says}{where}"


def _described(value: Value) -> Iterator[str]:
    yield f"{sentence(value.name)} (`{value.id}`): {value.meaning} {_weight(value.weight)}"
    enough = f"Small enough is an error of {amount(value.enough)} ({basis(value.enough)})."
    real = value.detectable
    yield enough + (f" A change is real from {amount(real)} on ({basis(real)})." if real is not None else "")
    yield from map(norm_words, value.norm) if value.norm else (value.no_norm,)


def _weight(words: str) -> str:
    return f"What it may weigh: {words[0].lower()}{words[1:]}"


def _described_item(item: Item) -> str:
    points = "1 point" if item.points == 1 else f"{item.points} points"
    how = item.ask or (f"by camera, above {amount(item.above)} ({basis(item.above)})" if item.above else "")
    return f"{item.name}, {points}: {how}" + ("" if how.endswith("?") else ".")


def _ends(test: MovementTest, exercise: Exercise | None) -> list[str]:
    ends, said = test.ends, []
    if test.counts is not None:
        said.append(
            f"A repetition counts from a depth of {amount(test.counts.at_least)} on ({basis(test.counts.at_least)})."
        )
    if ends is None:
        return said
    if ends.within is not None:
        said.append(f"After {amount(ends.within)} ({basis(ends.within)}).")
    if ends.times is not None and exercise is not None:
        names = listed(rule.name.lower() for rule in exercise.fault if rule.id in ends.faults)
        said.append(f"When this has shown {plain(ends.times.value)} times: {names} ({basis(ends.times)}).")
    if ends.pause is not None:
        said.append(f"At a pause longer than {amount(ends.pause)} ({basis(ends.pause)}).")
    return said
