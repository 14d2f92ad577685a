"""The posed head as a Wavefront OBJ: one group per part, texture coordinates, smooth normals."""

from __future__ import annotations

import numpy as np

from mien.exporters.mesh_parts import triangle_parts
from mien.geometry.normals import vertex_normals
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters


def obj_text(head: Head, parameters: HeadParameters) -> str:
    """The head in its pose, metres, +y up; vertices keep the head model's order."""
    vertices_m = head.vertices_m(parameters)
    lines = [f"# {head.name} {head.version}, metres, +y up"]
    lines += [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in vertices_m.tolist()]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in head.uv.tolist()]
    lines += [
        f"vn {x:.5f} {y:.5f} {z:.5f}" for x, y, z in vertex_normals(vertices_m, head.triangles).tolist()
    ]
    of_part = triangle_parts(head)
    has_uv = len(head.uv) > 0
    for part, name in enumerate(head.part_names):
        chosen = np.flatnonzero(of_part == part)
        if not len(chosen):
            continue
        lines.append(f"g {name}")
        for triangle in chosen:
            corners = head.triangles[triangle] + 1  # OBJ counts from one
            uv_corners = head.uv_triangles[triangle] + 1 if has_uv else [""] * 3
            lines.append("f " + " ".join(f"{v}/{t}/{v}" for v, t in zip(corners, uv_corners, strict=True)))
    return "\n".join(lines) + "\n"
