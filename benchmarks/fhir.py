"""How large a bundle of a year is, and how long it takes to write, check and read.

    .venv/bin/python benchmarks/fhir.py

Three sessions a week, six sets of fifteen repetitions each, as in docs/fhir/example.json. Seconds are of the processor.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid5

from kneeline.content.load import load
from kneeline.report.fhir import bundle_of, problems, read_bundle
from kneeline.store import Store

ROOT = Path(__file__).resolve().parents[1]
SESSIONS, SETS, REPETITIONS = 156, 6, 15


def year() -> dict[str, list[dict[str, Any]]]:
    """The example's rows, with its one finished set done all over the year."""
    spec = importlib.util.spec_from_file_location("fhir_docs", ROOT / "scripts/fhir_docs.py")
    assert spec is not None
    assert spec.loader is not None
    docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(docs)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store") as store:
        docs.live(store, load())
        rows: dict[str, list[dict[str, Any]]] = docs.rows_of(store, Path(folder) / "rows.zip")
    end = rows["set_end"][0]
    done = next(row for row in rows["exercise_set"] if row["id"] == end["set_id"])
    reps = list(rows["repetition"])
    for k in range(SESSIONS):
        at = f"{docs.AT - timedelta(days=k * 365 / SESSIONS + 1):%Y-%m-%dT%H:%M:%S.000000Z}"
        session = str(uuid5(docs.PERSON, f"session {k}"))
        rows["session"].append({**rows["session"][0], "id": session, "at": at})
        for n in range(SETS):
            id = str(uuid5(docs.PERSON, f"set {k} {n}"))
            rows["exercise_set"].append({**done, "id": id, "session_id": session, "at": at})
            rows["set_end"].append({**end, "set_id": id, "at": at})
            rows["repetition"] += [
                {**reps[r % 3], "set_id": id, "n": r, "at": at, "body": {**reps[r % 3]["body"], "n": r}}
                for r in range(1, REPETITIONS + 1)
            ]
    return rows


def main() -> None:
    """Print the table."""
    rows, library, told = year(), load(), []

    def timed(what: str, begun: float) -> None:
        told.append((what, f"{time.process_time() - begun:.1f} s"))

    begun = time.process_time()
    bundle = bundle_of(rows, library, "2026-11-22T12:00:00.000000Z")
    timed("made", begun)
    text = json.dumps(bundle, ensure_ascii=False, separators=(",", ":"))
    begun = time.process_time()
    assert problems(json.loads(text)) == []
    timed("parsed and checked", begun)
    begun = time.process_time()
    assert len(read_bundle(bundle)["repetition"]) == len(rows["repetition"])
    timed("checked and read back", begun)
    size = f"{len(text.encode()) / 1e6:.0f} MB"
    memory = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"
    told = [("resources", str(len(bundle["entry"]))), ("file", size), *told, ("memory at most", memory)]
    print("| a year | |\n| --- | --- |")
    for what, value in told:
        print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
