"""Training batches for the coarse and the fine network, cut from volumes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.geometry.rotations import random_rotation
from mien.heads.landmark_sets import mirror_indices
from mien.heads.library import load_head
from mien.landmarks_in_fields.boxes import Box, BoxSizes, fine_boxes, relative_places
from mien.landmarks_in_fields.network import FieldLandmarkNetwork
from mien.synthetic.negatives.face_cut import FaceCut
from mien.synthetic.volumes.head_volume import HeadVolume
from mien.synthetic.volumes.other_faces import OtherFaces
from mien.synthetic.volumes.shape_jitter import ShapeJitter
from mien.training.landmarks_in_fields.augmentation import roughen
from mien.training.landmarks_in_fields.box_sampling import (
    COARSE_POOL,
    FACE_POOL,
    TYPICAL_RADIUS_M,
    LoadedVolume,
    centre_and_radius,
    coarse_box,
    likely_coarse_error,
    wrong_rotation,
)
from mien.training.landmarks_in_fields.negatives import RandomSolids
from mien.training.landmarks_in_fields.searched_boxes import searched_head
from mien.training.landmarks_in_fields.volume_sampler import VolumeSampler
from mien.training.landmarks_in_fields.warps import SpaceMap, TpsWarp, can_warp

LARGEST_TURN_RAD = 1.13
"""Upright enough: turning a cube in 24 ways brings every head within this (62.8° and a little)."""
LAST_TURN_RAD = 0.2
"""How far a head may still be turned at the coarse network's last look."""
FROM_COARSE = 0.5
"""Share of the fine samples whose boxes are cut at the coarse network's prediction."""
FARTHEST_COARSE_M = 0.02
"""Mean error from which a coarse prediction is no start for the fine network."""
NO_HEAD_M = 0.03
"""Mean error from which it is no head."""
SEARCHED = 0.1
"""Share of the fine samples of heads that are cut where the search finds a head, rightly or not."""
WRONG = 0.15
"""Share of the samples that are turned further than a coarse network should see, or (fine) cut elsewhere than
at the face."""
OBJECTS, FACELESS = 0.15, 0.06
"""Shares of the samples that are something else, and heads whose face is cut away."""
FROM_SEARCH = 0.8
"""Share of the fine samples of these that are cut where the search takes them for a head; the others are cut
anywhere."""
BESIDE, BESIDE_M = 0.25, (0.05, 0.12)
"""Of these: share beside the face, and how far."""
ASKEW, ASKEW_RAD = 0.4, 0.8
"""Share of the turned ones that are turned by at least this, but less than a wrong rotation is."""
OTHER_PERSON = 0.4
"""Share of the samples that are warped to somebody else's landmarks."""
JITTERED = 0.8
"""Share of the samples that are not warped and are made into somebody a little different."""
KEPT = 1500
"""Cut samples that are kept for use in further batches."""


@dataclass(frozen=True)
class BoxBatch:
    """Samples of one stage.

    Attributes:
        volumes: (B, K, 4, N, N, N).
        places: (B, K, 4), see `relative_places`.
        landmarks: (B, 68, 3) in the first box's coordinates; undefined without a head.
        half_side_m: (B,) of the first box.
        is_head: (B,) 0 or 1.
        store_size: volumes that they were drawn from.
    """

    volumes: Float[Tensor, "b k 4 n n n"]
    places: Float[Tensor, "b k 4"]
    landmarks: Float[Tensor, "b 68 3"]
    half_side_m: Float[Tensor, " b"]
    is_head: Float[Tensor, " b"]
    store_size: int

    def __len__(self) -> int:
        return len(self.volumes)

    def to(self, device: torch.device) -> BoxBatch:
        """The same on a device."""
        return replace(
            self,
            volumes=self.volumes.to(device),
            places=self.places.to(device),
            landmarks=self.landmarks.to(device),
            half_side_m=self.half_side_m.to(device),
            is_head=self.is_head.to(device),
        )


@dataclass(frozen=True)
class _Cut:
    """The boxes of one sample; colours in bytes."""

    volumes: Tensor
    places: np.ndarray
    landmarks: np.ndarray
    half_side_m: float
    is_head: float

    @staticmethod
    def of(volumes: list[Tensor], boxes: list[Box], landmarks_m: np.ndarray, is_head: float) -> _Cut:
        return _Cut(
            (torch.stack(volumes) * 255).round_().byte(),
            relative_places(boxes),
            boxes[0].from_field(landmarks_m),
            boxes[0].half_side_m,
            is_head,
        )


class BatchMaker:
    """Draws batches.

    Args:
        size: voxels a side.
        boxes: of the fine stage, 4 or 1.
        warp: share of samples that are warped to another expression, where their mouth allows it.
        augment: change people and expressions, roughen the volumes.
        fresh: share of each batch that is cut anew.
        coarse: of the fine stage: half of the boxes are cut where this network puts the landmarks, the others
            with errors drawn at random (second looks have smaller ones than any coarse network).
    """

    def __init__(
        self,
        volumes: VolumeSampler,
        *,
        stage: str,
        size: int,
        boxes: int = 4,
        warp: float = 0.0,
        augment: bool = True,
        fresh: float = 1.0,
        sizes: BoxSizes | None = None,
        coarse: FieldLandmarkNetwork | None = None,
    ) -> None:
        self.volumes, self.stage, self.size, self.boxes = volumes, stage, size, boxes
        self._warp, self._augment, self._fresh = warp, augment, fresh
        self._kept: list[_Cut] = []
        self._sizes, self._coarse_network = sizes or BoxSizes(), coarse
        self._others = OtherFaces(load_head())
        head = load_head()
        self._objects = RandomSolids(head.mean_m[head.landmark_set("ict68").vertices])
        self._mirror = mirror_indices("ict68")

    def draw(self, count: int, seed: int) -> BoxBatch:
        """The batch that belongs to a seed, the volumes there are and what was drawn before.

        Cutting and roughening boxes takes longer than learning from them, so those of earlier batches are
        used again: `fresh` of each batch are new.
        """
        rng = np.random.default_rng([seed, 31])
        new = count if len(self._kept) < count else max(1, round(self._fresh * count))
        samples = self._cut(new, rng, torch.Generator().manual_seed(seed))
        if new < count:
            samples += [self._kept[i] for i in rng.choice(len(self._kept), count - new, replace=False)]
        for sample in samples[:new]:
            if len(self._kept) < KEPT:
                self._kept.append(sample)
            else:
                self._kept[rng.integers(KEPT)] = sample
        return BoxBatch(
            torch.stack([sample.volumes for sample in samples]).float().div_(255),
            torch.from_numpy(np.stack([sample.places for sample in samples]).astype(np.float32)),
            torch.from_numpy(np.stack([sample.landmarks for sample in samples]).astype(np.float32)),
            torch.tensor([sample.half_side_m for sample in samples], dtype=torch.float32),
            torch.tensor([sample.is_head for sample in samples], dtype=torch.float32),
            len(self.volumes.volumes),
        )

    def _cut(self, count: int, rng: np.random.Generator, generator: torch.Generator) -> list[_Cut]:
        """New samples, roughened."""
        samples = [self._sample(rng) for _ in range(count)]
        if not self._augment:
            return samples
        volumes = torch.stack([sample.volumes for sample in samples]).float().div_(255)
        rough = roughen(volumes.flatten(0, 1), generator).reshape(volumes.shape).mul_(255).round_().byte()
        return [replace(sample, volumes=volume) for sample, volume in zip(samples, rough, strict=True)]

    def _changed(
        self, source: HeadVolume, rng: np.random.Generator
    ) -> tuple[SpaceMap | None, Float[np.ndarray, "68 3"]]:
        """How a sample's volume is changed, and where its landmarks then are."""
        here_m = source.landmarks_m
        if not self._augment:
            return None, here_m
        target_m, carried_m = here_m, None
        if rng.random() < self._warp:
            other_m = self._others.expression_m(source, rng)
            if can_warp(here_m, other_m):
                target_m = other_m
        if rng.random() < OTHER_PERSON:
            other_m = self._others.person_m(target_m, rng)
            target_m, carried_m = other_m, other_m - target_m
        if target_m is not here_m:
            return TpsWarp.between(here_m, target_m, carried_m=carried_m), target_m
        if rng.random() < JITTERED:
            jitter = ShapeJitter.random(rng, here_m.mean(axis=0))
            return jitter, jitter.target_from_source(here_m)
        return None, here_m

    def _mirrored(self, landmarks_m: np.ndarray) -> np.ndarray:
        return landmarks_m[self._mirror] * [-1.0, 1.0, 1.0]

    def _sample(self, rng: np.random.Generator) -> _Cut:
        if self._augment:
            if rng.random() < OBJECTS:
                return self._object(rng)
            if rng.random() < FACELESS:
                return self._faceless(rng)
        return self._coarse(rng) if self.stage == "coarse" else self._fine(rng)

    def _object(self, rng: np.random.Generator) -> _Cut:
        """Something that is no head, anyhow turned, with a face's boxes somewhere on it."""
        volume = self._objects.random(rng)
        turn = random_rotation(rng, largest_rad=np.pi)
        if self.stage == "coarse":
            box = coarse_box(volume, rng, mirrored=False, cut_y_m=-np.inf, turn=turn)
            sampled = volume.sample(box, self.size, level=COARSE_POOL)
            return _Cut.of([sampled], [box], volume.source.landmarks_m, 0.0)
        if self._coarse_network is not None and rng.random() < FROM_SEARCH:
            return self._found_by_search(volume, rng)
        centre_m, radius_m = centre_and_radius(volume)
        scale = radius_m / TYPICAL_RADIUS_M * float(np.exp(rng.normal(0, 0.1)))
        landmarks_m = scale * volume.source.landmarks_m @ turn.T + centre_m + rng.normal(0, 0.1, 3) * radius_m
        boxes = likely_coarse_error(landmarks_m, rng, self._sizes, field_from_head=turn)
        return _Cut.of(self._sampled(volume, boxes), boxes[: self.boxes], landmarks_m, 0.0)

    def _faceless(self, rng: np.random.Generator) -> _Cut:
        """A head whose face is cut away."""
        volume = self.volumes.random(rng)
        landmarks_m = volume.source.landmarks_m
        tint = (
            rng.uniform(0.1, 1, 3)
            if rng.random() < 0.3
            else rng.uniform(0.2, 1) * np.array([0.9, 0.72, 0.62])
        )
        face_cut = FaceCut(
            float(np.quantile(landmarks_m[:, 2], rng.uniform(0, 0.3))),
            bulge_per_m=float(rng.uniform(-2, 4)) if rng.random() < 0.5 else 0.0,
            tint=None if rng.random() < 0.3 else (float(tint[0]), float(tint[1]), float(tint[2])),
        )
        if self.stage == "coarse":
            turn = random_rotation(rng, largest_rad=LARGEST_TURN_RAD)
            box = coarse_box(volume, rng, mirrored=False, cut_y_m=-np.inf, face_cut=face_cut, turn=turn)
            sampled = volume.sample(box, self.size, level=COARSE_POOL, face_cut=face_cut)
            return _Cut.of([sampled], [box], landmarks_m, 0.0)
        if self._coarse_network is not None and rng.random() < FROM_SEARCH:
            return self._found_by_search(volume, rng, face_cut=face_cut)
        shifted_m = landmarks_m + [0.0, 0.0, rng.uniform(-0.06, 0.0)]
        boxes = likely_coarse_error(shifted_m, rng, self._sizes)
        return _Cut.of(self._sampled(volume, boxes, face_cut=face_cut), boxes[: self.boxes], landmarks_m, 0.0)

    def _found_by_search(
        self, volume: LoadedVolume, rng: np.random.Generator, *, face_cut: FaceCut | None = None
    ) -> _Cut:
        """Boxes where the coarse network takes something that is not a head for one."""
        assert self._coarse_network is not None
        points_m, rotation = searched_head(self._coarse_network, volume, rng, face_cut=face_cut)
        boxes = likely_coarse_error(points_m, rng, self._sizes, field_from_head=rotation)
        return _Cut.of(self._sampled(volume, boxes, face_cut=face_cut), boxes[: self.boxes], points_m, 0.0)

    def _searched(self, volume: LoadedVolume, rng: np.random.Generator) -> _Cut | None:
        """Boxes where the search finds a head: at the face, or not there at all; None for what is between."""
        assert self._coarse_network is not None
        landmarks_m = volume.source.landmarks_m
        cut_y_m = landmarks_m[8, 1] - rng.uniform(0.01, 0.12) if rng.random() < 0.6 else -np.inf
        points_m, rotation = searched_head(self._coarse_network, volume, rng, cut_y_m=cut_y_m)
        error_m = np.linalg.norm(points_m - landmarks_m, axis=1).mean()
        if FARTHEST_COARSE_M < error_m < NO_HEAD_M:
            return None
        boxes = fine_boxes(points_m, rotation, self._sizes)
        is_head = float(error_m < NO_HEAD_M)
        return _Cut.of(self._sampled(volume, boxes), boxes[: self.boxes], landmarks_m, is_head)

    def _sampled(
        self,
        volume: LoadedVolume,
        boxes: list[Box],
        *,
        mirrored: bool = False,
        face_cut: FaceCut | None = None,
        change: SpaceMap | None = None,
    ) -> list[Tensor]:
        """The fine stage's boxes, the face's of the volume's half resolution."""
        return [
            volume.sample(
                box,
                self.size,
                level=FACE_POOL if index == 0 else 1,
                mirrored=mirrored,
                face_cut=face_cut,
                change=change,
            )
            for index, box in enumerate(boxes[: self.boxes])
        ]

    def _coarse(self, rng: np.random.Generator) -> _Cut:
        volume, mirrored = self.volumes.random(rng), bool(rng.random() < 0.5)
        change, landmarks_m = self._changed(volume.source, rng)
        cut_y_m = landmarks_m[8, 1] - rng.uniform(0.01, 0.12) if rng.random() < 0.6 else -np.inf
        if mirrored:
            landmarks_m = self._mirrored(landmarks_m)
        upright = rng.random() > WRONG
        turn = random_rotation(rng, largest_rad=LARGEST_TURN_RAD)
        if not upright:
            turn = wrong_rotation(rng)
        box = coarse_box(volume, rng, mirrored=mirrored, cut_y_m=cut_y_m, turn=turn)
        sampled = volume.sample(
            box, self.size, level=COARSE_POOL, mirrored=mirrored, cut_y_m=cut_y_m, change=change
        )
        return _Cut.of([sampled], [box], landmarks_m, float(upright))

    def _fine(self, rng: np.random.Generator) -> _Cut:
        volume, mirrored = self.volumes.random(rng), bool(rng.random() < 0.5)
        if self._augment and rng.random() < WRONG:
            return self._not_at_the_face(volume, rng, mirrored=mirrored)
        if self._augment and self._coarse_network is not None and rng.random() < SEARCHED:
            found = self._searched(volume, rng)
            if found is not None:
                return found
        change, landmarks_m = self._changed(volume.source, rng)
        if mirrored:
            landmarks_m = self._mirrored(landmarks_m)
        boxes: list[Box] | None = None
        if self._coarse_network is not None and rng.random() < FROM_COARSE:
            boxes = self._predicted_boxes(volume, landmarks_m, rng, mirrored=mirrored, change=change)
        boxes = boxes or likely_coarse_error(landmarks_m, rng, self._sizes)
        sampled = self._sampled(volume, boxes, mirrored=mirrored, change=change)
        return _Cut.of(sampled, boxes[: self.boxes], landmarks_m, 1.0)

    def _not_at_the_face(self, volume: LoadedVolume, rng: np.random.Generator, *, mirrored: bool) -> _Cut:
        """Boxes where a face would be if the head were turned, or beside the face: what a coarse network that
        took something else for a face would cut."""
        shift_m = np.zeros(3)
        if rng.random() < BESIDE:
            turn, away = random_rotation(rng, largest_rad=0.3), rng.normal(size=3)
            shift_m = away / np.linalg.norm(away) * rng.uniform(*BESIDE_M)
        elif rng.random() < ASKEW:
            turn = random_rotation(rng, smallest_rad=ASKEW_RAD, largest_rad=1.5)
        else:
            turn = wrong_rotation(rng)
        landmarks_m = volume.source.landmarks_m @ turn.T + shift_m
        boxes = likely_coarse_error(landmarks_m, rng, self._sizes, field_from_head=turn)
        sampled = self._sampled(volume, boxes, mirrored=mirrored)
        return _Cut.of(sampled, boxes[: self.boxes], landmarks_m, 0.0)

    def _predicted_boxes(
        self,
        volume: LoadedVolume,
        landmarks_m: np.ndarray,
        rng: np.random.Generator,
        *,
        mirrored: bool,
        change: SpaceMap | None,
    ) -> list[Box] | None:
        """Boxes at the coarse network's prediction; None where that is too far off to learn from."""
        assert self._coarse_network is not None
        cut_y_m = landmarks_m[8, 1] - rng.uniform(0.01, 0.12) if rng.random() < 0.6 else -np.inf
        turn = random_rotation(rng, largest_rad=LAST_TURN_RAD)
        box = coarse_box(volume, rng, mirrored=mirrored, cut_y_m=cut_y_m, turn=turn)
        size = self._coarse_network.config.size
        seen = volume.sample(box, size, level=COARSE_POOL, mirrored=mirrored, cut_y_m=cut_y_m, change=change)[
            None
        ]
        if self._augment:
            seen = roughen(seen, torch.Generator().manual_seed(int(rng.integers(2**31))))
        with torch.no_grad():
            output = self._coarse_network(seen[None])
        points_m, rotation, _ = output.in_field(0, box)
        if np.linalg.norm(points_m - landmarks_m, axis=1).mean() > FARTHEST_COARSE_M:
            return None
        return fine_boxes(points_m, rotation, self._sizes)
