"""A converted Face Mesh network as a file with its card."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.files import atomic_path
from mien.landmarks.networks import open_session
from mien.learning.cards import write_converted_card
from mien.learning.half_weights import halve_weights
from mien.learning.onnx_files import median_latency_ms
from mien.training.landmarks.face_mesh.conversion import convert_face_mesh

AUTHORS = "The MediaPipe Authors"
HOME = "https://github.com/google-ai-edge/mediapipe"
CHANGED = (
    "read from the TensorFlow Lite file and written as ONNX with a free batch axis; weights as they were "
    "(16-bit floats); PReLU and MediaPipe's own operators written as standard ones; outputs reshaped and "
    "named; irises, lips and eyes put into the mesh as MediaPipe's graph does"
)


@dataclass(frozen=True)
class WrittenFaceMesh:
    """What was written.

    Attributes:
        path: the .onnx file.
        file_mb: its size, megabytes.
        latency_ms: median time for one picture on one thread, milliseconds.
        difference_by_half_weights: largest change of an output by storing weights with 16 bits; 0 if they had
            no more before.
    """

    path: Path
    file_mb: float
    latency_ms: float
    difference_by_half_weights: float


def write_face_mesh(tflite: str | Path, out: str | Path) -> WrittenFaceMesh:
    """Convert a Face Mesh network of MediaPipe and write it with its card.

    Args:
        tflite: `face_landmark.tflite` or `face_landmark_with_attention.tflite`.
        out: folder; the file is called face_mesh.onnx or face_mesh_attention.onnx.

    Raises:
        InputError: see `convert_face_mesh`.
        MissingExtraError: the onnx package is missing.
    """
    import onnx

    tflite = Path(tflite)
    network = convert_face_mesh(tflite)
    path = Path(out) / f"{network.model.graph.name}.onnx"
    with atomic_path(path) as part:
        onnx.save(network.model, part)
    generator = np.random.default_rng(0)
    pictures = generator.random((2, 3, network.size, network.size), dtype=np.float32)
    halved = halve_weights(path, crops=pictures)
    latency_ms = median_latency_ms(open_session(path), pictures[:1])
    source = {
        "authors": AUTHORS,
        "home": HOME,
        "file": tflite.name,
        "sha256": hashlib.sha256(tflite.read_bytes()).hexdigest(),
        "changed": CHANGED,
    }
    write_converted_card(
        path.with_suffix(".card.json"),
        name=path.stem,
        command=f"mien train face-mesh --tflite {tflite.name} --out OUT",
        source=source,
        licence="Apache-2.0",
        figures={
            "single_thread_ms": round(latency_ms, 3),
            "difference_by_half_weights": halved.largest_difference,
            "file_mb": round(halved.file_mb, 3),
        },
        input_size=network.size,
        outputs={
            output.name: [axis.dim_value or axis.dim_param for axis in output.type.tensor_type.shape.dim]
            for output in network.model.graph.output
        },
    )
    return WrittenFaceMesh(path, halved.file_mb, latency_ms, halved.largest_difference)
