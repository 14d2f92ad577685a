"""What each pixel of a picture shows: how far away it is, which way it faces, which part it belongs to."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from mien.cameras import Camera
from mien.heads.model import Head
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clip_space import clip_from_camera
from mien.synthetic.scenes.drawn_face import LabelMaps
from mien.synthetic.scenes.renderer import DrawItem, Renderer

HEAD_MESHES = {
    "skin": ("skin",),
    "interior": ("mouth_interior", "eye_sockets"),
    "eyes": ("left_eye", "right_eye"),
    "teeth": ("upper_teeth", "lower_teeth"),
    "gums": ("upper_gums", "lower_gums"),
    "tongue": ("tongue",),
    "brows": ("brows",),
    "lashes": ("lashes",),
}
"""Keys of the head's own meshes, and the head's parts in each; the clear corneas are not drawn."""
HAIR_MESHES = ("brows", "lashes")
"""Those that are hair: they hide nothing behind them and cast no shadow."""
WORN_PARTS = ("body", "hair", "clothes", "covering", "glasses", "microphone")


def part_names(head: Head) -> tuple[str, ...]:
    """Names of the values of `LabelMaps.parts`."""
    return ("background", *head.part_names, *WORN_PARTS)


def triangles_of(head: Head, key: str) -> Bool[np.ndarray, " triangles"]:
    """Which of the head's triangles are in one of the `HEAD_MESHES`."""
    return np.isin(np.array(head.part_names)[_triangle_parts(head)], HEAD_MESHES[key])


def _triangle_parts(head: Head) -> np.ndarray:
    """Vertices between the skin and an inside are the skin's, which is the first part."""
    return head.vertex_parts[head.triangles].max(axis=1)


def _worn_part(item: DrawItem) -> str:
    by_material = {
        shaders.HAIR: "hair",
        shaders.FUR: "hair",
        shaders.SKIN: "body",
        shaders.GARMENT: "clothes",
        shaders.CLOTH: "covering",
    }
    if item.material in by_material:
        return by_material[item.material]
    return "glasses" if item.material == shaders.LENS else item.key


def draw_label_maps(
    renderer: Renderer,
    head: Head,
    items: list[DrawItem],
    camera: Camera,
    *,
    near_m: float,
    far_m: float,
) -> LabelMaps:
    """The labels of what the last `renderer.draw` drew.

    Args:
        head: whose `HEAD_MESHES` are among the items.
        camera: at the world's origin.
    """
    clip = clip_from_camera(
        camera.intrinsics, camera.camera_from_world, renderer.size_px, near_m=near_m, far_m=far_m
    )
    shape, what = renderer.draw_maps(items, clip)
    names = part_names(head)
    item_index, triangle = what[..., 0].astype(int), what[..., 1].astype(int)
    parts = np.zeros(item_index.shape, np.uint8)
    for index, item in enumerate(items, start=1):
        here = item_index == index
        if item.key in HEAD_MESHES:
            own = _triangle_parts(head)[triangles_of(head, item.key)]
            parts[here] = 1 + own[triangle[here]]
        else:
            parts[here] = names.index(_worn_part(item))
    normals = shape[..., :3] @ camera.camera_from_world[:3, :3].T.astype(np.float32)
    return LabelMaps(shape[..., 3].copy(), normals.astype(np.float32), parts)
