"""kneeline on this machine: the server, and the browser that is opened at it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn

from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.store import Store
from kneeline.web.app import create_app

DEFAULT_PORT: Final = 8765
_LONGEST_MESSAGE_BYTES: Final = 4096


def serve(folder: Path, port: int | None, *, browser: bool, say: Callable[[str], None]) -> None:
    """Serve the coach from `folder` on loopback until it is stopped.

    port: None takes the usual one, or any that is free. browser: open the page. say: told the address.

    Raises: InputError when the port is taken; StoreError when the records cannot be opened.
    """
    with _listen(port) as line, Store.open(folder) as store:
        address = f"http://localhost:{line.getsockname()[1]}"
        say(f"kneeline runs at {address} (stop it with Ctrl-C). Records: {store.name}")
        server = uvicorn.Server(settings(create_app(store, load())))
        if browser:
            threading.Timer(0.8, webbrowser.open, [address]).start()
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            server.run(sockets=[line])


def settings(app: object) -> uvicorn.Config:
    """How the server runs: one process, short messages only, and no log of who looked at what."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws_max_size=_LONGEST_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=3,
        lifespan="off",
    )


def _listen(port: int | None) -> socket.socket:
    """A socket on loopback, there before the browser asks for it.

    Raises: InputError when the port cannot be had.
    """
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind(("127.0.0.1", DEFAULT_PORT if port is None else port))
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            line.bind(("127.0.0.1", 0))
            return line
        line.close()
        raise InputError(
            f"Port {port} cannot be used: {error.strerror}", expected="a free port", try_next="leave --port out"
        ) from error
    return line
