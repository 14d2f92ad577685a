"""Small things tied to the skin: cards of hair that follow every identity and expression beneath them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer


@dataclass(frozen=True, eq=False)
class SkinBinding:
    """Points each tied to a triangle of skin vertices: a place on it and an offset in a frame that turns.

    Attributes:
        triangles: (P, 3) skin vertices; they need not be a face of the skin.
        weights: (P, 3) the place in the triangle, rows sum to 1.
        frames: (P, 3) the skin vertices of the triangle whose frame the offset is in: often the same.
        offsets_m: (P, 3) from the place: along the frame triangle's first edge, across it, and out of it,
            where its corners run counter-clockwise.
    """

    triangles: Integer[np.ndarray, "points 3"]
    weights: Float[np.ndarray, "points 3"]
    frames: Integer[np.ndarray, "points 3"]
    offsets_m: Float[np.ndarray, "points 3"]

    @staticmethod
    def of(
        points_m: Float[np.ndarray, "points 3"],
        triangles: Integer[np.ndarray, "points 3"],
        weights: Float[np.ndarray, "points 3"],
        skin_m: Float[np.ndarray, "vertices 3"],
        *,
        frames: Integer[np.ndarray, "points 3"] | None = None,
    ) -> SkinBinding:
        """Tie points where they are on a skin; frames are those of the triangles if not given."""
        frames = triangles if frames is None else frames
        away = points_m - np.einsum("pk,pkc->pc", weights, skin_m[triangles])
        return SkinBinding(triangles, weights, frames, np.einsum("pfc,pc->pf", _axes(frames, skin_m), away))

    def place(self, skin_m: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "points 3"]:
        """The points on a skin of another shape."""
        on_triangle = np.einsum("pk,pkc->pc", self.weights, skin_m[self.triangles])
        return on_triangle + np.einsum("pf,pfc->pc", self.offsets_m, _axes(self.frames, skin_m))

    def displacement(
        self,
        skin_m: Float[np.ndarray, "vertices 3"],
        skin_displacement_m: Float[np.ndarray, "vertices 3"],
    ) -> Float[np.ndarray, "points 3"]:
        """How the points move when the skin does: what a mode of the skin is for them.

        The offsets turn with the triangles, so a large displacement is not the sum of its halves."""
        return self.place(skin_m + skin_displacement_m) - self.place(skin_m)

    def mirrored(self, mirror: Integer[np.ndarray, " vertices"]) -> SkinBinding:
        """The same points on the other side of a symmetric skin."""
        swap = [1, 0, 2]  # keeps the triangle's outside outside
        return SkinBinding(
            mirror[self.triangles],
            self.weights,
            mirror[self.frames][:, swap],
            self.offsets_m * [-1, 1, 1],
        )

    @staticmethod
    def joined(first: SkinBinding, second: SkinBinding) -> SkinBinding:
        return SkinBinding(
            *(
                np.concatenate([getattr(first, name), getattr(second, name)])
                for name in ("triangles", "weights", "frames", "offsets_m")
            )
        )


def _axes(triangles: np.ndarray, skin_m: np.ndarray) -> np.ndarray:
    """(P, 3, 3) rows: unit vectors along the first edge, across it in the triangle, out of it."""
    a, b, c = (skin_m[triangles[:, k]] for k in range(3))
    along = b - a
    out = np.cross(along, c - a)
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    out = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-18)
    return np.stack([along, np.cross(out, along), out], axis=1)
