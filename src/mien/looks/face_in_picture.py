"""A fitted head in its picture: which places of its surface are seen, how well, and in which colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.fitting.results import HeadFit
from mien.geometry.normals import vertex_normals
from mien.geometry.rasterization import rasterize
from mien.heads.model import Head
from mien.looks.colors import linear_from_srgb
from mien.looks.illumination import Illumination
from mien.looks.materials import OPAQUE, vertices_of

DEPTH_TOLERANCE_M, DEPTH_STEP_M = 0.004, 0.030
"""Surface counts as hidden when this much nearer surface lies before it; a step this high is a contour."""
GRAZING_COS, FACING_COS = 0.08, 0.40
"""Surface seen at a smaller cosine counts nothing, at a larger one fully."""
_DEPTH_PX = 320
"""Longer side of the depth buffer."""


@dataclass(frozen=True, eq=False)
class FaceInPicture:
    """One picture of a fitted head, cut to the head's box and reduced to what a texture can hold.

    Attributes:
        head: the head that was fitted.
        camera: of the cut picture.
        light: (H, W, 3) its linear colours, float32.
        vertices_m, normals: (V, 3) in the world.
        points_px: (V, 2) vertices in the cut picture; depth_m: (V,) along the camera's axis.
        facing: (V,) cosine between the normal and the direction to the camera.
        nearest_m: (h, w) depth of what is seen, infinite beside the head; open_m: (h, w) its largest about
            each place; contour_px: (h, w) distance to the next contour in pixels of the cut picture. All in a
            grid `depth_scale` as fine as the picture.
        depth_scale: see above.
        sigma_px: how surely the fitted head lies where it does, in pixels of the cut picture.
    """

    head: Head
    camera: Camera
    light: Float[np.ndarray, "height width 3"]
    vertices_m: Float[np.ndarray, "vertices 3"]
    normals: Float[np.ndarray, "vertices 3"]
    points_px: Float[np.ndarray, "vertices 2"]
    depth_m: Float[np.ndarray, " vertices"]
    facing: Float[np.ndarray, " vertices"]
    nearest_m: Float[np.ndarray, "h w"]
    open_m: Float[np.ndarray, "h w"]
    contour_px: Float[np.ndarray, "h w"]
    depth_scale: float
    sigma_px: float

    @staticmethod
    def of(
        head: Head, fit: HeadFit, image: UInt8[np.ndarray, "height width 3"], *, size_px: int
    ) -> FaceInPicture:
        """Cut the head out of a picture.

        Args:
            image: (H, W, 3) uint8 RGB, the picture that was fitted.
            size_px: side of the texture that is to be made.
        """
        import cv2

        vertices_m = head.vertices_m(fit.parameters)
        points_px = fit.camera.project(vertices_m)
        low, high = np.nanmin(points_px, axis=0), np.nanmax(points_px, axis=0)
        margin = 0.04 * (high - low).max() + 3
        left, top = np.clip(np.floor(low - margin), 0, (image.shape[1] - 2, image.shape[0] - 2)).astype(int)
        right, bottom = np.ceil(high + margin).astype(int)
        right = int(np.clip(right, left + 2, image.shape[1]))
        bottom = int(np.clip(bottom, top + 2, image.shape[0]))
        cut = image[top:bottom, left:right]
        # A head's height takes about two thirds of its texture's side: more pixels could not be kept.
        scale = min(1.0, 0.9 * size_px / max(float((high - low).max()), 1.0))
        width, height = max(2, round(cut.shape[1] * scale)), max(2, round(cut.shape[0] * scale))
        if scale < 1:
            cut = cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=cv2.INTER_AREA)
        scales = np.array([width / (right - left), height / (bottom - top)])
        shift = np.eye(3)
        shift[:2, :2] = np.diag(scales)
        shift[:2, 2] = (0.5 - np.array([left, top])) * scales - 0.5
        camera = Camera(
            shift @ fit.camera.intrinsics, fit.camera.camera_from_world, width_px=width, height_px=height
        )
        normals = vertex_normals(vertices_m, head.triangles)
        centre_m = camera.world_from_camera[:3, 3]
        towards = centre_m - vertices_m
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        points_px, depth_m = camera.project(vertices_m), camera.to_camera(vertices_m)[:, 2]
        nearest_m, open_m, contour_px, depth_scale = _depth_buffer(head, camera, points_px, depth_m)
        return FaceInPicture(
            head=head,
            camera=camera,
            light=linear_from_srgb(cut),
            vertices_m=vertices_m,
            normals=normals,
            points_px=points_px,
            depth_m=depth_m,
            facing=(normals * towards).sum(axis=1),
            nearest_m=nearest_m,
            open_m=open_m,
            contour_px=contour_px,
            depth_scale=depth_scale,
            sigma_px=float(np.median(fit.landmarks.sigma_px) * scales.mean()),
        )

    def seen(
        self,
        columns: Float[np.ndarray, "*n"],
        rows: Float[np.ndarray, "*n"],
        depth_m: Float[np.ndarray, "*n"],
        facing: Float[np.ndarray, "*n"],
    ) -> Float[np.ndarray, "*n"]:
        """How well places of the surface are seen, 0 to 1, by where they lie in the cut picture."""
        height, width = self.nearest_m.shape
        inside = (columns > 0.5) & (rows > 0.5)
        inside &= (columns < self.camera.width_px - 1.5) & (rows < self.camera.height_px - 1.5)
        column = np.clip(((columns + 0.5) * self.depth_scale).astype(np.int32), 0, width - 1)
        row = np.clip(((rows + 0.5) * self.depth_scale).astype(np.int32), 0, height - 1)
        flat = row * width + column
        open_to_view = depth_m < self.open_m.ravel()[flat] + DEPTH_TOLERANCE_M
        feather_px = 1.2 * self.sigma_px + 1.2 / self.depth_scale
        apart = np.clip(self.contour_px.ravel()[flat] / feather_px - 0.3, 0, 1)
        frontal = np.clip((facing - GRAZING_COS) / (FACING_COS - GRAZING_COS), 0, 1)
        return (inside & open_to_view) * apart * frontal * frontal * (3 - 2 * frontal)

    def light_at(self, light: Illumination) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) what a light does at the vertices."""
        return light.on_vertices(self.normals)

    def vertex_weights(self) -> Float[np.ndarray, " vertices"]:
        """(V,) how well each vertex is seen."""
        points_px = np.nan_to_num(self.points_px, nan=-1e4)
        return self.seen(points_px[:, 0], points_px[:, 1], self.depth_m, self.facing)

    def vertex_colors(self) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) linear colours of the picture about each vertex."""
        import cv2

        size_px = float(np.nanmax(self.points_px[:, 1]) - np.nanmin(self.points_px[:, 1]))
        smooth = cv2.GaussianBlur(self.light, (0, 0), max(0.006 * size_px, 0.6))
        points_px = np.nan_to_num(self.points_px, nan=-1e4)
        column = np.clip(np.round(points_px[:, 0]).astype(int), 0, self.camera.width_px - 1)
        row = np.clip(np.round(points_px[:, 1]).astype(int), 0, self.camera.height_px - 1)
        return smooth[row, column].astype(float)


def _depth_buffer(
    head: Head, camera: Camera, points_px: np.ndarray, depth_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Depth of what is seen, its largest nearby, distance to contours in pixels, and the grid's scale."""
    import cv2

    scale = min(1.0, _DEPTH_PX / max(camera.width_px, camera.height_px))
    width, height = max(2, round(camera.width_px * scale)), max(2, round(camera.height_px * scale))
    triangles = head.triangles[vertices_of(head, *OPAQUE)[head.triangles[:, 0]]]
    raster = rasterize((points_px + 0.5) * scale - 0.5, depth_m, triangles, width_px=width, height_px=height)
    nearest = np.full((height, width), np.inf, np.float32)
    # 1/depth is linear across the picture
    nearest[raster.rows, raster.columns] = 1 / raster.interpolate(1 / depth_m[:, None], triangles)[:, 0]
    filled = np.where(np.isfinite(nearest), nearest, 10 * float(depth_m.max()))
    kernel = np.ones((3, 3), np.uint8)
    farthest = cv2.dilate(filled, kernel)
    step = farthest - cv2.erode(filled, kernel)
    contour = step > DEPTH_STEP_M
    distance = cv2.distanceTransform((~contour).astype(np.uint8), cv2.DIST_L2, 3)
    return nearest, farthest, distance / scale, scale
