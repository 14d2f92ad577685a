"""Brow cards: two bands of hair close over the skin, which slide over it as brows differ between people."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError
from mien.geometry.normals import vertex_normals
from mien.head_building.brow_statistics import MODES, STATIONS, BrowShape, BrowStatistics
from mien.head_building.card_pictures import BROW_EDGES, in_card_tile
from mien.head_building.part_mesh import PartMesh, part_index, with_mirror_image
from mien.head_building.skin_binding import SkinBinding

COLUMNS = np.array([-0.06, *STATIONS, 1.06])
"""Shares of the way along the brow."""

ROWS = np.array([0.0, BROW_EDGES[0], 0.5, 0.68, BROW_EDGES[1], 1.0])
"""Shares of a card's height: its lower edge, the visible hair's, the middle, iBUG's line, and above."""

LAYERS_M = (0.0006, 0.0011)
"""Heights of the two bands above the skin, whose edges stand out from their own chords by up to 0.4 mm."""

_TILES = ("brow_under", "brow_over")
_LOWER_ROW, _MIDDLE_ROW, _UPPER_ROW = 1, 2, 4
_IBUG_COLUMNS, _IBUG_ROWS = (2, 3, 5, 7, 10), (3, 3, 3, 3, 4)
"""Those who label the 68 points begin a little inside the hair's inner end and go on to its outer one."""
_FIVE = (1, 3, 5, 7, 9)
"""Columns at 0, 1/4 … 1 of the way."""


@dataclass(frozen=True, eq=False)
class BrowLandmarks:
    """Vertices of both brows on the hair that one sees.

    Attributes:
        ibug: (10,) iBUG's points 17-26: the right brow from its outer end, then the left one from its inner
            end, on the upper half of the visible hair.
        wflw: (18,) WFLW's points 33-50: right brow's upper edge from its outer end (5) and lower edge back
            from the inner end (4), left brow's upper edge from its inner end (5) and lower edge back (4).
        upper, lower, middle: (2, 9) of the left and the right brow, from inner to outer end: edges of the
            visible hair, and halfway between them.
    """

    ibug: Integer[np.ndarray, " 10"]
    wflw: Integer[np.ndarray, " 18"]
    upper: Integer[np.ndarray, "2 9"]
    lower: Integer[np.ndarray, "2 9"]
    middle: Integer[np.ndarray, "2 9"]

    def after(self, vertices: int) -> BrowLandmarks:
        """The same where so many vertices come before the brows'."""
        return BrowLandmarks(*(getattr(self, each.name) + vertices for each in fields(self)))


@dataclass(frozen=True, eq=False)
class BrowsMesh:
    """Both brows.

    Attributes:
        mesh: on the skin it was built on, metres; texture coordinates in the picture of `card_pictures`.
        binding: ties every vertex to the skin.
        modes_m: name of `brow_statistics.MODES` → (V, 3) displacement for one standard deviation, both brows
            alike (symmetric).
        landmarks: vertices where landmarks lie.
    """

    mesh: PartMesh
    binding: SkinBinding
    modes_m: dict[str, Float[np.ndarray, "vertices 3"]]
    landmarks: BrowLandmarks


@dataclass(frozen=True, eq=False)
class BrowSkin:
    """The skin that brows lie on.

    Attributes:
        vertices_m: (V, 3) mean skin at rest, head frame, symmetric; triangles: (T, 3) outward.
        mirror: (V,) partners.
        inner_corner_m, outer_corner_m: of the left eye, which brows are measured from.
    """

    vertices_m: Float[np.ndarray, "vertices 3"]
    triangles: Integer[np.ndarray, "triangles 3"]
    mirror: Integer[np.ndarray, " vertices"]
    inner_corner_m: Float[np.ndarray, " 3"]
    outer_corner_m: Float[np.ndarray, " 3"]


def build_brows(skin: BrowSkin, statistics: BrowStatistics) -> BrowsMesh:
    """Brow cards on a mean skin: 132 vertices a brow.

    Raises:
        InputError: the skin has no surface where the brow, or a brow a deviation away, would lie.
    """
    left, binding = _on_skin(skin, statistics.mean)
    columns, rows = len(COLUMNS), len(ROWS)
    index = np.arange(columns * rows).reshape(columns, rows)
    sheet = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    quads = np.concatenate([sheet + layer * index.size for layer in range(len(LAYERS_M))])
    uv = np.stack(np.meshgrid(_picture_u(COLUMNS), ROWS, indexing="ij"), axis=-1).reshape(-1, 2)
    own = PartMesh(
        vertices=left,
        quads=quads,
        uv=np.concatenate([in_card_tile(uv, tile) for tile in _TILES]),
        uv_quads=quads,
        parts=np.full(len(left), part_index("brows")),
        mirror=np.arange(len(left)),
    )
    flip = np.array([-1.0, 1.0, 1.0])
    modes = {}
    for name in MODES:
        step = statistics.deviations[name]
        more, _ = _on_skin(skin, statistics.mean.changed({name: step}))
        less, _ = _on_skin(skin, statistics.mean.changed({name: -step}))
        change = (more - less) / 2
        modes[name] = np.concatenate([change, change * flip])
    count = len(left)
    over = index + (len(LAYERS_M) - 1) * index.size
    line = over[list(_IBUG_COLUMNS), list(_IBUG_ROWS)]
    upper, lower = (over[list(_FIVE), row] for row in (_UPPER_ROW, _LOWER_ROW))
    back = lower[3::-1]  # from three quarters of the way back to the inner end
    return BrowsMesh(
        mesh=with_mirror_image(own, same_uv=True),
        binding=SkinBinding.joined(binding, binding.mirrored(skin.mirror)),
        modes_m=modes,
        landmarks=BrowLandmarks(
            ibug=np.concatenate([line[::-1] + count, line]),
            # The right brow's points run from its outer end inwards and back outwards.
            wflw=np.concatenate([upper[::-1] + count, back[::-1] + count, upper, back]),
            **{
                name: np.stack([over[1:-1, row], over[1:-1, row] + count])
                for name, row in (("upper", _UPPER_ROW), ("lower", _LOWER_ROW), ("middle", _MIDDLE_ROW))
            },
        ),
    )


def _picture_u(along: np.ndarray) -> np.ndarray:
    return (along - COLUMNS[0]) / (COLUMNS[-1] - COLUMNS[0])


def _on_skin(skin: BrowSkin, shape: BrowShape) -> tuple[np.ndarray, SkinBinding]:
    """Both bands of a left brow, seen from the front put down on the skin."""
    distance_m = 2 * float(skin.outer_corner_m[0])
    eyes_y = float(skin.inner_corner_m[1] + skin.outer_corner_m[1]) / 2
    x = shape.ends[0] + COLUMNS * (shape.ends[1] - shape.ends[0])
    low, high = np.interp(COLUMNS, STATIONS, shape.lower), np.interp(COLUMNS, STATIONS, shape.upper)
    share = (ROWS - BROW_EDGES[0]) / (BROW_EDGES[1] - BROW_EDGES[0])
    y = low[:, None] + share * (high - low)[:, None]
    flat = np.stack([np.broadcast_to(x[:, None], y.shape), y], axis=-1).reshape(-1, 2) * distance_m
    flat[:, 1] += eyes_y
    triangles, weights = _front_of_skin(skin, flat)
    normals = vertex_normals(skin.vertices_m, skin.triangles)
    place = np.einsum("pk,pkc->pc", weights, skin.vertices_m[triangles])
    normal = np.einsum("pk,pkc->pc", weights, normals[triangles])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    points = np.concatenate([place + height * normal for height in LAYERS_M])
    twice = [np.tile(a, (len(LAYERS_M), 1)) for a in (triangles, weights)]
    return points, SkinBinding.of(points, twice[0], twice[1], skin.vertices_m)


def _front_of_skin(skin: BrowSkin, flat_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The foremost skin triangle at places (x, y), and the place in it."""
    corners = skin.vertices_m[skin.triangles]
    low, high = flat_m.min(axis=0) - 0.01, flat_m.max(axis=0) + 0.01
    near = ((corners[..., :2].max(axis=1) > low) & (corners[..., :2].min(axis=1) < high)).all(axis=1)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    chosen = np.flatnonzero(near & (area > 1e-12))
    away = flat_m[:, None] - corners[chosen, 0, :2][None]
    b = (away[..., 0] * second[chosen, 1] - away[..., 1] * second[chosen, 0]) / area[chosen]
    c = (away[..., 1] * first[chosen, 0] - away[..., 0] * first[chosen, 1]) / area[chosen]
    weights = np.stack([1 - b - c, b, c], axis=-1)
    inside = (weights >= -1e-9).all(axis=-1)
    if not bool(np.all(np.any(inside, axis=1))):
        raise InputError(
            "part of a brow lies beside the skin; are the corners of the eye right?", source="brows"
        )
    depth = np.einsum("ptk,tk->pt", weights, corners[chosen, :, 2])
    best = np.where(inside, depth, -np.inf).argmax(axis=1)
    return skin.triangles[chosen[best]], weights[np.arange(len(flat_m)), best]
