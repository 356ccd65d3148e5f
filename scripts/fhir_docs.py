"""Writes the files of docs/fhir: our definitions, and the records of somebody made up, who has no name.

.venv/bin/python scripts/fhir_docs.py
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from kneeline import __version__
from kneeline.content.load import Library, load
from kneeline.model.movement import (
    Cue,
    FaultFinding,
    Repetition,
    RepetitionVerdict,
    SetResult,
    SetSummary,
    View,
)
from kneeline.model.quantity import Estimate, NotAssessable, Verdict
from kneeline.report.fhir import bundle_of
from kneeline.report.fhir.published import definitions_bundle
from kneeline.report.fhir.records import TABLES
from kneeline.store import SetStart, Store
from kneeline.store.kinds import (
    Answer,
    Effort,
    Finding,
    Note,
    Pain,
    Payload,
    PhysioQuestion,
    PlanVersion,
    Profile,
    Retraction,
    Run,
    Setting,
    Stairs,
    TestResult,
)

FOLDER = Path(__file__).resolve().parents[1] / "docs/fhir"
PERSON = UUID("6b1f2a60-0000-4000-8000-000000000001")
AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
EXERCISE = "terminal_knee_extension"
_PDF = b"%PDF-1.7\n% the place of the printed report\n"


def files(library: Library) -> dict[str, dict[str, Any]]:
    """Every file of the folder that is made, by its name."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store") as store:
        live(store, library)
        rows = rows_of(store, Path(folder) / "rows.zip")
    return {
        "definitions.json": definitions_bundle(library),
        "example.json": bundle_of(rows, library, "2026-11-22T12:00:00.000000Z", _PDF),
    }


def rows_of(store: Store, scratch: Path, person: UUID = PERSON) -> dict[str, list[dict[str, Any]]]:
    """One person's rows, by table."""
    store.export(scratch, AT, person)
    with zipfile.ZipFile(scratch) as archive:
        return {table: [json.loads(line) for line in archive.read(f"{table}.jsonl").splitlines()] for table in TABLES}


def live(store: Store, library: Library) -> None:
    """A few days of somebody made up: every kind of record, a set with every sort of measure, a set broken off."""
    store.add_person(PERSON, AT)
    for n, (payload, days) in enumerate(said(library)):
        store.record(PERSON, payload, id=_id("record", n), at=AT + timedelta(days=days, seconds=n))
    slip = _id("record", "slip")
    store.record(PERSON, Pain(value=9), id=slip, at=AT + timedelta(days=3))
    undone = {"id": _id("record", "undone"), "at": AT + timedelta(days=3, minutes=1), "replaces": slip}
    store.record(PERSON, Retraction(), **undone)
    slip = _id("record", "typed wrongly")
    store.record(PERSON, Effort(value=1), id=slip, at=AT + timedelta(days=3))
    righted = {"id": _id("record", "put right"), "at": AT + timedelta(days=3, minutes=1), "replaces": slip}
    store.record(PERSON, Effort(value=6), **righted)
    _train(store, library, done=True)
    _train(store, library, done=False)


def said(library: Library) -> list[tuple[Payload, int]]:
    """What the person said and what was concluded, each with its day."""
    made = {"kneeline": __version__, "library": library.digest}
    dose = {"sets": 3, "reps": 15, "lift_s": 2.0, "hold_s": 2.0, "lower_s": 2.0, "rest_s": 60.0, "per_week": 3}
    first = {"exercise": EXERCISE, "link": "knee", "side": "both", "first": "left", "rung": 0, "band": "light"}
    second = {"exercise": "calf_raise_ball_squeeze", "link": "foot", "side": "both", "first": "left", "rung": -1}
    why = "It trains the part that stands out."
    plan = {
        "begun": "2026-11-23",
        "prescriptions": [
            {**first, "dose": dose, "why": why},
            {**second, "band": "", "dose": {**dose, "sets": 2}, "why": why},
        ],
        "weekdays": [0, 2, 4],
        "links": ["knee"],
        "focus": "knee",
    }
    eased = {**plan, "prescriptions": [{**first, "dose": {**dose, "reps": 12}, "why": why}]}
    measures = {
        "shin_tilt_deg": {"value": 38.5, "sd": 2.1, "unit": "deg"},
        "toe_to_wall_frac": {"not_assessable": "the wall cannot be seen"},
    }
    questions = [("age", 34), ("side", "left"), ("where", ["behind_kneecap", "round_kneecap"]), ("pain_worst", 6)]
    questions += [("pain_on", ["stairs_down", "sitting"]), ("sex", None), ("goal", _first_option(library, "goal"))]
    answers = [Answer(question=key, question_version=_version(library, key), value=value) for key, value in questions]
    test = TestResult(test="knee_to_wall", side="left", measures=measures, pose_model="blazepose-full", **made)
    finding = Finding(
        side="left",
        focus="knee",
        probabilities={"foot": 0.31, "knee": 0.72, "hip": 0.44},
        reasons=["Pain when going down stairs speaks for the knee."],
        **made,
    )
    record = {"plan": plan, "what": ["Knee extension with a band: new."], "because": [], "asks": ""}
    begun = PlanVersion(plan=record, by="start", why="The knee is the part to train first.", library=library.digest)
    why = "Good ones became fewer, so there are three less in each set."
    rule = {"by": "rule", "rule": "fewer_reps"}
    changed = PlanVersion(plan={"plan": eased}, why=why, library=library.digest, **rule)
    return [
        (Profile(born=1992, sex="female"), 0),
        (Setting(name="voice", value="clips"), 0),
        *((answer, 0) for answer in answers),
        (Answer(question="guide_told", question_version=1, value=["one_part"]), 0),
        (test, 0),
        (finding, 0),
        (begun, 0),
        (Pain(value=4, of="stairs", side="left"), 1),
        (Stairs(floors=6), 1),
        (Run(distance_m=5200, duration_s=1860, cadence_per_min=168, pain=2, source="watch.fit"), 1),
        (Note(text="The second set felt easier."), 2),
        (PhysioQuestion(text="May I cycle on the days between?"), 2),
        (changed, 4),
    ]


def _train(store: Store, library: Library, *, done: bool) -> None:
    session, kept, at = _id("session", done), _id("set", done), AT + timedelta(days=2 if done else 5)
    store.start_session(session, PERSON, at)
    asked = {"reps": 15, "lift_s": 2.0, "hold_s": 2.0, "lower_s": 2.0}
    model = "blazepose-full" if done else None
    settings = {"camera": done, "band": "light"}
    start = SetStart(kept, session, EXERCISE, "left", __version__, library.digest, model, asked, settings)
    store.start_set(start, at)
    if not done:
        return
    reps = tuple(_repetition(n) for n in (1, 2, 3))
    for rep in reps:
        store.add_repetition(kept, rep, at + timedelta(seconds=rep.end_s))
    cue = Cue(7.5, "too_fast_down", "Slower on the way back")
    store.add_cue(kept, 1, cue, at + timedelta(seconds=cue.t_s))
    view = View("left", Estimate(-88.0, 4.0, "deg"), True)
    summary = SetSummary(3, 2, 16.2, 90.0, 0.18)
    result = SetResult(EXERCISE, "left", view, reps, summary, (cue,), ("The set was ended early.",))
    store.finish_set(kept, result, at + timedelta(minutes=1))
    for pain in (Pain(value=2, of="before"), Pain(value=3, of="after")):
        store.record(PERSON, pain, id=_id("pain", pain.of), at=at + timedelta(minutes=2), session_id=session)


def _repetition(n: int) -> Repetition:
    good = n != 2
    fault = FaultFinding(
        "too_fast_down", Verdict.ABSENT if good else Verdict.PRESENT, 0.1 if good else 0.9, "against 0.6 s"
    )
    unseen = FaultFinding("knee_locked", Verdict.NOT_ASSESSABLE, None, "the camera cannot tell")
    measures = {
        "end_knee_flexion_deg": Estimate(3.0 + n, 4.2, "deg"),
        "fppa_peak_deg": NotAssessable("this is seen from the front only"),
    }
    times = [Estimate(seconds, 0.05, "s") for seconds in (2.1, 1.9, 1.8 if good else 0.4)]
    verdict = RepetitionVerdict.GOOD if good else RepetitionVerdict.TRY_AGAIN
    begin = 7.0 * (n - 1)
    at = (begin, begin + 2.1, begin + 4.0, begin + 5.8)
    return Repetition(n, "left", *at, *times, measures=measures, faults=(fault, unseen), verdict=verdict)


def _first_option(library: Library, question: str) -> str:
    return library.clinic.questions[question].options[0].id


def _version(library: Library, question: str) -> int:
    return library.clinic.questions[question].version


def _id(*parts: object) -> UUID:
    return uuid5(PERSON, " ".join(map(str, parts)))


def text_of(content: dict[str, Any]) -> str:
    """A file's text."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def masked(text: str) -> str:
    """The text without the digests in it, which any edit of the library changes."""
    return re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b(?!-)|\b[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}\b", "*", text)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in files(load()).items():
        (FOLDER / name).write_text(text_of(content), encoding="utf-8")
        print(f"{name}: {len(content['entry'])} resources")
