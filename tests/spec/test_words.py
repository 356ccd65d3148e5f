"""What the pages say: no word that feeds fear, plain enough for twelve years, and every number with its ground.

How a number's ground is told. Every run of digits in the text of a page belongs to the smallest block around it (a
paragraph, an item, a cell, a heading, a drawing). It is grounded where
- the block, or one that it stands in, names a source that kneeline knows ("[S33]") or says "house default";
- the block, or one around it, is marked `data-number` with one of the words in OWN below: the person's own answer,
  value or count, a date, the place in a row of questions, whom to call; nothing that kneeline made up;
- it is on or beside something to choose (a button, a label, a scale), where it is the person's own answer to be.
Anything else fails. The mark is the template's word, so this finds a number that nobody thought of; whether a mark is
true is for whoever reviews the template, and whether a source says what it is cited for is the library's own tests'.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from people import Someone, vignettes
from reading import FORBIDDEN, school_grade
from store_makers import done

from kneeline.content.load import load
from kneeline.store import kinds

LIBRARY = load()
OWN = {
    "own answer", "own value", "own probability", "worked out", "place", "count", "date", "where to go",
    "time it takes", "source", "age",
}  # fmt: skip
BLOCKS = {"p", "li", "td", "th", "dd", "dt", "h1", "h2", "h3", "figcaption", "summary", "legend", "svg", "text"}
CHOSEN = {"button", "label", "select", "option", "fieldset"}
VOID = {"meta", "link", "input", "img", "br", "hr", "source", "path", "line", "circle", "ellipse", "rect"}
CALF = "calf_raise_ball_squeeze"
HIP = {
    "fppa_at_depth": 20.0, "pelvic_drop_stance": 8.0, "stand_time_30s": 12.0, "single_leg_sit_to_stand": 18.0,
    "squat_pain_depth": 100.0, "heel_raise_count": 28.0, "knee_to_wall": 43.0, "arch_height_ratio": None,
}  # fmt: skip


@dataclass
class Block:
    """An element with its own text, and what stands around it."""

    tag: str
    around: Block | None
    marks: dict[str, str | None]
    own: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)

    def outwards(self) -> Iterator[Block]:
        one: Block | None = self
        while one is not None:
            yield one
            one = one.around


class Page(HTMLParser):
    """The blocks of a page's main part."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._now: Block | None = None
        self.feed(text.split("<main", 1)[1].split(">", 1)[1].split("</main>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        self._now = Block(tag, self._now, dict(attrs))
        self.blocks.append(self._now)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._now is not None:
            self._now = self._now.around

    def handle_data(self, data: str) -> None:
        if self._now is None:
            return
        self._now.own.append(data)
        for block in self._now.outwards():
            block.whole.append(data)


def without_ground(text: str) -> list[str]:
    """Numbers of a page that have no ground, each with the words around it."""
    found = []
    for block in Page(text).blocks:
        own = " ".join(" ".join(block.own).split())
        for number in re.findall(r"\d+(?:[.,]\d+)?", re.sub(r"\[?S\d+\]?", "", own)):
            if not grounded(block):
                found.append(f"{number} in {own!r}")
    return found


def grounded(block: Block) -> bool:
    for one in block.outwards():
        if one.tag in CHOSEN or one.marks.get("data-number") in OWN:
            return True
        text = " ".join(one.whole)
        if one.tag in BLOCKS and ("house default" in text.lower() or cited(text)):
            return True
    return False


def cited(text: str) -> bool:
    keys = re.findall(r"\[(S\d+)[\],]", text)
    return bool(keys) and all(key in LIBRARY.sources for key in keys)


def sentences(text: str) -> list[str]:
    """What is to be read: the text of each block, without what is only chosen or counted."""
    blocks = [b for b in Page(text).blocks if b.tag in {"p", "li", "dd", "h1", "h2", "h3", "legend"}]
    return [words for b in blocks if len((words := " ".join(" ".join(b.whole).split())).split()) > 2]


State = Callable[[Someone], None]
ASKED = tuple(f"/check/{q.id}" for q in LIBRARY.clinic.questions.values() if not q.when and q.section != "later")


def answered(answers: dict[str, Any] | None = None, **tests: dict[str, float | None]) -> State:
    def come(person: Someone) -> None:
        person.answers(answers)
        for side, values in tests.items():
            person.tested(side, values)
        person.client.get("/finding")

    return come


def begun(person: Someone) -> None:
    person.says("age", 34)
    person.says("told", "not_seen")


def scored(person: Someone) -> None:
    points = {item.id: str(item.points[1]) for item in LIBRARY.clinic.questionnaires["akps"].item}
    assert person.client.post("/scores/akps", data=points).status_code == 303


TRAINING = tuple(
    f"{page}{id}" for page in ("/exercises/", "/start?exercise=") for id in (CALF, "terminal_knee_extension")
)


def planned(person: Someone) -> None:
    answered({"equipment": ["band", "loop"]})(person)
    assert person.client.post("/plan/start").status_code == 303


def run_and_sore(person: Someone) -> None:
    planned(person)
    person.client.post("/pain", data={"now": "8", "stairs": "6"})
    began = datetime.now(UTC) - timedelta(hours=20)
    for days in range(0, 40, 4):
        at = (began - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
        run = {"id": str(uuid4()), "began": at, "km": "7.5", "minutes": "40", "pain": "4", "after": "3"}
        assert person.client.post("/runs", data=run).status_code == 303


PLAN = ("/plan", "/runs", "/morning", "/pain", "/retest")
OF_PLAN = (
    "/", "/?later=true", *PLAN, "/start", "/plan/changes", "/plan/rules", "/plan/physio", "/plan/physio/rule/pain_over",
    "/plan/swap?exercise=terminal_knee_extension",
)  # fmt: skip
SCORES = ("/scores", "/scores/akps", "/scores/koos_pf")
LOAD = next(v for v in vignettes("routine") if v.get("mostly_load"))
ROUTES: dict[str, dict[str, Any]] = {}
for one in (*vignettes("red_flags"), *vignettes("lookalikes")):
    if "only" not in one and "route" in one:
        ROUTES.setdefault(one["route"], one["answers"])


def two_months(person: Someone) -> None:
    """Pain, a run and both legs tested, three times; a set in between."""
    now = datetime.now(UTC)
    for days in (60, 30, 1):
        at = now - timedelta(days=days)
        told: list[Any] = [kinds.Pain(value=1 + days / 12, of=of) for of in ("stairs", "worst", "usual")]
        told += [kinds.Run(distance_m=5000.0, duration_s=1800.0, pain=1.0), kinds.Stairs(floors=4)]
        told.append(kinds.Answer(question="hard_stairs", question_version=1, value=4))
        for side in ("left", "right"):
            body = {"score": {"value": days / 12, "sd": 0.5, "unit": "points"}}
            told.append(kinds.TestResult(test="lateral_step_down", side=side, measures=body, kneeline="0", library="0"))  # type: ignore[arg-type]
        for one in told:
            person.store.record(person.id, one, id=uuid4(), at=at)
        done(person.store, person.id, at)


STATES: dict[str, tuple[State, tuple[str, ...]]] = {
    "two months on": (two_months, ("/progress",)),
    "planned": (planned, OF_PLAN),
    "sore and running": (run_and_sore, OF_PLAN),
    "new": (
        lambda person: None,
        ("/plan", "/runs", "/progress", "/", "/knee", "/check/about", "/exercises", "/sessions", "/settings", *SCORES),
    ),
    "scored": (scored, SCORES),
    "begun": (begun, ("/", "/knee", "/check/answers", *ASKED)),
    **{f"sent to {r}": (answered(a), ("/", "/knee", "/check/stop", "/check/answers")) for r, a in ROUTES.items()},
    "found by answers alone": (answered(), ("/", "/knee", "/finding", "/check/answers", *TRAINING)),
    "found by tests": (answered(left=HIP), ("/", "/knee", "/finding")),
    "found on both sides": (answered({"side": "both"}, right={"heel_raise_count": 9.0}), ("/knee", "/finding")),
    "mostly load": (answered(LOAD["answers"], left=LOAD["left"]), ("/knee", "/finding")),
    "contradictory": (answered({"pain_worst": 1, "pain_usual": 8}), ("/finding",)),
}
TRACED = ("/progress", "/knee", "/check", "/finding", "/scores", "/start", "/exercises/")
"""Pages whose every number is looked at, besides home. Lists give names and summaries ("30 seconds") without
their ground; the pages of tests and of the guide are held to theirs by tests of their own."""


@pytest.mark.parametrize("state", STATES)
def test_every_page_in_every_state(state: str, tmp_path: Path) -> None:
    person = Someone(tmp_path / "records", LIBRARY)
    come, paths = STATES[state]
    come(person)
    read: list[str] = []
    problems: list[str] = []
    for path in paths:
        text = person.text(path)
        fearful = FORBIDDEN.findall(re.sub(r"<[^>]+>", " ", text))
        problems += [f"{path}: {word}" for word in fearful]
        if path == "/" or path.startswith(TRACED):
            problems += [f"{path}: {number}" for number in without_ground(text)]
        own = [words for words in sentences(text) if not re.search(r"\bcite\b", words)]
        grade = school_grade(own)
        if sum(len(words.split()) for words in own) >= 40 and grade > 7.0:
            problems.append(f"{path}: school grade {grade:.1f}, a reading age of {grade + 5:.0f}")
        read += own
    person.store.close()
    assert problems == []
    assert school_grade(read) <= 7.0


def test_every_route_is_among_the_states() -> None:
    assert set(ROUTES) == set(LIBRARY.clinic.routes)


@pytest.mark.parametrize(
    ("main", "found"),
    [
        ("<p>Stop above 5 of 10.</p>", ["5", "10"]),
        ("<p>Stop above 5 of 10 (house default).</p>", []),
        ("<p>Usual: 8 ± 5° [S33].</p>", []),
        ("<p>Usual: 8 ± 5° [S999].</p>", ["8", "5"]),
        ("<p>You did <b data-number='own value'>18</b> of 25.</p>", ["25"]),
        ("<p data-number='because'>Rest 60 s</p>", ["60"]),
        ("<label>10 to 30 km</label>", []),
        ("<section><h2>Dose</h2><p>3 sets</p><p>house default</p></section>", ["3"]),
        ("<section><figure><svg><text>35</text></svg></figure></section>", ["35"]),
    ],
)
def test_a_number_without_ground_is_found(main: str, found: list[str]) -> None:
    numbers = [one.split(" in ")[0] for one in without_ground(f"<main id='main'>{main}</main>")]
    assert numbers == found


def test_words_that_feed_fear_and_long_words_are_found() -> None:
    assert FORBIDDEN.findall("Your weak hip has a valgus angle; the cartilage is damaged by maltracking.")
    hard = (
        "<main id='main'><p>Neuromuscular rehabilitation necessitates individualised, progressive overload.</p></main>"
    )
    assert school_grade(sentences(hard)) > 7.0
