"""People before the pages: somebody who answers the questions as they come, and whose movement tests are on record."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from kneeline.content.load import Library
from kneeline.store import Store
from kneeline.store.kinds import TestResult
from kneeline.web.app import create_app

FOLDER = Path(__file__).parent / "vignettes"
USUAL: dict[str, Any] = tomllib.loads((FOLDER / "usual.toml").read_text(encoding="utf-8"))


def vignettes(group: str) -> list[dict[str, Any]]:
    """The written people of one file."""
    return list(tomllib.loads((FOLDER / f"{group}.toml").read_text(encoding="utf-8"))["vignette"])


class Someone:
    """One person at one machine: a client of the pages, and the store behind them."""

    def __init__(self, folder: Path, library: Library) -> None:
        self.library, self.store = library, Store.open(folder)
        self.client = TestClient(
            create_app(self.store, library),
            base_url="http://localhost",
            headers={"origin": "http://localhost"},
            follow_redirects=False,
        )

    @property
    def id(self) -> UUID:
        return self.store.local_person(datetime.now(UTC)).id

    def text(self, path: str) -> str:
        """A page that is there, as HTML."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return answer.text

    def says(self, question: str, value: object) -> str:
        """Answer one question, None to skip it; where the page leads."""
        several = value if isinstance(value, list) else [value]
        data = {"skip": "true"} if value is None else {"value": [str(one) for one in several]}
        answer = self.client.post(f"/check/{question}", data=data)
        assert answer.status_code == 303, (question, value, answer.status_code)
        return str(answer.headers["location"])

    def answers(self, changes: Mapping[str, Any] | None = None, *, first: str = "age") -> list[str]:
        """Answer as the usual person does, but for the changes, whatever is asked, up to where it ends; the way.

        On a stop page the further question is answered too, where there is one.
        """
        said = USUAL | dict(changes or {})
        way = [f"/check/{first}"]
        while len(way) < 60:
            question = way[-1].removeprefix("/check/")
            if way[-1] == "/check/stop":
                more = re.search(r'href="/check/(\w+)">One more question', self.text("/check/stop"))
                if more is None:
                    return way
                question = more[1]
            elif not way[-1].startswith("/check/"):
                return way
            self.text(f"/check/{question}")
            way.append(self.says(question, said.get(question)))
        raise AssertionError(f"the questions have no end: {way[-5:]}")

    def tested(self, side: str, values: Mapping[str, float | None]) -> None:
        """Put results of movement tests on record, by indicator; None for one that could not be judged."""
        for key, value in values.items():
            entry = self.library.clinic.indicators[key]
            test = next(
                t.id for t in self.library.tests.values() if key in {v.indicator for v in (*t.value, *t.difference)}
            )
            body: dict[str, Any] = {"value": float(value or 0.0), "sd": entry.error.value, "unit": entry.unit}
            if value is None:
                body = {"not_assessable": "the camera stood at the side"}
            self.keep(TestResult(test=test, side=side, measures={key: body}, kneeline="0", library="a"))  # type: ignore[arg-type]

    def keep(self, payload: Any) -> None:
        self.store.record(self.id, payload, id=uuid4(), at=datetime.now(UTC))
