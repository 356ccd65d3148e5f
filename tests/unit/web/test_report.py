"""The report out of a store: as a page, on paper, and from the command line; records are only read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pypdf
import pytest
from people import Someone
from report_people import HIP, HOSTILE
from store_makers import done

from kneeline.cli import main
from kneeline.content.load import load
from kneeline.store import Store
from kneeline.store.kinds import Note, PhysioQuestion, PlanVersion, Profile, Retraction
from kneeline.web.dossier import report_of

LIBRARY = load()


@pytest.fixture
def someone(tmp_path: Path) -> Iterator[Someone]:
    person = Someone(tmp_path / "records", LIBRARY)
    yield person
    person.store.close()


def lived(person: Someone) -> None:
    person.answers()
    person.tested("left", HIP)
    done(person.store, person.id, datetime.now(UTC))
    person.keep(PhysioQuestion(text=HOSTILE[0]))
    person.keep(Profile(name="Alex", born=1991))


def test_the_page_tells_the_finding_and_keeps_hostile_words_as_words(someone: Someone) -> None:
    lived(someone)
    page = someone.text("/report")
    assert "The part to train first: the hip." in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert 'href="/report.pdf"' in page
    assert someone.client.get("/report/style.css").headers["content-type"].startswith("text/css")


def test_it_is_there_before_anything_else_is(someone: Someone) -> None:
    assert "Nothing is on record yet" in someone.text("/report")
    assert someone.client.get("/report.pdf").content.startswith(b"%PDF-")


def test_on_paper_it_is_a_pdf_that_nobody_keeps(someone: Someone) -> None:
    lived(someone)
    answer = someone.client.get("/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert "Alex" in pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


def test_a_report_writes_nothing(someone: Someone) -> None:
    lived(someone)
    before = rows(someone.store)
    someone.text("/report")
    assert rows(someone.store) == before


def test_what_was_taken_back_is_not_in_it(someone: Someone) -> None:
    now = datetime.now(UTC)
    said = uuid4()
    someone.store.record(someone.id, Note(text="a slip"), id=said, at=now)
    assert report_of(someone.store, LIBRARY, someone.id, now).notes
    someone.store.record(someone.id, Retraction(), id=uuid4(), at=now, replaces=said)
    assert not report_of(someone.store, LIBRARY, someone.id, now).notes


def test_a_plan_that_cannot_be_read_is_said_to_be_so(someone: Someone) -> None:
    someone.keep(PlanVersion(plan={"plan": {"exercises": []}}, by="start", why="", library="x"))
    report = report_of(someone.store, LIBRARY, someone.id, datetime.now(UTC))
    assert report.plan is None
    assert report.unseen[0].what == "The plan on record"
    assert report.made.kneeline


def test_the_command_writes_every_form(someone: Someone, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(someone)
    data = ["--data", str(tmp_path / "records")]
    out = tmp_path / "out"
    out.mkdir()
    files = ["--pdf", str(out / "r.pdf"), "--html", str(out / "r.html"), "--json", str(out / "r.json")]
    assert main(["report", *data, *files, "--csv", str(out / "csv"), "--parquet", str(out / "pq")]) == 0
    assert capsys.readouterr().out == ""
    assert (out / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads((out / "r.json").read_text())["who"]["name"] == "Alex"
    assert {one.stem for one in (out / "csv").iterdir()} == {one.stem for one in (out / "pq").iterdir()}
    assert main(["report", *data]) == 0
    assert capsys.readouterr().out.startswith("Knee report for a physio")


@pytest.mark.parametrize("wrong", [["--pdf", "no/such/folder/r.pdf"], ["--csv", "a_file"], ["--data", "nowhere"]])
def test_what_cannot_be_written_or_read_is_one_sentence(
    wrong: list[str],
    someone: Someone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").write_text("")
    assert main(["report", "--data", str(tmp_path / "records"), *wrong]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def rows(store: Store) -> int:
    person = store.local_person(datetime.now(UTC)).id
    kinds = (Note, PhysioQuestion, PlanVersion, Profile)
    return sum(len(store.history(person, kind)) for kind in kinds) + len(store.sets(person))
