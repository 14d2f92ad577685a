"""A field sampled on a regular grid: density and colour, for programs that know volumes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8

from mien.errors import InputError
from mien.fields.mesh import grid_points
from mien.fields.protocol import Field

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ColorGrid:
    """Cells that fill a box, indexed x, y, z.

    Attributes:
        rgba: (N, N, N, 4): colour, and the part of the light that a cell takes along an axis.
        density_per_m: (N, N, N).
        bounds_m: (2, 3) corners of the box, world.
        direction: (3,) unit, from the viewer to the head: the side from which the colours are seen.
    """

    rgba: UInt8[np.ndarray, "n n n 4"]
    density_per_m: Float[np.ndarray, "n n n"]
    bounds_m: Float[np.ndarray, "2 3"]
    direction: Float[np.ndarray, " 3"]


def color_grid(
    field: Field, *, size: int = 128, direction: Float[np.ndarray, " 3"] | None = None
) -> ColorGrid:
    """Sample a field at the centres of size³ cells, seen from one side (the front when None)."""
    if direction is None:
        direction = -np.array(field.viewpoint.front)
    direction = direction / np.linalg.norm(direction)
    points_m = torch.from_numpy(grid_points(field, size).reshape(-1, 3)).float().to(field.device)
    along = torch.from_numpy(direction).float().to(field.device)
    densities, colors = [], []
    with torch.no_grad():
        for some in points_m.split(1 << 17):
            density, color = field.density_and_color(some, along.expand(len(some), 3))
            densities.append(density)
            colors.append(color)
    density = torch.cat(densities).reshape(size, size, size).cpu().numpy().astype(float)
    color = torch.cat(colors).reshape(size, size, size, 3).cpu().numpy()
    cell_m = float((field.bounds_m[1] - field.bounds_m[0]).mean()) / size
    alpha = 1 - np.exp(-density * cell_m)
    rgba = np.concatenate([color * (alpha > 0)[..., None], alpha[..., None]], axis=3)
    return ColorGrid(np.rint(255 * rgba).astype(np.uint8), density, field.bounds_m, direction)


def write_color_grid(grid: ColorGrid, path: str | Path) -> Path:
    """Write a grid as .npz: rgba, density_per_m (float32), bounds_m, direction, and one JSON text `document`.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    from mien import __version__
    from mien.files import atomic_path

    path = Path(path)
    if path.suffix != ".npz":
        raise InputError(f"a grid is written as .npz, not {path.suffix!r}", source=path)
    document = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": "rgba_grid",
        "index_order": "x y z",
        "samples_at": "cell centres",
        "units": "metres; density per metre; colour and alpha 0 to 255",
    }
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            rgba=grid.rgba,
            density_per_m=grid.density_per_m.astype(np.float32),
            bounds_m=grid.bounds_m,
            direction=grid.direction,
            document=json.dumps(document),
        )
    return path
