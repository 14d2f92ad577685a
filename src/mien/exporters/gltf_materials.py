"""glTF materials of a head's surfaces, with the pictures of its look."""

from __future__ import annotations

from typing import Any

from mien.exporters.glb import GlbBuilder
from mien.exporters.look_files import look_files
from mien.exporters.surfaces import Surface
from mien.heads.look import HeadLook

_LINEAR, _LINEAR_MIPMAP_LINEAR, _CLAMP_TO_EDGE = 9729, 9987, 33071


def add_materials(builder: GlbBuilder, surfaces: tuple[Surface, ...], look: HeadLook | None) -> list[int]:
    """Store a material for each surface, and the pictures that they use; returns the materials' indices."""
    textures = {} if look is None else _add_pictures(builder, surfaces, look)
    return [builder.add("materials", _material(surface, textures)) for surface in surfaces]


def _material(surface: Surface, textures: dict[str, int]) -> dict[str, Any]:
    shading: dict[str, Any] = {
        "baseColorFactor": [*surface.color, surface.opacity],
        "metallicFactor": 0.0,
        "roughnessFactor": surface.roughness,
    }
    material: dict[str, Any] = {"name": surface.name, "pbrMetallicRoughness": shading}
    if surface.picture is not None and surface.picture in textures:
        shading["baseColorTexture"] = {"index": textures[surface.picture]}
        if surface.picture == "base_color":
            if "roughness" in textures:
                shading["metallicRoughnessTexture"] = {"index": textures["roughness"]}
                shading["roughnessFactor"] = 1.0
            if "normals" in textures:
                material["normalTexture"] = {"index": textures["normals"]}
    if surface.opacity < 1 or surface.picture == "cards":
        # Hairs are finer than a pixel: cut at a threshold (MASK) brows turn to blots and lashes vanish.
        material["alphaMode"] = "BLEND"
    if surface.both_sides:
        material["doubleSided"] = True
    return material


def _add_pictures(builder: GlbBuilder, surfaces: tuple[Surface, ...], look: HeadLook) -> dict[str, int]:
    used = {surface.picture for surface in surfaces} - {None}
    files = look_files(look)
    of_base = "base_color" in used
    pictures = {
        "base_color": files.base_color if of_base else None,
        "roughness": files.roughness if of_base else None,
        "normals": files.normals if of_base else None,
        "cards": files.cards if "cards" in used else None,
    }
    if not used:
        return {}
    sampler = builder.add(
        "samplers",
        {
            "magFilter": _LINEAR,
            "minFilter": _LINEAR_MIPMAP_LINEAR,
            "wrapS": _CLAMP_TO_EDGE,
            "wrapT": _CLAMP_TO_EDGE,
        },
    )
    return {
        name: builder.picture(
            data, mime_type="image/png" if name == "cards" else "image/jpeg", name=name, sampler=sampler
        )
        for name, data in pictures.items()
        if data is not None
    }
