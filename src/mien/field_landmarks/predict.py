"""From a field to its 68 landmarks: clean, look from 24 sides, then closer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import permutations, product

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.errors import InputError
from mien.field_landmarks.boxes import (
    OUTER_EYE_CORNERS,
    WHOLE_OVER_RADIUS,
    Box,
    BoxSizes,
    fine_boxes,
    relative_places,
)
from mien.field_landmarks.canonical import CleanField, CleaningConfig, clean_field
from mien.field_landmarks.network import NetworkOutput, with_mirrored
from mien.field_landmarks.sources import VolumeSource
from mien.field_landmarks.types import Landmarks3D
from mien.field_landmarks.weights import NetworkPair, read_networks

CERTAINLY_NOT = -4.0
"""Below this logit the fine network looks no more."""
SAME_TURN_RAD = 0.35
"""Coarse predictions less apart than this are one."""


@dataclass(frozen=True)
class SearchConfig:
    """How a head is looked for."""

    upright: bool = False
    """The head is known to stand upright in the field and to face +z, give or take 60°: nothing else is
    looked for."""
    candidates: int = 4
    """Of the 24 ways a cube can stand, so many are looked at again, turned as predicted, by both networks."""
    coarse_passes: int = 2
    """Further looks of the coarse network, each turned as the last one said."""
    fine_passes: int = 2
    """Looks of the fine network, each at boxes around the last result; the landmarks are their mean."""
    far: float = 0.1
    """Over the distance of the outer corners of the eyes: a first look that moves the landmarks further only
    says where to look."""
    least_confidence: float = 0.5
    """Below this there is no head."""
    sizes: BoxSizes = field(default_factory=BoxSizes)
    """Of the fine boxes."""
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    """How the field is cleaned."""


@lru_cache(maxsize=1)
def cube_rotations() -> Float[np.ndarray, "24 3 3"]:
    """The rotations that take a cube onto itself."""
    out = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            if np.linalg.det(matrix) > 0:
                out.append(matrix)
    return np.stack(out)


def turned_volume(volume: Float[Tensor, "4 n n n"], rotation: np.ndarray) -> Float[Tensor, "4 n n n"]:
    """The volume as a box turned by a cube's rotation (field_from_box) sees it; exact."""
    order = np.abs(rotation).argmax(axis=1)
    flipped = [a + 1 for a in range(3) if rotation[a, order[a]] < 0]
    return volume.flip(flipped).permute(0, *(int(np.flatnonzero(order == a)[0]) + 1 for a in range(3)))


class FieldLandmarker:
    """Finds landmarks in fields.

    Args:
        networks: the shipped ones when None.
        config: how it looks.
    """

    def __init__(self, networks: NetworkPair | None = None, config: SearchConfig | None = None) -> None:
        self.networks = networks or read_networks()
        self.config = config or SearchConfig()

    def __call__(self, source: VolumeSource) -> Landmarks3D:
        """The landmarks of the most likely head.

        Raises:
            InputError: the field's box is empty or not finite.
        """
        bounds_m = np.asarray(source.bounds_m, float)
        if not np.isfinite(bounds_m).all() or (bounds_m[1] <= bounds_m[0]).any():
            raise InputError(f"the box {bounds_m.tolist()} of the field is no box", source="field")
        clean = clean_field(source, self.config.cleaning)
        if not np.isfinite(clean.radius_m) or clean.radius_m == 0:
            return Landmarks3D.none_found(0.0)
        with torch.no_grad():
            return self._find(clean)

    def _find(self, clean: CleanField) -> Landmarks3D:
        best: Landmarks3D | None = None
        for coarse in sorted(self._coarse(clean), key=lambda guess: guess.logit, reverse=True):
            # The fine network never makes a guess surer than the coarse one did
            if best is None or _confidence(coarse.logit) > best.confidence:
                found = self._fine(clean, coarse)
                best = found if best is None else max(best, found, key=lambda one: one.confidence)
        assert best is not None
        if best.confidence < self.config.least_confidence:
            return Landmarks3D.none_found(best.confidence)
        return best

    def _coarse(self, clean: CleanField) -> list[_Guess]:
        """Different heads that the coarse network sees."""
        network = self.networks.coarse
        size = network.config.size
        whole = Box(clean.centre_m, WHOLE_OVER_RADIUS * clean.radius_m, np.eye(3))
        seen = clean.overview(whole, size)
        turns = np.eye(3)[None] if self.config.upright else cube_rotations()
        output = network(torch.stack([turned_volume(seen, turn) for turn in turns])[:, None])
        found: list[_Guess] = []
        for index in output.head_logit.argsort(descending=True)[: self.config.candidates].tolist():
            guess = _Guess.of(output, index, replace(whole, field_from_box=turns[index]))
            for _ in range(self.config.coarse_passes):
                box = replace(whole, field_from_box=guess.rotation)
                guess = _Guess.of(network(clean.overview(box, size)[None, None]), 0, box)
            if not any(guess.is_like(other) for other in found):
                found.append(guess)
        return found

    def _fine(self, clean: CleanField, coarse: _Guess) -> Landmarks3D:
        """The landmarks near a coarse prediction; as sure as the less sure of the two networks."""
        network, guess, logit = self.networks.fine, coarse, coarse.logit
        looks: list[_Guess] = []
        while len(looks) < self.config.fine_passes:
            boxes = fine_boxes(guess.points_m, guess.rotation, self.config.sizes)[: network.config.boxes]
            volumes = torch.stack([clean.detail(one, network.config.size) for one in boxes])
            places = torch.from_numpy(relative_places(boxes)).float()
            output = network(*with_mirrored(volumes[None], places[None])).mean_with_mirrored()
            last, guess = guess, _Guess.of(output, 0, boxes[0])
            logit = min(logit, guess.logit)
            if last is not coarse or guess.moved_from(coarse) < self.config.far:
                looks.append(guess)
            if guess.logit < CERTAINLY_NOT:
                break
        looks = looks or [guess]
        return Landmarks3D(
            np.mean([look.points_m for look in looks], axis=0),
            _confidence(logit),
            True,
            guess.field_from_head,
            coarse.points_m,
            np.mean([look.sigma_m for look in looks], axis=0),
        )


def _confidence(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


@dataclass(frozen=True)
class _Guess:
    """One network's prediction in the field's frame; see `NetworkOutput`."""

    points_m: Float[np.ndarray, "68 3"]
    rotation: Float[np.ndarray, "3 3"]
    field_from_head: Float[np.ndarray, "3 4"]
    logit: float
    sigma_m: Float[np.ndarray, " 68"]

    @staticmethod
    def of(output: NetworkOutput, index: int, box: Box) -> _Guess:
        logit = float(output.head_logit[index])
        return _Guess(*output.in_field(index, box), logit, output.sigma_in_field(index, box))

    def moved_from(self, other: _Guess) -> float:
        """Mean distance of two predictions' landmarks over the distance of the outer corners of the eyes."""
        right, left = self.points_m[list(OUTER_EYE_CORNERS)]
        distances = np.linalg.norm(self.points_m - other.points_m, axis=1)
        return float(distances.mean() / np.linalg.norm(left - right))

    def is_like(self, other: _Guess) -> bool:
        """Whether both are the same head, seen about alike."""
        cosine = (np.trace(self.rotation.T @ other.rotation) - 1) / 2
        return bool(cosine > np.cos(SAME_TURN_RAD))


def field_landmarks(source: VolumeSource) -> Landmarks3D:
    """The 68 landmarks of the head in a field (a `RadianceField`, a `GridField`, anything alike).

    Turning, scaling or shifting the field, or giving it in another unit of length, does the same to the
    landmarks. There may be other things in the field if the head is its largest connected part.

    Raises:
        InputError: the field's box is empty or not finite.
    """
    return FieldLandmarker()(source)
