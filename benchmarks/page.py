"""The page "What kneeline can see", its plots, and the accuracy that reports show beside each result.

    python benchmarks/page.py                                                   from what is kept in results/
    python benchmarks/page.py --measure [--rendered DIR ...] [--cache DIR] [--cache-heavy DIR] [--only-cached]

With `--measure` the rendered people are measured again first, as `benchmarks/accuracy.py` does it. What real people
with markers show, and Sports2D beside it, is kept by `mocap.py --save` and `beside_sports2d.py --save`. Everything on
the page is taken from benchmarks/results/ and the library; no figure is typed. It writes docs/what-kneeline-can-see.md,
docs/seen/ and src/kneeline/content/data/accuracy.toml.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import page_people
import page_plots
import page_words
import seen
from beside_sports2d import Beside
from clips import default_cache
from kneeline.content.load import Library, load
from kneeline.content.schema import AccuracyTable
from mocap import Known, Row, Square
from seen import RESULTS, Judged, Seen, Turned, figures
from tables import read_rows, write_rows

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "what-kneeline-can-see.md"
PLOTS = ROOT / "docs" / "seen"
ACCURACY = ROOT / "src" / "kneeline" / "content" / "data" / "accuracy.toml"
HOW = "benchmarks/page.py --measure"
POSE_MODELS = {"full": "blazepose-full", "heavy": "blazepose-heavy"}
FEWEST, FEWEST_PEOPLE = 8, 2
"""What an exercise needs for a mean of its own in reports; else that over all exercises is shown, if it has these."""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that the page is made from."""

    seen: list[Seen]
    turned: list[Turned]
    judged: list[Judged]
    mocap: list[Row]
    known: list[Known]
    square: list[Square]
    beside: list[Beside]


def results(folder: Path = RESULTS) -> Results:
    """What is kept in a folder of results.

    Raises: ValueError when a file has other columns than it should.
    """
    return Results(
        read_rows(folder / "seen.csv", Seen),
        read_rows(folder / "seen_turns.csv", Turned),
        read_rows(folder / "seen_faults.csv", Judged),
        read_rows(folder / "mocap.csv", Row),
        read_rows(folder / "mocap_known.csv", Known),
        read_rows(folder / "mocap_square.csv", Square),
        read_rows(folder / "beside_sports2d.csv", Beside),
    )


def accuracy_toml(rows: Sequence[Seen]) -> str:
    """How far each measure of each exercise was off in views it is valid in, as the library's file."""
    groups: dict[tuple[str, str, str], list[Seen]] = defaultdict(list)
    everywhere: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for r in rows:
        if r.valid == "yes" and r.model in POSE_MODELS:
            groups[POSE_MODELS[r.model], r.exercise, r.measure].append(r)
            everywhere[POSE_MODELS[r.model], r.measure].append(r)
    lines = [
        f"# Written by `{HOW}`; not to be edited. Rendered people, each with errors fitted without that one, in views",
        "# that each measure is valid in. mae, bias: mean absolute and mean error in `unit`; covered: share of the",
        "# 95 % intervals that held the truth; pooled: over all exercises, where one alone had too few.",
        f'how = "{HOW}"',
        f'basis = "{AccuracyTable().basis}"',
    ]
    for (model, exercise, measure), mine in sorted(groups.items()):
        own, pooled = figures(mine), figures(everywhere[model, measure])
        found = next((f for f in (own, pooled) if f and f.n >= FEWEST and f.people >= FEWEST_PEOPLE), None)
        if own is None or found is None:
            continue
        lines += [
            "",
            f"[model.{model}.{exercise}.{measure}]",
            f'unit = "{found.unit}"',
            *(f"{name} = {getattr(found, name):.4g}" for name in ("mae", "bias", "covered")),
            f"repetitions = {found.n}",
            f"recordings = {found.recordings}",
            f"people = {found.people}",
            *(["pooled = true"] if found is pooled and found is not own else []),
        ]
    return "\n".join(lines) + "\n"


def made(found: Results, library: Library) -> str:
    """The page's Markdown."""
    parts = [
        page_words.opening(found.seen, library),
        page_words.by_view(found.seen, library),
        page_words.honest(found.seen, library),
        page_people.turns(found.mocap, found.turned, library),
        page_words.faults(found.judged, library),
        page_words.refusals(found.seen, library),
        page_people.markers(found.mocap, found.known, found.square, library),
        page_people.sports2d(found.beside),
        page_words.each_measure(found.seen, library),
        page_words.closing(),
    ]
    return "\n\n".join(parts) + "\n"


def draw(found: Results, library: Library, folder: Path = PLOTS) -> None:
    """Every plot of the page; what is no longer on it goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    names = {e.id: e.name for e in library.exercises.values()}
    for measure, rows in page_words.groups(found.seen, library):
        page_plots.bland_altman(folder / f"{measure}.svg", rows, names)
    page_plots.coverage(folder / "coverage.svg", page_words.coverage_lines(found.seen, library))
    for signal, rows in page_people.signals_by_turn(found.mocap).items():
        limit = library.signals[signal].yaw_limit
        assert limit is not None
        page_plots.against_turn(folder / f"turn_{signal}.svg", rows, limit.value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="measure the rendered people again first")
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache(), help="pose logs of the full model")
    parser.add_argument("--cache-heavy", type=Path, help="pose logs of the heavy model, if there are any")
    parser.add_argument("--only-cached", action="store_true")
    options = parser.parse_args()
    if options.measure:
        rows, turned, judged = seen.measure(options)
        for name, found in (("seen", rows), ("seen_turns", turned), ("seen_faults", judged)):
            write_rows(RESULTS / f"{name}.csv", found)
    found = results()
    library = load()
    ACCURACY.write_text(accuracy_toml(found.seen), encoding="utf-8")
    PAGE.write_text(made(found, library), encoding="utf-8")
    draw(found, library)


if __name__ == "__main__":
    main()
