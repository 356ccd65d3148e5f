"""The made parts of the manual, as Markdown: from the library, the answer's schema, the command line and the tests."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import typer

import docs_chain
import docs_clinic
from docs_tests import movement_tests
from kneeline.cli import _app as kneeline_app
from kneeline.cli import main as kneeline
from kneeline.content.load import Library, load
from kneeline.content.schema import Claim, Exercise, FaultRule, Number, Signal
from kneeline.model.pose import INDEX
from kneeline.motion.figure import angles_at, placed, pose
from kneeline.report.story import (
    amount,
    basis,
    keys_of,
    listed,
    measure_name,
    phase_order,
    prescribed,
    published,
    sentence,
)
from kneeline.store.kinds import KINDS

ROOT = Path(__file__).resolve().parents[1]
SIDED_BONES = (
    "shoulder elbow",
    "elbow wrist",
    "shoulder hip",
    "hip knee",
    "knee ankle",
    "ankle heel",
    "heel foot_index",
)


# Small words


def sources(references: Iterable[str], up: str = "../") -> str:
    """The keys of evidence references, each a link to its entry."""
    return ", ".join(source_link(key, up) for key in keys_of(references))


def basis_of(number: Number, up: str = "../") -> str:
    """Where a number comes from: its sources, each a link to its entry, or that it is our own."""
    return basis(number, cite=lambda key: source_link(key, up))


def source_link(key: str, up: str = "../") -> str:
    """A source's key as a link to its entry."""
    return f"[{key}]({up}evidence.md#{key.lower()})"


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table, or nothing where there are no rows; `head` holds the column names, divided by bars."""
    names, body = [name.strip() for name in head.split("|")], list(rows)
    lines = [names, ["---"] * len(names), *body] if body else []
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


def bullets(lines: Iterable[str]) -> str:
    """The lines as a list."""
    return "\n".join(f"- {line}" for line in lines)


# Exercises


def navigation() -> list[dict[str, str]]:
    """Every exercise by its name, those with a prescription first."""
    return [{e.name: f"exercises/{e.id}.md"} for e in in_order(load())]


def in_order(library: Library) -> list[Exercise]:
    """Exercises first, then the movements that are only recognised."""
    return sorted(library.exercises.values(), key=lambda e: (e.kind != "exercise", e.name))


def exercise_pages() -> dict[str, str]:
    """The page of every exercise, by its path in the manual."""
    library = load()
    return {f"exercises/{e.id}.md": exercise_page(e, library) for e in library.exercises.values()}


def exercise_page(e: Exercise, library: Library) -> str:
    """One exercise, whole; a part that it does not have is left out."""
    parts = {
        "Why": bullets(e.why),
        "You need": bullets(e.equipment),
        "Set up": bullets(e.setup),
        "Steps": "\n".join(f"{i}. {step}" for i, step in enumerate(e.steps, start=1)),
        "What to feel": bullets(e.feel),
        "Common mistakes": bullets(e.mistakes),
        "How much": dose(e),
        "Where the camera stands": camera(e),
        "What is watched": faults(e, library),
        "What is measured": bullets(f"[{measure_name(m, library)}](../measures.md#{m}) (`{m}`)" for m in e.measures),
        "Easier and harder": table(
            "level | rung | how | what earns it",
            ([f"{r.level:+d}", r.name, r.how, r.earned_by] for r in sorted(e.ladder, key=lambda r: r.level)),
        ),
        "Leave out for now": bullets(
            f"{a.what} {a.why}" + (f" ({sources(a.evidence)})" if a.evidence else "") for a in e.avoid
        ),
        "Stop when": bullets(e.stop_rules),
        "Not for you when": bullets(e.contraindications),
        "Evidence": bullets(claim(c) for c in e.evidence),
    }
    trains = f"Trains the **{e.link}**: {e.muscle}.\n\n" if e.link else ""
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in parts.items() if text)
    return f"# {e.name}\n\n{e.summary}\n\n{trains}`{e.id}`\n\n{figure(e)}\n\n{body}\n"


def dose(e: Exercise) -> str:
    """What is prescribed, each number with its basis."""
    if e.dose is None:
        return ""
    tempo = [(f"{phase}, each time", number) for phase in phase_order(e) if (number := prescribed(e, phase))]
    d = e.dose
    numbers = [
        ("sets", d.sets),
        ("repetitions", d.reps),
        *tempo,
        ("rest between sets", d.rest),
        ("times a week", d.per_week),
    ]
    return table("part | how much | where it comes from", ([what, amount(n), basis_of(n)] for what, n in numbers))


def camera(e: Exercise) -> str:
    """Views, place and distance."""
    c = e.camera
    return (
        f"Seen from the {' or '.join(c.views)}, best first. {c.place} {c.turn}\n\n"
        f"About {amount(c.distance)} away ({basis_of(c.distance)}), {amount(c.height)} high ({basis_of(c.height)})."
    )


def faults(e: Exercise, library: Library) -> str:
    """Every fault with its limit and what is said; then those that no camera view of ours can judge."""
    seen = [rule for rule in e.fault if not rule.not_by_camera]
    rows = (
        [f"{r.name} (`{r.id}`)", limits(r, library), f"“{r.cue.say}”", f"“{r.cue.internal}”", how_often(r)]
        for r in seen
    )
    blind = [
        f"**{r.name}** (`{r.id}`): not by camera. {r.not_by_camera} {r.self_check}" for r in e.fault if r.not_by_camera
    ]
    head = "fault | present when | what is said | in body words | spoken of after"
    return "\n\n".join(filter(None, [table(head, rows), bullets(blind)]))


def limits(rule: FaultRule, library: Library) -> str:
    """The measure and the limits it is held to, with their basis."""
    sides = (("above", rule.above), ("below", rule.below))
    return f"{measure_name(rule.measure, library)} " + listed(
        f"{word} {amount(number)} ({basis_of(number)})" for word, number in sides if number is not None
    )


def how_often(rule: FaultRule) -> str:
    """In how many of the last repetitions a fault must show before it is spoken of."""
    return "once" if rule.persist_of == 1 else f"{rule.persist_reps} of {rule.persist_of} repetitions"


def claim(c: Claim) -> str:
    """One thing the evidence says, with its grade."""
    where = f" ({sources(c.evidence)})" if c.evidence else ""
    return f"**{c.stance.capitalize()}, {c.grade}.** {c.says}{where}"


def figure(e: Exercise) -> str:
    """The reference motion as a drawing: at rest, and at the top, seen from the exercise's first view."""
    view = {"side": "right"}.get(e.camera.views[0], e.camera.views[0])
    both = np.stack([pose(angles_at(e, progress)) for progress in (0.0, 1.0)])
    xy = placed(both, view).project(both)
    low, high = xy.reshape(-1, 2).min(0) - 60, xy.reshape(-1, 2).max(0) + 30  # room for the head
    width, height = high - low
    drawn = "".join(
        f'<g transform="translate({i * width - low[0]:.0f} {-low[1]:.0f})">{"".join(strokes(one))}</g>'
        for i, one in enumerate(xy)
    )
    return (
        f'<svg viewBox="0 0 {2 * width:.0f} {height:.0f}" height="300" role="img" fill="none" stroke="currentColor" '
        f'stroke-width="9" stroke-linecap="round" aria-label="{e.name}: at rest, and at the far end">{drawn}</svg>'
    )


def strokes(xy: Any) -> Iterator[str]:
    """The lines of one body; the left side is paler, so that a side view reads."""
    bones = [(f"{side}_{a}", f"{side}_{b}", side) for side in ("left", "right") for a, b in map(str.split, SIDED_BONES)]
    bones += [("left_shoulder", "right_shoulder", "right"), ("left_hip", "right_hip", "right")]
    for a, b, side in bones:
        (x1, y1), (x2, y2) = xy[INDEX[a]], xy[INDEX[b]]
        opacity = "0.45" if side == "left" else "1"
        yield f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" opacity="{opacity}"/>'
    x, y = (xy[INDEX["left_ear"]] + xy[INDEX["right_ear"]]) / 2
    yield f'<circle cx="{x:.0f}" cy="{y:.0f}" r="34"/>'


def exercise_list() -> str:
    """Every exercise in one line."""
    rows = ([f"[{e.name}]({e.id}.md)", f"`{e.id}`", e.link or "", e.summary] for e in in_order(load()))
    return table("name | id | trains | what it is", rows)


# Measures, limits, evidence


def measures() -> str:
    """Every signal and every measure, with how far it is trusted."""
    library = load()
    signals = (
        [
            f"{s.title} (`{s.name}`)",
            s.meaning,
            {"sagittal": "the side", "frontal": "the front or behind"}.get(s.plane, "anywhere"),
            f"{amount(s.yaw_limit)} ({basis_of(s.yaw_limit, '')})" if s.yaw_limit else "any view",
            as_measure(s, library),
        ]
        for s in library.signals.values()
    )
    each = (
        [f'<span id="{m.id}"></span>`{m.id}`', m.name, f"`{m.signal}`", m.meaning] for m in library.measures.values()
    )
    first = table(
        "signal | what it is | seen from | refused beyond a turn of | error as a measure of the body, not in any ±",
        signals,
    )
    return f"## Signals\n\n{first}\n\n## Measures\n\n{table('measure | name | signal | what it is', each)}"


def as_measure(s: Signal, library: Library) -> str:
    """What is published on a signal as a measure of the body, else our own estimate; no ± holds it."""
    known = library.validity.get(s.name)
    said = [f"{sentence(what)}: {amount(n)} ({basis_of(n, '')})." for what, n in published(s.name, library)]
    if not said:
        said.append("None in its unit found published.")
        if s.method_error is not None:
            said.append(f"Our own estimate: {amount(s.method_error)} ({basis_of(s.method_error, '')}).")
    if known is not None and known.note:
        said.append(f"{known.note} ({sources(known.evidence, '')})")
    return " ".join((*said, s.method_error_note)).strip()


def fault_list() -> str:
    """Every fault id and what it means."""
    return table("id | what it means", ([f"`{key}`", meaning] for key, meaning in load().faults.items()))


def blind_spots() -> str:
    """What no camera view of ours can judge, exercise by exercise, and how each signal is limited."""
    library = load()
    lines = [
        f"**{rule.name}** in [{e.name}](exercises/{e.id}.md). {rule.not_by_camera} {rule.self_check}"
        for e in in_order(library)
        for rule in e.fault
        if rule.not_by_camera
    ]
    notes = [f"**{s.title}**: {s.method_error_note}" for s in library.signals.values() if s.method_error_note]
    return f"## Not by camera\n\n{bullets(lines)}\n\n## How far each signal is trusted\n\n{bullets(notes)}"


def evidence() -> str:
    """Every source with what it says and how far it was read."""
    return "\n\n".join(
        f"## {s.key} {{#{s.key.lower()}}}\n\n{s.cite}. *{s.where}*. Read: {s.read}.\n\n"
        + bullets(f"{locator}: {says}" for locator, says in s.supports.items())
        for s in load().sources.values()
    )


# The answer, the command line, the code, the tests


def json_answer() -> str:
    """Every object of the answer and its keys, from the published schema."""
    schema = json.loads((ROOT / "docs" / "schema" / "set.schema.json").read_text(encoding="utf-8"))
    objects = {"the answer": schema, **schema["$defs"]}
    parts = []
    for name, entry in objects.items():
        rows = (
            [f"`{key}`", kind_of(value), value.get("description", "")]
            for key, value in entry.get("properties", {}).items()
        )
        if "properties" in entry:
            keys = table("key | holds | meaning", rows)
            parts.append(f"## {name.replace('_', ' ')}\n\n{entry.get('description', '')}\n\n{keys}")
    return "\n\n".join(parts)


def kind_of(value: dict[str, Any]) -> str:
    """What a place in the schema holds, in a few words."""
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2].replace("_", " ")
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    kind = value.get("type", "")
    if kind == "array":
        return f"list of {kind_of(value['items'])}"
    if kind == "object":
        return f"name to {kind_of(value['additionalProperties'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def command_line() -> str:
    """The help of every command, as it prints."""
    os.environ["COLUMNS"] = "100"
    parts = [f"## kneeline\n\n```\n{printed('--help')}```"]
    parts += [f"## kneeline {command}\n\n```\n{printed(command, '--help')}```" for command in command_names()]
    return "\n\n".join(parts)


def group_commands(group: str) -> str:
    """The help of every command of a group such as `kneeline data`, as it prints."""
    os.environ["COLUMNS"] = "100"
    return "\n\n".join(
        f"### kneeline {group} {c}\n\n```\n{printed(group, c, '--help')}```" for c in command_names(group)
    )


def command_names(group: str = "") -> list[str]:
    """Every command that there is, in the order of the help; of one group where it is named."""
    whole: Any = typer.main.get_command(kneeline_app)
    inside = whole.commands[group] if group else whole
    return list(inside.commands)


def load_table() -> str:
    """What `kneeline load` says, as a table."""
    from kneeline.clinic.load import curves
    from kneeline.report.progress import load_rows

    header, rows = load_rows(curves(load().sheets.load, all_of_them=True))
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def record_kinds() -> str:
    """Every kind of dated record, and what it says."""
    kinds = (f"`{name}`: {(inspect.getdoc(kind) or '').partition(chr(10))[0]}" for name, kind in KINDS.items())
    return bullets(kinds)


def printed(*words: str) -> str:
    """What kneeline prints when called with these words."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        kneeline(list(words))
    return out.getvalue()


def docstring(module: str) -> str:
    """The docstring of a module; indented parts stay drawings."""
    return inspect.getdoc(import_module(module)) or ""


def rooms() -> str:
    """The first sentence of every room and its modules, floor by floor, from the code itself."""
    package = ROOT / "src" / "kneeline"
    parts = []
    for room in ("model", "content", "motion", "capture", "report", "store"):
        files = sorted(path for path in (package / room).glob("*.py") if path.stem != "__init__")
        lines = [f"`{path.stem}`: {first_sentence(path)}" for path in files]
        parts.append(f"### {room}\n\n{first_sentence(package / room / '__init__.py')}\n\n{bullets(lines)}")
    by_themselves = ("files", "doctor", "cli", "cli_data", "cli_trial")
    by_themselves = ("files", "doctor", "cli", "cli_data", "cli_trial")
    alone = (f"`{name}`: {first_sentence(package / f'{name}.py')}" for name in by_themselves)
    parts.append(f"### By themselves\n\n{bullets(alone)}")
    return "\n\n".join(parts)


def first_sentence(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def behaviours() -> str:
    """What the tests in tests/spec hold, in their own words or by their names: a chapter per file."""
    parts = []
    for path in sorted((ROOT / "tests" / "spec").glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        says = (ast.get_docstring(node) or node.name.removeprefix("test_").replace("_", " ") for node in tests)
        parts.append(
            f"## {first_sentence(path).rstrip('.')}\n\n" + bullets(line[:1].upper() + line[1:] for line in says)
        )
    return "\n\n".join(parts)


def decision_files() -> list[Path]:
    """The decision records, oldest first."""
    return sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def decisions() -> str:
    """Every decision by its title."""
    titles = ((path, path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")) for path in decision_files())
    return bullets(f"[{title}]({path.name})" for path, title in titles)


MADE: dict[str, Callable[[], str]] = {
    "exercise_list": exercise_list,
    "measures": measures,
    "movement_tests": lambda: movement_tests(figure),
    **docs_clinic.MADE,
    **docs_chain.MADE,
    "fault_list": fault_list,
    "blind_spots": blind_spots,
    "evidence": evidence,
    "json_answer": json_answer,
    "command_line": command_line,
    "engine": lambda: docstring("kneeline.motion.engine"),
    "figure": lambda: docstring("kneeline.motion.figure"),
    "errors": lambda: docstring("kneeline.model.errors"),
    "data_commands": partial(group_commands, "data"),
    "log_commands": partial(group_commands, "log"),
    "fhir_commands": partial(group_commands, "fhir"),
    "load_table": load_table,
    "record_kinds": record_kinds,
    "store_tables": lambda: docstring("kneeline.store.tables"),
    "archive_files": lambda: docstring("kneeline.store.archive"),
    "rooms": rooms,
    "behaviours": behaviours,
    "decisions": decisions,
}
"""What a page may ask for by name."""
