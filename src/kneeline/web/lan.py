"""A phone as the camera: this machine on its local network, and the pages that let a phone in.

The rule of who may connect: this machine itself over loopback, as always; over the local network, by https only,
devices that were paired with a code from this machine's own screen. Records are exported, imported and erased, and
devices are paired and forgotten, on this machine alone.
"""

from __future__ import annotations

import io
import ipaddress
import re
import socket
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import segno
from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.model.errors import InputError
from kneeline.web.certificate import PRIVATE, Certificate, certificate_for
from kneeline.web.pairing import OFFER_S, PAIRED_S, Pairing
from kneeline.web.render import page, see

COOKIE: Final = "__Host-kneeline"
"""The prefix makes browsers hold us to Secure, Path=/ and no Domain."""
_LONGEST_CODE: Final = 100
_SOMEWHERE: Final = ("192.0.2.1", "10.255.255.254", "172.31.255.254", "192.168.255.254")

router = APIRouter()


def addresses() -> tuple[str, ...]:
    """The private IPv4 addresses of this machine, the one that it reaches others from first.

    Raises: InputError when it has none.
    """
    found = dict.fromkeys((*map(_towards, _SOMEWHERE), *_named()))
    usable = tuple(one for one in found if one and is_private(one))
    if not usable:
        raise InputError(
            "This machine is on no local network that kneeline may be shown in",
            expected="a private IPv4 address (10.*, 172.16.* to 172.31.*, 192.168.*, 169.254.*)",
            try_next="join the phone's Wi-Fi, or leave --lan out",
        )
    return usable


def is_private(address: str) -> bool:
    """Whether an address is one of a local network, and not this machine's own.

    >>> [is_private(one) for one in ("192.168.1.7", "127.0.0.1", "8.8.8.8")]
    [True, False, False]
    """
    ip = ipaddress.ip_address(address)
    return not ip.is_loopback and any(ip in network for network in PRIVATE)


class Lan:
    """This machine as its local network sees it.

    folder: where the certificate and the paired devices are kept. reached: its addresses there. port: of https.
    """

    def __init__(self, folder: Path, reached: tuple[str, ...], port: int) -> None:
        name = socket.gethostname().lower().removesuffix(".local")
        local = (f"{name}.local",) if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) else ()
        self.hosts = frozenset((*reached, *local, "localhost", "127.0.0.1"))
        self.address = f"https://{reached[0]}:{port}"
        self._folder = folder
        self.certificate = self.renew()
        self.pairing = Pairing(folder / "devices.json")

    def renew(self) -> Certificate:
        """The certificate, made anew where it ends soon.

        Raises: InputError when it cannot be kept.
        """
        self.certificate = certificate_for(self._folder, self.hosts, datetime.now(UTC))
        return self.certificate

    def invitation(self) -> str:
        """An address that pairs one device, once, within minutes."""
        return f"{self.address}/pair?code={quote(self.pairing.offer())}"

    def words(self, *, to_a_person: bool, encoding: str = "utf-8") -> str:
        """What the terminal says; the code only where a person reads it, and as a picture where that can be drawn."""
        certificate = f"Its certificate's SHA-256 fingerprint:\n{self.certificate.fingerprint}"
        if not to_a_person:
            return f"For a phone on this network: {self.address}. {certificate}"
        link = self.invitation()
        drawn = io.StringIO()
        segno.make(link, error="l").terminal(out=drawn, compact=True)
        try:
            drawn.getvalue().encode(encoding)
        except UnicodeEncodeError:
            drawn = io.StringIO()
        minutes = round(OFFER_S / 60)
        return (
            f"For a phone on this network: scan this within {minutes} minutes, or type it. It works once.\n"
            f"{drawn.getvalue()}\n{link}\nThe phone will say that it does not know this machine. {certificate}"
        )


@router.get("/phone")
def phone(request: Request) -> Response:
    """How a phone becomes the camera: the code to scan, and the phones that were paired."""
    lan = _lan_or_none(request)
    if lan is None or request.url.scheme == "https":
        return page(request, "phone.html", lan=lan, link="", title="Phone as the camera")
    link = lan.invitation()
    picture = io.BytesIO()
    segno.make(link, error="m").save(
        picture, kind="svg", border=3, omitsize=True, xmldecl=False, svgclass=None, lineclass=None, dark="#000",
        light="#fff", title="Code to scan with the phone",
    )  # fmt: skip
    return page(
        request,
        "phone.html",
        lan=lan,
        link=link,
        picture=Markup(picture.getvalue().decode()),
        devices=[(one, datetime.fromtimestamp(one.since_s, UTC)) for one in lan.pairing.devices()],
        minutes=round(OFFER_S / 60),
        days=round(PAIRED_S / 86_400),
        title="Phone as the camera",
    )


@router.post("/phone/forget")
def forget(request: Request, device: Annotated[str, Form(max_length=_LONGEST_CODE)]) -> Response:
    """Let a phone in no more."""
    _lan(request).pairing.forget(device)
    return see("/phone")


@router.get("/authority.crt")
def authority(request: Request) -> Response:
    """The certificate that a phone may be told to trust, so that it warns no more."""
    return Response(
        _lan(request).certificate.authority_pem,
        media_type="application/x-x509-ca-cert",
        headers={"content-disposition": 'attachment; filename="kneeline.crt"'},
    )


@router.get("/pair")
def ask(request: Request, code: str = "") -> Response:
    """The question on the phone; looking at it does not use the code up, since cameras and messengers look too."""
    fits = _lan(request).pairing.offered(code)
    status = HTTPStatus.OK if fits else HTTPStatus.UNAUTHORIZED
    return page(request, "pair.html", status, code=code if fits else "", given=bool(code), title="Pair this phone")


@router.post("/pair")
def pair(request: Request, code: Annotated[str, Form(max_length=_LONGEST_CODE)]) -> Response:
    """Pair the phone that sent this."""
    secret = _lan(request).pairing.accept(code, device_name(request.headers.get("user-agent", "")))
    if secret is None:
        return page(request, "pair.html", HTTPStatus.UNAUTHORIZED, code="", given=True, title="Pair this phone")
    answer = see("/")
    answer.set_cookie(COOKIE, secret, round(PAIRED_S), path="/", secure=True, httponly=True, samesite="strict")
    return answer


def device_name(agent: str) -> str:
    """What a person calls a browser that names itself so.

    >>> device_name("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36")
    'Android device'
    """
    known = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android device", "Macintosh": "Mac", "Windows": "PC"}
    return next((name for word, name in known.items() if word in agent), "Device")


def _lan_or_none(request: Request) -> Lan | None:
    lan: Lan | None = request.app.state.lan
    return lan


def _lan(request: Request) -> Lan:
    lan = _lan_or_none(request)
    if lan is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return lan


def _towards(address: str) -> str:
    """The address that this machine would speak to another from; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect((address, 9))
            return str(line.getsockname()[0])
        except OSError:
            return ""


def _named() -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        return []
