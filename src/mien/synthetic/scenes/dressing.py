"""Dressing a head: skin, eyes, teeth, brows, lashes, hair or a covering, clothes, glasses, a microphone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.head_building.card_pictures import hair_cards
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.heads.skinning import joint_transforms, skin
from mien.looks.albedo_model import albedo_model_for
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.accessories import (
    Accessory,
    cap_brim,
    face_mask,
    microphone,
    random_glasses,
)
from mien.synthetic.scenes.clothing import as_color, random_cloth_colors, random_outfit, random_stripes
from mien.synthetic.scenes.face_maps import chart_of, face_maps
from mien.synthetic.scenes.fur import BEARD_FUR, SCALP_FUR, FurCoat
from mien.synthetic.scenes.grooming import Grooming, random_grooming
from mien.synthetic.scenes.hair_shapes import hair_extra, restyled
from mien.synthetic.scenes.head_maps import add_coverings, ambient_occlusion, beard_region
from mien.synthetic.scenes.head_surfaces import CorneaNormals, DrapedBrows, drawing_uv
from mien.synthetic.scenes.label_maps import HAIR_MESHES, HEAD_MESHES, triangles_of
from mien.synthetic.scenes.renderer import DrawItem, Renderer, StaticMesh
from mien.synthetic.scenes.skin_detail import random_skin_details
from mien.synthetic.scenes.skin_tones import LUMINANCE, linear, mean_tone, random_tone, tint_for
from mien.synthetic.scenes.stock import Stock
from mien.synthetic.scenes.wardrobe import Garment

IRIS_COLORS = np.array(
    [
        [0.05, 0.025, 0.012], [0.10, 0.05, 0.02], [0.16, 0.09, 0.04], [0.10, 0.16, 0.24],
        [0.16, 0.24, 0.30], [0.10, 0.15, 0.08], [0.14, 0.15, 0.15],
    ]
)  # fmt: skip
IRIS_COLOR_SHARES = (0.3, 0.2, 0.12, 0.12, 0.1, 0.08, 0.08)
GLASSES_SHARE, SUNGLASSES_SHARE, MICROPHONE_SHARE, MASK_SHARE = 0.12, 0.03, 0.035, 0.02
FRAMES = {
    "black": (0.34, (0.010, 0.010, 0.011)), "tortoise": (0.16, (0.045, 0.020, 0.009)),
    "steel": (0.20, (0.16, 0.16, 0.17)), "gold": (0.10, (0.22, 0.15, 0.06)),
    "clear": (0.08, (0.30, 0.28, 0.25)), "dark blue": (0.07, (0.012, 0.018, 0.04)),
    "dark red": (0.05, (0.06, 0.010, 0.012)),
}  # fmt: skip
"""Frames of glasses: how often, and linear albedo."""
THIN_FRAMES = ("steel", "gold")
IRIS_COLOR_SHARES_DARK = (0.6, 0.27, 0.10, 0.0, 0.01, 0.01, 0.01)
"""Of light and of dark people."""
MOUTH_FARTHER_M = 0.006
"""Teeth, gums and tongue are drawn so much behind where they are: what would pierce lips and chin stays
behind them. A tongue that comes out does not."""
BROWS_NEARER_M, HAIR_NEARER_M = 0.0015, 0.004
"""Drawn so much before they are: cards are flatter than the skin below, skulls come through tight hair."""
GUMS, TONGUE = np.array([0.46, 0.16, 0.15]), np.array([0.46, 0.17, 0.16])
"""Linear albedo of light people's gums, and of tongues."""
CARD_PICTURES = 4
"""How many pictures of brows' and lashes' hairs there are."""
CARD_GREY = (150, 150, 150)
"""Their hairs' colour, which the shader takes for lightness."""


@dataclass(frozen=True)
class Looks:
    """What somebody looks like, apart from geometry.

    Attributes:
        skin: name of the skin picture; hair, covering: names, or None.
        beard: how dense, 0 none; accessories: keys of what is worn; outfit: name of the clothes.
        skin_level: mean albedo of the skin.
    """

    skin: str
    hair: str | None
    covering: str | None
    beard: float
    accessories: tuple[str, ...]
    outfit: str
    skin_level: float


@dataclass(frozen=True)
class _PosedHead:
    """The head of one picture, at rest and in the world; metres. `eyes_m` are the eyeballs' centres at rest,
    left and right."""

    rest_m: np.ndarray
    displacement_m: np.ndarray
    posed_m: np.ndarray
    normals: np.ndarray
    eyes_m: np.ndarray
    root_rotation: np.ndarray
    root_translation_m: np.ndarray
    head_rotation: np.ndarray
    head_shift_m: np.ndarray

    @staticmethod
    def of(head: Head, p: HeadParameters) -> _PosedHead:
        rest_m = head.rest_vertices_m(p.identity, p.expression)
        joints_m = head.joints_m(p.identity)
        transforms = joint_transforms(joints_m, p.joint_rotations)
        root = matrix_from_rotation_vector(p.root_rotation)
        posed_m = skin(rest_m, transforms, head.skinning_weights) @ root.T + p.root_translation_m
        return _PosedHead(
            rest_m=rest_m,
            displacement_m=rest_m - head.mean_m,
            posed_m=posed_m,
            normals=vertex_normals(posed_m, head.triangles),
            eyes_m=joints_m[2:],
            root_rotation=root,
            root_translation_m=p.root_translation_m,
            head_rotation=root @ transforms[1, :, :3],
            head_shift_m=root @ transforms[1, :, 3] + p.root_translation_m,
        )


class DressingRoom:
    """Gives random looks to posed heads; registers all that can be worn with the renderer.

    Args:
        even_hair: every hair style as often as the others, instead of those that hang into faces seldom.
    """

    def __init__(self, head: Head, stock: Stock, renderer: Renderer, *, even_hair: bool = False) -> None:
        wardrobe, skins = stock.wardrobe, stock.skins
        self._head, self._wardrobe, self._renderer = head, wardrobe, renderer
        front = (head.vertex_parts == 0) & (head.mean_m[:, 2] > 0.05) & (head.mean_m[:, 1] > -0.06)
        front_uv = stock.skin_places[front[head.triangles].all(axis=1)].reshape(-1, 2)
        self._skins = {name: mean_tone(picture, front_uv) for name, picture in skins.items()}
        for name, picture in skins.items():
            renderer.add_texture(name, picture)
        renderer.use_face_maps(face_maps(head))
        self._beard = beard_region(head)
        self._corneas, self._draped_brows = CorneaNormals(head), DrapedBrows(head)
        self._corner_vertices = self._add_head(stock.skin_places)
        for seed in range(CARD_PICTURES):
            renderer.add_texture(f"hairs {seed}", hair_cards(CARD_GREY, seed=seed), repeats=False)
        body = wardrobe.body
        self._hair_extra: dict[str, np.ndarray | None] = {}
        self._hair_level: dict[str, float] = {}
        for garment in (*wardrobe.hair, body):
            renderer.add_texture(garment.name, garment.texture)
            self._hair_extra[garment.name] = hair_extra(garment, head) if garment.kind == "hair" else None
            mesh = StaticMesh.of(garment.triangles, garment.uv, extra=self._hair_extra[garment.name])
            renderer.add_mesh(garment.name, mesh)
            self._hair_level[garment.name] = _mean_level(garment.texture)
        self._around_neck = {garment.name: garment for garment in wardrobe.collars}
        self._around_neck |= {"layer 0": body, "layer 1": body}
        for key, garment in self._around_neck.items():
            depth = np.stack([garment.shade, garment.rest_m[:, 2]], axis=1)
            renderer.add_mesh(key, StaticMesh.of(garment.triangles, garment.rest_m[:, :2], extra=depth))
        every = (*wardrobe.hair, *wardrobe.collars, body)
        self._garment_normals = {g.name: vertex_normals(g.rest_m, g.triangles) for g in every}
        self._hair = {garment.name: garment for garment in wardrobe.hair}
        self._styles = dict.fromkeys(self._hair, 1.0) if even_hair else None
        add_coverings(head, renderer)
        self._skin_vertices = head.vertex_parts == head.part_names.index("skin")
        self._ict68 = head.landmark_set("ict68").vertices

    def _add_head(self, skin_places: np.ndarray) -> dict[str, np.ndarray]:
        """Register the head's parts, split where texture coordinates differ; returns each point's vertex."""
        head, renderer = self._head, self._renderer
        corner_uv = drawing_uv(head, skin_places)
        shade, looks = ambient_occlusion(head, renderer), albedo_model_for(head)
        self._fur = FurCoat(head, renderer, beard=self._beard, shade=shade)
        # Smooth skin shines: brow, nose, cheekbones. Mean 1 over the face.
        gloss = np.clip((0.66 - looks.roughness) / 0.12, 0.15, 2.2)
        extra = np.stack([shade, self._beard, looks.scalp, gloss], axis=1)
        chart = chart_of(head)
        vertices = {}
        for key in HEAD_MESHES:
            chosen = triangles_of(head, key)
            corners = np.column_stack([head.triangles[chosen].ravel(), corner_uv[chosen].reshape(-1, 2)])
            unique, inverse = np.unique(corners, axis=0, return_inverse=True)
            vertices[key] = own = unique[:, 0].astype(int)
            mesh = StaticMesh.of(inverse.reshape(-1, 3), unique[:, 1:], extra=extra[own], chart=chart[own])
            renderer.add_mesh(key, mesh)
        return vertices

    def _of_head(
        self, key: str, head: _PosedHead, material: int, *, drawn_m: np.ndarray | None = None, **looks: Any
    ) -> DrawItem:
        """One of the head's own meshes; `drawn_m` are its vertices where they are not the head's."""
        vertices = self._corner_vertices[key]
        normals = self._corneas.lent(head.normals) if key == "eyes" else head.normals
        place_m = head.posed_m if drawn_m is None else drawn_m
        return DrawItem(key, place_m[vertices], normals[vertices], material, **looks)

    def dress(
        self, parameters: HeadParameters, rng: np.random.Generator, *, skin: str | None = None
    ) -> tuple[list[DrawItem], Looks]:
        """Everything to draw of one person, world frame, and what was chosen.

        The order of the draws from `rng` is part of the format: it makes a seed's picture.

        Args:
            skin: name of the skin picture, instead of a random one.
        """
        head = _PosedHead.of(self._head, parameters)
        skin_name = str(rng.choice(list(self._skins)))
        skin_name = skin or skin_name
        old, male = skin_name.startswith("old"), "_male" in skin_name
        tone = random_tone("dark" in skin_name, rng)
        saturation = float(rng.uniform(0.75, 1.05))
        tint = as_color(tint_for(tone, self._skins[skin_name], saturation))
        level = float(tone @ LUMINANCE)
        hair = random_grooming(rng, male=male, old=old, dark=level < 0.17, styles=self._styles)
        details = random_skin_details(self._head, parameters.expression, skin_name, rng)
        skin_item = self._of_head(
            "skin",
            head,
            shaders.SKIN,
            tint=tint,
            second=(saturation, float(rng.uniform(0.0, 0.16)), float(rng.random())),
            settings=(hair.beard, float(np.mean(hair.beard_color)), 0.0, 0.0),
            gloss=float(rng.gamma(2.0, 0.16)),
            texture=skin_name,
            details={
                **details,
                "beard_color": hair.beard_color,
                "beard_box": hair.beard_box,
                "roots": (*(0.3 * tone + 0.7 * np.array(hair.color)), hair.roots),
            },
        )
        inside = self._of_head("interior", head, shaders.INTERIOR)
        items = [
            skin_item,
            replace(
                skin_item,
                key="interior",
                position_m=inside.position_m,
                normal=inside.normal,
                material=shaders.INTERIOR,
                casts_shadow=False,
            ),
            *self._eyes_and_mouth(head, parameters.expression, level, rng),
            *self._brows_and_lashes(head, np.array(hair.color), rng, male=male),
        ]
        if hair.beard_fur is not None:
            items += self._fur.items(
                BEARD_FUR,
                hair.beard_fur,
                head.posed_m,
                head.normals,
                head.head_rotation,
                gloss=float(rng.uniform(0.1, 0.6)),
                box=hair.beard_box,
            )
        covering, covering_items = self._covering(head, rng)
        items += covering_items
        worn_hair = self._hair_items(head, hair, covering, rng)
        items += worn_hair
        outfit, clothes = self._clothes(head, skin_item, rng)
        items += clothes
        worn = self._accessories(head, rng)
        looks = Looks(
            skin=skin_name,
            hair=hair.style if worn_hair else None,
            covering=covering,
            beard=round(hair.beard, 2),
            accessories=tuple(sorted({i.key for i in worn})),
            outfit=outfit,
            skin_level=level,
        )
        return items + worn, looks

    def drawn_at(self, items: list[DrawItem], key: str) -> tuple[np.ndarray, np.ndarray]:
        """(N,) the vertices that one of the head's meshes shows, and (N, 3) where it draws them, world."""
        item = next(item for item in items if item.key == key)
        return self._corner_vertices[key], item.position_m

    def _hair_items(
        self, head: _PosedHead, hair: Grooming, covering: str | None, rng: np.random.Generator
    ) -> list[DrawItem]:
        """Hair on a head; under a covering there is none."""
        gloss = float(rng.uniform(0.2, 1.3))
        shape_seed = np.random.default_rng(int(rng.integers(1 << 30)))
        if covering is not None:
            return []
        items: list[DrawItem] = []
        if hair.fur is not None:
            items += self._fur.items(
                SCALP_FUR, hair.fur, head.posed_m, head.normals, head.head_rotation, gloss=0.6 * gloss
            )
        if hair.style is None:
            return items
        garment = self._hair[hair.style]
        extra = self._hair_extra[hair.style]
        assert extra is not None
        contrast = float(shape_seed.uniform(0.4, 0.9))
        settings = (
            float(shape_seed.uniform(1.1, 1.6)), contrast / self._hair_level[hair.style], HAIR_NEARER_M, 0.0
        )  # fmt: skip
        placed = restyled(garment.place(head.displacement_m), extra, shape_seed, mirrored=hair.mirrored)
        normals = self._garment_normals[garment.name] * ([-1, 1, 1] if hair.mirrored else [1, 1, 1])
        return [
            *items,
            DrawItem(
                garment.name,
                placed @ head.head_rotation.T + head.head_shift_m,
                normals @ head.head_rotation.T,
                shaders.HAIR,
                hair.color,
                hair.tip,
                settings=settings,
                gloss=gloss,
                texture=garment.name,
            ),
        ]

    def _eyes_and_mouth(
        self, head: _PosedHead, expression: np.ndarray, skin_level: float, rng: np.random.Generator
    ) -> list[DrawItem]:
        """Eyeballs, teeth, gums, tongue."""
        iris = IRIS_COLORS[
            rng.choice(len(IRIS_COLORS), p=IRIS_COLOR_SHARES_DARK if skin_level < 0.17 else IRIS_COLOR_SHARES)
        ] * rng.uniform(0.7, 1.5)
        around = np.clip(iris * rng.uniform(0.7, 1.8), 0, 1)
        upper, lower = self._lid_heights(head)
        settings = (float(rng.uniform(0.12, 0.30)), float(rng.random()), upper, lower)
        details = {"up": head.head_rotation[:, 1]}
        yellow = rng.uniform(0.55, 0.85)
        teeth = np.array((0.78, 0.55 + 0.25 * yellow, 0.35 + 0.4 * yellow)) * rng.uniform(0.6, 1.0)
        gums = GUMS * (0.55 + 0.45 * min(skin_level / 0.3, 1.0)) * rng.uniform(0.8, 1.2)
        tongue = TONGUE * rng.uniform(0.7, 1.2)
        eyes = self._of_head(
            "eyes",
            head,
            shaders.EYE,
            tint=as_color(iris),
            second=as_color(around),
            settings=settings,
            details=details,
        )
        out = float(expression[self._head.expression_names.index("tongueOut")])
        farther_m = {"tongue": MOUTH_FARTHER_M * (1 - min(1.0, 2 * out))}
        mouth = [
            self._of_head(
                key,
                head,
                shaders.TEETH,
                tint=as_color(color),
                settings=(farther_m.get(key, MOUTH_FARTHER_M), 0.0, 0.0, 0.0),
                casts_shadow=False,
            )
            for key, color in (("teeth", teeth), ("gums", gums), ("tongue", tongue))
        ]
        return [eyes, *mouth]

    def _lid_heights(self, head: _PosedHead) -> tuple[float, float]:
        """Heights of upper and lower lid over an eyeball's middle, over its radius; of the eye more open."""
        heights = []
        for eye_m, upper, lower in zip(head.eyes_m, ((43, 44), (37, 38)), ((46, 47), (40, 41)), strict=True):
            lids_m = head.rest_m[self._ict68[[*upper, *lower]]] - eye_m
            height = lids_m[:, 1] / np.linalg.norm(lids_m, axis=1)
            heights.append((float(height[:2].mean()), float(height[2:].mean())))
        return max(heights, key=lambda pair: pair[0] - pair[1])

    def _brows_and_lashes(
        self, head: _PosedHead, hair_color: np.ndarray, rng: np.random.Generator, *, male: bool
    ) -> list[DrawItem]:
        """The head's own cards of hairs; lashes are dark whatever the hair."""
        color = np.clip(hair_color * rng.uniform(0.7, 1.5) + 0.008, 0.010, 0.20)
        dense, worn = float(rng.uniform(0.6, 1.7 if male else 1.2)), rng.random() < 0.85
        tints = {"brows": as_color(color), "lashes": (0.006, 0.006, 0.006)}
        settings = {
            "brows": (dense, 0.9, BROWS_NEARER_M, float(rng.uniform(0.1, 0.45))),
            "lashes": (float(rng.uniform(0.5, 1.4)) if worn else 0.3, 0.2, 0.0, 0.0),
        }
        drawn_m = {"brows": self._draped_brows.place(head.posed_m, head.normals), "lashes": head.posed_m}
        picture = f"hairs {rng.integers(CARD_PICTURES)}"
        return [
            self._of_head(
                key,
                head,
                shaders.HAIR,
                drawn_m=drawn_m[key],
                tint=tints[key],
                second=tints[key],
                settings=settings[key],
                texture=picture,
                casts_shadow=False,
            )
            for key in HAIR_MESHES
        ]

    def _covering(self, head: _PosedHead, rng: np.random.Generator) -> tuple[str | None, list[DrawItem]]:
        """A cap, a headscarf or nothing: the scalp blown up."""
        draw = rng.random()
        name = "cap" if draw < 0.045 else "scarf" if draw < 0.075 else None
        if name is None:
            return None, []
        edge_m = head.posed_m + head.normals * rng.uniform(0.004, 0.014)
        cloth, other = random_cloth_colors(rng)
        stripes = random_stripes(rng)
        items = [DrawItem(name, edge_m, head.normals, shaders.CLOTH, cloth, other, stripes)]
        if name == "cap" and rng.random() < 0.65:
            hem_m = float(head.rest_m[self._ict68[17:27], 1].mean()) + 0.026
            brim = cap_brim(head.rest_m[self._skin_vertices], hem_m, rng)
            looks = {"tint": cloth, "second": other, "settings": stripes}
            items.append(self._worn("cap brim", brim, head, shaders.CLOTH, **looks))
        return name, items

    def _clothes(
        self, head: _PosedHead, skin_item: DrawItem, rng: np.random.Generator
    ) -> tuple[str, list[DrawItem]]:
        """Shoulders and mostly something over them; they follow the root, not the head joint."""

        def placed(garment: Garment, off_m: float) -> tuple[np.ndarray, np.ndarray]:
            turned = self._garment_normals[garment.name] @ head.root_rotation.T
            world_m = garment.place(head.displacement_m) @ head.root_rotation.T + head.root_translation_m
            return world_m + off_m * turned, turned

        body = self._wardrobe.body
        position_m, normal = placed(body, -0.0005)
        items = [
            replace(
                skin_item, key=body.name, position_m=position_m, normal=normal, settings=(0.0, 0.0, 0.0, 0.0)
            )
        ]
        outfit, layers = random_outfit(rng)
        for layer in layers:
            position_m, normal = placed(self._around_neck[layer.key], layer.puff_m)
            colors = (layer.cloth.color, layer.cloth.second)
            items.append(
                DrawItem(layer.key, position_m, normal, shaders.GARMENT, *colors, details=layer.details())
            )
        return outfit, items

    def _accessories(self, head: _PosedHead, rng: np.random.Generator) -> list[DrawItem]:
        """Glasses with or without visible lenses, a microphone, mostly nothing."""
        items: list[DrawItem] = []
        ict68_m = head.rest_m[self._ict68]
        draw = rng.random()
        if draw < GLASSES_SHARE + SUNGLASSES_SHARE:
            dark = draw < SUNGLASSES_SHARE
            eyes_m = head.eyes_m
            side = np.abs(head.rest_m[:, 0]).max()
            ears_m = np.array(
                [[side * 0.88, eyes_m[0, 1] + 0.004, -0.015], [-side * 0.88, eyes_m[1, 1] + 0.004, -0.015]]
            )
            names = list(FRAMES)
            kind = str(rng.choice(names, p=[FRAMES[name][0] for name in names]))
            frame, lenses = random_glasses(eyes_m, ict68_m[27], ears_m, rng, thin=kind in THIN_FRAMES)
            color = as_color(np.array(FRAMES[kind][1]) * np.exp(rng.normal(0, 0.25)))
            gloss = float(rng.uniform(0.3, 1.2)) * (2.0 if kind in THIN_FRAMES else 1.0)
            items.append(self._worn("glasses", frame, head, shaders.SOLID, tint=color, gloss=gloss))
            tint = (0.012, 0.011, 0.011) if dark else (0.25, 0.26, 0.27)
            alpha = float(rng.uniform(0.8, 1.0)) if dark else float(rng.uniform(0.0, 0.06))
            settings = (alpha, float(rng.uniform(0.02, 0.30)), 0.0, 0.0)
            lens_looks = {"tint": tint, "settings": settings, "casts_shadow": dark}
            items.append(self._worn("lenses", lenses, head, shaders.LENS, **lens_looks))
        if rng.random() < MICROPHONE_SHARE:
            held = microphone(ict68_m[48:68].mean(axis=0), rng)
            looks = {"tint": (0.03, 0.03, 0.035), "gloss": 0.5}
            items.append(self._worn("microphone", held, head, shaders.SOLID, **looks))
        if rng.random() < MASK_SHARE:
            colors = np.array([[0.55, 0.56, 0.57], [0.25, 0.42, 0.55], [0.02, 0.02, 0.022]])
            color = as_color(colors[rng.choice(3, p=[0.4, 0.35, 0.25])] * rng.uniform(0.8, 1.1))
            top_m, chin_m = float(ict68_m[28, 1]), float(ict68_m[8, 1])
            mask = face_mask(head.rest_m[self._skin_vertices], top_m, chin_m, rng)
            items.append(self._worn("mask", mask, head, shaders.CLOTH, tint=color, second=color))
        return items

    def _worn(
        self, key: str, accessory: Accessory, head: _PosedHead, material: int, **looks: Any
    ) -> DrawItem:
        """Register an accessory, which is another mesh each time, and put it on."""
        uv = np.zeros((len(accessory.vertices_m), 2))
        self._renderer.add_mesh(key, StaticMesh.of(accessory.triangles, uv))
        normals = vertex_normals(accessory.vertices_m, accessory.triangles)
        placed = accessory.vertices_m @ head.head_rotation.T + head.head_shift_m
        return DrawItem(key, placed, normals @ head.head_rotation.T, material, **looks)


def _mean_level(texture: np.ndarray) -> float:
    """Mean lightness of a hair's picture where it covers."""
    weight = texture[..., 3].astype(float) + 1e-6
    return float(np.average(linear(texture[..., :3] / 255) @ LUMINANCE, weights=weight)) + 0.004
