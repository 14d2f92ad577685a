"""Validation by identity bands, on shards of the built-in head without rendered pictures."""

from __future__ import annotations

import tarfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.datasets.crops.batches import CropDataset
from mien.datasets.crops.config import CropDataConfig
from mien.heads.library import load_head
from mien.synthetic.scenes.drawn_face import LABEL_SET, DrawnFace
from mien.synthetic.scenes.shards import add_sample
from mien.training.landmarks.identity_validation import identity_figures, known_people
from mien.training.landmarks.networks import LandmarkOutput

SIZE_PX = 96
YAWS_DEG = (0, 10, -15, 30, 45, 80)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Six drawn people whose pictures show nothing; the records and points are exact."""
    head, rng = load_head(), np.random.default_rng(1)
    vertices = head.landmark_set(LABEL_SET).vertices
    camera = Camera.from_focal(
        150.0, width_px=SIZE_PX, height_px=SIZE_PX, camera_from_world=PICTURE_CAMERA_FROM_WORLD
    )
    folder = tmp_path_factory.mktemp("shards")
    with tarfile.open(folder / "shard-000000.tar", "w") as archive:
        for index, yaw_deg in enumerate(YAWS_DEG):
            parameters = replace(
                head.neutral(),
                identity=0.4 * rng.normal(size=head.identity_count),
                root_rotation=np.array([0.0, np.radians(yaw_deg), 0.0]),
                root_translation_m=np.array([0.0, 0.0, -0.6]),
            )
            details = {
                "identity": parameters.identity.tolist(),
                "expression": parameters.expression.tolist(),
                "joint_rotations": parameters.joint_rotations.tolist(),
                "root_rotation": parameters.root_rotation.tolist(),
                "root_translation_m": parameters.root_translation_m.tolist(),
                "focal_px": camera.focal_px,
                "principal_px": camera.intrinsics[:2, 2].tolist(),
                "yaw_rad": float(np.radians(yaw_deg)),
            }
            points_px = camera.project(head.vertices_m(parameters)[vertices]).astype(np.float32)
            picture = np.full((SIZE_PX, SIZE_PX, 3), 90, np.uint8)
            nobody = replace(parameters, identity=np.zeros(head.identity_count))
            face = DrawnFace(
                picture=picture,
                mask=picture[..., 0],
                points_px=points_px,
                posed_mean_px=camera.project(head.vertices_m(nobody)[vertices]).astype(np.float32),
                identity=parameters.identity.astype(np.float16),
                expression=parameters.expression.astype(np.float16),
                visibility=np.zeros(len(vertices), np.uint8),
                details=details,
            )
            add_sample(archive, f"{index:08d}", face)
    return CropDataset.of(CropDataConfig(data=(folder,), set="dense320", size=48), seed=0)


class Answers(torch.nn.Module):
    """Says for each person in turn a share of their displacement from the mean head."""

    def __init__(self, known, dataset, share):
        super().__init__()
        self.at, self.points = 0, []
        for person in known.people:
            points = np.zeros((len(dataset.layout), 2))
            points[known.face] = person.mean_px + share * (person.true_px - person.mean_px)
            self.points.append(points / SIZE_PX)

    def forward(self, crops):
        rows = self.points[self.at : self.at + len(crops)]
        self.at += len(crops)
        points = torch.from_numpy(np.stack(rows)).float()
        return LandmarkOutput(points, torch.zeros(points.shape[:2]), torch.ones(len(points)))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_share_of_a_person_that_is_shown_is_the_slope(dataset, share):
    known = known_people(dataset)
    assert known is not None
    assert known.crops.shape == (len(YAWS_DEG), 48, 48, 3)
    figures = identity_figures(Answers(known, dataset, share), known, chunk=4)
    assert set(figures) == {"identity, frontal", "identity, turned"}
    for each in figures.values():
        for band in ("all", "1-2", "3-8", "9-30", "rest"):
            assert each[f"slope {band}"] == pytest.approx(share, abs=0.05)
            assert each[f"explained {band}"] == pytest.approx(1 - (1 - share) ** 2, abs=0.05)


def test_pictures_of_another_head_are_left_out(dataset, monkeypatch):
    head = load_head()
    fewer = replace(
        head,
        identity_basis_m=head.identity_basis_m[:7],
        joints_identity_m=head.joints_identity_m[:7],
        identity_mixture=None,
        personal_shapes=(),
    )
    monkeypatch.setattr("mien.training.landmarks.identity_validation.load_head", lambda: fewer)
    assert known_people(dataset) is None
