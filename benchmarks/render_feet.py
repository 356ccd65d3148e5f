"""Renders the close-ups that arch.py reads, by the studio of the shared recordings with its camera at the feet.

    python benchmarks/render_feet.py STUDIO OUT          # in an environment with the studio's own needs

STUDIO: the folder with studio.py. Each clip takes one to three minutes of one core; those that are there are kept.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

BEHIND, BEFORE = (-0.12, 0.0, 0.12), (0.0, 0.0, 0.1)
"""Where the camera looks, in metres: between the heels, or between the toes."""
CLIPS = (
    # name, body, seed, shoes, camera height m, distance m, opening deg, yaw deg, fps, repetitions, faults
    ("f_back_bare1", "f_avg", 711, "none", 0.20, 0.85, 42, 4, 12, 5, "arch_collapse@2+5,heel_twist@4"),
    ("f_back_bare2", "m_tall", 713, "none", 0.30, 1.00, 40, -8, 12, 5, "arch_collapse@1+3,heel_twist@5"),
    ("f_back_bare3", "f_heavy", 715, "none", 0.15, 0.90, 44, 2, 12, 5, "arch_collapse@3+5,heel_twist@1"),
    ("f_back_shoe1", "f_avg", 721, "shoes01", 0.20, 0.90, 42, -4, 10, 3, "arch_collapse@1+3"),
    ("f_back_shoe3", "f_heavy", 725, "shoes05", 0.20, 0.90, 44, -2, 10, 3, "arch_collapse@3"),
    ("r_back_bare1", "m_avg", 712, "none", 0.12, 0.95, 44, -5, 12, 5, "arch_collapse@1+4,heel_twist@3"),
    ("r_back_bare2", "f_slim", 714, "none", 0.25, 0.80, 45, 7, 12, 5, "arch_collapse@2+4,heel_twist@5"),
    ("r_back_bare3", "m_strong", 716, "none", 0.18, 0.90, 42, -2, 12, 5, "arch_collapse@3+5,heel_twist@2"),
    ("r_back_bare4", "m_short", 717, "none", 0.30, 0.85, 43, 5, 10, 4, "arch_collapse@1+2,heel_twist@4"),
    ("r_back_shoe1", "m_avg", 722, "shoes02", 0.15, 0.90, 44, 5, 10, 3, "arch_collapse@2,heel_twist@1"),
    ("r_back_shoe2", "f_slim", 724, "shoes03", 0.20, 0.80, 45, -7, 10, 3, "arch_collapse@1+3"),
    ("r_back_shoe3", "m_strong", 726, "shoes01", 0.25, 0.90, 42, 2, 10, 3, "arch_collapse@3,heel_twist@2"),
    ("r_back_shoe4", "m_short", 727, "shoes05", 0.15, 0.85, 43, -5, 10, 3, "arch_collapse@1+2"),
    ("r_back_mild1", "f_slim", 744, "none", 0.15, 0.90, 44, -4, 10, 3, "arch_collapse:0.5@1+3"),
    ("r_back_all1", "m_strong", 746, "none", 0.20, 0.90, 44, 5, 10, 2, "arch_collapse"),
    ("r_back_all2", "m_avg", 742, "none", 0.20, 0.90, 44, 3, 10, 2, "arch_collapse"),
    ("r_front_bare1", "m_avg", 732, "none", 0.20, 0.90, 44, -5, 10, 3, "arch_collapse@2"),
    ("r_front_bare2", "f_slim", 734, "none", 0.25, 0.85, 42, 6, 10, 3, "arch_collapse@1+3"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studio", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str(options.studio))
    import studio

    orbit = studio.Camera.orbit
    for name, body, seed, shoes, height, distance, opening, yaw, fps, reps, faults in CLIPS:
        if (options.out / f"{name}.json").exists():
            continue
        view = "front" if "front" in name else "back"
        aim = np.array(BEFORE if view == "front" else BEHIND)

        def aimed(target: Any, *where: Any, aim: Any = aim) -> Any:
            return orbit(aim, *where)

        studio.Camera.orbit = aimed
        words = f"""--exercise calf_raise --tempo 0.8/0.3/0.9/0.8 --view {view} --body {body} --seed {seed}
            --shoes {shoes} --cam-height {height} --cam-distance {distance} --vfov {opening} --yaw {yaw}
            --fps {fps} --reps {reps} --faults {faults} --out {options.out / name}.mp4"""
        sys.argv = ["studio.py", *words.split()]
        studio.main()


if __name__ == "__main__":
    main()
