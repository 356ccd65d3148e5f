"""Build the pose model bundle that kneeline ships: cut, annotated and packed from the published model files.

    python scripts/build_pose_task.py                       # fetch the npm package, build the full model in place
    python scripts/build_pose_task.py --model heavy --out ~/models --package path/to/unpacked/package

What is changed, and why (NOTICE beside the bundle says the same):

* The segmentation branch of the landmark model is removed. It costs a third of the time and its output is never
  used; the landmarks stay bit-identical. The bundle's readers expect five outputs by position, so the empty place
  (2) points at the heat map once more.
* NormalizationOptions metadata is added, without which MediaPipe Tasks refuses the files: the detector wants
  pixels in [-1, 1] (mean = std = 127.5), the landmark model in [0, 1] (mean 0, std 255).

The result is a zip with stored entries and fixed dates: the same input gives the same bytes. Needs `ai-edge-litert`
(for the schema) and `flatbuffers`, which comes with it.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

PACKAGE = "@mediapipe/pose@0.5.1675469404"
HOME = Path(__file__).resolve().parents[1] / "src" / "kneeline" / "capture" / "data"
DETECTOR = "pose_solution_packed_assets.data"  # holds nothing but pose_detection.tflite
SEGMENTATION, HEATMAP = 2, 3  # places in the landmark model's list of outputs

SHA256 = {
    DETECTOR: "a63c614bef30d35947f13be361820b1e4e3bec9cfeebf4d11216a18373108e85",
    "pose_landmark_full.tflite": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    "pose_landmark_heavy.tflite": "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
    "pose_landmarker_full.task": "8d269353eafbc3dc46206064fb9d2655fbd40f0569b1f085b41e0d960ccad83f",
    "pose_landmarker_heavy.task": "cc954f69e1d2ae0b2edf8017990e3f6f5ae06aa4ece89b6bceeb1c56842606da",
}


class AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """A buffer written on a 16-byte boundary, as the schema's force_align asks and the generated writer forgets."""

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802 - the generated code calls it so
        """Write the buffer and return its place."""
        data = b"" if self.data is None else bytes(self.data)
        if not data:
            schema.BufferStart(builder)
            return int(schema.BufferEnd(builder))
        builder.StartVector(1, len(data), 16)
        builder.head = builder.Head() - len(data)
        builder.Bytes[builder.Head() : builder.Head() + len(data)] = data
        place = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, place)
        return int(schema.BufferEnd(builder))


def normalization_metadata(mean: float, std: float) -> bytes:
    """ModelMetadata (metadata_schema.fbs, identifier M001) that says only how the input is normalised."""
    b = flatbuffers.Builder(256)

    def table(*fields: tuple[int, str, int]) -> int:
        b.StartObject(max(slot for slot, _, _ in fields) + 1)
        for slot, kind, value in fields:
            if kind == "byte":
                b.PrependUint8Slot(slot, value, 0)
            else:
                b.PrependUOffsetTRelativeSlot(slot, value, 0)
        return int(b.EndObject())

    def floats(value: float) -> int:
        b.StartVector(4, 1, 4)
        b.PrependFloat32(value)
        return int(b.EndVector())

    def tables(place: int) -> int:
        b.StartVector(4, 1, 4)
        b.PrependUOffsetTRelative(place)
        return int(b.EndVector())

    means, stds = floats(mean), floats(std)
    options = table((0, "ref", means), (1, "ref", stds))  # NormalizationOptions: mean, std
    unit = table((0, "byte", 1), (1, "ref", options))  # ProcessUnit: type 1 is NormalizationOptions
    tensor = table((4, "ref", tables(unit)))  # TensorMetadata.process_units
    subgraph = table((2, "ref", tables(tensor)))  # SubGraphMetadata.input_tensor_metadata
    model = table((3, "ref", tables(subgraph)))  # ModelMetadata.subgraph_metadata
    b.Finish(model, file_identifier=b"M001")
    return bytes(b.Output())


def cut_segmentation(graph: Any) -> None:
    """Drop every operator and tensor that only the segmentation output needs, and number the rest anew."""
    outputs = list(graph.outputs)
    outputs[SEGMENTATION] = outputs[HEATMAP]
    maker = {int(t): n for n, op in enumerate(graph.operators) for t in op.outputs}
    needed: set[int] = set()
    open_ends = [int(t) for t in outputs]
    while open_ends:
        n = maker.get(open_ends.pop())
        if n is not None and n not in needed:
            needed.add(n)
            open_ends += [int(t) for t in graph.operators[n].inputs if t >= 0]
    graph.operators = [op for n, op in enumerate(graph.operators) if n in needed]
    used = {int(t) for t in graph.inputs} | {int(t) for t in outputs}
    used |= {int(t) for op in graph.operators for t in (*op.inputs, *op.outputs) if t >= 0}
    place = {old: new for new, old in enumerate(sorted(used))} | {-1: -1}
    graph.tensors = [graph.tensors[t] for t in sorted(used)]
    graph.inputs = [place[int(t)] for t in graph.inputs]
    graph.outputs = [place[int(t)] for t in outputs]
    for op in graph.operators:
        op.inputs = [place[int(t)] for t in op.inputs]
        op.outputs = [place[int(t)] for t in op.outputs]


def rebuild(tflite: bytes, *, mean: float, std: float, cut: bool) -> bytes:
    """The model with its metadata, without unused buffers, and without its segmentation branch if `cut`."""
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    (graph,) = model.subgraphs
    if cut:
        cut_segmentation(graph)
    old, buffers = model.buffers, [AlignedBuffer()]  # buffer 0 is empty by convention

    def keep(data: Any) -> int:
        fresh = AlignedBuffer()
        fresh.data = data
        buffers.append(fresh)
        return len(buffers) - 1

    for tensor in graph.tensors:
        data = old[tensor.buffer].data
        tensor.buffer = 0 if data is None or len(data) == 0 else keep(data)
    for entry in model.metadata or []:
        entry.buffer = keep(old[entry.buffer].data)
    entry = schema.MetadataT()
    entry.name = b"TFLITE_METADATA"
    entry.buffer = keep(normalization_metadata(mean, std))
    model.metadata = [*(model.metadata or []), entry]
    model.buffers = buffers
    builder = flatbuffers.Builder(len(tflite) + 4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def fetch(package: str, into: Path) -> Path:
    """Folder of the unpacked npm package: `package` itself when it is one, else fetched with `npm pack`."""
    if Path(package).is_dir():
        return Path(package)
    if Path(package).is_file():
        archive = Path(package)
    else:
        done = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=into, check=True, capture_output=True, text=True
        )
        archive = into / done.stdout.split()[-1]
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    return into / "package"


def check(name: str, data: bytes) -> bytes:
    """The data, once its sha256 is the expected one."""
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[name]:
        sys.exit(f"{name}: sha256 is {found}, expected {SHA256[name]}")
    return data


def build(folder: Path, kind: str) -> bytes:
    """Bytes of the bundle for one landmark model ("full" or "heavy")."""
    landmark = f"pose_landmark_{kind}.tflite"
    parts = {
        "pose_detector.tflite": rebuild(
            check(DETECTOR, (folder / DETECTOR).read_bytes()), mean=127.5, std=127.5, cut=False
        ),
        "pose_landmarks_detector.tflite": rebuild(
            check(landmark, (folder / landmark).read_bytes()), mean=0.0, std=255.0, cut=True
        ),
    }
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
            for name, data in sorted(parts.items()):
                info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                info.create_system, info.external_attr = 3, 0o644 << 16
                bundle.writestr(info, data)
        file.seek(0)
        return file.read()


def main() -> None:
    """Read the command line, build, check and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", choices=("full", "heavy"), default="full")
    parser.add_argument("--package", default=PACKAGE, help="npm name, .tgz or unpacked folder")
    parser.add_argument("--out", "--data", type=Path, default=HOME, help="folder to write to")
    given = parser.parse_args()
    name = f"pose_landmarker_{given.model}.task"
    with tempfile.TemporaryDirectory() as scratch:
        data = check(name, build(fetch(given.package, Path(scratch)), given.model))
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / name).write_bytes(data)
    print(f"{given.out / name}: {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
