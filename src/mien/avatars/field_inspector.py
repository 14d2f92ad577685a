"""A picture of an avatar's local fields: where they sit, how far they reach, and which weights each sees."""

from __future__ import annotations

import base64
import colorsys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8

from mien.avatars.avatar import shown
from mien.avatars.field_avatar import FieldAvatar
from mien.avatars.pages import write_page
from mien.avatars.rig import AvatarControls
from mien.checked_calls import checked_call
from mien.errors import InputError

PAGE = Path(__file__).parent / "data" / "fields.html"
SIDE_PX = 640
_CELL_PX = 13
_NAMES_PX = 170
_MARGIN_PX = 30
_GROUND, _INK, _FAINT = (24, 26, 30), (235, 238, 242), (58, 62, 68)
_SHARES_PX = 90


@dataclass(frozen=True, eq=False)
class FieldsOverview:
    """Where local fields sit on an avatar at rest, and what they see.

    Attributes:
        image: (S, S, 3) the avatar at rest.
        centres_px: (F, 2) in it.
        radius_px, reach_px: (F,) radius R (eq. 9) there, and where the weight is cut off.
        masks: (F, W) which ARKit weights each field sees (section 3.3 of Chen et al. 2023).
        names: of the weights.
        colors: of the fields.
    """

    image: UInt8[np.ndarray, "side side 3"]
    centres_px: Float[np.ndarray, "fields 2"]
    radius_px: Float[np.ndarray, " fields"]
    reach_px: Float[np.ndarray, " fields"]
    masks: Bool[np.ndarray, "fields weights"]
    names: tuple[str, ...]
    colors: list[tuple[int, int, int]]

    @staticmethod
    def of(avatar: FieldAvatar) -> FieldsOverview:
        """Of an avatar.

        Raises:
            InputError: the avatar has no local fields.
        """
        import cv2

        fields = avatar.model.fields
        if fields is None or fields.everywhere:
            raise InputError("has no local fields: its variant is of another kind", source="avatar")
        rest = AvatarControls(avatar.rig.rest_weights, np.zeros((2, 3)))
        small = shown(avatar.picture(rest, avatar.camera))
        camera = avatar.camera.resized(width_px=SIDE_PX, height_px=SIDE_PX)
        centres_m = avatar.rig.canonical_centres_m
        px_a_metre = camera.focal_px / camera.to_camera(centres_m)[:, 2]
        head = avatar.rig.head
        return FieldsOverview(
            image=np.asarray(cv2.resize(small, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)),
            centres_px=camera.project(centres_m),
            radius_px=px_a_metre * fields.radius_m,
            reach_px=px_a_metre * fields.reach_m,
            masks=fields.masks[:, : head.expression_count].detach().cpu().numpy() > 0,
            names=head.expression_names,
            colors=_colors(len(fields.masks)),
        )


@checked_call
def draw_fields(avatar: FieldAvatar) -> UInt8[np.ndarray, "height width 3"]:
    """The avatar at rest with its fields over it, beside their attention masks.

    Left: a circle of each field's radius about its centre, and a fainter one where the weight is cut off.
    Right: a row for each field in its circle's colour, a column for each ARKit weight, filled where the field
    sees it, and a bar for the share of weights that it sees.

    Raises:
        InputError: the avatar has no local fields.
    """
    overview = FieldsOverview.of(avatar)
    face, table = _face(overview), _table(overview.masks, overview.names, overview.colors)
    height = max(len(face), len(table))
    return np.concatenate([_padded(face, height), _padded(table, height)], axis=1)


@checked_call
def write_fields_page(avatar: FieldAvatar, path: str | Path) -> Path:
    """The same as one web page, which needs nothing else: point at a field, a weight or a cell.

    Raises:
        InputError: the avatar has no local fields.
        OutputError: the place takes no files.
    """
    from mien.images.writing import png_bytes

    overview = FieldsOverview.of(avatar)
    content = {
        "source": avatar.facts.source,
        "side": SIDE_PX,
        "picture": base64.b64encode(png_bytes(overview.image)).decode("ascii"),
        "weights": list(overview.names),
        "fields": [
            {
                "at": np.round(overview.centres_px[index] + 0.5, 2).tolist(),
                "radius": round(float(overview.radius_px[index]), 2),
                "reach": round(float(overview.reach_px[index]), 2),
                "sees": np.flatnonzero(overview.masks[index]).tolist(),
                "color": "#{:02x}{:02x}{:02x}".format(*color),
            }
            for index, color in enumerate(overview.colors)
        ],
    }
    write_page(PAGE, content, path)
    return Path(path)


def _face(overview: FieldsOverview) -> UInt8[np.ndarray, "side side 3"]:
    import cv2

    from mien.drawing.sheets import write_line

    image = overview.image.copy()
    for index, color in enumerate(overview.colors):
        x, y = (round(16 * float(place)) for place in overview.centres_px[index])
        for radius_px, width in ((overview.reach_px[index], 1), (overview.radius_px[index], 2)):
            cv2.circle(image, (x, y), round(16 * float(radius_px)), color, width, cv2.LINE_AA, shift=4)
        cv2.circle(image, (x, y), 16 * 3, color, -1, cv2.LINE_AA, shift=4)
        write_line(image, str(index), (x // 16 + 4, y // 16 - 4), _INK, 0.38)
    return image


def _table(
    masks: Bool[np.ndarray, "fields weights"], names: tuple[str, ...], colors: list[tuple[int, int, int]]
) -> UInt8[np.ndarray, "height width 3"]:
    import cv2

    from mien.drawing.sheets import write_line

    count, weights = masks.shape
    left, top = 2 * _MARGIN_PX, _NAMES_PX
    width = left + weights * _CELL_PX + _SHARES_PX + _MARGIN_PX
    image = np.full((top + count * _CELL_PX + _MARGIN_PX, width, 3), _GROUND, np.uint8)
    for row in range(count):
        first = top + row * _CELL_PX
        write_line(image, f"{row:2d}", (left - 24, first + _CELL_PX - 3), colors[row], 0.36)
        for column in range(weights):
            corner = (left + column * _CELL_PX, first)
            end = (corner[0] + _CELL_PX - 2, corner[1] + _CELL_PX - 2)
            cv2.rectangle(image, corner, end, colors[row] if masks[row, column] else _FAINT, -1)
        start = left + weights * _CELL_PX + 8
        full = start + round((_SHARES_PX - 8) * float(masks[row].mean()))
        cv2.rectangle(image, (start, first), (full, first + _CELL_PX - 2), colors[row], -1)
    # Names run upwards: written on a strip that is then turned
    strip = np.full((weights * _CELL_PX, _NAMES_PX - 6, 3), _GROUND, np.uint8)
    for column, name in enumerate(names):
        write_line(strip, name, (2, (column + 1) * _CELL_PX - 3), _INK, 0.36)
    image[: _NAMES_PX - 6, left : left + weights * _CELL_PX] = np.rot90(strip[::-1], -1)[::-1]
    write_line(image, "share", (left + weights * _CELL_PX + 8, top - 8), _INK, 0.36)
    return image


def _colors(count: int) -> list[tuple[int, int, int]]:
    """Bright ones, neighbours apart."""
    hues = (np.arange(count) * 0.381966) % 1
    return [
        tuple(round(255 * part) for part in colorsys.hsv_to_rgb(float(hue), 0.6, 1.0))  # pyright: ignore
        for hue in hues
    ]


def _padded(image: UInt8[np.ndarray, "h w 3"], height: int) -> UInt8[np.ndarray, "height w 3"]:
    rest: Float[np.ndarray, "h w 3"] | np.ndarray = np.full(
        (height - len(image), image.shape[1], 3), _GROUND, np.uint8
    )
    return np.concatenate([image, rest])
