"""The error of a fitted shape against a person's exact one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer

from mien.evaluation.published.scan_to_mesh import SEVEN_POINTS, ScanToMesh, face_region, scan_to_mesh
from mien.geometry.closest_points import closest_on_surface
from mien.heads.model import Head

SCAN_POINTS = 6_000
"""Points on a whole head's skin; the face has about a quarter of them."""


@dataclass(frozen=True, eq=False)
class ShapeErrors:
    """Scan-to-mesh distances of one fitted shape.

    Attributes:
        distances_mm: (N,) one per scan point of the face.
    """

    distances_mm: Float[np.ndarray, " points"]


@dataclass(frozen=True, eq=False)
class ShapeJudge:
    """Somebody's exact shape as a scan: points spread evenly over the skin, corresponding to nothing.

    Attributes:
        head: the head whose mesh fits have.
        neutral_m: (V, 3) the exact shape.
        triangles: the mesh's triangles of skin, outside eyes and mouth.
        scan_m: scan points of the face.
        seven_m: NoW's seven landmarks on the exact shape.
        measured: (V,) vertices that lie in the measured region.
    """

    head: Head
    neutral_m: Float[np.ndarray, "vertices 3"]
    triangles: Integer[np.ndarray, "triangles 3"]
    scan_m: Float[np.ndarray, "points 3"]
    seven_m: Float[np.ndarray, "7 3"]
    measured: Bool[np.ndarray, " vertices"]

    @staticmethod
    def of(head: Head, neutral_m: Float[np.ndarray, "vertices 3"]) -> ShapeJudge:
        """Scan somebody; always at the same points of the same shape."""
        skin = head.vertex_parts == head.part_names.index("skin")
        triangles = head.triangles[skin[head.triangles].all(axis=1)]
        seven_m = _seven(head, neutral_m)
        points_m = _spread(neutral_m, triangles, SCAN_POINTS)
        return ShapeJudge(
            head=head,
            neutral_m=neutral_m,
            triangles=triangles,
            scan_m=points_m[face_region(points_m, seven_m)],
            seven_m=seven_m,
            measured=skin & face_region(neutral_m, seven_m),
        )

    def __call__(self, vertices_m: Float[np.ndarray, "vertices 3"]) -> ShapeErrors:
        """Measure a fitted shape after the NoW alignment."""
        return ShapeErrors(self.measure(vertices_m).distances_mm)

    def measure(self, vertices_m: Float[np.ndarray, "vertices 3"]) -> ScanToMesh:
        """The same, with the alignment."""
        return scan_to_mesh(
            self.scan_m, self.seven_m, vertices_m, self.triangles, _seven(self.head, vertices_m)
        )

    def vertex_distances_mm(
        self, aligned_m: Float[np.ndarray, "vertices 3"]
    ) -> Float[np.ndarray, " vertices"]:
        """How far each vertex of the exact shape is from an aligned one's skin, for pictures."""
        return 1000 * closest_on_surface(self.neutral_m, aligned_m, self.triangles).distances_m


def _seven(head: Head, vertices_m: np.ndarray) -> np.ndarray:
    return vertices_m[head.landmark_set("ibug68").vertices[list(SEVEN_POINTS)]]


def _spread(vertices_m: np.ndarray, triangles: np.ndarray, count: int) -> np.ndarray:
    """Random points on a surface, equally many per area."""
    rng = np.random.default_rng(0)
    a, b, c = (vertices_m[triangles[:, corner]] for corner in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = rng.choice(len(triangles), size=count, p=areas / areas.sum())
    shares = rng.dirichlet([1.0, 1.0, 1.0], count)
    return np.einsum("nk,nkc->nc", shares, vertices_m[triangles[chosen]])
