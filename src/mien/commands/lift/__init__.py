"""`mien lift`: 3D landmarks by their 2D definition, from pictures; and what they are learned from."""

from __future__ import annotations

_VERBS = ("views", "labels", "label")


def run(arguments: list[str]) -> int:
    """`mien lift PICTURE…`, or one of its verbs: views, labels, label."""
    import importlib

    if arguments and arguments[0] in _VERBS:
        return importlib.import_module(f"mien.commands.lift.{arguments[0]}").run(arguments[1:])
    from mien.commands.lift.pictures import run as run_pictures

    return run_pictures(arguments)
