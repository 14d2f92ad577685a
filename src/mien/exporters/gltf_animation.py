"""The frames of a track as a glTF animation."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from mien.exporters.arkit import export_weights
from mien.exporters.glb import GlbBuilder, GrowingAccessor
from mien.exporters.motion import HeadMotion, TrackMotion
from mien.geometry.rotations import quaternions_from_rotation_vectors
from mien.heads.model import Head


def add_animation(
    builder: GlbBuilder,
    head: Head,
    motion: HeadMotion | TrackMotion,
    *,
    root: int,
    joint_nodes: list[int],
    mesh_node: int,
) -> None:
    """Store one animation of root, joints and weights; its key times are the frames' own."""
    times = builder.accessor(motion.times_s.astype(np.float32), bounds=True)
    animation: dict[str, list[dict[str, Any]]] = {"samplers": [], "channels": []}
    frames, shapes = len(motion), head.expression_count

    def channel(node: int, path: str, columns: int, per_frame: int = 1) -> GrowingAccessor:
        values = builder.growing(frames * per_frame, columns)
        animation["samplers"].append({"input": times, "interpolation": "LINEAR", "output": values.index})
        animation["channels"].append(
            {"sampler": len(animation["samplers"]) - 1, "target": {"node": node, "path": path}}
        )
        return values

    # frames × targets in one run of scalars
    weights = channel(mesh_node, "weights", 1, shapes) if shapes else None
    rotations = [channel(root, "rotation", 4)]
    translation = channel(root, "translation", 3)
    rotations += [channel(node, "rotation", 4) for node in joint_nodes]
    last: list[np.ndarray | None] = [None] * len(rotations)
    for part in motion.parts():
        if weights is not None:
            weights.append(export_weights(part.expression, head.expression_names).reshape(-1))
        translation.append(part.root_translation_m)
        turns = [part.root_rotation, *np.moveaxis(part.joint_rotations, 1, 0)[: len(joint_nodes)]]
        for index, (values, turn) in enumerate(zip(rotations, turns, strict=True)):
            quaternions = quaternions_xyzw(turn, after=last[index])
            values.append(quaternions)
            last[index] = quaternions[-1]
    builder.add("animations", {"name": "track", **animation})


def quaternions_xyzw(
    rotations: Float[np.ndarray, "frames 3"], *, after: Float[np.ndarray, " 4"] | None = None
) -> Float[np.ndarray, "frames 4"]:
    """Rotation vectors as unit quaternions whose sign never jumps from one frame to the next.

    Args:
        after: the quaternion of the frame before.
    """
    quaternions = quaternions_from_rotation_vectors(rotations)
    before = quaternions[:1] if after is None else after[None]
    jumps = np.sum(quaternions * np.concatenate([before, quaternions[:-1]]), axis=1) < 0
    # the frame before has its sign already: only changes within these frames are counted
    signs = np.where(np.cumsum(jumps) % 2 == 1, -1.0, 1.0)
    return quaternions * signs[:, None]
