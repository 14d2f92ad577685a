"""What a .glb claims to hold, read from its JSON alone."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Expected:
    """What every importer should find.

    Attributes:
        targets: names of the morph targets.
        materials: names of the materials that primitives use.
        textures: how many pictures are embedded.
        joints: names of the skin's joints.
        animations, cameras, primitives, vertices, triangles: how many.
        start_s, end_s: first and last key time of the animation; 0 without one.
    """

    targets: tuple[str, ...]
    materials: tuple[str, ...]
    textures: int
    joints: tuple[str, ...]
    animations: int
    cameras: int
    primitives: int
    vertices: int
    triangles: int
    start_s: float
    end_s: float

    @staticmethod
    def of(path: Path) -> Expected:
        """Read the claims of a file."""
        data = path.read_bytes()
        (length,) = struct.unpack_from("<I", data, 12)
        document = json.loads(data[20 : 20 + length])
        accessors, nodes = document["accessors"], document["nodes"]
        primitives = [primitive for mesh in document["meshes"] for primitive in mesh["primitives"]]
        keys = [
            accessors[sampler["input"]]
            for animation in document.get("animations", [])
            for sampler in animation["samplers"]
        ]
        return Expected(
            targets=tuple(document["meshes"][0].get("extras", {}).get("targetNames", ())),
            materials=tuple(document["materials"][p["material"]]["name"] for p in primitives),
            textures=len(document.get("images", [])),
            joints=tuple(nodes[joint]["name"] for skin in document["skins"] for joint in skin["joints"]),
            animations=len(document.get("animations", [])),
            cameras=len(document.get("cameras", [])),
            primitives=len(primitives),
            vertices=sum(accessors[p["attributes"]["POSITION"]]["count"] for p in primitives),
            triangles=sum(accessors[p["indices"]]["count"] // 3 for p in primitives),
            start_s=keys[0]["min"][0] if keys else 0.0,
            end_s=keys[0]["max"][0] if keys else 0.0,
        )


def differences(found: dict[str, object], expected: dict[str, object]) -> list[str]:
    """A sentence for each thing that an importer found otherwise."""
    return [
        f"{name}: found {found[name]}, the file says {value}"
        for name, value in expected.items()
        if name in found and found[name] != value
    ]
