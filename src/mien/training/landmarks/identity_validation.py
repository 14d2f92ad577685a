"""How much of the people in held-out pictures a network shows: the mean error hides that everybody gets the
same face (`mien.evaluation.landmarks.identity_bands`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.datasets.crops.batches import CropDataset
from mien.evaluation.landmarks.identity_bands import KnownPerson, band_figures, views
from mien.heads.landmark_sets import landmark_set
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.learning.devices import bfloat16

_PARAMETERS = ("identity", "expression", "joint_rotations", "root_rotation", "root_translation_m")
_NEEDED = {*_PARAMETERS, "focal_px", "principal_px", "yaw_rad"}


@dataclass(frozen=True, eq=False)
class KnownPeople:
    """Held-out pictures of whose people everything is known, as a tracker frames them.

    Attributes:
        crops: (N, S, S, 3) RGB, the region of the exact landmarks.
        people: what is known of each, by the landmarks of the face.
        yaws_rad: of each.
        face: indices of those landmarks in the network's set.
    """

    crops: UInt8[np.ndarray, "people size size 3"]
    people: tuple[KnownPerson, ...]
    yaws_rad: tuple[float, ...]
    face: np.ndarray


def known_people(dataset: CropDataset, *, most: int = 240) -> KnownPeople | None:
    """Up to `most` faces of the held-out shards, evenly chosen; None where these do not say who was drawn, or
    were drawn with a head of other identity modes."""
    store = dataset.open_store(part="validation")
    store.refresh()
    chosen = np.linspace(0, len(store) - 1, min(most, len(store))).round().astype(int).tolist()
    chosen = [index for index in chosen if store.details(index).keys() >= _NEEDED]
    if not chosen:
        return None
    head, layout = load_head(), dataset.layout
    if len(store.details(chosen[0])["identity"]) != head.identity_count:
        return None
    face = np.flatnonzero(layout.face)
    vertices = landmark_set(layout.set_name).vertices[face]
    crops, people, yaws_rad = [], [], []
    for index in chosen:
        shown, known = store[index], store.details(index)
        height_px, width_px = shown.picture.shape[:2]
        (x_px, y_px), focal_px = known["principal_px"], known["focal_px"]
        intrinsics = np.array([[focal_px, 0, x_px], [0, focal_px, y_px], [0, 0, 1.0]])
        camera = Camera(intrinsics, PICTURE_CAMERA_FROM_WORLD, width_px, height_px)
        parameters = HeadParameters(**{name: np.asarray(known[name], float) for name in _PARAMETERS})
        true_px = np.asarray(shown.points_px[face], float)
        crops.append(shown.region.scaled(dataset.config.crop_scale).crop(shown.picture, dataset.config.size))
        people.append(KnownPerson.of(head, vertices, parameters, camera, true_px))
        yaws_rad.append(float(known["yaw_rad"]))
    return KnownPeople(np.stack(crops), tuple(people), tuple(yaws_rad), face)


@torch.no_grad()
def identity_figures(
    network: nn.Module,
    known: KnownPeople,
    *,
    device: torch.device | None = None,
    half_precision: bool = False,
    chunk: int = 128,
) -> dict[str, dict[str, float]]:
    """ "identity, frontal" and "identity, turned": slope and explained variance of each band of modes.

    Args:
        network: a `LandmarkNetwork` in eval mode.
        known: of `known_people`.
    """
    device = device or torch.device("cpu")
    answers = []
    for start in range(0, len(known.crops), chunk):
        crops = torch.from_numpy(known.crops[start : start + chunk].copy()).to(device)
        with bfloat16(device, enabled=half_precision):
            answers.append(network(crops.permute(0, 3, 1, 2).float() / 255).points)
    points = torch.cat(answers).float().cpu().numpy()[:, known.face].astype(float)
    figures = {}
    for view, chosen in views(known.yaws_rad).items():
        if chosen:
            bands = band_figures([known.people[i] for i in chosen], [points[i] for i in chosen])
            figures[f"identity, {view}"] = {
                f"{figure} {band}": getattr(each, figure)
                for band, each in bands.items()
                for figure in ("slope", "explained")
            }
    return figures
