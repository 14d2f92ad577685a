"""A head on a surface: its skin lies on the points that belong to it (point to plane: Chen and Medioni
1991)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.heads.skinning import joint_transforms
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True, eq=False)
class Pulls:
    """Where some vertices should be; a pull along one direction, or along all.

    Attributes:
        vertices: (P,) which.
        targets_m: (P, 3) world.
        normals: (P, 3) unit, the direction that counts; None: all three count.
        precision_per_m: (P,) one over the deviation.
    """

    vertices: Int[np.ndarray, " p"]
    targets_m: Float[np.ndarray, "p 3"]
    normals: Float[np.ndarray, "p 3"] | None
    precision_per_m: Float[np.ndarray, " p"]


@dataclass(frozen=True)
class HeadPriors:
    """Deviations of what is believed beforehand."""

    identity: float = 1.5
    """Of identity weights about the mean head's, in the head's own prior."""
    identity_change: float = 0.6
    """Of identity weights about the start's."""
    expression: float = 0.05
    """Of expression weights about the start."""


class SurfaceProblem:
    """Unknowns: a turn about the head's middle, a shift (world), identity, expression; joints stay.

    Args:
        head: what is fitted, all vertices that any pull names.
        start: parameters that the solution is near.
    """

    def __init__(
        self, head: Head, start: HeadParameters, pulls: tuple[Pulls, ...], priors: HeadPriors | None = None
    ) -> None:
        self.head, self.start, self.pulls, self.priors = head, start, pulls, priors or HeadPriors()
        self.middle_m = head.vertices_m(start).mean(axis=0)
        self.size = 6 + head.identity_count + head.expression_count

    def parameters(self, x: Float[np.ndarray, " n"]) -> HeadParameters:
        """The head that a point stands for."""
        turn = matrix_from_rotation_vector(x[:3])
        count = 6 + self.head.identity_count
        root = turn @ matrix_from_rotation_vector(self.start.root_rotation)
        place_m = turn @ (self.start.root_translation_m - self.middle_m) + self.middle_m + x[3:6]
        return replace(
            self.start,
            identity=self.start.identity + x[6:count],
            expression=self.start.expression + x[count:],
            root_rotation=rotation_vector_from_matrix(root),
            root_translation_m=place_m,
        )

    def _prior(self, parameters: HeadParameters) -> tuple[np.ndarray, np.ndarray]:
        """Residuals, and their slopes, of identity and expression."""
        priors, count = self.priors, len(parameters.identity)
        changed = parameters.identity - self.start.identity
        moved = parameters.expression - self.start.expression
        # Two normal beliefs about one weight are one: their product
        precision = 1 / priors.identity**2 + 1 / priors.identity_change**2
        middle = self.start.identity / (priors.identity_change**2 * precision)
        slopes = np.concatenate(
            [np.full(count, np.sqrt(precision)), np.full(len(moved), 1 / priors.expression)]
        )
        residuals = np.concatenate([self.start.identity + changed - middle, moved]) * slopes
        return residuals, slopes

    def _residuals(self, vertices_m: np.ndarray) -> list[np.ndarray]:
        """(P,) or (P, 3) of each group, in deviations."""
        out = []
        for pull in self.pulls:
            off = (vertices_m[pull.vertices] - pull.targets_m) * pull.precision_per_m[:, None]
            out.append(off if pull.normals is None else (off * pull.normals).sum(axis=1))
        return out

    def cost(self, x: Float[np.ndarray, " n"]) -> float:
        parameters = self.parameters(x)
        residuals = self._residuals(self.head.vertices_m(parameters))
        prior = self._prior(parameters)[0]
        return 0.5 * float(sum((one**2).sum() for one in residuals) + (prior**2).sum())

    def linearize(
        self, x: Float[np.ndarray, " n"], *, near: NormalEquations | None = None
    ) -> NormalEquations:
        parameters = self.parameters(x)
        vertices_m = self.head.vertices_m(parameters)
        normal = NormalEquations.zeros(self.size)
        jacobian = self._jacobian(parameters, vertices_m - self.middle_m - x[3:6])
        for pull, residuals in zip(self.pulls, self._residuals(vertices_m), strict=True):
            rows = jacobian[:, pull.vertices] * pull.precision_per_m[:, None]
            if pull.normals is not None:
                rows = np.einsum("npk,pk->np", rows, pull.normals)
            flat = np.ascontiguousarray(rows.reshape(self.size, -1))
            normal.add_dense(residuals.ravel(), flat, cost=0.5 * float((residuals**2).sum()))
        residuals, slopes = self._prior(parameters)
        normal.add_diagonal(slice(6, self.size), residuals, slopes)
        return normal

    def _jacobian(
        self, parameters: HeadParameters, arms_m: Float[np.ndarray, "v 3"]
    ) -> Float[np.ndarray, "n v 3"]:
        """How vertices move with the unknowns. Left out is what identity does to joints' places and to the
        size of expressions: both are small near the start.

        Args:
            arms_m: vertices from the point that the head turns about.
        """
        head = self.head
        out = np.zeros((self.size, len(arms_m), 3))
        for axis in range(3):
            out[axis] = np.cross(np.eye(3)[axis], arms_m)
            out[3 + axis, :, axis] = 1
        motions = joint_transforms(head.joints_m(parameters.identity), parameters.joint_rotations)[:, :, :3]
        blended = np.eye(3) + np.einsum("vj,jab->vab", head.skinning_weights, motions - np.eye(3))
        turned = matrix_from_rotation_vector(parameters.root_rotation) @ blended
        count = 6 + head.identity_count
        out[6:count] = np.einsum("vab,nvb->nva", turned, head.identity_basis_m)
        shapes_m = head.expression_shapes_m(parameters.identity)
        out[count:] = np.einsum("vab,nvb->nva", turned, shapes_m)
        return out
