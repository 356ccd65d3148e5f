"""Plots of progress and load: well-formed, in the page's colours, told to who cannot see them, safe with any words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.load import curves
from kneeline.clinic.progress import Change, Line, Point, Strand
from kneeline.content.load import load
from kneeline.report.charts import load_chart, strand_chart
from kneeline.report.progress import load_rows, strand_rows

Style = Literal["line", "bars", "steps"]
START = date(2026, 1, 1)
SVG = "{http://www.w3.org/2000/svg}"
NO_CHANGE = Change("no_change", "No change.", 5.0, 4.0, 2.0)


def strand(style: Style = "line", count: int = 5, lines: int = 1) -> Strand:
    def points(i: int) -> tuple[Point, ...]:
        values = [(START + timedelta(days=7 * n), float((3 * n + i) % 10)) for n in range(count)]
        return tuple(Point(on, value, value - 1, value + 1) for on, value in values)

    told = tuple(Line(f"Line {i} & more", points(i), NO_CHANGE, 8.0) for i in range(lines))
    return Strand("pain.stairs", "Pain <on> stairs", "of 10", style, told, 'It went "down"', None, True)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize("style", ["line", "bars", "steps"])
@pytest.mark.parametrize("count", [1, 2, 5, 70])
@pytest.mark.parametrize("lines", [1, 4])
def test_every_strand_is_one_picture_with_its_words(style: Style, count: int, lines: int) -> None:
    root = parsed(strand_chart(strand(style, count, lines)))
    assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == ("Pain <on> stairs", 'It went "down"')
    assert root.get("role") == "img"
    ids = {item.get("id") for item in root.iter() if item.get("id")}
    assert set((root.get("aria-labelledby") or "").split()) == ids


@pytest.mark.parametrize("svg", [strand_chart(strand(lines=3)), load_chart(curves(load().sheets.load))])
def test_colours_are_the_pages_own_and_nothing_is_styled_scripted_or_fetched(svg: str) -> None:
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) <= {
        "none", *(f"var(--{tone})" for tone in ("ink", "muted", "rule", "accent", "again", "good", "hold", "lift")),
    }  # fmt: skip
    assert not re.search(r"style=|<script|<style|href|url\(", svg)


def test_everything_lies_inside_its_picture() -> None:
    for svg in (
        strand_chart(strand(count=80)),
        strand_chart(strand("bars", 40)),
        load_chart(curves(load().sheets.load)),
    ):
        root = parsed(svg)
        _, _, width, height = map(float, (root.get("viewBox") or "").split())
        for item in root.iter():
            for key, most in (("x", width), ("cx", width), ("x1", width), ("x2", width), ("y", height), ("cy", height)):
                if item.get(key) is not None:
                    assert -0.5 <= float(item.get(key) or 0) <= most + 0.5, (item.tag, item.attrib)


def test_a_line_that_stays_and_a_strand_without_points() -> None:
    flat = tuple(Point(START + timedelta(days=i), 3.0) for i in range(3))
    assert "polyline" in strand_chart(replace(strand(), lines=(Line("x", flat, NO_CHANGE),)))
    assert strand_chart(strand(count=0)) == ""


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.sampled_from(["line", "bars", "steps"]))
def test_any_numbers_can_be_drawn(values: list[float], style: Style) -> None:
    points = tuple(Point(START + timedelta(days=i), value) for i, value in enumerate(values))
    svg = strand_chart(replace(strand(style), lines=(Line("x", points, NO_CHANGE),)))
    parsed(svg)
    assert "nan" not in svg
    assert "inf" not in svg


def test_lines_differ_by_dash_and_mark_as_well_as_by_colour() -> None:
    svg = strand_chart(strand(lines=3))
    assert len(set(re.findall(r'<polyline[^>]*?(stroke-dasharray="[^"]*")?/>', svg))) == 3
    assert {"<circle", "<rect", "<polygon"} <= set(re.findall(r"<\w+", svg))


@pytest.mark.parametrize("width", [330, 640])
def test_the_load_chart_has_a_plot_for_each_activity(width: int) -> None:
    drawn = curves(load().sheets.load)
    words = [item.text for item in parsed(load_chart(drawn, width)).iter(f"{SVG}text")]
    assert {curve.name for curve in drawn if len(curve.load) > 1} <= set(words)
    assert {"At the hardest moment", "Running", "walking"} <= set(words)


def test_a_table_says_the_same_in_full() -> None:
    header, rows = strand_rows(strand(count=3, lines=2))
    assert header == ("Day", "Line 0 & more (of 10)", "Line 1 & more (of 10)")
    assert rows[0] == ("2026-01-15", "6 (5.0 to 7.0)", "7 (6.0 to 8.0)")
    header, rows = load_rows(curves(load().sheets.load))
    told = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert told["Squat, both legs"]["45°"] == "1.1-1.3"
    assert (told["Running"]["45°"], told["Running"]["hardest"]) == ("", "5.1-6.6")
