"""Load a .glb with Assimp (assimp-py): python assimp_script.py FILE"""

from __future__ import annotations

import sys

import assimp_py
from report import print_found

scene = assimp_py.import_file(sys.argv[1], assimp_py.Process_ValidateDataStructure)
materials = [scene.materials[mesh.material_index] for mesh in scene.meshes]
textured = sum(len(names) for material in scene.materials for names in material["TEXTURES"].values())
print_found(
    primitives=len(scene.meshes),
    vertices=sum(mesh.num_vertices for mesh in scene.meshes),
    triangles=sum(mesh.num_faces for mesh in scene.meshes),
    materials=[material["NAME"] for material in materials],
    without_normals=sum(mesh.normals is None for mesh in scene.meshes),
    textured=textured,
)
