"""What a camera sees of the fitted head, as maps that a small network can read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from mien.avatars.rig import AvatarControls, AvatarRig, Injection
from mien.cameras import Camera
from mien.drawing.raster import seen_by
from mien.geometry.normals import vertex_normals

PLANES_M = (0.0, 0.07)
"""Depths in the skull's frame of planes that carry what the fitted head lacks: hair above and beside it."""
PLANE_HALF_M = 0.24
"""Half the side of what a plane's texture covers."""
SHELL_M = 0.022
"""How far a shell for hair stands off the scalp."""
FULL_SHARE = 0.02
"""A shape that moves a vertex by this share of the eyes' distance counts fully there."""


@dataclass(frozen=True, eq=False)
class SurfaceMaps:
    """Maps of one picture.

    Attributes:
        vertex: (H, W) nearest vertex of what a pixel sees, -1 where the head is not.
        uv: (H, W, 2) place in the texture atlas, in [-1, 1].
        normals: (H, W, 3) in the camera's frame; 0 where the head is not.
        shell_uv, shell_normals: the same of a shell about the scalp, which carries hair; normals are 0 where
            the shell is not.
        planes: (P, H, W, 2) where each pixel's ray meets the planes, in [-1, 1] of their textures.
        weights: (E,) ARKit weights; shares: (V,) how much of `injected` a vertex sees in their place.
        injected: (E,).
    """

    vertex: Int32[np.ndarray, "h w"]
    uv: Float32[np.ndarray, "h w 2"]
    normals: Float32[np.ndarray, "h w 3"]
    shell_uv: Float32[np.ndarray, "h w 2"]
    shell_normals: Float32[np.ndarray, "h w 3"]
    planes: Float32[np.ndarray, "planes h w 2"]
    weights: Float32[np.ndarray, " expression"]
    shares: Float32[np.ndarray, " vertices"] | None = None
    injected: Float32[np.ndarray, " expression"] | None = None


class SurfaceMapper:
    """Makes maps of one person's head."""

    def __init__(self, rig: AvatarRig) -> None:
        self.rig = rig
        head = rig.head
        kept = np.zeros(head.vertex_count, bool)
        kept[rig.kept] = True
        chosen = kept[head.triangles].all(axis=1)
        self._triangles = head.triangles[chosen]
        self._uv_triangles = head.uv_triangles[chosen]
        self._hair = _hair_growth(rig)
        self._hairy = (self._hair[self._triangles] > 0).any(axis=1)
        self._uv = np.stack([2 * head.uv[:, 0] - 1, 1 - 2 * head.uv[:, 1]], axis=1).astype(np.float32)

    def support(self) -> Float32[np.ndarray, "vertices expression"]:
        """How much each weight matters at each vertex, in [0, 1]: the attention mask of the surface."""
        rig = self.rig
        moved = np.linalg.norm(rig.head.expression_shapes_m(rig.identity), axis=2).T
        return np.clip(moved / (FULL_SHARE * rig.eye_distance_m), 0, 1).astype(np.float32)

    def maps(
        self, controls: AvatarControls, camera: Camera, *, injection: Injection | None = None
    ) -> SurfaceMaps:
        """What a camera sees; its world is the skull's frame."""
        vertices_m = self.rig.vertices_m(controls, injection=injection)
        shares = None if injection is None else self.rig.shares_of(injection).astype(np.float32)
        vertex, uv, normals = self._seen(vertices_m, self._triangles, self._uv_triangles, camera)
        outward = vertex_normals(vertices_m, self._triangles)
        shell_m = vertices_m + SHELL_M * self._hair[:, None] * outward
        hairy = self._hairy
        _, shell_uv, shell_normals = self._seen(
            shell_m, self._triangles[hairy], self._uv_triangles[hairy], camera
        )
        return SurfaceMaps(
            vertex,
            uv,
            normals,
            shell_uv,
            shell_normals,
            _plane_places(camera),
            controls.weights.astype(np.float32),
            shares,
            None if injection is None else injection.weights.astype(np.float32),
        )

    def _seen(
        self, vertices_m: np.ndarray, triangles: np.ndarray, uv_triangles: np.ndarray, camera: Camera
    ) -> tuple[Int32[np.ndarray, "h w"], Float32[np.ndarray, "h w 2"], Float32[np.ndarray, "h w 3"]]:
        """Nearest vertex, place in the atlas and normal in the camera's frame of what each pixel sees."""
        raster = seen_by(camera, vertices_m, triangles)
        shape = camera.height_px, camera.width_px
        vertex = np.full(shape, -1, np.int32)
        uv, normals = np.zeros((*shape, 2), np.float32), np.zeros((*shape, 3), np.float32)
        rows, columns, places = raster.rows, raster.columns, raster.barycentric
        seen = raster.triangle[rows, columns]
        vertex[rows, columns] = triangles[seen, places.argmax(axis=1)]
        uv[rows, columns] = np.einsum("nk,nkc->nc", places, self._uv[uv_triangles[seen]])
        turned = vertex_normals(vertices_m, triangles) @ camera.camera_from_world[:3, :3].T
        normals[rows, columns] = np.einsum("nk,nkc->nc", places, turned[triangles[seen]])
        return vertex, uv, normals


def _hair_growth(rig: AvatarRig) -> Float32[np.ndarray, " vertices"]:
    """1 where hair grows, 0 on the face and below, smooth between; skin alone."""
    rest = AvatarControls(rig.rest_weights, np.zeros((2, 3)))
    x, y, z = rig.vertices_m(rest).T
    landmarks_m = rig.landmarks_m(rest)
    brow_m, mouth_m = landmarks_m[17:27, 1].max(), landmarks_m[48:68, 1].mean()
    above = np.clip((y - brow_m - 0.012) / 0.03, 0, 1)
    behind = np.clip((0.025 - z) / 0.03, 0, 1) * np.clip((y - mouth_m) / 0.03, 0, 1)
    skin = rig.head.vertex_parts == rig.head.part_names.index("skin")
    return (np.maximum(above, behind) * skin * (np.abs(x) < 1)).astype(np.float32)


def _plane_places(camera: Camera) -> Float32[np.ndarray, "planes h w 2"]:
    """Where the rays of all pixels meet the planes, over half the side of their textures, y down."""
    rows, columns = np.mgrid[: camera.height_px, : camera.width_px]
    pixels = np.stack([columns, rows, np.ones_like(rows)], axis=-1).astype(float)
    pose = camera.world_from_camera
    directions = pixels @ (pose[:3, :3] @ np.linalg.inv(camera.intrinsics)).T
    origin = pose[:3, 3]
    out = []
    for depth_m in PLANES_M:
        along = (depth_m - origin[2]) / np.where(np.abs(directions[..., 2]) < 1e-6, -1e-6, directions[..., 2])
        place = (origin + along[..., None] * directions)[..., :2] / PLANE_HALF_M
        out.append(np.clip(np.where(along[..., None] > 0, place, 9.0), -9, 9) * [1, -1])
    return np.stack(out).astype(np.float32)
