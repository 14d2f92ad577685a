"""The head's mesh as glTF: a primitive per material, skinned, with morph targets."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from mien.exporters.glb import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, GlbBuilder
from mien.exporters.gltf_materials import add_materials
from mien.exporters.mesh_pieces import mesh_pieces
from mien.exporters.morph_targets import add_morph_targets
from mien.exporters.personal_shapes import personal_changes
from mien.exporters.surfaces import surfaces_of
from mien.geometry.normals import vertex_normals
from mien.heads.look import HeadLook
from mien.heads.model import Head


def add_mesh(
    builder: GlbBuilder,
    head: Head,
    identity: Float[np.ndarray, " identity"],
    *,
    weights: Float[np.ndarray, " expression"],
    look: HeadLook | None,
) -> int:
    """Store the one mesh and return its index.

    Args:
        identity: who it is.
        weights: of the morph targets, as a viewer shows them at first.
        look: the pictures on it; plain colours when None.
    """
    surfaces = surfaces_of(head, look)
    rest_m = head.rest_vertices_m(identity, np.zeros(head.expression_count))
    changes_m = personal_changes(head, identity)
    # Of the head's own vertices, so that shading runs on over seams of the texture and edges of parts.
    normals = vertex_normals(rest_m, head.triangles)
    joints, joint_weights = _four_influences(head)
    primitives = []
    for piece, material, targets in zip(
        mesh_pieces(head, surfaces),
        add_materials(builder, surfaces, look),
        add_morph_targets(builder, head, surfaces, rest_m=rest_m, normals=normals, changes_m=changes_m),
        strict=True,
    ):
        chosen = piece.vertices
        attributes = {
            "POSITION": builder.accessor(rest_m[chosen].astype(np.float32), target=ARRAY_BUFFER, bounds=True),
            "NORMAL": builder.accessor(normals[chosen].astype(np.float32), target=ARRAY_BUFFER),
            "JOINTS_0": builder.accessor(joints[chosen], target=ARRAY_BUFFER),
            "WEIGHTS_0": builder.accessor(joint_weights[chosen], target=ARRAY_BUFFER),
        }
        if piece.uv is not None:
            flipped = np.stack([piece.uv[:, 0], 1 - piece.uv[:, 1]], axis=1)  # glTF's v runs downwards
            attributes["TEXCOORD_0"] = builder.accessor(flipped.astype(np.float32), target=ARRAY_BUFFER)
        index_type = np.uint16 if len(chosen) < 0xFFFF else np.uint32  # 0xFFFF itself would restart the strip
        corners = piece.triangles.reshape(-1).astype(index_type)
        primitive = {
            "attributes": attributes,
            "indices": builder.accessor(corners, target=ELEMENT_ARRAY_BUFFER),
            "material": material,
        }
        if targets:
            primitive["targets"] = targets
        primitives.append(primitive)
    mesh = {"name": head.name, "primitives": primitives}
    if head.expression_names:
        mesh |= {"weights": weights.tolist(), "extras": {"targetNames": list(head.expression_names)}}
    return builder.add("meshes", mesh)


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
