"""Maps of where faces wrinkle and where they are painted, drawn on the mean head seen from the front."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from mien.heads.model import Head
from mien.synthetic.scenes import shaders

SIZE_PX = 512
SPAN_M = 0.20
"""Side of the square that the maps show."""
CENTRE_M = np.array([0.0, 0.02])
NEUTRAL = 128
"""Where the skin is flat."""

Points = Float[np.ndarray, "points 2"]


def chart_of(head: Head) -> Float[np.ndarray, "vertices 2"]:
    """Each vertex' place in the maps, 0 … 1, v up; what is not in front lies outside, where nothing is."""
    x, y, z = head.mean_m.T
    behind_m = np.maximum(0.01 - z, 0)  # the back is drawn out sideways and upwards, without a tear
    place_m = np.stack([x * (1 + 60 * behind_m), y + 4 * behind_m], axis=1)
    return (place_m - CENTRE_M) / SPAN_M + 0.5


def face_maps(head: Head) -> dict[int, UInt8[np.ndarray, "height width 4"]]:
    """The maps by texture unit, row 0 at the top.

    LINES: heights of lines across the forehead's middle and sides, between the brows, beside the eyes.
    FOLDS: heights of folds from nose to mouth, under the eyes, above the lids, below the mouth's corners.
    PAINT: lips, lids, cheeks and nose, edges of the lids.
    """
    ict68_m = head.mean_m[head.landmark_set("ict68").vertices][:, :2]
    forehead = [_forehead(ict68_m, inner=inner) for inner in (True, False)]
    lines = [*forehead, _glabella(ict68_m), _crows_feet(ict68_m)]
    folds = [_nasolabial(ict68_m), _under_eye(ict68_m), _lid_crease(ict68_m), _below_mouth(ict68_m)]
    paint = [_lips(ict68_m), _lids(ict68_m), _cheeks(), _lid_edges(ict68_m)]
    return {
        shaders.LINES: _heights(lines),
        shaders.FOLDS: _heights(folds),
        shaders.PAINT: np.rint(np.stack(paint, axis=2) * 255).astype(np.uint8),
    }


def _heights(groups: list[np.ndarray]) -> np.ndarray:
    return np.clip(NEUTRAL + 127 * np.stack(groups, axis=2), 0, 255).astype(np.uint8)


def _stroke(points_m: np.ndarray, width_m: float, *, strength: float = 1.0, taper: bool = True) -> np.ndarray:
    """(S, S) a soft line through points on the left half, and its mirror image; 1 at its middle."""
    t = np.linspace(0, len(points_m) - 1, 60)
    along = np.column_stack([np.interp(t, range(len(points_m)), p) for p in points_m.T])
    smooth = cv2.GaussianBlur(along, (1, 9), 3)
    fade = np.sin(np.pi * np.clip(np.linspace(0.04, 0.96, 60), 0, 1)) ** 0.5 if taper else np.ones(60)
    canvas = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    width_px = width_m / SPAN_M * SIZE_PX
    reach = int(3 * width_px) + 2
    for place, amount in zip(_pixels(smooth), fade * strength, strict=True):
        column, row = np.rint(place).astype(int)
        rows = np.arange(max(row - reach, 0), min(row + reach + 1, SIZE_PX))
        columns = np.arange(max(column - reach, 0), min(column + reach + 1, SIZE_PX))
        distance = (rows[:, None] - place[1]) ** 2 + (columns - place[0]) ** 2
        part = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        np.maximum(part, amount * np.exp(-distance / width_px**2), out=part)
    return np.maximum(canvas, canvas[:, ::-1])


def _pixels(points_m: np.ndarray) -> np.ndarray:
    """Column and row in the maps of points on the mean head."""
    place = (points_m - CENTRE_M) / SPAN_M + 0.5
    return np.stack([place[:, 0], 1 - place[:, 1]], axis=1) * SIZE_PX - 0.5


def _lines(curves: list[np.ndarray], width_m: float, strengths: list[float] | None = None) -> np.ndarray:
    """Valleys with a low wall on both sides."""
    total = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    for index, curve in enumerate(curves):
        strength = strengths[index] if strengths else 1.0
        total += 0.45 * _stroke(curve, 2.2 * width_m, strength=strength)
        total -= 1.35 * _stroke(curve, width_m, strength=strength)
    return total


def _forehead(ict68_m: np.ndarray, *, inner: bool) -> np.ndarray:
    top = ict68_m[22:27, 1].max()
    x = np.linspace(0.0, 0.036, 12) if inner else np.linspace(0.014, 0.054, 12)
    curves = []
    for k, rise in enumerate((0.013, 0.0215, 0.0300, 0.0385)):
        bow = -0.003 * (x / 0.036) ** 2 if inner else 0.002 - 0.012 * ((x - 0.030) / 0.036) ** 2
        wave = 0.0009 * np.sin(x * 210 + 1.7 * k)
        curves.append(np.stack([x, top + rise + bow + wave], axis=1))
    return _lines(curves, 0.0013, [0.8, 1.0, 0.9, 0.6])


def _glabella(ict68_m: np.ndarray) -> np.ndarray:
    y = ict68_m[22, 1]
    upright = np.array([[0.0075, y - 0.007], [0.0082, y], [0.0088, y + 0.006], [0.0105, y + 0.013]])
    second = np.array([[0.0025, y - 0.004], [0.0028, y + 0.006]])
    across = np.array([[0.0, y - 0.015], [0.006, y - 0.0145], [0.010, y - 0.013]])
    return _lines([upright, second, across], 0.0013, [1.0, 0.4, 0.6])


def _crows_feet(ict68_m: np.ndarray) -> np.ndarray:
    corner, curves = ict68_m[45], []
    for angle, length_m in ((0.60, 0.014), (0.18, 0.019), (-0.22, 0.019), (-0.62, 0.015)):
        along = np.linspace(0.0045, 0.0045 + length_m, 6)[:, None]
        bend = np.stack([np.zeros(6), -0.0035 * np.linspace(0, 1, 6) ** 2], axis=1)
        curves.append(corner + along * [np.cos(angle) * 0.85, np.sin(angle)] + bend)
    return _lines(curves, 0.0010, [0.7, 1.0, 1.0, 0.7])


def _nasolabial(ict68_m: np.ndarray) -> np.ndarray:
    wing, corner = ict68_m[35], ict68_m[54]
    beside_wing = (wing + [0.006, 0.006], wing + [0.011, -0.004])
    beside_mouth = (corner + [0.0065, 0.010], corner + [0.0100, -0.002], corner + [0.0090, -0.011])
    curve = np.array([*beside_wing, *beside_mouth])
    return 0.75 * _stroke(curve + [0.0045, 0.0015], 0.0045) - 1.1 * _stroke(curve, 0.0020)


def _under_eye(ict68_m: np.ndarray) -> np.ndarray:
    inner, outer, lower = ict68_m[42], ict68_m[45], ict68_m[46:48].mean(axis=0)
    middle = (lower + [-0.006, -0.0085], lower + [0.004, -0.009])
    curve = np.array([inner + [0.001, -0.006], *middle, outer + [0, -0.009]])
    fine = np.array([inner + [0.004, -0.005], lower + [-0.002, -0.0045], outer + [-0.002, -0.005]])
    bag = 0.55 * _stroke(curve + [0, 0.0035], 0.0030) - 0.9 * _stroke(curve, 0.0017)
    return bag - 0.35 * _stroke(fine, 0.0009)


def _lid_crease(ict68_m: np.ndarray) -> np.ndarray:
    top = ict68_m[43:45].mean(axis=0) + [0, 0.0055]
    inner = (ict68_m[42] + [0.001, 0.0035], ict68_m[43] + [-0.001, 0.0042])
    outer = (ict68_m[44] + [0.001, 0.0042], ict68_m[45] + [0.0025, 0.0030])
    curve = np.array([*inner, top, *outer])
    return 0.35 * _stroke(curve + [0, 0.0022], 0.0020) - 1.2 * _stroke(curve, 0.0010)


def _below_mouth(ict68_m: np.ndarray) -> np.ndarray:
    corner, lip = ict68_m[54], ict68_m[57]
    marionette = np.array([corner + [0.002, -0.003], corner + [0.0055, -0.013], corner + [0.0055, -0.021]])
    chin = np.array([[0.0, lip[1] - 0.0075], [0.008, lip[1] - 0.007], [0.015, lip[1] - 0.0045]])
    jowl = 0.4 * _stroke(marionette + [0.004, 0], 0.004)
    return jowl - 0.9 * _stroke(marionette, 0.0018) - 0.8 * _stroke(chin, 0.0024)


def _lips(ict68_m: np.ndarray) -> np.ndarray:
    outline = np.rint(_pixels(ict68_m[48:60]) * 16).astype(np.int32)
    canvas = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    cv2.fillPoly(canvas, [outline], 255, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(canvas, (0, 0), 2.0).astype(np.float32) / 255


def _lids(ict68_m: np.ndarray) -> np.ndarray:
    edge = ict68_m[[42, 43, 44, 45]]
    return np.clip(
        _stroke(edge + [0.001, 0.002], 0.0032) + 0.6 * _stroke(edge + [0.001, 0.0065], 0.005), 0, 1
    )


def _cheeks() -> np.ndarray:
    cheek = _stroke(np.array([[0.030, 0.004], [0.046, 0.010]]), 0.014)
    return np.maximum(cheek, 0.9 * _stroke(np.array([[0.0, 0.008], [0.012, 0.012]]), 0.010))


def _lid_edges(ict68_m: np.ndarray) -> np.ndarray:
    upper = _stroke(ict68_m[[42, 43, 44, 45]] + [0.0, 0.0008], 0.0012, taper=False)
    return np.maximum(upper, 0.5 * _stroke(ict68_m[[45, 46, 47]] - [0, 0.0006], 0.0009))
