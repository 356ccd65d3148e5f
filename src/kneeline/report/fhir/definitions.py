"""The library as FHIR: the questionnaire, an activity for each exercise, a plan for each ladder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from kneeline.content.clinic_schema import Condition, Question
from kneeline.content.load import Library
from kneeline.content.schema import Exercise
from kneeline.report.fhir.codes import (
    BASE,
    HL7,
    Resource,
    coding,
    concept,
    filled,
    id_of,
    number,
    own,
    quantity,
    string,
    structure,
    units,
    whole,
)
from kneeline.report.fhir.records import carry

QUESTIONNAIRE: Final = f"{BASE}:Questionnaire:ask"
DOSE: Final = structure("dose")
SECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "safety": "Safety first",
        "you": "About you",
        "pain": "The pain",
        "load": "Running",
        "care": "What you tried",
        "goals": "What matters to you",
        "later": "Since then",
        "guide": "If you were told you need a new knee",
    }
)
_TIMES = ("lift_s", "hold_s", "lower_s", "rest_s")


def activity_url(exercise: str) -> str:
    """The address of an exercise."""
    return f"{BASE}:ActivityDefinition:{exercise}"


def option_code(question: str, option: str) -> str:
    """The code of something that can be chosen."""
    return f"{question}.{option}"


def definitions(library: Library) -> Iterator[Resource]:
    """Everything of the library that a person's resources refer to."""
    yield carry(questionnaire(library), [])
    for exercise in library.exercises.values():
        if exercise.kind == "exercise" and exercise.dose is not None:
            yield carry(_activity(exercise, library), [])
            if exercise.ladder:
                yield carry(_ladder(exercise, library), [])


def _published(kind: str, id: str, name: str, title: str, library: Library) -> Resource:
    return {
        "resourceType": kind,
        "id": id_of(kind, id),
        "url": f"{BASE}:{kind}:{id}",
        "version": library.digest[:12],
        "name": name,
        "title": string(title),
        "status": "active",
        "experimental": False,
    }


def questionnaire(library: Library) -> Resource:
    """Every question that is asked, in its groups, with when it is asked; nothing has to be answered."""
    items = []
    for section, title in SECTIONS.items():
        asked = [question for question in library.clinic.questions.values() if question.section == section]
        if asked:
            inside = [_question(one) for one in asked]
            items.append({"linkId": f"section.{section}", "text": title, "type": "group", "item": inside})
    about = _published("Questionnaire", "ask", "KneelineAsk", "Questions before training", library)
    return about | {"subjectType": ["Patient"], "item": items}


def _question(asked: Question) -> Resource:
    choice = bool(asked.options)
    extensions: list[Resource] = [{"url": structure("wording"), "valuePositiveInt": asked.version}]
    if asked.kind == "scale":
        extensions.append({"url": f"{HL7}/questionnaire-itemControl", "valueCodeableConcept": {
            "coding": [coding("slider")]}})  # fmt: skip
    for name, bound in (("minValue", asked.least), ("maxValue", asked.most)):
        if bound is not None and not choice:
            extensions.append({"url": f"{HL7}/{name}", "valueDecimal": bound})
    if asked.unit in units():
        ucum, printed = units()[asked.unit]
        unit = {"system": "http://unitsofmeasure.org", "code": ucum, "display": printed}
        extensions.append({"url": f"{HL7}/questionnaire-unit", "valueCoding": unit})
    if asked.most_picks:
        extensions.append({"url": f"{HL7}/questionnaire-maxOccurs", "valueInteger": asked.most_picks})
    ends = f" (from {asked.low} to {asked.high})" if asked.low and asked.high else ""
    return filled(
        {
            "extension": extensions,
            "linkId": asked.id,
            "text": string(asked.text + ends),
            "type": "choice" if choice else "decimal",
            **_enabled(asked.when),
            "repeats": asked.kind in ("many", "places"),
            "answerOption": [_option(asked, n) for n in range(len(asked.options))],
        }
    )


def _option(asked: Question, n: int) -> Resource:
    option = asked.options[n]
    said: Resource = {"valueCoding": own("answers", option_code(asked.id, option.id), option.text)}
    return {"extension": [{"url": f"{HL7}/questionnaire-optionExclusive", "valueBoolean": True}]} | said \
        if option.alone else said  # fmt: skip


def _enabled(conditions: Sequence[Condition]) -> Resource:
    """When a question is asked: after any of some options, or after all of several; other rules have no form."""
    told = [[(one.question, option) for option in one.any_of] for one in conditions]
    if not told or not all(told) or (len(told) > 1 and any(len(options) > 1 for options in told)):
        return {}
    rules = [
        {"question": question, "operator": "=", "answerCoding": own("answers", option_code(question, option))}
        for options in told
        for question, option in options
    ]
    behaviour = {"enableBehavior": "all" if len(told) > 1 else "any"} if len(rules) > 1 else {}
    return {"enableWhen": rules, **behaviour}


def _activity(exercise: Exercise, library: Library) -> Resource:
    asked = exercise.dose
    told: dict[str, Any] = {}
    if asked is not None:
        told = {"sets": int(asked.sets.value), "reps": int(asked.reps.value), "per_week": int(asked.per_week.value)}
        told |= {f"{name}_s": getattr(asked, name).value for name in ("lift", "hold", "lower", "rest")}
    about = _published("ActivityDefinition", exercise.id, _pascal(exercise.id), exercise.name, library)
    return filled(
        about
        | {
            "extension": dose(told),
            "date": exercise.since.isoformat(),
            "description": string(f"{exercise.summary} {dose_in_words(told)}."),
            "purpose": string(f"Trains the {exercise.link}." if exercise.link else ""),
            "usage": string("\n".join((*exercise.steps, *exercise.stop_rules))),
            "kind": "ServiceRequest",
            "code": concept(exercise.name, own("exercises", exercise.id, exercise.name)),
            "intent": "proposal",
            "timingTiming": timing(told.get("per_week")),
        }
    )


def _ladder(exercise: Exercise, library: Library) -> Resource:
    """The rungs of an exercise, the easiest first; what earns each is said in words."""
    actions = []
    for rung in sorted(exercise.ladder, key=lambda rung: rung.level):
        watched = rung.exercise or exercise.id
        known = library.exercises.get(watched)
        actions.append(
            filled(
                {
                    "extension": dose({}, rung.level),
                    "prefix": str(rung.level),
                    "title": string(rung.name),
                    "description": string(rung.how),
                    "textEquivalent": string(rung.earned_by),
                    "definitionCanonical": activity_url(watched) if known is not None and known.dose else None,
                }
            )
        )
    about = _published("PlanDefinition", exercise.id, _pascal(exercise.id) + "Ladder", exercise.name, library)
    return about | {"type": {"coding": [coding("order_set")]}, "date": exercise.since.isoformat(), "action": actions}


def _pascal(id: str) -> str:
    return "".join(word.capitalize() for word in id.split("_"))


def dose(told: Mapping[str, Any], rung: object = None, band: object = "") -> list[Resource]:
    """Our extension for what FHIR has no elements for: sets, repetitions, tempo, rest, rung of the ladder, band."""
    parts: list[Resource] = []
    for key, name in (("sets", "sets"), ("reps", "repetitions")):
        if (count := whole(told.get(key), 1)) is not None:
            parts.append({"url": name, "valuePositiveInt": count})
    for key in _TIMES:
        if (seconds := number(told.get(key))) is not None and seconds >= 0:
            parts.append({"url": key.removesuffix("_s"), "valueDuration": quantity(seconds, "s")})
    if isinstance(rung, int) and not isinstance(rung, bool) and abs(rung) < 1000:
        parts.append({"url": "rung", "valueInteger": rung})
    if band in ("light", "medium", "strong"):
        parts.append({"url": "band", "valueCode": band})
    return [{"url": DOSE, "extension": parts}] if parts else []


def timing(per_week: object) -> Resource | None:
    """So many days a week."""
    days = whole(per_week, 1)
    return None if days is None else {"repeat": {"frequency": days, "period": 1, "periodUnit": "wk"}}


def dose_in_words(told: Mapping[str, Any]) -> str:
    """A dose for whoever reads no extensions.

    >>> dose_in_words({"sets": 3, "reps": 15, "lift_s": 2, "hold_s": 1, "lower_s": 3, "rest_s": 60, "per_week": 3})
    '3 sets of 15; 2 s up, 1 s hold, 3 s down; 60 s rest between sets; 3 days a week'
    """
    sets, reps, days = (whole(told.get(key), 1) for key in ("sets", "reps", "per_week"))
    times = {key: number(told.get(key)) for key in _TIMES}
    tempo = [
        f"{times[key]:g} s {word}"
        for key, word in zip(_TIMES, ("up", "hold", "down"), strict=False)
        if times[key] is not None
    ]
    said = [
        f"{sets} {'set' if sets == 1 else 'sets'} of {reps}" if sets and reps else "",
        ", ".join(tempo),
        f"{times['rest_s']:g} s rest between sets" if times["rest_s"] is not None else "",
        f"{days} {'day' if days == 1 else 'days'} a week" if days else "",
    ]
    return "; ".join(part for part in said if part)
