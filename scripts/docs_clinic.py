"""The made parts of the page "How kneeline decides", as Markdown, from the library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kneeline.clinic import finding
from kneeline.clinic.safety import SECONDS_PER_ANSWER, WORDS_PER_MINUTE
from kneeline.content.clinic_schema import IndicatorEntry, Referral, Spread
from kneeline.content.load import load
from kneeline.content.schema import Number
from kneeline.report.story import basis, keys_of, plain


def red_flags() -> str:
    """Every red flag, its route and how soon."""
    return _referrals(load().clinic.red_flags)


def look_alikes() -> str:
    """Every problem that is told from what kneeline is for."""
    return _referrals(load().clinic.lookalikes)


def _referrals(rules: Mapping[str, Referral]) -> str:
    routes = load().clinic.routes
    ordered = sorted(rules.values(), key=lambda rule: routes[rule.route].urgency)
    rows = ([r.name, r.say, routes[r.route].name, routes[r.route].how_soon, _basis(r)] for r in ordered)
    return _table("what | what is said | where | how soon | basis", rows)


def _basis(rule: Referral) -> str:
    keys = ", ".join(_link(key) for key in keys_of(rule.evidence))
    return (
        keys if rule.basis == "sourced" else f"house default{', leans on ' + keys if keys else ''}"
    ) or "house default"


def routes() -> str:
    """Where people are sent."""
    rows = ([r.name, r.how_soon, r.where, r.until_then] for r in load().clinic.routes.values())
    return _table("route | how soon | where | until then", rows)


def indicators() -> str:
    """What every test and answer says about a link, with where each number comes from; then the families."""
    clinic = load().clinic
    rows = (row for entry in clinic.indicators.values() for row in _spreads(entry))
    shared: dict[str, list[str]] = {}
    for entry in clinic.indicators.values():
        shared.setdefault(entry.family, []).append(entry.name)
    families = "; ".join(" and ".join(names) for names in shared.values() if len(names) > 1)
    head = "result, with the error of one measurement | link | who was compared | asks | does not | trust"
    return f"{_table(head, rows)}\n\nThese look at the same thing, so only one of each counts: {families}."


def _spreads(entry: IndicatorEntry) -> Iterable[list[str]]:
    for known in entry.likelihood:
        name = f"{entry.name}, ± {_number(entry.error)}"
        asks, not_asks = (f"{_plain(s.mean)} ± {_plain(s.sd)}; {_both(s)}" for s in (known.present, known.absent))
        yield [name, entry.link, known.population, asks, not_asks, f"{plain(known.trust.value)}, house default"]


def _number(number: Number) -> str:
    return f"{_plain(number)}; {basis(number, cite=_link)}"


def _both(spread: Spread) -> str:
    """Where mean and standard deviation come from, once where it is the same."""
    said = list(dict.fromkeys(basis(number, cite=_link) for number in (spread.mean, spread.sd)))
    return said[0] if len(said) == 1 else f"mean {said[0]}, sd {said[1]}"


def _plain(number: Number) -> str:
    unit = {"deg": "°", "frac": ""}.get(number.unit, f" {number.unit}")
    return f"{plain(number.value)}{unit}"


def priors() -> str:
    """How often each link asks for training, and what answers change about it."""
    clinic = load().clinic
    rows = [[p.link, plain(p.probability.value), p.note] for p in clinic.priors.values()]
    changed = [[", ".join(s.links), f"odds times {plain(s.odds.value)}", s.say] for s in clinic.shifts.values()]
    return _table("link | before any test (house default) | note", [*rows, *changed])


def constants() -> str:
    """The house defaults that stand in code."""
    rows = [
        ["named from a probability of", plain(finding.NAMED)],
        ["and, in nearly every scenario, ahead of any other link by", plain(finding.LEAD)],
        ["a test is worth doing when it is expected to move the probabilities by", plain(finding.ENOUGH)],
        ["a second test of a family, when it tells this many times as much", plain(finding.REPLACES)],
        [
            "tests of a family contradict one another from odds of",
            f"{plain(finding.CLEARLY)} and 1/{plain(finding.CLEARLY)}",
        ],
        ["factors on trust that are tried", _levels(finding.TRUST_LEVELS)],
        ["the same where something contradicts", _levels(finding.DOUBTED_LEVELS)],
        ["factors on the prior odds that are tried", _levels(finding.PRIOR_LEVELS)],
        ["words read a minute, in the time that the questions take", plain(WORDS_PER_MINUTE)],
        ["seconds for each answer", plain(SECONDS_PER_ANSWER)],
    ]
    return _table("house default | value", rows)


def _levels(levels: tuple[tuple[float, float], ...]) -> str:
    return ", ".join(f"{plain(factor)} ({p:.0%})" for factor, p in levels)


def purposes() -> str:
    """What kneeline is and is not, by intended purpose."""
    parts = []
    for purpose in load().clinic.purposes.values():
        lines = [
            f"**{purpose.name}** ({', '.join(purpose.parts)}; {', '.join(map(_link, keys_of(purpose.evidence)))})",
            "",
        ]
        lines += [f"- {line}" for line in (*purpose.is_for, *purpose.is_not)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def questionnaires() -> str:
    """The questionnaires that can be scored, and whose wording has to be brought."""
    rows = ([q.name, str(len(q.item)), q.licence] for q in load().clinic.questionnaires.values())
    return _table("questionnaire | items | licence", rows)


def _link(key: str) -> str:
    return f"[{key}](evidence.md#{key.lower()})"


def _table(head: str, rows: Iterable[list[str]]) -> str:
    names = [name.strip() for name in head.split("|")]
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


MADE = {
    "red_flags": red_flags,
    "look_alikes": look_alikes,
    "routes": routes,
    "indicators": indicators,
    "priors": priors,
    "decision_constants": constants,
    "purposes": purposes,
    "questionnaires": questionnaires,
}
