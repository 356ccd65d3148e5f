"""What a pose model is to the rest of kneeline, and how one is opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from kneeline.model.errors import InputError
from kneeline.model.pose import PoseFrame

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]

DATA_ENV = "KNEELINE_MODELS"
"""Environment variable: a folder with pose models that do not come with kneeline."""

_SHIPPED = Path(__file__).parent / "data"


class PoseModel(Protocol):
    """Finds the keypoints of one person in pictures that follow each other."""

    @property
    def name(self) -> str:
        """Short name, which also selects the calibration (see `kneeline.capture.calibration`)."""

    @property
    def version(self) -> str:
        """What distinguishes this very model file and pipeline from another of the same name."""

    def track(self, rgb: Picture, t_s: float) -> PoseFrame:
        """Keypoints of the person followed, in pixels of `rgb`; empty when nobody is found.

        rgb: (height, width, 3), upright. Pictures come in time order; the model may use where the person was before.
        """


@runtime_checkable
class StreamingPoseModel(PoseModel, Protocol):
    """A pose model that is faster when it sees the pictures as a stream."""

    def track_all(self, pictures: Iterable[tuple[float, Picture]]) -> Iterator[PoseFrame]:
        """The same as `track` on each (t_s, rgb) in turn."""


def open_pose_model(kind: Literal["full", "heavy"] = "full", folder: Path | None = None) -> PoseModel:
    """BlazePose "full", which comes with kneeline, or "heavy", which the user builds once.

    folder: where to look before the folder named by KNEELINE_MODELS and the one inside the package.

    Raises: InputError when there is no such model, with the command that builds it.
    """
    from kneeline.capture.blazepose import BlazePose

    return BlazePose(model_path(kind, folder), kind)


def model_path(kind: str, folder: Path | None = None) -> Path:
    """Path of the bundle of that kind.

    >>> model_path("full").name
    'pose_landmarker_full.task'

    Raises: InputError when there is none.
    """
    if kind not in ("full", "heavy"):
        raise InputError(f'there is no pose model "{kind}"', expected='"full" or "heavy"')
    places = [folder, Path(os.environ[DATA_ENV]) if os.environ.get(DATA_ENV) else None, _SHIPPED]
    for place in places:
        if place is not None and (found := place / f"pose_landmarker_{kind}.task").is_file():
            return found
    raise InputError(
        f'the pose model "{kind}" is not on this machine',
        expected=f"pose_landmarker_{kind}.task in a folder named by {DATA_ENV}",
        try_next=f"python scripts/build_pose_task.py --model {kind} --out FOLDER, then set {DATA_ENV}=FOLDER",
    )
