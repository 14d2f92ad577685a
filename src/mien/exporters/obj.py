"""The posed head as a Wavefront OBJ: quads where the head has them, a group per part, texture coordinates,
smooth normals, and with a look a material library and its pictures beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Integer

from mien.exporters.look_files import look_files
from mien.exporters.surfaces import Surface, has_texture, surfaces_of
from mien.geometry.normals import vertex_normals
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters


def obj_files(
    path: Path, head: Head, parameters: HeadParameters, *, look: HeadLook | None = None
) -> dict[Path, bytes]:
    """The .obj and what lies beside it, by place.

    Args:
        path: of the .obj; the names of the others begin with its stem.
        look: pictures on the head; without one there is no material library.
    """
    if look is None:
        return {path: obj_text(head, parameters).encode()}
    files = look_files(look)
    library = path.with_suffix(".mtl")
    pictures = {"base_color": path.with_name(f"{path.stem}-base-color.jpg")}
    beside = {pictures["base_color"]: files.base_color}
    if files.cards is not None:
        pictures["cards"] = path.with_name(f"{path.stem}-cards.png")
        beside[pictures["cards"]] = files.cards
    names = {name: place.name for name, place in pictures.items()}
    text = obj_text(head, parameters, look=look, library=library.name)
    return {path: text.encode(), library: mtl_text(surfaces_of(head, look), names).encode(), **beside}


def obj_text(
    head: Head, parameters: HeadParameters, *, look: HeadLook | None = None, library: str | None = None
) -> str:
    """The head in its pose, metres, +y up; vertices keep the head model's order, but those of no face that is
    written (landmarks between vertices, cards without a look) are left out.

    Args:
        look: whose materials the faces are given when there is a `library`, the name of the .mtl.
    """
    vertices_m = head.vertices_m(parameters)
    normals = vertex_normals(vertices_m, head.triangles)
    lines = [f"# {head.name} {head.version}, metres, +y up"]
    if library is not None:
        lines.append(f"mtllib {library}")
    if has_texture(head):
        lines += [f"vt {u:.6f} {v:.6f}" for u, v in head.uv.tolist()]
    faces, uv_faces = _faces(head)
    of_part = _face_parts(head, faces)
    material_of = {part: surface.name for surface in surfaces_of(head, look) for part in surface.parts}
    written = np.unique(faces[np.isin(of_part, list(material_of))])
    written = written[written >= 0]
    place = np.full(head.vertex_count + 1, -1)  # its last entry stays -1, as a triangle's fourth corner is
    place[written] = np.arange(len(written))
    faces = place[faces]
    lines += [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in vertices_m[written].tolist()]
    lines += [f"vn {x:.5f} {y:.5f} {z:.5f}" for x, y, z in normals[written].tolist()]
    for part, material in material_of.items():
        chosen = np.flatnonzero(of_part == part)
        if not len(chosen):
            continue
        lines.append(f"g {head.part_names[part]}")
        if library is not None:
            lines.append(f"usemtl {material}")
        lines += [
            _face_line(corners, uv_corners)
            for corners, uv_corners in zip(
                faces[chosen].tolist(),
                [None] * len(chosen) if uv_faces is None else uv_faces[chosen].tolist(),
                strict=True,
            )
        ]
    return "\n".join(lines) + "\n"


def mtl_text(surfaces: tuple[Surface, ...], pictures: dict[str, str]) -> str:
    """The materials of surfaces, with pictures by file name."""
    lines = []
    for surface in surfaces:
        shininess = 2 / max(surface.roughness, 0.03) ** 4 - 2  # Blinn-Phong's of the same highlight
        lines += [
            f"newmtl {surface.name}",
            "Kd " + " ".join(f"{_srgb(value):.4f}" for value in surface.color),
            "Ks 0.04 0.04 0.04",
            f"Ns {min(shininess, 1000.0):.1f}",
            f"d {surface.opacity:.3f}",
            "illum 2",
        ]
        if surface.picture in pictures:
            lines.append(f"map_Kd {pictures[surface.picture]}")
        if surface.picture == "cards":
            lines.append(f"map_d {pictures['cards']}")
        lines.append("")
    return "\n".join(lines)


def _faces(head: Head) -> tuple[Integer[np.ndarray, "faces k"], Integer[np.ndarray, "faces k"] | None]:
    """Corners of the faces and of their texture, -1 for what a triangle lacks; no texture is None."""
    has_uv = has_texture(head)
    if len(head.quads):
        return head.quads, head.uv_quads if has_uv else None
    return head.triangles, head.uv_triangles if has_uv else None


def _face_parts(head: Head, faces: Integer[np.ndarray, "faces k"]) -> Integer[np.ndarray, " faces"]:
    """The part of most of a face's corners, of a quad's lower two and upper two the lower."""
    # of a triangle among quads, the last corner counts for the missing one
    corners = np.where(faces < 0, faces[:, 2:3], faces)
    ordered = np.sort(head.vertex_parts[corners], axis=1)
    return ordered[:, 1]


def _face_line(corners: list[int], uv_corners: list[int] | None) -> str:
    words = []
    for place, corner in enumerate(corners):
        if corner < 0:
            continue
        vertex = corner + 1  # OBJ counts from one
        texture = "" if uv_corners is None else uv_corners[place] + 1
        words.append(f"{vertex}/{texture}/{vertex}")
    return "f " + " ".join(words)


def _srgb(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
