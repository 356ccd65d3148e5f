from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hand_made import BY_FOOT, Made

from kneeline.content.schema import Accuracy, AccuracyTable
from kneeline.model.movement import SetSummary, SignalTrace, View
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.report.html import html, write_html
from kneeline.report.plots import _COLOURS

OFF_S = Accuracy(unit="s", mae=0.041, bias=0.01, covered=0.95, repetitions=28, recordings=7, people=6)
OFF = Accuracy(unit="frac", mae=0.0312, bias=-0.01, covered=0.9, repetitions=1, recordings=1, people=1, pooled=True)
_VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Reads a page as strictly as this test needs it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(made: Made) -> str:
    return html(made.result, made.trace, made.recording, made.exercise, made.library)


def test_it_is_one_sound_file_with_ids_used_once(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    inside = {str(attrs["href"])[1:] for tag, attrs in parsed.tags if tag == "a" and attrs.get("href")}
    inside |= {name for _, a in parsed.tags for name in re.findall(r"url\(#([^)]+)\)", " ".join(map(str, a.values())))}
    assert inside <= set(ids)


def test_it_asks_the_network_for_nothing_and_runs_nothing(page: str) -> None:
    for tag, attrs in Page(page).tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "image"}
        for name in ("src", "href", "xlink:href", "action"):
            assert str(attrs.get(name, "#")).startswith("#")
        assert not any(name.startswith("on") for name in attrs)
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_every_picture_has_its_numbers_in_words(page: str) -> None:
    tags = Page(page).tags
    assert sum(tag == "svg" for tag, _ in tags) == 2 + 3 + 2  # the signal twice, three tempos, two measures seen
    assert all(attrs.get("aria-hidden") == "true" for tag, attrs in tags if tag == "svg")
    assert "repetition 4 from" in page
    assert "Lower by repetition. 1: 2.8 ± 0.1 s" in page
    assert [tag for tag, _ in tags].count("h1") == 1


def test_plots_take_their_colours_from_the_page(page: str) -> None:
    assert not [colour for colour in _COLOURS.values() if colour in page]
    used = set(re.findall(r"var\(--([a-z]+)\)", page))
    for scheme in re.findall(r":root \{(.*?)\}", page, re.DOTALL)[:2]:
        assert used <= set(re.findall(r"--([a-z]+):", scheme))


def test_it_tells_the_answer(page: str) -> None:
    for words in (
        "3 of 5 repetitions were good.",
        "Float down slowly",
        "25 %",
        BY_FOOT,
        "house default",
        "Down too fast",
    ):
        assert words in page
    assert "not a diagnosis" in page
    assert "S13" not in page  # sources are numbered, not keyed
    assert "Yosmaoglu" in page


def test_what_is_known_of_a_measure_beyond_its_own_error_stands_beside_it(made: Made) -> None:
    found = {made.exercise.id: {"lift_s": OFF_S, "heel_rise_peak_frac": OFF}}
    library = replace(made.library, accuracy=AccuracyTable(how="a command", model={"blazepose-full": found}))
    page = html(made.result, made.trace, made.recording, made.exercise, library)
    assert "On rendered people it was off by 0.04 s on average (28 repetitions of 6 people)." in page
    assert (
        "On rendered people it was off by 3.1 % on average (1 repetition of 1 person, all exercises together)." in page
    )
    assert "is not in it: how far each measure was off" in page
    other = replace(made.recording, pose_model="openpose-25")
    page = html(made.result, made.trace, other, made.exercise, library)
    assert "On rendered people" not in page
    assert "As a measure of the body, by our own estimate: 5 % (house default), not in the ±." in page


def test_what_is_published_on_a_measure_stands_beside_it_with_its_source(made: Made) -> None:
    peak = {"fppa_peak_deg": Estimate(9.0, 2.0, "deg")}
    squat = made.library.exercises["squat_single_leg"]
    reps = tuple(replace(rep, measures=peak, faults=()) for rep in made.result.reps)
    page = html(replace(made.result, reps=reps), made.trace, made.recording, squat, made.library)
    assert "error when measured again (SEM) 3° and smallest real change (MDC) 8.9°; none of it is in the ±." in page
    assert "Knee inward (FPPA): published smallest real change (MDC); not part of any ±" in page
    assert made.library.sources["S32"].cite in page


def test_the_same_set_gives_the_same_page(made: Made, page: str) -> None:
    assert html(made.result, made.trace, made.recording, made.exercise, made.library) == page


def test_a_file_name_cannot_smuggle_anything_in(made: Made) -> None:
    evil = replace(made.recording, source="<script>alert(1)</script>.mp4", warnings=("<b>bold</b>",))
    text = html(made.result, made.trace, evil, made.exercise, made.library)
    assert "<script" not in text
    assert "<b>bold" not in text
    assert "&lt;script&gt;" in text


def test_nothing_counted_still_makes_a_page_that_says_why(made: Made, tmp_path: Path) -> None:
    reason = "Nobody was found."
    none = replace(
        made.result,
        reps=(),
        summary=SetSummary(0, 0, 0.0, 90.0, 0.0),
        view=View("unclear", NotAssessable(reason), False, (reason,)),
        warnings=(),
    )
    blank = np.full(3, np.nan)
    signal = made.trace.signal
    trace = SignalTrace(
        np.arange(3.0), made.trace.phase[:3], np.zeros(3, dtype=np.int64), {signal: blank}, {signal: blank}, signal
    )
    write_html(tmp_path / "r.html", none, trace, made.recording, made.exercise, made.library)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "No repetition was counted." in text
    assert reason in text
    assert Page(text).open == []


def test_every_movement_of_the_library_makes_a_page(made: Made) -> None:
    for exercise in made.library.exercises.values():
        result = replace(made.result, exercise=exercise.id)
        if exercise.dose is None:
            result = replace(result, summary=replace(result.summary, dose_received=None))
        text = html(result, made.trace, made.recording, exercise, made.library)
        assert ("Dose received" in text) == (exercise.dose is not None)


def test_the_page_has_no_control_characters_whatever_a_recording_is_called(made: Made) -> None:
    recording = replace(made.recording, source="\x1b]0;x\x07\x9b\udcff.mp4", warnings=("a \x00 b",))
    page = html(made.result, made.trace, recording, made.exercise, made.library)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
    assert "?]0;x??\ufffd.mp4" in page
    assert "a ? b" in page
    page.encode()


def test_a_signal_that_was_never_seen_is_not_drawn(made: Made, page: str) -> None:
    blank = {name: np.full_like(values, np.nan) for name, values in made.trace.values.items()}
    unseen = html(made.result, replace(made.trace, values=blank), made.recording, made.exercise, made.library)
    assert "The movement over time" in page
    assert "The movement over time" not in unseen
    assert Page(unseen).open == []
