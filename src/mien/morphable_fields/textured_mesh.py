"""The mesh of a face that landmarks steer, with its texture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.heads.library import load_head
from mien.looks.materials import OPAQUE, vertices_of
from mien.morphable_fields.face import MorphableFace

FORMATS = (".glb", ".obj")


def write_textured_mesh(face: MorphableFace, path: str | Path) -> Path:
    """Write skin, mouth and eyes as one textured mesh (.glb, or .obj with .mtl and picture), metres.

    It is the mesh whose landmarks are where they were asked to be; corneas, brows and lashes are left out.

    Raises:
        InputError: another suffix.
        OutputError: the place takes no files.
    """
    import trimesh
    from PIL import Image

    from mien.files import write_bytes

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"unknown mesh format {path.suffix!r}; use {', '.join(FORMATS)}", source=path)
    head = load_head()
    opaque = vertices_of(head, *OPAQUE)[head.triangles[:, 0]]
    corners = np.column_stack([head.triangles[opaque].ravel(), head.uv_triangles[opaque].ravel()])
    unique, inverse = np.unique(corners, axis=0, return_inverse=True)
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=Image.fromarray(face.texture), metallicFactor=0.0, roughnessFactor=0.6
    )
    if suffix == ".obj":
        material = material.to_simple()
        material.name = path.stem
    mesh = trimesh.Trimesh(
        vertices=face.vertices_m[unique[:, 0]],
        faces=inverse.reshape(-1, 3),
        visual=trimesh.visual.TextureVisuals(uv=head.uv[unique[:, 1]], material=material),
        process=False,
    )
    if suffix == ".glb":
        content = mesh.export(file_type="glb")
        assert isinstance(content, bytes)
        write_bytes(path, content)
        return path
    text, others = trimesh.exchange.obj.export_obj(mesh, return_texture=True, mtl_name=f"{path.stem}.mtl")
    for name, content in others.items():
        write_bytes(path.with_name(name), content)
    write_bytes(path, text.encode())
    return path
