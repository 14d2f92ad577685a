"""What a graphics card is asked instead finds the same, here on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.avatars.local_fields import LocalFields
from mien.avatars.nearest_motion import by_clusters, clustered, nearest_motion
from mien.avatars.rig import AvatarControls, AvatarRig
from mien.heads.library import load_head


def _surfaces():
    rig = AvatarRig(np.zeros(load_head().identity_count), points=5)
    weights = np.zeros((2, len(rig.head.expression_names)))
    weights[1, rig.head.expression_names.index("jawOpen")] = 0.6
    return rig, [rig.posed(AvatarControls(one, np.zeros((2, 3)))) for one in weights]


def test_clusters_find_what_trees_find():
    rig, surfaces = _surfaces()
    rng = np.random.default_rng(0)
    near = rig.canonical_m[rng.integers(0, len(rig.canonical_m), 600)] + rng.normal(size=(600, 3)) * 0.004
    points_m, frame = torch.from_numpy(near.astype(np.float32)), torch.arange(600) % 2
    motion, distance = nearest_motion(surfaces, points_m, frame)
    other_motion, other_distance = by_clusters(surfaces, points_m, frame)
    off_mm = 1000 * (motion - other_motion).norm(dim=1)
    assert (off_mm < 0.01).float().mean() > 0.97
    assert (distance - other_distance).abs().max() < 0.002
    assert motion.abs().max() > 0.005


def test_one_surface_and_no_points():
    _, surfaces = _surfaces()
    none = torch.zeros(0, 3)
    for ask in (nearest_motion, by_clusters):
        motion, distance = ask(surfaces[:1], none, torch.zeros(0, dtype=torch.long))
        assert motion.shape == (0, 3)
        assert distance.shape == (0,)


@pytest.mark.parametrize("count", [64, 100, 131])
def test_every_point_is_in_one_cluster(count: int):
    points_m = np.random.default_rng(1).normal(size=(count, 3))
    clusters = clustered(points_m, 16)
    assert clusters.shape == (16, -(-count // 16))
    assert sorted(clusters[clusters >= 0]) == list(range(count))
    spread = [np.ptp(points_m[one[one >= 0]], axis=0).max() for one in clusters if (one >= 0).any()]
    assert np.median(spread) < 0.6 * np.ptp(points_m, axis=0).max()


def test_fields_asked_in_one_go_say_the_same():
    torch.manual_seed(2)
    masks = torch.rand(4, 5) > 0.3
    fields = LocalFields(masks, hidden=6, frequencies=2, radius_m=0.02, cutoff=1e-2)
    torch.nn.init.normal_(fields.last)
    counts = torch.tensor([3, 0, 7, 1])
    field = torch.arange(4).repeat_interleave(counts)
    encoded, rows, bias = torch.randn(11, 15), torch.randint(0, 2, (11,)), torch.randn(4, 2, 6)
    first = fields._one_by_one(encoded, field, rows, bias, counts)
    second = fields._all_at_once(encoded, field, rows, bias, counts)
    torch.testing.assert_close(first, second)
    weights = torch.randn(11, 3)
    gradients = []
    for outputs in (first, second):
        fields.zero_grad()
        (outputs * weights).sum().backward()
        gradients.append([value.grad.clone() for value in (fields.of_place, fields.second, fields.last)])
    for one, two in zip(*gradients, strict=True):
        torch.testing.assert_close(one, two)
