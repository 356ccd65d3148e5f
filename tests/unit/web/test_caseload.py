"""A caseload, as pages: opened, in order of need, looked at, answered and removed; and the patient's side of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from people import Someone
from seals import light_seal
from store_makers import done

from kneeline.clinic.plan import start_plan
from kneeline.content.load import load
from kneeline.store.kinds import Note, Pain, PhysioQuestion, Profile, Setting
from kneeline.store.kinds import PlanVersion as PlanRecord
from kneeline.store.planned import keep_version, plan_versions
from kneeline.web.case import read_case

LIBRARY = load()
LOG = Path(__file__).resolve().parents[2] / "replay" / "calf_raise_ball_squeeze.parquet"
HERE = {"origin": "http://localhost"}


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    light_seal(monkeypatch)


class Machines:
    """A physio's machine, and patients' machines as they are needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.physio = Someone(folder / "physio", LIBRARY)
        self.patients: dict[str, Someone] = {}

    def patient(self, name: str, pains: list[float] | None = None, answers: Any = None, weeks: int = 3) -> Someone:
        """Somebody with answers, a plan of some weeks and pain on stairs since, who trained until today."""
        someone = self.patients[name] = Someone(self.folder / name, LIBRARY)
        someone.answers(answers or {"equipment": ["band", "loop"], "side": ["left"]})
        begun = datetime.now(UTC) - timedelta(weeks=weeks)
        case = read_case(someone.store, LIBRARY, someone.id)
        if legs := case.assess().legs:
            someone.text("/finding")
            keep_version(someone.store, someone.id, start_plan(legs[0], case.current, LIBRARY, begun), LIBRARY)
        for n, value in enumerate(pains or []):
            at = begun + timedelta(days=n * weeks * 7 / len(pains or [0]))
            someone.store.record(someone.id, Pain(value=value, of="stairs"), id=uuid4(), at=at)
        return someone

    def hand_over(self, name: str, **form: str) -> tuple[bytes, str]:
        """The sealed file of a patient, and its words as they stand on the page."""
        return sealed(self.patients[name], "/data/share", {"name": name} | form)

    def opens(self, content: bytes, words: str) -> Any:
        return opens(self.physio, content, words)


def sealed(someone: Someone, path: str, form: dict[str, str]) -> tuple[bytes, str]:
    made = someone.client.post(path, data=form)
    assert made.status_code == 200, made.text
    words = re.search(r'<ol class="words">(.*?)</ol>', made.text)
    link = re.search(r"/data/shared/[0-9a-f-]{36}", made.text)
    assert words is not None
    assert link is not None
    assert made.headers["cache-control"] == "no-store"
    file = someone.client.get(link[0])
    assert file.headers["content-disposition"].startswith('attachment; filename="kneeline-')
    return file.content, " ".join(re.findall(r"<li>([a-z]+)</li>", words[1]))


def opens(someone: Someone, content: bytes, words: str) -> Any:
    return someone.client.post("/data/open", data={"passphrase": words}, files={"file": ("a.age", content)})


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    known = Machines(tmp_path)
    yield known
    for someone in (known.physio, *known.patients.values()):
        someone.store.close()


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1])).split())


def test_people_stand_in_order_of_need_and_who_needs_nothing_is_silent(machines: Machines) -> None:
    assert "Nobody here yet." in machines.physio.text("/caseload")
    well = machines.patient("Well", [6, 5, 4, 2, 2, 1])
    done(well.store, well.id, datetime.now(UTC))
    worse = machines.patient("Worse", [2, 2, 2, 6, 7, 7])
    done(worse.store, worse.id, datetime.now(UTC))
    machines.patient("Missed", [4, 4, 3])
    machines.patient("Flag", answers={"pattern": ["night"]})
    still = machines.patient("Still", [5, 5, 5, 5, 5, 5, 5], weeks=7)
    done(still.store, still.id, datetime.now(UTC))
    for name in ("Still", "Well", "Missed", "Flag", "Worse"):
        answer = machines.opens(*machines.hand_over(name))
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/caseload/")
    page = words_of(machines.physio.text("/caseload"))
    assert page.index("Flag") < page.index("Worse") < page.index("Missed") < page.index("Still") < page.index("Well")
    assert "4 people need a look." in page
    assert "worse." in page.split("Worse", 1)[1][:200]
    assert re.match(r"up to today at \d\d:\d\d Open a file", page.split("Well", 1)[1].strip())  # and nothing else


def test_one_person_is_shown_whole_with_their_questions_first(machines: Machines) -> None:
    anna = machines.patient("Anna", [3, 3, 7, 7])
    set_id = done(anna.store, anna.id, datetime.now(UTC))
    session_id = anna.store.set(set_id).start.session_id
    anna.store.record(anna.id, Note(text="It <b>clicked</b>"), id=uuid4(), at=datetime.now(UTC), session_id=session_id)
    anna.store.record(anna.id, Setting(name="keep_pose_logs", value=True), id=uuid4(), at=datetime.now(UTC))
    anna.store.keep_pose_log(uuid4(), set_id, LOG.read_bytes(), datetime.now(UTC))
    anna.client.post("/questions", data={"text": "May I run?"})
    home = machines.opens(*machines.hand_over("Anna", movement="true")).headers["location"]
    page = machines.physio.text(home)
    said = words_of(page)
    assert said.index("Asks you") < said.index("Plan") < said.index("Finding") < said.index("Progress")
    for part in (
        "May I run?",
        "Pain on stairs",
        "Calf raise with a ball squeeze",
        "It <b>clicked</b>",
        "apart from your",
    ):
        assert part in said
    replay = re.search(r"/caseload/[0-9a-f-]+/sets/[0-9a-f-]+", page)
    assert replay is not None
    shown = machines.physio.text(replay[0])
    keypoints = re.search(r'data-keypoints="([^"]+)"', shown)
    assert keypoints is not None
    assert len(machines.physio.client.get(keypoints[1]).content) % 400 == 0
    assert machines.opens(*machines.hand_over("Anna")).headers["location"].endswith("new=true")


def test_the_plan_is_changed_with_a_reason_and_comes_back(machines: Machines) -> None:
    anna = machines.patient("Anna", [3, 3, 3])
    home = machines.opens(*machines.hand_over("Anna")).headers["location"].split("?")[0]
    before = plan_versions(anna.store, anna.id, LIBRARY)[-1]
    form = filled(machines.physio.text(f"{home}/plan"))
    refused = [
        (form | {"reps_0": "8"}, "The reason is missing"),
        (form | {"why": "Because."}, "Nothing is different"),
        (form | {"why": "Because.", "reps_0": "99"}, "reps is 99"),
        (form | {"why": "Because.", "reps_0": "nan"}, "no number"),
        (form | {"why": "Because.", "reps_0": "1e400"}, "no number"),
        (form | {"why": "Because.", "sets_0": "2.5"}, "no number"),
        (form | {"why": "Because.", "step_0": "9 strong"}, "no step"),
        (form | {"why": "Because.", "add": "../etc"}, "cannot be added"),
        ({key: value for key, value in form.items() if key.startswith("out")} | leave_all(form), "exercises"),
    ]
    for wrong, why in refused:
        answer = machines.physio.client.post(f"{home}/plan", data=wrong)
        assert (answer.status_code, why in html.unescape(answer.text)) == (400, True), why
    no_reply = machines.physio.client.post("/data/reply", data={"person_id": home.rsplit("/", 1)[1]})
    assert "no change of yours" in no_reply.text
    kept = machines.physio.client.post(f"{home}/plan", data=form | {"reps_0": "8", "why": "Fewer <and> slower."})
    assert kept.headers["location"] == f"{home}?new=plan"
    content, words = sealed(machines.physio, "/data/reply", {"person_id": home.rsplit("/", 1)[1]})
    opened = opens(anna, content, words)
    assert opened.headers["location"] == "/answer?new=true"
    assert "Fewer <and> slower." in words_of(anna.text("/answer"))
    after = plan_versions(anna.store, anna.id, LIBRARY)
    assert (len(after), after[-1].change.by) == (2, "physio")
    assert after[-1].plan.prescriptions[0].dose.reps == 8 != before.plan.prescriptions[0].dose.reps
    assert opens(anna, content, words).headers["location"] == "/answer?new=false"
    # Somebody else's machine does not take it.
    ben = machines.patient("Ben")
    assert "somebody else" in opens(ben, content, words).text
    assert [one.payload.by for one in ben.store.history(ben.id, PlanRecord)] == ["start"]


def leave_all(form: dict[str, str]) -> dict[str, str]:
    """Every exercise left out."""
    return form | {f"out_{name[5:]}": "true" for name in form if name.startswith("step_")} | {"why": "Rest."}


def filled(page: str) -> dict[str, str]:
    """A form as it stands on the page."""
    found = dict(re.findall(r'<input type="number" id="\w+" name="(\w+)" value="([^"]*)"', page))
    for name, options in re.findall(r'<select id="\w+" name="(\w+)">(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_an_exercise_is_added_and_left_out(machines: Machines) -> None:
    machines.patient("Anna")
    home = machines.opens(*machines.hand_over("Anna")).headers["location"].split("?")[0]
    page = machines.physio.text(f"{home}/plan")
    more = re.findall(r'<option value="(\w+)"', page.split('id="add"')[1])
    form = filled(page) | {"out_0": "true", "add": more[0], "why": "Another one first."}
    assert machines.physio.client.post(f"{home}/plan", data=form).status_code == 303
    person = UUID(home.rsplit("/", 1)[1])
    now = plan_versions(machines.physio.store, person, LIBRARY)[-1]
    assert now.plan.prescriptions[-1].exercise == more[0]
    assert now.plan.prescriptions[-1].why == "Another one first."


def test_what_is_wrong_with_a_file_is_said_and_nothing_changes(machines: Machines) -> None:
    machines.patient("Anna")
    content, words = machines.hand_over("Anna")
    assert machines.physio.id  # which makes the machine somebody's
    before = machines.physio.store.people()
    for sent, said, says in (
        (content, "wrong words", "does not open"),
        (content[:-40], words, "nothing was changed"),
        (b"", words, "no share of kneeline"),
        (b"PK\x03\x04 not a share", words, "no share of kneeline"),
    ):
        answer = machines.opens(sent, said)
        assert (answer.status_code, says in html.unescape(answer.text)) == (400, True), says
        assert said not in answer.text
    assert machines.physio.store.people() == before
    own = opens(machines.patients["Anna"], content, words)
    assert "your own records" in own.text
    long = machines.physio.client.post("/data/open", headers={"content-length": str(1 << 30)}, content=b"x")
    assert long.status_code == 413


def test_records_that_cannot_be_read_hide_nobody_else_and_can_be_removed(machines: Machines) -> None:
    anna = machines.patient("Anna")
    wild = PlanRecord(plan={"plan": 3}, by="start", why="", library="")
    anna.store.record(anna.id, wild, id=uuid4(), at=datetime.now(UTC))
    home = machines.opens(*machines.hand_over("Anna")).headers["location"].split("?")[0]
    machines.patient("Ben")
    machines.opens(*machines.hand_over("Ben"))
    page = words_of(machines.physio.text("/caseload"))
    assert "Ben" in page
    assert "Cannot be read" in page
    assert machines.physio.client.get(home).status_code == 400
    person = home.rsplit("/", 1)[1]
    unsure = machines.physio.client.post("/data/remove", data={"person_id": person, "sure": "yes"})
    assert unsure.status_code == 400
    gone = machines.physio.client.post("/data/remove", data={"person_id": person, "sure": "remove"})
    assert gone.headers["location"] == "/caseload?removed=true"
    assert machines.physio.client.get(home).status_code == 404


def test_ones_own_records_are_no_case_and_strangers_are_nowhere(machines: Machines) -> None:
    me = machines.physio.id
    for id in (me, uuid4()):
        assert machines.physio.client.get(f"/caseload/{id}").status_code == 404
        assert (
            machines.physio.client.post("/data/remove", data={"person_id": str(id), "sure": "remove"}).status_code
            == 404
        )
        assert machines.physio.client.post("/data/reply", data={"person_id": str(id)}).status_code == 404
    assert [person.id for person in machines.physio.store.people()] == [me]
    assert machines.physio.client.get(f"/data/shared/{uuid4()}").status_code == 404


def test_the_words_stand_on_one_page_once_and_the_name_goes_along(machines: Machines) -> None:
    anna = machines.patient("Anna")
    first, words = machines.hand_over("Anna")
    again, others = machines.hand_over("Anna")
    assert words != others
    assert len(words.split()) == 6
    known = anna.store.latest(anna.id, Profile)
    assert known is not None
    assert known.payload.name == "Anna"
    assert len(anna.store.history(anna.id, Profile)) == 1
    assert all(word not in anna.text("/share") for word in (words, others))
    assert opens(machines.physio, first, others).status_code == 400
    assert opens(machines.physio, again, others).status_code == 303


def test_questions_are_kept_listed_and_taken_back(machines: Machines) -> None:
    anna = machines.patient("Anna")
    for text in ("May I run?", "<script>alert(1)</script>"):
        assert anna.client.post("/questions", data={"text": text}).headers["location"] == "/questions"
    page = anna.text("/questions")
    assert "<script>alert" not in page
    assert "<script>alert(1)</script>" in words_of(page)
    (first, *_) = anna.store.history(anna.id, PhysioQuestion)
    anna.client.post("/questions/back", data={"id": str(first.id)})
    assert "May I run?" not in anna.text("/questions")
    anna.client.post("/questions/back", data={"id": str(uuid4())})
    assert len(anna.store.history(anna.id, PhysioQuestion)) == 1
    assert anna.client.post("/questions", data={"text": "  "}).status_code == 400
    assert anna.client.post("/questions", data={"text": "x" * 3_000}).status_code == 422


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"clinic_name": "Praxis", "clinic_link": "https://example.org/book", "clinic_phone": "+41 44 123 45 67"}, 303),
        ({"clinic_name": "", "clinic_link": "", "clinic_phone": ""}, 303),
        ({"clinic_link": "javascript:alert(1)"}, 400),
        ({"clinic_link": "https://"}, 400),
        ({"clinic_link": "https://[::1"}, 400),
        ({"clinic_link": "https://a b"}, 400),
        ({"clinic_phone": "call me"}, 400),
        ({"clinic_phone": '1" onclick="x'}, 400),
    ],
)
def test_a_clinic_is_set_by_name_page_and_telephone(machines: Machines, form: dict[str, str], status: int) -> None:
    anna = machines.patient("Anna")
    answer = anna.client.post("/contact", data=form)
    assert answer.status_code == status
    page = anna.text("/contact")
    if form.get("clinic_name"):
        assert 'href="tel:+41441234567"' in page
        assert 'href="https://example.org/book"' in page
    else:
        assert "tel:" not in page
        assert "javascript" not in page
