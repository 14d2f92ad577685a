"""One answer from several opinions on a face's landmarks, weighed by how they err."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.geometry.rotations import nearest_rotation
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object

FORMAT_VERSION = 1
OpinionKind = Literal["pictures", "photographs"]
"""Whose opinion is heard beside the networks': that of pictures taken of the field, or of the photographs
that it was trained on."""
OPINIONS: dict[OpinionKind, tuple[str, ...]] = {
    "pictures": ("networks", "triangulated", "fitted"),
    "photographs": ("networks", "photographed"),
}
"""The field networks'; then 2D landmarks triangulated and a head fitted to them, or those of photographs."""
SHIPPED_WEIGHTS: dict[OpinionKind, Path] = {
    "pictures": Path(__file__).parent / "data" / "opinion_weights.json",
    "photographs": Path(__file__).parent / "data" / "photograph_weights.json",
}


@dataclass(frozen=True, eq=False)
class OpinionWeights:
    """How the opinions err: calibrated on fields whose landmarks are known. All in the head's axes, metres.

    Attributes:
        weights: (68, 3, k) of landmark, axis and opinion; they add up to 1 over the opinions.
        bias_m: (k, 68, 3) what each opinion is off by on average.
        sigma_m: (68,) standard deviation of the answer's coordinates where the opinions agree.
        spread: (68,) what their disagreement adds: its variance is multiplied by this.
    """

    weights: Float[np.ndarray, "68 3 k"]
    bias_m: Float[np.ndarray, "k 68 3"]
    sigma_m: Float[np.ndarray, " 68"]
    spread: Float[np.ndarray, " 68"]

    def fused(
        self, opinions_m: Float[np.ndarray, "k 68 3"], field_from_head: Float[np.ndarray, "3 4"]
    ) -> tuple[Float[np.ndarray, "68 3"], Float[np.ndarray, " 68"]]:
        """The landmarks and their standard deviations, in the field's frame and unit.

        Args:
            opinions_m: in the order of `OPINIONS` of their kind, the field's frame; NaN where there is none.
                The first always has one.
        """
        rotation = nearest_rotation(field_from_head[:, :3])
        scale = float(np.cbrt(np.linalg.det(field_from_head[:, :3])))
        local_m = opinions_m @ rotation / scale - self.bias_m
        points_m, disagreement_m2 = weighed(local_m, self.weights)
        sigma_m = np.sqrt(self.sigma_m**2 + self.spread * disagreement_m2)
        return scale * points_m @ rotation.T, scale * sigma_m


def weighed(
    opinions_m: Float[np.ndarray, "k 68 3"], weights: Float[np.ndarray, "68 3 k"]
) -> tuple[Float[np.ndarray, "68 3"], Float[np.ndarray, " 68"]]:
    """The weighted mean, and the opinions' variance about it (mean of a landmark's axes).

    Where an opinion is NaN, the others share its weight.
    """
    stated = np.asarray(np.isfinite(opinions_m).all(axis=2))
    share = np.moveaxis(weights, 2, 0) * stated[..., None] + 1e-9 * stated[..., None]
    share /= share.sum(axis=0)
    known_m = np.where(stated[..., None], opinions_m, 0.0)
    points_m = (share * known_m).sum(axis=0)
    off_m = (known_m - points_m) * stated[..., None]
    return points_m, (off_m**2).sum(axis=0).mean(axis=1) / stated.sum(axis=0)


@lru_cache(maxsize=2)
def shipped_weights(kind: OpinionKind = "pictures") -> OpinionWeights:
    """Those that are installed with mien."""
    return read_weights(SHIPPED_WEIGHTS[kind], kind)


def read_weights(path: Path, kind: OpinionKind = "pictures") -> OpinionWeights:
    """Weights that `mien train field-landmarks opinions` wrote.

    Raises:
        InputError: the file is missing, no such file, or of other opinions.
    """
    content = read_json_object(path, what="is not a file of opinion weights")
    values = FileValues(content, source=path, remedy="make it with mien train field-landmarks opinions")
    values.integer("format_version", low=FORMAT_VERSION, high=FORMAT_VERSION)
    wanted = OPINIONS[kind]
    if content.get("opinions") != list(wanted):
        raise InputError(f"weighs other opinions than {', '.join(wanted)}", source=path)
    count = len(wanted)
    return OpinionWeights(
        values.array("weights", f"68 3 {count}", low=-10, high=10),
        values.array("bias_m", f"{count} 68 3", low=-1, high=1),
        values.array("sigma_m", "68", low=1e-6, high=1),
        values.array("spread", "68", low=0, high=100),
    )
