"""ICT-FaceKit, BFM and FaceScape in their own layouts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads.library import load_head, save_head
from tests.heads.formats.files import write_bfm, write_facescape, write_ict_folder
from tests.toy_head import toy_head

REAL_ICT = Path(__file__).parents[4] / "shared" / "assets" / "ict_facekit" / "FaceXModel"


def test_ict_folder(tmp_path: Path):
    write_ict_folder(tmp_path / "FaceXModel")
    head, toy = load_head(tmp_path / "FaceXModel"), toy_head()
    np.testing.assert_allclose(head.mean_m, toy.mean_m, atol=1e-8)
    np.testing.assert_allclose(head.identity_basis_m, toy.identity_basis_m[:3], atol=2e-8)
    assert set(head.expression_names) == {"jawOpen", "eyeBlinkLeft", "browInnerUp"}
    for name in head.expression_names:
        shape = head.expression_basis_m[head.expression_names.index(name)]
        expected = toy.expression_basis_m[toy.expression_names.index(name)]
        np.testing.assert_allclose(shape, expected, atol=3e-8)
    # quads were cut along the same diagonal that made them
    assert {tuple(sorted(t)) for t in head.triangles} == {tuple(sorted(t)) for t in toy.triangles}
    assert head.uv.shape == (toy.vertex_count, 2)
    np.testing.assert_array_equal(head.landmark_set("ibug68").vertices, np.arange(68))


def test_ict_folder_with_a_shape_of_another_mesh(tmp_path: Path):
    write_ict_folder(tmp_path / "FaceXModel")
    (tmp_path / "FaceXModel" / "jawOpen.obj").write_text("v 0 0 0\n")
    with pytest.raises(InputError, match="1 vertices"):
        load_head(tmp_path / "FaceXModel")
    with pytest.raises(InputError, match="generic_neutral_mesh"):
        load_head(tmp_path)


@pytest.mark.skipif(not REAL_ICT.exists(), reason="needs five of ICT-FaceKit's own files in ../shared")
def test_ict_upstream_files():
    head = load_head(REAL_ICT)
    assert head.vertex_count == 26719
    assert head.identity_count == 2
    assert set(head.expression_names) == {"eyeBlinkLeft", "jawOpen"}
    height_m = np.ptp(head.mean_m[:, 1])
    assert 0.2 < height_m < 0.5
    assert (head.uv_triangles >= 0).all()
    assert head.uv_triangles.max() < len(head.uv)
    # its landmarks are iBUG's: the nose tip leads, left is +x, the mirror holds
    ibug = head.landmark_set("ibug68")
    points_m = head.mean_m[ibug.vertices]
    assert points_m[30, 2] > points_m[[8, 36, 45], 2].max()
    assert points_m[45, 0] > 0 > points_m[36, 0]
    np.testing.assert_allclose(points_m[ibug.mirror] * [-1, 1, 1], points_m, atol=0.004)
    # an opening jaw moves the chin down
    jaw = head.expression_basis_m[head.expression_names.index("jawOpen")]
    assert jaw[ibug.vertices[8], 1] < -0.01


def test_bfm(tmp_path: Path):
    pytest.importorskip("h5py", reason="BFM needs h5py, of the extra mien[formats]")
    arrays = write_bfm(tmp_path / "model2019_fullHead.h5")
    head = load_head(tmp_path / "model2019_fullHead.h5")
    assert (head.identity_count, head.expression_count) == (6, 8)
    rng = np.random.default_rng(3)
    identity, weights = rng.normal(size=6), np.abs(rng.normal(size=4))
    expression = np.zeros(8)
    expression[0::2] = 0.4 * weights
    vertices_m = head.vertices_m(replace(head.neutral(), identity=identity, expression=expression))
    expected = arrays["shape/model/mean"] + arrays["expression/model/mean"]
    for part, values in (("shape", identity), ("expression", weights)):
        deviations = np.sqrt(arrays[f"{part}/model/pcaVariance"])
        expected = expected + arrays[f"{part}/model/pcaBasis"] @ (deviations * values)
    difference = vertices_m - expected.reshape(-1, 3) / 1000
    np.testing.assert_allclose(difference, np.tile(difference[0], (len(difference), 1)), atol=1e-9)
    np.testing.assert_array_equal(head.triangles, toy_head().triangles)


def test_bfm_of_another_layout(tmp_path: Path):
    h5py = pytest.importorskip("h5py", reason="BFM needs h5py, of the extra mien[formats]")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["something"] = np.zeros(3)
    with pytest.raises(InputError, match="no BFM"):
        load_head(tmp_path / "x.h5")


def test_facescape(tmp_path: Path):
    arrays = write_facescape(tmp_path / "facescape.npz")
    head = load_head(tmp_path / "facescape.npz")
    core, mean = arrays["shape_bm_core"], arrays["id_mean"]
    assert (head.identity_count, head.expression_count) == (4, 4)
    origin_m = head.mean_m - (core[:, 0] @ mean).reshape(-1, 3) / 1000

    def bilinear_m(identity, expression):
        return (core @ identity @ expression).reshape(-1, 3) / 1000 + origin_m

    # the mean person with any expression
    weights = np.array([0.3, 0.0, 0.5, 0.1])
    vertices_m = head.vertices_m(replace(head.neutral(), expression=weights))
    blend = np.concatenate([[1 - weights.sum()], weights])
    np.testing.assert_allclose(vertices_m, bilinear_m(mean, blend), atol=1e-12)
    # any person at rest: components are the factors, largest variance first
    identity = np.random.default_rng(0).normal(size=4)
    order = np.argsort(-arrays["id_var"])
    factors = mean.copy()
    factors[order] += np.sqrt(arrays["id_var"][order]) * identity
    vertices_m = head.vertices_m(replace(head.neutral(), identity=identity))
    np.testing.assert_allclose(vertices_m, bilinear_m(factors, [1, 0, 0, 0, 0]), atol=1e-12)
    np.testing.assert_array_equal(head.triangles[0], [0, 1, len(head.mean_m) - 1])
    np.testing.assert_array_equal(head.landmark_set("ibug68").vertices, arrays["lm_list_v16"])


def test_facescape_without_identities(tmp_path: Path):
    np.savez(tmp_path / "x.npz", shape_bm_core=np.zeros((9, 2, 2)))
    with pytest.raises(InputError, match="id_mean"):
        load_head(tmp_path / "x.npz")


def test_a_converted_head_keeps_its_shapes_in_a_file(tmp_path: Path):
    write_facescape(tmp_path / "facescape.npz")
    head = load_head(tmp_path / "facescape.npz")
    save_head(head, tmp_path / "head.npz")
    back = load_head(tmp_path / "head.npz")
    assert back.expression_names == head.expression_names
    np.testing.assert_allclose(back.expression_basis_m, head.expression_basis_m, atol=2e-4)
