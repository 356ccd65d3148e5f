"""Handing over, as pages: a sealed file to send, one to open, questions for the physio, and how to reach the clinic.

Nothing is sent from here. A sealed file lies in a folder of its own until the next one is made or kneeline ends; its
passphrase is on one page, once, and nowhere else.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec
from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from kneeline.model.errors import InputError
from kneeline.store import Kept
from kneeline.store.kinds import PhysioQuestion, Profile, Retraction
from kneeline.store.passphrase import bits
from kneeline.store.planned import plan_versions
from kneeline.store.share import open_share, share_records, shared_at
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.render import book_of, page, see

router = APIRouter()

CONTACT: Final = ("clinic_name", "clinic_link", "clinic_phone")
"""The settings that say how to reach a clinic."""
_PHONE: Final = re.compile(r"[+0-9][0-9 ()/.-]{2,39}")


class Outbox:
    """The sealed file that was made last, under a name that nobody can guess."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kneeline-")
        self._last: UUID | None = None

    def put(self, make: Callable[[Path], str]) -> tuple[UUID, str]:
        """Make a file in the place of the last one; its name here, and what making it gave back."""
        token = uuid4()
        given = make(self._path(token))
        if self._last is not None:
            self._path(self._last).unlink(missing_ok=True)
        self._last = token
        return token, given

    def get(self, token: UUID) -> Path:
        """The file of a name; 404 when it is gone."""
        if token != self._last:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return self._path(token)

    def _path(self, token: UUID) -> Path:
        return Path(self._folder.name) / f"{token}.age"


@router.get("/share")
def share(request: Request) -> Response:
    """What is handed over, and to whom."""
    book = book_of(request)
    return page(
        request,
        "share_start.html",
        name=_name(book),
        asked=_questions(book),
        logs=len(book.store.pose_logs(book.person_id)),
        last=shared_at(book.store, book.person_id),
        title="For your physio",
    )


@router.post("/data/share")
def make(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    movement: Annotated[bool, Form()] = False,
) -> Response:
    """Seal the person's records, and show the passphrase, once."""
    book, at = book_of(request), clock.now()
    if name.strip() != _name(book):
        known = book.store.latest(book.person_id, Profile)
        profile = known.payload if known is not None else Profile()
        profile = msgspec.structs.replace(profile, name=name.strip())
        book.store.record(book.person_id, profile, id=uuid4(), at=at)
    return made(
        request, lambda path: share_records(book.store, book.person_id, path, at, movement=movement), to="your physio"
    )


def made(request: Request, make: Callable[[Path], str], *, to: str) -> Response:
    """The page of a sealed file: the words that open it, and the file."""
    outbox: Outbox = request.app.state.outbox
    token, passphrase = outbox.put(make)
    size_mb = outbox.get(token).stat().st_size / 1e6
    return page(
        request,
        "share_made.html",
        token=token,
        words=passphrase.split(),
        bits=int(bits()),
        size_mb=size_mb,
        to=to,
        title="Sealed",
    )


@router.get("/data/shared/{token}")
def sealed(request: Request, token: UUID) -> Response:
    """The sealed file."""
    path = request.app.state.outbox.get(token)
    headers = {"cache-control": "no-store"}
    name = f"kneeline-{clock.today():%Y-%m-%d}.age"
    return FileResponse(path, filename=name, media_type="application/octet-stream", headers=headers)


@router.post("/data/open")
def open_(
    request: Request,
    file: Annotated[UploadFile, File()],
    passphrase: Annotated[str, Form(max_length=1_000)],
) -> Response:
    """Open what somebody sent: a patient's records, or the physio's answer."""
    book = book_of(request)
    with tempfile.TemporaryDirectory(prefix="kneeline-") as folder:
        path = Path(folder) / "The file"
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out)
        done = open_share(book.store, path, passphrase, clock.now(), book.library)
    new = "true" if done.added else "false"
    return see(f"/caseload/{done.person_id}?new={new}" if done.purpose == "records" else f"/answer?new={new}")


@router.get("/answer")
def answer(request: Request, new: bool = True) -> Response:
    """What the physio changed last in the person's plan."""
    book = book_of(request)
    by_physio = [v for v in plan_versions(book.store, book.person_id, book.library) if v.change.by == "physio"]
    if not by_physio:
        return see("/share")
    return page(request, "share_answer.html", put=by_physio[-1], new=new, title="Your physio's answer")


@router.get("/questions")
def questions(request: Request) -> Response:
    """What the person wants to ask their physio."""
    return page(request, "share_questions.html", asked=_questions(book_of(request)), title="Questions for my physio")


@router.post("/questions")
def ask(request: Request, text: Annotated[str, Form(max_length=2_000)] = "") -> Response:
    """Keep a question."""
    book = book_of(request)
    if not text.strip():
        raise InputError("There is no question in it", expected="a few words")
    book.store.record(book.person_id, PhysioQuestion(text=text.strip()), id=uuid4(), at=clock.now())
    return see("/questions")


@router.post("/questions/back")
def take_back(request: Request, id: Annotated[UUID, Form()]) -> Response:
    """Take a question back."""
    book = book_of(request)
    if id in {kept.id for kept in _questions(book)}:
        book.store.record(book.person_id, Retraction(), id=uuid4(), at=clock.now(), replaces=id)
    return see("/questions")


@router.get("/contact")
def contact(request: Request, saved: bool = False) -> Response:
    """How to reach the clinic."""
    known = book_of(request).store.settings(book_of(request).person_id)
    said = {name: str(known.get(name, "")) for name in CONTACT}
    return page(request, "share_contact.html", said=said, saved=saved, title="Contact")


@router.post("/contact")
def set_contact(
    request: Request,
    clinic_name: Annotated[str, Form(max_length=200)] = "",
    clinic_link: Annotated[str, Form(max_length=500)] = "",
    clinic_phone: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Keep how to reach the clinic."""
    link, phone = clinic_link.strip(), clinic_phone.strip()
    if link and not _is_link(link):
        raise InputError("This is no address of a page", expected="one that begins with https://")
    if phone and not _PHONE.fullmatch(phone):
        raise InputError("This is no telephone number", expected="digits, such as +41 44 123 45 67")
    book_of(request).prefer(dict(zip(CONTACT, (clinic_name.strip(), link, phone), strict=True)))
    return see("/contact?saved=true")


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", text)


def _name(book: Book) -> str:
    known = book.store.latest(book.person_id, Profile)
    return "" if known is None else known.payload.name


def _questions(book: Book) -> list[Kept[PhysioQuestion]]:
    return list(book.store.history(book.person_id, PhysioQuestion))
