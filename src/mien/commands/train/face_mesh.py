"""`mien train face-mesh`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import OutFolder
from mien.commands.train.display import need_training


@dataclass(frozen=True)
class FaceMeshConfig:
    """Write MediaPipe's Face Mesh network as an ONNX file with its card; nothing is trained."""

    tflite: Path
    """face_landmark.tflite or face_landmark_with_attention.tflite, as in the mediapipe package's folder
    modules/face_landmark."""
    output: Flat[OutFolder] = OutFolder()


def run(arguments: list[str]) -> int:
    """Convert; returns the exit code."""
    config = parse(FaceMeshConfig, arguments, prog="mien train face-mesh")
    need_training("torch", "onnx")
    from mien.training.landmarks.face_mesh.writing import write_face_mesh

    written = write_face_mesh(config.tflite, config.output.out)
    print(
        f"{written.path}: {written.file_mb:.2f} MB, {written.latency_ms:.2f} ms a picture on one thread, "
        f"at most {written.difference_by_half_weights:.1e} changed by 16-bit weights; card beside it"
    )
    return 0
