"""Whose skin it is, and under which light: albedo model and light solved together from one picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.looks.albedo_model import AlbedoModel
from mien.looks.colors import LUMINANCE
from mien.looks.eyes import light_on_eyes
from mien.looks.face_in_picture import FaceInPicture
from mien.looks.face_regions import FaceRegions
from mien.looks.illumination import Illumination, solve_illumination
from mien.looks.skin_tones import split_tone_and_light, tone_of
from mien.looks.surface_graph import smooth_field

ROUNDS = 3
WHITEST = 0.85
BLUE_PERCENTILE, LEAST_WARM, LARGEST_SHIFT = 92, -0.2, 0.4
SHADOW_STIFFNESS, SHADOW_LIMIT = 3.0, 0.7
NOISE_STD, INDEPENDENT_POINTS = 0.20, 150
"""Of log albedo that the model's modes do not explain, and how many points of a face count as independent."""


@dataclass(frozen=True, eq=False)
class PersonSkin:
    """Skin and light as one picture tells them.

    Attributes:
        tone: (3,) linear albedo of plain skin.
        weights: (K,) of the albedo model's modes.
        light: on the head in the picture's world.
    """

    tone: Float[np.ndarray, " 3"]
    weights: Float[np.ndarray, " modes"]
    light: Illumination

    def with_tone(self, tone: Float[np.ndarray, " 3"]) -> PersonSkin:
        """The same colours in the picture, explained by another tone and another light."""
        gain = self.tone / tone
        light = replace(self.light, coefficients=self.light.coefficients * gain, mean=self.light.mean * gain)
        return replace(self, tone=tone, light=light)


def usual_skin(model: AlbedoModel) -> PersonSkin:
    """What is assumed of a person of whom nothing is seen."""
    return PersonSkin(tone_of(0.3), np.zeros(len(model.modes)), Illumination.uniform())


def solve_skin(
    face: FaceInPicture,
    model: AlbedoModel,
    regions: FaceRegions,
    seen: Float[np.ndarray, " vertices"],
    colors: Float[np.ndarray, "vertices 3"],
) -> PersonSkin:
    """Alternate between light and albedo, each by robust least squares, on the plain skin of the face.

    Args:
        seen: (V,) how well each vertex is seen.
        colors: (V, 3) linear, as the picture shows the vertices.
    """
    special = regions.lips + regions.eyes + regions.nostrils + regions.brows
    plain = seen * regions.face * np.clip(1 - special, 0, 1) ** 2
    everything = colors
    # The picture of a vertex is as large as the surface about it: dense vertices count less each.
    used = np.flatnonzero((plain > 0.05) & (colors.min(axis=1) > 1e-3))
    if len(used) < 30:
        return usual_skin(model)
    plain = plain[used] * _areas(face)[used]
    colors, normals = colors[used], face.normals[used]
    pattern, modes = model.pattern[used], model.modes[:, used]
    burnt = colors.max(axis=1) > 0.97
    plain = np.where(burnt, 0.05 * plain, plain)
    plain = plain * _near_median(np.log(colors) - pattern, plain)
    average = np.exp(np.average(np.log(colors) - pattern, axis=0, weights=plain))
    tone, _ = split_tone_and_light(average, light_on_eyes(face))
    weights = np.zeros(len(modes))
    light = Illumination.uniform()
    for _ in range(ROUNDS):
        albedo = tone * np.exp(pattern + np.tensordot(weights, modes, axes=1))
        light = solve_illumination(colors, albedo, normals, plain)
        shade = light.shade(normals)
        residual = np.log(colors / np.maximum(shade, 1e-3)) - np.log(tone) - pattern
        robust = plain / (1 + (np.abs(residual).max(axis=1) / 0.35) ** 2)
        residual = residual - np.average(residual, axis=0, weights=robust)
        weights = _mode_weights(modes, residual, robust)
    skin = PersonSkin(tone, weights, light)
    shadows = solve_shadows(face, model, regions, seen, everything, skin)
    skin = replace(skin, light=replace(light, shadows=shadows))
    skin = _without_blue(face, regions, seen, everything, skin)
    # Nothing in a face is whiter than this: if its brightest places were, the light is stronger.
    brightest = np.sort((everything / face.light_at(skin.light)).max(axis=1)[used])[-max(1, len(used) // 20)]
    return skin.with_tone(skin.tone * WHITEST / brightest) if brightest > WHITEST else skin


def _without_blue(
    face: FaceInPicture, regions: FaceRegions, seen: np.ndarray, colors: np.ndarray, skin: PersonSkin
) -> PersonSkin:
    """Neither skin nor hair is blue or quite grey: if hair comes out so, the light was taken for too warm."""
    head = (seen > 0.5) & (regions.skin > 0) & (colors.min(axis=1) > 0.01)
    if head.sum() < 30:
        return skin
    albedo = colors[head] / face.light_at(skin.light)[head]
    excess = float(np.percentile(np.log(albedo[:, 2] / albedo[:, 0]), BLUE_PERCENTILE))
    shift = float(np.clip(excess - LEAST_WARM, 0, LARGEST_SHIFT)) / 2
    return skin.with_tone(skin.tone * np.exp([shift, 0, -shift]))


def solve_shadows(
    face: FaceInPicture,
    model: AlbedoModel,
    regions: FaceRegions,
    seen: Float[np.ndarray, " vertices"],
    colors: Float[np.ndarray, "vertices 3"],
    skin: PersonSkin,
) -> Float[np.ndarray, " vertices"]:
    """(V,) logarithm of cast shadows and near lamps: what is smooth and differs between the face's halves.

    Skin is nearly the same on both sides; what is left of a difference once the light by normals is out is
    light too. Only where both sides are seen.
    """
    mirror = face.head.mirror_vertices
    albedo = np.maximum(colors / skin.light.shade(face.normals), 1e-3)
    difference = (np.log(albedo) - model.log_albedo(skin.tone, skin.weights)) @ LUMINANCE
    special = np.clip(regions.lips + regions.eyes + regions.nostrils + regions.brows, 0, 1)
    both = np.minimum(seen, seen[mirror]) * regions.face * (1 - special)
    uneven = (difference - difference[mirror]) / 2
    both = both / (1 + (np.abs(uneven) / SHADOW_LIMIT) ** 4)
    smooth = smooth_field(
        face.head, uneven[:, None], both, stiffness=SHADOW_STIFFNESS, prior_weight=0.02, iterations=50
    )[:, 0]
    return np.clip(smooth, -SHADOW_LIMIT, SHADOW_LIMIT)


def _areas(face: FaceInPicture) -> np.ndarray:
    """(V,) of the surface about each vertex, up to a factor."""
    corners_m = face.vertices_m[face.head.triangles]
    double = np.linalg.norm(
        np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0]), axis=1
    )
    return np.bincount(face.head.triangles.ravel(), np.repeat(double, 3), minlength=len(face.vertices_m))


def _near_median(log_colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Less weight for colours unlike most of the face's: hair, glasses and what else lies before the skin."""
    luminance = log_colors @ LUMINANCE
    chroma = log_colors - luminance[:, None]
    order = np.argsort(luminance)
    share = np.cumsum(weights[order]) / weights.sum()
    middle = luminance[order[np.searchsorted(share, 0.55)]]
    near = 1 / (1 + (np.maximum(middle - luminance, 0) / 0.8) ** 4)
    typical = np.median(chroma[near > 0.7], axis=0) if (near > 0.7).any() else np.median(chroma, axis=0)
    away = np.abs(chroma - typical).max(axis=1)
    return near / (1 + (away / 0.25) ** 4)


def _mode_weights(modes: np.ndarray, residual: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The likeliest weights under a standard normal prior."""
    per_point = weights / weights.sum() * INDEPENDENT_POINTS / NOISE_STD**2
    flat = modes.reshape(len(modes), -1)
    scaled = flat * np.repeat(per_point / 3, 3)
    return np.linalg.solve(scaled @ flat.T + np.eye(len(modes)), scaled @ residual.ravel())
