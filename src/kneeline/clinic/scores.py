"""Scores of published questionnaires from the points of their items; their wording is not ours and not in here."""

from __future__ import annotations

from collections.abc import Mapping

from kneeline.content.clinic_schema import Questionnaire
from kneeline.model.errors import InputError
from kneeline.model.quantity import Estimate, Measured, NotAssessable


def score(questionnaire: Questionnaire, points: Mapping[str, int]) -> Measured:
    """The score, 0 to 100, higher is better; not assessable when too few items are answered.

    points: item id -> the points of the chosen option; an item that was left out is not in it.
    Raises `InputError` for an unknown item, or for points that the item does not offer.

    >>> from kneeline.content.load import load
    >>> akps = load().clinic.questionnaires["akps"]
    >>> score(akps, {item.id: item.points[0] for item in akps.item})
    Estimate(value=100.0, sd=0.0, unit='points')
    """
    items = {item.id: item for item in questionnaire.item}
    for key, value in points.items():
        if key not in items:
            raise InputError(f"{questionnaire.name} has no item {key!r}", expected="one of " + ", ".join(items))
        if isinstance(value, bool) or value not in items[key].points:
            offered = ", ".join(map(str, items[key].points))
            raise InputError(f"{key} of {questionnaire.name} is {value!r}", expected=f"one of {offered}")
    needed = questionnaire.answered.value * len(items)
    if len(points) < needed or not points:
        return NotAssessable(f"{len(points)} of {len(items)} items are answered, which is too few for a score")
    if questionnaire.scoring == "sum":
        return Estimate(float(sum(points.values())), 0.0, "points")
    worst = max(max(item.points) for item in questionnaire.item)
    return Estimate(100.0 - 100.0 * sum(points.values()) / (len(points) * worst), 0.0, "points")
