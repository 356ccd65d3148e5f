"""kneeline: from a video of an exercise to an honest set: repetitions, tempo, faults and what could not be seen."""

from __future__ import annotations

__version__ = "0.1.0"
