"""How the built-in head's own surfaces are textured and shaded in synthetic pictures."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from mien.geometry.closest_points import closest_on_surface
from mien.head_building.brows import LAYERS_M
from mien.head_building.eyeballs import IRIS_RADIUS_M, LIMBUS_UV_RADIUS, RADIUS_M
from mien.head_building.texture_atlas import TILES
from mien.heads.model import Head
from mien.synthetic.scenes.label_maps import triangles_of

IRIS_ANGLE_RAD = float(np.arcsin(IRIS_RADIUS_M / RADIUS_M))
REACH_M = 0.02
"""How far beyond the mean brows the skin is searched."""
_EYES = ("left_eye", "right_eye")


def drawing_uv(
    head: Head, skin_places: Float[np.ndarray, "triangles 3 2"]
) -> Float[np.ndarray, "triangles 3 2"]:
    """Texture coordinates of each triangle's corners, v up.

    Skin and insides have theirs on MakeHuman's skins. Eyes have polar ones about (0.5, 0.5): the distance,
    times 2 π, is the angle from the line of sight, radians. The others have the head's own.

    Args:
        skin_places: from `corners_on_skins`.
    """
    uv = head.uv[head.uv_triangles]
    for key in ("skin", "interior"):
        chosen = triangles_of(head, key)
        uv[chosen] = skin_places[chosen]
    first_part = head.vertex_parts[head.triangles[:, 0]]
    for name in _EYES:
        chosen = first_part == head.part_names.index(name)
        uv[chosen] = _polar(_in_disc(uv[chosen], name))
    return uv


def _in_disc(uv: np.ndarray, eye: str) -> np.ndarray:
    """From the atlas to an eye's own disc of radius 0.5 about (0.5, 0.5)."""
    left, bottom, right, top = TILES[eye]
    return (uv - [left, bottom]) / [right - left, top - bottom]


def _polar(disc_uv: np.ndarray) -> np.ndarray:
    """Radii as angles: see `eyeballs` for what they are in the disc."""
    offset = disc_uv - 0.5
    radius = np.linalg.norm(offset, axis=-1, keepdims=True)
    beyond = np.clip((radius - LIMBUS_UV_RADIUS) / (0.5 - LIMBUS_UV_RADIUS), 0, 1) ** (1 / 0.7)
    angle = np.where(
        radius < LIMBUS_UV_RADIUS,
        IRIS_ANGLE_RAD * radius / LIMBUS_UV_RADIUS,
        IRIS_ANGLE_RAD + (np.pi - IRIS_ANGLE_RAD) * beyond,
    )
    return 0.5 + offset / np.maximum(radius, 1e-9) * angle / (2 * np.pi)


class CorneaNormals:
    """Lends irises and pupils the normals of the clear corneas before them, which shine and are not drawn.

    Args:
        head: whose corneas share their texture coordinates with the eyes behind them.
    """

    def __init__(self, head: Head) -> None:
        from scipy.spatial import KDTree

        self._behind: list[Integer[np.ndarray, " n"]] = []
        self._corneas: list[Integer[np.ndarray, "n 3"]] = []
        self._shares: list[Float[np.ndarray, "n 3"]] = []
        uv = np.full((head.vertex_count, 2), np.nan)
        uv[head.triangles] = head.uv[head.uv_triangles]
        for eye in _EYES:
            members = np.flatnonzero(head.vertex_parts == head.part_names.index(eye))
            cornea = np.flatnonzero(head.vertex_parts == head.part_names.index(eye.replace("eye", "cornea")))
            disc, over = _in_disc(uv[members], eye), _in_disc(uv[cornea], eye)
            front = np.linalg.norm(disc - 0.5, axis=1) < LIMBUS_UV_RADIUS + 1e-3
            distance, nearest = KDTree(over, leafsize=16).query(disc[front], k=3)
            share = 1 / (distance + 1e-3)
            self._behind.append(members[front])
            self._corneas.append(cornea[nearest])
            self._shares.append(share / share.sum(axis=1, keepdims=True))

    def lent(self, normals: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "vertices 3"]:
        """The normals with the corneas' in front."""
        result = normals.copy()
        for behind, corneas, shares in zip(self._behind, self._corneas, self._shares, strict=True):
            mean = np.einsum("nk,nkc->nc", shares, normals[corneas])
            result[behind] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return result


class DrapedBrows:
    """Puts the cards of the brows onto the skin of one picture.

    They follow it as the sum of its shapes, which for unlikely people is some millimetres off it.
    """

    def __init__(self, head: Head) -> None:
        own = triangles_of(head, "brows")
        self._members = np.unique(head.triangles[own])
        around_m = head.mean_m[self._members]
        low_m, high_m = around_m.min(axis=0) - REACH_M, around_m.max(axis=0) + REACH_M
        near = ((head.mean_m > low_m) & (head.mean_m < high_m)).all(axis=1)
        skin = head.triangles[triangles_of(head, "skin")]
        self._skin = skin[near[skin].all(axis=1)]
        height_m = closest_on_surface(around_m, head.mean_m, self._skin).distances_m
        self._height_m = np.where(height_m > np.mean(LAYERS_M), LAYERS_M[1], LAYERS_M[0])

    def place(
        self, vertices_m: Float[np.ndarray, "vertices 3"], normals: Float[np.ndarray, "vertices 3"]
    ) -> Float[np.ndarray, "vertices 3"]:
        """The vertices with the brows' as high above the skin as on the mean head."""
        found = closest_on_surface(vertices_m[self._members], vertices_m, self._skin)
        corners = self._skin[found.triangles]
        normal = np.einsum("nk,nkc->nc", found.barycentric, normals[corners])
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        result = vertices_m.copy()
        result[self._members] = found.points_m + self._height_m[:, None] * normal
        return result
