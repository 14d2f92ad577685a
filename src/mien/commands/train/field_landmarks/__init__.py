"""`mien train field-landmarks …`: volumes of synthetic heads, and the networks that learn from them."""

from __future__ import annotations

from mien.commands.arguments import dispatch

PROG = "mien train field-landmarks"
SUB_VERBS: dict[str, tuple[str, str]] = {
    "volumes": ("fill dressed synthetic heads", "mien.commands.train.field_landmarks.volumes:run"),
    "trained-volumes": (
        "photograph such heads and train a field of each",
        "mien.commands.train.field_landmarks.volumes:run_trained",
    ),
    "coarse": (
        "train the network that looks at whole fields",
        "mien.commands.train.field_landmarks.coarse:run",
    ),
    "fine": ("train the network that looks at faces", "mien.commands.train.field_landmarks.fine:run"),
    "export": (
        "put both networks into one file with a card",
        "mien.commands.train.field_landmarks.export:run",
    ),
    "opinions": (
        "learn to weigh them against landmarks in pictures of the field",
        "mien.commands.train.field_landmarks.opinions:run",
    ),
}
"""Sub-verb to (one line of help, "module:function"), in the order in which they are needed."""


def run(arguments: list[str]) -> int:
    """Dispatch to a sub-verb and return its exit code."""
    return dispatch(
        arguments,
        prog=PROG,
        description="Train the networks that find 3D landmarks in radiance fields, step by step.",
        sub_verbs=SUB_VERBS,
    )
