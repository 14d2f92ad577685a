"""`mien head`: look at a head file, convert somebody else's, compare expressions, build the built-in head."""

from __future__ import annotations

from mien.commands.arguments import dispatch

SUB_VERBS: dict[str, tuple[str, str]] = {
    "info": ("show what a head holds: sizes, shapes, landmark sets", "mien.commands.head.info:run"),
    "convert": (
        "give FLAME, ICT-FaceKit, BFM or FaceScape the dense landmarks and save it as a head file",
        "mien.commands.head.convert:run",
    ),
    "expressions": (
        "tell one head's expressions by another's (ARKit, FLAME, BFM, …), with what is left",
        "mien.commands.head.expressions:run",
    ),
    "build": ("learn the built-in head from ICT-FaceKit and MakeHuman", "mien.commands.head.build:run"),
    "people": (
        "tell MakeHuman's people by the built-in head: who is drawn in synthetic pictures",
        "mien.commands.head.people:run",
    ),
    "looks": ("learn the skin of the built-in head from MakeHuman", "mien.commands.head.looks:run"),
    "hair": ("make the built-in head's hair styles from MakeHuman's", "mien.commands.head.hair:run"),
}
"""Sub-verb to (one line of help, "module:function"); imported only when it is called."""


def run(arguments: list[str]) -> int:
    """Dispatch to a sub-verb and return its exit code."""
    return dispatch(
        arguments,
        prog="mien head",
        description="Look at heads, convert other people's and build the built-in one.",
        sub_verbs=SUB_VERBS,
    )
