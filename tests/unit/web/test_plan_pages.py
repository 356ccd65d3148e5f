"""The plan, the days and the runs, as pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from people import Someone

from kneeline.content.load import load
from kneeline.store.kinds import Pain, PlanVersion, Run
from kneeline.store.planned import plan_versions
from kneeline.web import clock

LIBRARY = load()
MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)
GPX = """<?xml version="1.0"?><gpx version="1.1" creator="w" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="50.0" lon="8.0"><time>2026-11-15T07:00:00Z</time></trkpt>
<trkpt lat="50.02" lon="8.0"><time>2026-11-15T07:12:00Z</time></trkpt></trkseg></trk></gpx>"""


class Clock:
    """A clock that goes on a little at each look, and can be moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=10)
        return self.at

    def next_morning(self, days: int = 1) -> None:
        self.at = (self.at + timedelta(days=days)).replace(hour=8, minute=0)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock(MONDAY)
    monkeypatch.setattr(clock, "now", moved)
    return moved


@pytest.fixture
def someone(tmp_path: Path, time: Clock) -> Iterator[Someone]:
    person = Someone(tmp_path / "records", LIBRARY)
    yield person
    person.store.close()


@pytest.fixture
def planned(someone: Someone) -> Someone:
    someone.answers({"equipment": ["band", "loop"]})
    assert someone.client.post("/plan/start").headers["location"] == "/plan"
    return someone


def words(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1].split(">", 1)[1])).split())


def versions(person: Someone) -> tuple[PlanVersion, ...]:
    return tuple(one.payload for one in person.store.history(person.id, PlanVersion))


def post(person: Someone, path: str, **data: object) -> str:
    """Send a form of the plan as it stands; where it leads."""
    answer = person.client.post(path, data={"seen": str(len(versions(person))), **data})
    assert answer.status_code == 303, (path, answer.status_code, words(answer.text))
    return str(answer.headers["location"])


def train(person: Someone, time: Clock, *, spare: int = 0, before: int = 2, worst: int = 2, after: int = 2) -> int:
    """Do the whole of today's session by count; how many sets it had."""
    begun = person.client.post(
        "/start", data={"session": str(uuid4()), "pain": str(before), "signs": "no", "how": "count"}
    )
    place, sets = begun.headers["location"], 0
    while place.startswith("/count/"):
        person.text(place)
        set_id = place.rsplit("/", 1)[1]
        asked = person.store.set(UUID(set_id)).start.planned["reps"]
        after_set = person.client.post(place, data={"reps": str(asked + spare)}).headers["location"]
        person.text(after_set)
        time.at += timedelta(minutes=2)
        place, sets = str(person.client.post(f"{after_set}/next").headers["location"]), sets + 1
    person.text(place)
    assert person.client.post(place, data={"pain": str(after), "worst": str(worst)}).status_code == 303
    return sets


def test_the_finding_leads_to_a_plan_and_twice_is_once(someone: Someone) -> None:
    someone.answers({"equipment": ["band", "loop"]})
    assert "Make my plan" in someone.text("/finding")
    for _ in range(2):
        assert someone.client.post("/plan/start").headers["location"] == "/plan"
    (first,) = versions(someone)
    assert first.by == "start"
    page = words(someone.text("/plan"))
    assert "Two exercises." in page
    assert "No part stands out, so hip and knee start together" in page
    assert "See my plan" in someone.text("/finding")


def test_without_a_finding_there_is_no_plan(someone: Someone) -> None:
    assert "There is no plan yet" in someone.text("/plan")
    assert someone.client.post("/plan/start").headers["location"] == "/check"
    for path in ("/plan/changes", "/plan/rules", "/plan/physio", "/plan/calendar.ics", "/plan/swap?exercise=x"):
        assert someone.client.get(path).status_code == 404
    someone.says("age", 34)
    assert someone.client.get("/start").headers["location"] == "/"


def test_a_red_flag_closes_the_plan(planned: Someone) -> None:
    planned.says("today", ["no_weight"])
    assert planned.client.post("/plan/start").headers["location"] == "/check/stop"
    assert planned.client.get("/start").headers["location"] == "/check/stop"
    assert "Have the knee looked at first" in planned.text("/")


def test_home_has_the_session_in_one_tap_with_dose_and_side_of_the_plan(planned: Someone, time: Clock) -> None:
    home = planned.text("/")
    assert 'href="/start">Start</a>' in home
    assert "3 sets of 12, left leg" in words(home)
    assert train(planned, time) == 6
    kept = planned.store.sets(planned.id)
    assert {one.start.side for one in kept} == {"left"}
    assert [one.start.settings["prescribed"] for one in kept] == ["banded_single_leg_stand"] * 3 + [
        "terminal_knee_extension"
    ] * 3
    assert [one.start.planned["reps"] for one in kept] == [12] * 3 + [15] * 3
    assert "Done for today." in words(planned.text("/"))
    assert len(planned.store.sessions(planned.id)) == 1


def test_a_bad_morning_is_asked_once_gates_the_day_and_eases_the_plan(planned: Someone, time: Clock) -> None:
    train(planned, time)
    assert "this morning?" not in planned.text("/"), "not on the day itself"
    time.next_morning()
    assert "How did the knee feel this morning?" in planned.text("/")
    assert planned.text("/?later=true").count("Start</a>") == 0, "a day of rest lies between"
    for value in ("6", "1"):
        assert planned.client.post("/morning", data={"value": value}).headers["location"] == "/"
    said = [one.payload.value for one in planned.store.history(planned.id, Pain) if one.payload.of == "next_morning"]
    assert said == [6.0], "the plan has answered to the first"
    home = words(planned.text("/"))
    assert "Rest today." in home
    assert "the next session is easier" in home
    assert [one.rule for one in versions(planned)] == [None, "morning_worse"]
    assert "3 sets of 7" in words(planned.text("/plan"))
    assert "You said 6 of 10" in words(planned.text("/morning"))
    time.next_morning()
    assert "3 sets of 7" in words(planned.text("/")), "and so is the next session"
    train(planned, time)
    assert planned.store.sets(planned.id)[-1].start.planned["reps"] == 9


def test_pages_opened_twice_or_in_two_windows_add_nothing(planned: Someone, time: Clock) -> None:
    train(planned, time, worst=7)
    before = versions(planned)
    assert before[-1].rule == "pain_over"
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(planned.client.get, ["/", "/plan", "/?later=true", "/runs"] * 6))
    assert {one.status_code for one in answers} == {200}
    assert versions(planned) == before
    time.next_morning(40)
    with ThreadPoolExecutor(8) as many:
        list(many.map(planned.client.get, ["/?later=true"] * 16))
    once = versions(planned)
    planned.text("/?later=true")
    assert versions(planned) == once
    assert len({(one.rule, str(one.plan)) for one in once}) == len(once)


def test_two_windows_change_a_plan_once(planned: Someone) -> None:
    form = {"seen": "1", "exercise": "terminal_knee_extension"}
    with ThreadPoolExecutor(6) as many:
        answers = list(many.map(lambda _: planned.client.post("/plan/easier", data=form), range(6)))
    assert sorted(one.headers["location"] for one in answers) == ["/plan"] + ["/plan?moved=true"] * 5
    assert [one.by for one in versions(planned)] == ["start", "person"]
    assert "had changed meanwhile" in planned.text("/plan?moved=true")


def test_easier_at_once_until_it_cannot_be(planned: Someone) -> None:
    for _ in range(20):
        answer = planned.client.post(
            "/plan/easier", data={"seen": len(versions(planned)), "exercise": "terminal_knee_extension"}
        )
        if answer.status_code != 303:
            break
    assert answer.status_code == 400
    assert "as easy as it gets" in words(answer.text)
    assert (
        planned.client.post("/plan/easier", data={"seen": len(versions(planned)), "exercise": "x"}).status_code == 400
    )


def test_swap_with_a_reason(planned: Someone) -> None:
    offered = planned.text("/plan/swap?exercise=terminal_knee_extension")
    assert offered.index("small_squat") < offered.index("slow_heel_raise"), "the same part of the leg first"
    assert post(planned, "/plan/swap", old="terminal_knee_extension", new="small_squat", why="hurts") == "/plan"
    last = versions(planned)[-1]
    assert (last.by, last.why) == ("person", "The other one hurts.")
    assert "small_squat" in {p["exercise"] for p in last.plan["plan"]["prescriptions"]}
    form = {"seen": len(versions(planned)), "old": "small_squat", "new": "nothing"}
    assert planned.client.post("/plan/swap", data=form).status_code == 400


@pytest.mark.parametrize("days", [["1", "3"], ["0", "2", "4", "6"]])
def test_other_days(planned: Someone, days: list[str]) -> None:
    assert post(planned, "/plan/days", day=days) == "/plan"
    (plan,) = plan_versions(planned.store, planned.id, LIBRARY)[-1:]
    assert plan.plan.weekdays == tuple(map(int, days))
    assert len(plan.change.what) == 1


@pytest.mark.parametrize("days", [[], ["0", "1", "2", "3", "4"], ["9"], ["-1"]])
def test_days_that_no_plan_can_have(planned: Someone, days: list[str]) -> None:
    assert planned.client.post("/plan/days", data={"seen": "1", "day": days}).status_code == 400
    assert len(versions(planned)) == 1


def test_travel_and_a_bad_phase_by_one_tap_each_way(planned: Someone) -> None:
    assert post(planned, "/plan/mode", to="travel") == "/?later=true"
    assert "Today, on the way." in words(planned.text("/"))
    assert post(planned, "/plan/mode", to="travel") == "/?later=true", "twice is once"
    assert post(planned, "/plan/mode", to="home") == "/?later=true"
    assert post(planned, "/plan/mode", to="bad") == "/?later=true"
    home = words(planned.text("/"))
    assert "A short, easy session." in home
    assert "The knee has calmed down" in home
    assert post(planned, "/plan/mode", to="calm") == "/?later=true"
    assert [one.plan["plan"]["mode"] for one in versions(planned)] == ["usual", "travel", "usual", "flare_up", "usual"]
    assert planned.client.post("/plan/mode", data={"seen": "5", "to": "elsewhere"}).status_code == 422


def test_a_physio_changes_a_dose_and_a_rule(planned: Someone) -> None:
    dose = {"exercise": "terminal_knee_extension", "sets": 2, "reps": 10, "lower": 4, "rung": 0, "side": "both"}
    assert post(planned, "/plan/physio/dose", **dose, band="light", why="Let us see.") == "/plan"
    last = versions(planned)[-1]
    assert (last.by, last.why) == ("physio", "Let us see.")
    assert "2 sets of 10, each leg, light band" in words(planned.text("/plan"))
    assert planned.client.post("/plan/physio/dose", data={"seen": "2", **dose, "reps": 90}).status_code == 400
    path = "/plan/physio/rule/pain_over"
    assert post(planned, path, signal=["session_pain"], limit=["3"], why="Careful.") == "/plan/rules"
    assert "Changed by your physio" in words(planned.text("/plan/rules"))
    assert 'value="3"' in planned.text(path)
    for limit in ("nan", "inf", "a lot", ""):
        form = {"seen": "3", "signal": ["session_pain"], "limit": [limit]}
        assert planned.client.post(path, data=form).status_code == 400
    assert planned.client.get("/plan/physio/rule/no_rule").status_code == 404
    assert post(planned, "/plan/physio") == "/plan"
    assert [one.by for one in versions(planned)] == ["start", "physio", "physio", "physio"]


def test_an_edited_rule_is_the_one_that_decides(planned: Someone, time: Clock) -> None:
    post(planned, "/plan/physio/rule/pain_over", signal=["session_pain"], limit=["3"])
    train(planned, time, worst=4)
    assert versions(planned)[-1].rule == "pain_over"


def test_six_weeks_on_the_same_knee_leads_to_another_part(planned: Someone, time: Clock) -> None:
    for _ in range(28):
        home = planned.text("/?later=true")
        if 'href="/start">Start</a>' in home:
            train(planned, time)
        time.next_morning()
        if "this morning?" in planned.text("/"):
            planned.client.post("/morning", data={"value": "2"})
    assert "Is it working?" in planned.text("/")
    assert "All in all" in planned.text("/retest")
    for _ in range(2):
        assert planned.client.post("/retest", data={"value": "same"}).headers["location"] == "/plan?answered=true"
    assert [one.rule for one in versions(planned)].count("not_better") == 1
    assert "the foot first" in words(planned.text("/plan?answered=true")).lower()
    assert planned.client.post("/retest", data={"value": "no such"}).headers["location"], "today is answered"
    time.next_morning()
    assert planned.client.post("/retest", data={"value": "no such"}).status_code == 400


def test_missed_days_are_offered_again_and_never_counted(planned: Someone, time: Clock) -> None:
    time.next_morning()
    home = planned.text("/")
    assert "A day was left out, and that is fine" in words(home) or "first session" in words(home)
    assert not re.search(r"missed|behind|failed|lazy|streak", words(home))


def test_a_session_cut_short_goes_on_and_is_not_judged_yet(planned: Someone, time: Clock) -> None:
    form = {"session": str(uuid4()), "pain": "2", "signs": "no", "how": "count"}
    place = planned.client.post("/start", data=form).headers["location"]
    assert "A set was left in the middle" in planned.text("/")
    planned.client.post(place, data={"reps": "12"})
    assert "Go on with the session" in planned.text("/")
    assert len(versions(planned)) == 1
    time.at += timedelta(hours=3)
    assert "Go on with the session" not in planned.text("/")


@pytest.mark.parametrize(("pain", "signs"), [("8", "no"), ("2", "yes")])
def test_not_a_day_for_it(planned: Someone, pain: str, signs: str) -> None:
    form = {"session": str(uuid4()), "pain": pain, "signs": signs}
    for _ in range(2):
        assert planned.client.post("/start", data=form).status_code == 200
    assert planned.store.sessions(planned.id) == ()
    said = [one.payload for one in planned.store.history(planned.id, Pain)]
    assert [(one.of, one.value) for one in said] == [("now", float(pain))]
    planned.text("/")
    assert (versions(planned)[-1].rule == "flare_up_said") == (pain == "8")


def test_the_calendar_reminds_only_where_asked(planned: Someone) -> None:
    plain = planned.client.get("/plan/calendar.ics")
    assert plain.headers["content-type"].startswith("text/calendar")
    assert "BYDAY=MO,WE,FR" in plain.text
    assert "VALARM" not in plain.text
    reminds = planned.client.get("/plan/calendar.ics?at=07:30&remind=30").text
    assert "T073000" in reminds
    assert "TRIGGER:-PT30M" in reminds
    for query in ("at=25:00", "at=07:30Z", "remind=soon", "remind=-5", "remind=99999", "at="):
        assert planned.client.get(f"/plan/calendar.ics?{query}").status_code == 400, query


def test_a_run_is_logged_once_with_the_pain_around_it(planned: Someone, time: Clock) -> None:
    form = {"id": str(uuid4()), "began": "2026-11-15T18:00", "km": "5,2", "minutes": "31", "pain": "3", "before": "1"}
    for _ in range(2):
        assert planned.client.post("/runs", data=form).headers["location"] == "/runs?saved=true"
    (run,) = planned.store.history(planned.id, Run)
    assert (run.payload.distance_m, run.payload.duration_s, run.payload.pain) == (5200.0, 1860.0, 3.0)
    page = words(planned.text("/runs"))
    assert "Pain in the run was 3 of 10" in page
    for value in ("2", "6"):
        planned.client.post("/runs/after", data={"value": value})
    said = {one.payload.of: one.payload.value for one in planned.store.history(planned.id, Pain)}
    assert said == {"before": 1.0, "hour_after": 2.0}
    assert "How did the knee feel this morning?" in planned.text("/"), "it was run yesterday"


@pytest.mark.parametrize(
    "bad",
    [
        {"km": ""}, {"km": "nan"}, {"km": "-3"}, {"km": "1e9"}, {"km": "far"}, {"km": "5", "began": "2030-01-01T10:00"},
        {"km": "5", "began": "yesterday"}, {"km": "5", "began": "0001-01-01T00:00"},
    ],
)  # fmt: skip
def test_a_run_that_cannot_be(planned: Someone, bad: dict[str, str]) -> None:
    answer = planned.client.post("/runs", data={"id": str(uuid4()), **bad})
    assert answer.status_code == 400
    assert planned.store.history(planned.id, Run) == ()


def test_a_watch_file_is_one_run_without_its_places(planned: Someone) -> None:
    for _ in range(2):
        answer = planned.client.post("/runs/import", files={"file": ("../home.gpx", GPX.encode())}, data={"pain": "1"})
        assert answer.headers["location"] == "/runs?saved=true"
    (run,) = planned.store.history(planned.id, Run)
    assert run.payload.source == "GPX file"
    assert run.payload.distance_m == pytest.approx(2224, abs=30)
    kept = str(run.payload)
    assert "50.0" not in kept
    assert "home" not in kept


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, GPX[:200].encode(), b"<!DOCTYPE a [<!ENTITY b 'c'>]><gpx/>"])
def test_a_file_that_is_no_run(planned: Someone, content: bytes) -> None:
    answer = planned.client.post("/runs/import", files={"file": ("a.gpx", content)})
    assert answer.status_code == 400
    assert planned.store.history(planned.id, Run) == ()


@pytest.mark.parametrize("path", ["/morning", "/pain", "/runs/after"])
def test_pain_is_from_nothing_to_ten(planned: Someone, path: str) -> None:
    for value in ("11", "-1", "nan", "much"):
        answer = planned.client.post(path, data={"value": value, "now": value})
        assert answer.status_code == 422, (path, value)
    assert planned.store.history(planned.id, Pain) == ()


def test_a_plan_that_cannot_be_read_leaves_a_way_on(planned: Someone, time: Clock) -> None:
    broken = PlanVersion(plan={"plan": {"begun": "never"}}, by="start", why="", library="a")
    planned.store.record(planned.id, broken, id=uuid4(), at=time())
    assert "cannot be gone on with" in planned.text("/")
    assert "Make a new plan" in planned.text("/plan")
    assert planned.client.post("/plan/start").headers["location"] == "/plan"
    assert "Two exercises." in words(planned.text("/plan"))


@pytest.mark.parametrize("make", [lambda p: post(p, "/plan/start", seen="1")])
def test_a_plan_begins_anew_when_asked(planned: Someone, make: Callable[[Someone], str]) -> None:
    assert make(planned) == "/plan"
    assert [one.by for one in versions(planned)] == ["start", "start"]
    assert make(planned) == "/plan", "the plan has one version again, and this form has seen it"


def test_what_was_kept_elsewhere_shows_at_once(planned: Someone, time: Clock) -> None:
    assert "Today's session." in words(planned.text("/"))
    planned.store.record(planned.id, Pain(value=8, of="now"), id=uuid4(), at=time())
    assert "A short, easy session." in words(planned.text("/"))
