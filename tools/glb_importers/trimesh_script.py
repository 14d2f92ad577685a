"""Load a .glb with trimesh: python trimesh_script.py FILE"""

from __future__ import annotations

import sys

import trimesh
from report import print_found

scene = trimesh.load(sys.argv[1], force="scene")
pieces = list(scene.geometry.values())
materials = [piece.visual.material for piece in pieces]
print_found(
    version=trimesh.__version__,
    primitives=len(pieces),
    triangles=sum(len(piece.faces) for piece in pieces),
    materials=[material.name for material in materials],
    textured=sum(getattr(material, "baseColorTexture", None) is not None for material in materials),
)
