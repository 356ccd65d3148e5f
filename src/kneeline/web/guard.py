"""What every request and every answer has to pass: host, origin, pairing, and headers that keep the page to itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kneeline.store.share import LARGEST_BYTES
from kneeline.web.lan import COOKIE, Lan
from kneeline.web.pairing import Device

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?", re.ASCII)
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN: Final = frozenset({"/pair", "/static/style.css", "/static/icon.svg"})
"""What a device needs to be paired, and nothing else."""
_HERE_ONLY: Final = ("/data/", "/phone/", "/caseload")
_NOT_OURS: Final = "This address is not kneeline's own. Open it as the terminal says."
LARGEST_FORM_BYTES: Final = 65_536
_LARGE: Final = {"/data/import": 17 << 30, "/runs/import": 256 << 20, "/data/open": LARGEST_BYTES + (2 << 20)}
"""Forms that carry a file, and the most bytes of one."""
_RUNS_WASM: Final = ("/live/", "/static/pose-worker.js")


class Guard:
    """Refuses foreign hosts, foreign origins and strangers, and adds the headers to everything that leaves.

    A page of somebody else may not read from here (DNS rebinding: the host must be ours), nor write or open the socket
    (the origin must be the host that was asked). What comes by https comes from the local network: only paired devices
    get a page or a socket.

    hosts: names under which this server is reached over loopback, without port; lower case. lan: where https is served.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOOPBACK, lan: Lan | None = None) -> None:
        self._app, self._hosts, self._lan = app, frozenset(hosts), lan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or one socket, as ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host, problem, status = self._problem(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in protection(host, scope["path"]).items():
                    headers[name] = value
            await send(message)

        if not problem and self._lan is not None and scope["scheme"] in ("https", "wss"):
            device = self._lan.pairing.device(cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, ""))
            if device is not None:
                receive = _while_paired(self._lan, device, receive, send)
            elif scope["type"] == "http" and scope["method"] in _READS and scope["path"] not in _OPEN:
                scope = {**scope, "path": "/pair", "raw_path": b"/pair", "query_string": b""}
            elif scope["path"] not in _OPEN:
                problem, status = "This device is not paired.", HTTPStatus.UNAUTHORIZED
        if not problem:
            await self._app(scope, receive, send_guarded)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem})
        else:
            await PlainTextResponse(problem, status)(scope, receive, send_guarded)

    def _problem(self, scope: Scope) -> tuple[str, str, HTTPStatus]:
        """The host asked for, and why this request is refused; empty when it is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        match = _HOST.fullmatch(host)
        secure = scope["scheme"] in ("https", "wss")
        hosts = self._hosts if self._lan is None or not secure else self._lan.hosts
        if match is None or match[1] not in hosts:
            return "localhost", _NOT_OURS, HTTPStatus.FORBIDDEN
        if self._lan is not None and secure and scope["path"].startswith(_HERE_ONLY):
            return host, "This can be done on the computer itself only.", HTTPStatus.FORBIDDEN
        writes = scope["type"] == "websocket" or scope["method"] not in _READS
        if writes and headers.get("origin", "").lower() != f"{'https' if secure else 'http'}://{host}":
            return host, "Another site may not do this here.", HTTPStatus.FORBIDDEN
        if writes and scope["type"] == "http":
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length[:20]) > _LARGE.get(scope["path"], LARGEST_FORM_BYTES):
                return host, "This is too long to be a form of ours.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return host, "", HTTPStatus.OK


def _while_paired(lan: Lan, device: Device, receive: Receive, send: Send) -> Receive:
    """What a device says, up to where it is forgotten."""

    async def hear() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and not lan.pairing.knows(device):
            await send({"type": "websocket.close", "code": 1008, "reason": "This device is paired no more."})
            return {"type": "websocket.disconnect", "code": 1008}
        return message

    return hear


def protection(host: str, path: str) -> dict[str, str]:
    """The headers of an answer: nothing from elsewhere, nothing to elsewhere, no frame around it.

    host: as it was asked for, already checked. Scripts may compile WebAssembly only where pose is found. The socket's
    own origin is named because not every browser counts it as 'self'.

    >>> "'wasm-unsafe-eval'" in protection("localhost:8000", "/")["content-security-policy"]
    False
    """
    scripts = "'self' 'wasm-unsafe-eval'" if path.startswith(_RUNS_WASM) else "'self'"
    policy = {
        "default-src": "'none'",
        "script-src": scripts,
        "worker-src": "'self'",
        "connect-src": f"'self' ws://{host} wss://{host}",
        "img-src": "'self'",
        "media-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
