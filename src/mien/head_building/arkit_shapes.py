"""Expression shapes under ARKit's names."""

from __future__ import annotations

import numpy as np

from mien.head_building.ict_facekit import IctFaceKit

LID_OVERLAP_M = 0.0008
"""How far closed lids overlap."""
NOT_EXPORTED_ALONE = {
    "browInnerUp": ("browInnerUp_L", "browInnerUp_R"),
    "cheekPuff": ("cheekPuff_L", "cheekPuff_R"),
}
"""ARKit shapes that ICT-FaceKit splits into two sides."""


def arkit_shapes(ict: IctFaceKit, carried: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """ICT's shapes under ARKit's names, in ARKit's order; the two sides of one ARKit shape are added."""
    order = (
        "eyeBlink eyeLookDown eyeLookIn eyeLookOut eyeLookUp eyeSquint eyeWide|"
        "jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight|"
        "mouthSmile mouthFrown mouthDimple mouthStretch|"
        "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper|"
        "mouthPress mouthLowerDown mouthUpperUp|browDown|browInnerUp|browOuterUp|"
        "cheekPuff|cheekSquint noseSneer"
    )
    by_name = dict(zip(ict.expression_names, carried, strict=True))
    shapes: dict[str, np.ndarray] = {}
    groups = [g.split() for g in order.split("|")]
    for stem in groups[0]:
        shapes[stem + "Left"] = by_name[stem + "_L"]
    for stem in groups[0]:
        shapes[stem + "Right"] = by_name[stem + "_R"]
    for stem in (s for group in groups[1:] for s in group):
        if stem in NOT_EXPORTED_ALONE:
            shapes[stem] = by_name[NOT_EXPORTED_ALONE[stem][0]] + by_name[NOT_EXPORTED_ALONE[stem][1]]
        elif stem in by_name:
            shapes[stem] = by_name[stem]
        else:
            shapes[stem + "Left"], shapes[stem + "Right"] = by_name[stem + "_L"], by_name[stem + "_R"]
    return tuple(shapes), np.stack(list(shapes.values()))


def close_eyes(expression: np.ndarray, names: tuple[str, ...], mean_m: np.ndarray, ibug: np.ndarray) -> None:
    """Scale the blinks so that the lids' edges meet on the mean head (registration leaves a thin gap)."""
    for name, upper, lower in (("eyeBlinkLeft", (43, 44), (47, 46)), ("eyeBlinkRight", (37, 38), (41, 40))):
        shape = expression[names.index(name)]
        gap_m = (mean_m[ibug[list(upper)]] - mean_m[ibug[list(lower)]])[:, 1].mean()
        closed_m = -(shape[ibug[list(upper)]] - shape[ibug[list(lower)]])[:, 1].mean()
        shape *= np.clip((gap_m + LID_OVERLAP_M) / closed_m, 1.0, 1.35)
