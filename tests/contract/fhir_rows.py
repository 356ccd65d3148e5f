"""Rows to make bundles of: those of the example in docs/fhir, and any that the store could hold."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from kneeline.report.fhir.check import _r4, element_of
from kneeline.report.fhir.records import TABLES
from kneeline.store.kinds import KINDS
from kneeline.store.rows import ROWS, columns_of, utc_text

ROOT = Path(__file__).resolve().parents[2]
PERSON = str(UUID(int=1))
Rows = dict[str, list[dict[str, Any]]]


def docs_maker() -> ModuleType:
    """scripts/fhir_docs.py."""
    spec = importlib.util.spec_from_file_location("fhir_docs", ROOT / "scripts/fhir_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parts(resource: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every element that has elements, with its type or path, from the resource itself on."""
    yield kind, resource
    for key, value in resource.items():
        told = None if key == "resourceType" else element_of(kind, key)[1]
        for one in value if isinstance(value, list) else [value]:
            if told in _r4()["types"]:
                yield from parts(one, told)
            elif told == "Resource":
                yield from parts(one, one["resourceType"])


words = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
ids = st.integers(2, 2**120).map(lambda n: str(UUID(int=n)))
times = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: utc_text(at.replace(tzinfo=UTC)))
scales = st.floats(0, 10)
amounts = st.floats(0, 1e9) | st.integers(0, 10**7)
sides = st.sampled_from(["left", "right", "both"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
estimates = st.fixed_dictionaries(
    {"value": st.floats(-1e6, 1e6), "sd": st.floats(0, 1e3), "unit": st.just("deg") | texts}
)
unseen = st.fixed_dictionaries({"not_assessable": texts})
measures = st.dictionaries(words, estimates | unseen | st.dictionaries(texts, anything, max_size=2), max_size=3)
made = {"kneeline": texts, "library": texts}
doses = st.fixed_dictionaries({"sets": st.integers() | texts, "reps": st.integers(1, 40), "lift_s": amounts | texts})
prescriptions = st.fixed_dictionaries(
    {
        "exercise": st.sampled_from(["terminal_knee_extension", "calf_raise_ball_squeeze"]) | texts,
        "side": sides | texts,
    },
    optional={
        "dose": doses | anything,
        "rung": st.integers(-3, 3) | texts,
        "band": texts,
        "why": texts | st.integers(),
    },
)
plans = st.fixed_dictionaries(
    {}, optional={"prescriptions": st.lists(prescriptions, max_size=3) | anything, "begun": texts, "what": anything}
)

BODIES = {
    "profile": {"name": texts, "born": st.none() | st.integers(1900, 2100), "sex": st.sampled_from(["female", None])},
    "setting": {"name": words, "value": st.booleans() | texts},
    "pain": {"value": scales, "of": words, "side": st.none() | sides},
    "effort": {"value": scales},
    "note": {"text": texts},
    "physio_question": {"text": texts},
    "answer": {
        "question": st.sampled_from(["age", "where", "goal", "side"]) | words,
        "question_version": st.integers(1, 9),
        "value": st.none() | st.booleans() | st.integers() | scales | texts | st.lists(texts, max_size=3)
        | st.sampled_from(["left", "behind_kneecap"]),
    },
    "test_result": {"test": words, "side": sides, "measures": measures, "pose_model": st.none() | texts, **made},
    "finding": {
        "side": sides,
        "focus": st.none() | words,
        "probabilities": st.dictionaries(texts, st.floats(0, 1), max_size=3),
        "reasons": st.lists(texts, max_size=2),
        **made,
    },
    "plan": {
        "plan": plans | st.fixed_dictionaries({"plan": plans}),
        "by": st.sampled_from(["start", "rule", "person", "physio"]),
        "why": texts,
        "library": texts,
        "rule": st.none() | words,
    },
    "run": {"distance_m": st.none() | amounts, "pain": st.none() | scales, "source": texts},
    "stairs": {"floors": amounts},
    "retraction": {},
    "kind_to_come": {"anything": anything},
}  # fmt: skip


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """The rows of one person, whatever they did and said, as the store would take them."""
    found: Rows = {table: [] for table in TABLES}
    found["person"].append({"id": PERSON, "at": draw(times)})
    drawn = draw(st.lists(ids, max_size=8, unique=True))  # no two records of any sort share an id
    sessions_drawn = draw(st.integers(0, 2))
    for id in drawn[:sessions_drawn]:
        _train(draw, found, id)
    sets = [row["id"] for row in found["exercise_set"]]
    sessions = [row["id"] for row in found["session"]]
    for id in drawn[sessions_drawn:]:
        kind = draw(st.sampled_from(sorted(BODIES)))
        body = draw(st.fixed_dictionaries(BODIES[kind]))
        if kind in KINDS:
            body = msgspec.to_builtins(msgspec.convert(body, KINDS[kind], strict=True))
        earlier = [row["id"] for row in found["record"]]
        row = {"id": id, "person_id": PERSON, "kind": kind, "version": 1, "at": draw(times), "body": body}
        row |= {"session_id": draw(st.sampled_from([None, *sessions])), "set_id": draw(st.sampled_from([None, *sets]))}
        found["record"].append(row | {"replaces": draw(st.sampled_from([None, *earlier]))})
    for table, kind in ROWS.items():
        for row in found.get(table, []):
            columns_of(msgspec.convert(row, kind, strict=True))
    return found


def _train(draw: st.DrawFn, found: Rows, id: str) -> None:
    of = {"person_id": PERSON, "at": draw(times)}
    found["session"].append({"id": id, **of})
    done = str(UUID(int=UUID(id).int + 2**121))
    about = draw(st.fixed_dictionaries({"exercise": words, "side": sides, "pose_model": st.none() | words}))
    plain = {"kneeline": "0.1.0", "library": "d" * 64, "planned": draw(st.dictionaries(texts, anything, max_size=2))}
    found["exercise_set"].append({"id": done, "session_id": id, **of, **about, **plain, "settings": {}})
    for n in range(1, draw(st.integers(0, 2)) + 1):
        times_s = {key: draw(estimates) for key in ("lift_s", "hold_s", "lower_s")}
        fault = {"id": draw(words), "verdict": "not_assessable", "probability": None, "reason": draw(texts)}
        rest = {"measures": draw(measures), "faults": [fault], "verdict": draw(st.sampled_from(["good", "not_seen"]))}
        body = {"n": n, "side": "left", "start_s": 0.0, "top_start_s": 1.0, "top_end_s": 2.0, "end_s": 3.0, **times_s}
        found["repetition"].append({"set_id": done, "n": n, **of, "body": {**body, **rest}})
        found["cue"].append({"set_id": done, "n": n, **of, "body": {"t_s": 1.0, "id": draw(words), "say": draw(texts)}})
    if draw(st.booleans()):
        summary = {"count": draw(st.integers(0, 30)), "good": 0, "dose_received": draw(st.none() | st.floats(0, 1))}
        body = {"set": summary, "warnings": draw(st.lists(texts, max_size=2)), "view": {}}
        found["set_end"].append({"set_id": done, **of, "at": draw(times), "body": body})
