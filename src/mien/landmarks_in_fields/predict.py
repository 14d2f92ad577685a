"""From a field to its 68 landmarks: clean, look from 24 sides, then closer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.protocol import Field
from mien.landmarks_in_fields.boxes import BoxSizes, fine_boxes, relative_places
from mien.landmarks_in_fields.canonical import CleanField, CleaningConfig, clean_field
from mien.landmarks_in_fields.coarse_search import CANDIDATES, PASSES, Guess, coarse_guesses
from mien.landmarks_in_fields.network import with_mirrored
from mien.landmarks_in_fields.network_files import NetworkPair, read_networks
from mien.landmarks_in_fields.types import Landmarks3D

CERTAINLY_NOT = -4.0
"""Below this logit the fine network looks no more."""


@dataclass(frozen=True)
class SearchConfig:
    """How a head is looked for."""

    upright: bool = False
    """The head is known to stand upright in the field and to face +z, give or take 60°: nothing else is
    looked for."""
    candidates: int = CANDIDATES
    """Of the 24 ways a cube can stand, so many are looked at again, turned as predicted, by both networks."""
    coarse_passes: int = PASSES
    """Further looks of the coarse network, each turned as the last one said."""
    fine_passes: int = 2
    """Looks of the fine network, each at boxes around the last result; the landmarks are their mean."""
    far: float = 0.1
    """Over the distance of the outer corners of the eyes: a first look that moves the landmarks further only
    says where to look."""
    min_confidence: float = 0.5
    """Below this there is no head."""
    sizes: BoxSizes = field(default_factory=BoxSizes)
    """Of the fine boxes."""
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    """How the field is cleaned."""


class FieldLandmarker:
    """Finds landmarks in fields.

    Args:
        networks: the shipped ones when None.
        config: how it looks.
    """

    def __init__(self, networks: NetworkPair | None = None, config: SearchConfig | None = None) -> None:
        self.networks = networks or read_networks()
        self.config = config or SearchConfig()

    def __call__(self, field: Field) -> Landmarks3D:
        """The landmarks of the most likely head.

        Raises:
            InputError: the field's box is empty or not finite.
        """
        bounds_m = np.asarray(field.bounds_m, float)
        if not np.isfinite(bounds_m).all() or (bounds_m[1] <= bounds_m[0]).any():
            raise InputError(f"the box {bounds_m.tolist()} is empty or not finite", source="field")
        clean = clean_field(field, self.config.cleaning)
        if not np.isfinite(clean.radius_m) or clean.radius_m == 0:
            return Landmarks3D.none_found(0.0)
        with torch.no_grad():
            return self._find(clean)

    def _find(self, clean: CleanField) -> Landmarks3D:
        config, best = self.config, None
        for coarse in coarse_guesses(
            self.networks.coarse,
            clean,
            upright=config.upright,
            candidates=config.candidates,
            passes=config.coarse_passes,
        ):
            # The fine network never makes a guess surer than the coarse one did
            if best is None or _confidence(coarse.logit) > best.confidence:
                found = self._fine(clean, coarse)
                best = found if best is None else max(best, found, key=lambda one: one.confidence)
        assert best is not None
        if best.confidence < config.min_confidence:
            return Landmarks3D.none_found(best.confidence)
        return best

    def _fine(self, clean: CleanField, coarse: Guess) -> Landmarks3D:
        """The landmarks near a coarse prediction; as sure as the less sure of the two networks."""
        network, guess, logit = self.networks.fine, coarse, coarse.logit
        looks: list[Guess] = []
        while len(looks) < self.config.fine_passes:
            boxes = fine_boxes(guess.points_m, guess.rotation, self.config.sizes)[: network.box_count]
            volumes = torch.stack([clean.detail(one, network.config.size) for one in boxes])
            places = torch.from_numpy(relative_places(boxes)).float()
            output = network(*with_mirrored(volumes[None], places[None])).mean_with_mirrored()
            last, guess = guess, Guess.of(output, 0, boxes[0])
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


@checked_call
def field_landmarks(field: Field) -> Landmarks3D:
    """The 68 landmarks of the head in a field: a `RadianceField`, or any other `Field`.

    Turning, scaling or shifting the field, or giving it in another unit of length, does the same to the
    landmarks. There may be other things in the field if the head is its largest connected part.

    Raises:
        InputError: the field's box is empty or not finite.
    """
    return FieldLandmarker()(field)
