"""Left and right kept apart: a planted foot that jumps to where the other one stands was taken for it.

Near and far leg cross in a side view, and a pose model may hand their names over. A foot that carries the body stays
where it is; so where its keypoints leave their place and the other leg's are found there, the names are handed back,
and where neither leg's are, that leg was not seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.model.pose import INDEX, PoseSeries

Array = npt.NDArray[np.float64]

LEFT_ITS_PLACE: Final = 0.4
"""A planted ankle further from its place, in shank lengths, is not that leg's. House default."""
NEARER: Final = 0.6
"""The other leg's ankle is taken for it within this share of that distance. House default."""
BEFORE_S: Final = 0.5
"""How long before a repetition the planted foot's place is looked at. House default."""
_PARTS: Final = ("knee", "ankle", "heel", "foot_index")
_COLUMNS: Final = {side: [INDEX[f"{side}_{part}"] for part in _PARTS] for side in ("left", "right")}


def sort_out(series: PoseSeries, planted: str, start_s: float, end_s: float) -> PoseSeries:
    """The series with exchanged legs put right within a repetition; itself where nothing was exchanged.

    planted: the side whose foot stays where it is. start_s, end_s: of the repetition, in seconds.
    """
    other = "right" if planted == "left" else "left"
    mine, theirs = series.xy[:, INDEX[f"{planted}_ankle"]], series.xy[:, INDEX[f"{other}_ankle"]]
    before = (series.t_s >= start_s - BEFORE_S) & (series.t_s <= start_s) & np.isfinite(mine[:, 0])
    if not before.any():
        return series
    place = np.median(mine[before], axis=0)
    shank = float(np.nanmedian(np.hypot(*(series.xy[before, INDEX[f"{planted}_knee"]] - mine[before]).T)))
    away: Array = np.hypot(*(mine - place).T)
    theirs_away: Array = np.hypot(*(theirs - place).T)
    inside = (series.t_s > start_s) & (series.t_s < end_s)
    gone: npt.NDArray[np.bool_] = inside & (away > LEFT_ITS_PLACE * shank)
    if not gone.any():
        return series
    exchanged = gone & (theirs_away < NEARER * away)
    lost = gone & ~(exchanged & (theirs_away <= LEFT_ITS_PLACE * shank))
    xy, sd_px, confidence = series.xy.copy(), series.sd_px.copy(), series.confidence.copy()
    both, swapped = _COLUMNS[planted] + _COLUMNS[other], _COLUMNS[other] + _COLUMNS[planted]
    for values in (xy, sd_px, confidence):
        values[np.flatnonzero(exchanged)[:, None], both] = values[np.flatnonzero(exchanged)[:, None], swapped]
        values[np.flatnonzero(lost)[:, None], _COLUMNS[planted]] = np.nan
    return replace(series, xy=xy, sd_px=sd_px, confidence=confidence)
