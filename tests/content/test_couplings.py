"""The chain and the claims as they are shipped: sourced or our own, two-sided, plain, and small where it is small."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from reading import FORBIDDEN, school_grade, sentences

from kneeline.clinic.chain import following
from kneeline.content.chain_schema import CommonClaim
from kneeline.content.load import DATA, load
from kneeline.model.errors import ContentError
from kneeline.model.finding import LINKS

LIBRARY = load()
CHAIN = LIBRARY.chain
CLAIMS = list(LIBRARY.claims.values())
PRESCRIBED = {e.id for e in LIBRARY.exercises.values() if e.kind == "exercise"}


def shown() -> Iterator[tuple[str, list[str]]]:
    """Everything that a person reads from these files, by entry."""
    yield "parts", [text for part in CHAIN.part.values() for text in (part.meaning, part.no_own) if text]
    yield "couplings", [coupling.note for coupling in CHAIN.coupling]
    yield "notes", [*(note.says for note in CHAIN.note), *(act.says for act in CHAIN.act.values())]
    for link in LIBRARY.links.values():
        yield link.id, [*link.means, *link.means_not]
    for claim in CLAIMS:
        yield claim.id, [claim.claim, claim.verdict, claim.so, *(one.says for one in claim.evidence)]


@pytest.mark.parametrize(("entry", "texts"), list(shown()), ids=[entry for entry, _ in shown()])
def test_a_twelve_year_old_can_read_it_and_nothing_feeds_fear(entry: str, texts: list[str]) -> None:
    assert school_grade(texts) <= 7.0, entry
    assert [text for text in texts if FORBIDDEN.search(text)] == []
    assert [s for text in texts for s in sentences(text) if len(s.split()) > 25] == []


def test_little_of_the_foot_s_roll_reaches_the_knee() -> None:
    """The drawing must not tell more than insoles did in people: 1.4 degrees at the hip."""
    reached = following(CHAIN, "foot")
    assert reached["knee"].usual * 10 == pytest.approx(1.37, abs=0.6)
    assert reached["knee"].low <= 0.0
    assert abs(reached["pelvis"].usual) < 0.05


def test_every_part_reaches_every_other_and_none_follows_more_than_it_is_moved() -> None:
    by_hand = [key for key, part in CHAIN.part.items() if part.by_hand]
    assert by_hand == ["foot", "shin", "knee", "pelvis"]
    for moved in by_hand:
        reached = following(CHAIN, moved)
        assert set(reached) == set(CHAIN.part) - {moved}
        for one in reached.values():
            assert one.low <= one.usual <= one.high
            assert max(abs(one.low), abs(one.high)) <= 1.0


def test_every_coupling_says_where_it_is_from() -> None:
    """Most of it nobody has measured; where a number is sourced, the source says that very number."""
    sourced = 0
    for coupling in CHAIN.coupling:
        assert len(coupling.note.split()) >= 5
        for number in (coupling.low, coupling.usual, coupling.high):
            if number.basis == "sourced":
                sourced += 1
                key, _, locator = number.evidence[0].partition("#")
                assert f"{number.value:g}" in LIBRARY.sources[key].supports[locator]
    assert sourced == 1


def test_what_is_told_of_the_kneecap_is_never_told_of_the_person() -> None:
    kneecap = CHAIN.part["kneecap"]
    assert not kneecap.by_hand
    assert not kneecap.own
    assert "knows nothing about yours" in kneecap.no_own
    off = re.compile(r"\byour kneecap (is|runs|lies|sits) (off|out|too|pulled|aside)", re.I)
    assert [text for _, texts in shown() for text in texts if off.search(text)] == []
    assert off.search("Your kneecap runs out of line.")


def test_each_link_has_an_exercise_that_acts_on_its_part() -> None:
    assert set(CHAIN.act) <= PRESCRIBED
    assert {LIBRARY.exercises[exercise].link for exercise in CHAIN.act} == set(LINKS)
    for exercise, act in CHAIN.act.items():
        assert CHAIN.part[act.part].link == LIBRARY.exercises[exercise].link
    assert set(LIBRARY.links) == set(LINKS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_is_held_against_both_sides(claim: CommonClaim) -> None:
    told = {one.stance for one in claim.evidence}
    assert told >= {"for", "against"} - {claim.none_found}
    assert len(claim.verdict.split()) <= 22
    assert sentences(claim.verdict)
    for one in claim.evidence:
        if any(LIBRARY.sources[reference.partition("#")[0]].read == "summary" for reference in one.evidence):
            assert one.grade not in ("high", "moderate"), one.says


def test_the_claims_that_go_round_are_there() -> None:
    assert {"inner_thigh", "ball_squeeze", "feet_roll_in", "hip_strength", "band_against_squat"} <= set(LIBRARY.claims)
    assert {link for claim in CLAIMS for link in claim.links} == set(LINKS)
    assert LIBRARY.claims["inner_thigh"].grade == "contradicted"
    assert LIBRARY.claims["ball_squeeze"].grade == "unsupported"


COUPLINGS = (DATA / "couplings.toml").read_text(encoding="utf-8")
WRONG = {
    "usual": ('high = { value = 0.98, unit = "deg per deg"', 'high = { value = 0.5, unit = "deg per deg"'),
    "way back": ('of = "shin"\nto = "foot"', 'of = "shin"\nto = "kneecap"'),
    "is in 'mm per deg'": ('usual = { value = 0.1, unit = "mm per deg"', 'usual = { value = 0.1, unit = "deg per deg"'),
    "'elbow' is not known": ('of = "knee"\nto = "kneecap"', 'of = "elbow"\nto = "kneecap"'),
    "one row": ('of = "knee"\nto = "kneecap"', 'of = "shin"\nto = "kneecap"\nlow = {value = 0.0, unit = "mm per deg", '
        'basis = "house"}\nusual = {value = 0.0, unit = "mm per deg", basis = "house"}\nhigh = {value = 0.0, unit = '
        '"mm per deg", basis = "house"}\nnote = "Round."\n\n[[coupling]]\nof = "knee"\nto = "kneecap"'),
    "no_own": ('no_own = "Only', 'own = [{ test = "stand_30s", value = "drop_sustained_deg" }]\nno_own = "Only'),
    "'s', not in 'deg'": ('value = "drop_sustained_deg"', 'value = "time_s"'),
    "S201": ('S201#heel to shin', 'S201#heel to moon'),
}  # fmt: skip


@pytest.mark.parametrize("problem", WRONG)
def test_a_chain_that_does_not_hold_together_is_refused(
    problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = WRONG[problem]
    assert old in COUPLINGS
    with pytest.raises(ContentError, match=re.escape(problem)):
        _load_instead("couplings.toml", COUPLINGS.replace(old, new, 1), tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('none_found = "for"', "", 'has a side "for"'),
        ('exercises = ["calf_raise_ball_squeeze"]', 'exercises = ["juggling"]', "'juggling' is not known"),
        ('grade = "contradicted"', 'grade = "sure"', "contradicted, unsupported"),
        ('evidence = ["S14#matched care"]', "", "is missing"),
    ],
)
def test_a_claim_without_its_two_sides_is_refused(
    old: str, new: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DATA / "claims.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ContentError, match=re.escape(problem)):
        _load_instead("claims.toml", text.replace(old, new, 1), tmp_path, monkeypatch)


def _load_instead(file: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the library with one file of it replaced."""
    for path in DATA.rglob("*.toml"):
        copy = folder / path.relative_to(DATA)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text if path.name == file else path.read_text(encoding="utf-8"), encoding="utf-8")
    from kneeline.content import load as loader

    loader._read((folder,))
