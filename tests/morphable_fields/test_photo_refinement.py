"""A face's texture is refined to its photo: seen from there it looks as the photo, and elsewhere no worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="fields need torch")

from mien.cameras import Camera
from mien.evaluation.fields.picture_similarity import psnr_db
from mien.fields.rendering.picture import render_field
from mien.heads.library import load_head
from mien.looks.head_look import head_look
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.making import field_of
from mien.morphable_fields.model_files import read_model
from mien.morphable_fields.photo_camera import camera_at_rest
from mien.morphable_fields.photo_refinement import refine_face_to_photo
from mien.synthetic.expressive_people.capture import camera_at, known_fit

PX = 96


@pytest.fixture(scope="module")
def usual() -> MorphableFace:
    head = load_head()
    look = head_look(texture="albedo", size_px=256)
    return MorphableFace.of_parameters(look.base_color, head.neutral())


def shown(face: MorphableFace, azimuth_rad: float):
    return render_field(
        field_of(read_model(), face), camera_at(azimuth_rad, 0.0, PX), background=(128, 128, 128)
    )


def test_photo_and_side_come_nearer_to_the_truth(usual: MorphableFace):
    # Reddish light from one side, and a mole as large as a coin on the cheek
    height, width = np.mgrid[: len(usual.texture), : len(usual.texture)] / len(usual.texture)
    gain = np.stack([1.1 - 0.3 * width, 0.9 - 0.3 * width, 0.8 - 0.3 * width], axis=-1)
    gain[np.hypot(height - 0.42, width - 0.36) < 0.03] *= 0.4
    true = replace(usual, texture=np.clip(usual.texture * gain, 0, 255).astype(np.uint8))
    photo = shown(true, 0.0)
    fit = known_fit(load_head(), usual.identity, usual.expression, photo.camera)
    refined = refine_face_to_photo(usual, fit, photo.rgb, rounds=1)
    assert np.array_equal(refined.identity, usual.identity)

    def gained_db(azimuth_rad: float) -> float:
        wanted = shown(true, azimuth_rad)
        inside = wanted.alpha > 0.9
        before, after = (
            psnr_db(shown(face, azimuth_rad).rgb[inside] / 255, wanted.rgb[inside] / 255)
            for face in (usual, refined)
        )
        return after - before

    assert gained_db(0.0) > 8
    assert gained_db(0.7) > 3
    assert gained_db(-0.7) > 3


def test_the_camera_at_rest_sees_what_the_photo_saw(usual: MorphableFace):
    head = load_head()
    joints = np.zeros((4, 3))
    joints[1] = [0.1, -0.2, 0.05]
    parameters = replace(
        head.neutral(),
        joint_rotations=joints,
        root_rotation=np.array([0.1, 0.6, -0.1]),
        root_translation_m=np.array([0.05, -0.02, -0.8]),
    )
    pose = np.diag([1.0, -1.0, -1.0, 1.0])  # OpenCV's axes in the world of a single picture
    camera = Camera.from_focal(300.0, width_px=200, height_px=200, camera_from_world=pose)
    points = head.landmark_set("ict68").vertices
    wanted_px = camera.project(head.vertices_m(parameters)[points])
    found_px = camera_at_rest(camera, parameters, usual).project(usual.landmarks_m)
    assert np.abs(found_px - wanted_px).max() < 1.5
