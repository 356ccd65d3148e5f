"""The library as FHIR: everything that is asked and prescribed is there, and says the same."""

from __future__ import annotations

from kneeline.content.clinic_schema import Condition
from kneeline.content.load import load
from kneeline.report.fhir.codes import quantity
from kneeline.report.fhir.definitions import SECTIONS, _enabled, definitions, dose, dose_in_words, questionnaire, timing


def items() -> dict[str, dict[str, object]]:
    return {item["linkId"]: item for group in questionnaire(load())["item"] for item in group["item"]}


def test_every_question_is_asked_with_every_option() -> None:
    asked = load().clinic.questions
    assert set(items()) == set(asked)
    for key, question in asked.items():
        assert len(items()[key].get("answerOption", [])) == len(question.options)  # type: ignore[arg-type]
        assert question.section in SECTIONS


def test_every_condition_of_the_library_is_said_in_fhir() -> None:
    for key, question in load().clinic.questions.items():
        assert bool(question.when) == ("enableWhen" in items()[key]), key


def test_any_of_several_options_or_all_of_several_questions() -> None:
    one = _enabled([Condition(question="a", any_of=("x", "y"))])
    both = _enabled([Condition(question="a", any_of=("x",)), Condition(question="b", any_of=("y",))])
    assert (one["enableBehavior"], both["enableBehavior"]) == ("any", "all")
    assert _enabled([Condition(question="a", any_of=("x", "y")), Condition(question="b", any_of=("z",))]) == {}
    assert _enabled([Condition(question="a", none_of=("x",))]) == {}


def test_every_exercise_that_is_prescribed_has_its_activity_and_its_ladder() -> None:
    library = load()
    made = [(one["resourceType"], one["url"].rpartition(":")[2]) for one in definitions(library)]
    prescribed = [key for key, one in library.exercises.items() if one.kind == "exercise"]
    assert {id for kind, id in made if kind == "ActivityDefinition"} == set(prescribed)
    assert {id for kind, id in made if kind == "PlanDefinition"} == {
        k for k in prescribed if library.exercises[k].ladder
    }
    assert len(made) == len(set(made))


def test_ladders_lead_from_the_easiest_rung_up_to_activities_that_are_there() -> None:
    made = list(definitions(load()))
    urls = {one["url"] for one in made}
    for plan in (one for one in made if one["resourceType"] == "PlanDefinition"):
        rungs = [int(action["prefix"]) for action in plan["action"]]
        assert rungs == sorted(rungs)
        assert all(
            action["definitionCanonical"] in urls for action in plan["action"] if "definitionCanonical" in action
        )


def test_a_dose_leaves_out_what_is_no_dose() -> None:
    assert dose({}) == []
    assert dose({"sets": "3", "reps": 0, "lift_s": -1, "hold_s": float("nan")}, rung="x", band="steel") == []
    (extension,) = dose({"sets": 3, "hold_s": 0}, rung=-1, band="light")
    assert extension["extension"] == [
        {"url": "sets", "valuePositiveInt": 3},
        {"url": "hold", "valueDuration": quantity(0, "s")},
        {"url": "rung", "valueInteger": -1},
        {"url": "band", "valueCode": "light"},
    ]


def test_a_dose_in_words_says_what_is_known() -> None:
    assert dose_in_words({}) == ""
    assert dose_in_words({"sets": 1, "reps": 8, "per_week": 1}) == "1 set of 8; 1 day a week"
    assert timing("often") is None
