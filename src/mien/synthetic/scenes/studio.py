"""A photo studio for random people: draws a scene and writes down where everything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.synthetic.people import Person
from mien.synthetic.scenes.backgrounds import random_background
from mien.synthetic.scenes.clip_space import clip_from_camera
from mien.synthetic.scenes.drawn_face import LABEL_SET, DrawnFace
from mien.synthetic.scenes.dressing import DressingRoom, Looks
from mien.synthetic.scenes.label_maps import draw_label_maps
from mien.synthetic.scenes.lighting import random_light
from mien.synthetic.scenes.renderer import DrawItem, Renderer
from mien.synthetic.scenes.scene import Scene, random_scene
from mien.synthetic.scenes.stock import read_stock
from mien.synthetic.scenes.visibility import landmark_visibility


class Studio:
    """Draws random labelled pictures; one per process, since it owns an OpenGL context.

    Args:
        assets: folder that holds `ict_facekit/` and `makehuman/`.
        size_px: side of the pictures.
        head: the built-in head, or one with the same mean, parts and expressions but other identities.
        maps: label every pixel too.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made.
    """

    def __init__(self, assets: Path, *, size_px: int, head: Head | None = None, maps: bool = False) -> None:
        self.head = load_head() if head is None else head
        self.size_px, self._maps = size_px, maps
        self._renderer = Renderer(size_px)  # before the slow part: a missing OpenGL shows at once
        stock = read_stock(assets, self.head)
        self._skins = tuple(stock.skins)
        self._dressing_room = DressingRoom(self.head, stock, self._renderer)
        self._landmarks = self.head.landmark_set(LABEL_SET).vertices
        self._landmark_head = self.head.subset(self._landmarks)

    def shoot(self, seed: int, scene: Scene | None = None) -> DrawnFace:
        """The picture that belongs to a seed; with a scene, the seed decides only about looks and light."""
        rng = np.random.default_rng(seed)
        if scene is None:
            scene = random_scene(self.head, self._landmark_head, rng, size_px=self.size_px)
        skin = None if scene.person is None else skin_for(scene.person, self._skins, rng)
        items, looks = self._dressing_room.dress(scene.parameters, rng, skin=skin)
        light = random_light(rng, skin_level=looks.skin_level)
        camera, centre_m = scene.camera, scene.parameters.root_translation_m
        distance_m = float(-centre_m[2])
        near_m, far_m = max(0.05, distance_m - 0.35), distance_m + 0.5
        clip_from_world = clip_from_camera(
            camera.intrinsics, camera.camera_from_world, self.size_px, near_m=near_m, far_m=far_m
        )
        grain = float(rng.uniform(0, 50))
        drawn = self._renderer.draw(items, light, clip_from_world, centre_m=centre_m, seed=grain)
        alpha = drawn[..., 3:].astype(np.float32) / 255
        background = random_background(rng, self.size_px).astype(np.float32)
        behind = (1 - alpha) * (background * np.clip(light.balance, 0.7, 1.3).astype(np.float32))
        points_m = self._landmarks_as_drawn_m(scene.parameters, items)
        seen = through_lens(drawn[..., :3] + behind, rng)
        points_px = camera.project(points_m)
        nobody = replace(scene.parameters, identity=np.zeros_like(scene.parameters.identity))
        posed_mean_px = camera.project(self._landmark_head.vertices_m(nobody))
        visibility = landmark_visibility(
            self._renderer, items, clip_from_world, points_m=points_m, points_px=points_px
        )
        maps = None
        if self._maps:
            maps = draw_label_maps(self._renderer, self.head, items, camera, near_m=near_m, far_m=far_m)
        return DrawnFace(
            picture=seen,
            mask=drawn[..., 3].copy(),
            points_px=points_px.astype(np.float32),
            posed_mean_px=posed_mean_px.astype(np.float32),
            identity=scene.parameters.identity.astype(np.float16),
            expression=scene.parameters.expression.astype(np.float16),
            visibility=visibility,
            details={"seed": seed, **_scene_details(scene), **_looks_details(looks)},
            maps=maps,
            points_m=points_m,
        )

    def _landmarks_as_drawn_m(self, parameters: HeadParameters, items: list[DrawItem]) -> np.ndarray:
        """(L, 3) landmarks, those of brows on the skin, where their hair is drawn."""
        points_m = self._landmark_head.vertices_m(parameters)
        vertices, drawn_m = self._dressing_room.drawn_at(items, "brows")
        last = np.full(self.head.vertex_count, -1)
        last[vertices] = np.arange(len(vertices))
        rows = last[self._landmarks]
        points_m[rows >= 0] = drawn_m[rows[rows >= 0]]
        return points_m


def skin_for(person: Person, skins: Sequence[str], rng: np.random.Generator) -> str:
    """A skin that goes with a person: sex, age, darkness. Children have young women's, without a beard."""
    age = {"child": "young", "young": "young", "middle": "middleage", "old": "old"}[person.age]
    sex = "_male" if person.male and person.age != "child" else "_female"
    dark = "_dark" if rng.random() < 0.15 + 0.75 * np.clip(person.african, 0, 1) else "_light"
    fitting = [name for name in skins if name.startswith(age) and sex in name and dark in name]
    return str(rng.choice(fitting or list(skins)))


def through_lens(
    picture: Float32[np.ndarray, "size size 3"], rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    """A picture a little out of focus, with a film's contrast; corners sometimes darker. Nothing moves."""
    import cv2

    size = len(picture)
    sigma_px = float(rng.uniform(0.35, 0.85)) * size / 256
    soft = cv2.GaussianBlur(picture, (0, 0), sigma_px)
    if rng.random() < 0.3:
        across = np.linspace(-1, 1, size, dtype=np.float32) ** 2
        darker = np.float32(rng.uniform(0.05, 0.2)) * (across[:, None] + across[None, :])
        soft *= 1 - darker[..., None]
    # shadows a little deeper and lights a little brighter, about the middle
    level = np.linspace(0, 1, 256)
    contrast = float(rng.uniform(0.0, 0.7))
    curve = level + contrast * (level - 0.5) * level * (1 - level) * 1.2
    table = np.clip(np.rint(255 * curve), 0, 255).astype(np.uint8)
    return table[np.clip(soft, 0, 255).astype(np.uint8)]


def _scene_details(scene: Scene) -> dict[str, Any]:
    p, camera = scene.parameters, scene.camera
    return {
        "yaw_rad": scene.pose.yaw_rad,
        "pitch_rad": scene.pose.pitch_rad,
        "roll_rad": scene.pose.roll_rad,
        "focal_px": camera.focal_px,
        "principal_px": camera.intrinsics[:2, 2].tolist(),
        "root_rotation": p.root_rotation.tolist(),
        "root_translation_m": p.root_translation_m.tolist(),
        "joint_rotations": p.joint_rotations.round(5).tolist(),
        "person": None if scene.person is None else scene.person.details(),
    }


def _looks_details(looks: Looks) -> dict[str, Any]:
    return {
        "skin": looks.skin,
        "skin_level": round(looks.skin_level, 4),
        "hair": looks.hair,
        "covering": looks.covering,
        "beard": looks.beard,
        "accessories": list(looks.accessories),
        "outfit": looks.outfit,
    }
