"""Pictures of results: landmarks, meshes over photographs, turntables, sheets."""

from __future__ import annotations

from mien.drawing.landmarks import draw_landmarks
from mien.drawing.mesh import draw_mesh, head_turntable, part_colors, render_head
from mien.drawing.overlay import draw_fit, draw_track_frame
from mien.drawing.sheets import contact_sheet
from mien.drawing.textured import draw_look, draw_look_sheet

__all__ = [
    "contact_sheet",
    "draw_fit",
    "draw_landmarks",
    "draw_look",
    "draw_look_sheet",
    "draw_mesh",
    "draw_track_frame",
    "part_colors",
    "render_head",
    "head_turntable",
]
