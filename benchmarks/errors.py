"""What a pose model adds to the error of each signal, fitted on rendered bodies for `content/data/signals.toml`.

    python benchmarks/errors.py [--rendered DIR ...] [--cache DIR] [--cache-heavy DIR] [--write] [--save FILE]

For every recording from a view that is not invalid, the engine's answer without any pose error is held against the
truth: repetitions' measures and frames, each recording weighing the same. What is written is fitted on all bodies. So
that no body is ever reported with errors it took part in, the same fit is made once without each of them, and
`accuracy.py` measures that body with it (results/errors_left_out.json).
Of the squared errors, the camera's turn explains what `yaw_error` says. What is left has two parts:

- what changes within a recording: (noise * first-order keypoint sd)^2 + change_sd^2 + (share * value)^2, of largest
  likelihood for changes against the resting frames. A share is looked for in heights and distances only, which a
  tilted or far camera shortens; the value of an angle near 0 is nothing but its error.
- what stays in a recording: sd^2 on top of that, of largest likelihood for the values themselves.

All but noise are widened as the next recording of the next person needs it: by sqrt(1 + 1/bodies), and by Student's t
for so many recordings over 1.96. Biases: a mean error would be a correction only if it were there in all bodies alike
(t-test over their means, 95 %); the table says which are. None is applied: so few bodies, all of one make, do not tell
a pose model's habit from theirs. "other" pose models get the wider of what was measured. A signal that exercises tell
from others (hip drop, benchmarks/observe.py) is left alone; its entry is by hand. `--write` puts the rest into
signals.toml.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

import tables
from accuracy import Row, rows_of
from clips import LEFT_OUT, default_cache, rendered_clips, shared_folder
from kneeline.content.load import DATA, Library, load
from kneeline.content.schema import PoseError
from kneeline.motion.signals import SIGNALS
from truth import truth_of

Array = npt.NDArray[np.float64]
CHANGES = ("change", "range")
SHARES: tuple[float, ...] = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
NOISES = (0.0, 0.25, 0.5, 0.75, 1.0)
STEPS = 14
T_95 = ((2, 12.71), (3, 4.30), (4, 3.18), (5, 2.78), (7, 2.45), (10, 2.26), (15, 2.14), (20, 2.09), (30, 2.05))
"""Student's t, two-sided 95 %, by number of draws (one more than its degrees of freedom)."""
PLACES = {"deg": 2, "frac": 4}


@dataclass(frozen=True, slots=True)
class Sample:
    """Errors of one signal by one pose model, (n,) each; weights let every recording count once.

    noise2, turn2: variances by keypoint noise and by the camera's turn. change: against the resting frames.
    """

    unit: str
    error: Array
    value: Array
    noise2: Array
    turn2: Array
    change: npt.NDArray[np.bool_]
    body: npt.NDArray[np.str_]
    clip: npt.NDArray[np.str_]
    weight: Array

    def variance(self, e: PoseError) -> Array:
        stays = np.where(self.change, 0.0, e.sd**2)
        moves = e.noise**2 * self.noise2 + e.change_sd**2 + (e.share * self.value) ** 2
        return np.asarray(self.turn2 + moves + stays + 1e-12)

    def part(self, rows: npt.NDArray[np.bool_]) -> Sample:
        return Sample(self.unit, *(getattr(self, f.name)[rows] for f in fields(self)[1:]))


def sample_of(pairs: list[tuple[Row, Row]], library: Library) -> Sample:
    """The errors of (row, the same row without the camera's turn), and changes from the resting frames among them."""
    rest: dict[tuple[str, str], list[float]] = defaultdict(list)
    for whole, _ in pairs:
        if whole.scope == "frame" and whole.rep == 0:
            rest[whole.recording, whole.measure].append(whole.error)
    rows = []
    for whole, still in pairs:
        assert whole.sd is not None
        assert still.sd is not None
        assert whole.value is not None
        change = _is_change(whole, library)
        row = (whole.error, whole.value, still.sd**2, whole.sd**2 - still.sd**2, change, whole.body, whole.recording)
        rows.append((*row, whole.scope))
        base = rest.get((whole.recording, whole.measure))
        if not change and whole.scope == "frame" and whole.rep > 0 and base:
            rows.append((whole.error - float(np.mean(base)), *row[1:4], True, *row[5:], "change"))
    error, value, noise2, turn2, changes, body, clip, scope = (np.array(x) for x in zip(*rows, strict=True))
    groups, index, counts = np.unique(
        np.char.add(np.char.add(clip, " "), scope), return_inverse=True, return_counts=True
    )
    assert len(groups)
    weight = 1.0 / counts[index]
    return Sample(pairs[0][0].unit, error, value, noise2, np.maximum(turn2, 0.0), changes, body, clip, weight)


def samples(options: argparse.Namespace, library: Library) -> dict[tuple[str, str], Sample]:
    """(pose model, signal) -> its errors on all bodies."""
    bare = {n: msgspec.structs.replace(s, pose_error={}) for n, s in library.signals.items()}
    square = {n: msgspec.structs.replace(s, yaw_error=_none(s.yaw_error), yaw_error_bent=None) for n, s in bare.items()}
    told = {o.signal for exercise in library.exercises.values() for o in exercise.observation}
    found: dict[tuple[str, str], list[tuple[Row, Row]]] = defaultdict(list)
    for folder in [shared_folder() / "recordings" / "rendered", *options.rendered]:
        for model, cache in (("full", options.cache), ("heavy", options.cache_heavy)):
            for clip in rendered_clips(folder, cache, make=False) if cache is not None else ():
                truth = truth_of(json.loads((folder / f"{clip.name}.json").read_text(encoding="utf-8")))
                whole, still = (
                    rows_of(model, clip, clip.seen, truth, replace(library, signals=signals))[0]
                    for signals in (bare, square)
                )
                for a, b in zip(whole, still, strict=True):
                    if a.valid != "no" and a.signal not in (*told, "tempo") and not math.isnan(a.error):
                        found[f"blazepose-{model}", a.signal].append((a, b))
    return {key: sample_of(pairs, library) for key, pairs in found.items()}


def _none(number: object) -> object:
    return None if number is None else msgspec.structs.replace(number, value=0.0)


def _is_change(row: Row, library: Library) -> bool:
    return SIGNALS[row.signal].from_rest or (row.scope == "rep" and library.measures[row.measure].statistic in CHANGES)


def fit(sample: Sample) -> PoseError:
    """The four numbers, as the module's docstring says, on a grid: first those of changes, then what stays."""
    moving, still = sample.part(sample.change), sample.part(~sample.change)
    shares = SHARES if sample.unit == "frac" else SHARES[:1]
    tried = (
        PoseError(noise=noise, share=share, change_sd=sd)
        for noise, share, sd in product(NOISES, shares, _sds(moving.error))
    )
    moves = min(tried, key=lambda e: _unlikely(moving, e))
    if not len(still.error):
        return moves
    stays = (msgspec.structs.replace(moves, sd=sd) for sd in _sds(still.error))
    return min(stays, key=lambda e: _unlikely(still, e))


def _sds(error: Array) -> list[float]:
    return [0.0, *(np.geomspace(0.05, 1.5, STEPS) * np.sqrt((error**2).mean())).tolist()]


def _unlikely(sample: Sample, e: PoseError) -> float:
    v = sample.variance(e)
    return float((sample.weight * (np.log(v) + sample.error**2 / v)).sum())


def student(draws: int) -> float:
    """Student's t for that many draws, rounded up."""
    return next(t for n, t in reversed(T_95) if n <= max(draws, 2))


def widened(e: PoseError, sample: Sample) -> PoseError:
    """For a recording of a person who was not fitted on."""
    by = math.sqrt(1 + 1 / len(np.unique(sample.body))) * student(len(np.unique(sample.clip))) / 1.96
    return PoseError(noise=e.noise, sd=by * e.sd, change_sd=by * e.change_sd, share=by * e.share)


def covered(sample: Sample, e: PoseError) -> float:
    inside = np.abs(sample.error) <= 1.96 * np.sqrt(sample.variance(e))
    return float((sample.weight * inside).sum() / sample.weight.sum())


def bias(sample: Sample) -> tuple[float, bool]:
    """Mean error of absolute values over bodies, and whether it is there in all of them alike."""
    rows = ~sample.change if (~sample.change).any() else sample.change
    means = [
        np.average(sample.error[rows & (sample.body == b)], weights=sample.weight[rows & (sample.body == b)])
        for b in np.unique(sample.body[rows])
    ]
    if len(means) < 2:
        return float(np.mean(means)), False
    return float(np.mean(means)), abs(np.mean(means)) > student(len(means)) * np.std(means, ddof=1) / len(means) ** 0.5


def write(found: dict[tuple[str, str], PoseError]) -> None:
    """Put the numbers into signals.toml, each signal's after its last yaw entry or its meaning."""
    path = DATA / "signals.toml"
    blocks = re.split(r"(?m)^(?=\[)", path.read_text(encoding="utf-8"))
    for i, block in enumerate(blocks):
        name = block[1:].partition("]")[0]
        lines = [_line(model, e) for (model, signal), e in found.items() if signal == name]
        block = re.sub(r"(?m)^pose_error\..*\n", "", block) if lines else block
        place = re.search(r"(?m)^meaning = .*\n(?:yaw_.*\n)*", block)
        if lines and place:
            blocks[i] = block[: place.end()] + "".join(lines) + block[place.end() :]
    path.write_text("".join(blocks), encoding="utf-8")


def _line(model: str, e: PoseError) -> str:
    numbers = ", ".join(f"{k} = {getattr(e, k):g}" for k in e.__struct_fields__)
    return f"pose_error.{model} = {{ {numbers} }}\n"


Errors = dict[tuple[str, str], PoseError]


def _rounded(key: tuple[str, str], sample: Sample, library: Library) -> PoseError:
    e, places = widened(fit(sample), sample), PLACES[library.signals[key[1]].unit]
    return PoseError(**{k: round(getattr(e, k), 2 if k in ("noise", "share") else places) for k in e.__struct_fields__})


def _without(body: str, known: dict[tuple[str, str], Sample], library: Library) -> Errors:
    """The errors fitted on everybody else; where nobody else shows a signal, what is there."""
    parts = {key: sample.part(sample.body != body) for key, sample in known.items()}
    return {key: _rounded(key, part if len(part.error) else known[key], library) for key, part in parts.items()}


def with_other(found: Errors) -> Errors:
    """With the widest of what was measured, for pose models that were not."""
    whole = dict(found)
    for name in sorted({signal for _, signal in found}):
        known = [e for (_, signal), e in found.items() if signal == name]
        whole["other", name] = PoseError(**{k: max(getattr(e, k) for e in known) for k in known[0].__struct_fields__})
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--cache-heavy", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    library = load()
    known = samples(options, library)
    everybody = np.unique(np.concatenate([sample.body for sample in known.values()])).tolist()
    found = {key: _rounded(key, sample, library) for key, sample in known.items()}
    left_out = {body: _without(body, known, library) for body in everybody}
    lines = []
    for (model, name), sample in sorted(known.items()):
        e, bodies = found[model, name], np.unique(sample.body)
        places = PLACES[library.signals[name].unit]
        mean, same = bias(sample)
        alone = (covered(sample.part(sample.body == b), left_out[b][model, name]) for b in bodies)
        numbers = [getattr(e, k) for k in e.__struct_fields__]
        lines.append(
            [
                *(name, model, len(np.unique(sample.clip)), len(bodies), *numbers),
                *(f"{mean:+.{places}f}", "yes" if same else "no", f"{100 * covered(sample, e):.0f} %"),
                " ".join(f"{100 * c:.0f}" for c in alone),
            ]
        )
    to = tables.console()
    tables.header(to, f"errors of pose models, fitted on {', '.join(everybody)}")
    heads = ["signal", "pose model", "clips", "bodies", "noise", "sd", "change sd", "share", "bias", "in all alike"]
    tables.show(to, "Pose errors", [*heads, "in 95 %", "body left out"], lines, left=2)
    if options.write:
        write(with_other(found))
        plain = {
            body: {f"{m} {s}": msgspec.to_builtins(e) for (m, s), e in with_other(errors).items()}
            for body, errors in left_out.items()
        }
        LEFT_OUT.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    tables.save(to, options.save)


if __name__ == "__main__":
    main()
