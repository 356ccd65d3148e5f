"""What the browser is given: the very bytes we mean, and a clip for every sentence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import kneeline.web
from kneeline.content.load import load
from kneeline.motion.live import voice_lines

STATIC = Path(kneeline.web.__file__).parent / "static"
RUNTIME = {  # of the npm package @mediapipe/tasks-vision 0.10.35; from 1.0 on it reports its use to its maker
    "vision_bundle.mjs": "55d7ab624fbb70dcc5adc4ae6d7ea9cfcb569139d3dbfbf2b1deafcb966bc0fe",
    "vision_wasm_module_internal.js": "1f1d6215324a1fe62f6742d49a3db911170987ca18ad8c1b75f1a1c82acf2b44",
    "vision_wasm_module_internal.wasm": "617b8e0248dbd27e9d7ece4218004eae4cefb499196d1bb4fa0e3fef21708756",
}


def test_the_pose_runtime_is_the_one_that_tells_nobody() -> None:
    for name, digest in RUNTIME.items():
        data = (STATIC / "vendor/tasks-vision" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, name


def test_every_sentence_has_a_clip_that_says_it() -> None:
    lines = voice_lines(load())
    said = json.loads((STATIC / "voice/said.json").read_text(encoding="utf-8"))
    again = "run scripts/voice.py"
    assert said == dict(lines), again
    assert {clip.stem for clip in (STATIC / "voice").glob("*.mp3")} == set(lines), again
    assert all(clip.stat().st_size > 1000 for clip in (STATIC / "voice").glob("*.mp3"))


def test_no_page_names_another_place() -> None:
    ours = [*STATIC.glob("*.js"), *STATIC.glob("*.css"), *(STATIC.parent / "templates").glob("*.html")]
    assert len(ours) > 20
    for path in ours:
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), path.name
        assert "https://" not in text.replace("https://localhost", ""), path.name
        assert "style=" not in text, f"{path.name}: the policy forbids inline style"
