"""From raw columns, whatever file they came from, to a series that the rest may trust."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kneeline.capture.calibration import Calibration
from kneeline.model.errors import InputError
from kneeline.model.pose import Array, PoseSeries, Recording
from kneeline.model.text import printable

_ABSURD = 1e6
_ABSURD_S = 1e12  # thirty thousand years: no clock that counts seconds says more
_LEAST_STEP_S = 1e-6  # pictures that are closer have the same time
_LONGEST_NAME = 255
_MIN_S = 1.0
_PIECE = 2048


def checked_series(
    t_s: Array,
    xy: Array,
    confidence: Array,
    people: npt.NDArray[np.int64],
    calibration: Calibration,
    picture_px: tuple[int, int] | None,
    name: str,
) -> tuple[PoseSeries, tuple[str, ...]]:
    """A series whose times rise from 0 and whose absent keypoints are NaN throughout; with sentences on what was wrong.

    Seconds count from the first picture, whatever the file's clock said. Shapes as in PoseSeries; confidence is NaN
    where the file says none. name: of the file, for the errors.

    Raises: InputError when no row is left.
    """
    if len(t_s) == 0:
        raise InputError(f"{name} has no rows", expected="one row per picture", try_next="make the file again")
    said = []
    rising = _rising(t_s)
    if not rising.any():
        raise InputError(
            f"{name} has no usable times in t_s", expected="seconds, rising", try_next="make the file again"
        )
    if dropped := int((~rising).sum()):
        said.append(f"{dropped} of {len(t_s)} rows with a time that is absent, repeats or runs backwards left out.")
        t_s, xy, confidence, people = t_s[rising], xy[rising], confidence[rising], people[rising]
    t_s = t_s - t_s[0]
    wild = ((xy > _ABSURD) | (xy < -_ABSURD)).any(axis=-1)  # infinite ones included, NaN not
    if wild.any():
        said.append(f"{int(wild.sum())} keypoints with impossible coordinates were read as absent.")
    absent = wild | np.isnan(xy).any(axis=-1)
    xy[absent], confidence[absent] = np.nan, np.nan
    confidence[~np.isfinite(confidence)] = np.nan
    np.clip(confidence, 0.0, 1.0, out=confidence)
    pieces = (slice(i, i + _PIECE) for i in range(0, len(t_s), _PIECE))  # a long log at once would need much memory
    sd_px = np.concatenate([calibration.sd_px(xy[p], confidence[p], picture_px) for p in pieces])
    return PoseSeries(t_s, xy, sd_px, confidence, people), tuple(said)


def _rising(t_s: Array) -> npt.NDArray[np.bool_]:
    """Which rows to keep so that times rise: what lies far ahead of the rows after it, or behind those before, goes.

    >>> _rising(np.array([0.0, 1.0, 999.0, 2.0, 1.5, np.nan, 3.0])).tolist()
    [True, True, False, True, False, False, True]
    """
    there = np.isfinite(t_s) & (np.abs(t_s) < _ABSURD_S)
    later = np.minimum.accumulate(np.where(there, t_s, np.inf)[::-1])[::-1]
    steps = np.diff(t_s[there])
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    keep = there & ~(t_s > later + 100 * usual)
    best = -np.inf
    for i in np.flatnonzero(keep):
        if t_s[i] - best > _LEAST_STEP_S:
            best = t_s[i]
        else:
            keep[i] = False
    return keep


def recording(
    series: PoseSeries, *, source: str, width_px: int, height_px: int, pose_model: str, warnings: tuple[str, ...] = ()
) -> Recording:
    """What is known about a recording from its frames; sentences about who was in view follow the given warnings.

    Names and sentences may come from any file: they are made printable, and names are cut to 255 letters.
    """
    source, pose_model = (printable(name)[:_LONGEST_NAME] for name in (source, pose_model))
    warnings = tuple(map(printable, warnings))
    steps = np.diff(series.t_s)
    said = tuple(w for w in _about_people(series) if w not in warnings)
    return Recording(
        source,
        width_px,
        height_px,
        pose_model,
        frames=len(series),
        duration_s=float(series.t_s[-1] - series.t_s[0]) if len(series) else 0.0,
        fps_median=float(1.0 / np.median(steps)) if len(steps) else 0.0,
        warnings=warnings + said,
    )


def _about_people(series: PoseSeries) -> tuple[str, ...]:
    """Sentences about further people and about nobody being in view."""
    if len(series) == 0:
        return ()
    seen = np.isfinite(series.xy[:, :, 0]).any(axis=1)
    if not seen.any():
        return ("Nobody was found in the whole recording.",)
    said = []
    looked = series.people >= 0
    for first, last in _spans(series.t_s[looked], np.greater(series.people[looked], 1)):
        said.append(
            f"A second person was in view from {first:.1f} s to {last:.1f} s; "
            "one person was followed; after more than 2 s out of sight that may be somebody else."
        )
    for first, last in _spans(series.t_s, np.logical_not(seen)):
        if last - first >= _MIN_S:
            said.append(f"The person was not seen from {first:.1f} s to {last:.1f} s.")
    return tuple(said)


def _spans(t_s: Array, on: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    """(first, last) times of each run in which `on` holds for at least two looks in a row.

    >>> _spans(np.arange(6.0), np.array([False, True, True, False, True, False]))
    [(1.0, 2.0)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return [(float(t_s[a]), float(t_s[b - 1])) for a, b in edges.reshape(-1, 2) if b - a >= 2]
