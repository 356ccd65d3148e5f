"""Make the clips of kneeline's own voice: one for every sentence that a coach can say.

    apt-get install flite ffmpeg
    .venv/bin/python scripts/voice.py

The voice is CMU Flite's "slt". Clips that say what they said before are left alone; those of no sentence are removed.
`said.json` beside them holds what each says, and a test holds it to the library.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from kneeline.content.load import load
from kneeline.motion.live import voice_lines

FOLDER = Path(__file__).parents[1] / "src/kneeline/web/static/voice"
VOICE = "slt"
# Louder and even, without the hiss above what speech needs, a little room at the end.
FILTER = "highpass=f=90,loudnorm=I=-16:TP=-1.5:LRA=7,apad=pad_dur=0.05"


def main() -> None:
    """Make what is missing and take away what is not said any more."""
    lines = voice_lines(load())
    FOLDER.mkdir(exist_ok=True)
    said_file = FOLDER / "said.json"
    before = json.loads(said_file.read_text(encoding="utf-8")) if said_file.exists() else {}
    for clip in FOLDER.glob("*.mp3"):
        if clip.stem not in lines:
            clip.unlink()
    for id, text in lines.items():
        clip = FOLDER / f"{id}.mp3"
        if before.get(id) != text or not clip.exists():
            speak(text, clip)
    said_file.write_text(json.dumps(dict(sorted(lines.items())), indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    size = sum(clip.stat().st_size for clip in FOLDER.glob("*.mp3"))
    print(f"{len(lines)} clips, {size / 1e6:.1f} MB", file=sys.stderr)


def speak(text: str, clip: Path) -> None:
    """One sentence as a mono MP3 of 32 kilobits a second."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        subprocess.run(
            ["flite", "-voice", VOICE, "--setf", "duration_stretch=1.04", "-t", text, "-o", wav.name], check=True
        )
        encode = ["-af", FILTER, "-ar", "22050", "-ac", "1", "-c:a", "libmp3lame", "-b:a", "32k", "-map_metadata", "-1"]
        plain = ["-fflags", "+bitexact", "-write_xing", "0", "-id3v2_version", "0"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", wav.name, *encode, *plain, str(clip)], check=True)


if __name__ == "__main__":
    main()
