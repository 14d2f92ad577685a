"""A field's surface as Gaussian splats, in the .ply layout of 3D Gaussian Splatting (Kerbl et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.fields.mesh import FieldMesh
from mien.files import write_bytes

SH_BAND_0 = 0.28209479177387814
"""The constant spherical harmonic: viewers show 0.5 + 0.282 · f_dc."""
WIDTH, THICKNESS = 0.75, 0.15
"""Deviations of a splat along the surface and across it, over the mean length of the mesh's edges."""
OPACITY = 0.95
PROPERTIES = (
    "x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity",
    "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3",
)  # fmt: skip
"""In this order, float32; opacity is a logit, scales are logarithms of metres, rot is wxyz."""


@dataclass(frozen=True, eq=False)
class Splats:
    """Gaussians with one colour each.

    Attributes:
        centres_m: (N, 3) world; normals: (N, 3) unit, outwards.
        colors: (N, 3) RGB in [0, 1].
        scales_m: (N, 3) deviations along the Gaussian's own axes, the third across the surface.
        quaternions: (N, 4) wxyz, world from the Gaussian's axes.
        opacities: (N,) in (0, 1).
    """

    centres_m: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    colors: Float[np.ndarray, "n 3"]
    scales_m: Float[np.ndarray, "n 3"]
    quaternions: Float[np.ndarray, "n 4"]
    opacities: Float[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.centres_m)


def splats_of_mesh(mesh: FieldMesh) -> Splats:
    """A flat Gaussian at each vertex of a field's surface, as wide as the vertices are apart."""
    corners = mesh.vertices_m[mesh.triangles]
    edge_m = float(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).mean())
    count = len(mesh.vertices_m)
    return Splats(
        centres_m=mesh.vertices_m,
        normals=mesh.normals,
        colors=mesh.colors / 255.0,
        scales_m=np.tile([WIDTH * edge_m, WIDTH * edge_m, THICKNESS * edge_m], (count, 1)),
        quaternions=_turning_z_to(mesh.normals),
        opacities=np.full(count, OPACITY),
    )


def write_splats(splats: Splats, path: str | Path) -> Path:
    """Write a binary .ply that viewers of Gaussian splats open; metres, the field's world.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(path)
    columns = np.concatenate([
        splats.centres_m,
        splats.normals,
        (splats.colors - 0.5) / SH_BAND_0,
        np.log(splats.opacities / (1 - splats.opacities))[:, None],
        np.log(splats.scales_m),
        splats.quaternions,
    ], axis=1).astype("<f4")  # fmt: skip
    header = ["ply", "format binary_little_endian 1.0", "comment Gaussian splats, metres"]
    header.append(f"element vertex {len(splats)}")
    header += [f"property float {name}" for name in PROPERTIES]
    text = "\n".join([*header, "end_header", ""])
    write_bytes(path, text.encode("ascii") + columns.tobytes())
    return path


def _turning_z_to(normals: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 4"]:
    """Shortest rotations that take +z to each normal, wxyz."""
    x, y, z = normals.T
    w = np.sqrt(np.maximum((1 + z) / 2, 0))
    out = np.stack([w, -y / np.maximum(2 * w, 1e-12), x / np.maximum(2 * w, 1e-12), np.zeros_like(x)], axis=1)
    out[w < 1e-6] = [0, 1, 0, 0]
    return out / np.linalg.norm(out, axis=1, keepdims=True)
