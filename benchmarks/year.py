"""A year of daily use, made up in a scratch store: how long reading it and telling its progress take, by CPU time.

    .venv/bin/python benchmarks/year.py

Nine sets of twelve repetitions a day, seven things told of pain, a run every third day.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from kneeline.clinic.load import curves
from kneeline.clinic.progress import progress
from kneeline.content.load import load
from kneeline.model.movement import SetResult
from kneeline.report.charts import load_chart, strand_chart
from kneeline.store import Store, kept
from kneeline.store.diary import read_diary
from kneeline.store.kinds import Pain
from kneeline.store.rows import RecordRow, RepetitionRow, SessionRow, SetEndRow, SetRow, insert, utc_text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "contract"))
from store_makers import measured_set

BEGAN = datetime(2025, 11, 22, 8, tzinfo=UTC)
EXERCISES = ("calf_raise_ball_squeeze", "squat_double", "step_down")
PAINS = ("stairs", "worst", "usual", "before", "after", "hour_after", "next_morning")
SETS, REPETITIONS = 9, 12


def live(store: Store, days: int) -> UUID:
    """Days of use in one transaction; through the store's own verbs, one fsync each, it would take minutes."""
    person = store.local_person(BEGAN).id
    measured = measured_set()
    reps = tuple(replace(measured.reps[0], n=n) for n in range(1, REPETITIONS + 1))
    result = replace(measured, reps=reps)
    owner = str(person)
    with store._database.writing() as connection:
        for day in range(days):
            at = BEGAN + timedelta(days=day)
            session = str(uuid4())
            insert(connection, SessionRow(id=session, person_id=owner, at=utc_text(at)))
            for n in range(SETS):
                for row in set_rows(owner, session, at + timedelta(minutes=3 * n), EXERCISES[n // 3], result):
                    insert(connection, row)
            told: list[tuple[str, dict[str, object]]] = [
                ("pain", {"value": float(day * 7 % 5), "of": of, "side": None}) for of in PAINS
            ]
            if day % 3 == 0:
                run = {"distance_m": 5000.0, "duration_s": 1800.0, "cadence_per_min": 166.0, "pain": 1.0, "source": ""}
                told.append(("run", run))
            for kind, body in told:
                hangs = {"session_id": None, "set_id": None, "replaces": None}
                insert(
                    connection,
                    RecordRow(
                        id=str(uuid4()), person_id=owner, at=utc_text(at), kind=kind, version=1, body=body, **hangs
                    ),
                )
    return person


def set_rows(
    owner: str, session: str, at: datetime, exercise: str, result: SetResult
) -> list[SetRow | RepetitionRow | SetEndRow]:
    """The rows of one finished set."""
    id, when = str(uuid4()), utc_text(at)
    begun = SetRow(
        id=id, person_id=owner, session_id=session, at=when, exercise=exercise, side="both", kneeline="0.1.0",
        library="d" * 64, pose_model="blazepose-full", planned={"reps": 12, "lift_s": 2.0, "lower_s": 3.0}, settings={},
    )  # fmt: skip
    reps = [
        RepetitionRow(set_id=id, n=rep.n, person_id=owner, at=when, body=kept.repetition_body(rep))
        for rep in result.reps
    ]
    return [begun, *reps, SetEndRow(set_id=id, person_id=owner, at=when, body=kept.end_body(result))]


def measure(name: str, do: Callable[[], object], goal_ms: float | None = None) -> None:
    """Print the quickest of seven."""
    times = []
    for _ in range(7):
        begun = time.process_time()
        do()
        times.append(1000 * (time.process_time() - begun))
    goal = f"  goal {goal_ms:.0f}" if goal_ms is not None else ""
    print(f"{name:<52}{min(times):8.1f} ms{goal}")


def main() -> None:
    library, today = load(), date(2026, 11, 22)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        person = live(store, 365)
        diary = read_diary(store, person)
        found = progress(diary, today, library)
        one = store.sets(person)[0].start.id
        print(
            f"{len(diary.sets)} sets of {REPETITIONS} repetitions, {len(diary.pains)} pains, {len(diary.runs)} runs\n"
        )
        measure("the newest pain", lambda: store.latest(person, Pain))
        measure("every pain", lambda: store.history(person, Pain))
        measure("every set", lambda: store.sets(person))
        measure("every finished set as a whole", lambda: store.sets_done(person))
        measure("repetitions of one set", lambda: store.repetitions(one))
        measure("the whole diary", lambda: read_diary(store, person))
        measure("its progress, from memory", lambda: progress(diary, today, library), 100)
        strands = (found.headline, *found.strands)
        measure("all plots of it", lambda: [strand_chart(strand) for strand in strands])
        measure("the load by knee bend, drawn", lambda: load_chart(curves(library.sheets.load)))


if __name__ == "__main__":
    main()
