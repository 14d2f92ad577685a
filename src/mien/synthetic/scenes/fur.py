"""Short hair and beards as shells over the skin: copies of it, blown up, with ever fewer strands."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.heads.model import Head
from mien.looks.albedo_model import albedo_model_for
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.face_maps import chart_of
from mien.synthetic.scenes.grooming import Fur
from mien.synthetic.scenes.head_maps import smooth_step
from mien.synthetic.scenes.renderer import DrawItem, Renderer, StaticMesh

SCALP_FUR, BEARD_FUR = "fur", "beard fur"
MOST_LAYERS = {SCALP_FUR: 7, BEARD_FUR: 4}
"""Keys of the shells, without their numbers, and how many there can be."""
SKULL_CENTRE_M, SKULL_RADIUS_M = np.array([0.0, 0.05, 0.0]), 0.09
CROWN = np.array([0.0, 0.92, -0.39])
"""Direction from the skull's centre to the whorl."""
HAIRLINE_REACH = 0.01
"""Scalp's share from which a vertex carries shells."""


class FurCoat:
    """Registers the shells of a head and puts them on.

    Args:
        beard: (V,) where a beard grows, 0 … 1; shade: (V,) ambient occlusion.
    """

    def __init__(
        self,
        head: Head,
        renderer: Renderer,
        *,
        beard: Float[np.ndarray, " vertices"],
        shade: Float[np.ndarray, " vertices"],
    ) -> None:
        m = head.mean_m
        skin = head.vertex_parts == head.part_names.index("skin")
        scalp = np.asarray(albedo_model_for(head).scalp, float) * skin
        self._directions, place_m = _combed(m)
        ict68 = m[head.landmark_set("ict68").vertices]
        top = smooth_step(0.075, 0.125, m[:, 1])
        bald = smooth_step(0.085, 0.125, m[:, 1]) * smooth_step(-0.075, -0.04, m[:, 2])
        nose_m = ict68[33]
        beard_place_m = (m - nose_m)[:, :2] * [1.0, 1.0]
        beard_direction = np.stack([0.2 * np.sign(m[:, 0]), -np.ones(len(m)), 0 * m[:, 0]], axis=1)
        kinds = (
            (SCALP_FUR, scalp, place_m, np.ones_like(scalp), self._directions, top, bald),
            (BEARD_FUR, beard, beard_place_m, shade, beard_direction, np.ones_like(scalp), 0 * bald),
        )
        self._vertices, self._combing, self._top, self._grows = {}, {}, {}, {}
        chart = chart_of(head)
        for key, grows, places, light, direction, longer, bare in kinds:
            triangles = head.triangles[(grows > HAIRLINE_REACH)[head.triangles].any(axis=1)]
            triangles = triangles[skin[triangles].all(axis=1)]
            own, inverse = np.unique(triangles, return_inverse=True)
            extra = np.stack([light, grows, longer, bare], axis=1)[own]
            mesh = StaticMesh.of(inverse.reshape(-1, 3), places[own], extra=extra, chart=chart[own])
            for layer in range(MOST_LAYERS[key]):
                renderer.add_mesh(f"{key} {layer}", mesh)
            self._vertices[key], self._combing[key] = own, direction[own]
            self._top[key], self._grows[key] = longer[own], grows[own]

    def items(
        self,
        key: str,
        fur: Fur,
        posed_m: Float[np.ndarray, "vertices 3"],
        normals: Float[np.ndarray, "vertices 3"],
        head_rotation: Float[np.ndarray, "3 3"],
        *,
        gloss: float,
        box: tuple[float, float] = (9.0, -9.0),
    ) -> list[DrawItem]:
        """The shells, from the inside out; key is one of `MOST_LAYERS`."""
        own = self._vertices[key]
        base_m, out = posed_m[own], normals[own]
        length_m = fur.length_m * (fur.side + (1 - fur.side) * self._top[key])
        length_m = length_m * smooth_step(0.0, 0.8, self._grows[key]) + 0.0006
        along = self._combing[key] @ head_rotation.T
        along = along - (along * out).sum(axis=1, keepdims=True) * out
        layers = min(fur.layers, MOST_LAYERS[key])
        items = []
        for layer in range(layers):
            f = (layer + 0.5) / layers
            lean = fur.comb * f * f
            shift = (out * f + along * lean) / np.sqrt(1 + 0.3 * lean * lean)
            items.append(
                DrawItem(
                    f"{key} {layer}",
                    base_m + shift * length_m[:, None],
                    out,
                    shaders.FUR,
                    fur.color,
                    fur.tip,
                    settings=(f, fur.density, 0.0, 0.0),
                    gloss=gloss,
                    casts_shadow=layer == layers // 2,
                    details={"growth": fur.growth, "beard_box": box},
                )
            )
        return items


def _combed(m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3) directions in which hair runs from the whorl, and (V, 2) places about it, metres."""
    radial = m - SKULL_CENTRE_M
    radial = radial / np.maximum(np.linalg.norm(radial, axis=1, keepdims=True), 1e-6)
    crown = CROWN / np.linalg.norm(CROWN)
    front = np.cross([1.0, 0.0, 0.0], crown)
    cosine = np.clip(radial @ crown, -1, 1)
    flat = np.stack([radial[:, 0], radial @ front], axis=1)
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    places = SKULL_RADIUS_M * np.arccos(cosine)[:, None] * flat
    away = radial * cosine[:, None] - crown
    return away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6), places
