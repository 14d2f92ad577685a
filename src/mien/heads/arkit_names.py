"""ARKit's names for expressions, and what is particular about its weights."""

from __future__ import annotations

from collections.abc import Sequence

ARKIT_NAMES = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose",
    "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 names in ARKit's order, subject's left and right."""


def speaks_arkit(names: Sequence[str]) -> bool:
    """Whether at least half of a head's expressions are ARKit's, so that its weights need no conversion."""
    return 2 * len(set(names) & set(ARKIT_NAMES)) >= len(names)


def close_below_jaw(names: Sequence[str]) -> tuple[int, int] | None:
    """Places of ARKit's mouthClose and jawOpen, of which the first is at most the second; None without them.

    mouthClose brings the lips together relative to an open jaw.
    """
    if "mouthClose" not in names or "jawOpen" not in names:
        return None
    return list(names).index("mouthClose"), list(names).index("jawOpen")
