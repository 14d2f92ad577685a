"""Pictures on exported heads: in the .glb, and beside the .obj."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pygltflib
import pytest
import trimesh
from PIL import Image

from mien.exporters.files import export, export_files


def _picture(gltf, texture):
    image = gltf.images[gltf.textures[texture].source]
    view = gltf.bufferViews[image.bufferView]
    data = gltf.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
    opened = Image.open(io.BytesIO(data))
    assert opened.get_format_mimetype() == image.mimeType
    return np.asarray(opened)


@pytest.fixture(scope="module")
def gltf(dressed_head, dressed_fit, look, tmp_path_factory):
    path = tmp_path_factory.mktemp("look") / "face.glb"
    return pygltflib.GLTF2().load(str(export(dressed_fit, path, head=dressed_head, look=look)))


def test_pictures_are_embedded_and_come_back(gltf, look):
    materials = {material.name: material for material in gltf.materials}
    skin = materials["skin"]
    base = _picture(gltf, skin.pbrMetallicRoughness.baseColorTexture.index)
    assert np.abs(base.astype(int) - look.base_color).mean() < 4  # JPEG
    rough = _picture(gltf, skin.pbrMetallicRoughness.metallicRoughnessTexture.index)
    assert np.abs(rough[..., 1].astype(int) - 128).max() <= 2
    assert skin.pbrMetallicRoughness.metallicFactor == 0
    normals = _picture(gltf, skin.normalTexture.index)
    assert np.abs(normals.astype(int) - (128, 128, 255)).max() <= 2
    cards = _picture(gltf, materials["hair"].pbrMetallicRoughness.baseColorTexture.index)
    np.testing.assert_array_equal(cards, look.cards)


def test_cards_and_cornea_are_seen_through(gltf):
    modes = {material.name: material.alphaMode for material in gltf.materials}
    assert modes == {"skin": "OPAQUE", "eyes": "OPAQUE", "cornea": "BLEND", "hair": "BLEND"}
    assert [m.name for m in gltf.materials if m.doubleSided] == ["hair"]
    assert [gltf.materials[p.material].name for p in gltf.meshes[0].primitives][-2:] == ["cornea", "hair"]


def test_only_what_is_used_is_stored(dressed_head, dressed_fit, head, fit, look, tmp_path):
    without_cards = export(fit, tmp_path / "a.glb", head=head, look=look)  # the head has none
    assert [image.name for image in pygltflib.GLTF2().load(str(without_cards)).images] == [
        "base_color",
        "roughness",
        "normals",
    ]
    bare = replace(look, roughness=None, normals=None, cards=None)
    path = export(dressed_fit, tmp_path / "b.glb", head=dressed_head, look=bare)
    assert [image.name for image in pygltflib.GLTF2().load(str(path)).images] == ["base_color"]
    plain = pygltflib.GLTF2().load(str(export(dressed_fit, tmp_path / "c.glb", head=dressed_head)))
    assert [*plain.images, *plain.textures, *plain.samplers] == []


def test_obj_has_its_materials_and_pictures_beside_it(dressed_head, dressed_fit, look, tmp_path):
    files = export_files(dressed_fit, tmp_path / "face.obj", head=dressed_head, look=look)
    assert [path.name for path in files] == [
        "face.obj",
        "face.mtl",
        "face-base-color.jpg",
        "face-cards.png",
    ]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    materials = (tmp_path / "face.mtl").read_text()
    assert "map_Kd face-base-color.jpg" in materials
    assert "map_d face-cards.png" in materials
    used = [line[7:] for line in files[0].read_text().splitlines() if line.startswith("usemtl ")]
    assert used == ["skin", "eyes", "eyes", "cornea", "hair"]
    scene = trimesh.load(files[0], force="scene")
    textured = [
        geometry for geometry in scene.geometry.values() if geometry.visual.material.image is not None
    ]
    assert len(textured) >= 3


def test_obj_keeps_quads(dressed_head, dressed_fit, look, tmp_path):
    path = export(dressed_fit, tmp_path / "face.obj", head=dressed_head, look=look)
    lines = path.read_text().splitlines()
    corners = [
        [tuple(int(n) - 1 for n in word.split("/")) for word in line.split()[1:]]
        for line in lines
        if line.startswith("f ")
    ]
    expected = [
        [(v, t, v) for v, t in zip(face, uv_face, strict=True) if v >= 0]
        for face, uv_face in zip(dressed_head.quads.tolist(), dressed_head.uv_quads.tolist(), strict=True)
    ]
    assert sorted(corners) == sorted(expected)
    assert {len(face) for face in corners} == {3, 4}
    groups = [line[2:] for line in lines if line.startswith("g ")]
    assert sorted(groups) == sorted(dressed_head.part_names)


def test_obj_without_a_look_is_one_file_without_cards(dressed_head, dressed_fit, tmp_path):
    (path,) = export_files(dressed_fit, tmp_path / "face.obj", head=dressed_head)
    text = path.read_text()
    assert "mtllib" not in text
    assert "g lashes" not in text
    cards = [part for part, name in enumerate(dressed_head.part_names) if name in ("lashes", "brows")]
    written = ~np.isin(dressed_head.vertex_parts, cards)  # nothing but what some face has
    assert sum(line.startswith("v ") for line in text.splitlines()) == written.sum()
