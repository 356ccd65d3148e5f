"""The words and tables of the page "What kneeline can see": figures from the results, names from the library."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from kneeline.content.load import Library
from kneeline.report.story import amount, listed, measure_name, published, scale, sentence
from seen import Figures, Judged, Seen, figures
from truth import VALID_DEG

VIEWS = {"front": "front", "back": "behind", "side": "side, near leg", "other_side": "side, far leg"}
OBLIQUE = "in between"
MODEL = "full"
"""The pose model that comes with kneeline; the page's first half speaks of it."""
FEWEST = 3
"""Figures of fewer repetitions are not shown."""
LEAST_COVERED = 0.9
"""Intervals that hold the truth less often are named as too narrow."""
TOO_FAR = 1 / 3
"""A measure that is off by this share of itself on average is said to read too low or too high."""
HEADLINES = (
    ("peak_knee_flexion_deg", "your deepest knee bend", ("side, near leg",)),
    ("end_knee_flexion_deg", "how straight your knee gets", ("side, near leg",)),
    ("fppa_peak_deg", "how far your knee moves inward", ("front", "behind")),
    ("pelvic_drop_peak_deg", "how far your hip drops", ("front", "behind")),
    ("trunk_lean_peak_deg", "how far your body leans sideways", ("front", "behind")),
    ("hip_abduction_peak_deg", "how far your leg goes out", ("front", "behind")),
    ("lift_s", "how long you take to lift", ("front", "behind", "side, near leg")),
)
"""What the first lines of the page speak of: measure, in a person's words, and the views it is meant for."""


def shown(value: float, unit: str, signed: bool = False) -> str:
    """A figure in a person's unit; seconds to a hundredth, the rest to a tenth.

    >>> shown(0.0312, "frac"), shown(-2.04, "deg", signed=True)
    ('3.1\xa0%', '−2.0°')
    """
    factor, sign = scale(unit)
    text = f"{round(value * factor, 2 if unit == 's' else 1) + 0.0:{'+' if signed else ''}.{2 if unit == 's' else 1}f}"
    return text.replace("-", "−") + ("" if sign == "°" else "\xa0") + sign


def percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.0f}\xa0%"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are words, the others numbers."""
    rule = ["---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, rule, *rows))


def view_of(row: Seen) -> str:
    """From where a repetition was filmed, as the page's first table has its columns."""
    return VIEWS.get(row.view, OBLIQUE)


def in_order(rows: Iterable[Seen], library: Library) -> list[str]:
    """The measures of these rows in the library's order, then those that every repetition has."""
    found = dict.fromkeys(r.measure for r in rows)
    return [*(m for m in library.measures if m in found), *(m for m in found if m not in library.measures)]


def groups(rows: Sequence[Seen], library: Library) -> list[tuple[str, list[Seen]]]:
    """The measures that were given in valid views often enough to be shown, with those repetitions."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for r in rows:
        if r.model == MODEL and r.valid == "yes" and not math.isnan(r.error):
            found[r.measure].append(r)
    return [(m, found[m]) for m in in_order(rows, library) if len(found[m]) >= FEWEST]


def opening(rows: Sequence[Seen], library: Library) -> str:
    """What the page is, and its first lines in plain words."""
    mine = [r for r in rows if r.model == MODEL]
    people, recordings = len({r.body for r in mine}), len({r.recording for r in mine})
    times = len([r for r in mine if r.measure == "lift_s"])
    lines = [line for one in HEADLINES if (line := _headline(mine, one, library))]
    return f"""# What kneeline can see

One camera, one person, one exercise: how far off is what kneeline says, from where does it hold, and when does it
refuse? Each figure comes from recordings whose truth is known: {people} rendered people in {recordings}
recordings ({times} repetitions), each with errors fitted without that person, filmed with a pose model on real
pixels; and markers of real people with expert joint angles. Nobody was a patient. “About” is the mean error; “19 of
20” says what the rest stayed within.

## In short

{chr(10).join(f"- {line}" for line in lines)}
- **The roll of the foot, the pull of a band, the squeeze on a ball** do not show in keypoints. kneeline says so, and
  how to [check it yourself](limits.md)."""


def _headline(rows: Sequence[Seen], what: tuple[str, str, tuple[str, ...]], library: Library) -> str:
    measure, words, wanted = what
    mine = [r for r in rows if r.measure == measure]
    yes = figures(r for r in mine if r.valid == "yes" and view_of(r) in wanted)
    if yes is None or yes.n < FEWEST:
        return ""
    places = [v for v in wanted if any(view_of(r) == v and not math.isnan(r.error) for r in mine)]
    where = (
        "from the front, behind or the side"
        if len(places) > 2
        else " or ".join({"front": "from the front", "behind": "from behind"}.get(v, "from the side") for v in places)
    )
    silent = ""
    if any(r.valid == "no" for r in mine) and measure.endswith("_deg"):
        other = "the front" if "side, near leg" in wanted else "the side"
        group = [r for r in mine if view_of(r).startswith(other.removeprefix("the ")) and r.valid == "no"]
        said = sum(r.value is not None for r in group)
        silent = (
            f" From {other} it spoke all the same {said} of {len(group)} times."
            if said
            else f" From {other} it says nothing."
        )
    return (
        f"**{sentence(words)}**: {where}, to about {shown(yes.mae, yes.unit)} "
        f"(19 of 20 within {shown(yes.within, yes.unit)}).{silent}"
    )


def _short(rows: Iterable[Seen]) -> str:
    """By how much a measure of one sign reads too low or too high on average, where that is a third or more."""
    known = [r for r in rows if not math.isnan(r.error)]
    found = figures(known)
    size = sum(r.truth or 0.0 for r in known) / max(len(known), 1)
    if found is None or min(r.truth or 0.0 for r in known) <= 0 or abs(found.bias) < found.sd:
        return ""  # what changes its sign has no size to be a share of, and what scatters is not short
    share = found.bias / size
    if not TOO_FAR <= abs(share) < 1:
        return ""
    return f" ({percent(abs(share))} too {'low' if share < 0 else 'high'})"


def by_view(rows: Sequence[Seen], library: Library) -> str:
    """Measure by view: how far off, or no."""
    mine = [r for r in rows if r.model == MODEL]
    columns = [v for v in (*VIEWS.values(), OBLIQUE) if any(view_of(r) == v for r in mine)]
    lines = []
    for measure in in_order(mine, library):
        cells = [_yes_or_no([r for r in mine if r.measure == measure and view_of(r) == v]) for v in columns]
        lines.append(
            [
                f"[{sentence(measure_name(measure, library))}](#{measure})"
                if any(c.startswith("yes") for c in cells)
                else sentence(measure_name(measure, library)),
                *cells,
            ]
        )
    return f"""## From where each measure holds

“Yes” with the mean error (heights and gaps in % of the shank's length, depth in % of standing height); “no” where it
is refused; “–” where it was not tried. Where only some repetitions were judged, it says how many.

{table(["measure", *columns], lines, left=len(columns) + 1)}"""


def _yes_or_no(rows: Sequence[Seen]) -> str:
    if not rows:
        return "–"
    given = [r for r in rows if r.value is not None]
    if len(given) <= 0.05 * len(rows):
        return "no"
    found = figures(given)
    if found is None:
        return "given, truth unknown"
    some = "" if len(given) >= 0.95 * len(rows) else f", in {len(given)} of {len(rows)}"
    return f"yes: {shown(found.mae, found.unit)}{_short(given)}{some}"


def coverage_lines(rows: Sequence[Seen], library: Library) -> list[tuple[str, float, float | None]]:
    """Name, share covered by full and by heavy, of every measure with enough repetitions."""
    lines = []
    for measure, mine in groups(rows, library):
        full, heavy = figures(mine), figures(_valid(rows, "heavy", measure))
        if full is not None:
            enough = heavy is not None and heavy.n >= FEWEST
            lines.append((measure_name(measure, library), full.covered, heavy.covered if heavy and enough else None))
    return lines


def _valid(rows: Iterable[Seen], model: str, measure: str, exercise: str = "") -> list[Seen]:
    return [
        r
        for r in rows
        if r.model == model and r.measure == measure and r.valid == "yes" and exercise in ("", r.exercise)
    ]


def honest(rows: Sequence[Seen], library: Library) -> str:
    """Whether intervals hold the truth as often as they say."""
    narrow = [f"{name} ({percent(full)})" for name, full, _ in coverage_lines(rows, library) if full < LEAST_COVERED]
    weak = f" Too narrow so far: {listed(narrow)}." if narrow else ""
    return f"""## Is the ± honest?

Every number comes with ± one standard deviation; 1.96 of them are the 95 % interval, which should hold the truth 19
times of 20. The shaded band is 92 to 98 %. With few repetitions chance alone leaves it, and repetitions of one
recording err alike.{weak}

![Share of the 95 % intervals that held the truth, by measure](seen/coverage.svg)"""


def faults(rows: Sequence[Judged], library: Library) -> str:
    """Injected faults against what was said of them: by fault where it could be seen, then case by case."""
    cases: dict[tuple[str, str, str], Counter[tuple[int, str]]] = defaultdict(Counter)
    for r in rows:
        view = {"far side": VIEWS["other_side"], "oblique": OBLIQUE}.get(r.view) or VIEWS[r.view]
        cases[r.fault, r.exercise, view][r.injected, r.said] += r.times
    whole: dict[str, Counter[tuple[int, str]]] = defaultdict(Counter)
    lines = []
    for (fault, exercise, view), found in sorted(cases.items()):
        whole[fault] += found
        if any(injected or said in ("present", "absent") for injected, said in found):
            lines.append([_ids(fault), library.exercises[exercise].name, view, *_confusion(found)])
    heads = ["found", "missed", "raised in vain", "too close to call", "not to be seen"]
    return f"""## Faults that were put in

Rendered people did each of these on purpose, so that it is known in which repetition a fault was. “Found” is of
those that were put in, “raised in vain” of those that were not, both without what could not be seen from there.
“Missed” was called absent, or its repetition was not counted.

{table(["fault", *heads], ([_ids(fault), *_confusion(found)] for fault, found in sorted(whole.items())))}

<details markdown="1">
<summary>The same by exercise and view</summary>

{table(["fault", "exercise", "view", *heads], lines, left=3)}

</details>"""


def _ids(fault: str) -> str:
    return " or ".join(f"`{one}`" for one in fault.split(" or "))


def _confusion(found: Counter[tuple[int, str]]) -> list[str]:
    there, free = (sum(n for (i, said), n in found.items() if i == injected and said != "blind") for injected in (1, 0))
    return [
        f"{found[1, 'present']} of {there}" if there else "–",
        str(found[1, "absent"] + found[1, "missed"]) if there else "–",
        f"{found[0, 'present']} of {free}" if free else "–",
        str(found[1, "close"] + found[0, "close"]),
        str(found[1, "blind"] + found[0, "blind"]),
    ]


def refusals(rows: Sequence[Seen], library: Library) -> str:
    """What is refused, and when."""
    lines = []
    for measure in in_order(rows, library):
        mine = [r for r in rows if r.model == MODEL and r.measure == measure]
        cells = []
        for valid in ("yes", "between", "no"):
            group = [r for r in mine if r.valid == valid]
            cells.append(f"{sum(r.value is None for r in group)} of {len(group)}" if group else "–")
        why = Counter(r.reason for r in mine if r.value is None and r.valid == "yes" and r.reason)
        lines.append(
            [sentence(measure_name(measure, library)), *cells, "; ".join(w for w, _ in why.most_common(2)) or "–"]
        )
    heads = ["measure", "refused where it holds", "in between", "where it cannot hold", "why, where it holds"]
    return f"""## What is refused, and when

A measure is refused when the camera is turned too far off the view that it needs, when the leg is the far one in a
side view, when its keypoints were out of sight, and when near and far leg were mixed up. “Where it holds” is
decided by the true camera, not by kneeline: within {VALID_DEG["sagittal"]:g}° of the side, or
{VALID_DEG["frontal"]:g}° of front or back.

{table(heads, lines)}

How far each signal may be turned away stands in [Measures and signals](measures.md)."""


def each_measure(rows: Sequence[Seen], library: Library) -> str:
    """Measure by measure: exercises, models, the upper bound, and a Bland-Altman plot."""
    parts = []
    for measure, mine in groups(rows, library):
        lines = []
        for exercise in dict.fromkeys(r.exercise for r in mine):
            for model in (MODEL, "heavy", "true"):
                found = figures(_valid(rows, model, measure, exercise))
                if found is not None:
                    lines.append(
                        [library.exercises[exercise].name, {"true": "true joints"}.get(model, model), *_cells(found)]
                    )
        name = sentence(measure_name(measure, library))
        rule = library.measures.get(measure)
        said = [f"{what} {amount(number)}" for what, number in published(rule.signal, library)] if rule else []
        known = f" {sentence(listed(said))}." if said else ""
        meaning = f"{rule.meaning} " if rule else ""
        parts.append(
            f"### {name} {{#{measure}}}\n\n`{measure}`. {meaning}{known}".rstrip()
            + f"\n\n![Bland-Altman plot of {name.lower()}](seen/{measure}.svg)\n\n"
            + table(
                ["exercise", "keypoints", "repetitions", "mean error", "bias", "95 % limits", "in 95 %", "z"],
                lines,
                left=2,
            )
        )
    return f"""## Measure by measure

In views where each holds, on people whose errors were fitted without them. *full* and *heavy* are the two pose models;
*true joints* are the rendered skeleton's own joints in the picture: what a faultless pose model would give. The limits
are bias ± 1.96 standard deviations of the error (the dashed lines of the plots, which show *full*). *z* is the root
mean square of error over standard deviation: 1 is honest, more is too narrow.

{f"{chr(10)}{chr(10)}".join(parts)}"""


def _cells(found: Figures) -> list[str]:
    low, high = (shown(limit, found.unit, signed=True) for limit in found.limits)
    people = f"{found.n} ({found.people} people)" if found.people != 1 else f"{found.n} (1 person)"
    bias = shown(found.bias, found.unit, signed=True)
    return [people, shown(found.mae, found.unit), bias, f"{low} to {high}", percent(found.covered), f"{found.z:.1f}"]


def closing() -> str:
    """What the page cannot say, and how it is made."""
    return """## What this page cannot say

Rendered people are not people: their clothes, rooms and movements are few, and the step from rendered to real is
not measured, because no labelled real video of these acts is public. Repetitions of one recording are alike, so
that they count for less than they are many. Markers are real people with points better than any pose model. Nothing
here was found on patients.

This page, its plots and the figures beside each result in reports are made by `benchmarks/page.py` from
`benchmarks/results/`; `--measure` makes those again."""
