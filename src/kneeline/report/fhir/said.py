"""What the person said: answers to questions, the goal, pain, effort, notes, runs and stairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kneeline.report.fhir.case import Case, observation, site
from kneeline.report.fhir.codes import (
    HL7,
    Resource,
    absent,
    coding,
    concept,
    filled,
    id_of,
    number,
    own,
    part,
    quantity,
    string,
    structure,
    to,
    when,
)
from kneeline.report.fhir.definitions import QUESTIONNAIRE, SECTIONS, option_code
from kneeline.report.fhir.records import Row, carry

GOAL: Final = "goal"
"""The question whose answer is the goal."""


def responses(case: Case) -> Iterator[Resource]:
    """The answers of each day as one response to the questionnaire; what it does not ask stands in a second one."""
    days: dict[tuple[str, bool], list[Row]] = {}
    for row in case.records("answer"):
        asked = row["body"]["question"] in case.library.clinic.questions
        days.setdefault((row["at"][:10], asked), []).append(row)
    for (day, asked), rows in sorted(days.items()):
        newest = {row["body"]["question"]: row["body"] for row in rows if row["id"] not in case.replaced}
        response = filled(
            {
                "resourceType": "QuestionnaireResponse",
                "id": id_of("QuestionnaireResponse", case.person, day, asked),
                "questionnaire": QUESTIONNAIRE if asked else None,
                "status": "completed" if newest else "entered-in-error",
                "subject": to(case.person),
                "authored": when(rows[-1]["at"]),
                "source": to(case.person),
                "item": _in_sections(case, newest) if asked else [_item(case, newest[key]) for key in sorted(newest)],
            }
        )
        yield carry(response, [("record", row) for row in rows])


def _in_sections(case: Case, answers: dict[str, Any]) -> list[Resource]:
    """Answers in the order of the questionnaire, in its groups."""
    groups: dict[str, list[Resource]] = {}
    for key, asked in case.library.clinic.questions.items():
        if key in answers:
            groups.setdefault(asked.section, []).append(_item(case, answers[key]))
    return [
        {"linkId": f"section.{section}", "text": SECTIONS[section], "item": groups[section]}
        for section in SECTIONS
        if section in groups
    ]


def _item(case: Case, answer: dict[str, Any]) -> Resource:
    key, value = answer["question"], answer["value"]
    asked = case.library.clinic.questions.get(key)
    version = {"url": structure("wording"), "valuePositiveInt": answer["question_version"]}
    item: Resource = {"extension": [version], "linkId": key}
    if asked is not None:
        item["text"] = string(asked.text)
    values = value if isinstance(value, list) else [value]
    told = [one for one in (_answer(case, key, value) for value in values if value is not None) if one]
    if told:
        return item | {"answer": told}
    declined = {"url": f"{HL7}/data-absent-reason", "valueCode": "asked-declined"}
    return item | {"extension": [version, declined]}


def _answer(case: Case, key: str, value: object) -> Resource | None:
    """One value; a chosen option is a code of ours, other text stays text."""
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int | float):
        told = number(value)
        return None if told is None else {"valueDecimal": told}
    asked = case.library.clinic.questions.get(key)
    offered = {} if asked is None else {option.id: option.text for option in asked.options}
    if value in offered:
        return {"valueCoding": own("answers", option_code(key, str(value)), offered[str(value)])}
    return {"valueString": string(value)} if string(value) else None


def goal_id(case: Case) -> str | None:
    """The id of the person's goal, None where they did not say one."""
    return None if _goal(case) is None else id_of("Goal", case.person)


def goal(case: Case) -> Iterator[Resource]:
    """What the person wants most, in the words that they chose."""
    row = _goal(case)
    if row is None:
        return
    chosen = row["body"]["value"]
    asked = case.library.clinic.questions[GOAL]
    offered = {option.id: option.text for option in asked.options}
    keys = [str(one) for one in (chosen if isinstance(chosen, list) else [chosen])]
    codes = [own("answers", option_code(GOAL, key), offered[key]) for key in keys if key in offered]
    text = ", ".join(offered.get(key, key) for key in keys)
    wanted = {
        "resourceType": "Goal",
        "id": id_of("Goal", case.person),
        "lifecycleStatus": "active",
        "category": [{"coding": [coding("physical_activity")]}],
        "description": concept(text, *codes),
        "subject": to(case.person),
        "startDate": row["at"][:10],
        "expressedBy": to(case.person),
    }
    yield carry(wanted, [])


def _goal(case: Case) -> Row | None:
    said = [row for row in case.standing("answer") if row["body"]["question"] == GOAL]
    given = said[-1]["body"]["value"] if said and GOAL in case.library.clinic.questions else None
    return said[-1] if isinstance(given, list | str) and string("".join(given)) else None


def pain(case: Case, row: Row) -> Resource:
    """Pain from 0 to 10, with what it belongs to."""
    of = row["body"]["of"]
    code = concept(f"Pain, 0 to 10: {of.replace('_', ' ')}", coding("pain"), own("pain", of))
    value = {"valueQuantity": quantity(row["body"]["value"], "points")}
    return carry(observation(case, row, "survey", code, **value, **site(row["body"].get("side"))), [("record", row)])


def effort(case: Case, row: Row) -> Resource:
    """How hard it was, from 0 to 10."""
    code = concept("Effort, 0 to 10", own("kinds", "effort"))
    value = {"valueQuantity": quantity(row["body"]["value"], "points")}
    return carry(observation(case, row, "survey", code, **value), [("record", row)])


def note(case: Case, row: Row) -> Resource:
    """Words of the person's own."""
    code, text = concept("Note of the person", own("kinds", "note")), string(row["body"]["text"])
    value = {"valueString": text} if text else absent("unknown", "the note is empty")
    return carry(observation(case, row, "survey", code, **value), [("record", row)])


def run(case: Case, row: Row) -> Resource:
    """A run, and the pain during it."""
    body = row["body"]
    parts = [
        ("distance_m", own("measures", "run.distance_m"), "m"),
        ("duration_s", coding("exercise_duration"), "s"),
        ("cadence_per_min", own("measures", "run.cadence_per_min"), "steps/min"),
        ("pain", coding("pain"), "points"),
    ]
    told = [
        part(concept(code["display"], code), {"valueQuantity": quantity(value, unit)})
        for key, code, unit in parts
        if (value := number(body.get(key))) is not None
    ]
    empty = {} if told else absent("unknown", "nothing is known of this run but its day")
    code = concept("Run", own("kinds", "run"))
    return carry(observation(case, row, "activity", code, component=told, **empty), [("record", row)])


def stairs(case: Case, row: Row) -> Resource:
    """Floors that were climbed in a day."""
    code = concept("Floors climbed in a day", own("kinds", "stairs"))
    floors = number(row["body"]["floors"])
    value = absent("unknown", "") if floors is None else {"valueQuantity": quantity(floors, "floors")}
    return carry(observation(case, row, "activity", code, **value), [("record", row)])
