"""`mien field export`: a field for programs that know meshes or volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_written
from mien.commands.options import DeviceOption, FieldOption, JsonOption
from mien.errors import InputError
from mien.files import OutputFile

SPLATS_SUFFIX = ".splats.ply"


@dataclass(frozen=True)
class FieldExportConfig:
    """Write a field as a coloured mesh (.ply, .glb, .obj, .stl), as Gaussian splats (.splats.ply) or as an
    RGBA grid (.npz).

    The mesh is the outer surface in metres, coloured at its vertices, or with --bake (.glb, .obj) by a
    texture.
    Splats are flat Gaussians on that surface, for viewers of 3D Gaussian Splatting. The grid holds `rgba` and
    `density_per_m` at the centres of cells that fill the field's box, indexed x, y, z.
    """

    source: Flat[FieldOption]
    out: tuple[OutputFile, ...]
    """Files to write; the suffix chooses: .ply .glb .obj .stl for the mesh, .splats.ply for splats, .npz for
    the grid."""
    size: int = 128
    """Cells per axis."""
    level: float | None = None
    """Density of the mesh's surface, per metre; where a cell takes half of the light when left out."""
    bake: bool = False
    """Colours of .glb and .obj in a texture, finer than the mesh."""
    texels: int = 8
    """With --bake: side of the square of the texture that two triangles share."""
    pieces: int = 1
    """Connected pieces of the mesh that are kept, the largest first; 0: all."""
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Export to every file that was named."""
    config = parse(FieldExportConfig, arguments, prog="mien field export")
    from mien.fields.baked_mesh import FORMATS as BAKED_FORMATS
    from mien.fields.baked_mesh import bake, write_baked_mesh
    from mien.fields.grids.color_grid import color_grid, write_color_grid
    from mien.fields.mesh import FORMATS, field_mesh, write_field_mesh
    from mien.fields.splats import splats_of_mesh, write_splats
    from mien.morphable_fields.any_field import load_any_field

    for path in config.out:
        if path.suffix.lower() not in (*FORMATS, ".npz"):
            raise InputError(f"unknown format; use {', '.join(FORMATS)} or .npz", source=path)
    field = load_any_field(config.source.field, device=config.place.device)
    facts: list[dict[str, Any]] = []
    mesh = None
    for path in config.out:
        if path.suffix.lower() in FORMATS:
            if mesh is None:
                mesh = field_mesh(field, size=config.size, level_per_m=config.level, pieces=config.pieces)
            if path.name.lower().endswith(SPLATS_SUFFIX):
                splats = splats_of_mesh(mesh)
                write_splats(splats, path)
                facts.append({"file": str(path), "splats": len(splats)})
                continue
            if config.bake and path.suffix.lower() in BAKED_FORMATS:
                baked = bake(field, mesh, texels=config.texels)
                write_baked_mesh(baked, path)
                texture_px = len(baked.texture)
                facts.append({"file": str(path), "triangles": len(baked.triangles), "texture_px": texture_px})
                continue
            write_field_mesh(mesh, path)
            facts.append({
                "file": str(path), "vertices": len(mesh.vertices_m), "triangles": len(mesh.triangles),
                "level_per_m": mesh.level_per_m,
                "extent_m": (mesh.vertices_m.max(axis=0) - mesh.vertices_m.min(axis=0)).round(4).tolist(),
            })  # fmt: skip
        else:
            grid = color_grid(field, size=config.size)
            write_color_grid(grid, path)
            occupied = float((grid.rgba[..., 3] > 127).mean())
            facts.append({"file": str(path), "cells": config.size, "occupied": round(occupied, 4)})
    if config.output.json:
        return print_json({"field": str(config.source.field), "written": facts})
    lines = []
    for fact in facts:
        rest = ", ".join(f"{name} {value}" for name, value in fact.items() if name != "file")
        lines.append(f"{fact['file']} ({rest})")
    print_written(
        lines,
        next_step="open a mesh in Blender or MeshLab; read a grid with numpy.load (rgba, density_per_m)",
    )
    return 0
