"""How well 3D landmarks tell a person: after a similarity, beside the mean template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.geometry.alignment import align_similarity


@dataclass(frozen=True, eq=False)
class Shapes3D:
    """Displacements of 3D landmarks from the truth, each face laid onto it by a similarity.

    Attributes:
        error_m: (M, L, 3) of what was found; NaN where nothing was; template_m: of the mean template.
    """

    error_m: Float[np.ndarray, "pictures landmarks 3"]
    template_m: Float[np.ndarray, "pictures landmarks 3"]

    def error_mm(self, pictures: Bool[np.ndarray, " pictures"] | slice = slice(None)) -> float:
        """Mean distance from the truth."""
        return 1000 * float(np.nanmean(np.linalg.norm(self.error_m[pictures], axis=2)))

    def template_mm(self, pictures: Bool[np.ndarray, " pictures"] | slice = slice(None)) -> float:
        """The same of the template, over the same faces."""
        known = np.isfinite(self.error_m[pictures]).all(axis=(1, 2))
        return 1000 * float(np.linalg.norm(self.template_m[pictures][known], axis=2).mean())

    def explained(self, pictures: Bool[np.ndarray, " pictures"] | slice = slice(None)) -> float:
        """Share of the squared displacement from the template that was found."""
        error = self.error_m[pictures]
        known = np.isfinite(error).all(axis=(1, 2))
        return 1 - float((error[known] ** 2).sum() / (self.template_m[pictures][known] ** 2).sum())


def compare_shapes(
    points_m: Float[np.ndarray, "pictures landmarks 3"],
    true_m: Float[np.ndarray, "pictures landmarks 3"],
    template_m: Float[np.ndarray, "landmarks 3"],
) -> Shapes3D:
    """Lay found landmarks and the template onto the truth."""
    errors, usual = np.full(true_m.shape, np.nan), np.full(true_m.shape, np.nan)
    for row, true in enumerate(true_m):
        usual[row] = align_similarity(template_m, true).apply(template_m) - true
        if np.isfinite(points_m[row]).all():
            errors[row] = align_similarity(points_m[row], true).apply(points_m[row]) - true
    return Shapes3D(errors, usual)
