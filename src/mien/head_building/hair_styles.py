"""Hair styles from MakeHuman's hair: laid on our mean head and tied to its skin."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.spatial import KDTree

from mien import __version__
from mien.errors import InputError
from mien.geometry.alignment import align_similarity
from mien.geometry.closest_points import closest_on_surface
from mien.geometry.quads import triangulated
from mien.geometry.winding_numbers import winding_numbers
from mien.head_building.makehuman import MakeHuman, Proxy
from mien.head_building.quad_skin import MEAN_PERSON, SKIN, QuadSkin, build_quad_skin
from mien.heads.model import Head
from mien.images.stored import read_rgba
from mien.looks.colors import LUMINANCE, linear_from_srgb
from mien.looks.hair_styles import HairStyle

STYLES = {"short": "short02", "bob": "bob02", "long": "long01", "ponytail": "ponytail01", "afro": "afro01"}
"""Our names, and MakeHuman's."""
PICTURE_PX = 512
"""Width of a style's picture, and its largest height."""
CLEAR_OF_SKIN_M = 0.0015
"""Hair lies at least so far outside the skin: less, and the two flicker through each other."""
PARTED_X_M = {"bob": 0.036}
"""Where styles are parted, of which the smaller half is taken for both: the other hides an eye."""
_CROWN_CENTRE_Y_M = 0.055
"""Height of the axis, from front to back, about which the crown is round."""
SHORTENED = {"long": 0.45}
"""Share of their length that hairs keep below the chin."""
_CHIN_Y_M, _BEND_M = -0.09, 0.08
_CARRY_NEIGHBOURS, _FOLLOW_NEIGHBOURS = 64, 16
_CONTRAST = 0.65
"""Exponent of brightness: the pictures have highlights painted in, and a renderer adds its own."""
_FREE_FROM_M = 0.02
"""How far from the skin hair is mostly free of its expressions."""


def build_hair_styles(head: Head, makehuman: MakeHuman) -> dict[str, HairStyle]:
    """All styles for the built-in head, by name.

    Raises:
        InputError: the head's skin is not the one that `quad_skin` makes, or a picture is missing.
    """
    skin = build_quad_skin(makehuman)
    if not np.array_equal(head.quads[: len(skin.quads)], skin.quads):
        raise InputError(
            f"the head {head.name} {head.version} is not the one that this mien builds; build it first: mien "
            "head build"
        )
    mean_base = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    return {
        name: _style(head, skin, makehuman.proxy(f"hair/{source}/{source}.mhclo"), mean_base,
                     makehuman.folder / "hair" / source, name)
        for name, source in STYLES.items()
    }  # fmt: skip


def styles_card(styles: dict[str, HairStyle], head: Head) -> str:
    """JSON that tells where the styles come from."""
    card = {
        "format_version": 1,
        "mien_version": __version__,
        "head_name": head.name,
        "head_version": head.version,
        "command": "mien head hair --assets ASSETS --out hair.npz",
        "data": "hair of the MakeHuman project's core assets, http://www.makehumancommunity.org",
        "licence": "CC0 1.0",
        "styles": {
            name: {
                "source": f"hair/{STYLES[name]}",
                "vertices": len(style.offsets_m),
                "faces": len(style.quads),
                "picture_px": list(style.picture.shape[1::-1]),
            }
            for name, style in styles.items()
        },
    }
    return json.dumps(card, indent=2) + "\n"


def _style(
    head: Head, skin: QuadSkin, proxy: Proxy, mean_base: np.ndarray, folder: Path, name: str
) -> HairStyle:
    outside = np.unique(skin.quads[skin.quad_labels == SKIN])
    triangles = triangulated(skin.quads[skin.quad_labels == SKIN])
    skin_m = head.mean_m[: len(skin.vertices)]
    points_m = _on_mean_head(proxy.place(mean_base), skin.vertices[outside], skin_m[outside])
    points_m[:, 1] = _shortened(points_m[:, 1], SHORTENED.get(name, 1.0))
    faces, face_uv = proxy.mesh.faces, proxy.mesh.face_uv
    if name in PARTED_X_M:
        points_m, faces, face_uv = _parted_in_the_middle(points_m, faces, face_uv, PARTED_X_M[name])
    used, faces = _compact(faces)
    points_m = _outside(points_m[used], skin_m, triangles)
    neighbours, weights = _nearest(points_m, skin_m[outside], _FOLLOW_NEIGHBOURS, 0.006)
    neighbours = outside[neighbours]
    distances_m = closest_on_surface(points_m, skin_m, triangles).distances_m
    order = np.argsort(_of_faces(distances_m, faces), kind="stable")
    used_uv, face_uv = _compact(face_uv)
    picture, uv = _picture(_read(folder), proxy.mesh.uv[used_uv])
    return HairStyle(
        name=name,
        neighbours=neighbours,
        weights=weights,
        offsets_m=points_m - np.einsum("pk,pkc->pc", weights, skin_m[neighbours]),
        looseness=1 - np.exp(-((distances_m / _FREE_FROM_M) ** 2)),
        quads=faces[order],
        uv_quads=face_uv[order],
        uv=uv,
        picture=picture,
    )


def _compact(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices that faces use, and the faces in places of these; -1 stays."""
    used = np.unique(faces[faces >= 0])
    return used, np.where(faces >= 0, np.searchsorted(used, faces), -1)


def _shortened(y_m: np.ndarray, share: float) -> np.ndarray:
    """Heights with what hangs below the chin drawn up, the more the lower."""
    below_m = np.maximum(_CHIN_Y_M - y_m, 0)
    return y_m + (1 - share) * (below_m - _BEND_M * (1 - np.exp(-below_m / _BEND_M)))


def _parted_in_the_middle(
    points_m: np.ndarray, faces: np.ndarray, face_uv: np.ndarray, parted_x_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The hair to the left of its parting, drawn over the crown to the middle, and its mirror image."""
    up_m = points_m[:, 1] - _CROWN_CENTRE_Y_M
    angle, radius_m = np.arctan2(points_m[:, 0], up_m), np.hypot(points_m[:, 0], up_m)
    top = up_m[np.abs(points_m[:, 0] - parted_x_m) < 0.01].max()
    parting = np.arctan2(parted_x_m, top)
    nape = (angle < -np.pi / 2) & (points_m[:, 2] < 0)
    angle = np.where(nape, np.pi, angle)  # faces across its middle end there
    # In front the other half's fringe hangs to the left of the crown's parting too.
    fringe = (points_m[:, 2] > 0.05) & (points_m[:, 0] < parted_x_m)
    own = (angle > parting + 0.02) & ~fringe
    far = angle < -0.3
    left = ((own[faces] & (faces >= 0)).any(axis=1)) & ~(far[faces] & (faces >= 0)).any(axis=1)
    faces, face_uv = faces[left], face_uv[left]
    drawn = (angle - parting) * (np.pi / 2) / (np.pi / 2 - parting)
    angle = np.where(angle < np.pi / 2, np.maximum(drawn, 0), angle)
    half_m = np.column_stack(
        [radius_m * np.sin(angle), _CROWN_CENTRE_Y_M + radius_m * np.cos(angle), points_m[:, 2]]
    )
    # Faces that reach into the fringe end where the half does.
    reaching = np.unique(faces[(faces >= 0) & fringe[faces]])
    ours = np.unique(faces[(faces >= 0) & own[faces]])
    half_m[reaching] = half_m[ours[KDTree(points_m[ours]).query(points_m[reaching])[1]]]
    turned = np.where(faces[:, 3:] >= 0, [[3, 2, 1, 0]], [[2, 1, 0, 3]])
    image = np.take_along_axis(faces, turned, axis=1)
    return (
        np.concatenate([half_m, half_m * [-1, 1, 1]]),
        np.concatenate([faces, np.where(image >= 0, image + len(points_m), -1)]),
        np.concatenate([face_uv, np.take_along_axis(face_uv, turned, axis=1)]),
    )


def _of_faces(values: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(F,) means over the corners."""
    return np.where(faces >= 0, values[faces], 0).sum(axis=1) / (faces >= 0).sum(axis=1)


def _on_mean_head(
    places: Float[np.ndarray, "points 3"],
    source: Float[np.ndarray, "vertices 3"],
    target_m: Float[np.ndarray, "vertices 3"],
) -> Float[np.ndarray, "points 3"]:
    """Places about MakeHuman's mean head on ours: carried along by the skin nearby, smoothly."""
    to_metres = align_similarity(source, target_m)
    source_m, points_m = to_metres.apply(source), to_metres.apply(places)
    index, weight = _nearest(points_m, source_m, _CARRY_NEIGHBOURS, 0.02)
    return points_m + np.einsum("pk,pkc->pc", weight, (target_m - source_m)[index])


def _nearest(
    points_m: np.ndarray, skin_m: np.ndarray, count: int, near_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """(P, count) the nearest skin vertices of each point and their shares; the farther, the more alike."""
    distance_m, index = KDTree(skin_m, leafsize=16).query(points_m, k=count)
    softness_m = near_m + 0.5 * distance_m[:, :1]
    weight = np.exp(-(((distance_m - distance_m[:, :1]) / softness_m) ** 2))
    return np.asarray(index), weight / weight.sum(axis=1, keepdims=True)


def _outside(points_m: np.ndarray, skin_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Points that lie in the head, or all but, brought out of it."""
    for _ in range(3):  # beside a fold the nearest triangle is another after a step
        nearest = closest_on_surface(points_m, skin_m, triangles)
        corners_m = skin_m[triangles[nearest.triangles]]
        normals = np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        height_m = np.einsum("pc,pc->p", points_m - nearest.points_m, normals)
        low = nearest.distances_m < CLEAR_OF_SKIN_M - 1e-5
        below = np.flatnonzero(height_m < 0)
        low[below] |= winding_numbers(points_m[below], skin_m, triangles) > 0.5
        if not low.any():
            break
        points_m = np.where(low[:, None], nearest.points_m + CLEAR_OF_SKIN_M * normals, points_m)
    return points_m


def _read(folder: Path) -> UInt8[np.ndarray, "height width 4"]:
    paths = sorted(folder.glob("*_diffuse.png"))
    if not paths:
        raise InputError("holds no picture of hair with coverage (*_diffuse.png)", source=folder)
    return read_rgba(paths[0])


def _picture(
    picture: UInt8[np.ndarray, "height width 4"], uv: Float[np.ndarray, "texture 2"]
) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, 2) brightness and coverage of what the cards use, and (U, 2) places in it."""
    height, width = picture.shape[:2]
    low = np.floor(np.clip(uv.min(axis=0), 0, 1) * [width, height]).astype(int)
    high = np.ceil(np.clip(uv.max(axis=0), 0, 1) * [width, height]).astype(int)
    cut = picture[height - high[1] : height - low[1], low[0] : high[0]]
    size = PICTURE_PX, min(PICTURE_PX, round(PICTURE_PX * cut.shape[0] / cut.shape[1] / 16) * 16)
    light = linear_from_srgb(cut[..., :3]) @ LUMINANCE.astype(np.float32)
    cover = cut[..., 3].astype(np.float32) / 255
    # Light counts where there is hair; what is clear takes that of the hairs about it, so that no rim shows.
    shrunk = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (light * cover, cover)]
    smooth = [cv2.GaussianBlur(each, (0, 0), 6) for each in shrunk]
    mean = float(shrunk[0].sum() / shrunk[1].sum())
    around = np.where(smooth[1] > 1e-3, smooth[0] / np.maximum(smooth[1], 1e-3), mean)
    light = np.where(shrunk[1] > 0.02, shrunk[0] / np.maximum(shrunk[1], 0.02), around)
    shade = np.clip(np.round(128 * (light / mean) ** _CONTRAST), 0, 255).astype(np.uint8)
    places = (uv * [width, height] - low) / (high - low)
    return np.stack([shade, np.round(255 * shrunk[1]).astype(np.uint8)], axis=-1), np.clip(places, 0, 1)
