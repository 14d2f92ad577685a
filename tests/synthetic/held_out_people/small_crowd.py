"""Two people within the built-in head's span and a bit beyond, in three shots each."""

from __future__ import annotations

import numpy as np
import pytest

from mien.heads.library import load_head
from mien.synthetic.held_out_people.crowd import Crowd, Photographer


@pytest.fixture(scope="session")
def crowd() -> Crowd:
    head, rng, shots = load_head(), np.random.default_rng(3), 3
    identity = 0.9 * rng.normal(size=(2, head.identity_count))
    displacements_m = np.tensordot(identity, head.identity_basis_m, axes=1)
    # What no identity of the head can make: a shallow wave over the face.
    displacements_m[:, :, 2] += 0.0003 * np.sin(900 * head.mean_m[:, 0])
    expression = np.zeros((2, shots, head.expression_count))
    expression[:, 1:] = 0.3 * np.clip(rng.normal(size=(2, shots - 1, head.expression_count)), 0, 1)
    root_rotation = rng.normal(0, 0.1, (2, shots, 3))
    root_rotation[:, 1, 1], root_rotation[:, 2, 1] = 0.5, -0.5
    return Crowd(
        displacements_m=displacements_m,
        joints_m=np.tensordot(identity, head.joints_identity_m, axes=1),
        groups=("near", "far"),
        expression=expression,
        joint_rotations=np.zeros((2, shots, 4, 3)),
        root_rotation=root_rotation,
        root_translation_m=np.tile([0.01, -0.02, -0.7], (2, shots, 1)),
        focal_px=np.full((2, shots), 800.0),
        size_px=512,
        head_name=head.name,
        head_version=head.version,
        seed=3,
    )


@pytest.fixture
def photographer(crowd: Crowd) -> Photographer:
    return Photographer(crowd, load_head())
