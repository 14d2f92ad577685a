"""The camera that took a fitted photo, seen from the head at rest."""

from __future__ import annotations

from mien.cameras import Camera
from mien.geometry.alignment import align_rigid
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.nearby_points import LANDMARK_SET


def camera_at_rest(camera: Camera, parameters: HeadParameters, face: MorphableFace) -> Camera:
    """The camera in the frame of a face, whose joints are at rest and whose root is the origin.

    Args:
        camera: that took the photo, in the fit's world.
        parameters: of the fit.
        face: that was made of it.
    """
    head = load_head()
    points = head.landmark_set(LANDMARK_SET).vertices
    world_from_face = align_rigid(face.landmarks_m, head.vertices_m(parameters)[points]).matrix
    return Camera(
        camera.intrinsics, camera.camera_from_world @ world_from_face, camera.width_px, camera.height_px
    )
