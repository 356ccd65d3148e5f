"""A person's report, made of their records; pure: the same records on the same day are the same report."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import msgspec

from kneeline import __version__
from kneeline.clinic.answers import Answer, Answers, applies
from kneeline.clinic.assess import Assessment, Leg, LegSide
from kneeline.clinic.progress import Strand, progress
from kneeline.content.clinic_schema import ClinicContent, Question, Referral
from kneeline.content.load import Library
from kneeline.model.diary import Diary
from kneeline.model.finding import LINKS, Probability
from kneeline.model.plan import PlanVersion
from kneeline.model.quantity import Estimate, Measured
from kneeline.model.text import printable
from kneeline.report import finding as told
from kneeline.report.physio import training
from kneeline.report.physio.whole import (
    Chance,
    Earlier,
    Flag,
    Graded,
    Made,
    Report,
    Safety,
    Said,
    Source,
    Unseen,
    Who,
    Why,
)
from kneeline.report.physio.whole import Leg as ToldLeg
from kneeline.report.story import count_of, keys_of, listed, plain, sentence

LONGEST_OWN: Final = 600
"""Characters of a person's own words that a report prints; the record keeps all. House default."""
MOST_OWN: Final = 12
"""Questions, and notes, that a report prints: the newest. House default."""
MOST_TURNS: Final = 3
"""Results that would change a finding, as far as they are told. House default."""
LIMITS: Final = (
    "A training aid and not a diagnosis or a medical device; it was never tried on patients. ± is one standard "
    "deviation. A probability says how likely it is that a part does less, or less steadily, than is usual; it says "
    "nothing about the cause of pain. Odds and priors behind it are house defaults."
)
_DIRECTIONS: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CITED: Final = re.compile(r"\[(\w+)\]")
_CHANCES: Final = ("several", "none")


@dataclass(frozen=True, slots=True)
class Records:
    """What is on record of one person up to a day, as values.

    said: the answers of this round of questions, and when each was given. found: what they and the tests lead to, None
    where nothing was answered. seen: ids of the flags that a clinician looked at since. first_on: day of the oldest
    record. unread: what this version cannot read. libraries: digests of the content that wrote records.
    """

    on: date
    name: str = ""
    born: int | None = None
    sex: str = ""
    first_on: date | None = None
    said: Answers = field(default_factory=dict)
    said_on: Mapping[str, date] = field(default_factory=dict)
    found: Assessment | None = None
    results: Mapping[LegSide, Mapping[str, Measured]] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    diary: Diary = field(default_factory=Diary)
    versions: tuple[PlanVersion, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    questions: tuple[Said, ...] = ()
    notes: tuple[Said, ...] = ()
    unread: tuple[Unseen, ...] = ()
    pose_models: tuple[str, ...] = ()
    measured_by: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


def write(records: Records, library: Library) -> Report:
    """The report of one person.

    >>> from kneeline.content.load import load
    >>> write(Records(date(2026, 11, 22)), load()).short
    ('Nothing is on record yet: no questions answered, no tests, no plan.',)
    """
    clinic, who = library.clinic, _who(records, library.clinic)
    legs = tuple(_leg(leg, records, clinic) for leg in records.found.legs) if records.found else ()
    found = progress(records.diary, records.on, library)
    weeks = training.weeks(records.diary, records.versions, records.on, library)
    results = training.results(records.diary, library, who.age_years, who.sex)
    safety = _safety(records, clinic)
    plan = training.plan_now(records.versions, library) if records.versions else None
    statements = tuple(
        Graded(one.says, _grade(one.grade), tuple(keys_of(one.evidence)))
        for one in (records.found.statements if records.found else ())
    )
    dose = training.dose(weeks)
    strands = (dose if dose and strand.id == "dose" else strand for strand in (found.headline, *found.strands))
    series = tuple(strand for strand in strands if any(line.points for line in strand.lines))
    discuss = tuple(dict.fromkeys(_discuss(records, series, library)))
    trends = training.trends(series, library)
    cited = _cited(safety, legs, results, trends, plan) | {key for one in statements for key in one.sources}
    return Report(
        on=records.on,
        who=who,
        outcome=records.found.outcome if records.found else "new",
        short=tuple(_short(records, legs, series, library)),
        questions=_newest(records.questions),
        discuss=discuss,
        safety=safety,
        legs=legs,
        earlier=records.earlier,
        results=results,
        trends=trends,
        series=series,
        weeks=weeks,
        unseen=(*records.unread, *_unseen(records, clinic), *training.unseen(records.diary, records.on, library)),
        plan=plan,
        notes=_newest(records.notes),
        statements=statements,
        sources=_sources(cited, library),
        made=Made(
            __version__,
            library.digest,
            records.pose_models,
            records.measured_by,
            any(one != library.digest for one in records.libraries),
        ),
        limits=LIMITS,
    )


def own_words(text: str) -> str:
    """Words from outside as a report prints them: one line, nothing that turns or hides what follows, not endless.

    >>> own_words("a\\nb"), len(own_words("x" * 5000)) <= LONGEST_OWN + 30
    ('a b', True)
    """
    flat = printable(" ".join(_DIRECTIONS.sub("", unicodedata.normalize("NFC", text)).split()))
    return flat if len(flat) <= LONGEST_OWN else f"{flat[:LONGEST_OWN]} … (shortened)"


def _newest(said: Sequence[Said]) -> tuple[Said, ...]:
    return tuple(Said(one.on, own_words(one.text)) for one in said[: -MOST_OWN - 1 : -1])


def _who(records: Records, clinic: ClinicContent) -> Who:
    age, sex = records.said.get("age"), records.said.get("sex")
    years = round(age) if isinstance(age, float) else records.on.year - records.born if records.born else None
    usual = sex[0] if isinstance(sex, tuple) and sex and sex[0] in ("female", "male") else records.sex

    def words(question: str) -> str:
        known = clinic.questions.get(question)
        return answer_words(known, records.said[question]) if known and question in records.said else ""

    goal = words("goal")
    return Who(
        own_words(records.name)[:120], years, usual, words("side").lower(), words("since").lower(), goal,
        records.first_on,
    )  # fmt: skip


def answer_words(question: Question, answer: Answer) -> str:
    """An answer as the person gave it.

    >>> answer_words(Question(id="age", section="you", kind="number", text="?", unit="years"), 34.0)
    '34 years'
    """
    if isinstance(answer, tuple):
        names = {option.id: option.text for option in question.options}
        return "; ".join(names.get(one, one.replace("_", " ")) for one in answer)
    unit = question.unit or ("of 10" if question.most == 10 else "")
    return f"{plain(float(answer))} {unit}".rstrip()


def _safety(records: Records, clinic: ClinicContent) -> Safety:
    asked = [q for q in clinic.questions.values() if q.section == "safety" and q.id in records.said]
    found = records.found
    standing = tuple(_flag(rule, clinic) for rule in found.because) if found else ()
    flagged = found is not None and found.outcome == "stop"
    missing = [clinic.questions[key].text for key in (found.ask if found else ())]
    say = "Nothing was asked yet."
    if flagged:
        say = (
            f"{count_of(len(standing), 'red flag')} {'stands' if len(standing) == 1 else 'stand'}; nothing is trained."
        )
    elif standing:
        say = "No red flag. The answers fit another problem better."
    elif asked and found is not None and found.outcome == "ask":
        say = "No red flag in what was answered; not all was."
    elif asked:
        say = f"No red flag in {count_of(len(asked), 'question')}. No questions can rule one out."
    seen = [rule for rule in (*clinic.red_flags.values(), *clinic.lookalikes.values()) if rule.id in records.seen]
    return Safety(
        say,
        tuple(Said(records.said_on.get(q.id, records.on), q.text, answer_words(q, records.said[q.id])) for q in asked),
        standing,
        tuple(rule.name for rule in seen if applies(rule, records.said)),
        tuple(missing),
    )


def _flag(rule: Referral, clinic: ClinicContent) -> Flag:
    route = clinic.routes[rule.route]
    keys = ", ".join(f"[{key}]" for key in keys_of(rule.evidence))
    basis = keys if rule.basis == "sourced" else "house default" + (f", leaning on {keys}" if keys else "")
    return Flag(rule.name, rule.say, basis, f"{route.name}: {route.where}", route.how_soon)


def _leg(leg: Leg, records: Records, clinic: ClinicContent) -> ToldLeg:
    values = {key: value for key, value in records.results.get(leg.side, {}).items() if isinstance(value, Estimate)}
    for entry in clinic.indicators.values():
        answer = records.said.get(entry.question)
        if leg.hurts and isinstance(answer, float):
            values[entry.id] = Estimate(answer, entry.error.value, entry.unit)
    finding, focus = leg.finding, leg.finding.focus
    say = f"The part to train first: the {focus}." if focus else f"No part stands out: {listed(leg.start)} together."
    if leg.mostly_load:
        say += " How much is done, and how fast that grew, may be most of it."
    if finding.at_odds:
        say += " Two tests of the same thing contradict one another."
    chances = [_chance(link, finding.links[link]) for link in LINKS]
    chances += [_chance(name, getattr(finding, name)) for name in _CHANCES]
    why = tuple(
        Why(p.name, p.link, p.value, p.usual, p.usual_basis, p.asks, p.asks_basis, p.weighs)
        for p in told.points(leg, values, records.said, clinic)
    )
    turns = tuple(told.turn_words(turn, values[turn.test], focus, clinic) for turn in leg.turns[:MOST_TURNS])
    return ToldLeg(leg.side, leg.hurts, say, leg.start, tuple(chances), why, turns)


def _chance(of: str, p: Probability) -> Chance:
    return Chance(of, round(p.value, 4), round(p.low, 4), round(p.high, 4))


def _short(records: Records, legs: Sequence[ToldLeg], series: Sequence[Strand], library: Library) -> Iterable[str]:
    """The few sentences that come first: safety, the finding, pain, the plan."""
    found = records.found
    if found is None and not series and not records.versions:
        yield "Nothing is on record yet: no questions answered, no tests, no plan."
        return
    if found is not None and found.route is not None:
        yield f"{found.because[0].say} {found.route.name}: {found.route.how_soon.rstrip('.').lower()}."
    if found is not None and found.outcome == "ask":
        yield "The questions are not all answered, so there is no finding yet."
    for leg in legs:
        if leg.hurts:
            yield f"{sentence(leg.side)} knee. {leg.say}"
    yield from (f"Pain on stairs: {strand.say}" for strand in series if strand.id == "pain_stairs")
    if records.versions:
        yield training.standing(records.versions[-1], library)


def _discuss(records: Records, series: Sequence[Strand], library: Library) -> Iterable[str]:
    """What the record itself gives reason to talk about."""
    found, clinic = records.found, library.clinic
    if records.versions and records.versions[-1].plan.refer:
        yield "The plan gets no harder until a physio has looked: is it right to go on?"
    for rule in found.contradictions if found else ():
        yield rule.say
    for leg in found.legs if found else ():
        if leg.hurts and leg.mostly_load:
            yield "How much running, and how fast that grew, may be most of it. What would be a good week?"
        if leg.finding.at_odds:
            yield f"{sentence(leg.side)} leg: two tests of the same thing contradict one another. Which one holds?"
        if leg.hurts and leg.next_test is not None:
            name = clinic.indicators[leg.next_test].name
            yield f"The test that would change the {leg.side} leg's finding most: {name}. Can it be done here?"
    for strand in series:
        if any(line.change.verdict == "worse" for line in strand.lines):
            yield f"{strand.title}: worse by more than error. What changed?"


def _unseen(records: Records, clinic: ClinicContent) -> Iterable[Unseen]:
    for leg in records.found.legs if records.found else ():
        for key, why in leg.unseen.items():
            yield Unseen(f"{sentence(clinic.indicators[key].name)}, {leg.side} leg", sentence(why).rstrip(".") + ".")


def _grade(grade: str) -> str:
    return "house default" if grade == "house" else grade


def _cited(*parts: object) -> set[str]:
    """Keys of all sources that stand in words of ours."""
    return set(_CITED.findall(msgspec.json.encode(parts).decode()))


def _sources(keys: Iterable[str], library: Library) -> tuple[Source, ...]:
    known = sorted({key for key in keys if key in library.sources}, key=lambda key: (len(key), key))
    return tuple(
        Source(key, library.sources[key].cite, library.sources[key].where, library.sources[key].read) for key in known
    )
