"""The .glb read back with libraries of others, and evaluated by the glTF specification's rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygltflib
import pytest
import trimesh

from mien.exporters import morph_normals
from mien.exporters.arkit import export_weights
from mien.exporters.files import export
from mien.exporters.motion import TrackMotion
from mien.exporters.surfaces import surfaces_of, triangles_of
from mien.geometry.normals import vertex_normals
from mien.heads.skinning import joint_transforms

_DTYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def _read_view(gltf, view_index, component, count, width, offset=0):
    view = gltf.bufferViews[view_index]
    start = view.byteOffset + offset
    size = count * width * np.dtype(_DTYPES[component]).itemsize
    assert start % np.dtype(_DTYPES[component]).itemsize == 0
    assert size <= view.byteLength
    return np.frombuffer(gltf.binary_blob()[start : start + size], _DTYPES[component]).reshape(count, width)


def _read(gltf, index):
    accessor = gltf.accessors[index]
    width = _WIDTHS[accessor.type]
    values = np.zeros((accessor.count, width), _DTYPES[accessor.componentType])
    if accessor.bufferView is not None:
        values = _read_view(gltf, accessor.bufferView, accessor.componentType, accessor.count, width).copy()
    if accessor.sparse is not None:
        sparse = accessor.sparse
        indices, moved = sparse.indices, sparse.values
        rows = _read_view(
            gltf, indices.bufferView, indices.componentType, sparse.count, 1, indices.byteOffset or 0
        )[:, 0]
        assert np.all(np.diff(rows.astype(int)) > 0)
        values[rows] = _read_view(
            gltf, moved.bufferView, accessor.componentType, sparse.count, width, moved.byteOffset or 0
        )
    if accessor.min:
        np.testing.assert_array_equal(values.min(axis=0), np.asarray(accessor.min, values.dtype))
        np.testing.assert_array_equal(values.max(axis=0), np.asarray(accessor.max, values.dtype))
    return values


def _matrix_of_quaternion(xyzw):
    x, y, z, w = xyzw
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _local(node, overrides):
    matrix = np.eye(4)
    matrix[:3, :3] = _matrix_of_quaternion(overrides.get("rotation", node.rotation))
    matrix[:3, 3] = overrides.get("translation", node.translation)
    return matrix


def _evaluate(gltf, overrides=None):
    """World positions of every primitive's vertices (morph, then skin): a list of (positions, part name)."""
    overrides = overrides or {}
    mesh_node = next(i for i, node in enumerate(gltf.nodes) if node.mesh is not None)
    mesh, skin = gltf.meshes[gltf.nodes[mesh_node].mesh], gltf.skins[gltf.nodes[mesh_node].skin]
    weights = overrides.get((mesh_node, "weights"), mesh.weights or [])
    parents = {child: i for i, node in enumerate(gltf.nodes) for child in node.children or []}

    def world(index):
        own = {path: v for (node, path), v in overrides.items() if node == index}
        local = _local(gltf.nodes[index], own)
        return world(parents[index]) @ local if index in parents else local

    inverse_bind = _read(gltf, skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
    matrices = np.stack([world(j) @ b for j, b in zip(skin.joints, inverse_bind, strict=True)])
    pieces = []
    for primitive in mesh.primitives:
        position = _read(gltf, primitive.attributes.POSITION).astype(float)
        for weight, target in zip(weights, primitive.targets or [], strict=True):
            position = position + weight * _read(gltf, target["POSITION"])
        joints, share = (
            _read(gltf, primitive.attributes.JOINTS_0),
            _read(gltf, primitive.attributes.WEIGHTS_0),
        )
        np.testing.assert_allclose(share.sum(axis=1), 1, atol=1e-6)
        blended = np.einsum("vk,vkab->vab", share, matrices[joints])
        homogeneous = np.concatenate([position, np.ones((len(position), 1))], axis=1)
        pieces.append((np.einsum("vab,vb->va", blended, homogeneous)[:, :3], primitive))
    return pieces


def _corners(head, points_m):
    """(T, 9) corners of the triangles, surface by surface."""
    return points_m[_surface_triangles(head)].reshape(-1, 9)


def _surface_triangles(head, values=None):
    """The head's triangles, or other values for each, surface by surface."""
    values = head.triangles if values is None else values
    return np.concatenate([values[triangles_of(head, surface)] for surface in surfaces_of(head, None)])


def _triangle_soup(gltf, pieces):
    corners = [p[_read(gltf, primitive.indices)[:, 0]] for p, primitive in pieces]
    return np.concatenate(corners).reshape(-1, 9)


@pytest.fixture(scope="module")
def fit_path(head, fit, tmp_path_factory):
    return export(fit, tmp_path_factory.mktemp("glb") / "face.glb", head=head, origin="camera")


@pytest.fixture(scope="module")
def track_path(head, track, tmp_path_factory):
    return export(track, tmp_path_factory.mktemp("glb") / "clip.glb", head=head, origin="camera")


def test_morph_targets_are_named_and_counted(fit_path, head, fit):
    gltf = pygltflib.GLTF2().load(str(fit_path))
    (mesh,) = gltf.meshes
    assert mesh.extras["targetNames"] == list(head.expression_names)
    np.testing.assert_allclose(mesh.weights, fit.parameters.expression)
    assert [gltf.materials[p.material].name for p in mesh.primitives] == ["skin", "eyes", "iris"]
    for primitive in mesh.primitives:
        assert len(primitive.targets) == len(head.expression_names)
    assert [gltf.nodes[j].name for j in gltf.skins[0].joints] == [
        "root",
        "neck",
        "head",
        "left_eye",
        "right_eye",
    ]
    assert gltf.asset.extras["head_name"] == "toy"
    assert gltf.asset.extras["format_version"] == 2


def test_every_accessor_fits_its_view_and_bounds(fit_path):
    gltf = pygltflib.GLTF2().load(str(fit_path))
    for index in range(len(gltf.accessors)):
        assert len(_read(gltf, index)) == gltf.accessors[index].count


def test_evaluated_file_equals_the_posed_head(fit_path, head, fit):
    gltf = pygltflib.GLTF2().load(str(fit_path))
    actual_m = _triangle_soup(gltf, _evaluate(gltf))
    np.testing.assert_allclose(actual_m, _corners(head, head.vertices_m(fit.parameters)), atol=1e-5)


def test_texture_seam_keeps_its_coordinates_and_v_runs_down(fit_path, head):
    gltf = pygltflib.GLTF2().load(str(fit_path))
    uv = [
        _read(gltf, p.attributes.TEXCOORD_0)[_read(gltf, p.indices)[:, 0]] for p in gltf.meshes[0].primitives
    ]
    expected = head.uv[_surface_triangles(head, head.uv_triangles)].reshape(-1, 2) * [1, -1] + [0, 1]
    np.testing.assert_allclose(np.concatenate(uv), expected, atol=1e-6)


def test_animation_samples_equal_the_track(track_path, head, track):
    gltf = pygltflib.GLTF2().load(str(track_path))
    (animation,) = gltf.animations
    samples = {}
    for channel in animation.channels:
        sampler = animation.samplers[channel.sampler]
        assert sampler.interpolation == "LINEAR"
        times = _read(gltf, sampler.input)[:, 0]
        np.testing.assert_allclose(times, track.times_s, atol=1e-6)
        values = _read(gltf, sampler.output)
        if channel.target.path == "weights":
            values = values.reshape(len(track), len(head.expression_names))
        if channel.target.path == "rotation":
            assert np.all(np.sum(values[1:] * values[:-1], axis=1) > 0), "a quaternion jumped"
        samples[channel.target.node, channel.target.path] = values
    for frame, held in enumerate([1, 1, 2, 2, 4, 5]):  # lost frames hold
        overrides = {key: values[frame] for key, values in samples.items()}
        parameters = track.parameters(held)
        parameters = replace(
            parameters, expression=export_weights(parameters.expression, head.expression_names)
        )
        expected_m = _corners(head, head.vertices_m(parameters))
        np.testing.assert_allclose(_triangle_soup(gltf, _evaluate(gltf, overrides)), expected_m, atol=1e-5)


def test_camera_node_sees_what_the_camera_sees(fit_path, head, fit):
    gltf = pygltflib.GLTF2().load(str(fit_path))
    node = next(node for node in gltf.nodes if node.camera is not None)
    lens = gltf.cameras[node.camera].perspective
    points_m = head.vertices_m(fit.parameters)
    local = (np.linalg.inv(_local(node, {})) @ np.c_[points_m, np.ones(len(points_m))].T).T[:, :3]
    assert np.all(local[:, 2] < 0)
    top = np.tan(lens.yfov / 2)
    clip = local[:, :2] / -local[:, 2:] / [top * lens.aspectRatio, top]  # [-1, 1], y up
    size = np.array([fit.camera.width_px, fit.camera.height_px])
    np.testing.assert_allclose((clip * [1, -1] + 1) / 2 * size - 0.5, fit.camera.project(points_m), atol=1e-3)


def test_trimesh_opens_the_mesh_with_its_parts(fit_path, head, fit):
    scene = trimesh.load(fit_path, file_type="glb", force="scene")
    assert sum(len(g.faces) for g in scene.geometry.values()) == len(head.triangles)
    neutral_m = head.rest_vertices_m(fit.parameters.identity, np.zeros(5))
    low, high = (
        np.min([g.bounds[0] for g in scene.geometry.values()], axis=0),
        np.max([g.bounds[1] for g in scene.geometry.values()], axis=0),
    )
    np.testing.assert_allclose([low, high], [neutral_m.min(axis=0), neutral_m.max(axis=0)], atol=1e-6)


def test_bare_head_stands_at_rest_at_the_origin(head, tmp_path):
    gltf = pygltflib.GLTF2().load(str(export(head, tmp_path / "head.glb")))
    assert not gltf.cameras
    assert not gltf.animations
    assert not any(gltf.meshes[0].weights)
    actual_m = _triangle_soup(gltf, _evaluate(gltf))
    np.testing.assert_allclose(actual_m, _corners(head, head.mean_m), atol=1e-6)


def test_broken_time_stamps_fall_back_on_the_frame_rate(track):
    motion = TrackMotion.of(replace(track, times_s=np.zeros(len(track))))
    np.testing.assert_allclose(motion.times_s, np.arange(len(track)) / 25)
    motion = TrackMotion.of(replace(track, times_s=track.times_s - 5))  # glTF has none before zero
    np.testing.assert_allclose(motion.times_s, np.arange(len(track)) / 25)


def test_joints_agree_with_the_heads_own_skinning(fit_path, head, fit):
    gltf = pygltflib.GLTF2().load(str(fit_path))
    eye = next(node for node in gltf.nodes if node.name == "left_eye")
    joints_m = head.joints_m(fit.parameters.identity)
    np.testing.assert_allclose(eye.translation, joints_m[2] - joints_m[1], atol=1e-12)
    moved = joint_transforms(joints_m, fit.parameters.joint_rotations)
    assert not np.allclose(moved[2, :, :3], np.eye(3))


def test_shared_buffer_views_state_their_stride(track_path):
    gltf = pygltflib.GLTF2().load(str(track_path))  # specification, §3.6.2.4
    views = [accessor.bufferView for accessor in gltf.accessors]
    assert all((views.count(view) > 1) == (gltf.bufferViews[view].byteStride is not None) for view in views)


def test_every_accessor_has_data(fit_path):
    gltf = pygltflib.GLTF2().load(str(fit_path))  # importers fail on those that count as zeros without any
    assert all(accessor.bufferView is not None for accessor in gltf.accessors)
    assert all(accessor.sparse.count > 0 for accessor in gltf.accessors if accessor.sparse is not None)


def test_targets_turn_the_normals_as_the_shapes_do(head, fit, fit_path):
    gltf = pygltflib.GLTF2().load(str(fit_path))
    rest_m = head.rest_vertices_m(fit.parameters.identity, np.zeros(5))
    at_rest = vertex_normals(rest_m, head.triangles)
    for surface, primitive in zip(surfaces_of(head, None), gltf.meshes[0].primitives, strict=True):
        chosen = triangles_of(head, surface)
        corners = _read(gltf, primitive.indices)[:, 0]
        base = _read(gltf, primitive.attributes.NORMAL)[corners]
        np.testing.assert_allclose(base, at_rest[head.triangles[chosen].ravel()], atol=1e-6)
        for shape_m, target in zip(head.expression_basis_m, primitive.targets, strict=True):
            expected = vertex_normals(rest_m + shape_m, head.triangles)[head.triangles[chosen].ravel()]
            actual = base + _read(gltf, target["NORMAL"])[corners]
            # What turns less than half a degree on the mean head is left out
            assert np.linalg.norm(actual - expected, axis=1).max() < np.radians(1.5)


def test_head_stands_at_the_origin_with_the_camera_before_it(head, fit, fit_path, tmp_path):
    moved = pygltflib.GLTF2().load(str(export(fit, tmp_path / "face.glb", head=head)))
    parameters = replace(fit.parameters, root_rotation=np.zeros(3), root_translation_m=np.zeros(3))
    expected_m = _corners(head, head.vertices_m(parameters))
    np.testing.assert_allclose(_triangle_soup(moved, _evaluate(moved)), expected_m, atol=1e-5)
    stayed = pygltflib.GLTF2().load(str(fit_path))

    def seen_from_the_camera(gltf):
        points_m = _triangle_soup(gltf, _evaluate(gltf)).reshape(-1, 3)
        camera = next(node for node in gltf.nodes if node.camera is not None)
        return np.linalg.solve(_local(camera, {}), np.c_[points_m, np.ones(len(points_m))].T)[:3]

    np.testing.assert_allclose(seen_from_the_camera(moved), seen_from_the_camera(stayed), atol=1e-5)


def test_a_tracked_head_moves_about_the_origin(head, track, tmp_path):
    gltf = pygltflib.GLTF2().load(str(export(track, tmp_path / "clip.glb", head=head)))
    samples = {
        (gltf.nodes[channel.target.node].name, channel.target.path): _read(
            gltf, gltf.animations[0].samplers[channel.sampler].output
        )
        for channel in gltf.animations[0].channels
    }
    np.testing.assert_allclose(samples["root", "translation"].mean(axis=0), 0, atol=1e-6)
    mean = sum(_matrix_of_quaternion(each) for each in samples["root", "rotation"])
    np.testing.assert_allclose(mean - mean.T, 0, atol=1e-5)  # no turn is left on average


def test_camera_can_be_left_out(head, fit, tmp_path):
    gltf = pygltflib.GLTF2().load(str(export(fit, tmp_path / "face.glb", head=head, camera=False)))
    assert not gltf.cameras
    assert all(node.camera is None for node in gltf.nodes)


def test_neutral_is_the_person_at_rest(head, track, tmp_path):
    gltf = pygltflib.GLTF2().load(str(export(track, tmp_path / "clip.glb", head=head, neutral=True)))
    assert not gltf.animations
    assert not any(gltf.meshes[0].weights)
    expected_m = _corners(head, head.rest_vertices_m(track.identity, np.zeros(5)))
    np.testing.assert_allclose(_triangle_soup(gltf, _evaluate(gltf)), expected_m, atol=1e-5)


def test_rate_and_start_of_the_video_are_told(head, track, fit_path, track_path):
    for holder in (
        pygltflib.GLTF2().load(str(track_path)).asset,
        pygltflib.GLTF2().load(str(track_path)).scenes[0],
    ):
        assert (holder.extras["fps"], holder.extras["start_time_s"]) == (25.0, 2.0)
    assert "fps" not in pygltflib.GLTF2().load(str(fit_path)).asset.extras


def test_heads_whose_shapes_move_everything_have_the_same_normals(head, fit, monkeypatch):
    rest_m = head.rest_vertices_m(fit.parameters.identity, np.zeros(5))
    normals = vertex_normals(rest_m, head.triangles)
    changes_m = {4: np.random.default_rng(5).normal(0, 0.001, rest_m.shape)}
    kept = morph_normals.morph_normals(head)
    monkeypatch.setattr(morph_normals, "_MOST_TRIANGLES", 0)
    counted = morph_normals.morph_normals.__wrapped__(head)
    assert counted.moved is None
    np.testing.assert_array_equal(kept.vertex, counted.vertex)
    np.testing.assert_array_equal(kept.first_row, counted.first_row)
    np.testing.assert_allclose(
        kept.deltas(head, rest_m, normals, changes_m),
        counted.deltas(head, rest_m, normals, changes_m),
        atol=1e-4,
    )


def test_a_head_without_shapes_and_texture_is_written(head, tmp_path):
    bare = replace(
        head,
        expression_basis_m=np.zeros((0, head.vertex_count, 3)),
        expression_names=(),
        uv=np.zeros((1, 2)),
        uv_triangles=np.zeros_like(head.triangles),
    )
    gltf = pygltflib.GLTF2().load(str(export(bare, tmp_path / "bare.glb")))
    for primitive in gltf.meshes[0].primitives:
        assert not primitive.targets
        assert primitive.attributes.TEXCOORD_0 is None
    np.testing.assert_allclose(_triangle_soup(gltf, _evaluate(gltf)), _corners(bare, head.mean_m), atol=1e-6)


class _OwnShape:
    """A blink of a height of the person's own, at vertices that the mean head's does not all move."""

    shape, vertices = 2, np.arange(20, 60)

    def change_m(self, identity):
        return np.outer(np.linspace(-1, 1, 40), [0.0, 0.004, 0.001]) * identity[0]


def test_shapes_of_a_persons_own_are_written(head, fit, tmp_path):
    own = replace(head)
    object.__setattr__(own, "personal_shapes", (_OwnShape(),))
    gltf = pygltflib.GLTF2().load(str(export(fit, tmp_path / "face.glb", head=own)))
    rest_m = head.rest_vertices_m(fit.parameters.identity, np.zeros(5))
    shape_m = head.expression_basis_m[2].copy()
    shape_m[_OwnShape.vertices] += _OwnShape().change_m(fit.parameters.identity)
    normals = vertex_normals(rest_m + shape_m, head.triangles)
    for surface, primitive in zip(surfaces_of(head, None), gltf.meshes[0].primitives, strict=True):
        vertices = head.triangles[triangles_of(head, surface)].ravel()
        corners, target = _read(gltf, primitive.indices)[:, 0], primitive.targets[2]
        np.testing.assert_allclose(_read(gltf, target["POSITION"])[corners], shape_m[vertices], atol=1e-7)
        base = _read(gltf, primitive.attributes.NORMAL)[corners]
        actual = base + _read(gltf, target["NORMAL"])[corners]
        np.testing.assert_allclose(actual, normals[vertices], atol=np.radians(1.5))
