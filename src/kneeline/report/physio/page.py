"""The report as HTML: a part of a page of the coach, or one file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from kneeline.report.charts import strand_chart
from kneeline.report.physio.training import day
from kneeline.report.physio.whole import Report
from kneeline.report.physio.words import (
    CHANCES,
    TITLE,
    chance,
    charts,
    history_rows,
    made_line,
    named,
    prescribed_rows,
    tested_table,
    trend_rows,
    week_table,
    who_line,
    why_rows,
)
from kneeline.report.story import sentence

_TEMPLATES: Final = Path(__file__).parents[1] / "templates"
STYLE: Final = _TEMPLATES / "physio.css"


def report_part(report: Report) -> Markup:
    """The report as an `<article>`, to be styled by `STYLE`; nothing in it is scripted or styled inline."""
    tested_head, tested = tested_table(report.results)
    # Our own SVG: what stands in it is escaped where it is drawn.
    drawn = [(one.title, one.unit, Markup(strand_chart(one, 420, 220))) for one in charts(report)]
    page = _PAGES.get_template("physio.html.j2").render(
        r=report,
        title=TITLE,
        who=who_line(report),
        chances=CHANCES,
        tested_head=tested_head,
        tested=tested,
        charts=drawn,
        trends=trend_rows(report.trends),
        weeks=week_table(report.weeks),
        prescribed=prescribed_rows(report.plan) if report.plan else [],
        history=history_rows(report.plan) if report.plan else [],
        made=made_line(report),
    )
    return Markup(page)


def report_html(report: Report) -> str:
    """The report as one file: no network, no script, light and dark, phone and paper."""
    style = Markup(STYLE.read_text(encoding="utf-8"))
    return _PAGES.get_template("physio_page.html.j2").render(title=TITLE, style=style, body=report_part(report))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"day": day, "cap": sentence, "chance": chance, "named": named, "why": why_rows})
    return environment


_PAGES: Final = _environment()
