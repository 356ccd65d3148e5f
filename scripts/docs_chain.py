"""The made parts of the page "The chain", as Markdown, from the library."""

from __future__ import annotations

from kneeline.clinic.chain import following
from kneeline.content.load import load
from kneeline.content.schema import Number
from kneeline.report.story import basis, plain


def couplings() -> str:
    """Every coupling with its range, where each number comes from, and why it is set so."""
    rows = ["| of | to | usual | range | from | why |", "| --- | --- | --- | --- | --- | --- |"]
    for one in load().chain.coupling:
        between = f"{plain(one.low.value)} to {plain(one.high.value)}"
        sources = f"usual: {_basis(one.usual)}; range: {_basis(one.low, one.high)}"
        rows.append(
            f"| {one.of} | {one.to} | {plain(one.usual.value)} {one.usual.unit} | {between} | {sources} | {one.note} |"
        )
    return "\n".join(rows)


def follows() -> str:
    """What every part does when one is moved by 10 degrees and nothing else."""
    known = load().chain
    moved = [key for key, part in known.part.items() if part.by_hand]
    rows = ["| moved by 10° | " + " | ".join(known.part) + " |", "| --- " * (len(known.part) + 1) + "|"]
    for key in moved:
        reached = following(known, key)
        cells = [
            "moved" if to == key else _ten(reached[to].usual, reached[to].low, reached[to].high) for to in known.part
        ]
        rows.append(f"| {key} | {' | '.join(cells)} |")
    return "\n".join(rows)


def claims() -> str:
    """Every claim with its verdict and grade."""
    rows = ["| often said | verdict | grade | for, against, both |", "| --- | --- | --- | --- |"]
    for claim in load().claims.values():
        count = {side: sum(one.stance == side for one in claim.evidence) for side in ("for", "against", "mixed")}
        rows.append(f"| {claim.claim} | {claim.verdict} | {claim.grade} | {', '.join(map(str, count.values()))} |")
    return "\n".join(rows)


def _basis(*numbers: Number) -> str:
    return basis(*numbers, cite=lambda key: f"[{key}](evidence.md#{key.lower()})")


def _ten(usual: float, low: float, high: float) -> str:
    return f"{10 * usual:.1f} ({10 * low:.1f} to {10 * high:.1f})"


MADE = {"couplings": couplings, "follows": follows, "claims": claims}
