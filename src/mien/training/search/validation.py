"""Figures of the face search on scenes with held-out heads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from mien.datasets.search_scenes.batches import SceneDataset, scene_at
from mien.datasets.search_scenes.scenes import SearchScene
from mien.datasets.search_scenes.targets import PlacedFace
from mien.landmarks.candidates import Candidate, decode, suppress

_SEED = 5_201_030
"""Validation scenes are the same in every training."""

MIN_SCORE = 0.3
"""Score from which a candidate counts, as in `mien.landmarks.search`."""


@dataclass(frozen=True)
class SearchFigures:
    """Figures over the validation scenes.

    Attributes:
        recall: share of the demanded faces that are found.
        false_per_scene: candidates per scene that lie on no face.
        center_error, side_error, roll_error_deg: mean errors of the found ones: distance of the centres over
            the side, ratio of the sides (absolute logarithm), degrees.
    """

    recall: float
    false_per_scene: float
    center_error: float
    side_error: float
    roll_error_deg: float


def validation_scenes(dataset: SceneDataset, *, count: int = 300) -> list[SearchScene]:
    """Fixed scenes of the held-out heads; empty when there are none yet."""
    store = dataset.open_store(part="validation")
    store.refresh()
    fixed = replace(dataset, seed=_SEED)
    return [scene_at(fixed, store, 0, row) for row in range(count)] if len(store) else []


@torch.no_grad()
def evaluate(
    network: nn.Module, scenes: list[SearchScene], *, device: torch.device | None = None
) -> SearchFigures:
    """Figures of a `SearchNetwork` (in eval mode)."""
    errors: list[tuple[float, float, float]] = []
    demanded = false = 0
    for scene in scenes:
        picture = torch.from_numpy(scene.picture.copy()).to(device).permute(2, 0, 1)[None].float() / 255
        output = network(picture)
        found = decode(
            output.score[0, 0].cpu().numpy(), output.geometry[0].cpu().numpy(), min_score=MIN_SCORE
        )
        matched, wrong = match(suppress(found), scene.faces)
        demanded += sum(face.demanded for face in scene.faces)
        false += wrong
        errors += matched
    means = np.mean(errors, axis=0) if errors else np.full(3, np.nan)
    return SearchFigures(
        recall=len(errors) / max(1, demanded),
        false_per_scene=false / max(1, len(scenes)),
        center_error=float(means[0]),
        side_error=float(means[1]),
        roll_error_deg=float(means[2]),
    )


def match(
    candidates: list[Candidate], faces: list[PlacedFace], *, reach: float = 0.25
) -> tuple[list[tuple[float, float, float]], int]:
    """Errors of the demanded faces that were found, and how many candidates lie on no face at all.

    Args:
        candidates: what was found.
        faces: what is there.
        reach: distance of the centres, over the face's side, up to which a candidate is the face's.
    """
    errors: list[tuple[float, float, float]] = []
    used: set[int] = set()
    for face in faces:
        region = face.region
        distances = [
            float(np.linalg.norm(candidate.region.center_px - region.center_px)) / region.side_px
            for candidate in candidates
        ]
        near = [index for index, distance in enumerate(distances) if distance < reach]
        used.update(near)
        if near and face.demanded:
            best = min(near, key=lambda index: distances[index])
            other = candidates[best].region
            turn = (other.roll_rad - region.roll_rad + np.pi) % (2 * np.pi) - np.pi
            side_error = abs(float(np.log(other.side_px / region.side_px)))
            errors.append((distances[best], side_error, float(np.rad2deg(abs(turn)))))
    return errors, len(candidates) - len(used)
