"""The tongue: closed, symmetric, and out between the lips when it is told to."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.head_building.makehuman import MakeHuman
from mien.head_building.tongue import TongueMesh, build_tongue
from tests.head_building.part_checks import assert_closed, assert_manifold, assert_symmetric, uv_areas, volume
from tests.head_building.shared_assets import ASSETS, makehuman_or_skip, mean_person_units


@pytest.fixture(scope="module")
def makehuman() -> MakeHuman:
    return makehuman_or_skip()


@pytest.fixture(scope="module")
def tongue(makehuman: MakeHuman) -> TongueMesh:
    proxy = makehuman.proxy("tongue/tongue01/tongue01.mhclo")
    return build_tongue(makehuman.base, proxy, mean_person_units(makehuman))


def test_closed_symmetric_outward(tongue: TongueMesh):
    mesh = tongue.mesh
    assert (mesh.quads >= 0).all()
    assert_manifold(mesh.quads)
    assert_closed(mesh.quads)
    assert_symmetric(mesh)
    assert 5e-6 < volume(mesh.vertices, mesh.quads) < 60e-6  # cubic metres: 5 to 60 ml
    assert (uv_areas(mesh) > 0).all()


def test_follows_the_targets(makehuman: MakeHuman, tongue: TongueMesh):
    mean = mean_person_units(makehuman)
    np.testing.assert_allclose(tongue.place(mean), tongue.mesh.vertices, atol=1e-7)
    out = np.loadtxt(ASSETS / "makehuman_arkit" / "tongueOut.target", comments="#")
    moved = mean.copy()
    moved[out[:, 0].astype(int)] += out[:, 1:]
    before, after = tongue.place(mean), tongue.place(moved)
    lips_z = mean[:13380][np.abs(mean[:13380, 0]) < 0.05]
    lips_z = lips_z[(lips_z[:, 1] > 6.5) & (lips_z[:, 1] < 6.75), 2].max() / 10
    assert before[:, 2].max() < lips_z - 0.01
    assert after[:, 2].max() > lips_z + 0.003


def test_another_tongue_is_refused(makehuman: MakeHuman):
    proxy = makehuman.proxy("eyebrows/eyebrow001/eyebrow001.mhclo")
    with pytest.raises(InputError, match="tongue"):
        build_tongue(makehuman.base, proxy, mean_person_units(makehuman))
