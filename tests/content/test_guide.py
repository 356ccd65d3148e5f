"""The knee-replacement guide as it is shipped: plain, balanced, and no number without a source that says it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from reading import FORBIDDEN, school_grade, sentences

from kneeline.content.guide_schema import Fact, Fit, Ground
from kneeline.content.load import load
from kneeline.content.schema import Number
from kneeline.model.errors import ContentError

LIBRARY = load()
GUIDE = LIBRARY.guide
SHOWN = {
    *("text", "help", "short", "say", "name", "also", "yes", "no", "after", "note", "none", "wish", "why"),
}
RECOMMENDS = re.compile(
    r"\b(we (recommend|advise|suggest)|you should (have|get|choose|take)|best|better choice|right choice)\b", re.I
)
PARTS = ("what", "suits", "gains", "harms", "recovery", "lasts", "unknown")


def below(item: object) -> Iterator[msgspec.Struct]:
    """A struct and every struct below it."""
    if isinstance(item, tuple):
        for part in item:
            yield from below(part)
    elif isinstance(item, msgspec.Struct):
        yield item
        for name in item.__struct_fields__:
            yield from below(getattr(item, name))


def shown(entry: object) -> list[str]:
    texts = (getattr(part, name, "") for part in below(entry) for name in sorted(SHOWN))
    return [text for text in texts if isinstance(text, str) and text]


ALL = [(file, key, shown(entry)) for file, key, entry in GUIDE.entries()]
FACTS = [
    (f"{file}/{key}", part) for file, key, entry in GUIDE.entries() for part in below(entry) if isinstance(part, Fact)
]


@pytest.mark.parametrize("file", sorted({file for file, *_ in ALL}))
def test_a_twelve_year_old_can_read_every_file(file: str) -> None:
    assert school_grade([text for name, _, texts in ALL if name == file for text in texts]) <= 7.0


@pytest.mark.parametrize(("file", "key", "texts"), ALL, ids=lambda value: value if isinstance(value, str) else "")
def test_a_twelve_year_old_can_read_every_entry(file: str, key: str, texts: list[str]) -> None:
    if sum(len(text.split()) for text in texts) >= 15:
        assert school_grade(texts) <= 7.0
    assert [s for text in texts for s in sentences(text) if len(s.split()) > 25] == []


def test_no_word_that_feeds_fear_and_none_that_recommends() -> None:
    assert [text for *_, texts in ALL for text in texts if FORBIDDEN.search(text) or RECOMMENDS.search(text)] == [
        "Who makes the best new knee"  # a wrong answer of the knowledge check
    ]


def test_every_choice_is_told_in_the_same_parts() -> None:
    assert list(GUIDE.options) == ["no_surgery", "osteotomy", "partial", "kneecap", "total"]
    for option in GUIDE.options.values():
        assert all(getattr(option, part) for part in PARTS), option.id
        assert option.ask, f"{option.id}: nobody is ever told to ask about it"
        assert max(len(getattr(option, part)) for part in PARTS) <= 3, f"{option.id} is told at more length than others"


def test_every_choice_is_asked_about_whatever_was_answered() -> None:
    asked = {ask.about for ask in GUIDE.asks.values() if ask.about and not ask.when and not ask.unless}
    assert asked | {"no_surgery"} == set(GUIDE.options)


def test_which_part_is_the_first_question_and_hangs_on_nothing() -> None:
    first = next(iter(GUIDE.asks.values()))
    assert (first.id, first.when, first.unless) == ("which_part", (), ())


def figures(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text)]


def follows(figure: float, known: list[float]) -> bool:
    """Whether a figure stands in the source, is what is left of 100, or is one of its shares as a percentage."""
    if figure in (100, *known) or 100 - figure in known:
        return True
    return any(b and round(100 * a / b) == figure for a in known for b in known if a < b)


@pytest.mark.parametrize(("where", "fact"), FACTS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_number_stands_in_its_source(where: str, fact: Fact) -> None:
    """Advice to ask for a count "out of 100, after 10 years" names no fact."""
    told = " ".join(part for part in re.split(r"(?<=[.:?])\s", fact.say) if not re.match(r"(Ask|ask)\b", part))
    known = [f for ref in fact.evidence for f in figures(supports(ref))]
    assert [f for f in figures(told) if not follows(f, known)] == [], where
    if [f for f in figures(told) if f != 100]:
        assert fact.basis == "sourced"


def supports(reference: str) -> str:
    source, _, locator = reference.partition("#")
    return LIBRARY.sources[source].supports[locator] + " " + LIBRARY.sources[source].cite


def test_the_check_of_numbers_finds_a_made_up_one() -> None:
    assert not follows(83, figures(supports("S87#25 years")))
    assert follows(18, figures(supports("S87#25 years")))


def test_what_is_only_remembered_says_so_and_names_no_source() -> None:
    remembered = [fact for _, fact in FACTS if fact.check]
    assert len(remembered) >= 5
    assert all(fact.basis == "house" and not fact.evidence for fact in remembered)


@pytest.mark.parametrize("outcome", GUIDE.outcomes.values(), ids=lambda outcome: outcome.id)
def test_counts_are_out_of_100_and_stand_in_their_sources(outcome) -> None:
    for count in outcome.count:
        known = [f for ref in count.of_100.evidence for f in figures(supports(ref))]
        assert count.of_100.basis == "sourced"
        assert follows(count.of_100.value, known), (outcome.id, count.option)
        for end in (count.low, count.high):
            if end is not None and end.basis == "sourced":
                assert end.value in [f for ref in end.evidence for f in figures(supports(ref))]


def test_the_range_that_we_worked_out_is_the_wilson_interval_of_34_of_50() -> None:
    (count,) = [one for one in GUIDE.outcomes["lasting"].count if one.option == "no_surgery"]
    n, p, z = 50, 34 / 50, 1.959964
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert count.low is not None
    assert count.high is not None
    assert (count.low.basis, count.high.basis) == ("house", "house")
    assert (count.low.value, count.high.value) == (round(100 * (middle - half)), round(100 * (middle + half)))


def test_every_wish_is_asked_and_says_something_of_every_choice_or_of_none() -> None:
    assert [wish.id for wish in GUIDE.wishes.values()] == [question.id for question in GUIDE.step("matters")]
    assert any(not wish.fit for wish in GUIDE.wishes.values()), "what nobody knows is said too"


def test_no_choice_goes_with_everything_that_is_known() -> None:
    """A table in which one column wins is a recommendation."""
    for option in GUIDE.options:
        hows = {fit.how for wish in GUIDE.wishes.values() for fit in wish.fit if fit.option == option}
        assert hows != {"with"}


FACT = 'say = "It is so."'
BAD = [
    ("guide_notes", f'[x]\nstep = "knee"\n{FACT}\nbasis = "sourced"\n', "evidence"),
    (
        "guide_notes",
        f'[x]\nstep = "knee"\n{FACT}\nbasis = "sourced"\nevidence = ["S85#price"]\n',
        "'price' is not known",
    ),
    (
        "guide_notes",
        f'[x]\nstep = "knee"\n{FACT}\nbasis = "sourced"\nevidence = ["S85#choice"]\ncheck = true\n',
        "check",
    ),
    ("guide_notes", f'[x]\nstep = "knee"\n{FACT}\nwhen = [{{ question = "moon", any_of = ["full"] }}]\n', "'moon'"),
    ("guide_notes", f'[x]\nstep = "cellar"\n{FACT}\n', "allowed: knee, you, tried, matters, know"),
    ("guide_asks", '[x]\ngroup = "knee"\ntext = "Why?"\nabout = "glue"\n', "'glue' is not known"),
    ("guide_wishes", "[x]\nwish = 'To fly'\n", "'x' is not known"),
    ("guide_lessons", f'[x]\nright = "yes"\nbecause = {{ {FACT} }}\n', "'x' is not known"),
    ("guide_questions", '[x]\nstep = "you"\nkind = "one"\ntext = "Well?"\n', "options"),
]


@pytest.mark.parametrize(("file", "text", "says"), BAD, ids=lambda value: value[:40])
def test_a_bad_entry_is_refused(tmp_path: Path, file: str, text: str, says: str) -> None:
    (tmp_path / f"{file}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as error:
        load(tmp_path)
    assert says in str(error.value)
    assert str(error.value).startswith(f"{file}.toml")


def outcome_with(of_100: str, rest: str = "") -> str:
    return (
        '[x]\nname = "n"\nyes = "y"\nno = "n"\nnone = "-"\ncaution = { say = "c" }\n'
        f'[[x.count]]\noption = "total"\nafter = "1 year"\nnote = "-"\nof_100 = {of_100}\n{rest}'
    )


@pytest.mark.parametrize(
    ("of_100", "rest", "says"),
    [
        ('{ value = 101, unit = "of 100", basis = "house" }', "", "no count of 100"),
        ('{ value = nan, unit = "of 100", basis = "house" }', "", "no count of 100"),
        ('{ value = 10, unit = "%", basis = "house" }', "", "so that all compare"),
        (
            '{ value = 10, unit = "of 100", basis = "house" }',
            'low = { value = 2, unit = "of 100", basis = "house" }',
            "end",
        ),
        ('{ value = 10, unit = "of 1000", basis = "house" }', "", "so that all compare"),
    ],
)
def test_a_count_that_cannot_be_compared_is_refused(tmp_path: Path, of_100: str, rest: str, says: str) -> None:
    (tmp_path / "guide_outcomes.toml").write_text(outcome_with(of_100, rest), encoding="utf-8")
    with pytest.raises(ContentError, match=says):
        load(tmp_path)


def test_numbers_grounds_and_fits_are_looked_at() -> None:
    kinds = {type(part) for _, _, entry in GUIDE.entries() for part in below(entry)}
    assert {Number, Ground, Fit} <= kinds
