"""What the coarse network takes for a head in a volume, looking from all sides as the search does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.geometry.rotations import random_rotation
from mien.landmarks_in_fields.boxes import Box
from mien.landmarks_in_fields.coarse_search import coarse_guesses
from mien.landmarks_in_fields.network import FieldLandmarkNetwork
from mien.synthetic.negatives.face_cut import FaceCut
from mien.training.landmarks_in_fields.augmentation import roughen
from mien.training.landmarks_in_fields.box_sampling import COARSE_POOL, LoadedVolume, centre_and_radius

MOST_LIKELY = 0.5
"""How often the likeliest head is taken; else any of those found."""


@dataclass(frozen=True, eq=False)
class TurnedVolume:
    """A volume as it would lie in a field, turned: an `Overview`.

    Attributes:
        field_from_volume: (3, 3) rotation; cut_y_m, face_cut: see `LoadedVolume.sample`.
        seed: of how its surface is changed.
    """

    volume: LoadedVolume
    field_from_volume: Float[np.ndarray, "3 3"]
    cut_y_m: float
    face_cut: FaceCut | None
    seed: int

    @cached_property
    def _extent(self) -> tuple[np.ndarray, float]:
        return centre_and_radius(self.volume, cut_y_m=self.cut_y_m, face_cut=self.face_cut)

    @property
    def centre_m(self) -> Float[np.ndarray, " 3"]:
        return self.field_from_volume @ self._extent[0]

    @property
    def radius_m(self) -> float:
        return self._extent[1]

    def overview(self, box: Box, size: int) -> Float[Tensor, "4 n n n"]:
        volume_from_field = self.field_from_volume.T
        inner = Box(volume_from_field @ box.centre_m, box.half_side_m, volume_from_field @ box.field_from_box)
        seen = self.volume.sample(
            inner, size, level=COARSE_POOL, cut_y_m=self.cut_y_m, face_cut=self.face_cut
        )
        return roughen(seen[None], torch.Generator().manual_seed(self.seed))[0]


def searched_head(
    network: FieldLandmarkNetwork,
    volume: LoadedVolume,
    rng: np.random.Generator,
    *,
    cut_y_m: float = -np.inf,
    face_cut: FaceCut | None = None,
) -> tuple[Float[np.ndarray, "68 3"], Float[np.ndarray, "3 3"]]:
    """Landmarks and rotation, the volume's frame, of one of the heads that a coarse network finds in it.

    Args:
        cut_y_m, face_cut: see `LoadedVolume.sample`.
    """
    turn = random_rotation(rng, largest_rad=np.pi)
    turned = TurnedVolume(volume, turn, cut_y_m, face_cut, int(rng.integers(2**31)))
    with torch.no_grad():
        guesses = coarse_guesses(network, turned)
    guess = guesses[0 if rng.random() < MOST_LIKELY else int(rng.integers(len(guesses)))]
    return guess.points_m @ turn, turn.T @ guess.rotation
