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
from zipfile import is_zipfile

import numpy as np

from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.formats.plain import one_sided_shapes, plain_head
from mien.heads.formats.plain_pickle import read_plain_pickle
from mien.heads.model import Head

IDENTITY_COLUMNS = 300
"""Shape directions that are identity; the rest are expression."""

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
    data = _read(path)
    template = _array(data, "v_template", path)
    directions = _array(data, "shapedirs", path)
    triangles = _array(data, "f", path).astype(np.int64)
    weights = _array(data, "weights", path)
    regressor = _array(data, "J_regressor", path)
    correctives = _array(data, "posedirs", path)
    count = len(template)
    expected = {
        "v_template (V, 3)": template.shape == (count, 3),
        "shapedirs (V, 3, K)": directions.ndim == 3 and directions.shape[:2] == (count, 3),
        "weights (V, 5)": weights.shape == (count, 5),
        "J_regressor (5, V)": regressor.shape == (5, count),
        "posedirs (V, 3, 36)": correctives.shape == (count, 3, 36),
        "f (F, 3)": triangles.ndim == 2 and triangles.shape[1] == 3 and triangles.max() < count,
    }
    wrong = [what for what, right in expected.items() if not right]
    if wrong:
        raise InputError(f"is no FLAME model: expected {', '.join(wrong)}", source=path)

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
    if not is_zipfile(path):
        return read_plain_pickle(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError) as error:
        raise InputError("is no .npz of plain arrays", source=path) from error


def _array(data: dict[str, Any], key: str, path: Path) -> np.ndarray:
    value = data.get(key)
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise InputError(f"is no FLAME model: the array {key!r} is missing", source=path)
    return np.asarray(value, float)
