"""The pose model bundle is what scripts/build_pose_task.py builds, and says what was changed."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kneeline.capture.pose_model import model_path

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_pose_task", ROOT / "scripts" / "build_pose_task.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bundle_is_the_one_that_the_script_builds(script: ModuleType) -> None:
    data = model_path("full").read_bytes()
    assert hashlib.sha256(data).hexdigest() == script.SHA256["pose_landmarker_full.task"]


def test_entries_are_stored_with_fixed_dates() -> None:
    with zipfile.ZipFile(model_path("full")) as bundle:
        infos = bundle.infolist()
    assert [info.filename for info in infos] == ["pose_detector.tflite", "pose_landmarks_detector.tflite"]
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}


def test_licence_and_changes_lie_beside_it() -> None:
    folder = model_path("full").parent
    assert "Apache License" in (folder / "LICENSE").read_text()
    notice = (folder / "NOTICE").read_text()
    assert "segmentation branch" in notice
    assert "normalization metadata" in notice


@pytest.mark.parametrize("kind", ["full", "heavy"])
def test_building_again_gives_the_same_bytes_and_the_same_landmarks(script: ModuleType, kind: str) -> None:
    package = os.environ.get("KNEELINE_POSE_PACKAGE")
    if not package:
        pytest.skip("set KNEELINE_POSE_PACKAGE to the unpacked npm package @mediapipe/pose@0.5.1675469404")
    from ai_edge_litert.interpreter import Interpreter

    folder = Path(package)
    data = script.build(folder, kind)
    assert hashlib.sha256(data).hexdigest() == script.SHA256[f"pose_landmarker_{kind}.task"]
    original = (folder / f"pose_landmark_{kind}.tflite").read_bytes()
    cut = script.rebuild(original, mean=0.0, std=255.0, cut=True)
    crop = np.random.default_rng(0).random((1, 256, 256, 3), dtype=np.float32)
    outputs = []
    for model in (original, cut):
        net = Interpreter(model_content=model, num_threads=1)
        net.allocate_tensors()
        net.set_tensor(net.get_input_details()[0]["index"], crop)
        net.invoke()
        outputs.append({tuple(d["shape"]): net.get_tensor(d["index"]) for d in net.get_output_details()})
    for shape in ((1, 195), (1, 1), (1, 64, 64, 39), (1, 117)):
        np.testing.assert_array_equal(outputs[1][shape], outputs[0][shape])
