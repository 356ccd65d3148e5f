"""The pose logs that guard the engine, and the way to renew what it should say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the golden answers anew; read the difference in git")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "replay_log" in metafunc.fixturenames:
        logs = sorted(HERE.glob("*.parquet"))
        metafunc.parametrize("replay_log", logs, ids=[log.stem for log in logs])


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden answers are to be written instead of compared."""
    return bool(request.config.getoption("--update", default=False))
