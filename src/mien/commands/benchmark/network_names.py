"""What networks are called in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def told_apart(networks: Sequence[str]) -> dict[str, str]:
    """Networks by short names: a file's without its ending, or as given where two would be called alike.

    >>> told_apart(["lifting", "a/lifting.onnx", "b/other.onnx"])
    {'lifting': 'lifting', 'a/lifting.onnx': 'a/lifting.onnx', 'other': 'b/other.onnx'}
    """
    short = Counter(Path(name).stem for name in networks)
    return {Path(name).stem if short[Path(name).stem] == 1 else name: name for name in networks}
