"""Safety first: which answers stop everything, which are still missing, and what looks like another problem.

Red flags are looked at before anything else and whatever else was answered. A question on safety that has no answer
leaves every flag open that could hang on it; only when no flag holds and none is open does an assessment go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kneeline.clinic.answers import Answers, all_hold, applies, holds
from kneeline.content.clinic_schema import ClinicContent, Question, Referral, Route


@dataclass(frozen=True, slots=True)
class Screening:
    """What the answers say on safety.

    flags: the red flags that hold, most urgent first. open: questions whose answers could still raise one, in order.
    """

    flags: tuple[Referral, ...]
    open: tuple[str, ...]

    @property
    def clear(self) -> bool:
        """Whether an assessment may go on; it never means that nothing is wrong."""
        return not self.flags and not self.open


def screen(answers: Answers, clinic: ClinicContent) -> Screening:
    """What the answers say on safety; looks at all flags, however many hold.

    >>> from kneeline.content.load import load
    >>> screen({"age": 16.0}, load().clinic).flags[0].id
    'under_18'
    """
    said = {flag.id: applies(flag, answers) for flag in clinic.red_flags.values()}
    flags = [flag for flag in clinic.red_flags.values() if said[flag.id]]
    missing = {
        condition.question
        for flag in clinic.red_flags.values()
        if said[flag.id] is None
        for condition in flag.when
        if holds(condition, answers) is None
    }
    return Screening(most_urgent_first(flags, clinic.routes), tuple(q for q in clinic.questions if q in missing))


def look_alikes(answers: Answers, clinic: ClinicContent) -> tuple[Referral, ...]:
    """Other common problems that the answers fit better than what kneeline is for, most urgent first."""
    found = [rule for rule in clinic.lookalikes.values() if applies(rule, answers)]
    return most_urgent_first(found, clinic.routes)


def most_urgent_first(rules: Iterable[Referral], routes: Mapping[str, Route]) -> tuple[Referral, ...]:
    """The rules by how urgent their routes are; those that are alike stay in order."""
    return tuple(sorted(rules, key=lambda rule: routes[rule.route].urgency))


def path(answers: Answers, clinic: ClinicContent, *, later: bool = False) -> list[Question]:
    """The questions that this person is asked, as far as their answers tell; `later` for a re-test."""
    return [
        question
        for question in clinic.questions.values()
        if all_hold(question.when, answers) and (later or question.section != "later")
    ]


def next_question(
    answers: Answers, clinic: ClinicContent, skipped: Iterable[str] = (), *, later: bool = False
) -> Question | None:
    """What to ask now; None when all is asked, or when a red flag ends it.

    skipped: questions that the person passed over; one that is needed is asked again at the end. later: a re-test.
    After a red flag only those questions follow that can make it more urgent, where an answer points to that already.
    """
    flags = screen(answers, clinic).flags
    if flags:
        return _more_urgent(flags[0], answers, clinic)
    left = [question for question in path(answers, clinic, later=later) if question.id not in answers]
    passed = set(skipped)
    fresh = [question for question in left if question.id not in passed]
    again = [question for question in left if question.id in passed and question.needed]
    return next(iter((*fresh, *again)), None)


def _more_urgent(flag: Referral, answers: Answers, clinic: ClinicContent) -> Question | None:
    now = clinic.routes[flag.route].urgency
    for other in clinic.red_flags.values():
        if clinic.routes[other.route].urgency < now and applies(other, answers) is None:
            said = [(condition, holds(condition, answers)) for condition in other.when]
            if any(value for _, value in said):
                return next(clinic.questions[condition.question] for condition, value in said if value is None)
    return None


WORDS_PER_MINUTE = 220.0
"""How fast a person reads what is asked. House default."""
SECONDS_PER_ANSWER = 2.5
"""What deciding and tapping takes, for each question. House default."""


def minutes(questions: Iterable[Question]) -> float:
    """How long these questions take somebody who reads every word of them."""
    total = 0.0
    for question in questions:
        words = " ".join(
            (question.text, question.help, question.low, question.high, *(o.text for o in question.options))
        )
        total += len(words.split()) / WORDS_PER_MINUTE + SECONDS_PER_ANSWER / 60
    return total
