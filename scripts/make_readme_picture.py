"""Makes the picture of the README: two moments of the overlay of the set that travels with the project.

    .venv/bin/python scripts/make_readme_picture.py

The top of the second repetition, and just after the first one that is to be tried again.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
from PIL import Image

from kneeline.cli import main as kneeline

ROOT = Path(__file__).resolve().parents[1]
EXERCISE = "calf_raise_ball_squeeze"
OUT = ROOT / "docs" / "picture.png"
SHOWN_PX = 480  # from the left: the numbers and the person, without the rest of the room


def frames_at(video: Path, times_s: list[float]) -> list[Image.Image]:
    """The pictures shown at those times, which must rise."""
    found: list[Image.Image] = []
    with av.open(str(video)) as file:
        for frame in file.decode(video=0):
            if len(found) < len(times_s) and (frame.time or 0.0) >= times_s[len(found)]:
                found.append(frame.to_image())
    return found


def main() -> int:
    """Analyze the example, take the two moments, and write them side by side; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        answer, overlay = Path(folder) / "set.json", Path(folder) / "set.mp4"
        example = ROOT / "examples" / "calf_raise.mp4"
        code = kneeline(["analyze", str(example), "-e", EXERCISE, "--json", str(answer), "--overlay", str(overlay)])
        if code:
            return code
        reps = json.loads(answer.read_text(encoding="utf-8"))["reps"]
        hold_s = (reps[1]["top_start_s"] + reps[1]["top_end_s"]) / 2
        after_s = next(rep["end_s"] for rep in reps if rep["verdict"] == "try_again") + 0.3
        pictures = [np.asarray(picture)[:, :SHOWN_PX] for picture in frames_at(overlay, [hold_s, after_s])]
    Image.fromarray(np.concatenate(pictures, axis=1)).save(OUT, optimize=True)
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
