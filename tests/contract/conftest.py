"""A PostgreSQL of the tests' own: Debian's package, run by nobody in particular, reached through a private socket."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from kneeline.store import Store

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = ROOT / ".venv" / "postgresql"


def postgres_tools() -> Path | None:
    """The folder of the server's programs: on the PATH, where Debian puts them, or unpacked into .venv by set-up."""
    for folder in (UNPACKED, Path("/")):
        found = sorted(folder.glob("usr/lib/postgresql/*/bin/initdb"))
        if found:
            return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(os.path.realpath(on_path)).parent if on_path else None


class Postgres:
    """A running server; every test gets a database of its own."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools
        self.folder = Path(tempfile.mkdtemp(prefix="kneeline-pg-", dir="/tmp"))  # a socket's path may not be long
        self.address = f"postgresql://kneeline@/postgres?host={self.folder}"
        self.user = None
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            nobody = pwd.getpwnam("nobody")
            self.user = nobody.pw_uid
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        libraries: list[str] = []
        if tools.is_relative_to(UNPACKED):  # which nobody may not be able to reach
            copy = shutil.copytree(UNPACKED, self.folder / "postgresql", symlinks=True)
            self.tools = copy / tools.relative_to(UNPACKED)
            libraries = [str(path) for path in (copy / "usr" / "lib").glob("*-linux-gnu")]
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": ":".join(libraries)}
        data = self.folder / "data"
        # A locale that sorts as people do, not by bytes: what is exported may not depend on it.
        version = tools.parent.name
        locale = ["--locale-provider=icu", "--icu-locale=en-US"] if version.isdigit() and int(version) >= 15 else []
        locale += ["--encoding=UTF8", "--locale=C.UTF-8"]
        self._do("initdb", "-D", data, "-U", "kneeline", "--auth=trust", "--no-sync", "--no-instructions", *locale)
        quick = ["fsync=off", "listen_addresses=", "max_connections=40", "shared_buffers=16MB", "jit=off"]
        settings = [word for setting in quick for word in ("-c", setting)]
        self.server = subprocess.Popen(
            [self.tools / "postgres", "-D", data, "-k", self.folder, *settings],
            user=self.user, env=self.env, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(200):
            if (self.folder / ".s.PGSQL.5432").exists() and self._answers():
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("PostgreSQL did not start")

    def database(self) -> str:
        """The address of a new, empty place: a schema of its own, which is made much faster than a database."""
        name = f"t{uuid4().hex}"
        self._ask(f"CREATE SCHEMA {name}")
        return f"{self.address}&options=-csearch_path%3D{name}"

    def stop(self) -> None:
        self.server.send_signal(signal.SIGQUIT)  # nothing of it has to be kept
        try:
            self.server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, query: str) -> None:
        import psycopg

        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(query.encode())

    def _answers(self) -> bool:
        import psycopg

        try:
            self._ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _do(self, program: str, *words: object) -> None:
        subprocess.run(
            [self.tools / program, *map(str, words)],
            user=self.user, env=self.env, cwd=self.folder, check=True, capture_output=True,
        )  # fmt: skip


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server, or a skip that says what is missing."""
    tools = postgres_tools()
    if tools is None:
        pytest.skip("no PostgreSQL server on this machine: apt-get install postgresql")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("no psycopg: install kneeline[postgres]")
    server = Postgres(tools)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return str(request.param)


@pytest.fixture
def new_place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], tuple[str | Path, Path]]:
    """Makes places for a store that are new and empty, each with a folder for files."""

    def make() -> tuple[str | Path, Path]:
        folder = tmp_path / uuid4().hex
        return (folder if kind == "sqlite" else request.getfixturevalue("postgres").database()), folder

    return make


@pytest.fixture
def opened() -> Iterator[Callable[[tuple[str | Path, Path]], Store]]:
    """Opens stores and closes them after the test."""
    stores: list[Store] = []

    def open_(place: tuple[str | Path, Path]) -> Store:
        stores.append(Store.open(*place))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(new_place: Callable[[], tuple[str | Path, Path]], opened: Callable[..., Store]) -> Store:
    """A new store."""
    return opened(new_place())
