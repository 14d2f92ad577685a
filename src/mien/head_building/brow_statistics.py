"""Where brows lie and how they differ: learned from MakeHuman's brow assets, seen from the front.

Lengths are in outer eye distances D (between the outer corners of the eyes), x towards the subject's left
from the middle of the face, y upwards from the height of the eyes (the mean of inner and outer corners).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.drawing.raster import rasterize
from mien.head_building.makehuman import MakeHuman, Proxy, triangulated

STATIONS = np.linspace(0, 1, 9)
"""Shares of the way along a brow in x, from the inner to the outer end."""

_RESOLUTION = 0.0025  # of D a pixel
_EDGE_SHARE = 0.10  # of a column's hair that lies beyond what is called its edge
_END_HAIR = 0.007  # hair in a column, in D, that still counts as brow

REAL_HEIGHT_DEVIATION = 0.027
"""Of real people's brow heights, in D, on 102 portraits: the assets differ by less."""
_REAL_OVER_ASSETS = 1.25
"""In the other ways twelve drawn brows, odd ones among them, differ nearly as much as people's."""

MODES = ("height", "tilt", "arch", "thickness", "distance", "length")


@dataclass(frozen=True, eq=False)
class BrowShape:
    """Outline of the visible hair of a left brow.

    Attributes:
        ends: (2,) x of inner and outer end.
        lower, upper: (9,) y of the edges at `STATIONS`.
    """

    ends: Float[np.ndarray, " 2"]
    lower: Float[np.ndarray, " stations"]
    upper: Float[np.ndarray, " stations"]

    def changed(self, weights: dict[str, float]) -> BrowShape:
        """The brow with modes in their own units: D for lengths, shares of itself for thickness."""
        ends, lower, upper = self.ends.copy(), self.lower.copy(), self.upper.copy()
        for name, weight in weights.items():
            bend = weight * _bend(name)
            half = weight * (upper - lower) / 2 if name == "thickness" else 0.0
            lower, upper = lower + bend - half, upper + bend + half
            ends = ends + weight * np.array([float(name == "distance"), float(name == "length")])
        return BrowShape(ends, lower, upper)


@dataclass(frozen=True, eq=False)
class BrowStatistics:
    """The mean brow and the deviation of each of `MODES`, in its own unit."""

    mean: BrowShape
    deviations: dict[str, float]


def _bend(name: str) -> np.ndarray:
    """Change of height along the brow for a weight of 1."""
    if name == "height":
        return np.ones(len(STATIONS))
    if name == "tilt":  # the outer half swings about the inner one
        return STATIONS**2
    if name == "arch":  # highest two thirds of the way out, both ends stay
        hill = STATIONS**1.3 * (1 - STATIONS) ** 0.8
        return hill / hill.max()
    return np.zeros(len(STATIONS))


def brow_assets(folder: Path) -> list[str]:
    """Paths of the brow proxies in a folder of MakeHuman's assets, relative to it."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob("eyebrows/*/*.mhclo"))


def visible_brow(
    proxy: Proxy,
    alpha: Float[np.ndarray, "height width"],
    base_units: Float[np.ndarray, "base 3"],
    *,
    inner_corner_units: Float[np.ndarray, " 3"],
    outer_corner_units: Float[np.ndarray, " 3"],
) -> BrowShape:
    """Outline of the hair that an asset shows, from the front.

    Args:
        proxy: the brow; alpha: its picture's coverage in [0, 1].
        base_units: base mesh; inner_corner_units, outer_corner_units: of the left eye on it.
    """
    distance = 2 * outer_corner_units[0]
    origin = np.array([0.0, (inner_corner_units[1] + outer_corner_units[1]) / 2])
    places = proxy.place(base_units)
    flat = (places[:, :2] - origin) / distance
    size = int(0.8 / _RESOLUTION)
    pixels = np.stack([flat[:, 0], 0.6 - flat[:, 1]], axis=1) / _RESOLUTION - 0.5
    triangles = triangulated(proxy.mesh.faces)
    raster = rasterize(pixels, 100 - places[:, 2], triangles, width_px=size, height_px=size)
    uv_corners = triangulated(proxy.mesh.face_uv)[raster.triangle[raster.rows, raster.columns]]
    uv = np.einsum("nk,nkc->nc", raster.barycentric, proxy.mesh.uv[uv_corners])
    height, width = alpha.shape
    rows = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    hair = np.zeros((size, size))
    hair[raster.rows, raster.columns] = alpha[rows, np.clip((uv[:, 0] * width).astype(int), 0, width - 1)]
    return _outline(hair)


def _outline(hair: np.ndarray) -> BrowShape:
    """Ends and edges of a picture of hair whose pixel (0, 0) lies at x = 0, y = 0.6."""
    there = np.flatnonzero(hair.sum(axis=0) * _RESOLUTION > _END_HAIR)
    first, last = int(there.min()), int(there.max())
    centres = first + STATIONS * (last - first)
    reach = 0.06 * (last - first)
    columns = np.arange(hair.shape[1])
    y = 0.6 - (np.arange(len(hair)) + 0.5) * _RESOLUTION
    lower, upper = [], []
    for centre in centres:
        near = np.exp(-(((columns - centre) / reach) ** 2)) * ((columns >= first) & (columns <= last))
        along_y = np.cumsum(hair @ near)
        share = along_y / along_y[-1]
        upper.append(np.interp(_EDGE_SHARE, share, y))
        lower.append(np.interp(1 - _EDGE_SHARE, share, y))
    return BrowShape((np.array([first, last]) + 0.5) * _RESOLUTION, np.array(lower), np.array(upper))


def learn_brows(shapes: list[BrowShape]) -> BrowStatistics:
    """Mean and deviations of brows, widened to the spread of real people."""
    mean = BrowShape(
        *(np.mean([getattr(shape, name) for shape in shapes], axis=0) for name in ("ends", "lower", "upper"))
    )
    bends = np.stack([_bend(name) for name in ("height", "tilt", "arch")], axis=1)
    half = (mean.upper - mean.lower) / 2
    weights: dict[str, list[float]] = {name: [] for name in MODES}
    for shape in shapes:
        middle = (shape.lower + shape.upper - mean.lower - mean.upper) / 2
        for name, weight in zip(MODES[:3], np.linalg.lstsq(bends, middle, rcond=None)[0], strict=True):
            weights[name].append(float(weight))
        thicker = (shape.upper - shape.lower) / 2 - half
        weights["thickness"].append(float(thicker @ half / (half @ half)))
        weights["distance"].append(float(shape.ends[0] - mean.ends[0]))
        weights["length"].append(float(shape.ends[1] - mean.ends[1]))
    deviations = {name: _REAL_OVER_ASSETS * _deviation(values) for name, values in weights.items()}
    # Thin brows are as common as thick ones, but none is thinner than nothing.
    deviations["thickness"] = min(deviations["thickness"], 0.33)
    return BrowStatistics(mean, deviations | {"height": REAL_HEIGHT_DEVIATION})


def _deviation(values: list[float]) -> float:
    """Standard deviation, told from absolute ones: one odd asset among twelve counts for less."""
    return float(np.sqrt(np.pi / 2) * np.mean(np.abs(np.array(values) - np.median(values))))


def makehuman_brows(
    makehuman: MakeHuman,
    base_units: Float[np.ndarray, "base 3"],
    *,
    inner_corner_units: Float[np.ndarray, " 3"],
    outer_corner_units: Float[np.ndarray, " 3"],
) -> BrowStatistics:
    """What all of MakeHuman's brow assets together teach."""
    from PIL import Image

    shapes = []
    for relative in brow_assets(makehuman.folder):
        picture = np.asarray(Image.open((makehuman.folder / relative).with_suffix(".png")).convert("RGBA"))
        shapes.append(
            visible_brow(
                makehuman.proxy(relative),
                picture[..., 3] / 255,
                base_units,
                inner_corner_units=inner_corner_units,
                outer_corner_units=outer_corner_units,
            )
        )
    return learn_brows(shapes)
