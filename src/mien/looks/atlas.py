"""A head's texture atlas: which place of the surface each texel is, and where its mirrored partner lies."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from mien.errors import InputError
from mien.geometry.rasterization import rasterize
from mien.heads.model import Head
from mien.looks.materials import OPAQUE, vertices_of

PAD_PX = 8
"""Colours are carried this far beyond the charts, so that filtering at their edges meets no background."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """The texels of a square texture and the places of the head's surface that they show.

    Row 0 is the top of the picture, where v is 1. Where charts overlap, skin comes before other parts.

    Attributes:
        head: whose texture coordinates these are.
        size_px: texels of a side.
        triangle: (S, S) index of the triangle of each texel; beyond the charts that of the nearest texel
            within them.
        barycentric: (S, S, 3) place in the triangle, beyond the charts that of the nearest texel within.
        inside: (S, S) whether the texel lies in a chart.
    """

    head: Head
    size_px: int
    triangle: Int[np.ndarray, "size size"]
    barycentric: Float[np.ndarray, "size size 3"]
    inside: Bool[np.ndarray, "size size"]

    @cached_property
    def corners(self) -> Int[np.ndarray, "size size 3"]:
        """(S, S, 3) vertices of each texel's triangle."""
        return self.head.triangles[self.triangle].astype(np.int32)

    def interpolate(
        self, values: Float[np.ndarray, "vertices channels"]
    ) -> Float[np.ndarray, "size size channels"]:
        """Vertex values at every texel, float32."""
        values = np.ascontiguousarray(values, np.float32)
        result = np.empty((self.size_px, self.size_px, values.shape[1]), np.float32)
        corners, weights = self.corners, self.barycentric
        for channel in range(values.shape[1]):  # gathers of one column are several times quicker than of rows
            column = np.ascontiguousarray(values[:, channel])
            picture = column[corners[..., 0]] * weights[..., 0]
            picture += column[corners[..., 1]] * weights[..., 1]
            picture += column[corners[..., 2]] * weights[..., 2]
            result[..., channel] = picture
        return result

    @cached_property
    def vertex_texels(self) -> Int[np.ndarray, "vertices 2"]:
        """(V, 2) row and column of the texel at each vertex (of one of them, at a seam)."""
        uv = np.zeros((self.head.vertex_count, 2))
        uv[self.head.triangles.ravel()] = self.head.uv[self.head.uv_triangles.ravel()]
        pixels = np.stack([(1 - uv[:, 1]) * self.size_px, uv[:, 0] * self.size_px], axis=1)
        return np.clip(np.floor(pixels), 0, self.size_px - 1).astype(np.int32)

    @cached_property
    def mirror(self) -> Float[np.ndarray, "size size 2"]:
        """(S, S, 2) column and row, in texels, of each texel's left-right partner, float32."""
        uv = mirrored_uv(self.head)[self.triangle]  # (S, S, 3, 2)
        place = np.einsum("rck,rckd->rcd", self.barycentric, uv.astype(np.float32))
        return np.stack(
            [place[..., 0] * self.size_px - 0.5, (1 - place[..., 1]) * self.size_px - 0.5], axis=-1
        ).astype(np.float32)


_KEPT: OrderedDict[tuple[int, int], Atlas] = OrderedDict()
_KEPT_ATLASES = 4


def atlas_of(head: Head, size_px: int) -> Atlas:
    """The atlas of a head at a resolution; the last few are kept, since heads are few and pictures many.

    Raises:
        InputError: the head has no texture coordinates, or not all in one unit square.
    """
    key = (id(head), size_px)
    if key not in _KEPT or _KEPT[key].head is not head:
        _KEPT[key] = _make_atlas(head, size_px)
        while len(_KEPT) > _KEPT_ATLASES:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    return _KEPT[key]


def _make_atlas(head: Head, size_px: int) -> Atlas:
    import cv2

    if not len(head.uv):
        raise InputError(f"the head {head.name!r} has no texture coordinates to lay a texture on")
    points_px = head.uv * np.array([size_px, -size_px]) + np.array([0, size_px]) - 0.5
    # Cards have pictures of their own, corneas lie over the eyes' places.
    opaque = np.flatnonzero(vertices_of(head, *OPAQUE)[head.triangles[:, 0]])
    triangles = head.uv_triangles[opaque]
    used = head.uv[triangles]
    if used.min() < -0.01 or used.max() > 1.01:
        raise InputError(
            f"the texture coordinates of the head {head.name!r} reach from {used.min():.2f} to "
            f"{used.max():.2f}, over several pictures; a texture needs all in one, from 0 to 1"
        )
    corners_px = points_px[triangles]
    first, second = corners_px[:, 1] - corners_px[:, 0], corners_px[:, 2] - corners_px[:, 0]
    turned = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] > 0
    triangles = np.where(turned[:, None], triangles[:, [0, 2, 1]], triangles)  # mirrored charts count too
    # A depth for each part instead of one for all: where charts lie over each other the skin wins, and within
    # a part what is not folded over.
    corner_points_px = points_px[triangles].reshape(-1, 2)
    part = head.vertex_parts[head.triangles[opaque]].min(axis=1)
    raster = rasterize(
        corner_points_px,
        np.repeat(1.0 + part + 0.5 * turned, 3),
        np.arange(3 * len(triangles)).reshape(-1, 3),
        width_px=size_px,
        height_px=size_px,
    )
    weights = np.zeros((size_px, size_px, 3), np.float32)
    places = raster.barycentric.astype(np.float32)
    own = turned[raster.triangle[raster.rows, raster.columns]]
    places[own] = places[own][:, [0, 2, 1]]
    weights[raster.rows, raster.columns] = places
    inside = raster.triangle >= 0
    if not inside.any():
        return Atlas(head, size_px, np.zeros_like(raster.triangle), weights, inside)
    _, label = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    label = np.asarray(label, np.int64)
    nearest = np.zeros(int(label.max()) + 1, np.int64)
    nearest[label[inside]] = np.flatnonzero(inside)
    flat = nearest[label]
    return Atlas(
        head,
        size_px,
        opaque[raster.triangle.ravel()[flat]].astype(np.int32),
        weights.reshape(-1, 3)[flat],
        inside,
    )


def mirrored_uv(head: Head) -> Float[np.ndarray, "triangles 3 2"]:
    """(T, 3, 2) texture coordinates of the left-right partners of every triangle's corners.

    A partner on a seam has several; the one nearest to those of the triangle's other corners is meant.
    """
    pairs = np.unique(
        np.stack([head.triangles.ravel(), head.uv_triangles.ravel()], axis=1).astype(np.int64), axis=0
    )
    start = np.searchsorted(pairs[:, 0], np.arange(head.vertex_count))
    count = np.bincount(pairs[:, 0], minlength=head.vertex_count)
    last = len(pairs) - 1
    most = int(count.max())
    options = np.stack([pairs[np.minimum(start + k, last), 1] for k in range(most)], axis=1)
    options = np.where(np.arange(most) < count[:, None], options, options[:, :1])  # (V, most)
    partners = head.mirror_vertices[head.triangles]  # (T, 3)
    uv = head.uv[options[partners]]  # (T, 3, most, 2)
    single = count[partners] == 1
    weight = np.where(single, 1.0, 0.0)
    sums = (uv[:, :, 0] * weight[..., None]).sum(axis=1)
    total = weight.sum(axis=1)[:, None]
    centre = np.where(total > 0, sums / np.maximum(total, 1), uv[:, 0, 0])
    distance = np.linalg.norm(uv - centre[:, None, None], axis=-1)
    best = distance.argmin(axis=-1)
    return np.take_along_axis(uv, best[..., None, None], axis=2)[:, :, 0]
