"""Safety, questions and the finding, as pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from people import USUAL, Someone, vignettes

from kneeline.content.load import load
from kneeline.store.kinds import Answer, Finding
from kneeline.store.kinds import TestResult as MovementTestResult  # pytest would take it for tests
from kneeline.web import ask

LIBRARY = load()
CLINIC = LIBRARY.clinic
TRAINS = re.compile(r'href="/(start|exercises|live|count|tests|finding)')
HIP = {
    "fppa_at_depth": 20.0, "pelvic_drop_stance": 8.0, "stand_time_30s": 12.0, "single_leg_sit_to_stand": 18.0,
    "squat_pain_depth": 100.0, "heel_raise_count": 28.0, "knee_to_wall": 43.0,
}  # fmt: skip


@pytest.fixture
def someone(tmp_path: Path) -> Iterator[Someone]:
    person = Someone(tmp_path / "records", LIBRARY)
    yield person
    person.store.close()


def words(page: str) -> str:
    """What a page says, without its tags."""
    main = page.split("<main", 1)[1]
    return re.sub(r" (?=[.,:)])", "", " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split()))


def kept(person: Someone, question: str) -> list[Any]:
    return [one.payload.value for one in person.store.history(person.id, Answer) if one.payload.question == question]


def seen(person: Someone, page: str = "") -> Any:
    """Press "I have been seen", as the stop page has it now, or as it had it in another window."""
    named = re.findall(r'name="rule" value="(\w+)"', page or person.text("/check/stop"))
    return person.client.post("/check/seen", data={"sure": "yes", "rule": named})


def test_a_new_person_is_led_to_the_questions_and_may_pass_them(someone: Someone) -> None:
    home = someone.text("/")
    assert 'href="/knee">A few questions first' in home
    assert 'href="/exercises"' in home
    assert 'href="/check/age">Begin' in someone.text("/knee")
    assert someone.client.get("/check").headers["location"] == "/knee"
    assert someone.client.get("/start?exercise=calf_raise_ball_squeeze").status_code == 200


def test_the_usual_person_is_asked_one_thing_at_a_time_and_gets_a_finding(someone: Someone) -> None:
    way = someone.answers({"equipment": ["band", "loop"]})
    assert way[-1] == "/finding"
    assert [page.removeprefix("/check/") for page in way[:-1]] == [q for q in CLINIC.questions if q in USUAL]
    page = words(someone.text("/finding"))
    assert "Start with hip and knee together." in page
    assert "Start: Banded stand on one leg" in page
    assert "Then: Terminal knee extension with a band" in page
    assert "Mixed more than one of them" in page
    assert "Evidence: high" in page


def test_every_answer_is_kept_as_it_is_given_with_its_wording(someone: Someone) -> None:
    someone.says("age", 34)
    someone.says("told", "not_seen")
    records = [one.payload for one in someone.store.history(someone.id, Answer)]
    assert [(one.question, one.value, one.question_version) for one in records] == [
        ("age", 34.0, CLINIC.questions["age"].version),
        ("told", ["not_seen"], CLINIC.questions["told"].version),
    ]


def test_left_in_the_middle_it_goes_on_where_it_was(someone: Someone, tmp_path: Path) -> None:
    someone.says("age", 34)
    someone.says("told", "not_seen")
    someone.store.close()
    again = Someone(tmp_path / "records", LIBRARY)
    assert again.client.get("/check").headers["location"] == "/check/today"
    assert "2 of about 24 questions are answered" in words(again.text("/knee"))
    assert 'href="/check">Go on with the questions' in again.text("/")
    again.store.close()


def test_a_changed_answer_holds_and_the_earlier_one_stays_on_record(someone: Someone) -> None:
    someone.answers()
    assert someone.says("side", "right") == "/finding"
    assert kept(someone, "side") == [["left"], ["right"]]
    assert "Right knee" in someone.text("/finding")
    assert "Left knee" not in someone.text("/finding")


def test_the_same_answer_twice_is_kept_once(someone: Someone) -> None:
    someone.says("age", 34)
    someone.says("age", 34)
    assert kept(someone, "age") == [34.0]


def test_a_question_that_is_not_needed_may_be_skipped_and_is_not_asked_again(someone: Someone) -> None:
    way = someone.answers({"sex": None, "days": None})
    assert way[-1] == "/finding"
    assert way.count("/check/sex") == 1
    assert kept(someone, "sex") == [None]
    assert "Skipped" in words(someone.text("/check/answers"))


def test_a_question_that_is_needed_cannot_be_skipped(someone: Someone) -> None:
    answer = someone.client.post("/check/today", data={"skip": "true"})
    assert answer.status_code == 400
    assert "Choose what fits, to go on." in words(answer.text)
    assert kept(someone, "today") == []


@pytest.mark.parametrize(
    ("question", "values", "says"),
    [
        ("age", [], "Type a number"),
        ("age", ["nan"], "Type a whole number from 1 to 110"),
        ("age", ["1e999"], "Type a whole number from 1 to 110"),
        ("age", ["-3"], "Type a whole number from 1 to 110"),
        ("age", ["thirty"], "Type a whole number from 1 to 110"),
        ("age", ["34", "35"], "Type a whole number"),
        ("today", [], "Choose what fits"),
        ("today", ["hot", "none"], "Choose one or the other"),
        ("today", ["<script>alert(1)</script>"], "today is"),
        ("told", ["arthritis", "tendon"], "told"),
        ("told", ["x" * 5000], "told is"),
    ],
)
def test_what_is_no_answer_is_refused_in_one_sentence(
    someone: Someone, question: str, values: list[str], says: str
) -> None:
    answer = someone.client.post(f"/check/{question}", data={"value": values})
    assert answer.status_code == 400
    problem = re.search(r'role="alert">([^<]*)<', answer.text)
    assert problem is not None
    assert says in problem[1]
    assert "<script>alert" not in answer.text
    assert kept(someone, question) == []


def test_more_than_three_activities_are_refused(someone: Someone) -> None:
    someone.answers()
    answer = someone.client.post("/check/activities", data={"value": ["stairs", "sit", "run", "carry"]})
    assert answer.status_code == 400
    assert "Choose 3 at most." in words(answer.text)


def test_no_such_question_and_no_way_in_from_elsewhere(someone: Someone) -> None:
    assert someone.client.get("/check/shoe_size").status_code == 404
    assert someone.client.post("/check/shoe_size", data={"value": "9"}).status_code == 404
    assert someone.client.get("/check/injury_signs").headers["location"] == "/check"
    strange = someone.client.post("/check/age", data={"value": "34"}, headers={"origin": "http://evil.example"})
    assert strange.status_code == 403
    assert kept(someone, "age") == []


STOPS = [v for v in vignettes("red_flags") if "only" not in v]


@pytest.mark.parametrize("vignette", STOPS, ids=lambda v: v["name"])
def test_every_red_flag_stops_at_once_with_no_way_on_into_an_exercise(
    someone: Someone, vignette: dict[str, Any]
) -> None:
    way = someone.answers(vignette["answers"])
    assert way[-1] == "/check/stop"
    assert "/finding" not in way
    page, route = someone.text("/check/stop"), CLINIC.routes[vignette["route"]]
    said = words(page)
    for needed in (
        route.where,
        route.how_soon,
        route.until_then,
        *(CLINIC.red_flags[i].say for i in vignette["because"]),
    ):
        assert needed in said
    if route.page:
        assert 'href="/guide"' in page
    else:
        assert not TRAINS.search(page)
    assert someone.client.get("/finding").headers["location"] == "/check"
    for path in ("/start?exercise=calf_raise_ball_squeeze", "/live/" + str(uuid4()), "/count/" + str(uuid4())):
        assert someone.client.get(path).headers["location"] == "/check/stop"
    for path in (f"/live/test/heel_raise_count/left/{uuid4()}", "/tests/heel_raise_count/alone"):
        assert someone.client.get(path).headers["location"] == "/check/stop"
    begin = {"exercise": "calf_raise_ball_squeeze", "session": str(uuid4()), "pain": "1", "signs": "no"}
    assert someone.client.post("/start", data=begin).headers["location"] == "/check/stop"
    assert someone.store.sessions(someone.id) == ()
    assert 'href="/check/stop"' in someone.text("/")
    assert 'href="/start' not in someone.text("/")


def test_every_red_flag_is_among_them() -> None:
    assert set(CLINIC.red_flags) <= {flag for vignette in STOPS for flag in vignette["because"]}


def test_having_been_seen_is_recorded_and_opens_the_way(someone: Someone) -> None:
    someone.answers({"background": ["cancer"]})
    assert someone.client.post("/check/seen", data={"sure": "perhaps"}).status_code == 422
    assert someone.client.get("/check").headers["location"] == "/check/stop"
    assert seen(someone).headers["location"] == "/check"
    assert kept(someone, "seen_and_fine") == [["cancer"]]
    assert someone.client.get("/check").headers["location"] == "/check/injury"
    assert someone.client.get("/start?exercise=calf_raise_ball_squeeze").status_code == 200
    assert someone.answers({"background": ["cancer"]}, first="injury")[-1] == "/finding"


def test_having_been_seen_does_not_cover_what_is_said_later(someone: Someone) -> None:
    someone.answers({"background": ["cancer"]})
    seen(someone)
    assert someone.says("today", "hot") == "/check/stop", "another flag"
    assert someone.says("today", "none") != "/check/stop"
    assert someone.says("background", ["cancer", "falls"]) == "/check/stop"
    assert "cancer" in words(someone.text("/check/stop")), "the same flag, said anew"


def test_the_same_answer_after_having_been_seen_is_a_new_event(someone: Someone) -> None:
    someone.answers({"today": ["hot"]})
    seen(someone)
    assert someone.client.get("/start?exercise=calf_raise_ball_squeeze").status_code == 200
    assert someone.says("today", ["hot"]) == "/check/stop", "hot again, weeks later"
    assert someone.client.get("/start?exercise=calf_raise_ball_squeeze").headers["location"] == "/check/stop"
    assert kept(someone, "today") == [["hot"], ["hot"]]


def test_having_been_seen_covers_only_what_its_page_named(someone: Someone) -> None:
    someone.answers({"pattern": ["night"]})
    page = someone.text("/check/stop")
    assert someone.says("calf_and_chest", ["breath"]) == "/check/stop", "in another window"
    seen(someone, page)
    assert kept(someone, "seen_and_fine") == [["night_pain"]]
    assert someone.client.get("/check").headers["location"] == "/check/stop"
    assert CLINIC.routes["emergency"].how_soon in words(someone.text("/check/stop"))


@pytest.mark.parametrize("age", ["17.5", "17,9", "17.000001"])
def test_a_birthday_that_is_still_to_come_has_not_come(someone: Someone, age: str) -> None:
    answer = someone.client.post("/check/age", data={"value": age})
    assert answer.status_code == 400
    assert "Type a whole number from 1 to 110." in words(answer.text)
    assert kept(someone, "age") == []


def test_nobody_is_grown_up_by_saying_that_they_were_seen(someone: Someone) -> None:
    someone.answers({"age": 16})
    assert "/check/seen" not in someone.text("/check/stop")
    someone.client.post("/check/seen", data={"sure": "yes", "rule": ["under_18"]})
    assert someone.client.get("/check").headers["location"] == "/check/stop"
    assert someone.says("age", 61) == "/check/told", "a slip of the finger can be put right"


def test_beginning_anew_does_not_open_what_a_red_flag_closed(someone: Someone) -> None:
    someone.answers({"today": ["no_weight"]})
    someone.client.post("/check/again")
    assert someone.client.get("/start?exercise=calf_raise_ball_squeeze").headers["location"] == "/check/stop"
    assert someone.says("age", 34) == "/check/told", "the questions themselves go on"
    assert someone.answers({}, first="told")[-1] == "/finding"
    assert someone.client.get("/start?exercise=calf_raise_ball_squeeze").status_code == 200


@pytest.mark.parametrize(
    "vignette", [v for v in vignettes("lookalikes") if v["outcome"] == "elsewhere"], ids=lambda v: v["name"]
)
def test_another_problem_is_said_plainly(someone: Someone, vignette: dict[str, Any]) -> None:
    assert someone.answers(vignette["answers"])[-1] == "/check/stop"
    said, route = words(someone.text("/check/stop")), CLINIC.routes[vignette["route"]]
    assert "This does not look like what kneeline is for." in said
    assert route.where in said
    assert any(CLINIC.lookalikes[rule].say in said for rule in vignette["because"])
    seen(someone)
    assert someone.client.get("/check").headers["location"] != "/check/stop"


def test_a_second_round_asks_everything_anew_and_how_it_is_now(someone: Someone) -> None:
    someone.answers()
    someone.client.post("/check/again")
    assert 'href="/check">Go on' in someone.text("/knee")
    way = someone.answers({"global_change": "better"})
    assert way[-1] == "/finding"
    assert "/check/global_change" in way
    assert len(kept(someone, "where")) == 2


def test_an_answer_to_an_older_wording_is_asked_again(someone: Someone) -> None:
    someone.answers()
    someone.keep(Answer(question="sex", question_version=99, value=["male"]))
    someone.keep(Answer(question="since", question_version=1, value=["since_forever"]))
    assert someone.client.get("/check").headers["location"] == "/check/sex"
    someone.says("sex", "male")
    assert someone.client.get("/check").headers["location"] == "/check/since"


def test_tests_name_a_part_and_its_exercise(someone: Someone) -> None:
    someone.answers({"equipment": ["loop"]})
    someone.tested("left", HIP | {"arch_height_ratio": None})
    page = words(someone.text("/finding"))
    assert "The part to train first: the hip." in page
    assert "Start: Banded stand on one leg" in page
    assert "Height of the arch: the camera stood at the side" in page
    assert "Knee inward in the squat on one leg: 20 ± 3°. It speaks clearly for the hip." in page
    assert "Usual: 8 ± 5° ([S33])" in page
    assert "the hip would not be named any more" in page


def test_all_as_usual_is_mostly_load(someone: Someone) -> None:
    one = next(v for v in vignettes("routine") if v.get("mostly_load"))
    someone.answers(one["answers"])
    someone.tested("left", one["left"])
    page = words(someone.text("/finding"))
    assert "How much you do comes first." in page
    assert CLINIC.statements["load"].says in page


def test_both_knees_have_a_finding_each(someone: Someone) -> None:
    someone.answers({"side": "both_right"})
    page = someone.text("/finding")
    assert page.index("Right knee") < page.index("Left knee")
    assert {one.payload.side for one in someone.store.history(someone.id, Finding)} == {"left", "right"}


def test_a_finding_is_kept_once_and_again_when_it_differs(someone: Someone) -> None:
    someone.answers()
    for _ in range(3):
        someone.text("/finding")
    assert len(someone.store.history(someone.id, Finding)) == 1
    someone.tested("left", HIP)
    someone.text("/finding")
    first, second = (one.payload for one in someone.store.history(someone.id, Finding))
    assert (first.focus, second.focus) == (None, "hip")
    assert second.detail["start"] == ["hip"]
    assert set(second.probabilities) == {"foot", "knee", "hip"}
    low, high = second.detail["ranges"]["hip"]
    assert low <= second.probabilities["hip"] <= high
    assert "the hip first" in words(someone.text("/knee"))


def test_a_result_counts_under_its_tests_own_name_too(someone: Someone) -> None:
    someone.answers()
    value = {"value": 9.0, "sd": 3.2, "unit": "reps"}
    someone.keep(
        MovementTestResult(test="heel_raise_count", side="left", measures={"count": value}, kneeline="0", library="a")
    )
    assert "You did fewer heel raises than most." in words(someone.text("/finding"))


@pytest.mark.parametrize(
    "body",
    [
        {"value": float(10**9), "sd": 1.0, "unit": "deg"},
        {"value": 12.0, "sd": -1.0, "unit": "deg"},
        {"value": 12.0, "sd": 1.0, "unit": "reps"},
        {"value": "much", "sd": 1.0, "unit": "deg"},
        {},
    ],
)
def test_a_kept_result_that_cannot_be_right_spoils_no_page(someone: Someone, body: dict[str, Any]) -> None:
    someone.answers()
    measures = {"fppa_at_depth": body, "unheard_of": {"value": 1.0, "sd": 1.0, "unit": "deg"}}
    someone.keep(MovementTestResult(test="single_leg_squat", side="left", measures=measures, kneeline="0", library="a"))
    assert "what was kept of it cannot be right" in words(someone.text("/finding"))


def test_a_test_that_failed_leaves_the_earlier_number(someone: Someone) -> None:
    someone.answers()
    someone.tested("left", {"heel_raise_count": 9.0})
    someone.tested("left", {"heel_raise_count": None})
    assert "You did fewer heel raises than most." in words(someone.text("/finding"))


def test_the_next_best_test_is_named_with_its_leg(someone: Someone) -> None:
    someone.answers()
    assert re.search(r'href="/tests/\w+\?side=left">Do this test', someone.text("/finding"))


def test_an_old_finding_says_so(someone: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    someone.answers()
    assert "weeks ago" not in words(someone.text("/knee"))
    monkeypatch.setattr(ask, "OLD_AFTER", timedelta(seconds=-1))
    assert "Answer again" in words(someone.text("/knee"))


def test_contradictions_are_told(someone: Someone) -> None:
    someone.answers({"pain_worst": 2, "pain_usual": 8})
    page = words(someone.text("/finding"))
    assert "What does not fit together" in page
    assert CLINIC.contradictions["worst_below_usual"].say in page


def test_no_link_leads_nowhere(someone: Someone) -> None:
    someone.answers()
    pages = ["/", "/knee", "/finding", "/check/answers", "/check/about", "/check/age"]
    links = {link for page in pages for link in re.findall(r'href="(/[^"]*)"', someone.text(page))}
    assert someone.says("told", "replacement") == "/check/stop"
    links |= set(re.findall(r'href="(/[^"]*)"', someone.text("/check/stop")))
    assert "/guide" in links
    assert [link for link in links if someone.client.get(html.unescape(link)).status_code not in (200, 303)] == []


def test_what_kneeline_is_stands_one_tap_away_from_every_question(someone: Someone) -> None:
    for question in ("age", "told", "where", "pain_worst", "days"):
        assert 'href="/check/about"' in someone.text(f"/check/{question}")
    about = words(someone.text("/check/about"))
    for purpose in CLINIC.purposes.values():
        assert all(line in about for line in (*purpose.is_for, *purpose.is_not))


def test_every_place_can_be_tapped_and_ticked(someone: Someone) -> None:
    page = someone.text("/check/where")
    for option in CLINIC.questions["where"].options:
        assert f'id="where-{option.id}"' in page
        assert f'for="where-{option.id}"' in page, "a place on the drawing"


def test_an_answer_of_the_future_does_not_break_the_page(someone: Someone) -> None:
    late = datetime.now(UTC) + timedelta(days=400)
    answer = Answer(question="age", question_version=1, value=40)
    someone.store.record(someone.id, answer, id=uuid4(), at=late)
    someone.text("/knee")
    someone.text("/check/told")


def points(questionnaire: str, place: int) -> dict[str, int]:
    return {item.id: item.points[place] for item in CLINIC.questionnaires[questionnaire].item}


def test_points_of_a_questionnaire_are_added_up_and_kept(someone: Someone) -> None:
    assert someone.client.post("/scores/akps", data=points("akps", 0)).headers["location"] == "/scores/akps"
    someone.client.post("/scores/akps", data=points("akps", -1) | {"stairs": 10})
    someone.client.post("/scores/koos_pf", data=points("koos_pf", 1))
    assert kept(someone, "akps") == [100.0, 10.0]
    assert kept(someone, "koos_pf") == [75.0]
    page = words(someone.text("/scores/akps"))
    assert page.index("10 of 100") < page.index("100 of 100")
    assert "A change of 8 points or more is one that people notice (house default, leaning on [S15])" in page
    assert CLINIC.questionnaires["akps"].licence in words(someone.text("/scores"))


def test_too_few_points_are_no_score(someone: Someone) -> None:
    few = dict(list(points("akps", 0).items())[:-1])
    answer = someone.client.post("/scores/akps", data=few)
    assert answer.status_code == 400
    assert "12 of 13 items are answered" in words(answer.text)
    assert kept(someone, "akps") == []


@pytest.mark.parametrize(
    "bad", [{"stairs": "7"}, {"stairs": "-5"}, {"stairs": "\u0665"}, {"stairs": "9" * 400}, {"elbow": "5"}]
)
def test_points_that_are_not_offered_are_refused(someone: Someone, bad: dict[str, str]) -> None:
    answer = someone.client.post("/scores/akps", data={**points("akps", 0), **bad})
    assert answer.status_code == 400
    assert kept(someone, "akps") == []
    assert someone.client.post("/scores/none", data=bad).status_code == 404
