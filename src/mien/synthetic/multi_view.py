"""Rendered heads as a 3D generator: one person, expression and look from any camera, with exact labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.geometry.rotations import rotation_vector_from_matrix
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.lifting.camera_space import CameraSpace
from mien.lifting.generator import GeneratedView
from mien.synthetic.people import Person, random_person
from mien.synthetic.scenes.drawn_face import LABEL_SET
from mien.synthetic.scenes.expressions import eye_joints, random_expression
from mien.synthetic.scenes.scene import Pose, Scene


def random_head(head: Head, latent: int) -> tuple[HeadParameters, Person]:
    """The head of a latent: a person with an expression and a gaze, at the origin, facing +z."""
    rng = np.random.default_rng([latent, 18])
    expression, gaze = random_expression(head, rng)
    joints = np.zeros((4, 3))
    joints[2:] = eye_joints(head, expression, gaze, vergence_rad=abs(rng.normal(0, 0.03)))
    person = random_person(head, rng)
    return HeadParameters(person.identity, expression, joints, np.zeros(3), np.zeros(3)), person


class RenderedHeads:
    """A `MultiViewGenerator` of the built-in head; one per process, since it owns an OpenGL context.

    Args:
        assets: folder that holds `ict_facekit/` and `makehuman/`.
        size_px: side of the pictures.
        space: its cameras.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made.
    """

    exact_set: str | None = LABEL_SET

    def __init__(self, assets: Path, *, size_px: int, space: CameraSpace | None = None) -> None:
        from mien.synthetic.scenes.studio import Studio

        self.space = CameraSpace() if space is None else space
        self._studio = Studio(assets, size_px=size_px)

    def views(self, latent: int, cameras: Sequence[Camera]) -> list[GeneratedView]:
        """See `MultiViewGenerator`; the light stands with the camera, the looks are the latent's."""
        parameters, person = random_head(self._studio.head, latent)
        views = []
        for camera in cameras:
            # The studio's world is its camera's: the head is moved there, as it is seen.
            picture_from_head = PICTURE_CAMERA_FROM_WORLD @ camera.camera_from_world
            seen = replace(
                parameters,
                root_rotation=rotation_vector_from_matrix(picture_from_head[:3, :3]),
                root_translation_m=picture_from_head[:3, 3],
            )
            own = replace(camera, camera_from_world=PICTURE_CAMERA_FROM_WORLD)
            face = self._studio.shoot(latent, Scene(seen, own, Pose(0.0, 0.0, 0.0), 0.5, person))
            assert face.points_m is not None
            exact_m = (face.points_m - picture_from_head[:3, 3]) @ picture_from_head[:3, :3]
            views.append(GeneratedView(face.picture, camera, face.points_px.astype(float), exact_m))
        return views
