"""The report for a physio as a page, and on paper."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from kneeline.report.physio.page import STYLE, report_part
from kneeline.report.physio.pdf import report_pdf
from kneeline.report.physio.whole import Report
from kneeline.report.physio.words import TITLE
from kneeline.web import clock
from kneeline.web.dossier import report_of
from kneeline.web.render import book_of, page

router = APIRouter()


@router.get("/report")
def report(request: Request) -> Response:
    """The report as it stands today."""
    return page(request, "report.html", part=report_part(_report(request)), title=TITLE)


@router.get("/report.pdf")
def printed(request: Request) -> Response:
    """The report on paper."""
    headers = {"cache-control": "no-store", "content-disposition": 'inline; filename="knee-report.pdf"'}
    return Response(report_pdf(_report(request)), media_type="application/pdf", headers=headers)


@router.get("/report/style.css")
def style() -> Response:
    """How the report looks as a page; the file that stands alone has the same inside."""
    return FileResponse(STYLE, media_type="text/css", headers={"cache-control": "no-cache"})


def _report(request: Request) -> Report:
    book = book_of(request)
    return report_of(book.store, book.library, book.person_id, clock.now())
