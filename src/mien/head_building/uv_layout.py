"""The skin's own texture layout: one island with the face upright in it, cut at the back of the head.

The left half is laid out and mirrored. Its outline is the midline, which stays straight from the neck over
the face to the crown, and the neck's border with the cut from there up to the crown, which lie as they like.
Eye and mouth openings are filled while the skin is laid out, so that nothing slides into them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer

from mien.errors import InputError
from mien.head_building.flattening import (
    FlatTriangles,
    in_own_plane,
    least_stretch,
    signed_areas,
    tutte_embedding,
)
from mien.head_building.mesh_disks import boundary_loops, fill_holes, polygon_edges, split_quads

SKIN, MOUTH_INTERIOR, EYE_SOCKETS = range(3)
"""Labels of faces."""

_FILLER_WEIGHT = 0.01


@dataclass(frozen=True)
class SkinLayout:
    """Texture coordinates of skin, mouth and eye sockets, each island about its own origin.

    Attributes:
        uv: (U, 2) lengths as on the head (metres times density), the face upright, symmetric about u = 0;
            the sockets' islands and the mouth's lie over the skin's until they are moved to tiles.
        uv_quads: (Q, 4) indices into uv, -1 where the faces have it.
        islands: (U,) 0 skin, 1 mouth interior, 2 left socket, 3 right socket.
    """

    uv: Float[np.ndarray, "texture 2"]
    uv_quads: Integer[np.ndarray, "quads 4"]
    islands: Integer[np.ndarray, " texture"]


def feature_density(
    vertices_m: Float[np.ndarray, "vertices 3"],
    features_m: Float[np.ndarray, "features 3"],
    *,
    face: float = 3.0,
    features: float = 4.8,
) -> Float[np.ndarray, " vertices"]:
    """How much longer a millimetre of skin would be drawn than on scalp and neck: more on the face, most
    around the given features (pupils, nose, mouth). What comes out is a compromise with triangles' shapes:
    with these values, about 2.3 times as long around eyes and mouth as on the scalp.

    Args:
        face: density on the middle of the face; features: at the features.
    """
    middle_m = features_m.mean(axis=0)
    towards_face = np.linalg.norm((vertices_m - middle_m) / [0.062, 0.075, 0.060], axis=1)
    near = np.linalg.norm(vertices_m[:, None] - features_m[None], axis=2).min(axis=1)
    plateau = 1 / (1 + np.maximum(towards_face, 0) ** 6)
    return 1 + (face - 1) * plateau + (features - face) * np.exp(-((near / 0.021) ** 2))


def lay_out_skin(
    vertices_m: Float[np.ndarray, "vertices 3"],
    quads: Integer[np.ndarray, "quads 4"],
    mirror: Integer[np.ndarray, " vertices"],
    *,
    labels: Integer[np.ndarray, " quads"],
    density: Float[np.ndarray, " vertices"],
) -> SkinLayout:
    """Lay a symmetric head skin out flat.

    Args:
        vertices_m: (V, 3); quads: (Q, 4) outward, -1 in the fourth column of triangles, none of them across
            the midline; mirror: (V,) partners.
        labels: (Q,) SKIN, MOUTH_INTERIOR or EYE_SOCKETS. The skin is one piece with the neck's border at its
            bottom; mouth and each socket are a piece with one opening, or several, the largest being its rim.
        density: (V,) length in the layout over length on the head, as `feature_density`.

    Raises:
        InputError: a piece is no disk, or an outline crosses itself.
    """
    symmetric_m = (vertices_m + vertices_m[mirror] * [-1, 1, 1]) / 2
    skin = np.flatnonzero(labels == SKIN)
    loops = boundary_loops(quads[skin])
    neck = loops[int(np.argmin([symmetric_m[loop, 1].mean() for loop in loops]))]
    pieces: list[tuple[int, np.ndarray, np.ndarray, bool, bool]] = [(0, skin, neck[:1], True, True)]
    mouth = np.flatnonzero(labels == MOUTH_INTERIOR)
    if len(mouth):
        pieces.append((1, mouth, boundary_loops(quads[mouth])[0][:1], True, False))
    side = _face_side(symmetric_m, quads, mirror)
    socket = np.flatnonzero((labels == EYE_SOCKETS) & (side > 0))
    if len(socket):
        pieces.append((2, socket, boundary_loops(quads[socket])[0][:1], False, False))

    by_face = {tuple(sorted(face)): number for number, face in enumerate(quads.tolist())}
    uv, islands, uv_quads, first = [], [], np.full_like(quads, -1), 0
    for island, faces, outer, has_midline, cut in pieces:
        flat = _Half.of(symmetric_m, quads[faces], mirror, outer, has_midline=has_midline, cut=cut)
        left_uv = flat.laid_out(density)
        used = np.unique(flat.own_quads[flat.own_quads >= 0])
        shared = flat.on_axis[used] if has_midline else np.zeros(len(used), bool)
        ours = np.full(len(left_uv), -1)
        ours[used] = first + np.arange(len(used))
        theirs = ours.copy()
        theirs[used[~shared]] = first + len(used) + np.arange(int((~shared).sum()))
        uv += [left_uv[used], left_uv[used[~shared]] * [-1, 1]]
        islands += [np.full(len(used), island), np.full(int((~shared).sum()), 3 if island == 2 else island)]
        first += len(used) + int((~shared).sum())
        for face in faces[side[faces] > 0]:
            corners = quads[face]
            real = corners[corners >= 0]
            uv_quads[face, : len(real)] = ours[real]
            partner = by_face.get(tuple(sorted([*mirror[real], *([-1] * (4 - len(real)))])))
            if partner is None:
                raise InputError(f"face {face} has no mirrored partner", source="uv layout")
            original = mirror[quads[partner][quads[partner] >= 0]]
            uv_quads[partner, : len(real)] = theirs[original]
    return SkinLayout(np.concatenate(uv), uv_quads, np.concatenate(islands))


def _face_side(vertices_m: np.ndarray, quads: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """(Q,) 1 on the subject's left, -1 on the right."""
    off_middle = np.where(mirror == np.arange(len(mirror)), 0.0, vertices_m[:, 0])
    x = np.where(quads >= 0, off_middle[quads], 0.0)
    across = (x > 0).any(axis=1) & (x < 0).any(axis=1)
    if across.any():
        raise InputError(
            f"{across.sum()} faces lie across the midline; an edge loop along it was expected",
            source="uv layout",
        )
    return np.sign(x.sum(axis=1)).astype(int)


@dataclass(frozen=True)
class _Half:
    """The left half of a symmetric piece, or one whole piece of the left, as a disk."""

    vertices_m: np.ndarray  # with the fans' centres
    quads: np.ndarray
    filler: np.ndarray
    boundary: np.ndarray
    on_axis: Bool[np.ndarray, " vertices"]
    centres: tuple[int, ...]
    rims: tuple[np.ndarray, ...]

    @staticmethod
    def of(
        vertices_m: np.ndarray,
        quads: np.ndarray,
        mirror: np.ndarray,
        outer: np.ndarray,
        *,
        has_midline: bool,
        cut: bool,
    ) -> _Half:
        disk = fill_holes(quads, len(vertices_m), outer=outer)
        middles = [vertices_m[rim].mean(axis=0) for rim in disk.rims]
        places = np.concatenate([vertices_m, np.reshape(middles, (-1, 3))])
        on_axis = np.zeros(len(places), bool)
        if not has_midline:
            return _Half(places, disk.quads, disk.filler, disk.boundary, on_axis, disk.centres, disk.rims)
        middle = np.concatenate(
            [mirror == np.arange(len(mirror)), [bool(np.isin(mirror[rim], rim).all()) for rim in disk.rims]]
        ).astype(bool)
        x = np.where(middle, 0.0, places[:, 0])
        left = np.where(disk.quads >= 0, x[disk.quads], 0.0).sum(axis=1) > 0
        half, filler = disk.quads[left], disk.filler[left]
        loops = boundary_loops(half)
        if len(loops) != 1:
            raise InputError(
                f"half the piece has {len(loops)} outlines; one was expected, with a loop along the midline",
                source="uv layout",
            )
        loop = loops[0]
        # From the neck's (or lower lip's) middle counter-clockwise; the midline comes last, downwards.
        run = middle[loop]
        start = int(np.flatnonzero(~run & np.roll(run, 1))[0])
        loop = np.roll(loop, 1 - start)
        run = middle[loop]
        last = int(np.flatnonzero(~run)[-1])
        if not run[last + 1 :].all() or run[1:last].any():
            raise InputError("the midline is not one line of edges", source="uv layout")
        midline = np.concatenate([loop[last + 1 :], loop[:1]])
        if cut:
            midline = midline[int(places[midline, 1].argmax()) :]
        on_axis[midline] = True
        begin = int(np.flatnonzero(loop == midline[-1])[0])
        return _Half(places, half, filler, np.roll(loop, -begin), on_axis, disk.centres, disk.rims)

    @property
    def own_quads(self) -> np.ndarray:
        return self.quads[~self.filler]

    def laid_out(self, density: np.ndarray) -> np.ndarray:
        """(V, 2) the half's place in the plane, its midline on u = 0."""
        start = tutte_embedding(
            polygon_edges(self.quads), self.boundary, self._convex_outline(), len(self.vertices_m)
        )
        uv = least_stretch(start, self._flat_triangles(start, density), on_axis=self.on_axis)
        outline = uv[self.boundary]
        if self.on_axis.any() and (uv[np.unique(self.own_quads[self.own_quads >= 0])][:, 0] < -1e-9).any():
            raise InputError("the half crosses its midline in the plane", source="uv layout")
        if _crosses_itself(outline):
            raise InputError("the outline crosses itself in the plane", source="uv layout")
        return uv - [0, (outline[:, 1].max() + outline[:, 1].min()) / 2]

    def _convex_outline(self) -> np.ndarray:
        steps = np.linalg.norm(
            np.diff(self.vertices_m[np.r_[self.boundary, self.boundary[:1]]], axis=0), axis=1
        )
        along = np.concatenate([[0], np.cumsum(steps)])
        if not self.on_axis.any():
            turn = along[:-1] / along[-1] * 2 * np.pi
            return np.stack([np.cos(turn), np.sin(turn)], axis=1)
        # Counter-clockwise on a semicircle from the bottom to the top, then straight down.
        axis = self.on_axis[self.boundary]
        top = int(np.flatnonzero(axis[1:])[0]) + 1
        turn = (along[: top + 1] / along[top] - 0.5) * np.pi
        down = 1 - 2 * (along[top + 1 : -1] - along[top]) / (along[-1] - along[top])
        return np.concatenate(
            [np.stack([np.cos(turn), np.sin(turn)], axis=1), np.stack([np.zeros(len(down)), down], axis=1)]
        ) * np.where(np.arange(len(axis))[:, None] > top, [0, 1], 1)

    def _flat_triangles(self, start_uv: np.ndarray, density: np.ndarray) -> FlatTriangles:
        """Both ways of splitting each quad, so that it stays convex; one where it does not start so."""
        triangles, face = split_quads(self.quads)
        turned = np.where(self.quads[:, 3:] >= 0, np.roll(self.quads, 1, axis=1), -1)
        four = np.flatnonzero(self.quads[:, 3] >= 0)
        others = np.stack([turned[four][:, [0, 1, 2]], turned[four][:, [0, 2, 3]]], axis=1)
        convex = (signed_areas(start_uv, others.reshape(-1, 3)).reshape(-1, 2) > 0).all(axis=1)
        triangles = np.concatenate([triangles, others[convex].reshape(-1, 3)])
        face = np.concatenate([face, np.repeat(four[convex], 2)])
        weights = np.where(self.filler[face], _FILLER_WEIGHT, 1.0)
        weights[np.isin(face, four[convex])] /= 2
        rest = in_own_plane(self.vertices_m, triangles)
        known = np.concatenate([density, [density[rim].mean() for rim in self.rims]])
        rest *= known[triangles].mean(axis=1)[:, None, None]
        return FlatTriangles(triangles, rest, weights)


def _crosses_itself(outline: np.ndarray) -> bool:
    """Do two edges of a closed polygon that are no neighbours cross?"""
    start, end = outline, np.roll(outline, -1, axis=0)

    def turn(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q - p)[..., 0] * (r - p)[..., 1] - (q - p)[..., 1] * (r - p)[..., 0]

    a, b, c, d = start[:, None], end[:, None], start[None], end[None]
    crossing = (turn(a, b, c) * turn(a, b, d) < 0) & (turn(c, d, a) * turn(c, d, b) < 0)
    return bool(crossing.any())
