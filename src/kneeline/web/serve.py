"""kneeline on this machine, and on its local network where asked: the servers, and the browser opened at one."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import uvicorn

from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.store import NEAR, Store
from kneeline.web.app import create_app
from kneeline.web.lan import Lan, addresses

DEFAULT_PORT: Final = 8765
_LONGEST_MESSAGE_BYTES: Final = 4096
_MOST_STRANGERS: Final = 64
"""Connections that the local network may hold open; further ones are told to come back later. House default."""
_RENEW_S: Final = 43_200


def serve(folder: Path, port: int | None, *, browser: bool, say: Callable[[str], None], lan: bool = False) -> None:
    """Serve the coach from `folder` on loopback until it is stopped.

    port: None takes the usual one, or any that is free. browser: open the page. say: told the address. lan: serve
    paired devices on the local network too, by https, on the port after it.

    Raises: InputError when a port is taken or there is no local network; StoreError when the records cannot be opened.
    """
    with contextlib.ExitStack() as open_things:
        line = open_things.enter_context(_listen(["127.0.0.1"], DEFAULT_PORT, port)[0])
        reached = addresses() if lan else ()
        lines = _listen(reached, DEFAULT_PORT + 1, port + 1 if port else port) if lan else []
        for one in lines:
            open_things.enter_context(one)
        store = open_things.enter_context(Store.open(folder))  # makes the folder, its owner's alone
        near = Lan(folder / NEAR, reached, lines[0].getsockname()[1]) if lan else None
        address = f"http://localhost:{line.getsockname()[1]}"
        say(f"kneeline runs at {address} (stop it with Ctrl-C). Records: {store.name}")
        app = create_app(store, load(), lan=near)
        servers = [(uvicorn.Server(settings(app)), [line])]
        if near is not None:
            say(near.words(to_a_person=sys.stdout.isatty(), encoding=sys.stdout.encoding))
            say(f"Another code, and the phones that are paired: {address}/phone")
            servers.append((uvicorn.Server(settings(app, near.certificate.chain)), lines))
        if browser:
            threading.Timer(0.8, webbrowser.open, [address if near is None else f"{address}/phone"]).start()
        gc.collect()
        gc.freeze()  # what is loaded stays; walking through it takes long enough in the middle of a set to be heard
        loop = servers[0][0].config.get_loop_factory()
        with (
            contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError),
            asyncio.Runner(loop_factory=loop) as runner,
        ):
            runner.run(_run(servers, near))


async def _run(servers: list[tuple[uvicorn.Server, list[socket.socket]]], near: Lan | None) -> None:
    renewing = None if near is None else asyncio.create_task(_renew(near, servers[-1][0].config))
    await asyncio.gather(*(server.serve(sockets=lines) for server, lines in servers))
    if renewing is not None:
        renewing.cancel()


async def _renew(near: Lan, config: uvicorn.Config) -> None:
    """Show a new certificate before the one that is shown ends; lines that are open keep theirs."""
    while True:
        await asyncio.sleep(_RENEW_S)
        with contextlib.suppress(InputError):  # the one that is shown lasts for weeks yet, and the disk may recover
            chain = (await asyncio.to_thread(near.renew)).chain
            if config.ssl is not None:
                config.ssl.load_cert_chain(chain)


def settings(app: object, certificate: Path | None = None) -> uvicorn.Config:
    """How the server runs: one process, short messages only, and no log of who looked at what.

    certificate: key and certificates for https; without it, http.
    """
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
        ssl_certfile=certificate,
        limit_concurrency=None if certificate is None else _MOST_STRANGERS,
    )


def _listen(reached: Sequence[str], usual: int, port: int | None) -> list[socket.socket]:
    """A socket at each address, all on one port, there before the browser asks for it.

    Raises: InputError when the port cannot be had.
    """
    try:
        return _bound(reached, usual if port is None else port)
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            return _bound(reached, 0)
        raise InputError(
            f"Port {port} cannot be used: {error.strerror}", expected="a free port", try_next="leave --port out"
        ) from error


def _bound(reached: Sequence[str], port: int) -> list[socket.socket]:
    lines: list[socket.socket] = []
    try:
        for address in reached:
            line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            lines.append(line)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.bind((address, port))
            line.listen()  # who comes before the pages are ready waits instead of being sent away
            port = port or line.getsockname()[1]
    except OSError:
        for line in lines:
            line.close()
        raise
    return lines
