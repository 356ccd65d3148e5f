"""Injected faults against the engine's verdicts: what was found, what was raised in vain, what could not be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

import tables
from clips import Clip
from kneeline.content.schema import Exercise
from kneeline.model.movement import SetResult
from kneeline.model.quantity import Verdict

KINDS = (
    # injected by the renderer, what it is called here; several ids: any of them will do
    ("too_fast", ("too_fast_up",)),
    ("too_fast", ("too_fast_down",)),
    ("no_hold", ("no_hold",)),
    ("shallow", ("too_small",)),
    ("shallow", ("not_straight", "too_small")),
    ("arch_collapse", ("arch_rolls_in",)),
    ("hip_drop", ("pelvis_drops",)),
    ("knee_cave", ("knee_caves_in",)),
    ("too_deep", ("too_deep",)),
    ("locked_knee", ("knee_locked",)),
    ("trunk_lean", ("trunk_leans",)),
    ("knee_bend", ("knees_bend",)),
    ("heel_twist", ("ball_lost",)),
)
METHODS = ("refined", "live", "true joints")
SHORT = {"true joints": "true"}
MISSED = "not counted"
JUDGED = (Verdict.PRESENT, Verdict.ABSENT)
LEGEND = "found: of injected, judged ones; quiet: of other judged ones; close: too close to call; blind: not to be seen"


@dataclass(frozen=True, slots=True)
class Assessed:
    """One fault in one true repetition: whether it was injected, and what one method said of it.

    said: "present", "absent", "not_assessable", or "not counted" when the repetition itself was missed.
    probability: that the fault is there; None where nothing was measured.
    """

    clip: Clip
    rep: int
    kind: str
    fault: str
    method: str
    injected: bool
    said: str
    reason: str
    probability: float | None


def assess(
    clip: Clip, method: str, exercise: Exercise, result: SetResult, pairs: Sequence[tuple[int, int]]
) -> list[Assessed]:
    """Every fault that this exercise asks for, in every true repetition of the clip."""
    asked = {rule.id for rule in exercise.fault}
    rows = []
    for kind, ids in KINDS:
        if not asked & set(ids) or (kind == "shallow" and (len(ids) > 1) != ("not_straight" in asked)):
            continue  # a knee extension that stops short is not straight, which other exercises do not ask
        for i, true in enumerate(clip.reps):
            counted = next((result.reps[j] for a, j in pairs if a == i), None)
            findings = [f for f in counted.faults if f.id in ids] if counted else []
            # The gravest answer speaks: one that is present, else one that is absent, else why neither.
            order = (Verdict.PRESENT, Verdict.ABSENT, Verdict.NOT_ASSESSABLE)
            best = min(findings, key=lambda f: order.index(f.verdict), default=None)
            said, reason = (best.verdict.value, best.reason) if best else (MISSED, "the repetition was not counted")
            probability = best.probability if best else None
            name, injected = " or ".join(ids), kind in true.faults
            rows.append(Assessed(clip, i + 1, kind, name, method, injected, said, reason, probability))
    return rows


def fault_tables(console: Console, rows: Sequence[Assessed], details: bool) -> None:
    """Sensitivity, specificity and what could not be judged: by fault, then by exercise and view, then one by one."""
    names = [name for name in dict.fromkeys(" or ".join(ids) for _, ids in KINDS) if any(r.fault == name for r in rows)]
    by_fault: list[tuple[object, ...]] = []
    for name in names:
        for bodies in ("report", "fit"):
            mine = [r for r in rows if r.fault == name and r.clip.bodies == bodies]
            if mine:
                by_fault.append((name, bodies, *_numbers(mine), *(c for m in METHODS for c in _cells(mine, m))))
    heads = ("fault", "bodies", "with", "without", *(head for m in METHODS for head in _heads(m)))
    tables.show(console, f"Faults. {LEGEND}", heads, by_fault, left=2)
    cases: dict[tuple[str, str, str, str], list[Assessed]] = defaultdict(list)
    for r in rows:
        cases[r.fault, r.clip.exercise, r.clip.view, r.clip.bodies].append(r)
    lines: list[tuple[object, ...]] = []
    for key, mine in sorted(cases.items(), key=lambda item: (names.index(item[0][0]), item[0])):
        if any(r.injected or r.said in JUDGED for r in mine):
            lines.append((*key, *_numbers(mine), *_cells(mine, "refined"), *_cells(mine, "true joints")))
    columns = ("fault", "exercise", "view", "bodies", "with", "without", *_heads("refined"), *_heads("true joints"))
    tables.show(console, "Faults by exercise and view, where injected or judged", columns, lines, left=4)
    title = "Injected, but no fault of that exercise here"
    tables.show(console, title, ("kind", "exercise", "repetitions"), _unasked(rows), left=2)
    if details:
        _detail_tables(console, rows)


def _detail_tables(console: Console, rows: Sequence[Assessed]) -> None:
    mine = [r for r in rows if r.method == "refined"]
    missed = [r for r in mine if r.injected and (r.said in (Verdict.ABSENT, MISSED) or _close(r))]
    vain = [r for r in mine if not r.injected and r.said == Verdict.PRESENT]
    for title, wrong in (("Misses and close calls of injected faults", missed), ("False alarms", vain)):
        cells = [(r.fault, r.clip.name, r.clip.bodies, r.rep, r.reason, _twin(r, rows)) for r in wrong]
        heads = ("fault", "recording", "bodies", "rep", "refined said", "on true joints")
        tables.show(console, title, heads, cells, left=3, text=(4, 5))


def _heads(method: str) -> tuple[str, ...]:
    return tuple(f"{SHORT.get(method, method)}\n{column}" for column in ("found", "quiet", "close", "blind"))


def _close(row: Assessed) -> bool:
    """Whether it was seen and measured, but lies too near the threshold."""
    return row.said == Verdict.NOT_ASSESSABLE and row.probability is not None


def _numbers(rows: Sequence[Assessed]) -> tuple[int, int]:
    mine = [r for r in rows if r.method == "refined"]
    injected = sum(r.injected for r in mine)
    return injected, len(mine) - injected


def _cells(rows: Sequence[Assessed], method: str) -> tuple[str, ...]:
    mine = [r for r in rows if r.method == method]
    cells = []
    for injected, right in ((True, Verdict.PRESENT), (False, Verdict.ABSENT)):
        judged = [r for r in mine if r.injected == injected and r.said in JUDGED]
        cells.append(f"{sum(r.said == right for r in judged)}/{len(judged)}" if judged else "-")
    close = [_close(r) for r in mine]
    blind = [r.said == Verdict.NOT_ASSESSABLE and not _close(r) for r in mine]
    return (*cells, tables.share(close), tables.share(blind))


def _unasked(rows: Sequence[Assessed]) -> list[tuple[str, str, int]]:
    clips = {r.clip.name: r.clip for r in rows}
    asked = {(r.kind, r.clip.exercise) for r in rows}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for clip in clips.values():
        for rep in clip.reps:
            for kind in rep.faults:
                if (kind, clip.exercise) not in asked:
                    counts[kind, clip.exercise] += 1
    return [(kind, exercise, n) for (kind, exercise), n in sorted(counts.items())]


def _twin(row: Assessed, rows: Sequence[Assessed]) -> str:
    """What the same question gets on the true joints."""
    same = (
        r for r in rows if (r.clip.name, r.rep, r.fault, r.method) == (row.clip.name, row.rep, row.fault, "true joints")
    )
    twin = next(same, None)
    return f"{twin.said}: {twin.reason}" if twin else "-"
