"""A whole head from its skin, eyes and teeth."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.assembly import assemble
from mien.head_building.cards import BROW_WEIGHT_NAMES
from mien.head_building.completion import HeadCompletion
from mien.head_building.ict_facekit import read_ict_facekit
from mien.head_building.makehuman import ArkitTargets
from mien.heads.library import load_head
from tests.head_building.shared_assets import ASSETS, makehuman_or_skip


@pytest.mark.slow
def test_the_built_in_heads_rest_follows_from_its_assembly():
    makehuman = makehuman_or_skip()
    if not (ASSETS / "makehuman_arkit").exists() or not (ASSETS / "ict_facekit").exists():
        pytest.skip("ICT-FaceKit and MakeHuman's ARKit targets are not here; set MIEN_ASSETS")
    head = load_head()
    ict = read_ict_facekit(ASSETS / "ict_facekit")
    assembly = assemble(makehuman, ArkitTargets(ASSETS / "makehuman_arkit"), ict)
    completion = HeadCompletion.of(assembly, head)
    count = len(assembly.mesh.vertices)
    np.testing.assert_allclose(completion.vertices_m(head.mean_m[:count]), head.mean_m, atol=2e-5)
    # Another person: landmark points keep their places, cards are near where the identities' sum has them.
    identity = np.random.default_rng(0).normal(size=head.identity_count)
    identity[-len(BROW_WEIGHT_NAMES) :] = 0  # brows as the skin carries them
    person_m = head.mean_m + np.tensordot(identity, head.identity_basis_m, axes=1)
    found_m = completion.vertices_m(person_m[:count])
    brows = np.isin(head.vertex_parts, [head.part_names.index(name) for name in ("brows", "lashes")])
    np.testing.assert_allclose(found_m[~brows], person_m[~brows], atol=5e-5)
    assert np.linalg.norm(found_m - person_m, axis=1).max() < 0.004
