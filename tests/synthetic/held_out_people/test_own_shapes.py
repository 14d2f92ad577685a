"""Shapes that differ from person to person, for people beside the head's identities."""

from __future__ import annotations

import numpy as np

from mien.heads.library import load_head
from mien.synthetic.held_out_people.own_shapes import shapes_of_people


def test_the_heads_own_identities_get_their_own_shapes():
    head = load_head()
    identity = np.random.default_rng(2).normal(size=(3, head.identity_count))
    shapes = shapes_of_people(head, np.tensordot(identity, head.identity_basis_m, axes=1))
    assert [one.shape for one in shapes] == [one.shape for one in head.personal_shapes]
    for found, own in zip(shapes, head.personal_shapes, strict=True):
        for person in range(3):
            expected_m = own.change_m(identity[person])
            left_m = found.change_m(np.eye(3)[person]) - expected_m
            assert np.sqrt((left_m**2).mean()) < 0.3 * np.sqrt((expected_m**2).mean())


def test_the_mean_has_the_mean_shapes():
    head = load_head()
    shapes = shapes_of_people(head, np.zeros((1, head.vertex_count, 3)))
    assert all(not one.identity_m.any() for one in shapes)
