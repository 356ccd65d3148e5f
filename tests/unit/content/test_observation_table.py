"""How a quantity is told from several signals: the table is refused where it does not say how far it may be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from kneeline.content.load import DATA, load
from kneeline.model.errors import ContentError

STAND = (DATA / "exercises" / "banded_single_leg_stand.toml").read_text(encoding="utf-8")
OWN = STAND.replace('id = "banded_single_leg_stand"', 'id = "mine"', 1)
WITHIN = "within = { pelvic_drop = 12,"


def loaded(folder: Path, old: str, new: str) -> None:
    assert OWN.count(old) == 1, old
    (folder / "exercises").mkdir()
    (folder / "exercises" / "mine.toml").write_text(OWN.replace(old, new), encoding="utf-8")
    load(folder)


def test_the_table_that_ships_is_good(tmp_path: Path) -> None:
    loaded(tmp_path, WITHIN, WITHIN)


@pytest.mark.parametrize("bad", ["within = {", "within = { pelvic_drop = 0,", "within = { fppa = 9, pelvic_drop = 12,"])
def test_each_weight_says_how_far_its_signal_may_move(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ContentError, match="within"):
        loaded(tmp_path, WITHIN, bad)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('facing = ["front"]', 'facing = ["side"]', "facing"),
        ("weights = { pelvic_drop = 0", "weights = { belt_line = 0", "belt_line"),
        ('error = { value = 2.4, unit = "deg"', 'error = { value = 2.4, unit = "frac"', "error"),
        (
            'turn_error = { value = 0.06, unit = "deg per deg"',
            'turn_error = { value = 0.06, unit = "deg"',
            "turn_error",
        ),
    ],
)
def test_a_view_signal_or_unit_that_does_not_exist_is_named(tmp_path: Path, old: str, new: str, what: str) -> None:
    with pytest.raises(ContentError, match=what):
        loaded(tmp_path, old, new)
