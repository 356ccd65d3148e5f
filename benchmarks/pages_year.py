"""How long every page takes to come after a year of daily use, made up in a scratch store.

    .venv/bin/python benchmarks/pages_year.py [--days 365] [--keep DIR]

Of each page the median of five, by the clock and by the processor, asked for in this process without a network; before
each time a new pain is put on record, so that nothing that was read before still holds. The goal is 200 ms of
processor each.

Nine sets of twelve repetitions on most days, four to six things told of pain, a run every third day, answers, both legs
tested every month, and every version that the rules make of the plan. --keep leaves the records in a folder, to look at
them with `kneeline --data DIR`.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import msgspec
from fastapi import FastAPI
from fastapi.testclient import TestClient

from kneeline.clinic.answers import read_answers
from kneeline.clinic.assess import assess
from kneeline.clinic.ladder import rung_of
from kneeline.clinic.plan import start_plan
from kneeline.content.load import Library, load
from kneeline.model.movement import FaultFinding, SetResult
from kneeline.model.quantity import Estimate, Verdict
from kneeline.store import Store, kinds
from kneeline.store.planned import keep_version, up_to_date
from kneeline.store.rows import RecordRow, SessionRow, insert, utc_text
from kneeline.web.app import create_app

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "contract"))
from store_makers import measured_set  # noqa: E402

from year import EXERCISES, REPETITIONS, SETS, set_rows  # noqa: E402

GOAL_MS = 200
TIMES = 5
USUAL: dict[str, Any] = tomllib.loads((ROOT / "tests/spec/vignettes/usual.toml").read_text(encoding="utf-8"))
FAULTS = ("too_fast_down", "no_hold", "too_small")


def live(store: Store, library: Library, days: int, now: datetime) -> UUID:
    """Days of use that end today: pain falls, runs grow, tests get better, with a bad week every three months."""
    began, dice = now - timedelta(days=days), random.Random(7)
    person = store.local_person(began).id
    exercises = (*answer(store, library, person, began, days), *EXERCISES)[:3]
    with store._database.writing() as connection:
        for day in range(days):
            at, share = began + timedelta(days=day), day / days
            if dice.random() < 0.85:
                session = str(uuid4())
                insert(connection, SessionRow(id=session, person_id=str(person), at=utc_text(at)))
                result = one_set(share, dice)
                for n in range(SETS):
                    exercise = exercises[n * len(exercises) // SETS]
                    for row in set_rows(str(person), session, at + timedelta(minutes=3 * n), exercise, result):
                        insert(connection, row)
            for payload in told(day, share, dice):
                insert(connection, record(payload, str(person), at + timedelta(hours=2)))
    for month in range(0, days, 30):
        test(store, library, person, began + timedelta(days=month), month / days, dice)
    up_to_date(store, person, library, now)
    return person


def one_set(share: float, dice: random.Random) -> SetResult:
    """A set whose faults get rarer over the year."""
    measured = measured_set()
    reps = []
    for n in range(1, REPETITIONS + 1):
        bad = dice.random() < 0.5 * (1 - share)
        faults = tuple(
            FaultFinding(id, Verdict.PRESENT if bad and i == n % 3 else Verdict.ABSENT, 0.9 if bad else 0.1, "")
            for i, id in enumerate(FAULTS)
        )
        reps.append(replace(measured.reps[0], n=n, faults=faults, lower_s=Estimate(1.4 + 1.5 * share, 0.1, "s")))
    summary = replace(measured.summary, count=REPETITIONS, time_under_tension_s=70.0)
    summary = replace(summary, prescribed_time_under_tension_s=84.0, dose_received=min(1.0, 0.6 + 0.5 * share))
    return replace(measured, reps=tuple(reps), summary=summary)


def told(day: int, share: float, dice: random.Random) -> Iterator[kinds.Payload]:
    """What is said on one day: seven pains, stairs, and a run on every third."""
    bad_week = 2.0 if day % 90 < 6 and day > 6 else 0.0

    def pain(start: float) -> float:
        return round(min(10.0, max(0.0, start * (1 - 0.8 * share) + bad_week + dice.gauss(0, 0.7))))

    for of, start in (("stairs", 6.0), ("worst", 7.0), ("usual", 4.0), ("next_morning", 3.0)):
        yield kinds.Pain(value=pain(start), of=of)
    yield kinds.Stairs(floors=4.0)
    if day % 3 == 0:
        for of in ("before", "hour_after"):
            yield kinds.Pain(value=pain(2.0), of=of)
        metres = 2000.0 + 6000.0 * share
        yield kinds.Run(distance_m=metres, duration_s=metres * 0.36, cadence_per_min=166.0, pain=pain(2.0))


def answer(store: Store, library: Library, person: UUID, began: datetime, days: int) -> list[str]:
    """The questions at the beginning, and how hard things are every month; the exercises of the plan that follows."""
    questions = library.clinic.questions
    for key, value in USUAL.items():
        if key in questions:
            said = kinds.Answer(question=key, question_version=questions[key].version, value=value)
            store.record(person, said, id=uuid4(), at=began)
    answers = read_answers({k: v for k, v in USUAL.items() if k in questions}, questions)
    found = assess(answers, {}, library.clinic)
    leg = next(leg for leg in found.legs if leg.hurts)
    plan = start_plan(leg, answers, library, began)
    keep_version(store, person, plan, library)
    hard = [question for question in questions if question.startswith("hard_")]
    for month in range(0, days, 30):
        for key in hard:
            value = round(7 - 5 * month / days)
            said = kinds.Answer(question=key, question_version=questions[key].version, value=value)
            store.record(person, said, id=uuid4(), at=began + timedelta(days=month))
    return [rung_of(one, library).exercise or one.exercise for one in plan.plan.prescriptions]


def test(store: Store, library: Library, person: UUID, at: datetime, share: float, dice: random.Random) -> None:
    """Both legs before every movement test that informs a finding; the left one begins behind and catches up."""
    for known in library.tests.values():
        for side, behind in (("left", 1 - share), ("right", 0.2)):
            measures = {}
            for value in known.value:
                entry = library.clinic.indicators.get(value.indicator)
                if entry is None:
                    continue
                fits = entry.likelihood[-1]
                good, bad = fits.absent.mean.value, fits.present.mean.value
                size = good + behind * (bad - good) + dice.gauss(0, 0.3 * entry.error.value)
                measures[value.id] = {"value": size, "sd": entry.error.value, "unit": entry.unit}
            if measures:
                result = kinds.TestResult(test=known.id, side=side, measures=measures, kneeline="0", library="0")  # type: ignore[arg-type]
                store.record(person, result, id=uuid4(), at=at)


def record(payload: kinds.Payload, person: str, at: datetime) -> RecordRow:
    """A record's row, many to a transaction."""
    body, hangs = msgspec.to_builtins(payload), {"session_id": None, "set_id": None, "replaces": None}
    return RecordRow(
        id=str(uuid4()), person_id=person, at=utc_text(at), kind=payload.kind, version=1, body=body, **hangs
    )


def pages(app: FastAPI, store: Store, person: UUID, library: Library) -> Iterator[tuple[str, str]]:
    """Every address that answers to GET, as it is declared and with its places filled in."""
    newest = store.sets(person)[-1]
    places = {
        "exercise_id": "calf_raise_ball_squeeze", "set_id": newest.start.id, "session_id": newest.start.session_id,
        "test_id": "single_leg_squat", "side": "left", "go_id": store.history(person, kinds.TestResult)[-1].id,
        "question_id": "pain_stairs", "questionnaire_id": next(iter(library.clinic.questionnaires)),
        "link_id": "hip", "link": "hip", "claim_id": next(iter(library.claims)), "key": "hip", "part": "knee",
    }  # fmt: skip
    for path, verbs in app.openapi()["paths"].items():
        if "get" in verbs:
            filled = path
            for name, value in places.items():
                filled = filled.replace(f"{{{name}}}", str(value))
            asks = "?exercise=calf_raise_ball_squeeze" if path == "/start" else ""
            yield path, filled + asks


def measure(client: TestClient, path: str, store: Store, person: UUID) -> tuple[int, int, float, float]:
    """Status, size in kB, and the median times by clock and processor, in ms."""
    wall, cpu = [], []
    client.get(path)  # what a page keeps for all its life is made once
    for _ in range(TIMES):
        store.record(person, kinds.Pain(value=1.0, of="usual"), id=uuid4(), at=datetime.now(UTC))
        begun, worked = time.perf_counter(), time.process_time()
        answer = client.get(path)
        wall.append(1000 * (time.perf_counter() - begun))
        cpu.append(1000 * (time.process_time() - worked))
    return answer.status_code, len(answer.content) // 1000, median(wall), median(cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    library = load()
    with tempfile.TemporaryDirectory() as scratch, Store.open(asked.keep or Path(scratch)) as store:
        person = live(store, library, asked.days, datetime.now(UTC).replace(hour=6, minute=0))
        counts = ", ".join(
            f"{len(store.history(person, kind))} {name}"
            for name, kind in (("pains", kinds.Pain), ("runs", kinds.Run), ("answers", kinds.Answer),
                               ("tests", kinds.TestResult), ("versions of the plan", kinds.PlanVersion))
        )  # fmt: skip
        print(f"{asked.days} days: {len(store.sets(person))} sets of {REPETITIONS} repetitions, {counts}\n")
        app = create_app(store, library)
        client = TestClient(app, base_url="http://localhost", follow_redirects=False, raise_server_exceptions=False)
        print(f"{'page':<44}{'status':>7}{'kB':>6}{'clock ms':>10}{'processor ms':>14}")
        for path, filled in pages(app, store, person, library):
            status, size, wall, cpu = measure(client, filled, store, person)
            slow = "  over the goal" if cpu > GOAL_MS else ""
            print(f"{path:<44}{status:>7}{size:>6}{wall:>10.0f}{cpu:>14.0f}{slow}", flush=True)
        print(f"\nThe goal is {GOAL_MS} ms.")


if __name__ == "__main__":
    main()
