"""One person's answers, test results and findings as they stand now, read out of the store and kept in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from kneeline import __version__
from kneeline.clinic.answers import Answers, applies, read_answers
from kneeline.clinic.assess import SIDES, Assessment, Leg, LegSide, assess
from kneeline.clinic.safety import look_alikes, next_question, path, screen
from kneeline.content.clinic_schema import ClinicContent, Question, Referral
from kneeline.content.load import Library
from kneeline.content.trial_schema import MovementTest
from kneeline.model.errors import InputError
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.store import Kept, Store
from kneeline.store.kinds import Answer, Finding, TestResult
from kneeline.web import clock

AGAIN: Final = "check_again"
"""The answer that begins a new round: from there on every question is asked anew."""
SEEN: Final = "seen_and_fine"
"""The answer "I have been seen and told it is fine": the rules that it was said of."""
NEVER_CLEARED: Final = "adults_only"
"""The route that nobody's word opens: kneeline is for adults."""

Standing = Literal["new", "asking", "stopped", "elsewhere", "found"]


@dataclass(frozen=True, slots=True)
class Case:
    """What one person said, and what their tests gave.

    said: the newest answer to each question, whenever it was given. current: those of this round. skipped: questions of
    this round that the person passed over. clinic: the rules, without those that a clinician has looked at since.
    settled: the questions that those rest on; the same answer to one of them, given again, raises its rules again.
    results: side -> indicator -> what was measured; tested: when that was. rounds: how often the questions were begun.
    answered: when the last answer of this round was given.
    """

    said: Answers
    current: Answers
    skipped: frozenset[str]
    clinic: ClinicContent
    settled: frozenset[str]
    results: Mapping[LegSide, Mapping[str, Measured]]
    tested: Mapping[tuple[LegSide, str], datetime]
    rounds: int
    answered: datetime | None

    @property
    def flags(self) -> tuple[Referral, ...]:
        """Every red flag that stands, of this round or of an earlier one; while there is one, nothing is trained."""
        return screen(self.said, self.clinic).flags

    @property
    def path(self) -> list[Question]:
        """The questions of this round, as far as the answers tell."""
        return path(self.current, self.clinic, later=self.rounds > 1)

    @property
    def halted(self) -> bool:
        """Whether an answer of this round stops everything at once, and not only leads to a page of our own."""
        flags = screen(self.current, self.clinic).flags
        return any(not self.clinic.routes[flag.route].page for flag in flags)

    @property
    def next(self) -> Question | None:
        """What to ask now; None when nothing is left.

        Before a page of our own every question on safety is asked, and before another problem is named every question
        that could name one more fittingly. After any other red flag only what could make it more urgent.
        """
        safety, left = screen(self.current, self.clinic), [q for q in self.path if q.id not in self.current]
        if safety.flags and not self.halted:
            return next((question for question in left if question.section == "safety"), None)
        if safety.clear and look_alikes(self.current, self.clinic):
            rules = [rule for rule in self.clinic.lookalikes.values() if applies(rule, self.current) is None]
            asked = {condition.question for rule in rules for condition in rule.when}
            return next((question for question in left if question.id in asked), None)
        return next_question(self.current, self.clinic, self.skipped, later=self.rounds > 1)

    def assess(self) -> Assessment:
        """What the answers of this round and all tests lead to."""
        return assess(self.current, self.results, self.clinic)

    @property
    def standing(self) -> Standing:
        """Where the person stands; "found" only when no question is left."""
        if self.flags:
            return "stopped"
        if not self.current and not self.skipped:
            return "new" if self.rounds <= 1 else "asking"
        if self.next is not None:
            return "asking"
        return "elsewhere" if look_alikes(self.current, self.clinic) else "found"


def read_case(store: Store, library: Library, person_id: UUID) -> Case:
    """The case of one person. What was answered to another wording, or cannot be an answer any more, is asked again."""
    clinic = library.clinic
    records = [(kept.at, kept.payload) for kept in store.history(person_id, Answer)]
    began = max((at for at, answer in records if answer.question == AGAIN), default=None)
    newest = {answer.question: (at, answer) for at, answer in records if answer.question in clinic.questions}
    known = {key: (at, *_read(answer, clinic)) for key, (at, answer) in newest.items()}
    said = {key: value for key, (_, value, _) in known.items() if value is not None}
    given = {key: at for key, (at, _, _) in known.items()}
    now = {key for key, at in given.items() if began is None or at > began}
    results, tested = _results(store.history(person_id, TestResult), library)
    standing = _without_cleared(clinic, records, given)
    return Case(
        said=said,
        current={key: value for key, value in said.items() if key in now},
        skipped=frozenset(key for key, (_, _, skipped) in known.items() if skipped and key in now),
        clinic=standing,
        settled=_behind_cleared(clinic, standing),
        results=results,
        tested=tested,
        rounds=(1 if records else 0) + sum(answer.question == AGAIN for _, answer in records),
        answered=max((given[key] for key in now), default=None),
    )


def keep_answer(store: Store, person_id: UUID, question: Question, value: Any, case: Case) -> None:
    """Keep an answer, None for one that was passed over.

    The same again in the same round adds nothing, but where a clinician has looked at it since: then it is news.
    Raises: InputError when it is no answer to this question.
    """
    read = read_answers({question.id: value}, {question.id: question}).get(question.id)
    if read is None and question.needed:
        raise InputError("Nothing is chosen yet", expected="an answer, to go on")
    told = case.current.get(question.id) == read and (read is not None or question.id in case.skipped)
    if told and question.id not in case.settled:
        return
    kept = list(read) if isinstance(read, tuple) else read
    _say(store, person_id, Answer(question=question.id, question_version=question.version, value=kept))


def keep_seen(store: Store, person_id: UUID, rules: Iterable[Referral]) -> None:
    """Keep that somebody who can look at it has seen what these rules are about, and found it fine to go on."""
    cleared = [rule.id for rule in rules if rule.route != NEVER_CLEARED]
    if cleared:
        _say(store, person_id, Answer(question=SEEN, question_version=1, value=cleared))


def begin_again(store: Store, person_id: UUID) -> None:
    """Begin a new round of questions."""
    _say(store, person_id, Answer(question=AGAIN, question_version=1, value=True))


def keep_findings(store: Store, person_id: UUID, legs: Iterable[Leg], library: Library) -> None:
    """Keep the finding of every painful leg that differs from the last one of that leg."""
    last = {kept.payload.side: kept.payload for kept in findings(store, person_id)}
    for leg in legs:
        found = _finding(leg, library)
        before = last.get(leg.side)
        if leg.hurts and (before is None or _told(before) != _told(found)):
            store.record(person_id, found, id=uuid4(), at=clock.now())


def findings(store: Store, person_id: UUID) -> tuple[Kept[Finding], ...]:
    """Every finding that was kept, oldest first."""
    return store.history(person_id, Finding)


def _say(store: Store, person_id: UUID, answer: Answer) -> None:
    store.record(person_id, answer, id=uuid4(), at=clock.now())


def _read(answer: Answer, clinic: ClinicContent) -> tuple[float | tuple[str, ...] | None, bool]:
    """The value of a kept answer, None where it is none any more, and whether the question was passed over."""
    question = clinic.questions[answer.question]
    if answer.question_version != question.version:
        return None, False
    try:
        return read_answers({question.id: answer.value}, {question.id: question}).get(question.id), answer.value is None
    except InputError:
        return None, False


def _without_cleared(
    clinic: ClinicContent, records: Iterable[tuple[datetime, Answer]], given: Mapping[str, datetime]
) -> ClinicContent:
    """The rules without those that were said to be looked at after every answer that they rest on."""
    seen: dict[str, datetime] = {}
    for at, answer in records:
        if answer.question == SEEN and isinstance(answer.value, list):
            seen |= dict.fromkeys(answer.value, at)

    def stands(rule: Referral) -> bool:
        asked = [given[c.question] for c in rule.when if c.question in given]
        return rule.route == NEVER_CLEARED or rule.id not in seen or any(at >= seen[rule.id] for at in asked)

    return replace(
        clinic,
        red_flags={key: rule for key, rule in clinic.red_flags.items() if stands(rule)},
        lookalikes={key: rule for key, rule in clinic.lookalikes.items() if stands(rule)},
    )


def _behind_cleared(clinic: ClinicContent, standing: ClinicContent) -> frozenset[str]:
    """The questions that the rules rest on which were cleared."""
    every = {**clinic.red_flags, **clinic.lookalikes}
    cleared = every.keys() - standing.red_flags.keys() - standing.lookalikes.keys()
    return frozenset(condition.question for key in cleared for condition in every[key].when)


def _results(
    records: Iterable[Kept[TestResult]], library: Library
) -> tuple[dict[LegSide, dict[str, Measured]], dict[tuple[LegSide, str], datetime]]:
    """The newest result of every indicator and leg; one that could not be judged gives way to an earlier number."""
    results: dict[LegSide, dict[str, Measured]] = {side: {} for side in SIDES}
    tested: dict[tuple[LegSide, str], datetime] = {}
    for kept in records:
        for name, body in kept.payload.measures.items():
            indicator = _indicator(kept.payload.test, name, library)
            if not indicator:
                continue
            value = _measured(body, indicator, library.clinic)
            for side in SIDES:
                known = isinstance(results[side].get(indicator), Estimate)
                if kept.payload.side in (side, "both") and (isinstance(value, Estimate) or not known):
                    results[side][indicator] = value
                    tested[side, indicator] = kept.at
    return results, tested


def _indicator(test_id: str, name: str, library: Library) -> str:
    """What a kept measure informs, "" for nothing; it goes by the indicator's own name or by its test's."""
    if name in library.clinic.indicators:
        return name
    test = library.tests.get(test_id)
    return "" if test is None else informs(test).get(name, "")


def informs(test: MovementTest) -> dict[str, str]:
    """What each value of a test informs, by its id; "" for nothing."""
    return {value.id: value.indicator for value in test.value} | {one.id: one.indicator for one in test.difference}


def _measured(body: Mapping[str, Any], indicator: str, clinic: ClinicContent) -> Measured:
    """A kept measure; what no such test can give is not assessable, so that one slip spoils no page."""
    if isinstance(reason := body.get("not_assessable"), str):
        return NotAssessable(reason)
    entry = clinic.indicators[indicator]
    value, sd = (
        float(n) if isinstance(n := body.get(key), int | float) and abs(n) < 1e300 else math.nan
        for key in ("value", "sd")
    )
    if body.get("unit") == entry.unit and entry.least <= value <= entry.most and 0 <= sd < math.inf:
        return Estimate(value, sd, entry.unit)
    return NotAssessable("what was kept of it cannot be right")


def _finding(leg: Leg, library: Library) -> Finding:
    finding = leg.finding
    several = {"several": finding.several, "none": finding.none}
    return Finding(
        side=leg.side,
        focus=finding.focus,
        probabilities={link: round(p.value, 4) for link, p in finding.links.items()},
        reasons=[told.says for told in leg.reasons if told.counted],
        kneeline=__version__,
        library=library.digest,
        detail={
            "ranges": {link: [round(p.low, 4), round(p.high, 4)] for link, p in finding.links.items()},
            "together": {name: round(p.value, 4) for name, p in several.items()},
            "start": list(leg.start),
            "mostly_load": leg.mostly_load,
            "next_test": leg.next_test,
        },
    )


def _told(finding: Finding) -> tuple[Any, ...]:
    """What a person is told of a finding, whichever version wrote it."""
    return finding.focus, finding.probabilities, finding.reasons, finding.detail
