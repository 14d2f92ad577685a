"""The open lower end of the built-in head's neck, and a lid for it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from mien.heads.model import Head
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clothing import as_color
from mien.synthetic.scenes.renderer import DrawItem, StaticMesh
from mien.synthetic.scenes.skin_tones import mean_tone

KEY = "neck lid"


def neck_border(head: Head) -> Int[np.ndarray, "edges 2"]:
    """(E, 2) edges of the skin's lower border, to be closed with a fan."""
    skin = head.triangles[(head.vertex_parts == head.part_names.index("skin"))[head.triangles].all(axis=1)]
    edges = np.sort(np.concatenate([skin[:, [0, 1]], skin[:, [1, 2]], skin[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    border = unique[count == 1]
    lowest = head.mean_m[border][..., 1].max(axis=1) < head.mean_m[:, 1].min() + 0.045
    return border[lowest]


class NeckLid:
    """Closes the neck with a fan in the skin's tone, so that nobody looks into the head from below.

    Args:
        skin_places: (T, 3, 2) where the corners of the head's triangles lie in skin pictures.
    """

    def __init__(self, head: Head, skin_places: Float[np.ndarray, "triangles 3 2"]) -> None:
        edges = neck_border(head)
        self._ring, corners = np.unique(edges, return_inverse=True)
        corners = corners.reshape(-1, 2)
        middle = np.full((len(corners), 1), len(self._ring))
        fan = np.concatenate([corners, middle], axis=1)
        self._triangles = np.concatenate([fan, fan[:, ::-1]])  # which way round is not known
        self._skin_uv = skin_places[np.isin(head.triangles, self._ring)]
        self.mesh = StaticMesh.of(self._triangles, np.zeros((len(self._ring) + 1, 2)))

    def item(
        self, vertices_m: Float[np.ndarray, "vertices 3"], skin: DrawItem, picture: np.ndarray
    ) -> DrawItem:
        """The lid of a head.

        Args:
            vertices_m: the head's; skin: its skin; picture: the skin's texture.
        """
        ring_m = vertices_m[self._ring]
        points_m = np.concatenate([ring_m, ring_m.mean(axis=0, keepdims=True)])
        across = np.linalg.svd(ring_m - points_m[-1], full_matrices=False)[2][2]
        down = -np.sign(across[1]) * across
        tone = mean_tone(picture[..., :3], self._skin_uv) * np.array(skin.tint)
        return DrawItem(KEY, points_m, np.tile(down, (len(points_m), 1)), shaders.SOLID, as_color(tone))
