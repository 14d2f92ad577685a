"""How the opinions on a face's landmarks are weighed: learned from fields whose landmarks are known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien import __version__
from mien.errors import InputError
from mien.evaluation.fields.held_out_fields import TestField
from mien.files import write_text
from mien.geometry.rotations import nearest_rotation
from mien.heads.landmark_sets import mirror_indices
from mien.landmarks_in_fields.fusion import FORMAT_VERSION, OPINIONS, OpinionKind, OpinionWeights, weighed
from mien.landmarks_in_fields.network_files import NetworkPair
from mien.landmarks_in_fields.photographs import asked_photographs
from mien.landmarks_in_fields.pictured_landmarks import PicturedLandmarks
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig

PARTS: dict[str, tuple[int, ...]] = {
    "before the ears": (0, 1, 2, 3, 13, 14, 15, 16),
    "jaw": (4, 5, 6, 10, 11, 12),
    "chin": (7, 8, 9),
    "brows": tuple(range(17, 27)),
    "nose": tuple(range(27, 36)),
    "eyes": tuple(range(36, 48)),
    "corners of the mouth": (48, 54, 60, 64),
    "lips": (49, 50, 51, 52, 53, 55, 56, 57, 58, 59, 61, 62, 63, 65, 66, 67),
}
"""Landmarks that err alike: each has one set of weights."""
OUTLIER_DEVIATIONS = 2.5
"""Errors beyond so many typical ones count as if they were no larger."""
EVEN = 0.05
"""Share of the mean variance added to each opinion's: weights stay away from extremes."""
BIAS_SHARE = 0.5
"""Of the mean errors so much is taken away. A dozen people do not tell more of others' errors: each left
out in turn, Wing ×10 is 1.01 with none and 0.99 with half of them taken away."""
SPREADS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Tried for what the opinions' disagreement says of their answer's error."""
_MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class KnownOpinions:
    """What was said of one field's face, and what is true; all in the head's axes, metres.

    Attributes:
        opinions_m: (k, 68, 3) in the order of `OPINIONS` of their kind; truth_m: (68, 3).
    """

    opinions_m: Float[np.ndarray, "k 68 3"]
    truth_m: Float[np.ndarray, "68 3"]

    @property
    def errors_m(self) -> Float[np.ndarray, "k 68 3"]:
        return self.opinions_m - self.truth_m

    def mirrored(self) -> KnownOpinions:
        """The same of the mirror image, which is as likely."""
        partner = list(mirror_indices("ict68"))
        return KnownOpinions(self.opinions_m[:, partner] * _MIRROR, self.truth_m[partner] * _MIRROR)


def known_opinions(
    fields: Iterable[TestField], kind: OpinionKind = "pictures", networks: NetworkPair | None = None
) -> list[KnownOpinions]:
    """Ask the networks and the pictures of each field; left out are those without all
    opinions, and those whose pictures are not fully believed.

    Args:
        kind: whether pictures of the fields are asked, or the photographs that they were trained on.
        networks: the shipped ones when None.
    """
    landmarker = FieldLandmarker(networks, SearchConfig(second_opinion=None))
    pictured = PicturedLandmarks()
    out = []
    for one in fields:
        field = one.field()
        found = landmarker(field)
        if not found.found:
            continue
        second = (
            pictured.second(field, found) if kind == "pictures" else asked_photographs(one.images(), found)
        )
        opinions_m = np.concatenate([found.points_m[None], second.others_m])
        if np.isfinite(opinions_m).all() and pictured.config.belief(second.evidence) == 1:
            scale = float(np.cbrt(np.linalg.det(found.field_from_head[:, :3])))
            to_head = nearest_rotation(found.field_from_head[:, :3]) / scale
            out.append(KnownOpinions(opinions_m @ to_head, one.landmarks_m @ to_head))
    return out


def learned_weights(known: list[KnownOpinions]) -> OpinionWeights:
    """The best linear unbiased combination of the opinions for each part and axis, with errors clipped.

    Raises:
        InputError: there are no fields to learn from.
    """
    if not known:
        raise InputError("there are no fields whose heads are found")
    both = [*known, *(one.mirrored() for one in known)]
    errors_m = np.stack([one.errors_m for one in both])
    bias_m = BIAS_SHARE * errors_m.mean(axis=0)
    errors_m = errors_m - bias_m
    weights = np.zeros((68, 3, len(known[0].opinions_m)))
    for part in PARTS.values():
        for axis in range(3):
            weights[list(part), axis] = _best_mix(errors_m[:, :, list(part), axis])
    sigma_m, spread = np.zeros(68), np.zeros(68)
    off_m, disagreement_m2 = [], []
    for one in both:
        points_m, apart_m2 = weighed(one.opinions_m - bias_m, weights)
        off_m.append(points_m - one.truth_m)
        disagreement_m2.append(apart_m2)
    for part in PARTS.values():
        own = list(part)
        sigma_m[own], spread[own] = _deviations(
            np.stack(off_m)[:, own], np.stack(disagreement_m2)[:, own, None]
        )
    return OpinionWeights(weights, bias_m, sigma_m, spread)


def _best_mix(errors_m: Float[np.ndarray, "fields opinions points"]) -> Float[np.ndarray, " opinions"]:
    """Weights of one over the sum of the inverse covariance's columns, none below 0."""
    samples = np.moveaxis(errors_m, 1, 2).reshape(-1, errors_m.shape[1])
    limit = OUTLIER_DEVIATIONS * 1.4826 * np.median(np.abs(samples))
    samples = samples / np.maximum(1, np.abs(samples).max(axis=1, keepdims=True) / limit)
    covariance = samples.T @ samples / len(samples)
    covariance += EVEN * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    mix = np.maximum(np.linalg.solve(covariance, np.ones(len(covariance))), 0)
    return mix / mix.sum()


def _deviations(
    off_m: Float[np.ndarray, "fields points 3"], disagreement_m2: Float[np.ndarray, "fields points 1"]
) -> tuple[float, float]:
    """The likeliest deviation where opinions agree and share of their disagreement (Gaussian errors)."""
    best = (np.inf, 1.0, 0.0)
    for spread in SPREADS:
        for sigma_m in np.geomspace(0.0005, 0.01, 40):
            variance = sigma_m**2 + spread * disagreement_m2
            cost = float((np.log(variance) + off_m**2 / variance).mean())
            best = min(best, (cost, float(sigma_m), spread))
    return best[1], best[2]


def write_weights(
    path: Path, weights: OpinionWeights, *, fields: int, kind: OpinionKind = "pictures"
) -> None:
    """What `read_weights` reads."""
    content = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "opinions": list(OPINIONS[kind]),
        "fields": fields,
        "weights": np.round(weights.weights, 4).tolist(),
        "bias_m": np.round(weights.bias_m, 6).tolist(),
        "sigma_m": np.round(weights.sigma_m, 6).tolist(),
        "spread": np.round(weights.spread, 4).tolist(),
    }
    write_text(path, json.dumps(content) + "\n")
