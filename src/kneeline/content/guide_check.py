"""What the guide's tables must keep beyond their schema: references resolve, counts are counts of 100."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kneeline.content.check import check_known, check_unique
from kneeline.content.clinic_check import check_condition, check_question, conditions, references
from kneeline.content.guide_schema import Count, Fact, GuideContent, Lesson, Outcome, Wish
from kneeline.model.errors import ContentError

if TYPE_CHECKING:
    from kneeline.content.load import Library


def check_guide(library: Library) -> None:
    """Raise `ContentError` at the first thing in the guide that does not hold together."""
    guide = library.guide
    for file, key, entry in guide.entries():
        for reference in sorted(set(references(file, key, entry))):
            source, _, locator = reference.partition("#")
            check_known(file, f"{key}.evidence", source, library.sources)
            check_known(file, f"{key}.evidence {source}#", locator, library.sources[source].supports)
        for condition in conditions(entry):
            check_condition(file, key, condition, guide.questions)
        for fact in _facts(entry):
            if fact.check and fact.basis == "sourced":
                raise ContentError(file, f"{key}.check", "is for what was found in no source; this one is sourced")
    for question in guide.questions.values():
        check_question("guide_questions.toml", question, list(guide.questions))
    for outcome in guide.outcomes.values():
        _outcome(outcome, guide)
    for wish in guide.wishes.values():
        _wish(wish, guide)
    for lesson in guide.lessons.values():
        _lesson(lesson, guide)
    for ask in guide.asks.values():
        if ask.about:
            check_known("guide_asks.toml", f"{ask.id}.about", ask.about, guide.options)


def _facts(item: object) -> list[Fact]:
    """Every fact in an entry; facts hold no facts."""
    if isinstance(item, Fact):
        return [item]
    if isinstance(item, tuple):
        return [fact for part in item for fact in _facts(part)]
    fields = getattr(item, "__struct_fields__", ())
    return [fact for name in fields for fact in _facts(getattr(item, name))]


def _outcome(outcome: Outcome, guide: GuideContent) -> None:
    file = "guide_outcomes.toml"
    for count in outcome.count:
        check_known(file, f"{outcome.id}.count.option", count.option, guide.options)
        _count(file, f"{outcome.id}.count {count.option!r}", count)


def _count(file: str, key: str, count: Count) -> None:
    if (count.low is None) != (count.high is None):
        raise ContentError(file, key, "has only one end of its range; give low and high, or neither")
    low, high = count.low or count.of_100, count.high or count.of_100
    if not 0 <= low.value <= count.of_100.value <= high.value <= 100:
        raise ContentError(file, key, "is no count of 100 people, or lies outside of its own range")
    for number in (low, count.of_100, high):
        if number.unit != "of 100":
            raise ContentError(
                file, key, f"is counted in {number.unit!r}; every count is 'of 100', so that all compare"
            )


def _wish(wish: Wish, guide: GuideContent) -> None:
    file = "guide_wishes.toml"
    check_known(file, "table", wish.id, [question.id for question in guide.step("matters")])
    check_unique(file, f"{wish.id}.fit", [fit.option for fit in wish.fit])
    if wish.fit and {fit.option for fit in wish.fit} != set(guide.options):
        raise ContentError(file, f"{wish.id}.fit", f"says something of every choice: {', '.join(guide.options)}")


def _lesson(lesson: Lesson, guide: GuideContent) -> None:
    file = "guide_lessons.toml"
    check_known(file, "table", lesson.id, [question.id for question in guide.step("know")])
    check_known(file, f"{lesson.id}.right", lesson.right, [o.id for o in guide.questions[lesson.id].options])
