"""Where on a head lips, brows, eyes and beard are, from its 68 landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from mien.geometry.normals import vertex_normals
from mien.heads.model import Head
from mien.looks.materials import vertices_of

_PIXEL_M, _SIDE_PX = 0.0005, 640
_OUTER_LIPS = np.arange(48, 60)
_LEFT_EYE, _RIGHT_EYE = np.arange(42, 48), np.arange(36, 42)


@dataclass(frozen=True, eq=False)
class FaceRegions:
    """Shares from 0 to 1 for each vertex, all (V,) and on skin alone, vertices without triangles left out.

    Attributes:
        skin: not the mouth's inside, eyes, teeth or cards.
        lips: the red of the lips.
        brows: a band about both brows.
        eyes: lids' edges and what lies between them.
        beard: upper lip, chin, jaw and below it, not the lips.
        face: the front of the face from brows to chin and its forehead.
        nostrils: about the nostrils, which are dark in pictures.
        hairline: where hair may begin: scalp, upper forehead, temples and before the ears.
    """

    skin: Float[np.ndarray, " vertices"]
    lips: Float[np.ndarray, " vertices"]
    brows: Float[np.ndarray, " vertices"]
    eyes: Float[np.ndarray, " vertices"]
    beard: Float[np.ndarray, " vertices"]
    face: Float[np.ndarray, " vertices"]
    nostrils: Float[np.ndarray, " vertices"]
    hairline: Float[np.ndarray, " vertices"]


@lru_cache(maxsize=8)
def face_regions(head: Head) -> FaceRegions:
    """The regions of a head; kept for the last heads.

    Raises:
        LandmarkSetError: the head does not name the 68 landmarks.
    """
    import cv2

    skin = vertices_of(head, "skin").astype(float)
    if "eye_sockets" in head.part_names:
        skin[head.vertex_parts == head.part_names.index("eye_sockets")] = 0
    skin[np.setdiff1d(np.arange(head.vertex_count), head.triangles)] = 0  # landmarks beside the surface
    points_m = head.mean_m[head.landmark_set("ibug68").vertices]
    origin_m = np.array([points_m[27:31, 0].mean(), points_m[27:48, 1].mean()])
    half = (_SIDE_PX - 1) / 2

    def pixels(places_m: np.ndarray) -> np.ndarray:
        return (places_m[:, :2] - origin_m) * np.array([1, -1]) / _PIXEL_M + half

    def region(
        polygons: list[np.ndarray], *, grow_m: float, soft_m: float, closed: bool = True
    ) -> np.ndarray:
        canvas = np.zeros((_SIDE_PX, _SIDE_PX), np.uint8)
        width = max(1, round(2 * grow_m / _PIXEL_M))
        for polygon in polygons:
            outline = np.round(pixels(polygon) * 16).astype(np.int32)
            if closed:
                cv2.fillPoly(canvas, [outline], 255, cv2.LINE_8, 4)
            cv2.polylines(canvas, [outline], closed, 255, width, cv2.LINE_8, 4)
        soft = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), soft_m / _PIXEL_M)
        place = np.clip(np.round(pixels(head.mean_m)).astype(int), 0, _SIDE_PX - 1)
        return soft[place[:, 1], place[:, 0]].astype(float)

    front = np.clip((head.mean_m[:, 2] - points_m[[0, 16], 2].mean()) / 0.01, 0, 1)
    facing = np.clip(vertex_normals(head.mean_m, head.triangles)[:, 2] / 0.2 + 0.5, 0, 1)
    on_skin = skin * front
    brow_line = points_m[17:27].copy()
    forehead = brow_line[::-1] + np.array([0, 0.035, 0])
    oval = np.concatenate([points_m[0:17], forehead])
    mouth, lip_width = points_m[48:68].mean(axis=0), points_m[54, 0] - points_m[48, 0]
    lips = region([points_m[_OUTER_LIPS]], grow_m=0.0006, soft_m=0.001) * on_skin
    below_nose = np.clip((points_m[33, 1] - head.mean_m[:, 1]) / 0.005, 0, 1)
    sideways = np.maximum(np.abs(head.mean_m[:, 0] - mouth[0]) - lip_width / 2, 0)
    upper_edge = mouth[1] + 0.012 + 0.5 * sideways
    above_neck = np.clip((head.mean_m[:, 1] - points_m[8, 1] + 0.035) / 0.02, 0, 1)
    beard = below_nose * np.clip((upper_edge - head.mean_m[:, 1]) / 0.012 + 1, 0, 1) * above_neck
    above_brows = np.clip((head.mean_m[:, 1] - points_m[17:27, 1].max() - 0.016) / 0.010, 0, 1)
    sides = points_m[0:17] * [1.03, 1, 1]
    inner = np.concatenate([sides, forehead + [0, 0.10, 0]])
    face = region([inner], grow_m=0.001, soft_m=0.004) * front * facing
    above_jaw = np.clip((head.mean_m[:, 1] - points_m[33, 1]) / 0.02, 0, 1)
    return FaceRegions(
        skin=skin,
        lips=lips,
        brows=region([points_m[17:22], points_m[22:27]], grow_m=0.006, soft_m=0.003, closed=False) * on_skin,
        eyes=region([points_m[_LEFT_EYE], points_m[_RIGHT_EYE]], grow_m=0.003, soft_m=0.0015) * on_skin,
        beard=beard * (1 - lips) * on_skin,
        face=region([oval], grow_m=0.001, soft_m=0.006) * on_skin * facing,
        nostrils=region([points_m[31:36]], grow_m=0.005, soft_m=0.002) * on_skin,
        hairline=np.maximum(above_brows, 1 - face) * above_jaw * skin,
    )
