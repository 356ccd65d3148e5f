"""The coach as a web application: pages, files, and the live socket, behind one guard."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from kneeline.capture.pose_model import model_path
from kneeline.content.load import Library, load_exercise
from kneeline.model.errors import InputError, KneelineError
from kneeline.report import drawing
from kneeline.report.place import where_to_stand
from kneeline.store import Store
from kneeline.web import ask, caseload, chain, day, guide, pages, plan, records, scores, share, trials
from kneeline.web.book import Book
from kneeline.web.course import Side
from kneeline.web.guard import LOOPBACK, Guard
from kneeline.web.lan import Lan
from kneeline.web.lan import router as lan_pages
from kneeline.web.library import router as library_pages
from kneeline.web.live import Runs
from kneeline.web.progress import router as progress_pages
from kneeline.web.render import TEMPLATES, see, trouble
from kneeline.web.report import router as report_pages
from kneeline.web.runs import router as run_pages
from kneeline.web.trial_run import TrialRuns

STATIC: Final = Path(__file__).parent / "static"
_SENTENCES: Final = {
    HTTPStatus.NOT_FOUND: "This page is not here.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page cannot be used like that.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something in this form was left out or cannot be read. Go back and try again.",
}


def create_app(store: Store, library: Library, hosts: Iterable[str] = LOOPBACK, lan: Lan | None = None) -> FastAPI:
    """The application over an open store.

    hosts: the names it answers to, without port. lan: this machine on its local network, where it is shown there.
    """
    book = Book(store, library)
    runs = Runs(book)
    app = FastAPI(title="kneeline", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.book = book
    app.state.lan = lan
    app.state.trial_runs = TrialRuns(book)
    app.state.outbox = share.Outbox()
    app.add_middleware(Guard, hosts=tuple(hosts), lan=lan)
    app.include_router(lan_pages)
    app.include_router(ask.router)
    app.include_router(scores.router)
    app.include_router(guide.router)
    app.include_router(day.router)
    app.include_router(plan.router)
    app.include_router(run_pages)
    app.include_router(pages.router, dependencies=[Depends(ask.gate)])
    app.include_router(records.router)
    app.include_router(trials.router, dependencies=[Depends(ask.gate)])
    app.include_router(trials.sockets)
    app.include_router(chain.router)
    app.include_router(report_pages)
    app.include_router(share.router)
    app.include_router(caseload.router)
    app.include_router(library_pages)
    app.include_router(progress_pages)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/model/pose.task")
    def pose_model() -> Response:
        return FileResponse(model_path("full"), media_type="application/octet-stream")

    @app.get("/figures/{exercise_id}.svg")
    def figure(exercise_id: str, side: Side = "right", still: bool = False) -> Response:
        exercise = load_exercise(exercise_id, library)
        leg: Literal["left", "right"] = "left" if side == "left" else "right"
        drawn = drawing.rest_and_top(exercise, side=leg) if still else drawing.moving(exercise, side=leg)
        return Response(drawn, media_type="image/svg+xml", headers={"cache-control": "max-age=3600"})

    @app.get("/figures/{exercise_id}/place.svg")
    def place(exercise_id: str, side: Side = "right") -> Response:
        drawn = where_to_stand(load_exercise(exercise_id, library), "left" if side == "left" else "right")
        return Response(drawn, media_type="image/svg+xml", headers={"cache-control": "max-age=3600"})

    @app.get("/sw.js")
    def service_worker() -> Response:
        return Response(_worker(), media_type="text/javascript", headers={"cache-control": "no-cache"})

    @app.websocket("/live/{set_id}")
    async def live(page: WebSocket, set_id: UUID) -> None:
        await runs.serve(page, set_id)

    @app.exception_handler(HTTPException)
    def not_here(request: Request, error: HTTPException) -> Response:
        sentence = _SENTENCES.get(HTTPStatus(error.status_code), str(error.detail))
        return trouble(request, sentence, error.status_code)

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, error: RequestValidationError) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return trouble(request, _SENTENCES[status], status)

    @app.exception_handler(ask.HaltError)
    def halted(request: Request, error: ask.HaltError) -> Response:
        return see("/check/stop")

    @app.exception_handler(KneelineError)
    def cannot(request: Request, error: KneelineError) -> Response:
        status = HTTPStatus.BAD_REQUEST if isinstance(error, InputError) else HTTPStatus.SERVICE_UNAVAILABLE
        return trouble(request, str(error), status)

    return app


@functools.cache
def _worker() -> str:
    """The service worker, told which files make the shell; any change in what is served makes it another one."""
    digest = hashlib.sha256()
    for path in sorted((*STATIC.rglob("*"), *TEMPLATES.glob("*"), model_path("full"))):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    files = sorted(f"/static/{path.name}" for path in STATIC.iterdir() if path.is_file() and path.name != "sw.js")
    shell = json.dumps({"version": digest.hexdigest()[:16], "files": files})
    return f"self.SHELL = {shell};\n{(STATIC / 'sw.js').read_text(encoding='utf-8')}"
