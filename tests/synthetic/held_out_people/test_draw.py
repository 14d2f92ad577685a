"""How drawn people are photographed."""

from __future__ import annotations

import numpy as np
import pytest

from mien.heads.library import load_head
from mien.landmarks.region import region_from_points
from mien.synthetic.held_out_people import draw
from mien.synthetic.held_out_people.crowd import Crowd, Photographer
from mien.synthetic.held_out_people.draw import FACE_SIDES, FOCAL_SHARES

SHOTS = 4


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    head, rng = load_head(), np.random.default_rng(1)
    identity = rng.normal(size=(3, head.identity_count))
    crowd = Crowd(
        displacements_m=np.tensordot(identity, head.identity_basis_m, axes=1),
        joints_m=np.tensordot(identity, head.joints_identity_m, axes=1),
        groups=("x",) * 3,
        expression=np.zeros((3, SHOTS, head.expression_count)),
        joint_rotations=np.zeros((3, SHOTS, 4, 3)),
        root_rotation=np.zeros((3, SHOTS, 3)),
        root_translation_m=np.zeros((3, SHOTS, 3)),
        focal_px=np.ones((3, SHOTS)),
        size_px=512,
        head_name=head.name,
        head_version=head.version,
        seed=1,
    )
    for person in range(3):
        for shot in range(SHOTS):
            draw._pose(crowd, head, person, shot, rng)
    return crowd


def test_faces_fill_the_pictures_as_wished_and_lie_near_the_middle(crowd: Crowd):
    photographer = Photographer(crowd, load_head())
    for person in range(3):
        for shot in range(SHOTS):
            points_px = photographer.landmarks(person, shot, "dense703").points_px
            region = region_from_points(points_px, "dense703")
            assert FACE_SIDES[0] * 0.98 < region.side_px / 512 < FACE_SIDES[1] * 1.02
            assert np.abs(region.center_px - 255.5).max() < 0.07 * 512


def test_the_first_shot_is_neutral_and_frontal_the_others_differ(crowd: Crowd):
    assert not crowd.expression[:, 0].any()
    assert (crowd.expression[:, 1:].max(axis=2) > 0).all()
    assert (np.abs(crowd.root_rotation[:, 0, 1]) < 0.4).all()
    assert (crowd.root_rotation[:, 2, 1] > 0.1).all()
    assert (crowd.root_rotation[:, 3, 1] < -0.1).all()
    shares = crowd.focal_px / (2**0.5 * 512)
    assert ((shares > FOCAL_SHARES[0]) & (shares < FOCAL_SHARES[1])).all()
