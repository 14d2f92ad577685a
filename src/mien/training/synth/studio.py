"""A photo studio for random people: dresses, lights and draws a scene, and writes down where everything is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.heads.skinning import joint_transforms, skin
from mien.training.head_building.ict_facekit import read_ict_facekit
from mien.training.head_building.makehuman import MakeHuman
from mien.training.head_building.onto_ict import lay_skin_on_ict
from mien.training.head_building.template import build_skin_template
from mien.training.synth import shaders
from mien.training.synth.accessories import Accessory, microphone, random_glasses
from mien.training.synth.backgrounds import random_background
from mien.training.synth.renderer import DrawItem, Light, Renderer, _orthographic, clip_from_camera
from mien.training.synth.scene import Scene, random_scene
from mien.training.synth.wardrobe import Garment, Wardrobe, read_skins

LABEL_SET = "dense703"
VISIBLE, BEHIND_HEAD, BEHIND_OBJECT, OUTSIDE = range(4)
HAIR_COLOURS = np.array(
    [[0.010, 0.009, 0.008], [0.022, 0.014, 0.010], [0.055, 0.032, 0.018], [0.13, 0.075, 0.035], [0.36, 0.24, 0.11],
     [0.22, 0.07, 0.025], [0.26, 0.25, 0.24], [0.60, 0.58, 0.55], [0.03, 0.02, 0.02]]
)  # fmt: skip
HAIR_SHARES = {"bob01": 0.15, "bob02": 0.25, "short03": 0.4, "braid01": 0.5}
"""How often a style is worn, where not 1: these hang over an eye."""
IRIS_COLOURS = np.array(
    [[0.05, 0.025, 0.012], [0.10, 0.05, 0.02], [0.16, 0.09, 0.04], [0.10, 0.16, 0.24], [0.16, 0.24, 0.30],
     [0.10, 0.15, 0.08], [0.14, 0.15, 0.15]]
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One labelled picture.

    Attributes:
        picture: (S, S, 3) uint8 RGB; mask: (S, S) uint8 coverage of the person.
        points_px: (703, 2); visibility: (703,) uint8: visible, behind the head, behind an object, outside.
        details: plain data about the scene.
    """

    picture: np.ndarray
    mask: np.ndarray
    points_px: np.ndarray
    visibility: np.ndarray
    details: dict


def _smooth(low: float, high: float, value: np.ndarray) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


class Studio:
    """Draws random labelled pictures; one per process, since it owns an OpenGL context."""

    def __init__(self, assets: Path, *, size_px: int) -> None:
        self.head = load_head()
        self.size_px = size_px
        makehuman = MakeHuman(assets / "makehuman")
        template = build_skin_template(makehuman)
        on_ict = lay_skin_on_ict(template, read_ict_facekit(assets / "ict_facekit"))
        self.wardrobe = Wardrobe(makehuman, template, on_ict, self.head)
        self.renderer = Renderer(size_px)
        self._landmark_head = self.head.subset(self.head.landmark_set(LABEL_SET).vertices)
        self._register(makehuman)
        self._hair_weight = np.array([HAIR_SHARES.get(g.name, 1.0) for g in self.wardrobe.hair])

    # ------------------------------------------------------------------ what stays the same
    def _register(self, makehuman: MakeHuman) -> None:
        head, renderer = self.head, self.renderer
        self.skins = read_skins(makehuman.folder / "skins")
        for name, picture in self.skins.items():
            renderer.add_texture(name, picture)
        pairs = np.stack([head.triangles.ravel(), head.uv_triangles.ravel()], axis=1)
        unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
        self._corner_vertex, triangles = unique[:, 0], inverse.reshape(-1, 3)
        uv = head.uv[unique[:, 1]]
        occlusion, self._beard = self._ambient_occlusion(), self._beard_region()
        extra = np.stack([occlusion, self._beard], axis=1)[self._corner_vertex]
        parts = np.array(head.part_names)[head.vertex_parts]
        triangle_part = parts[head.triangles[:, 0]]
        self._head_keys = []
        for key, names, material in (
            ("skin", ("skin",), shaders.SKIN),
            ("interior", ("mouth_interior", "eye_sockets"), shaders.INTERIOR),
            ("eyes", ("left_eye", "right_eye"), shaders.EYE),
            ("teeth", ("upper_teeth", "lower_teeth"), shaders.TEETH),
        ):
            chosen = np.isin(triangle_part, names)
            renderer.add_mesh(key, triangles=triangles[chosen], uv=uv, extra=extra)
            self._head_keys.append((key, material))
        for garment in (*self.wardrobe.hair, *self.wardrobe.brows, *self.wardrobe.lashes, self.wardrobe.body):
            renderer.add_texture(garment.name, garment.texture)
            renderer.add_mesh(garment.name, triangles=garment.triangles, uv=garment.uv)
        self._garment_normals = {
            g.name: vertex_normals(g.rest_m, g.triangles)
            for g in (*self.wardrobe.hair, *self.wardrobe.brows, *self.wardrobe.lashes, self.wardrobe.body)
        }
        self._add_coverings()
        self._add_clothing_masks()
        ibug = head.landmark_set("ibug68").vertices
        self._ibug = ibug

    def _ambient_occlusion(self) -> np.ndarray:
        """(V,) share of the sky that each vertex of the mean head sees."""
        head, renderer = self.head, self.renderer
        renderer.add_mesh("plain", triangles=head.triangles, uv=np.zeros((head.vertex_count, 2)))
        normals = vertex_normals(head.mean_m, head.triangles)
        item = DrawItem("plain", head.mean_m, normals, shaders.SOLID)
        renderer._meshes["plain"].dynamic.write(np.concatenate([head.mean_m, normals], axis=1).astype("f4").tobytes())
        seen, total = np.zeros(head.vertex_count), np.zeros(head.vertex_count)
        golden = np.pi * (3 - np.sqrt(5))
        size = renderer.SHADOW_SIZE
        for i in range(96):
            y = 1 - 2 * (i + 0.5) / 96
            direction = np.array([np.cos(golden * i) * np.sqrt(1 - y * y), y, np.sin(golden * i) * np.sqrt(1 - y * y)])
            matrix = _orthographic(direction, head.mean_m.mean(axis=0), 0.21)
            renderer._draw_depth(renderer._shadow_target, [item], matrix)
            depth = np.frombuffer(renderer._shadow.read(), np.float32).reshape(size, size)
            local = head.mean_m @ matrix[:3, :3].T + matrix[:3, 3]
            column = np.clip(((local[:, 0] + 1) / 2 * size).astype(int), 0, size - 1)
            row = np.clip(((local[:, 1] + 1) / 2 * size).astype(int), 0, size - 1)
            facing = np.maximum(normals @ direction, 0)
            seen += facing * (depth[row, column] > (local[:, 2] + 1) / 2 - 0.008)
            total += facing
        share = seen / np.maximum(total, 1e-6)
        return np.clip(0.12 + 0.95 * share, 0, 1)

    def _beard_region(self) -> np.ndarray:
        """(V,) where a beard grows: upper lip, chin, jaw and below it, not the lips."""
        head = self.head
        m, ibug = head.mean_m, head.mean_m[head.landmark_set("ibug68").vertices]
        nose_y, mouth = ibug[33, 1], (ibug[48] + ibug[54]) / 2
        half_width = ibug[54, 0]
        below_nose = _smooth(nose_y + 0.001, nose_y - 0.004, m[:, 1])
        upper_edge = mouth[1] + 0.010 + 0.45 * np.maximum(np.abs(m[:, 0]) - half_width, 0)
        cheek = np.where(np.abs(m[:, 0]) > half_width, _smooth(0.006, -0.012, m[:, 1] - upper_edge), 1.0)
        lips = ((m[:, 0] - mouth[0]) / (half_width + 0.002)) ** 2 + ((m[:, 1] - mouth[1]) / 0.0105) ** 2
        not_lips = _smooth(0.85, 1.25, lips)
        neck = _smooth(ibug[8, 1] - 0.045, ibug[8, 1] - 0.020, m[:, 1])
        front = _smooth(0.005, 0.020, m[:, 2])
        skin_part = head.vertex_parts == head.part_names.index("skin")
        return below_nose * cheek * not_lips * neck * front * skin_part

    def _add_coverings(self) -> None:
        """Caps and headscarves: parts of the scalp, to be blown up."""
        head = self.head
        m, ibug = head.mean_m, head.mean_m[head.landmark_set("ibug68").vertices]
        skin_part = head.vertex_parts == head.part_names.index("skin")
        brow_y, chin_y = ibug[17:27, 1].mean(), ibug[8, 1]
        face_centre = np.array([0, (brow_y + chin_y) / 2 + 0.005, 0])
        oval = ((m[:, 0]) / 0.068) ** 2 + ((m[:, 1] - face_centre[1]) / 0.088) ** 2
        scarf = np.maximum(oval - 1, 20 * (0.02 - m[:, 2]))
        cap = m[:, 1] - (brow_y + 0.022 - 0.25 * np.maximum(0.06 - m[:, 2], 0))
        for name, inside in (("cap", cap), ("scarf", scarf)):
            triangles = head.triangles[((inside > 0) & skin_part)[head.triangles].any(axis=1)]
            triangles = triangles[skin_part[triangles].all(axis=1)]
            extra = np.stack([np.ones_like(inside), inside], axis=1)
            self.renderer.add_mesh(name, triangles=triangles, uv=np.zeros((head.vertex_count, 2)), extra=extra)

    def _add_clothing_masks(self) -> None:
        """Clothes are the shoulders below a neckline; three necklines."""
        body = self.wardrobe.body
        neck_y = self.head.mean_m[self.head.vertex_parts == 0][:, 1].min() + 0.01
        self._necklines = []
        x, y = body.rest_m[:, 0], body.rest_m[:, 1]
        for i, line in enumerate((neck_y + 0.03 + 0 * x, neck_y - 0.035 + 0.25 * np.abs(x), neck_y - 0.10 + 0.7 * np.abs(x))):
            clothed = (y < line)[body.triangles].any(axis=1)
            key = f"clothes{i}"
            extra = np.stack([np.ones_like(y), line - y], axis=1)
            self.renderer.add_mesh(key, triangles=body.triangles[clothed], uv=body.uv, extra=extra)
            self._necklines.append(key)

    # ------------------------------------------------------------------ one picture
    def shoot(self, seed: int) -> Sample:
        """The picture that belongs to a seed."""
        rng = np.random.default_rng(seed)
        scene = random_scene(self.head, self._landmark_head, rng, size_px=self.size_px)
        items, looks = self._dress(scene, rng)
        light = self._light(rng, looks["skin_level"])
        camera = scene.camera
        distance = float(-scene.parameters.root_translation_m[2])
        clip = clip_from_camera(
            camera.intrinsics, camera.camera_from_world, self.size_px, near_m=max(0.05, distance - 0.35), far_m=distance + 0.5
        )
        drawn = self.renderer.draw(
            items, light, clip, centre_m=scene.parameters.root_translation_m, seed=float(rng.uniform(0, 50))
        )
        alpha = drawn[..., 3:].astype(np.float32) / 255
        background = random_background(rng, self.size_px).astype(np.float32) * np.clip(light.balance, 0.7, 1.3)
        picture = np.clip(drawn[..., :3] + (1 - alpha) * background, 0, 255).astype(np.uint8)
        points_m = self._landmark_head.vertices_m(scene.parameters)
        points_px = camera.project(points_m)
        visibility = self._visibility(items, clip, points_m, points_px)
        details = {
            "seed": seed,
            "yaw_rad": scene.pose.yaw_rad,
            "pitch_rad": scene.pose.pitch_rad,
            "roll_rad": scene.pose.roll_rad,
            "focal_px": camera.focal_px,
            "principal_px": camera.intrinsics[:2, 2].tolist(),
            "root_rotation": scene.parameters.root_rotation.tolist(),
            "root_translation_m": scene.parameters.root_translation_m.tolist(),
            "joint_rotations": scene.parameters.joint_rotations.round(5).tolist(),
            "identity": scene.parameters.identity.round(4).tolist(),
            "expression": scene.parameters.expression.round(4).tolist(),
            **{k: v for k, v in looks.items() if k != "skin_level"},
        }
        return Sample(picture, drawn[..., 3].copy(), points_px.astype(np.float32), visibility, details)

    def _visibility(self, items: list[DrawItem], clip: np.ndarray, points_m: np.ndarray, points_px: np.ndarray) -> np.ndarray:
        size = self.size_px
        inside = ((points_px > -0.5) & (points_px < size - 0.5)).all(axis=1)
        column, row = np.clip(np.rint(points_px), 0, size - 1).astype(int).T
        homogeneous = np.concatenate([points_m, np.ones((len(points_m), 1))], axis=1) @ clip.T
        # 6 mm nearer: a landmark lies on the surface and must not hide itself
        toward = np.concatenate([points_m * (1 - 0.006 / np.linalg.norm(points_m, axis=1, keepdims=True)), np.ones((len(points_m), 1))], axis=1)
        nearer = toward @ clip.T
        own = (nearer[:, 2] / homogeneous[:, 3] + 1) / 2
        head_items = [i for i in items if i.key in ("skin", "interior", "eyes", "teeth")]
        others = [i for i in items if i not in head_items and i.material not in (shaders.LENS,) and not i.key.startswith(("eyebrow", "eyelash"))]
        by_head = self.renderer.draw_depth(head_items, clip)[row, column] < own
        by_object = self.renderer.draw_depth(others, clip)[row, column] < own if others else np.zeros(len(own), bool)
        visibility = np.where(by_object, BEHIND_OBJECT, np.where(by_head, BEHIND_HEAD, VISIBLE))
        return np.where(inside, visibility, OUTSIDE).astype(np.uint8)

    def _light(self, rng: np.random.Generator, skin_level: float) -> Light:
        azimuth, elevation = rng.normal(0, 1.0), rng.uniform(-0.15, 1.3)
        key = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
        back = rng.uniform(-1, 1)
        rim = np.array([np.sign(back) * rng.uniform(0.5, 1), rng.uniform(-0.1, 0.8), -rng.uniform(0.2, 0.9)])

        def warm(amount: float) -> np.ndarray:
            return np.array([1 + 0.25 * amount, 1.0, 1 - 0.35 * amount])

        key_share = rng.beta(1.6, 1.4)
        temperature = rng.normal(0.05, 0.3)
        ambient = np.zeros((9, 3))
        level = 1 - key_share
        ambient[0] = level * warm(temperature + rng.normal(0, 0.25))
        ambient[1:4] = level * rng.normal([[0.25], [0.15], [0.0]], 0.22, (3, 3)).mean(axis=1, keepdims=True)
        ambient[1:] += level * rng.normal(0, 0.06, (8, 3))
        colour = 1.9 * key_share * warm(temperature)
        rim_colour = (rng.random() < 0.35) * rng.uniform(0.2, 1.6) * warm(rng.normal(0, 0.6))
        brightness = rng.uniform(0.6, 1.35) * (0.36 / skin_level) ** rng.uniform(0.25, 0.8)
        balance = np.clip(1 + rng.normal(0, 0.05, 3), 0.8, 1.25)
        return Light(key, np.clip(colour, 0, 4), rim / np.linalg.norm(rim), np.clip(rim_colour, 0, 4), ambient, float(brightness), balance)

    def _dress(self, scene: Scene, rng: np.random.Generator) -> tuple[list[DrawItem], dict]:
        head, p = self.head, scene.parameters
        rest_m = head.rest_vertices_m(p.identity, p.expression)
        transforms = joint_transforms(head.joints_m(p.identity), p.joint_rotations)
        root = matrix_from_rotation_vector(p.root_rotation)
        posed_m = skin(rest_m, transforms, head.skinning_weights) @ root.T + p.root_translation_m
        normals = vertex_normals(posed_m, head.triangles)
        displacement = rest_m - head.mean_m
        head_rotation, head_shift = root @ transforms[1, :, :3], root @ transforms[1, :, 3] + p.root_translation_m

        skin_name = str(rng.choice(list(self.skins)))
        dark = "dark" in skin_name
        old, male = skin_name.startswith("old"), "_male" in skin_name
        gain = float(np.exp(rng.normal(0.05, 0.22)))
        tint = tuple(float(v) for v in np.clip(gain * (1 + rng.normal(0, [0.05, 0.03, 0.06])), 0.3, 1.6))
        level = (0.12 if dark else 0.36) * gain
        hair_colour = HAIR_COLOURS[rng.choice(9, p=[0.2, 0.18, 0.16, 0.1, 0.08, 0.05, 0.08, 0.07, 0.08])]
        if old and rng.random() < 0.7:
            hair_colour = HAIR_COLOURS[rng.choice([6, 7])]
        beard = float(rng.beta(1.2, 1.8) * 1.6) if rng.random() < (0.6 if male else 0.08) else 0.0
        thick = float(rng.uniform(0.001, 0.010)) if beard > 0.7 and rng.random() < 0.6 else 0.0
        drawn_m = posed_m
        if thick:
            fuzz = 0.6 + 0.4 * np.sin(posed_m @ rng.normal(0, 900, 3) + 1.0)
            drawn_m = posed_m + normals * (self._beard * thick * fuzz)[:, None]
        corner = self._corner_vertex
        skin_settings = (beard, float(hair_colour.mean()) + 0.01, 0.0, 0.0)
        skin_second = (float(rng.uniform(0.7, 1.15)), float(rng.uniform(0.0, 0.35)), float(rng.random()))
        gloss = float(rng.gamma(1.2, 0.22))
        common = {"tint": tint, "second": skin_second, "settings": skin_settings, "gloss": gloss, "texture": skin_name}
        position, normal = drawn_m[corner], normals[corner]
        items = [
            DrawItem("skin", position, normal, shaders.SKIN, **common),
            DrawItem("interior", position, normal, shaders.INTERIOR, **common, casts_shadow=False),
        ]
        iris = IRIS_COLOURS[rng.choice(len(IRIS_COLOURS), p=[0.3, 0.2, 0.12, 0.12, 0.1, 0.08, 0.08])]
        iris = tuple(float(v) for v in iris * rng.uniform(0.7, 1.5))
        around = tuple(float(v) for v in np.clip(np.array(iris) * rng.uniform(0.7, 1.8), 0, 1))
        eye_settings = (float(rng.uniform(0.12, 0.30)), float(rng.random()), 0.0, 0.0)
        items.append(DrawItem("eyes", position, normal, shaders.EYE, iris, around, eye_settings))
        yellow = rng.uniform(0.55, 0.85)
        teeth_tint = (0.78, 0.55 + 0.25 * yellow, 0.35 + 0.4 * yellow)
        items.append(DrawItem("teeth", position, normal, shaders.TEETH, tuple(np.array(teeth_tint) * rng.uniform(0.6, 1.0)), casts_shadow=False))

        def on_head(garment: Garment, colour: np.ndarray, settings: tuple, garment_gloss: float) -> DrawItem:
            placed = garment.place(displacement) @ head_rotation.T + head_shift
            turned = self._garment_normals[garment.name] @ head_rotation.T
            if garment.kind != "hair":
                placed = placed + 0.0006 * turned
            shade = tuple(float(v) for v in colour)
            return DrawItem(
                garment.name, placed, turned, shaders.HAIR, shade, settings=settings, gloss=garment_gloss, texture=garment.name,
                casts_shadow=garment.kind == "hair",
            )  # fmt: skip

        brow_colour = np.clip(hair_colour * rng.uniform(0.4, 1.1), 0.006, 0.5)
        brow = self.wardrobe.brows[rng.integers(len(self.wardrobe.brows))]
        items.append(on_head(brow, brow_colour, (float(rng.uniform(0.6, 1.5)), 0.6, 0, 0), 0.0))
        if rng.random() < 0.85:
            lash = self.wardrobe.lashes[rng.integers(len(self.wardrobe.lashes))]
            items.append(on_head(lash, np.full(3, 0.006), (float(rng.uniform(0.5, 1.4)), 0.2, 0, 0), 0.0))
        covering = None
        draw = rng.random()
        if draw < 0.10:
            covering = "cap"
        elif draw < 0.14:
            covering = "scarf"
        if covering:
            thickness = rng.uniform(0.004, 0.014)
            edge = posed_m + normals * thickness
            cloth, other = self._cloth_colours(rng)
            items.append(DrawItem(covering, edge, normals, shaders.CLOTH, cloth, other, self._stripes(rng)))
        hair_name = None
        if rng.random() < (0.9 if covering is None else 0.0):
            weight = self._hair_weight / self._hair_weight.sum()
            hair = self.wardrobe.hair[rng.choice(len(self.wardrobe.hair), p=weight)]
            hair_name = hair.name
            colour = hair_colour * rng.uniform(0.6, 1.5)
            items.append(on_head(hair, colour, (float(rng.uniform(1.2, 1.9)), float(rng.uniform(0.8, 2.5)), 0, 0), float(rng.uniform(0.2, 1.5))))
        items += self._clothes(displacement, root, p, rng, common)
        worn = self._accessories(rest_m, head_rotation, head_shift, rng)
        items += worn
        looks = {
            "skin": skin_name,
            "hair": hair_name,
            "covering": covering,
            "beard": round(beard, 2),
            "accessories": sorted({i.key for i in worn}),
            "skin_level": level,
        }
        return items, looks

    def _cloth_colours(self, rng: np.random.Generator) -> tuple[tuple, tuple]:
        base = rng.random(3) ** 2 * rng.uniform(0.1, 0.9)
        grey = base.mean()
        base = grey + (base - grey) * rng.uniform(0, 1)
        other = np.clip(base * rng.uniform(0.3, 2.0), 0, 1)
        return tuple(float(v) for v in base), tuple(float(v) for v in other)

    def _stripes(self, rng: np.random.Generator) -> tuple[float, float, float, float]:
        striped = rng.random() < 0.25
        return (float(rng.uniform(20, 120)) if striped else 0.0, float(rng.random()), 0.0, 0.0)

    def _clothes(self, displacement: np.ndarray, root: np.ndarray, p: HeadParameters, rng: np.random.Generator, common: dict) -> list[DrawItem]:
        body = self.wardrobe.body
        placed = body.place(displacement)
        normals = self._garment_normals[body.name]
        world = placed @ root.T + p.root_translation_m
        turned = normals @ root.T
        items = [DrawItem(body.name, world - 0.002 * turned, turned, shaders.SKIN, **{**common, "settings": (0.0, 0.0, 0.0, 0.0)})]
        if rng.random() < 0.93:
            cloth, other = self._cloth_colours(rng)
            key = self._necklines[rng.integers(len(self._necklines))]
            puffed = world + turned * rng.uniform(0.004, 0.014)
            items.append(DrawItem(key, puffed, turned, shaders.CLOTH, cloth, other, self._stripes(rng)))
        return items

    def _accessories(self, rest_m: np.ndarray, rotation: np.ndarray, shift: np.ndarray, rng: np.random.Generator) -> list[DrawItem]:
        items: list[DrawItem] = []

        def add(key: str, accessory: Accessory, material: int, **looks: object) -> None:
            self.renderer.add_mesh(key, triangles=accessory.triangles, uv=np.zeros((len(accessory.vertices_m), 2)))
            normals = vertex_normals(accessory.vertices_m, accessory.triangles)
            items.append(DrawItem(key, accessory.vertices_m @ rotation.T + shift, normals @ rotation.T, material, **looks))

        ibug = rest_m[self._ibug]
        parts = self.head.vertex_parts
        if rng.random() < 0.22:
            eyes = np.stack([rest_m[parts == self.head.part_names.index(n)].mean(axis=0) for n in ("left_eye", "right_eye")])
            side = np.abs(rest_m[:, 0]).max()
            ears = np.array([[side * 0.88, eyes[0, 1] + 0.004, -0.015], [-side * 0.88, eyes[1, 1] + 0.004, -0.015]])
            frame, lenses = random_glasses(eyes, ibug[27], ears, rng)
            colour = tuple(float(v) for v in rng.random(3) ** 2 * rng.uniform(0.02, 0.6))
            add("glasses", frame, shaders.SOLID, tint=colour, gloss=float(rng.uniform(0, 1)))
            dark = rng.random() < 0.18
            lens = (0.01, 0.01, 0.012) if dark else (0.5, 0.5, 0.5)
            alpha = float(rng.uniform(0.8, 1.0)) if dark else 0.0
            if dark or rng.random() < 0.3:
                add("lenses", lenses, shaders.LENS, tint=lens, settings=(max(alpha, 0.25), 0.0, 0.0, 0.0), casts_shadow=False)
        if rng.random() < 0.06:
            add("microphone", microphone(ibug[48:68].mean(axis=0), rng), shaders.SOLID, tint=(0.03, 0.03, 0.035), gloss=0.5)
        return items
