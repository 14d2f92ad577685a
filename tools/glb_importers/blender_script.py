"""Load a .glb with Blender (bpy) and draw it: python blender_script.py FILE PICTURE FRAMES_PER_SECOND

The picture shows the head from its front, at the end of its animation if it has one, drawn by Cycles on the
CPU. The rate is a whole number: Blender 4.2's importer multiplies by a scene's `fps_base` where it should
divide, so that at 29.97 frames a second keys come 0.2 % late.
"""

from __future__ import annotations

import math
import sys

import bpy
from mathutils import Vector
from report import print_found

file, picture, frames_per_second = sys.argv[1], sys.argv[2], int(sys.argv[3])
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = frames_per_second
bpy.ops.import_scene.gltf(filepath=file)

meshes = [each for each in scene.objects if each.type == "MESH" and each.data.shape_keys]
armatures = [each for each in scene.objects if each.type == "ARMATURE"]
keys = meshes[0].data.shape_keys if meshes else None
curves = [
    curve
    for owner in (keys, *armatures)
    if owner is not None and owner.animation_data and owner.animation_data.action
    for curve in owner.animation_data.action.fcurves
]
times = [point.co[0] / frames_per_second for curve in curves for point in curve.keyframe_points]
found = {
    "version": bpy.app.version_string,
    "meshes": len(meshes),
    "targets": [key.name for key in keys.key_blocks[1:]] if keys else [],
    "materials": [slot.material.name for slot in meshes[0].material_slots] if meshes else [],
    "textures": sum(image.has_data or image.packed_file is not None for image in bpy.data.images),
    "joints": sorted(bone.name for armature in armatures for bone in armature.data.bones),
    "animations": int(bool(curves)),
    "cameras": sum(each.type == "CAMERA" for each in scene.objects),
    "triangles": sum(len(mesh.data.polygons) for mesh in meshes),
    "start_s": min(times, default=0.0),
    "end_s": max(times, default=0.0),
    "custom_properties": sorted(scene.keys()),
}

scene.frame_set(round(max(times, default=0.0) * frames_per_second))
posed = [mesh.evaluated_get(bpy.context.evaluated_depsgraph_get()) for mesh in meshes]
points = [mesh.matrix_world @ vertex.co for mesh in posed for vertex in mesh.to_mesh().vertices]
low, high = (Vector(map(end, zip(*points, strict=True))) for end in (min, max))
centre, height = (low + high) / 2, high.z - low.z
lens = bpy.data.cameras.new("front")
camera = bpy.data.objects.new("front", lens)
lens.angle = math.radians(25)
# Blender is z up: glTF's +z, out of the face, is -y here
camera.location = centre + Vector((0.35 * height, -2.6 * height, 0.1 * height))
camera.rotation_euler = (centre - camera.location).to_track_quat("-Z", "Y").to_euler()
scene.collection.objects.link(camera)
scene.camera = camera
for place, energy in (((0.6, -0.9, 0.6), 8.0), ((-0.8, -0.6, 0.2), 3.0)):
    light = bpy.data.lights.new("light", "AREA")
    light.energy, light.size = energy, 0.3
    lamp = bpy.data.objects.new("light", light)
    lamp.location = centre + Vector(place)
    lamp.rotation_euler = (centre - lamp.location).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(lamp)
world = bpy.data.worlds.new("world")
world.use_nodes = True
world.node_tree.nodes["Background"].inputs[0].default_value = (0.4, 0.42, 0.45, 1)
scene.world = world
scene.render.engine = "CYCLES"
scene.cycles.device = "CPU"
scene.cycles.samples = 16
scene.cycles.use_denoising = False
scene.render.threads_mode, scene.render.threads = "FIXED", 1
scene.render.resolution_x = scene.render.resolution_y = 512
scene.view_settings.view_transform = "Standard"
scene.render.filepath = picture
bpy.ops.render.render(write_still=True)
print_found(**found)
