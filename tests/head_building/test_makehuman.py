"""Reading OBJ files, fitted proxies and targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.head_building.makehuman import MakeHuman, read_obj, read_proxy, triangulated
from tests.head_building.assets import BASE_OBJ, write_makehuman

PROXY = """# a patch on the base
name patch
obj_file patch.obj
x_scale 0 2 2.0
z_scale 0 6 1.0
verts 0
4
0 1 2 0.25 0.5 0.25 0.5 0.0 0.1
1 4 6 0.5 0.25 0.25 0.0 -1.0 0.0

"""
PATCH_OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


@pytest.fixture
def makehuman(tmp_path: Path) -> MakeHuman:
    return MakeHuman(write_makehuman(tmp_path / "makehuman"))


def test_obj_with_quads_triangles_groups_and_textures(tmp_path: Path):
    path = tmp_path / "a.obj"
    path.write_text(BASE_OBJ)
    mesh = read_obj(path)
    assert mesh.vertices.shape == (7, 3)
    assert mesh.uv.shape == (6, 2)
    assert mesh.faces.tolist() == [[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 6, -1]]
    assert mesh.face_uv.tolist() == [[0, 1, 4, 3], [1, 2, 5, 4], [-1, -1, -1, -1]]
    assert mesh.face_groups.tolist() == ["body", "body", "helper-crown"]


def test_file_without_a_mesh_is_refused(tmp_path: Path):
    (tmp_path / "a.obj").write_text("# nothing\n")
    with pytest.raises(InputError, match="no mesh"):
        read_obj(tmp_path / "a.obj")


def test_quads_become_two_triangles_that_turn_alike():
    faces = np.array([[0, 1, 2, 3], [4, 5, 6, -1]])
    assert triangulated(faces).tolist() == [[0, 1, 2], [4, 5, 6], [0, 2, 3]]


def test_proxy_follows_the_base(tmp_path: Path, makehuman: MakeHuman):
    (makehuman.folder / "patch.mhclo").write_text(PROXY)
    (makehuman.folder / "patch.obj").write_text(PATCH_OBJ)
    proxy = makehuman.proxy("patch.mhclo")
    base = makehuman.base.vertices
    expected = [[0, 2, 0], [0.5, 0, 0.1], [0, 0.25, 0.25]]
    np.testing.assert_allclose(proxy.place(base), expected)
    # anchors scale with the base, offsets with the lengths that the file names: x and z double, y has none
    np.testing.assert_allclose(proxy.place(base * 2), [[0, 4, 0], [1, 0, 0.2], [0, 1.5, 0.5]])
    np.testing.assert_allclose(proxy.place(base + [1, 2, 3]), np.array(expected) + [1, 2, 3])


def test_proxy_without_a_named_mesh_takes_the_one_beside_it(tmp_path: Path):
    (tmp_path / "patch.mhclo").write_text(PROXY.replace("obj_file patch.obj\n", ""))
    (tmp_path / "patch.obj").write_text(PATCH_OBJ)
    assert read_proxy(tmp_path / "patch.mhclo").mesh.vertices.shape == (3, 3)


def test_folder_without_assets_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="--assets"):
        MakeHuman(tmp_path)


def test_targets_add_up(makehuman: MakeHuman):
    one, other = makehuman.target_names[0], makehuman.target_names[5]
    rest = makehuman.base.vertices
    np.testing.assert_array_equal(makehuman.base_vertices({}), rest)
    separate = sum(makehuman.base_vertices({n: w}) - rest for n, w in ((one, 0.5), (other, -0.25)))
    np.testing.assert_allclose(makehuman.base_vertices({one: 0.5, other: -0.25}) - rest, separate)


@pytest.mark.parametrize("heavy", [-0.7, 0.0, 0.4])
def test_macro_weights_are_shares(makehuman: MakeHuman, heavy: float):
    weights = makehuman.macro_weights(
        ancestry=np.array([0.2, 0.3, 0.5]), male=0.3, old=0.1, child=0.25, heavy=heavy
    )
    assert set(weights) <= set(makehuman.target_names)
    universal = sum(w for name, w in weights.items() if "universal" in name)
    assert universal == pytest.approx(1)
    assert sum(weights.values()) - universal == pytest.approx(1)
    assert weights["macrodetails/caucasian-male-old"] == pytest.approx(0.5 * 0.3 * 0.1)
    extreme = sum(w for name, w in weights.items() if "maxweight" in name or "minweight" in name)
    assert extreme == pytest.approx(abs(heavy))
