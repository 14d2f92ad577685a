"""FLAME 2020 and 2023 (Li et al. 2017), `.pkl` or `.npz`.

FLAME's frame is mien's already. What changes:
- The root joint is the root; FLAME's neck joint, which carries the whole head, becomes mien's *head* joint,
  and both eyes keep theirs. Pose correctives of neck and eyes are left out.
- Its jaw joint becomes three shapes: `jawOpen`, `jawLeft`, `jawRight`, the vertices with the jaw turned by
  0.4 rad down or 0.15 rad to a side, correctives included. Paths are straight instead of arcs: at half
  weight jawOpen is off by 2 % of a point's distance from the joint.
- Expression components are signed: each becomes two one-sided shapes (`one_sided_shapes`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.formats.plain import one_sided_shapes, plain_head
from mien.heads.formats.plain_pickle import read_plain_pickle
from mien.heads.model import Head
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

IDENTITY_COLUMNS = 300
"""Shape directions that are identity; the rest are expression."""

_ARRAYS = ("v_template", "shapedirs", "f", "weights", "J_regressor", "posedirs")

ROOT, NECK, JAW, LEFT_EYE, RIGHT_EYE = range(5)

JAW_TURNS_RAD = {"jawOpen": (0.4, 0.0, 0.0), "jawLeft": (0.0, 0.15, 0.0), "jawRight": (0.0, -0.15, 0.0)}


def read_flame(
    path: str | Path,
    *,
    identity_count: int = 100,
    expression_count: int = 50,
    identity_columns: int = IDENTITY_COLUMNS,
) -> Head:
    """A FLAME model file.

    Args:
        identity_count, expression_count: leading components that are kept; expression doubles (one-sided).
        identity_columns: how many of `shapedirs` are identity; 300 in the published files.

    Raises:
        InputError: the file is no FLAME model, or is a pickle that names more than arrays.
    """
    path = Path(path)
    values = FileValues(_read(path), source=path, remedy=f"a FLAME model has {', '.join(_ARRAYS)}")
    template = values.array("v_template", "V 3")
    directions = values.array("shapedirs", "V 3 K")
    count = len(template)
    triangles = values.array("f", "F 3", kind="integer", low=0, high=count - 1)
    weights = values.array("weights", "V 5")
    regressor = values.array("J_regressor", "5 V")
    correctives = values.array("posedirs", "V 3 36")

    identity_m = directions[:, :, : min(identity_count, identity_columns)].transpose(2, 0, 1)
    signed_m = directions[:, :, identity_columns : identity_columns + expression_count].transpose(2, 0, 1)
    faces_m, face_names = one_sided_shapes(signed_m, "flame")
    joints_m = regressor @ template
    jaws_m = np.stack([
        _jaw_turned(template, np.array(turn), joints_m[JAW], weights[:, JAW], correctives) - template
        for turn in JAW_TURNS_RAD.values()
    ])  # fmt: skip
    # The jaw hangs from the neck joint: what follows it follows mien's head joint.
    skinning = np.column_stack([
        np.zeros(count), weights[:, NECK] + weights[:, JAW], weights[:, LEFT_EYE], weights[:, RIGHT_EYE],
    ])  # fmt: skip
    places = [ROOT, NECK, LEFT_EYE, RIGHT_EYE]
    return plain_head(
        "flame",
        path.stem,
        mean_m=template,
        triangles=triangles,
        identity_basis_m=identity_m,
        expression_basis_m=np.concatenate([jaws_m, faces_m]),
        expression_names=(*JAW_TURNS_RAD, *face_names),
        joints_mean_m=joints_m[places],
        joints_identity_m=np.einsum("jv,ivc->ijc", regressor, identity_m)[:, places],
        skinning_weights=skinning,
    )


def _jaw_turned(
    template: np.ndarray, turn: np.ndarray, jaw_m: np.ndarray, weight: np.ndarray, correctives: np.ndarray
) -> np.ndarray:
    """FLAME with only the jaw turned, linear blend skinning with its pose correctives."""
    rotation = matrix_from_rotation_vector(turn)
    feature = np.zeros(36)
    feature[9 * (JAW - 1) : 9 * JAW] = (rotation - np.eye(3)).reshape(-1)
    rest = template + correctives @ feature
    return rest + weight[:, None] * ((rest - jaw_m) @ rotation.T + jaw_m - rest)


def _read(path: Path) -> dict[str, Any]:
    with open(path, "rb") as stream:
        zipped = stream.read(2) == b"PK"
    if not zipped:
        return read_plain_pickle(path)
    with open_npz(path, what="is no .npz of plain arrays") as archive:
        return {name: archive[name].read() for name in _ARRAYS if name in archive}
