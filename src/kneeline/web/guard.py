"""What every request and every answer has to pass: host, origin, and headers that keep the page to itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?", re.ASCII)
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RUNS_WASM: Final = ("/live/", "/static/pose-worker.js")


class Guard:
    """Refuses foreign hosts and origins, and adds the headers to everything that leaves.

    A page of somebody else may not read from here (DNS rebinding: the host must be ours), nor write or open the socket
    (the origin must be the host that was asked).

    hosts: names under which this server is reached, without port; lower case.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOOPBACK) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or one socket, as ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host, problem = self._problem(scope)
        if problem and scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in protection(host, scope["path"]).items():
                    headers[name] = value
            await send(message)

        if problem:
            await PlainTextResponse(problem, HTTPStatus.FORBIDDEN)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _problem(self, scope: Scope) -> tuple[str, str]:
        """The host asked for, and why this request is refused; empty when it is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        match = _HOST.fullmatch(host)
        if match is None or match[1] not in self._hosts:
            return "localhost", "This address is not kneeline's own. Open it as the terminal says."
        origin = headers.get("origin", "").lower()
        writes = scope["type"] == "websocket" or scope["method"] not in _READS
        scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
        if writes and origin != f"{scheme}://{host}":
            return host, "Another site may not do this here."
        return host, ""


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
