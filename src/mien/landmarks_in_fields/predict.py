"""From a field to its 68 landmarks: clean, look from 24 sides, then closer, then at pictures of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.posed_images import PosedImages
from mien.fields.protocol import Field
from mien.landmarks_in_fields.boxes import BoxSizes, fine_boxes, relative_places
from mien.landmarks_in_fields.canonical import CleanField, CleaningConfig, clean_field
from mien.landmarks_in_fields.coarse_search import CANDIDATES, PASSES, Guess, coarse_guesses, look_again
from mien.landmarks_in_fields.network import with_mirrored
from mien.landmarks_in_fields.network_files import NetworkPair, read_networks
from mien.landmarks_in_fields.pictured_landmarks import PicturedLandmarks
from mien.landmarks_in_fields.places import likely_parts, part_about, part_at
from mien.landmarks_in_fields.second_opinion import PicturesConfig
from mien.landmarks_in_fields.types import Landmarks3D

HEAD_MIDDLE_M, HEAD_RADIUS_M = (0.0, 0.01, 0.01), 0.1
"""Centre of mass and root mean square radius of a head, in the head's frame."""
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
    everywhere: bool = False
    """Where the whole of what is solid is no head for sure, look at its parts: shoulders, hair, walls and
    things then do not matter, but among so many looks a thing (a teddy bear) may be taken for a head."""
    sure: float = 0.95
    """A head found with this confidence ends the search."""
    part_guesses: int = 10
    """So many of all parts' guesses are looked at by the fine network."""
    min_confidence: float = 0.5
    """Below this there is no head."""
    sizes: BoxSizes = field(default_factory=BoxSizes)
    """Of the fine boxes."""
    second_opinion: PicturesConfig | None = field(default_factory=PicturesConfig)
    """Take pictures of the head that is found, and weigh 2D landmarks in them against the networks'; None:
    believe the networks alone, which takes a quarter of the time."""
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

    @cached_property
    def _pictured(self) -> PicturedLandmarks:
        return PicturedLandmarks(self.config.second_opinion)

    def __call__(
        self,
        field: Field,
        *,
        near: Float[np.ndarray, "3 4"] | None = None,
        images: PosedImages | None = None,
    ) -> Landmarks3D:
        """The landmarks of the most likely head.

        Args:
            near: where a head's frame is believed to be (field from head, a similarity), as pictures of it
                told: looked at first.
            images: photographs that the field was trained on, their cameras in its frame and unit: 2D
                landmarks in them are asked in place of those in pictures of the field, also where the
                configuration asks no pictures.

        Raises:
            InputError: the field's box is empty or not finite, or the photographs put the face somewhere
                else than the field does.
        """
        best = self._by_networks(field, near)
        asked = images is not None or self.config.second_opinion is not None
        if asked and best.confidence >= self.config.min_confidence:
            best = self._pictured(field, best, images)
        if best.confidence < self.config.min_confidence:
            return Landmarks3D.none_found(best.confidence)
        return best

    def _by_networks(self, field: Field, near: Float[np.ndarray, "3 4"] | None) -> Landmarks3D:
        """What the networks take for a head most, however little."""
        bounds_m = np.asarray(field.bounds_m, float)
        if not np.isfinite(bounds_m).all() or (bounds_m[1] <= bounds_m[0]).any():
            raise InputError(f"the box {bounds_m.tolist()} is empty or not finite", source="field")
        clean = clean_field(field, self.config.cleaning)
        if not np.isfinite(clean.radius_m) or clean.radius_m == 0:
            return Landmarks3D.none_found(0.0)
        with torch.no_grad():
            best = None if near is None else self._near(clean, near)
            if best is None or best.confidence < self.config.sure:
                best = self._best(clean, self._whole(clean), best)
            if best.confidence < self.config.sure and self.config.everywhere:
                best = self._best(clean, self._parts(clean), best)
        return best

    def _best(self, clean: CleanField, guesses: Iterable[Guess], best: Landmarks3D | None) -> Landmarks3D:
        """The surest of some guesses, looked at closely, and of what was found before."""
        for coarse in guesses:
            # The fine network never makes a guess surer than the coarse one did
            if best is None or _confidence(coarse.logit) > best.confidence:
                found = self._fine(clean, coarse)
                best = found if best is None else max(best, found, key=lambda one: one.confidence)
        assert best is not None
        return best

    def _whole(self, clean: CleanField) -> list[Guess]:
        config = self.config
        return coarse_guesses(
            self.networks.coarse,
            clean,
            upright=config.upright,
            candidates=config.candidates,
            passes=config.coarse_passes,
        )

    def _parts(self, clean: CleanField) -> Iterator[Guess]:
        """Guesses in parts of what is solid, the surest first; each is looked at again with nothing around it
        but what such a head has."""
        guesses = []
        for part in likely_parts(clean):
            guesses += coarse_guesses(
                self.networks.coarse, part, upright=self.config.upright, candidates=2, passes=1
            )
        guesses.sort(key=lambda guess: guess.logit, reverse=True)
        for guess in guesses[: self.config.part_guesses]:
            yield self._alone(clean, guess)

    def _alone(self, clean: CleanField, guess: Guess) -> Guess:
        """A guess after a look at its head alone, where that is surer."""
        part = part_about(clean, guess.points_m, -guess.rotation[:, 2])
        if part is None:
            return guess
        seen = look_again(self.networks.coarse, part, guess.rotation)
        return seen if seen.logit > guess.logit else guess

    def _near(self, clean: CleanField, near: Float[np.ndarray, "3 4"]) -> Landmarks3D | None:
        """What is found where a head is believed to be."""
        scale = float(np.cbrt(np.linalg.det(near[:, :3])))
        rotation = near[:, :3] / scale
        part = part_at(clean, near[:, 3] + near[:, :3] @ np.array(HEAD_MIDDLE_M), scale * HEAD_RADIUS_M)
        if part is None:
            return None
        return self._fine(clean, look_again(self.networks.coarse, part, rotation))

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
def field_landmarks(
    field: Field,
    *,
    near: Float[np.ndarray, "3 4"] | None = None,
    images: PosedImages | None = None,
) -> Landmarks3D:
    """The 68 landmarks of the head in a field: a `RadianceField`, or any other `Field`.

    Turning, scaling or shifting the field, or giving it in another unit of length, does the same to the
    landmarks. There may be other things in the field if the head belongs to its largest connected part: long
    hair, shoulders, a wall that it touches.

    Args:
        near: where the head's frame is believed to be (field from head, a similarity), as a capture's
            pictures told (`CaptureFacts.world_from_head`): looked at first.
        images: the photographs that the field was trained on, in its frame and unit (`load_posed_images`):
            they show more of a face than the field does, mouths above all.

    Raises:
        InputError: the field's box is empty or not finite, or the photographs put the face somewhere else
            than the field does.
    """
    return FieldLandmarker()(field, near=near, images=images)
