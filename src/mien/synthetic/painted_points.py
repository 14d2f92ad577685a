"""Heads with points painted on their texture: a landmark set that no head model has, and its 2D detector.

They show how a user's own landmarks are learned: the pictures and a function that finds the points in a
picture are all that `mien lift labels` asks for. Where the points truly are is known too, to measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from mien.cameras import Camera
from mien.geometry.rasterization import rasterize
from mien.heads.library import load_head
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.lifting.camera_space import CameraSpace
from mien.lifting.generator import GeneratedView
from mien.synthetic.multi_view import random_head

COUNT = 30
PAINTED_SET = "painted30"
_DOT_M = 0.0038
_GREY = 120
_TEXTURE_PX = 1024
_HUE_SLACK = 0.36
"""How far a hue may be from a point's own, in steps between two points' hues."""
_FEWEST_PX = 6
_FARTHEST_PX = 12.0
"""Greatest spread of one dot: what is wider is no dot."""

_OWN_SHARE = 0.6
"""Least share of a dot's coloured pixels that have its hue."""


@dataclass(frozen=True, eq=False)
class PaintedPoints:
    """Points on a head's skin, inside its triangles.

    Attributes:
        corners: (30, 3) vertices; weights: (30, 3) of each.
    """

    corners: Int[np.ndarray, "points 3"]
    weights: Float[np.ndarray, "points 3"]

    def on(self, vertices_m: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "points 3"]:
        """Where they are on posed vertices."""
        return np.einsum("nk,nkd->nd", self.weights, vertices_m[self.corners])


def painted_points(head: Head) -> PaintedPoints:
    """Thirty points spread over the face (each as far as possible from those before), the same every time."""
    skin = list(head.part_names).index("skin")
    triangles = head.triangles[(head.vertex_parts[head.triangles] == skin).all(axis=1)]
    rng = np.random.default_rng(30)
    weights = rng.dirichlet((3.0, 3.0, 3.0), len(triangles))
    points_m = np.einsum("nk,nkd->nd", weights, head.mean_m[triangles])
    chin, brows = head.mean_m[head.landmark_set("ibug68").vertices[[8, 19]]]
    x, y, z = points_m.T
    face = (z > 0.055) & (np.abs(x) < 0.062) & (y > chin[1] + 0.004) & (y < brows[1] + 0.045)
    # not on lids and lips, which close over their points
    soft_m = head.mean_m[head.landmark_set("ibug68").vertices[36:68]]
    far = np.linalg.norm(points_m[:, None] - soft_m[None], axis=2).min(axis=1) > 0.008
    allowed = np.flatnonzero(face & far)
    chosen = [int(allowed[np.argmin(np.abs(points_m[allowed, 0]))])]
    for _ in range(COUNT - 1):
        distance = np.linalg.norm(points_m[allowed, None] - points_m[chosen][None], axis=2).min(axis=1)
        chosen.append(int(allowed[np.argmax(distance)]))
    return PaintedPoints(triangles[chosen], weights[chosen])


def painted_look(head: Head, points: PaintedPoints) -> HeadLook:
    """A grey texture with a dot of its own hue at each point."""
    import cv2

    size = _TEXTURE_PX
    uv_px = np.stack([head.uv[:, 0] * size - 0.5, (1 - head.uv[:, 1]) * size - 0.5], axis=1)
    # hair cards have texture coordinates in a picture of their own
    skin = head.vertex_parts[head.triangles[:, 0]] == list(head.part_names).index("skin")
    raster = rasterize(uv_px, np.ones(len(uv_px)), head.uv_triangles[skin], width_px=size, height_px=size)
    seen = raster.triangle[raster.rows, raster.columns]
    place_m = np.einsum("nk,nkd->nd", raster.barycentric, head.mean_m[head.triangles[skin][seen]])
    hues = np.zeros((COUNT, 1, 3), np.uint8)
    hues[:, 0, 0] = np.arange(COUNT) * 180 // COUNT
    hues[:, 0, 1:] = 255
    colors = cv2.cvtColor(hues, cv2.COLOR_HSV2RGB)[:, 0]
    picture = np.full((size, size, 3), _GREY, np.uint8)
    for center_m, color in zip(points.on(head.mean_m), colors, strict=True):
        near = np.linalg.norm(place_m - center_m, axis=1) < _DOT_M
        picture[raster.rows[near], raster.columns[near]] = color
    return HeadLook(picture)


class PaintedHeads:
    """A `MultiViewGenerator`: the people of `RenderedHeads` by the same numbers, painted, before white."""

    exact_set: str | None = PAINTED_SET

    def __init__(self, *, size_px: int, space: CameraSpace | None = None) -> None:
        self.space = CameraSpace() if space is None else space
        self.size_px = size_px
        self._head = load_head()
        self._points = painted_points(self._head)
        self._look = painted_look(self._head, self._points)

    def views(self, latent: int, cameras: Sequence[Camera]) -> list[GeneratedView]:
        """See `MultiViewGenerator`."""
        from mien.drawing.textured import draw_look

        parameters, _ = random_head(self._head, latent)
        exact_m = self._points.on(self._head.vertices_m(parameters))
        views = []
        for camera in cameras:
            white = np.full((camera.height_px, camera.width_px, 3), 255, np.uint8)
            picture = draw_look(white, self._head, parameters, camera, self._look)
            views.append(GeneratedView(picture, camera, camera.project(exact_m), exact_m))
        return views


def find_painted(picture: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "30 2"]:
    """The painted points of a picture by their hues: a user's 2D detector; NaN for those it does not see."""
    import cv2

    hsv = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2HSV).astype(float)
    colored = (hsv[..., 1] > 90) & (hsv[..., 2] > 40)
    steps = hsv[..., 0] * COUNT / 180
    nearest = np.rint(steps)
    sure = colored & (np.abs(steps - nearest) < _HUE_SLACK)
    rows, columns = np.nonzero(sure)
    which = nearest[rows, columns].astype(int) % COUNT
    weight = hsv[rows, columns, 1]
    points_px = np.full((COUNT, 2), np.nan)
    for index in range(COUNT):
        own = which == index
        if own.sum() < _FEWEST_PX:
            continue
        at = np.stack([columns[own], rows[own]], axis=1).astype(float)
        middle = np.median(at, axis=0)
        near = np.linalg.norm(at - middle, axis=1) < _FARTHEST_PX / 2
        if near.mean() < 0.8 or near.sum() < _FEWEST_PX:
            continue
        # a dot has one hue: a few pixels of another's, between two hues, are none
        around = np.linalg.norm(np.argwhere(colored)[:, ::-1] - middle, axis=1) < _FARTHEST_PX / 2
        if near.sum() < _OWN_SHARE * around.sum():
            continue
        share = weight[own][near]
        points_px[index] = (share[:, None] * at[near]).sum(axis=0) / share.sum()
    return points_px
