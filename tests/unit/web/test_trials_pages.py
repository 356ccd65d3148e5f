"""The pages of movement tests, over plain requests: live line, forms, results, and what strangers may send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from kneeline.content.load import load, load_test
from kneeline.content.schema import Given
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.model.quantity import Estimate
from kneeline.motion.figure import perform
from kneeline.motion.trial import Trial
from kneeline.report.story import basis
from kneeline.store import Kept, Store
from kneeline.store.kinds import Answer
from kneeline.store.kinds import TestResult as Result
from kneeline.web import live
from kneeline.web.app import create_app
from kneeline.web.case import read_case
from kneeline.web.trial_book import sides_of
from kneeline.web.wire import HEADER

OURS = {"origin": "http://localhost"}
LIBRARY = load()
SQUATS: dict[str, Any] = {"reps": 5, "lift_s": 1.5, "hold_s": 0.3, "lower_s": 1.5, "view": "front", "noise_px": 1.0}
RAISES: dict[str, Any] = {"reps": 8, "lift_s": 0.7, "hold_s": 0.2, "lower_s": 0.7, "view": "right", "noise_px": 1.0}
FOOT = ["80,610,520,612,300,460", "82,608,522,611,301,458", "79,612,519,613,299,461"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def client(store: Store, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(live, "BURST", 1e6)  # half a minute is shown in a moment here
    return TestClient(create_app(store, LIBRARY), base_url="http://localhost", headers=OURS)


def performed(exercise: str, *, after_s: float = 12.0, **given: Any) -> list[PoseFrame]:
    """Somebody who stands still, does it, and stands still again."""
    rows = list(perform(LIBRARY.exercises[exercise], Given(**given)).series)
    before = [replace(rows[0], t_s=i / 15) for i in range(7 * 15)]
    moving = [replace(row, t_s=7.0 + row.t_s - rows[0].t_s) for row in rows]
    after = [replace(rows[-1], t_s=moving[-1].t_s + (i + 1) / 15) for i in range(int(after_s * 15))]
    return [replace(frame, people=1) for frame in before + moving + after]


def message(frame: PoseFrame, seq: int) -> bytes:
    points = np.column_stack([frame.xy, frame.confidence]).astype("<f4")
    return HEADER.pack(1, 1, 720, 960, 0, seq, frame.t_s) + points.tobytes()


@contextmanager
def line(client: TestClient, path: str) -> Iterator[Any]:
    with client.websocket_connect(f"ws://localhost{path}", headers=OURS) as socket:
        yield socket


def until(socket: Any, key: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    while not any(key in one for one in told):
        told += json.loads(socket.receive_text())
    return told


def done(client: TestClient, path: str, frames: list[PoseFrame]) -> list[dict[str, Any]]:
    """Do a test in front of the camera; all that was told."""
    with line(client, path) as socket:
        for seq, frame in enumerate(frames):
            socket.send_bytes(message(frame, seq))
        return until(socket, "over")


def go(test: str, side: str, id: UUID | None = None) -> str:
    return f"/live/test/{test}/{side}/{id or uuid4()}"


def records(store: Store) -> tuple[Kept[Result], ...]:
    return store.history(store.people()[0].id, Result)


def record(store: Store) -> Result:
    (kept,) = records(store)
    return kept.payload


# What there is


def test_every_test_is_listed_and_has_its_page(client: TestClient) -> None:
    listed = client.get("/tests").text
    for test in LIBRARY.tests.values():
        assert f'href="/tests/{test.id}"' in listed
        whole = client.get(f"/tests/{test.id}")
        assert whole.status_code == 200
        for line in (*test.stop, *test.setup, test.camera.place):
            assert line.replace("'", "&#39;") in whole.text, line
        for value in test.value:
            assert value.weight in whole.text
            assert value.norm or value.no_norm in whole.text
        for claim in test.evidence:
            assert claim.says in whole.text


@pytest.mark.parametrize("test_id", LIBRARY.tests)
def test_the_chosen_leg_comes_first(client: TestClient, test_id: str) -> None:
    test = LIBRARY.tests[test_id]
    whole = client.get(f"/tests/{test_id}?side=right").text
    starts = re.findall(rf"/live/test/{test_id}/(\w+)/|/tests/{test_id}/photo\?side=(\w+)", whole)
    sides = [a or b for a, b in starts]
    assert sides == (["right", "left"] if len(sides_of(test)) == 2 else ["both"])


@pytest.mark.parametrize("path", ["/tests/nothing", "/tests/single_leg_squat/alone", "/tests/stand_30s/photo"])
def test_what_is_not_there_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_red_flag_stops_every_test(client: TestClient, store: Store) -> None:
    flag = Answer(question="today", question_version=LIBRARY.clinic.questions["today"].version, value=["no_weight"])
    store.record(store.local_person(datetime.now(UTC)).id, flag, id=uuid4(), at=datetime.now(UTC))
    whole = client.get("/tests/single_leg_squat?side=left").text
    assert "Not now." in whole
    assert "/live/test/" not in whole
    begun = client.get(go("single_leg_squat", "left"), follow_redirects=False)
    assert begun.status_code != 200


# In front of the camera


def test_live_gives_what_the_same_frames_give_from_a_file(client: TestClient, store: Store) -> None:
    frames, id = performed("squat_single_leg", **SQUATS), uuid4()
    assert client.get(go("single_leg_squat", "right", id)).status_code == 200
    told = done(client, go("single_leg_squat", "right", id), frames)
    assert [one["say"]["text"] for one in told if one.get("say", {}).get("kind") == "count"] == list("12345")
    trial = Trial(load_test("single_leg_squat"), LIBRARY, "right", "blazepose-full")
    trial.push(PoseSeries.of(frames))
    trial.finish()
    kept = record(store)
    assert (kept.test, kept.side, kept.pose_model, kept.library) == (
        "single_leg_squat", "right", "blazepose-full", LIBRARY.digest,
    )  # fmt: skip
    for name, value in trial.result().values.items():
        assert isinstance(value.result, Estimate)
        assert kept.measures[name]["value"] == pytest.approx(value.result.value, abs=value.result.sd)
        assert kept.measures[name]["unit"] == "deg"
    case = read_case(store, LIBRARY, store.people()[0].id)
    assert isinstance(case.results["right"]["fppa_at_depth"], Estimate)
    page = client.get(f"/trials/{id}").text
    assert "Knee inward at 45 degrees of bend" in page
    assert "is more than error" in page
    assert (
        client.get(go("single_leg_squat", "right", id), follow_redirects=False).headers["location"] == f"/trials/{id}"
    )


def test_a_wrong_view_is_kept_as_not_assessable_with_the_reason(client: TestClient, store: Store) -> None:
    frames, id = performed("squat_single_leg", **SQUATS | {"view": "right"}), uuid4()
    with line(client, go("single_leg_squat", "right", id)) as socket:
        for seq, frame in enumerate(frames[:60]):
            socket.send_bytes(message(frame, seq))
        assert any(one.get("say", {}).get("id") == "turn_test_single_leg_squat" for one in until(socket, "say"))
        socket.send_text(json.dumps({"do": "start", "t_s": frames[60].t_s}))
        for seq, frame in enumerate(frames[61:], 61):
            socket.send_bytes(message(frame, seq))
        socket.send_text(json.dumps({"do": "finish", "t_s": 1000}))
        until(socket, "over")
    assert all("sees your" in body["not_assessable"] for body in record(store).measures.values())
    page = client.get(f"/trials/{id}").text
    assert "This go gives no number." in page
    assert "Once more" in page


def test_a_test_stopped_for_pain_has_no_number_and_leads_nowhere_else(client: TestClient, store: Store) -> None:
    id = uuid4()
    with line(client, go("heel_raise_count", "left", id)) as socket:
        until(socket, "screen")
        socket.send_text('{"do":"stop","t_s":3}')
        until(socket, "over")
    assert {body["not_assessable"] for body in record(store).measures.values()} == {"you stopped because it hurt"}
    page = client.get(f"/trials/{id}").text
    assert "You stopped. That was right." in page
    assert "Once more" not in page


def test_goes_of_one_hour_add_up_and_their_error_shrinks(client: TestClient, store: Store) -> None:
    for seed in range(2):
        rows = performed("squat_single_leg", **SQUATS | {"noise_px": 1.0 + seed})
        done(client, go("single_leg_squat", "right"), rows)
    first, second = (kept.payload for kept in records(store))
    assert len(second.detail["goes"]) == 2
    assert second.measures["trunk_lean_peak_deg"]["sd"] <= first.measures["trunk_lean_peak_deg"]["sd"]
    page = client.get(f"/trials/{records(store)[1].id}").text
    assert "Put together from 2 goes" in page


def test_two_legs_are_compared_either_way(client: TestClient, store: Store) -> None:
    done(client, go("heel_raise_count", "right"), performed("heel_raise_single", **RAISES))
    left = [mirrored(frame) for frame in performed("heel_raise_single", **RAISES)]
    done(client, go("heel_raise_count", "left"), left)
    case = read_case(store, LIBRARY, store.people()[0].id)
    both = [case.results[side]["heel_raise_height_side_difference"] for side in ("left", "right")]
    assert all(isinstance(one, Estimate) for one in both)
    assert both[0].value == pytest.approx(-both[1].value, abs=0.02)  # type: ignore[union-attr]
    page = client.get(f"/trials/{records(store)[-2].id}").text + client.get(f"/trials/{records(store)[-1].id}").text
    assert "no further apart than the error" in page


def mirrored(frame: PoseFrame) -> PoseFrame:
    """The same movement with the other leg, seen from the other side."""
    from kneeline.model.pose import KEYPOINTS

    swap = [KEYPOINTS.index(other_side(name)) for name in KEYPOINTS]
    xy = frame.xy[swap] * np.array([-1.0, 1.0]) + np.array([720.0, 0.0])
    return replace(frame, xy=xy, confidence=frame.confidence[swap], sd_px=frame.sd_px[swap])


def other_side(name: str) -> str:
    return name.replace("left", "#").replace("right", "left").replace("#", "right")


def test_what_only_the_person_knows_is_asked_after_it(client: TestClient, store: Store) -> None:
    id = uuid4()
    frames = performed("squat_double", **SQUATS | {"reps": 4, "view": "right"})
    done(client, go("squat_pain_depth", "right", id), frames)
    asked = client.get(f"/trials/{id}").text
    assert asked.count("<select") == 4
    assert client.post(f"/trials/{id}", data={"pain": ["0", "0", ""]}).status_code == 400
    assert client.post(f"/trials/{id}", data={"pain": ["0", "0", "11", "nan"]}).status_code == 400
    told = client.post(f"/trials/{id}", data={"pain": ["0", "0", "1", "0"]})
    assert told.status_code == 200
    assert "Knee bend at which it hurts" in told.text
    assert record(store).measures["pain_free_bend_deg"]["value"] == pytest.approx(90, abs=8)
    assert client.post(f"/trials/{id}", data={"pain": ["9"]}).status_code == 200, "it is said once"
    assert record(store).detail["said"] == {"pain": "0,0,1,0"}


# Without it


def test_what_was_counted_alone_is_kept_with_its_larger_error(client: TestClient, store: Store) -> None:
    page = client.post("/tests/stand_30s/alone", data={"side": "left", "value": "27,5"})
    assert page.status_code == 200
    assert "27.5 ± 5.0 s" in page.text
    kept = record(store)
    assert kept.measures == {"time_s": {"value": 27.5, "sd": 5.0, "unit": "s"}}
    assert kept.pose_model is None
    assert "27.5 ± 5.0 s" in client.get("/tests").text


@pytest.mark.parametrize("test_id", [test.id for test in LIBRARY.tests.values() if test.by_yourself])
def test_every_way_without_a_camera_has_its_form(client: TestClient, test_id: str) -> None:
    test = LIBRARY.tests[test_id]
    asked = client.get(f"/tests/{test_id}/alone?side=right").text
    assert test.by_yourself[0].how in asked
    side = "right" if len(sides_of(test)) == 2 else "both"
    assert client.post(f"/tests/{test_id}/alone", data={"side": side, "value": "5"}).status_code == 200


@pytest.mark.parametrize("value", ["", " ", "nan", "inf", "-1", "1e99", "31", "twelve", "1;2", "9" * 41, "<b>"])
def test_a_number_that_cannot_be_is_refused_and_nothing_is_kept(client: TestClient, store: Store, value: str) -> None:
    answer = client.post("/tests/stand_30s/alone", data={"side": "left", "value": value})
    assert answer.status_code in (400, 422)
    assert "<b>" not in answer.text.replace("<b>Stop", "").replace("<b>Touch", "") or value != "<b>"
    assert not store.history(store.local_person(datetime.now(UTC)).id, Result)


@pytest.mark.parametrize("side", ["", "both", "middle", "x" * 400])
def test_a_leg_that_nobody_has_is_refused(client: TestClient, side: str) -> None:
    assert client.post("/tests/stand_30s/alone", data={"side": side, "value": "20"}).status_code == 422
    assert client.post("/tests/arch_photo/photo", data={"side": side, "taps": FOOT}).status_code == 422
    assert client.get(f"/live/test/stand_30s/{side or 'none'}/{uuid4()}").status_code == 404


# The photo


def test_taps_become_a_ratio(client: TestClient, store: Store) -> None:
    page = client.post("/tests/arch_photo/photo", data={"side": "left", "taps": FOOT})
    assert page.status_code == 200
    assert record(store).measures["arch_ratio_frac"]["value"] == pytest.approx(0.34, abs=0.02)


@pytest.mark.parametrize(
    "taps",
    [
        [],
        ["1,2,3"],
        ["a,b,c,d,e,f"],
        ["nan,1,2,3,4,5"],
        ["-1,1,2,3,4,5"],
        ["inf,1,2,3,4,5"],
        ["1e9,1,2,3,4,5"],
        FOOT * 4,
    ],
)
def test_taps_that_cannot_be_are_refused(client: TestClient, store: Store, taps: list[str]) -> None:
    assert client.post("/tests/arch_photo/photo", data={"side": "left", "taps": taps}).status_code == 422
    assert not store.history(store.local_person(datetime.now(UTC)).id, Result)


def test_a_form_that_holds_a_picture_is_refused(client: TestClient) -> None:
    files = {"photo": ("foot.png", b"\x89PNG", "image/png")}
    answer = client.post("/tests/arch_photo/photo", data={"side": "left", "taps": FOOT}, files=files)
    assert answer.status_code == 415
    much = {"side": "left", "taps": FOOT, "photo": "data:image/png;base64,AAAA"}
    assert client.post("/tests/arch_photo/photo", data=much).status_code == 422
    page = client.get("/tests/arch_photo/photo").text
    (field,) = re.findall(r"<input[^>]*type=\"file\"[^>]*>", page)
    assert "name=" not in field, "a field without a name is never sent"
    assert page.index(field) < page.index("<form"), "and it stands in no form"


# Strangers


@pytest.mark.parametrize(
    ("test", "side"), [("nothing", "left"), ("stand_30s", "both"), ("arch_photo", "left"), ("stand_30s", "<script>")]
)
def test_a_line_for_no_test_is_refused_with_the_reason(client: TestClient, test: str, side: str) -> None:
    with line(client, go(test, side)) as socket:
        assert "no such test" in until(socket, "refused")[-1]["refused"]


def test_a_go_belongs_to_one_leg_and_ends_once(client: TestClient) -> None:
    id = uuid4()
    with line(client, go("stand_30s", "left", id)) as mine:
        until(mine, "screen")
        with line(client, go("stand_30s", "right", id)) as other:
            assert "another leg" in until(other, "refused")[-1]["refused"]
        mine.send_text('{"do":"finish","t_s":3}')
        until(mine, "over")
    with line(client, go("stand_30s", "left", id)) as again:
        assert "over" in until(again, "refused")[-1]["refused"]


@pytest.mark.parametrize("sent", [b"", b"\1" * 416, "hello", '{"do":"fly","t_s":1}', '{"do":"stop","t_s":-1}'])
def test_what_no_page_of_ours_says_is_refused(client: TestClient, sent: bytes | str) -> None:
    with line(client, go("stand_30s", "left")) as socket:
        until(socket, "screen")
        socket.send_bytes(sent) if isinstance(sent, bytes) else socket.send_text(sent)
        until(socket, "refused")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()


def test_rubbish_in_the_records_spoils_no_page(client: TestClient, store: Store) -> None:
    person, at = store.local_person(datetime.now(UTC)).id, datetime.now(UTC) - timedelta(minutes=5)
    details: list[dict[str, Any]] = [{}, {"goes": 3}, {"goes": [{}], "how": "camera"}, {"goes": [None], "run": "x"}]
    for i, detail in enumerate(details):
        kept = Result(
            test="single_leg_squat" if i else "gone",
            side="right",
            measures={"fppa_at_45_deg": {"value": "x"}, "other": {}},
            kneeline="0",
            library=LIBRARY.digest,
            detail=detail,
        )
        store.record(person, kept, id=uuid4(), at=at)
    assert client.get("/tests").status_code == 200
    assert {client.get(f"/trials/{kept.id}").status_code for kept in records(store)} == {404}
    done(client, go("single_leg_squat", "right"), performed("squat_single_leg", **SQUATS))
    assert len(records(store)[-1].payload.detail["goes"]) == 1


def test_nothing_is_asked_of_a_go_that_counted_nothing(client: TestClient) -> None:
    id = uuid4()
    with line(client, go("squat_pain_depth", "right", id)) as socket:
        until(socket, "screen")
        socket.send_text('{"do":"finish","t_s":3}')
        until(socket, "over")
    page = client.get(f"/trials/{id}").text
    assert "<select" not in page
    assert "Once more" in page


def test_every_number_of_a_page_says_where_it_comes_from(client: TestClient) -> None:
    """Error, detectable change and norm of each value stand beside their source or "house default"."""
    for test in LIBRARY.tests.values():
        whole = client.get(f"/tests/{test.id}").text
        for value in test.value:
            numbers = [value.enough, value.error, value.detectable]
            for number in (number for number in numbers if number is not None):
                keys = {reference.partition("#")[0] for reference in number.evidence}
                assert basis(number) in whole, (test.id, number)
                assert all(f"[{key}]" in whole and f'id="source-{key}"' in whole for key in keys), (test.id, keys)
            for norm in value.norm:
                assert basis(*(number for number in (norm.usual, norm.spread) if number is not None)) in whole
        assert "NaN" not in whole
        assert not re.search(r"\b(weak|damaged|maltracking|valgus)\b", whole)
