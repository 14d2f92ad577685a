"""Tiny stand-ins for the public assets that the head is built from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.head_building.ict_facekit import TOOTH_RANGES, IctFaceKit

BASE_OBJ = """# a square in two halves and a triangle
v -1 0 0
v 0 0 0
v 1 0 0
v -1 2 0
v 0 2 0
v 1 2 0
v 0 3 1
vt 0 0
vt 0.5 0
vt 1 0
vt 0 1
vt 0.5 1
vt 1 1
g body
f 1/1 2/2 5/5 4/4
f 2/2 3/3 6/6 5/5
g helper-crown
f 4 5 7
"""

DETAILS = (
    "nose/nose-width1-decr", "nose/nose-width1-incr",
    "ears/l-ear-scale-decr", "ears/l-ear-scale-incr", "ears/r-ear-scale-decr", "ears/r-ear-scale-incr",
    "chin/chin-jaw-drop-decr", "chin/chin-jaw-drop-incr", "head/head-oval",
    "mouth/mouth-trans-in", "mouth/mouth-trans-out",
    "expression/units/caucasian/mouth-open",
)  # fmt: skip
ASYMMETRIC = tuple(f"asym/asym-cheek-{i}-{side}" for i in (1, 2, 3) for side in "lr")


def macro_names() -> list[str]:
    names = []
    for sex in ("male", "female"):
        for age in ("young", "old", "child"):
            names += [f"macrodetails/{group}-{sex}-{age}" for group in ("african", "asian", "caucasian")]
            names += [
                f"macrodetails/universal-{sex}-{age}-averagemuscle-{weight}weight"
                for weight in ("average", "max", "min")
            ]
    return names


def write_makehuman(folder: Path) -> Path:
    """A folder with a base mesh of seven vertices and targets that move one vertex each."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "base.obj").write_text(BASE_OBJ)
    names = [*macro_names(), *DETAILS, *ASYMMETRIC]
    rng = np.random.default_rng(0)
    np.savez(
        folder / "targets_head.npz",
        names=np.array(names),
        start=np.arange(len(names) + 1),
        index=rng.integers(0, 7, len(names)),
        delta=rng.normal(size=(len(names), 3)).astype(np.float32),
    )
    return folder


def fake_ict() -> IctFaceKit:
    """Teeth only: each a cloud of points in a box on a parabola, symmetric."""
    count = TOOTH_RANGES[1][-1][1]
    neutral_m = np.zeros((count, 3))
    corners = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], [-1, 0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    for row, height_m in zip(TOOTH_RANGES, (-0.030, -0.040), strict=True):
        for tooth, (first, last) in enumerate(row):
            place = abs(tooth - 7.5) * 0.0065
            side = 1 if tooth < 8 else -1
            middle = np.array([0.85 * place * side, height_m, 0.10 - 14 * place**2])
            box = corners * [0.003, 0.004, 0.0025] * [side, 1, 1]
            neutral_m[first:last] = middle + np.resize(box, (last - first, 3))
    return IctFaceKit(
        neutral_m=neutral_m,
        triangles=np.zeros((0, 3), int),
        quads=np.zeros((0, 4), int),
        quad_labels=np.zeros(0, int),
        identity_m=np.zeros((0, count, 3)),
        expression_m=np.zeros((0, count, 3)),
        expression_names=(),
        landmarks68=np.zeros(68, int),
    )
