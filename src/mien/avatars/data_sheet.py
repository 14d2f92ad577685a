"""A page of pictures to judge prepared frames by."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from mien.avatars.dataset import AvatarData
from mien.avatars.skull_frame import vertices_in_skull_m
from mien.heads.library import load_head

GROUND = np.array([90, 150, 110.0])


def data_sheet(
    data: AvatarData, *, count: int = 8, cell_px: int = 192
) -> UInt8[np.ndarray, "height width 3"]:
    """Evenly chosen frames: the picture, the head alone on green (grey where nobody knows), the fitted mesh
    over it. Held out frames say so."""
    from mien.drawing.mesh import draw_mesh
    from mien.drawing.sheets import contact_sheet

    head = load_head()
    rows = np.unique(np.linspace(0, len(data) - 1, min(count, len(data))).round().astype(int))
    pictures, captions = [], []
    for row in rows:
        rgb, alpha = data.rgba[row, ..., :3], data.rgba[row, ..., 3:] / 255
        known = data.known[row][..., None] / 255
        cut = alpha * rgb + (1 - alpha) * GROUND
        cut = known * cut + (1 - known) * (0.3 * cut + 70)
        vertices_m = vertices_in_skull_m(head, data.parameters(int(row)))
        mesh = draw_mesh(np.ascontiguousarray(rgb), vertices_m, head.triangles, data.camera(int(row)))
        pictures += [np.ascontiguousarray(rgb), np.rint(cut).astype(np.uint8), mesh]
        held = " held out" if data.test[row] else ""
        captions += [f"frame {data.video_frames[row]}{held}", "matte", "fitted head"]
    return contact_sheet(pictures, columns=6, captions=captions, cell_px=cell_px)
