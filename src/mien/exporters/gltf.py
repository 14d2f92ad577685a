"""A head as glTF 2.0: skinned mesh with ARKit-named morph targets, and its animation.

Importers find the morph targets' names in `mesh.extras.targetNames` (the convention that Blender, Godot
and Babylon follow). glTF shares mien's frame (metres, +y up, +z out of the face), so nothing is turned.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.exporters.arkit import export_weights
from mien.exporters.glb import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, GlbBuilder, SparseRows
from mien.exporters.mesh_parts import mesh_parts, part_material
from mien.exporters.motion import HeadMotion
from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import rotation_vector_from_matrix
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES, JOINT_PARENTS

FORMAT_VERSION = 1
_SMALLEST_MOVE_M = 1e-6  # shorter displacements are left out: a micrometre is far below what anyone sees


def glb_bytes(
    head: Head, motion: HeadMotion, *, camera: Camera | None = None, extras: dict[str, Any] | None = None
) -> bytes:
    """The head as a .glb file.

    The base mesh is the person's own neutral face; joints and root hold the first frame's pose and, with
    more than one frame, one animation moves them and the weights.

    Args:
        motion: the person and at least one frame.
        camera: written as a camera node, so that a viewer can look through it.
        extras: written into `asset.extras`.
    """
    builder = GlbBuilder()
    builder.document["asset"] |= {
        "generator": "mien",
        "extras": {"format_version": FORMAT_VERSION, **(extras or {})},
    }
    rest_m = head.rest_vertices_m(motion.identity, np.zeros(head.expression_count))
    joints_m = head.joints_m(motion.identity)

    root, joint_nodes = _add_joints(builder, joints_m, motion)
    mesh = _add_mesh(builder, head, rest_m, export_weights(motion.expression[0], head.expression_names))
    skin = builder.add(
        "skins",
        {
            "name": head.name,
            "skeleton": root,
            "joints": [root, *joint_nodes],
            "inverseBindMatrices": builder.accessor(_inverse_bind_matrices(joints_m)),
        },
    )
    # A skinned mesh ignores its own node's transform; it hangs in the scene, not below the root.
    mesh_node = builder.add("nodes", {"name": head.name, "mesh": mesh, "skin": skin})
    scene_nodes = [root, mesh_node]
    if camera is not None:
        scene_nodes.append(_add_camera(builder, camera))
    builder.add("scenes", {"nodes": scene_nodes})
    builder.document["scene"] = 0
    if len(motion) > 1:
        _add_animation(builder, head, motion, root=root, joint_nodes=joint_nodes, mesh_node=mesh_node)
    return builder.to_bytes()


def _add_joints(
    builder: GlbBuilder, joints_m: Float[np.ndarray, "joints 3"], motion: HeadMotion
) -> tuple[int, list[int]]:
    root = builder.add(
        "nodes",
        {
            "name": "root",
            "rotation": quaternions_xyzw(motion.root_rotation[:1])[0].tolist(),
            "translation": motion.root_translation_m[0].tolist(),
        },
    )
    nodes: list[int] = []
    for joint, (name, parent) in enumerate(zip(JOINT_NAMES, JOINT_PARENTS, strict=True)):
        origin_m = joints_m[parent] if parent >= 0 else np.zeros(3)
        item = {
            "name": name,
            "translation": (joints_m[joint] - origin_m).tolist(),
            "rotation": quaternions_xyzw(motion.joint_rotations[:1, joint])[0].tolist(),
        }
        nodes.append(builder.add("nodes", item))
        parent_node = builder.document["nodes"][nodes[parent] if parent >= 0 else root]
        parent_node.setdefault("children", []).append(nodes[joint])
    return root, nodes


def _inverse_bind_matrices(joints_m: Float[np.ndarray, "joints 3"]) -> np.ndarray:
    matrices = np.tile(np.eye(4, dtype=np.float32), (1 + len(joints_m), 1, 1))
    matrices[1:, :3, 3] = -joints_m
    return matrices


def _add_mesh(
    builder: GlbBuilder,
    head: Head,
    rest_m: Float[np.ndarray, "vertices 3"],
    weights: Float[np.ndarray, " expression"],
) -> int:
    normals = vertex_normals(rest_m, head.triangles)
    joints, joint_weights = _four_influences(head)
    primitives = []
    for part, shapes in zip(mesh_parts(head), _shapes_of_parts(head), strict=True):
        chosen = part.vertices
        attributes = {
            "POSITION": builder.accessor(rest_m[chosen].astype(np.float32), target=ARRAY_BUFFER, bounds=True),
            "NORMAL": builder.accessor(normals[chosen].astype(np.float32), target=ARRAY_BUFFER),
            "JOINTS_0": builder.accessor(joints[chosen], target=ARRAY_BUFFER),
            "WEIGHTS_0": builder.accessor(joint_weights[chosen], target=ARRAY_BUFFER),
        }
        if part.uv is not None:
            flipped = np.stack([part.uv[:, 0], 1 - part.uv[:, 1]], axis=1)  # glTF's v runs downwards
            attributes["TEXCOORD_0"] = builder.accessor(flipped.astype(np.float32), target=ARRAY_BUFFER)
        index_type = np.uint16 if len(chosen) < 0xFFFF else np.uint32  # 0xFFFF itself would restart the strip
        color, roughness = part_material(part.name)
        material = {
            "name": part.name,
            "doubleSided": True,
            "pbrMetallicRoughness": {
                "baseColorFactor": [*color, 1.0],
                "metallicFactor": 0.0,
                "roughnessFactor": roughness,
            },
        }
        primitives.append(
            {
                "attributes": attributes,
                "indices": builder.accessor(
                    part.triangles.reshape(-1).astype(index_type), target=ELEMENT_ARRAY_BUFFER
                ),
                "material": builder.add("materials", material),
                "targets": [{"POSITION": builder.sparse_accessor(rows)} for rows in shapes],
            }
        )
    mesh = {
        "name": head.name,
        "primitives": primitives,
        "weights": weights.tolist(),
        "extras": {"targetNames": list(head.expression_names)},
    }
    return builder.add("meshes", mesh)


@lru_cache(maxsize=4)
def _shapes_of_parts(head: Head) -> tuple[tuple[SparseRows, ...], ...]:
    """The expression shapes of each part of `mesh_parts`: the same for everyone, and half of the work."""
    return tuple(
        tuple(
            SparseRows.of(shape_m[part.vertices].astype(np.float32), threshold=_SMALLEST_MOVE_M)
            for shape_m in head.expression_basis_m
        )
        for part in mesh_parts(head)
    )


@lru_cache(maxsize=4)
def _four_influences(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Joint indices (V, 4) uint8 (0 is the root) and weights (V, 4) float32 that sum to one."""
    skinning_weights = head.skinning_weights
    with_root = np.concatenate([1 - skinning_weights.sum(axis=1, keepdims=True), skinning_weights], axis=1)
    with_root = np.maximum(with_root, 0.0)
    order = np.argsort(-with_root, axis=1, kind="stable")[:, :4]
    weights = np.take_along_axis(with_root, order, axis=1)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return np.where(weights > 0, order, 0).astype(np.uint8), weights  # an unused slot must name joint 0


def _add_camera(builder: GlbBuilder, camera: Camera) -> int:
    focal_x_px, focal_y_px = camera.intrinsics[0, 0], camera.intrinsics[1, 1]
    lens = {
        "type": "perspective",
        "perspective": {
            "yfov": float(2 * np.arctan(camera.height_px / (2 * focal_y_px))),
            "aspectRatio": float(camera.width_px * focal_y_px / (camera.height_px * focal_x_px)),
            "znear": 0.01,
            "zfar": 100.0,
        },
        # glTF has no principal point: whoever needs it finds the whole matrix here.
        "extras": {
            "intrinsics": camera.intrinsics.tolist(),
            "width_px": camera.width_px,
            "height_px": camera.height_px,
        },
    }
    pose = camera.world_from_camera
    rotation = pose[:3, :3] @ np.diag([1.0, -1.0, -1.0])  # glTF cameras look along -z with +y up
    node = {
        "name": "camera",
        "camera": builder.add("cameras", lens),
        "rotation": quaternions_xyzw(rotation_vector_from_matrix(rotation)[None])[0].tolist(),
        "translation": pose[:3, 3].tolist(),
    }
    return builder.add("nodes", node)


def _add_animation(
    builder: GlbBuilder, head: Head, motion: HeadMotion, *, root: int, joint_nodes: list[int], mesh_node: int
) -> None:
    times = builder.accessor(motion.times_s.astype(np.float32), bounds=True)
    animation: dict[str, list[dict[str, Any]]] = {"samplers": [], "channels": []}

    def channel(node: int, path: str, values: np.ndarray) -> None:
        animation["samplers"].append(
            {"input": times, "interpolation": "LINEAR", "output": builder.accessor(values.astype(np.float32))}
        )
        animation["channels"].append(
            {"sampler": len(animation["samplers"]) - 1, "target": {"node": node, "path": path}}
        )

    weights = export_weights(motion.expression, head.expression_names)
    channel(mesh_node, "weights", weights.reshape(-1))  # frames × targets in one run of scalars
    channel(root, "rotation", quaternions_xyzw(motion.root_rotation))
    channel(root, "translation", motion.root_translation_m)
    for joint, node in enumerate(joint_nodes):
        channel(node, "rotation", quaternions_xyzw(motion.joint_rotations[:, joint]))
    builder.add("animations", {"name": "track", **animation})


def quaternions_xyzw(rotations: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 4"]:
    """Rotation vectors as unit quaternions whose sign never jumps from one frame to the next."""
    from scipy.spatial.transform import Rotation

    quaternions = Rotation.from_rotvec(rotations).as_quat()
    jumps = np.sum(quaternions[1:] * quaternions[:-1], axis=1) < 0
    signs = np.concatenate([[1.0], np.where(np.cumsum(jumps) % 2 == 1, -1.0, 1.0)])
    return quaternions * signs[:, None]
