"""The colour of a person's hair, from what the picture shows of the scalp, or else of the brows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.heads.model import Head
from mien.looks.albedo_model import AlbedoModel
from mien.looks.colors import LUMINANCE
from mien.looks.face_in_picture import FaceInPicture
from mien.looks.face_regions import FaceRegions
from mien.looks.person_skin import PersonSkin
from mien.looks.surface_graph import smooth_field

DARK_BROWN = np.array([0.030, 0.019, 0.013])
"""Linear; assumed when nothing is seen."""
DARKEST = np.array([0.010, 0.0085, 0.0075])
"""Black hair; linear."""
LEAST_RED = 1.04
"""Even white hair has this much more red than green, and green than blue."""
UNLIKE_SKIN = 0.40
"""Logarithmic difference from the skin from which on a colour is taken for hair."""
ENOUGH_VERTICES = 12


@dataclass(frozen=True)
class HairColor:
    """Hair on the scalp and in the brows.

    Attributes:
        color: (3,) linear albedo.
        coverage: 0 for a bald head to 1.
        brows: (3,) linear albedo of the brows' hair.
    """

    color: Float[np.ndarray, " 3"]
    coverage: float
    brows: Float[np.ndarray, " 3"]


def usual_hair() -> HairColor:
    """What is assumed of a person of whom nothing is seen."""
    return HairColor(DARK_BROWN, 1.0, DARK_BROWN)


def solve_hair(
    face: FaceInPicture,
    model: AlbedoModel,
    regions: FaceRegions,
    skin: PersonSkin,
    colors: Float[np.ndarray, "vertices 3"],
) -> HairColor:
    """Look at the scalp above the forehead; where none is seen, at the brows.

    Args:
        colors: (V, 3) linear, as the picture shows the vertices.
    """
    points_px = np.nan_to_num(face.points_px, nan=-1e4)
    seen = face.seen(
        points_px[:, 0], points_px[:, 1], face.depth_m, np.where(face.facing > 0.2, 1.0, face.facing)
    )
    albedo = np.maximum(colors / face.light_at(skin.light), 2e-3)
    expected = model.log_albedo(skin.tone, skin.weights)
    difference = np.log(albedo) - expected
    luminance = difference @ LUMINANCE
    unlike = np.abs(luminance) + 1.2 * np.abs(difference - luminance[:, None]).max(axis=1)
    brows = _brow_color(regions, albedo, luminance, seen)
    shown = DARK_BROWN if brows is None else 0.8 * brows
    scalp = (model.scalp > 0.15) & (seen > 0.3) & (regions.skin > 0)
    if scalp.sum() >= ENOUGH_VERTICES:
        hairy = scalp & (unlike > UNLIKE_SKIN) & (albedo[:, 2] < 1.2 * albedo[:, 0])  # hats may be blue
        share = hairy.sum() / scalp.sum()
        if share < 0.35:
            return HairColor(DARK_BROWN, 0.0, shown)
        # About the hairline vertices see skin and hair mixed: the half that is least like skin counts.
        hairy &= unlike >= np.median(unlike[hairy])
        color = np.exp(np.median(np.log(albedo[hairy]), axis=0))
        return HairColor(_natural(np.clip(color, DARKEST, 0.75)), 1.0, shown)
    return HairColor(usual_hair().color if brows is None else 0.75 * brows, 1.0, shown)


def _brow_color(
    regions: FaceRegions, albedo: np.ndarray, luminance: np.ndarray, seen: np.ndarray
) -> Float[np.ndarray, " 3"] | None:
    """(3,) of the darkest of the brows; None where none are darker than the skin."""
    brows = (regions.brows > 0.6) & (seen > 0.5)
    if brows.sum() < ENOUGH_VERTICES:
        return None
    darkest = brows & (luminance <= np.percentile(luminance[brows], 35))
    if -float(np.median(luminance[darkest])) < 0.25:
        return None
    color = np.exp(np.median(np.log(albedo[darkest]), axis=0))
    return _natural(np.clip(color, DARKEST, 0.5))


def _natural(color: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    """From warm grey to red, never blue or green, with the same luminance."""
    red = max(float(color[0]), 1e-4)
    green = float(np.clip(color[1], 0.35 * red, red / LEAST_RED))
    blue = float(np.clip(color[2], 0.1 * red, green / LEAST_RED))
    ordered = np.array([red, green, blue])
    return ordered * float(color @ LUMINANCE) / float(ordered @ LUMINANCE)


def with_hair(
    log_albedo: Float[np.ndarray, "vertices 3"], share: Float[np.ndarray, " vertices"], hair: HairColor
) -> Float[np.ndarray, "vertices 3"]:
    """(V, 3) logarithm of the albedo with hair where it grows."""
    return (1 - share)[:, None] * log_albedo + share[:, None] * np.log(hair.color)


def usual_share(model: AlbedoModel, hair: HairColor) -> Float[np.ndarray, " vertices"]:
    """(V,) where people's hair grows, 0 to 1."""
    return np.clip((model.scalp - 0.08) / 0.3, 0, 1) * hair.coverage


def seen_share(
    face: FaceInPicture,
    model: AlbedoModel,
    regions: FaceRegions,
    skin: PersonSkin,
    hair: HairColor,
    seen: Float[np.ndarray, " vertices"],
    colors: Float[np.ndarray, "vertices 3"],
) -> Float[np.ndarray, " vertices"]:
    """(V,) where this person's hair grows: as the picture shows it about the hairline, as usual elsewhere."""
    usual = usual_share(model, hair)
    if hair.coverage == 0:
        return usual
    light = np.log(np.maximum(colors / face.light_at(skin.light), 2e-3))
    from_skin = np.linalg.norm(light - model.log_albedo(skin.tone, skin.weights), axis=1)
    from_hair = np.linalg.norm(light - np.log(hair.color), axis=1)
    nearer = np.clip(0.5 + 1.5 * (from_skin - from_hair) / (from_skin + from_hair + 0.2), 0, 1)
    weights = seen * regions.hairline * (1 - _ears(face.head, model))
    change = smooth_field(
        face.head, (nearer - usual)[:, None], weights, stiffness=0.3, prior_weight=0.002, iterations=40
    )[:, 0]
    share = np.clip(usual + change * (1 - _ears(face.head, model)), 0, 1)
    edge = np.clip((share - 0.3) / 0.4, 0, 1)  # a hairline, not a fade from brown to skin
    return edge * edge * (3 - 2 * edge) * regions.skin


def _ears(head: Head, model: AlbedoModel) -> Float[np.ndarray, " vertices"]:
    """(V,) 1 on what lies behind the face's edge, below the brows and outside the scalp: ears and neck."""
    points_m = head.mean_m[head.landmark_set("ibug68").vertices]
    behind = np.clip((points_m[[0, 16], 2].mean() + 0.006 - head.mean_m[:, 2]) / 0.006, 0, 1)
    below = np.clip((points_m[17:27, 1].max() + 0.004 - head.mean_m[:, 1]) / 0.006, 0, 1)
    return behind * below * np.clip(1 - 4 * model.scalp, 0, 1)
