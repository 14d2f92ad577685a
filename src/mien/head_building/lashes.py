"""Lash cards: curved strips of quads that grow from the lids' margins and turn with the lids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import ShapeError
from mien.head_building.card_pictures import in_card_tile
from mien.head_building.part_mesh import PartMesh, joined, part_index, with_mirror_image
from mien.head_building.skin_binding import SkinBinding


@dataclass(frozen=True, eq=False)
class LidMargins:
    """Edges of the left eye's lids as vertices of the skin, each from the inner corner to the outer one.

    Attributes:
        upper, lower: the front edge of each lid's margin, where lashes have their roots.
        upper_outer, lower_outer: for each of those a skin vertex 2 to 6 mm away from the opening.
    """

    upper: Integer[np.ndarray, " upper"]
    upper_outer: Integer[np.ndarray, " upper"]
    lower: Integer[np.ndarray, " lower"]
    lower_outer: Integer[np.ndarray, " lower"]


@dataclass(frozen=True, eq=False)
class LashesMesh:
    """The lashes of both eyes.

    Attributes:
        mesh: metres, on the skin it was built on; texture coordinates in the picture of `card_pictures`.
            Strips face forwards and are to be seen from both sides.
        binding: ties every vertex to the skin of its lid's edge.
    """

    mesh: PartMesh
    binding: SkinBinding


@dataclass(frozen=True)
class _Strip:
    """Shape of one lid's lashes.

    At a share r of its length a lash has gone `forwards` · r out of the lid, and away from the eye's opening
    `away` · r + `curl` · r²; `fan` spreads tips towards the corners.
    """

    tile: str
    length_m: float
    span: tuple[float, float]
    columns: int
    rows: int
    forwards: float
    away: float
    curl: float
    fan: float


_UPPER = _Strip("upper_lashes", 0.0088, (0.06, 0.985), 17, 4, 0.86, -0.12, 0.62, 0.75)
_LOWER = _Strip("lower_lashes", 0.0056, (0.16, 0.97), 13, 3, 0.80, 0.20, 0.32, 0.60)


def build_lashes(
    skin_m: Float[np.ndarray, "vertices 3"],
    mirror: Integer[np.ndarray, " vertices"],
    margins: LidMargins,
) -> LashesMesh:
    """Strips for four lids: 214 vertices.

    Args:
        skin_m: (V, 3) mean skin at rest with open eyes, symmetric; mirror: (V,) partners.
        margins: of the left eye.

    Raises:
        ShapeError: a margin has fewer than five vertices.
    """
    upper, upper_binding = _strip(skin_m, margins.upper, margins.upper_outer, _UPPER, side=1)
    lower, lower_binding = _strip(skin_m, margins.lower, margins.lower_outer, _LOWER, side=-1)
    left = SkinBinding.joined(upper_binding, lower_binding)
    return LashesMesh(
        mesh=with_mirror_image(joined([upper, lower]), same_uv=True),
        binding=SkinBinding.joined(left, left.mirrored(mirror)),
    )


def _strip(
    skin_m: np.ndarray, margin: np.ndarray, outer: np.ndarray, strip: _Strip, *, side: int
) -> tuple[PartMesh, SkinBinding]:
    """One lid's strip; side is 1 for an upper lid, -1 for a lower one."""
    count = len(margin)
    if count < 5:
        raise ShapeError("a lid's margin", expected="5 vertices or more", actual=margin.shape)
    edge = skin_m[margin]
    along, away, forwards = _lid_frames(edge, skin_m[outer], side)
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))])
    shares = np.linspace(*strip.span, strip.columns)

    def at(values: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(shares, steps / steps[-1], values[:, c]) for c in range(3)], axis=1)

    root = at(edge)
    r = np.linspace(0, 1, strip.rows)
    fan = strip.fan * (shares - 0.45)
    lash = (
        np.einsum("r,kc->krc", strip.forwards * r, at(forwards))
        + np.einsum("r,kc->krc", strip.away * r + strip.curl * r**2, at(away))
        + np.einsum("kr,kc->krc", fan[:, None] * r, at(along))
    )
    points = root[:, None] + strip.length_m * lash
    index = np.arange(points.shape[0] * strip.rows).reshape(-1, strip.rows)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    if side < 0:
        quads = quads[:, [0, 3, 2, 1]]
    uv = np.stack(np.meshgrid(shares, r, indexing="ij"), axis=-1).reshape(-1, 2)
    flat = points.reshape(-1, 3)
    nearest = np.interp(shares, steps / steps[-1], np.arange(count))
    before = np.minimum(nearest.astype(int), count - 2)
    triangles = np.stack([margin[before], margin[before + 1], outer[before]], axis=1)
    weights = np.stack([1 - (nearest - before), nearest - before, np.zeros(len(nearest))], axis=1)
    # An upper lid turns about the line between the corners: its margin's middle tells how far. A lower one is
    # pushed rather than turned, so the skin below it tells.
    third = margin[count // 2] if side > 0 else outer[count // 2]
    lid = np.array([margin[0], margin[-1], third] if side > 0 else [margin[-1], margin[0], third])
    binding = SkinBinding.of(
        flat,
        np.repeat(triangles, strip.rows, axis=0),
        np.repeat(weights, strip.rows, axis=0),
        skin_m,
        frames=np.tile(lid, (len(flat), 1)),
    )
    mesh = PartMesh(
        vertices=flat,
        quads=quads,
        uv=in_card_tile(uv, strip.tile),
        uv_quads=quads,
        parts=np.full(len(flat), part_index("lashes")),
        mirror=np.arange(len(flat)),
    )
    return mesh, binding


def _lid_frames(edge: np.ndarray, outer: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors at each vertex of a margin: along it outwards, on the lid away from the opening, out of
    the lid; smoothed along the margin, whose single edges are too short to tell a direction."""
    along = _smooth(np.gradient(edge, axis=0))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    away = _smooth(outer - edge)
    away -= np.sum(away * along, axis=1, keepdims=True) * along
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return along, away, side * np.cross(along, away)


def _smooth(values: np.ndarray) -> np.ndarray:
    for _ in range(2):
        padded = np.concatenate([values[:1], values, values[-1:]])
        values = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return values
