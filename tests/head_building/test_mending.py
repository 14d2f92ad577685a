"""What is hidden lies outside the eyeballs, and both sides have the same parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.geometry.normals import vertex_normals
from mien.head_building.hidden_skin import CLEARANCE_M, clear_eyeballs, eyeball_radius_m
from mien.head_building.part_labels import with_symmetric_parts
from mien.heads.library import load_head
from mien.heads.model import Head

LEFT_EYE = 2


def on_an_eyeball(head: Head, joint: int) -> np.ndarray:
    """Skin on an eyeball's surface that squarely faces it."""
    outward = head.mean_m - head.joints_mean_m[joint]
    distance_m = np.linalg.norm(outward, axis=1)
    facing = (vertex_normals(head.mean_m, head.triangles) * outward).sum(axis=1) / distance_m
    at_surface = np.abs(distance_m - eyeball_radius_m(head, joint) - CLEARANCE_M) < 1e-6
    return np.flatnonzero(at_surface & (head.vertex_parts == head.part_names.index("skin")) & (facing < -0.6))


def head_with_a_fold() -> tuple[Head, np.ndarray]:
    """The built-in head, some of whose hidden skin is pushed into the left eye again."""
    head = load_head()
    landmarks = np.concatenate([s.vertices for n, s in head.landmark_sets.items() if n != "full_face"])
    fold = np.setdiff1d(on_an_eyeball(head, LEFT_EYE), landmarks)
    pushed_m, centre_m = head.mean_m.copy(), head.joints_mean_m[LEFT_EYE]
    pushed_m[fold] = centre_m + (pushed_m[fold] - centre_m) * 0.995
    return replace(head, mean_m=pushed_m), fold


def test_hidden_skin_comes_out_of_the_eye():
    folded, fold = head_with_a_fold()
    cleared = clear_eyeballs(folded)
    radius_m, centre_m = eyeball_radius_m(cleared, LEFT_EYE), cleared.joints_mean_m[LEFT_EYE]
    assert len(fold) > 30
    assert np.linalg.norm(folded.mean_m[fold] - centre_m, axis=1).max() < radius_m
    assert np.linalg.norm(cleared.mean_m[fold] - centre_m, axis=1).min() > radius_m
    for shape_m in cleared.expression_basis_m:
        for weight in (0.5, 1.0):
            moved_m = cleared.mean_m[fold] + weight * shape_m[fold] - cleared.joints_mean_m[LEFT_EYE]
            assert np.linalg.norm(moved_m, axis=1).min() > radius_m - 0.0003


def test_what_is_far_behind_the_lids_edges_stays_out_on_everyone():
    folded, fold = head_with_a_fold()
    cleared, rng = clear_eyeballs(folded), np.random.default_rng(0)
    radius_m = eyeball_radius_m(cleared, LEFT_EYE)
    outward = cleared.mean_m[fold] - cleared.joints_mean_m[LEFT_EYE]
    relative_m = cleared.identity_basis_m[:, fold] - cleared.joints_identity_m[:, LEFT_EYE][:, None]
    riding = fold[np.abs(np.einsum("nkc,kc->nk", relative_m, outward)).max(axis=0) < 1e-7]
    assert len(riding) > 15
    for scale in (1.0, 3.0):
        identity = scale * rng.normal(size=cleared.identity_count)
        rest_m = cleared.rest_vertices_m(identity, np.zeros(cleared.expression_count))
        distance_m = np.linalg.norm(rest_m[riding] - cleared.joints_m(identity)[LEFT_EYE], axis=1)
        assert distance_m.min() > radius_m


def test_clearing_moves_nothing_else():
    folded, fold = head_with_a_fold()
    cleared = clear_eyeballs(folded)
    # what lies on an eyeball may count as inside for the last digits of the file
    centre_m = folded.joints_mean_m[2:]
    distance_m = np.linalg.norm(folded.mean_m[:, None] - centre_m, axis=2).min(axis=1)
    at_surface = np.abs(distance_m - eyeball_radius_m(folded, LEFT_EYE) - CLEARANCE_M) < 1e-6
    others = np.setdiff1d(np.flatnonzero(~at_surface), fold)
    np.testing.assert_allclose(cleared.mean_m[others], folded.mean_m[others], atol=1e-6)
    np.testing.assert_allclose(
        cleared.identity_basis_m[:, others], folded.identity_basis_m[:, others], atol=1e-5
    )
    np.testing.assert_allclose(
        cleared.expression_basis_m[:, others], folded.expression_basis_m[:, others], atol=1e-5
    )


def test_parts_become_symmetric_by_their_neighbours():
    head = load_head()
    skin, mouth = head.part_names.index("skin"), head.part_names.index("mouth_interior")
    # one vertex amid skin that only one side calls mouth
    place = int(head.landmark_set("ibug68").vertices[50])
    parts = head.vertex_parts.copy()
    parts[place] = mouth
    mended = with_symmetric_parts(replace(head, vertex_parts=parts))
    assert mended.vertex_parts[place] == skin
    np.testing.assert_array_equal(mended.vertex_parts, head.vertex_parts)
