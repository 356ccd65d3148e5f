"""The knee-replacement guide, thought through: which choices are worth asking about, and what to ask.

It never says what to do. Every choice is always there; answers only say why to ask about it, or why it is rarer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kneeline.clinic.answers import Answers, all_hold, holds
from kneeline.content.guide_schema import (
    Ask,
    Fact,
    Fit,
    Ground,
    GuideContent,
    GuideOption,
    GuideQuestion,
    Note,
    Outcome,
    Step,
    Wish,
)

Standing = Literal["ask", "less", "open"]
"""A choice is worth asking about, comes up less often, or hangs on what is not known yet."""

STEPS: tuple[Step, ...] = ("knee", "you", "tried", "matters", "know")
WEIGHTS: Mapping[str, int] = {"much": 2, "some": 1, "little": 0}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the choices, and why to ask about it; `less` says why it comes up less often, `open` what is missing."""

    option: GuideOption
    standing: Standing
    ask: tuple[Ground, ...]
    less: tuple[Ground, ...]
    open: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that matters to the person, and how each choice goes with it: option id -> fit; empty if not known."""

    wish: Wish
    weight: int
    fits: Mapping[str, Fit]


@dataclass(frozen=True, slots=True)
class Marked:
    """One question of the knowledge check, what was chosen (None: nothing), what is right, and why."""

    question: GuideQuestion
    chosen: str | None
    right: str
    because: Fact

    @property
    def is_right(self) -> bool:
        """Whether the right thing was chosen; nothing chosen is not right."""
        return self.chosen == self.right


def choices(answers: Answers, guide: GuideContent) -> tuple[Choice, ...]:
    """Every choice, always all of them and always in the same order.

    >>> from kneeline.content.load import load
    >>> [one.option.id for one in choices({}, load().guide)]
    ['no_surgery', 'osteotomy', 'partial', 'kneecap', 'total']
    """
    return tuple(_choice(option, answers) for option in guide.options.values())


def _choice(option: GuideOption, answers: Answers) -> Choice:
    ask, less, not_known = (
        tuple(ground for ground in grounds if all_hold(ground.when, answers))
        for grounds in (option.ask, option.less, option.open)
    )
    standing: Standing = "less" if less else "ask" if ask else "open"
    return Choice(option, standing, ask, less, not_known)


def counts(outcome: Outcome, guide: GuideContent) -> tuple[tuple[GuideOption, int], ...]:
    """Every choice with the place of its count in the outcome, -1 where it has none; in the order of the choices.

    A choice that is counted twice stands there twice.
    """
    found = []
    for option in guide.options.values():
        places = [i for i, count in enumerate(outcome.count) if count.option == option.id]
        found += [(option, place) for place in places or [-1]]
    return tuple(found)


def matrix(answers: Answers, guide: GuideContent) -> tuple[Row, ...]:
    """What matters to the person, most first, against all choices; what matters little is left out.

    Nothing is added up: a sum would be a recommendation.

    >>> from kneeline.content.load import load
    >>> [row.wish.id for row in matrix({"relief": ("some",), "own_knee": ("much",)}, load().guide)]
    ['own_knee', 'relief']
    """
    rows = [
        Row(wish, _weight(answers.get(wish.id)), {fit.option: fit for fit in wish.fit})
        for wish in guide.wishes.values()
    ]
    return tuple(sorted((row for row in rows if row.weight), key=lambda row: -row.weight))


def _weight(answer: float | tuple[str, ...] | None) -> int:
    return WEIGHTS[answer[0]] if isinstance(answer, tuple) else 0


def asks(answers: Answers, guide: GuideContent) -> tuple[Ask, ...]:
    """The questions for the surgeon, "which part?" first, whatever was answered.

    A question drops out only where its answer is known; what was not answered here stays to be asked. Choices that come
    up less often are asked about too, with "if not, why not?".

    >>> from kneeline.content.load import load
    >>> asks({}, load().guide)[0].id
    'which_part'
    """
    return tuple(
        ask
        for ask in guide.asks.values()
        if all_hold(ask.when, answers) and not any(holds(condition, answers) for condition in ask.unless)
    )


def notes(step: Step, answers: Answers, guide: GuideContent) -> tuple[Note, ...]:
    """What there is to say of the answers of one page."""
    return tuple(note for note in guide.notes.values() if note.step == step and all_hold(note.when, answers))


def marked(answers: Answers, guide: GuideContent) -> tuple[Marked, ...]:
    """The knowledge check, question by question; none before something was answered."""
    questions = guide.step("know")
    if not any(question.id in answers for question in questions):
        return ()
    return tuple(_marked(question, answers, guide) for question in questions)


def _marked(question: GuideQuestion, answers: Answers, guide: GuideContent) -> Marked:
    answer, lesson = answers.get(question.id), guide.lessons[question.id]
    return Marked(question, answer[0] if isinstance(answer, tuple) else None, lesson.right, lesson.because)


def answered(step: Step, answers: Answers, guide: GuideContent) -> bool:
    """Whether anything on that page was answered."""
    return any(question.id in answers for question in guide.step(step))


def other_opinion(answers: Answers, guide: GuideContent) -> tuple[str, ...]:
    """Ids of the choices that a person who was told "a total knee" may hear a second opinion about; else none."""
    if answers.get("told") != ("total",):
        return ()
    told = {"no_surgery", "total"}
    return tuple(c.option.id for c in choices(answers, guide) if c.standing == "ask" and c.option.id not in told)
