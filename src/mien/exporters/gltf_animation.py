"""The frames of a track as a glTF animation."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from mien.exporters.arkit import export_weights
from mien.exporters.glb import GlbBuilder
from mien.exporters.motion import HeadMotion
from mien.heads.model import Head


def add_animation(
    builder: GlbBuilder, head: Head, motion: HeadMotion, *, root: int, joint_nodes: list[int], mesh_node: int
) -> None:
    """Store one animation of root, joints and weights; its key times are the frames' own."""
    times = builder.accessor(motion.times_s.astype(np.float32), bounds=True)
    animation: dict[str, list[dict[str, Any]]] = {"samplers": [], "channels": []}

    def channel(node: int, path: str, values: np.ndarray) -> None:
        animation["samplers"].append(
            {"input": times, "interpolation": "LINEAR", "output": builder.accessor(values.astype(np.float32))}
        )
        animation["channels"].append(
            {"sampler": len(animation["samplers"]) - 1, "target": {"node": node, "path": path}}
        )

    if head.expression_count:
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
