"""The coach's server: what it lets in, what it keeps, and that a set survives its page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import numpy as np
import pytest
from fastapi.testclient import TestClient
from makers import drawn
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from kneeline.capture.poselog import read_pose_log
from kneeline.content.load import Library, load, load_exercise
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.motion import Engine
from kneeline.store import KeptSet, Store
from kneeline.web import live
from kneeline.web.app import create_app
from kneeline.web.wire import HEADER

OURS = {"origin": "http://localhost"}
CALF, BAND = "calf_raise_ball_squeeze", "banded_single_leg_stand"
STILL_S = 7.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "records") as store:
        yield store


@pytest.fixture
def library() -> Library:
    """The library, with doses short enough to be done here."""
    return short_doses(load(), reps=3, sets=2)


@pytest.fixture
def client(store: Store, library: Library, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(live, "BURST", 1e6)  # these pages show in a moment what a camera sees in half a minute
    return TestClient(create_app(store, library), base_url="http://localhost", headers=OURS)


def short_doses(library: Library, reps: int, sets: int) -> Library:
    exercises = dict(library.exercises)
    for id, exercise in exercises.items():
        if exercise.dose is not None:
            few = {
                "reps": msgspec.structs.replace(exercise.dose.reps, value=float(reps)),
                "sets": msgspec.structs.replace(exercise.dose.sets, value=float(sets)),
            }
            exercises[id] = msgspec.structs.replace(exercise, dose=msgspec.structs.replace(exercise.dose, **few))
    return Library(exercises, library.signals, library.measures, *(getattr(library, f) for f in REST))


REST = [name for name in Library.__slots__ if name not in ("exercises", "signals", "measures")]


def begin(client: TestClient, exercise: str = CALF, **form: object) -> str:
    """Start a session; the path of its page."""
    asked = {"exercise": exercise, "session": str(uuid4()), "pain": 2, "signs": "no", "how": "camera"} | form
    answer = client.post("/start", data=asked, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def bytes_of(frame: PoseFrame, seq: int, people: int = 255, t_s: float | None = None) -> bytes:
    points = np.column_stack([frame.xy, frame.confidence]).astype("<f4")
    return HEADER.pack(1, people, 720, 960, 0, seq, frame.t_s if t_s is None else t_s) + points.tobytes()


def performed(reps: int = 3, exercise: str = CALF) -> list[PoseFrame]:
    """Somebody who stands still for a while and then does it."""
    series: PoseSeries = drawn(exercise, reps=reps)
    first, *_ = list(series)
    still = [(first, i / 15) for i in range(int(STILL_S * 15))]
    moving = [(frame, STILL_S + frame.t_s) for frame in list(series)[::2]]
    return [PoseFrame(t_s, f.xy, f.sd_px, f.confidence, -1) for f, t_s in still + moving]


class Page:
    """A page as the server sees it."""

    def __init__(self, socket: WebSocketTestSession) -> None:
        self.socket, self.seq = socket, 0
        self.told: list[dict[str, Any]] = []

    def show(self, frames: list[PoseFrame], people: int = 255) -> None:
        for frame in frames:
            self.socket.send_bytes(bytes_of(frame, self.seq, people))
            self.seq += 1

    def send(self, message: bytes | str) -> None:
        if isinstance(message, bytes):
            self.socket.send_bytes(message)
        else:
            self.socket.send_text(message)

    def say(self, word: str, t_s: float) -> None:
        self.socket.send_text(json.dumps({"do": word, "t_s": t_s}))

    def until(self, key: str, value: object = None) -> Any:
        """Listen until something of this kind is told, with this value where one is given."""
        while True:
            for one in json.loads(self.socket.receive_text()):
                self.told.append(one)
            found = self.of(key)
            if found and (value is None or value in found):
                return found[-1]

    def of(self, key: str) -> list[Any]:
        return [one[key] for one in self.told if key in one]


@contextmanager
def page_at(client: TestClient, path: str) -> Iterator[Page]:
    with client.websocket_connect(f"ws://localhost{path}", headers=OURS) as socket:
        yield Page(socket)


def the_sets(store: Store) -> tuple[KeptSet, ...]:
    return store.sets(store.people()[0].id)


def the_set(store: Store) -> KeptSet:
    (kept,) = the_sets(store)
    return kept


def test_what_is_counted_through_the_socket_is_what_a_file_counts(client: TestClient, store: Store) -> None:
    frames = performed()
    engine = Engine(load_exercise(CALF), load())
    engine.push(PoseSeries.of(frames))
    with page_at(client, begin(client)) as page:
        page.show(frames)
        assert page.until("over") is True
    assert page.of("saved") == [1, 2, 3] == [rep.n for rep in engine.result().reps]
    summary = the_set(store).summary
    assert summary is not None
    assert summary.count == 3
    counted = [one["text"] for one in page.of("say") if one["kind"] == "count"]
    assert counted == ["1", "2", "Last one.", "3"]


def test_a_page_loaded_anew_goes_on_where_it_was(client: TestClient, store: Store) -> None:
    frames = performed()
    middle = next(i for i, frame in enumerate(frames) if frame.t_s > STILL_S + 9.0)
    path = begin(client)
    with page_at(client, path) as page:
        page.show(frames[:middle])
        page.until("saved", 1)
    with page_at(client, path) as page:
        assert page.until("screen")["count"] == 1
        page.show([replace(frame, t_s=frame.t_s - frames[middle].t_s) for frame in frames[middle:]])
        page.until("over")
    assert page.of("saved") == [2, 3]
    summary = the_set(store).summary
    assert summary is not None
    assert summary.count == 3


def test_a_set_left_in_the_middle_stands_in_the_history_with_what_was_counted(client: TestClient, store: Store) -> None:
    frames = performed()
    middle = next(i for i, frame in enumerate(frames) if frame.t_s > STILL_S + 9.0)
    with page_at(client, begin(client)) as page:
        page.show(frames[:middle])
        page.until("saved", 1)
    assert "1 repetition<" in client.get("/sessions").text
    record = client.get(f"/sessions/{the_set(store).start.session_id}").text
    assert "<td>1</td>" in record
    assert "not finished" in record


def test_a_server_started_anew_takes_the_set_up_from_disk(client: TestClient, store: Store, library: Library) -> None:
    frames = performed(4)
    middle = next(i for i, frame in enumerate(frames) if frame.t_s > STILL_S + 16.0)
    path = begin(client)
    with page_at(client, path) as page:
        page.show(frames[:middle])
        page.until("saved", 2)
    anew = TestClient(create_app(store, library), base_url="http://localhost", headers=OURS)
    with page_at(anew, path) as page:
        assert page.until("screen")["count"] == 2
        page.show(performed(1))
        assert page.until("over") is True
    assert [rep.n for rep in store.repetitions(the_set(store).start.id)] == [1, 2, 3]


def test_a_second_window_takes_over(client: TestClient) -> None:
    path = begin(client)
    with page_at(client, path) as first:
        first.until("screen")
        with page_at(client, path) as second:
            second.until("screen")
            with pytest.raises(WebSocketDisconnect) as closed:
                first.until("over")
    assert closed.value.code == 4001


def test_a_second_person_pauses_the_set_and_the_count_is_kept(client: TestClient) -> None:
    frames = performed(4)
    middle = next(i for i, frame in enumerate(frames) if frame.t_s > STILL_S + 8.0)
    with page_at(client, begin(client)) as page:
        page.show(frames[:middle])
        page.show(frames[middle : middle + 60], people=2)
        page.until("saved", 1)
        while "paused" not in [screen["state"] for screen in page.of("screen")]:
            page.until("screen")
        assert page.of("screen")[-1]["count"] == 1
    assert "someone_else" in [one["id"] for one in page.of("say")]


def test_stop_is_one_word_and_ends_the_set(client: TestClient, store: Store) -> None:
    with page_at(client, begin(client)) as page:
        page.show(performed()[:150])
        page.say("stop", 11.0)
        page.until("over")
    assert page.of("say")[-1]["kind"] == "safety"
    assert the_set(store).ended_at is not None
    later = client.get(f"/sets/{the_set(store).start.id}").text
    assert "You stopped. That was right." in later
    assert "timer" not in later  # nothing goes on by itself, also when the page is opened again


def test_keypoints_are_kept_only_when_the_person_says_so(client: TestClient, store: Store) -> None:
    for wanted in (False, True):
        if wanted:
            asked = {"voice": "off", "volume": 0.4, "talk": 1, "keep_pose_logs": "true"}
            assert client.post("/settings", data=asked, follow_redirects=False).status_code == 303
        with page_at(client, begin(client)) as page:
            page.show(performed())
            page.until("over")
        assert len(store.pose_logs(store.people()[0].id)) == wanted
    set_id = the_sets(store)[-1].start.id
    assert client.get(f"/sets/{set_id}/replay").status_code == 200
    rows = np.frombuffer(client.get(f"/sets/{set_id}/keypoints").content, "<f4").reshape(-1, 100)
    assert rows[0, :2].tolist() == [720, 960]
    assert client.get(f"/sets/{the_sets(store)[0].start.id}/replay").status_code == 404
    frames, about = read_pose_log(store.pose_logs(store.people()[0].id)[0].path)
    assert len(frames) == len(rows) - 1
    assert (about.width_px, about.height_px, about.pose_model) == (720, 960, "blazepose-full")
    assert len(frames) > 100


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x00" * 416,
        b"\xff" * 416,
        b"x" * 4000,
        '{"do":"fly","t_s":1}',
        "[[[[",
        '{"do":"tick","t_s":-1}',
    ],
)
def test_a_strange_message_ends_its_own_line_only(client: TestClient, message: bytes | str) -> None:
    path, other = begin(client), begin(client)
    with page_at(client, other) as bystander:
        with page_at(client, path) as page:
            page.send(message)
            with pytest.raises(WebSocketDisconnect) as closed:
                page.until("over")
        assert closed.value.code == 1008
        assert page.of("refused")[0]
        bystander.show(performed())
        assert bystander.until("over") is True
    with page_at(client, path) as page:
        assert page.until("screen")["state"] == "framing"


def test_a_flood_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BURST", 50.0)
    with page_at(client, begin(client)) as page:
        page.show(performed())
        with pytest.raises(WebSocketDisconnect):
            page.until("over")
    assert page.of("refused") == ["too many messages"]


def test_frames_out_of_order_are_left_out(client: TestClient) -> None:
    frames = performed()
    with page_at(client, begin(client)) as page:
        for i, frame in enumerate(frames):
            page.socket.send_bytes(bytes_of(frame, 2 * i + 1))
            if i:
                page.socket.send_bytes(bytes_of(frames[i // 2], i))
        assert page.until("over") is True
    assert page.of("saved") == [1, 2, 3]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost", "http://localhost:1", ""])
def test_another_site_gets_no_socket_and_writes_nothing(client: TestClient, origin: str) -> None:
    path = begin(client)
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(f"ws://localhost{path}", headers={"origin": origin}),
    ):
        pass
    assert closed.value.code == 1008
    assert client.post("/settings", data={"voice": "off"}, headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "localhost:80:80", "[::2]"]
)
def test_a_foreign_host_gets_nothing(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("path", ["/live/nonsense", f"/live/{UUID(int=4)}", "/live/../x", "/elsewhere"])
def test_a_set_that_is_not_there_gets_no_line(client: TestClient, path: str) -> None:
    with pytest.raises(WebSocketDisconnect), page_at(client, path) as page:
        page.until("over")


PAGES = ("/", "/exercises", f"/exercises/{CALF}", f"/start?exercise={BAND}", "/sessions", "/settings", "/offline")


@pytest.mark.parametrize(
    "path", [*PAGES, "/nothing", "/static/live.js", "/static/nothing", "/sw.js", f"/figures/{CALF}.svg"]
)
def test_every_answer_keeps_the_page_to_itself(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == (404 if "nothing" in path else 200)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "microphone=()" in answer.headers["permissions-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_what_finds_the_person_may_compile(client: TestClient) -> None:
    for path in (begin(client), "/static/pose-worker.js"):
        assert "'wasm-unsafe-eval'" in client.get(path).headers["content-security-policy"]


def test_today_is_not_a_day_for_it_when_it_hurts(client: TestClient, store: Store) -> None:
    for form in ({"pain": 6}, {"signs": "yes"}):
        asked = {"exercise": CALF, "session": str(uuid4()), "pain": 2, "signs": "no", "how": "camera"} | form
        answer = client.post("/start", data=asked)
        assert "Not today" in answer.text
    assert not store.people() or not store.sets(store.people()[0].id)


@pytest.mark.parametrize(
    "form",
    [
        {"pain": 11},
        {"pain": "nan"},
        {"session": "x"},
        {"side": "middle"},
        {"exercise": "no"},
        {"signs": ""},
        {"pain": ""},
    ],
)
def test_a_form_that_cannot_be_is_answered_with_a_page(client: TestClient, form: dict[str, object]) -> None:
    asked = {"exercise": CALF, "session": str(uuid4()), "pain": 2, "signs": "no", "how": "camera"} | form
    answer = client.post("/start", data=asked)
    assert answer.status_code in (404, 422)
    assert "<h1>" in answer.text


def test_a_session_without_a_camera_and_without_scripts(client: TestClient, store: Store) -> None:
    path = begin(client, BAND, side="left", how="count")
    for _ in range(4):
        answer = client.post(path, data={"reps": 3})
        assert "3 repetitions." in answer.text
        set_id = path.rpartition("/")[2]
        path = client.post(f"/sets/{set_id}/next", follow_redirects=False).headers["location"]
    assert path.endswith("/end")
    assert "4 of 10" in client.post(path, data={"pain": 3, "effort": 4, "note": "<b>warm</b>"}).text
    page = client.get(path.removesuffix("/end")).text
    assert "&lt;b&gt;warm&lt;/b&gt;" in page
    assert [kept.start.side for kept in store.sets(store.people()[0].id)] == ["left", "right", "left", "right"]


def test_sending_a_form_twice_begins_one_session(client: TestClient, store: Store) -> None:
    session = str(uuid4())
    assert begin(client, session=session) == begin(client, session=session)
    assert len(store.sessions(store.people()[0].id)) == 1


def test_who_goes_back_and_chooses_otherwise_begins_another_session(client: TestClient, store: Store) -> None:
    asked = {"exercise": CALF, "session": str(uuid4()), "pain": 2, "signs": "no"}
    ways = [
        client.post("/start", data=asked | {"how": how}, follow_redirects=False).headers["location"]
        for how in ("count", "camera", "count")
    ]
    assert [way.split("/")[1] for way in ways] == ["count", "live", "count"]
    assert ways[0] == ways[2]
    assert len(store.sessions(store.people()[0].id)) == 2


def test_a_session_that_never_was_has_no_end(client: TestClient, store: Store) -> None:
    assert client.get(f"/sessions/{uuid4()}/end").status_code == 404
    assert client.post(f"/sessions/{uuid4()}/end", data={"pain": 3}).status_code == 404


def test_somebody_elses_records_are_said_to_be_theirs_and_shown_on_request(
    client: TestClient, library: Library, tmp_path: Path
) -> None:
    client.post(begin(client, how="count"), data={"reps": 3})
    export = client.post("/data/export").content
    with Store.open(tmp_path / "elsewhere") as other:
        elsewhere = TestClient(create_app(other, library), base_url="http://localhost", headers=OURS)
        elsewhere.post(begin(elsewhere, how="count"), data={"reps": 2})
        told = elsewhere.post("/data/import", files={"file": ("e.zip", export)})
        assert "another person" in told.text
        assert "3 repetitions" not in elsewhere.get("/sessions").text
        told = elsewhere.post("/data/import", files={"file": ("e.zip", export)}, data={"as_me": "true"})
        assert "another person" not in told.text
        assert "3 repetitions" in elsewhere.get("/sessions").text


def test_records_are_taken_along_and_erased(client: TestClient, store: Store, library: Library, tmp_path: Path) -> None:
    path = begin(client, how="count")
    client.post(path, data={"reps": 3})
    export = client.post("/data/export")
    assert export.headers["content-disposition"].startswith("attachment")
    with Store.open(tmp_path / "elsewhere") as other:
        elsewhere = TestClient(create_app(other, library), base_url="http://localhost", headers=OURS)
        assert "Nothing yet" in elsewhere.get("/sessions").text  # whoever looks at the pages first has nothing to lose
        for _ in range(2):
            assert elsewhere.post("/data/import", files={"file": ("e.zip", export.content)}).status_code == 200
        assert the_set(store).start.id in [kept.start.id for person in other.people() for kept in other.sets(person.id)]
        assert "3 repetitions" in elsewhere.get("/sessions").text
        broken = elsewhere.post("/data/import", files={"file": ("e.zip", export.content[:-9])})
        assert broken.status_code == 400
        assert "<h1>" in broken.text
    assert client.post("/data/erase", data={"sure": "yes"}).status_code == 422
    assert the_sets(store)
    client.post("/data/erase", data={"sure": "erase"})
    assert not [kept for person in store.people() for kept in store.sets(person.id)]
