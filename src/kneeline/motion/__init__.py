"""Floor 2: from pose to repetitions, faults and one cue. Pure: no clock, no files, no camera."""

from kneeline.motion.engine import Engine
from kneeline.motion.hindsight import refine

__all__ = ["Engine", "refine"]
