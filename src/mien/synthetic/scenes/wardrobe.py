"""What a synthetic head wears: hair, shoulders and collars, tied to our mesh so that they follow it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.spatial import KDTree

from mien.errors import InputError
from mien.geometry.alignment import Similarity
from mien.head_building.makehuman import MakeHuman, Proxy, triangulated
from mien.head_building.quad_skin import BODY_VERTICES, MEAN_PERSON, SKIN, UPPER_LIP, QuadSkin
from mien.heads.model import Head
from mien.synthetic.scenes.collars import NECK_Z_M, Collar, all_collars

SHOULDERS = "shoulders"
"""The body's name and key."""
HAIR_TEXTURE_PX = 512
"""Largest side of a hair's picture."""
SHOULDER_M, ARMS_DOWN_RAD = (0.165, -0.175), 0.62
"""Where the arms are turned, x and y of the mean body, and how far."""
NECK_TOP_M = -0.085
"""Height below which the head's skin is its neck."""


@dataclass(frozen=True)
class Garment:
    """A textured mesh that follows the skin.

    Attributes:
        name, kind: for example "short01", "hair" | "body" | "collar".
        rest_m: (P, 3) on the mean head, metres.
        triangles: (T, 3); uv: (P, 2), v up.
        skin_vertices, skin_weights: (P, K) the skin vertices whose displacements it follows.
        texture: (H, W, 4) RGBA uint8.
        shade: (P,) how much of the light around reaches it.
    """

    name: str
    kind: str
    rest_m: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    skin_vertices: np.ndarray
    skin_weights: np.ndarray
    texture: np.ndarray
    shade: np.ndarray = field(default_factory=lambda: np.ones(1))

    def place(self, skin_displacement_m: np.ndarray) -> np.ndarray:
        """(P, 3) before posing, for a displacement (V, 3) of the skin from the mean head."""
        followed_m = skin_displacement_m[self.skin_vertices]
        return self.rest_m + np.einsum("pk,pkc->pc", self.skin_weights, followed_m)


def _split_corners(faces: np.ndarray, face_uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices split where texture coordinates differ: source vertex, source uv, triangles."""
    triangles, uv_triangles = triangulated(faces), triangulated(face_uv)
    pairs = np.stack([triangles.ravel(), uv_triangles.ravel()], axis=1)
    unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
    return unique[:, 0], unique[:, 1], inverse.reshape(-1, 3)


def _follow(
    points: np.ndarray, skin: np.ndarray, candidates: np.ndarray, neighbours: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest skin vertices of each point and their weights, (P, neighbours) each."""
    distance, index = KDTree(skin[candidates], leafsize=16).query(points, k=neighbours)
    softness = 0.004 + 0.5 * distance[:, :1]
    weight = np.exp(-(((distance - distance[:, :1]) / softness) ** 2))
    return candidates[index], weight / weight.sum(axis=1, keepdims=True)


class Wardrobe:
    """All garments for the built-in head, from a folder of MakeHuman assets."""

    def __init__(
        self, makehuman: MakeHuman, skin: QuadSkin, metres_from_units: Similarity, head: Head
    ) -> None:
        self._makehuman, self._head = makehuman, head
        self._metres_from_units = metres_from_units
        self._mean_base = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
        skin_count = len(skin.vertices)
        self._skin_m = self._to_metres(skin.vertices)
        self._shift = head.mean_m[:skin_count] - self._skin_m
        self._outside = np.flatnonzero((skin.labels == SKIN) | (skin.labels >= UPPER_LIP))
        self.hair = [self._hair(p) for p in sorted((makehuman.folder / "hair").glob("*/*.mhclo"))]
        self.body = self._shoulders()
        skin_m = head.mean_m[:skin_count][self._outside]
        around = np.concatenate([skin_m[skin_m[:, 1] < NECK_TOP_M], self.body.rest_m])
        self.collars = [self._around_neck(name, made) for name, made in all_collars(around).items()]

    def _to_metres(self, units: np.ndarray) -> np.ndarray:
        to_metres = self._metres_from_units
        return to_metres.scale * units @ to_metres.rotation.T + to_metres.translation

    def _onto_mean_head(self, points_m: np.ndarray, index: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return points_m + np.einsum("pk,pkc->pc", weight, self._shift[index])

    def _hair(self, path: Path) -> Garment:
        proxy: Proxy = self._makehuman.proxy(str(path.relative_to(self._makehuman.folder)))
        vertices, uv, triangles = _split_corners(proxy.mesh.faces, proxy.mesh.face_uv)
        points_m = self._to_metres(proxy.place(self._mean_base))[vertices]
        index, weight = _follow(points_m, self._skin_m, self._outside, 10)
        pictures = [p for p in path.parent.glob("*.png") if "normal" not in p.name and "bump" not in p.name]
        texture = _read_picture(min(pictures), cv2.IMREAD_UNCHANGED)
        if texture.shape[2] == 3:
            texture = np.dstack([texture, np.full(texture.shape[:2], 255, np.uint8)])
        scale = HAIR_TEXTURE_PX / max(texture.shape[:2])
        if scale < 1:
            texture = cv2.resize(texture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return Garment(
            path.stem,
            "hair",
            self._onto_mean_head(points_m, index, weight),
            triangles,
            proxy.mesh.uv[uv],
            index,
            weight,
            cv2.cvtColor(texture, cv2.COLOR_BGRA2RGBA),
        )

    def _shoulders(self) -> Garment:
        base = self._makehuman.base
        body = base.face_groups == "body"
        faces, face_uv = base.faces[body], base.face_uv[body]
        v = self._mean_base
        inside = (v[:, 1] > 2.6) & (v[:, 1] < 6.15) & (np.abs(v[:, 0]) < 4.3)
        inside &= np.arange(len(v)) < BODY_VERTICES
        keep = inside[faces].all(axis=1) & (faces[:, 3] >= 0)
        vertices, uv, triangles = _split_corners(faces[keep], face_uv[keep])
        points_m = _arms_down(self._to_metres(v[vertices]))
        index, weight = self._follow_neck(points_m)
        placed = self._onto_mean_head(points_m, index, weight)
        # The head's own neck ends on a plane that falls from the nape to the throat; above it the body dives
        # under that skin.
        border = self._head.mean_m[: len(self._skin_m), 1].min() + 0.3 * np.clip(0.02 - placed[:, 2], 0, 0.09)
        above = np.clip((placed[:, 1] - border - 0.004) / 0.03, 0, 1)
        middle = np.array([0, 0, NECK_Z_M])
        placed[:, ::2] += (middle[::2] - placed[:, ::2]) * (0.25 * above * above)[:, None]
        texture = np.full((4, 4, 4), 255, np.uint8)
        shade = np.ones(len(placed))
        return Garment(SHOULDERS, "body", placed, triangles, base.uv[uv], index, weight, texture, shade)

    def _follow_neck(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What hangs from the neck follows it the less, the further away it is."""
        neck = self._outside[self._skin_m[self._outside, 1] < self._skin_m[:, 1].min() + 0.03]
        index, weight = _follow(points_m, self._skin_m, neck, 12)
        distance = KDTree(self._skin_m[neck], leafsize=16).query(points_m)[0]
        return index, weight * np.exp(-((distance / 0.15) ** 2))[:, None]

    def _around_neck(self, name: str, collar: Collar) -> Garment:
        made = collar.mesh
        index, weight = self._follow_neck(made.vertices_m)
        texture = np.zeros((1, 1, 4), np.uint8)
        uv = made.vertices_m[:, :2]
        return Garment(
            name, "collar", made.vertices_m, made.triangles, uv, index, weight, texture, collar.shade
        )


def _arms_down(points_m: np.ndarray) -> np.ndarray:
    """Arms that MakeHuman holds out sideways, hanging."""
    out_m = np.abs(points_m[:, 0]) - SHOULDER_M[0]
    t = np.clip((out_m + 0.05) / 0.09, 0, 1)
    angle = -np.sign(points_m[:, 0]) * ARMS_DOWN_RAD * t * t * (3 - 2 * t)
    x = points_m[:, 0] - np.sign(points_m[:, 0]) * SHOULDER_M[0]
    y = points_m[:, 1] - SHOULDER_M[1]
    lowered = points_m.copy()
    lowered[:, 0] += np.cos(angle) * x - np.sin(angle) * y - x
    lowered[:, 1] += np.sin(angle) * x + np.cos(angle) * y - y
    return lowered


def _read_picture(path: Path, mode: int) -> Any:
    """(H, W, channels) BGR or BGRA uint8."""
    # OpenCV's decoder, for good: another rounds JPEGs otherwise, and a seed must give the same picture.
    picture = cv2.imread(str(path), mode)
    if picture is None:
        raise InputError("cannot be read as a picture; copy the MakeHuman assets again", source=path)
    return picture


def read_skins(folder: Path, size: int = 1024) -> dict[str, np.ndarray]:
    """MakeHuman's skin pictures, (size, size, 3) RGB each, by name."""
    skins = {}
    for path in sorted(folder.glob("*.jpg")):
        picture = _read_picture(path, cv2.IMREAD_COLOR)
        interpolation = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_CUBIC
        picture = cv2.resize(picture, (size, size), interpolation=interpolation)
        skins[path.stem] = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return skins
