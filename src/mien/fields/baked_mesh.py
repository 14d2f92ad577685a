"""A field's surface with its colours in a texture: finer than the mesh itself.

Every two triangles share a square of the texture, with a texel of margin around each, so nothing has to be
cut
open and laid flat, and all triangles have as many texels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from mien.errors import InputError
from mien.fields.mesh import FieldMesh
from mien.fields.protocol import Field

FORMATS = (".glb", ".obj")
LARGEST_TEXTURE_PX = 8192
_CHUNK = 1 << 17


@dataclass(frozen=True, eq=False)
class BakedMesh:
    """A surface and its texture.

    Attributes:
        vertices_m: (3 T, 3) world, a vertex for each corner; normals: theirs.
        triangles: (T, 3).
        uv: (3 T, 2) places in the texture, (0, 0) its lower left corner.
        texture: RGB.
    """

    vertices_m: Float[np.ndarray, "v 3"]
    normals: Float[np.ndarray, "v 3"]
    triangles: Int[np.ndarray, "t 3"]
    uv: Float[np.ndarray, "v 2"]
    texture: UInt8[np.ndarray, "size size 3"]


def bake(field: Field, mesh: FieldMesh, *, texels: int = 8) -> BakedMesh:
    """Ask a field for the colours of its mesh, texel by texel, each seen straight on.

    Args:
        texels: side of the square that two triangles share.

    Raises:
        InputError: the texture would be larger than viewers take.
    """
    count = len(mesh.triangles)
    squares = -(-count // 2)
    columns = int(np.ceil(np.sqrt(squares)))
    size = columns * texels
    if size > LARGEST_TEXTURE_PX:
        raise InputError(
            f"{count} triangles of {texels} texels need a texture of {size} pixels; at most "
            f"{LARGEST_TEXTURE_PX}: "
            "give a smaller --size or fewer --texels",
            source="texture",
        )
    square = np.arange(count) // 2
    corner = np.stack([square % columns, square // columns], axis=1) * texels  # column, row
    places = np.where((np.arange(count) % 2 == 0)[:, None, None], *_corners(texels))
    pixels = corner[:, None] + places  # (T, 3, 2), centres of texels
    uv = np.stack([(pixels[..., 0] + 0.5) / size, 1 - (pixels[..., 1] + 0.5) / size], axis=2)
    texture = _texture(field, mesh, pixels, corner, size, texels)
    flat = mesh.triangles.reshape(-1)
    return BakedMesh(
        mesh.vertices_m[flat],
        mesh.normals[flat],
        np.arange(3 * count).reshape(-1, 3),
        uv.reshape(-1, 2),
        texture,
    )


def _corners(texels: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the corners of the first and the second triangle of a square lie, texels."""
    last = texels - 1.0
    first = np.array([[0.5, 0.5], [last - 1.5, 0.5], [0.5, last - 1.5]])
    return first, last - first


def _texture(
    field: Field, mesh: FieldMesh, pixels: np.ndarray, corner: np.ndarray, size: int, texels: int
) -> UInt8[np.ndarray, "size size 3"]:
    """Every texel belongs to the triangle on whose side of the diagonal it lies, margins too."""
    row, column = np.mgrid[:texels, :texels]
    lower = (row + column) >= texels - 1
    out = np.zeros((size, size, 3), np.uint8)
    bounds = torch.as_tensor(np.asarray(field.bounds_m), dtype=torch.float32)
    inset = 0.25 * field.voxel_m
    for part in (0, 1):
        mine = np.arange(part, len(mesh.triangles), 2)
        chosen = np.argwhere(lower if part else ~lower)  # row, column
        a, b, c = (pixels[mine, k] for k in range(3))
        texel = corner[mine][:, None] + chosen[None, :, ::-1]
        u = (texel[..., 0] - a[:, None, 0]) / (b - a)[:, None, 0]
        v = (texel[..., 1] - a[:, None, 1]) / (c - a)[:, None, 1]
        weights = np.clip(np.stack([1 - u - v, u, v], axis=2), 0, 1)
        weights /= weights.sum(axis=2, keepdims=True)
        corners_m, normals = mesh.vertices_m[mesh.triangles[mine]], mesh.normals[mesh.triangles[mine]]
        points_m = np.einsum("tpk,tkd->tpd", weights, corners_m).reshape(-1, 3)
        outward = np.einsum("tpk,tkd->tpd", weights, normals).reshape(-1, 3)
        outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
        colors = _colors(field, points_m - inset * outward, -outward, bounds)
        flat = texel.reshape(-1, 2)
        out[flat[:, 1], flat[:, 0]] = colors
    return out


def _colors(field: Field, points_m: np.ndarray, views: np.ndarray, bounds: torch.Tensor) -> np.ndarray:
    out = []
    with torch.no_grad():
        for start in range(0, len(points_m), _CHUNK):
            part = slice(start, start + _CHUNK)
            points = torch.from_numpy(points_m[part]).float().clamp(bounds[0], bounds[1]).to(field.device)
            along = torch.from_numpy(views[part]).float().to(field.device)
            out.append(field.density_and_color(points, along)[1].cpu().numpy())
    return np.rint(255 * np.concatenate(out)).astype(np.uint8)


def write_baked_mesh(mesh: BakedMesh, path: str | Path) -> Path:
    """Write a textured .glb (one file) or .obj (with .mtl and a picture beside it); metres.

    Raises:
        InputError: another suffix.
        OutputError: the file cannot be written.
    """
    import trimesh
    from PIL import Image

    from mien.files import atomic_path, write_text
    from mien.images.writing import write_image

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".obj":
        picture, material = path.with_suffix(".png"), path.with_suffix(".mtl")
        write_image(picture, mesh.texture)
        write_text(material, f"newmtl baked\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {picture.name}\n")
        lines = [f"mtllib {material.name}", "usemtl baked"]
        lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices_m]
        lines += [f"vt {u:.6f} {v:.6f}" for u, v in mesh.uv]
        lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in mesh.normals]
        lines += [f"f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}" for a, b, c in mesh.triangles + 1]
        write_text(path, "\n".join(lines) + "\n")
        return path
    if suffix != ".glb":
        raise InputError(
            f"unknown format {path.suffix!r}; a baked texture goes into .glb or .obj",
            source=path,
        )
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=Image.fromarray(mesh.texture), metallicFactor=0.0, roughnessFactor=1.0
    )
    surface = trimesh.Trimesh(
        vertices=mesh.vertices_m,
        faces=mesh.triangles,
        vertex_normals=mesh.normals,
        visual=trimesh.visual.TextureVisuals(uv=mesh.uv, material=material),
        process=False,
    )
    with atomic_path(path) as temporary:
        surface.export(temporary, file_type="glb")
    return path
