"""What the chain and the claims must keep beyond their schema: one row of parts, ranges in order, two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kneeline.content.chain_schema import Chain, CommonClaim, Part
from kneeline.content.check import check_known, check_numbers, check_unique
from kneeline.model.errors import ContentError
from kneeline.model.finding import LINKS

if TYPE_CHECKING:
    from kneeline.content.load import Library

FILE = "couplings.toml"


def check_chain(library: Library) -> None:
    """Raise `ContentError` at the first thing in the chain, the links and the claims that does not hold together."""
    chain = library.chain
    check_numbers(FILE, chain, library)
    for key, part in chain.part.items():
        check_numbers(FILE, part, library, f"part.{key}")
        _part(key, part, library)
    for exercise, act in chain.act.items():
        check_known(FILE, "act", exercise, library.exercises)
        check_known(FILE, f"act.{exercise}.part", act.part, chain.part)
    _couplings(chain)
    for link in library.links:
        check_known("links.toml", "table", link, LINKS)
    for claim in library.claims.values():
        check_numbers("claims.toml", claim, library, claim.id)
        _claim(claim, library)


def _part(key: str, part: Part, library: Library) -> None:
    where = f"part.{key}"
    if not part.least.value < 0 < part.most.value or {part.least.unit, part.most.unit} != {part.unit}:
        raise ContentError(FILE, f"{where}.least", f"and most are in {part.unit!r}, one below 0 and one above")
    if bool(part.own) == bool(part.no_own):
        raise ContentError(FILE, f"{where}.own", "or no_own (why there is no value of one's own), one of the two")
    for own in part.own:
        check_known(FILE, f"{where}.own", own.test, library.tests)
        units = {value.id: value.unit for value in library.tests[own.test].value}
        check_known(FILE, f"{where}.own", own.value, units)
        if units[own.value] != part.unit:
            raise ContentError(FILE, f"{where}.own", f"{own.value!r} is in {units[own.value]!r}, not in {part.unit!r}")


def _couplings(chain: Chain) -> None:
    pairs = [(coupling.of, coupling.to) for coupling in chain.coupling]
    for coupling in chain.coupling:
        where = f"coupling {coupling.of} to {coupling.to}"
        check_known(FILE, where, coupling.of, chain.part)
        check_known(FILE, where, coupling.to, chain.part)
        if not coupling.low.value <= coupling.usual.value <= coupling.high.value:
            raise ContentError(FILE, where, "needs low <= usual <= high")
        unit = f"{chain.part[coupling.to].unit} per {chain.part[coupling.of].unit}"
        if {coupling.low.unit, coupling.usual.unit, coupling.high.unit} != {unit}:
            raise ContentError(FILE, where, f"is in {unit!r}")
        if chain.part[coupling.to].by_hand and pairs.count((coupling.to, coupling.of)) != 1:
            raise ContentError(FILE, where, "needs its way back, once: both parts can be moved by hand")
    check_unique(FILE, "coupling", [" to ".join(pair) for pair in pairs])
    neighbours = {frozenset(pair) for pair in pairs}
    reached = set(list(chain.part)[:1])
    while grown := {part for pair in neighbours if pair & reached for part in pair} - reached:
        reached |= grown
    if reached != set(chain.part) or len(neighbours) != max(len(chain.part) - 1, 0):
        raise ContentError(FILE, "coupling", "must join all parts in one row, with one way between any two")


def _claim(claim: CommonClaim, library: Library) -> None:
    for exercise in claim.exercises:
        check_known("claims.toml", f"{claim.id}.exercises", exercise, library.exercises)
    told = {one.stance for one in claim.evidence}
    for side in ("for", "against"):
        if (side in told) == (side == claim.none_found):
            raise ContentError("claims.toml", f"{claim.id}.evidence", f'has a side "{side}", or none_found names it')
