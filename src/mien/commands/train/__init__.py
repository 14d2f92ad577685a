"""`mien train …`: train the networks that the package ships."""

from __future__ import annotations

from mien.commands.arguments import dispatch

SUB_VERBS: dict[str, tuple[str, str]] = {
    "landmarks": ("train the landmark network on synthetic faces", "mien.commands.train.landmarks:run"),
    "export-landmarks": (
        "write a trained landmark network as ONNX with its card",
        "mien.commands.train.export_landmarks:run",
    ),
    "shipped": (
        "make the shipped networks anew: draw, encode, train, export",
        "mien.commands.train.shipped:run",
    ),
    "ablation": (
        "train variants of the landmark network and compare them",
        "mien.commands.train.ablation:run",
    ),
    "search": ("train the face-search network on composed scenes", "mien.commands.train.search:run"),
    "export-search": (
        "write a trained search network as ONNX with its card",
        "mien.commands.train.search:run_export",
    ),
    "face-mesh": (
        "write MediaPipe's Face Mesh network as ONNX with its card",
        "mien.commands.train.face_mesh:run",
    ),
    "encode-crops": (
        "show crops of synthetic faces to frozen networks, once",
        "mien.commands.train.encode_crops:run",
    ),
    "read-out": (
        "train what reads dense landmarks out of frozen networks",
        "mien.commands.train.read_out:run",
    ),
    "export-read-out": (
        "write encoders and read-out as one ONNX file with its card",
        "mien.commands.train.export_read_out:run",
    ),
    "tune": (
        "train a finished landmark network on, its encoders with it",
        "mien.commands.train.tune:run",
    ),
    "export-tuned": (
        "write a tuned landmark network as ONNX with its card",
        "mien.commands.train.tune:run_export",
    ),
    "landmark-encoder": (
        "write a landmark network as a frozen encoder",
        "mien.commands.train.landmark_encoder:run",
    ),
    "likeness": (
        "learn what tells people apart in fitted heads",
        "mien.commands.train.likeness:run",
    ),
    "encode-lifting": (
        "show crops of posed views to frozen networks, once",
        "mien.commands.train.encode_lifting:run",
    ),
    "lifting": (
        "train what lifts 2D landmark definitions to 3D",
        "mien.commands.train.lifting:run",
    ),
    "export-lifting": (
        "write encoders and lifting network as one ONNX file with its card",
        "mien.commands.train.lifting:run_export",
    ),
    "field-landmarks": (
        "train the networks that find 3D landmarks in fields",
        "mien.commands.train.field_landmarks:run",
    ),
    "morphable-field": (
        "train fields that landmarks and a texture steer",
        "mien.commands.train.morphable_field:run",
    ),
    "export-morphable-field": (
        "write such a model as one file with its card",
        "mien.commands.train.morphable_field:run_export",
    ),
}
"""Sub-verb to (one line of help, "module:function"); imported only when it is called."""


def run(arguments: list[str]) -> int:
    """Dispatch to a sub-verb and return its exit code."""
    return dispatch(
        arguments,
        prog="mien train",
        description="Train the networks that mien ships (needs mien[train]).",
        sub_verbs=SUB_VERBS,
    )
