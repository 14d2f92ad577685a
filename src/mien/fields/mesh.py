"""A field's surface as a coloured mesh (marching cubes); of a field that depends on a context, take a
`FieldInContext`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8

from mien.errors import InputError
from mien.fields.protocol import Field

SURFACE_ALPHA = 0.5
"""The surface lies where a voxel of the grid takes this much of the light."""
FORMATS = (".ply", ".glb", ".obj", ".stl")
_CHUNK = 1 << 17


@dataclass(frozen=True)
class FieldMesh:
    """A surface with a colour at each vertex.

    Attributes:
        vertices_m: (V, 3) world; triangles: (T, 3) counter-clockwise seen from outside.
        colours: (V, 3) RGB; normals: (V, 3) outwards, unit.
        level_per_m: density of the surface.
    """

    vertices_m: Float[np.ndarray, "v 3"]
    triangles: Int[np.ndarray, "t 3"]
    colors: UInt8[np.ndarray, "v 3"]
    normals: Float[np.ndarray, "v 3"]
    level_per_m: float


def grid_points(field: Field, size: int) -> Float[np.ndarray, "size size size 3"]:
    """Points of a regular grid over the box, metres, indexed x, y, z: the centres of size³ cells."""
    lower, upper = field.bounds_m
    axes = [lower[a] + (upper[a] - lower[a]) * (np.arange(size) + 0.5) / size for a in range(3)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def density_on_grid(field: Field, size: int) -> Float[np.ndarray, "size size size"]:
    """Density per metre at `grid_points`."""
    points_m = torch.from_numpy(grid_points(field, size).reshape(-1, 3)).float().to(field.device)
    with torch.no_grad():
        density = torch.cat([field.density(some) for some in points_m.split(_CHUNK)])
    return density.reshape(size, size, size).cpu().numpy().astype(float)


def field_mesh(
    field: Field, *, size: int = 128, level_per_m: float | None = None, pieces: int = 1
) -> FieldMesh:
    """The outer surface of a field.

    Hollow insides are filled first: a field knows nothing of what no picture shows.

    Args:
        size: cells per axis.
        level_per_m: density of the surface; by `SURFACE_ALPHA` when None.
        pieces: how many connected pieces are kept, the largest first; 0: all.

    Raises:
        InputError: nothing is that dense.
        MissingExtraError: scikit-image is missing.
    """
    from scipy.ndimage import binary_closing, binary_fill_holes

    from mien.errors import MissingExtraError

    try:
        from skimage.measure import marching_cubes
    except ImportError as error:
        raise MissingExtraError("making a mesh of a field", extra="fields", cause="scikit-image") from error
    # One empty cell around, so that the surface is closed where the box cuts the head.
    density = np.pad(density_on_grid(field, size), 1)
    cell_m = (field.bounds_m[1] - field.bounds_m[0]) / size
    if level_per_m is None:
        level_per_m = float(-np.log(1 - SURFACE_ALPHA) / cell_m.mean())
    solid = density > level_per_m
    if not solid.any():
        raise InputError(
            f"nothing is denser than {level_per_m:.3g} per metre (the densest cell has {density.max():.3g}); "
            "give a lower --level",
            source="field",
        )
    if pieces:
        solid = _largest(solid, pieces)
    # Pieces that were dropped: just below the level, so that marching cubes sees nothing there
    density[~solid] = np.minimum(density[~solid], 0.999 * level_per_m)
    # Pores are closed first, or the hollow inside would be outside.
    filled = binary_fill_holes(binary_closing(solid))
    assert filled is not None
    density[filled & ~solid] = 2 * level_per_m
    # Densities jump by orders of magnitude at a sharp surface: clipped, vertices lie between cells.
    density = np.clip(density, 0, 2 * level_per_m)
    corners, triangles, _, _ = marching_cubes(density, level=level_per_m, gradient_direction="ascent")
    vertices_m = field.bounds_m[0] + (corners - 0.5) * cell_m
    normals = _vertex_normals(vertices_m, triangles)
    if _volume(vertices_m, triangles) < 0:
        triangles, normals = triangles[:, ::-1], -normals
    colors = _colors(field, vertices_m - 0.5 * normals * cell_m.mean(), normals)
    return FieldMesh(
        vertices_m.astype(float), np.ascontiguousarray(triangles).astype(int), colors, normals, level_per_m
    )


def write_field_mesh(mesh: FieldMesh, path: str | Path) -> Path:
    """Write a mesh with its colours as .ply, .glb, .obj or (without colours) .stl; metres.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    import trimesh

    from mien.files import atomic_path

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"unknown mesh format {path.suffix!r}; use {', '.join(FORMATS)}", source=path)
    solid = np.full((len(mesh.colors), 1), 255, np.uint8)
    surface = trimesh.Trimesh(
        vertices=mesh.vertices_m,
        faces=mesh.triangles,
        vertex_normals=mesh.normals,
        vertex_colors=np.concatenate([mesh.colors, solid], axis=1),
        process=False,
    )
    with atomic_path(path) as temporary:
        surface.export(temporary, file_type=path.suffix[1:].lower())
    return path


def _largest(solid: Bool[np.ndarray, "a b c"], count: int) -> Bool[np.ndarray, "a b c"]:
    from scipy.ndimage import label

    labels, found = label(solid)  # type: ignore[misc]
    if found <= count:
        return solid
    sizes = np.bincount(labels.ravel())[1:]
    return np.isin(labels, 1 + np.argsort(sizes)[::-1][:count])


def _volume(vertices_m: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (vertices_m[triangles[:, k]] for k in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def _vertex_normals(vertices_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices_m[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.zeros((len(vertices_m), 3))
    for k in range(3):
        np.add.at(normals, triangles[:, k], faces)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)


def _colors(field: Field, points_m: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Colour just below the surface, seen straight on."""
    points = torch.from_numpy(points_m).float().to(field.device).split(_CHUNK)
    views = torch.from_numpy(-normals).float().to(field.device).split(_CHUNK)
    with torch.no_grad():
        found = [field.density_and_color(some, along)[1] for some, along in zip(points, views, strict=True)]
    return (torch.cat(found) * 255).round().to(torch.uint8).cpu().numpy()
