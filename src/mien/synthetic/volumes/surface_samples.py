"""Coloured points all over a dressed head: its meshes cut into small triangles and lit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.geometry.triangle_lattice import triangle_lattice
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clothing import below_hem
from mien.synthetic.scenes.label_maps import HAIR_MESHES
from mien.synthetic.scenes.posed_scene import WORN, PosedStudio, Sitter
from mien.synthetic.scenes.renderer import DrawItem, Light
from mien.synthetic.scenes.wardrobe import SHOULDERS

SPACING_M = 0.0011
"""Between neighbouring points of a head's skin, eyes and teeth; of hair, shoulders and clothes twice that."""
HIDDEN_WEIGHT = 0.15
"""Of the colours of teeth, sockets and mouth interior beside those of the skin in front of them."""
_GAMMA = 2.1


@dataclass(frozen=True)
class SurfaceSamples:
    """Points on the surfaces of a head.

    Attributes:
        points_m, normals: (P, 3) world; colours: (P, 3) in [0, 1], lit; weights: (P,) how much a colour
            counts.
        is_wall: (P,) of surfaces that close the body; the others are hair, brows and lashes.
    """

    points_m: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    weights: np.ndarray
    is_wall: np.ndarray


@dataclass(frozen=True)
class _Pattern:
    triangle: np.ndarray
    corner_weights: np.ndarray
    uv: np.ndarray
    extra: np.ndarray


class SurfaceSampler:
    """Samples the sitters of a studio; the pattern of each mesh is made once."""

    def __init__(self, studio: PosedStudio) -> None:
        self._studio = studio
        self._patterns: dict[str, _Pattern] = {}
        self._pictures: dict[tuple[str, str], np.ndarray] = {}

    def sample(self, sitter: Sitter, light: Light, rng: np.random.Generator) -> SurfaceSamples:
        """All surfaces of a sitter; of partly transparent ones the points that cover."""
        parts = [self._item(item, light, rng) for item in sitter.items if item.material != shaders.LENS]
        return SurfaceSamples(*(np.concatenate([p[k] for p in parts]) for k in range(5)))

    def _pattern(self, item: DrawItem) -> _Pattern:
        if item.key in self._patterns and item.key not in WORN:
            return self._patterns[item.key]
        mesh = self._studio.mesh(item.key)
        coarse = item.material in (shaders.HAIR, shaders.FUR, shaders.GARMENT) or item.key == SHOULDERS
        spacing_m = 2 * SPACING_M if coarse else SPACING_M
        if item.key in HAIR_MESHES:
            spacing_m = 0.7 * SPACING_M
        triangle, weights = triangle_lattice(item.position_m[mesh.triangles], spacing_m)
        corners = mesh.triangles[triangle]
        uv = np.einsum("pk,pkc->pc", weights, mesh.uv[corners])
        extra = np.einsum("pk,pkc->pc", weights, mesh.extra[corners])
        pattern = _Pattern(
            triangle, weights.astype(np.float32), uv.astype(np.float32), extra.astype(np.float32)
        )
        self._patterns[item.key] = pattern
        return pattern

    def _picture(self, item: DrawItem, pattern: _Pattern) -> np.ndarray:
        """(P, 3 or 4) texture at the pattern's points, [0, 1]."""
        assert item.texture is not None
        key = (item.key, item.texture)
        if key not in self._pictures:
            texture = self._studio.texture(item.texture)
            height, width = texture.shape[:2]
            column = np.clip((pattern.uv[:, 0] % 1) * width, 0, width - 1).astype(int)
            row = np.clip((1 - pattern.uv[:, 1] % 1) * height, 0, height - 1).astype(int)
            self._pictures[key] = texture[row, column]
        return self._pictures[key].astype(np.float32) / 255

    def _item(self, item: DrawItem, light: Light, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        pattern = self._pattern(item)
        corners = self._studio.mesh(item.key).triangles[pattern.triangle]
        position, normal = item.position_m.astype(np.float32), item.normal.astype(np.float32)
        points = np.einsum("pk,pkc->pc", pattern.corner_weights, position[corners])
        normals = np.einsum("pk,pkc->pc", pattern.corner_weights, normal[corners])
        albedo, alpha, shade = self._albedo(item, pattern)
        colors = lit(albedo, normals, shade, light)
        keep = alpha > rng.uniform(0.25, 0.6, len(alpha))
        weight = HIDDEN_WEIGHT if item.material in (shaders.INTERIOR, shaders.TEETH) else 1.0
        if item.material == shaders.HAIR:
            weight = 2.0
        wall = np.full(len(alpha), item.material != shaders.HAIR)
        every = (points, normals, colors, np.full(len(alpha), weight, np.float32), wall)
        return every if keep.all() else tuple(values[keep] for values in every)

    def _albedo(self, item: DrawItem, pattern: _Pattern) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The shader's materials without their grain: linear colour, alpha, occlusion."""
        count = len(pattern.uv)
        tint, second = np.array(item.tint, np.float32), np.array(item.second, np.float32)
        alpha, shade = np.ones(count, np.float32), np.ones(count, np.float32)
        albedo = np.tile(tint, (count, 1))
        if item.material in (shaders.SKIN, shaders.INTERIOR):
            skin = _linear(self._picture(item, pattern)[:, :3])
            grey = skin @ np.array([0.3, 0.6, 0.1], np.float32)
            albedo = (grey[:, None] + (skin - grey[:, None]) * second[0]) * tint
            beard = np.clip(pattern.extra[:, 1] * item.settings[0], 0, 0.95)[:, None]
            albedo += beard * (item.settings[1] * np.array([1.0, 0.8, 0.65], np.float32) - albedo)
            shade = pattern.extra[:, 0]
            if item.material == shaders.INTERIOR:
                albedo = albedo * np.array([0.55, 0.35, 0.35], np.float32)
        elif item.material == shaders.EYE:
            radius = np.linalg.norm(pattern.uv - 0.5, axis=1) * 2 * np.pi
            pupil, iris = item.settings[0], 0.512
            share = _smooth(pupil, iris, radius)[:, None]
            colored = (tint + (second - tint) * share) * _smooth(pupil - 0.02, pupil + 0.02, radius)[:, None]
            white = np.array([0.80, 0.75, 0.71], np.float32)
            albedo = colored + (white - colored) * _smooth(iris - 0.015, iris + 0.03, radius)[:, None]
            shade = 0.42 + 0.5 * _smooth(1.25, 0.3, radius)
        elif item.material == shaders.TEETH:
            shade = pattern.extra[:, 0]
        elif item.material == shaders.HAIR:
            picture = self._picture(item, pattern)
            alpha = np.clip((picture[:, 3] - 0.06) * item.settings[0], 0, 1)
            level = _linear(picture[:, :3]) @ np.array([0.3, 0.6, 0.1], np.float32)
            albedo = tint * (0.35 + item.settings[1] * level)[:, None]
            shade = np.full(count, 0.85, np.float32)
        elif item.material == shaders.FUR:
            gain, shift, bald, _ = item.details["growth"]
            grows = np.clip(pattern.extra[:, 1] * gain - shift - bald * pattern.extra[:, 3], 0, 1)
            alpha = (grows * (1 - 0.6 * item.settings[0])).astype(np.float32)
            albedo = np.tile(tint + (second - tint) * item.settings[0], (count, 1))
            shade = pattern.extra[:, 0]
        elif item.material == shaders.CLOTH:
            alpha = (pattern.extra[:, 1] >= 0).astype(np.float32)
        elif item.material == shaders.GARMENT:
            alpha = (below_hem(pattern.uv, pattern.extra, item.details["cut"]) >= 0).astype(np.float32)
            shade = pattern.extra[:, 0]
        return albedo.astype(np.float32), alpha, np.asarray(shade, np.float32)


def lit(albedo: np.ndarray, normals: np.ndarray, shade: np.ndarray, light: Light) -> np.ndarray:
    """(P, 3) displayed colours in [0, 1]: soft light all around and the key light, without cast shadows."""
    d = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    x, y, z = d.T
    harmonics = np.stack(
        [np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], axis=1
    )
    sky = np.maximum(harmonics @ light.ambient.astype(np.float32), 0)
    diffuse = np.maximum(0, (d @ light.key_direction.astype(np.float32) + 0.18) / 1.18)[:, None]
    seen = sky * (shade * shade)[:, None] + light.key_color * diffuse * (0.5 + 0.5 * shade)[:, None]
    seen = albedo * seen * light.exposure * light.balance
    seen = seen / (1 + 0.25 * seen)
    return np.clip(seen, 0, 1).astype(np.float32) ** np.float32(1 / _GAMMA)


def _linear(color: np.ndarray) -> np.ndarray:
    return color * color * (0.6 + 0.4 * color)


def _smooth(low: float, high: float, value: np.ndarray) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
