"""Every printer of a report in every state: they say the same, hostile words stay words, and the same is the same."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import jsonschema
import msgspec
import pyarrow.parquet as pq
import pypdf
import pytest
from report_people import HOSTILE, STATES, library, six_weeks

from kneeline.report.physio.build import write
from kneeline.report.physio.page import report_html
from kneeline.report.physio.pdf import PAGES, report_pdf
from kneeline.report.physio.tables import csv_text, parquet_bytes, report_json, report_schema, report_tables
from kneeline.report.physio.text import report_text
from kneeline.report.physio.whole import Report

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "reports"
KEPT = ("six_weeks", "flare_up", "no_camera")
FOOT = re.compile(r"kneeline [\d.]+ · [^\n]*\s*Page \d+ of \d+")
FEARED = re.compile(r"\b(weak\w*|damag\w*|maltrack\w*|degenerat\w*|worn)\b", re.IGNORECASE)


def told(state: str) -> Report:
    return write(STATES[state](), library())


def kept(state: str) -> Report:
    return msgspec.json.decode((GOLDEN / f"{state}.json").read_bytes(), type=Report)


def pdf_text(report: Report) -> str:
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(report_pdf(report))).pages]
    return "\n".join(FOOT.sub("", page) for page in pages)


def html_text(report: Report) -> str:
    main = re.sub(r"<svg.*?</svg>", " ", report_html(report).split("<main>")[1], flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", main))


PRINTERS: dict[str, Callable[[Report], str]] = {"pdf": pdf_text, "html": html_text, "text": report_text}


def flat(text: str) -> str:
    """Without what a printer does to lines: breaks, dashes of lists, shapes of letters that stand for two."""
    joined = text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff").replace("ﬃ", "ffi")
    return re.sub(r"[\s\u200b\u200e]+", "", joined)


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("state", STATES)
def test_every_printer_says_what_matters(printer: str, state: str) -> None:
    report, said = told(state), flat(PRINTERS[printer](told(state)))
    wanted = [*report.short, report.safety.say, *report.discuss, *(leg.say for leg in report.legs if leg.hurts)]
    wanted += [flag.say for flag in report.safety.standing] + [one.answer for one in report.safety.asked]
    wanted += [one.shown for one in report.results] + [one.reference for one in report.results]
    wanted += [one.say for one in report.trends] + [one.why for one in report.unseen]
    wanted += [v.why for v in report.plan.history] if report.plan else ["There is no plan."]
    wanted += [one.cite for one in report.sources] + [one.says for one in report.statements] + [report.limits]
    assert [words for words in wanted if flat(words).rstrip(".") not in said] == []


@pytest.mark.parametrize("printer", PRINTERS)
def test_own_questions_come_first_and_hostile_words_stay_words(printer: str) -> None:
    said = PRINTERS[printer](told("hostile"))
    assert flat(HOSTILE[0]) in flat(said)
    assert "<script>alert(1)</script>" in said
    assert said.upper().index("QUESTIONS FOR MY PHYSIO") < said.upper().index("SAFETY: WHAT WAS ASKED")
    assert not re.search("[\x00\x1b\u202a-\u202e]", said)
    assert "(shortened)" in said


def test_hostile_words_are_no_markup_of_a_page() -> None:
    page = report_html(told("hostile"))
    assert "<script" not in page
    assert "onerror" not in page
    assert "style=" not in page


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("state", STATES)
def test_no_word_feeds_fear_and_every_default_is_named(printer: str, state: str) -> None:
    said = PRINTERS[printer](told(state))
    assert FEARED.findall(said) == []
    if told(state).results:
        assert "house default" in said


@pytest.mark.parametrize("state", STATES)
def test_a_pdf_is_tagged_titled_and_the_same_again(state: str) -> None:
    report = told(state)
    printed = report_pdf(report)
    assert printed == report_pdf(report)
    read = pypdf.PdfReader(io.BytesIO(printed))
    root = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert read.metadata is not None
    assert read.metadata.title == "Knee report for a physio"
    assert b"pdfuaid:part" in printed


@pytest.mark.parametrize("state", [state for state in STATES if state != "hostile"])
def test_two_pages_and_an_appendix_for_a_long_history_only(state: str) -> None:
    report = told(state)
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(report_pdf(report))).pages]
    assert len(pages) <= PAGES or "Appendix" in pages[PAGES]
    assert len(pages) <= PAGES + 1


@pytest.mark.parametrize("state", STATES)
def test_the_json_keeps_to_its_published_schema(state: str) -> None:
    schema = json.loads((ROOT / "docs" / "schema" / "report.schema.json").read_text(encoding="utf-8"))
    assert schema == report_schema(), "the published schema is an old one: see docs/report.md"
    jsonschema.validate(json.loads(report_json(told(state))), schema)


def test_the_schema_refuses_what_is_no_report() -> None:
    body = json.loads(report_json(told("new")))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**body, "safety": None}, report_schema())


@pytest.mark.parametrize("state", STATES)
def test_tables_are_the_same_as_csv_and_as_parquet(state: str) -> None:
    for name, (head, rows) in report_tables(told(state)).items():
        read = pq.read_table(io.BytesIO(parquet_bytes((head, rows))))
        assert read.column_names == list(head), name
        assert [tuple(row.values()) for row in read.to_pylist()] == list(rows), name
        assert csv_text((head, rows)).splitlines()[0] == ",".join(head)


def test_no_cell_of_a_csv_is_a_formula() -> None:
    assert csv_text((("a",), [("=1+1",), ("@x",), (-2.0,)])).splitlines() == ["a", "'=1+1", "'@x", "-2.0"]


def test_an_empty_record_is_an_honest_short_report() -> None:
    said = report_text(told("nothing"))
    assert "Nothing is on record yet" in said
    assert "Nothing was asked yet." in said
    assert "%" not in said


def test_a_red_flag_comes_before_everything() -> None:
    report = told("stopped")
    assert report.outcome == "stop"
    assert not report.legs
    assert report.short[0].startswith(report.safety.standing[0].say)
    assert "nothing is trained" in report.safety.say


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("state", KEPT)
def test_a_kept_report_is_printed_as_it_was(printer: str, state: str) -> None:
    """From a report kept as JSON, so that what the library says may change; the last lines here write it anew."""
    assert PRINTERS[printer](kept(state)) == (GOLDEN / f"{state}.{printer}.txt").read_text(encoding="utf-8")


def test_another_day_is_another_pdf() -> None:
    other = replace(six_weeks(), on=date(2026, 2, 17))
    assert report_pdf(write(other, library())) != report_pdf(told("six_weeks"))


if __name__ == "__main__":
    for one in KEPT:
        (GOLDEN / f"{one}.json").write_text(report_json(told(one)), encoding="utf-8")
        for name, printed in PRINTERS.items():
            (GOLDEN / f"{one}.{name}.txt").write_text(printed(kept(one)), encoding="utf-8")
