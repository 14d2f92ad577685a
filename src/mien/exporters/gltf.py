"""A head as glTF 2.0: skinned mesh with ARKit-named morph targets, and its animation.

Importers find the morph targets' names in `mesh.extras.targetNames` (the convention that Blender, Godot
and Babylon follow). glTF shares mien's frame (metres, +y up, +z out of the face), so nothing is turned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.exporters.arkit import export_weights
from mien.exporters.glb import GlbBuilder
from mien.exporters.gltf_animation import add_animation, quaternions_xyzw
from mien.exporters.gltf_mesh import add_mesh
from mien.exporters.motion import HeadMotion, TrackMotion
from mien.geometry.rotations import rotation_vector_from_matrix
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES, JOINT_PARENTS, HeadParameters

FORMAT_VERSION = 2


def glb_file(
    head: Head,
    motion: HeadMotion | TrackMotion,
    *,
    look: HeadLook | None = None,
    camera: Camera | None = None,
    extras: dict[str, Any] | None = None,
) -> GlbBuilder:
    """The head as a .glb file, ready to be written.

    The base mesh is the person's own neutral face; joints and root hold the first frame's pose and, with
    more than one frame, one animation moves them and the weights.

    Args:
        motion: the person and at least one frame.
        look: the pictures on the head; plain colours when None.
        camera: written as a camera node, so that a viewer can look through it.
        extras: written into the asset's `extras` and the scene's, where programs show them.
    """
    builder = GlbBuilder()
    extras = {"format_version": FORMAT_VERSION, **(extras or {})}
    builder.document["asset"] |= {"generator": "mien", "extras": extras}
    joints_m = head.joints_m(motion.identity)

    first = motion.first_frame()
    root, joint_nodes = _add_joints(builder, joints_m, first)
    weights = export_weights(first.expression, head.expression_names)
    mesh = add_mesh(builder, head, motion.identity, weights=weights, look=look)
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
    builder.add("scenes", {"nodes": scene_nodes, "extras": extras})
    builder.document["scene"] = 0
    if len(motion) > 1:
        add_animation(builder, head, motion, root=root, joint_nodes=joint_nodes, mesh_node=mesh_node)
    return builder


def _add_joints(
    builder: GlbBuilder, joints_m: Float[np.ndarray, "joints 3"], first: HeadParameters
) -> tuple[int, list[int]]:
    root = builder.add(
        "nodes",
        {
            "name": "root",
            "rotation": quaternions_xyzw(first.root_rotation[None])[0].tolist(),
            "translation": first.root_translation_m.tolist(),
        },
    )
    nodes: list[int] = []
    for joint, (name, parent) in enumerate(zip(JOINT_NAMES, JOINT_PARENTS, strict=True)):
        origin_m = joints_m[parent] if parent >= 0 else np.zeros(3)
        item = {
            "name": name,
            "translation": (joints_m[joint] - origin_m).tolist(),
            "rotation": quaternions_xyzw(first.joint_rotations[None, joint])[0].tolist(),
        }
        nodes.append(builder.add("nodes", item))
        parent_node = builder.document["nodes"][nodes[parent] if parent >= 0 else root]
        parent_node.setdefault("children", []).append(nodes[joint])
    return root, nodes


def _inverse_bind_matrices(joints_m: Float[np.ndarray, "joints 3"]) -> np.ndarray:
    matrices = np.tile(np.eye(4, dtype=np.float32), (1 + len(joints_m), 1, 1))
    matrices[1:, :3, 3] = -joints_m
    return matrices


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
