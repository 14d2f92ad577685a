"""Lids that lie on eyeballs of real size and shut without a gap.

ICT-FaceKit's eyeballs are 31 mm wide, ours 24 mm: the lids' margins move onto ours, the skin around follows,
and what lies behind the margins is laid onto the eyeball, so that one sees no gap at the corners of the eye
either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.edge_loops import QuadEdges
from mien.head_building.eyeballs import CORNEA_APEX_M, IRIS_RADIUS_M, RADIUS_M
from mien.head_building.feature_curves import LID_EDGE, LID_INSIDE
from mien.head_building.quad_skin import LEFT_SOCKET, RIGHT_SOCKET, QuadSkin, rings_around
from mien.head_building.smooth_field import SmoothField

CLEARANCE_M = 0.00015
"""Between an eyeball and the inner edge of a lid's margin."""
MARGIN_M = 0.0004
"""How much farther out its outer edge lies at least."""
CLOSED_EDGE_M = 0.00155
"""How far above the white of the eye the outer edges of closed lids lie in the middle: halfway there, the
straight path of a shape runs below the curve of the eyeball."""
CLOSED_EDGE_MOST_M = 0.0028
"""How far at most, where the eye opens widely and a lid's path is long."""
CLOSED_INSIDE_M = 0.00090
ON_THE_WAY_M = 0.0001
"""How far above the eyeball an outer edge is to stay on its way."""
LID_M, LID_ON_THE_WAY_M = 0.0009, 0.0005
"""How far above the eyeball a lid's skin lies at least beyond its margin, and halfway through a blink."""
OVERLAP = 0.012
"""How far each closed lid goes beyond the line, as a share of the opening: a tenth of a millimetre."""
REACH_M = 0.016
MAX_SETTLING_M = 0.003
"""How far an eyeball is moved at most from where its source has it."""
_SOCKET_ANGLES_RAD = np.radians([3.0, 9.0, 17.0, 27.0, 38.0])
"""How far behind the margin's inner edge each ring lies that continues it, seen from the eyeball's centre."""


def eye_surface_m(directions: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """(...,) distance of an eyeball's surface from its centre, cornea included.

    Args:
        directions: (..., 3) unit vectors; gaze: (3,) where the eye looks.
    """
    cosine = np.clip(directions @ gaze, -1, 1)
    limbus = np.arcsin(IRIS_RADIUS_M / RADIUS_M)
    share = np.clip(1 - np.arccos(cosine) / limbus, 0, 1)
    # The cornea's conicoid, to a few hundredths of a millimetre.
    return RADIUS_M + (CORNEA_APEX_M - RADIUS_M) * (1 - (1 - share) ** 2)


@dataclass(frozen=True)
class Lids:
    """The lids of one eye.

    Attributes:
        edge, inside: (N,) rings of the margin: outer edge and inner edge, the same columns.
        behind: (5, N) rings that continue the inner edge backwards.
        upper, lower: columns from the inner to the outer corner over the upper and the lower lid.
        field: spreads displacements of inner and outer edge over the skin.
        pull: (N,) how much of a gap to the eyeball is closed: nothing at the caruncle.
        usual_radius_m: mean distance of the inner edge from the eyeball's centre, apart from the caruncle.
    """

    edge: np.ndarray
    inside: np.ndarray
    behind: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    field: SmoothField
    pull: np.ndarray
    usual_radius_m: float

    def seated(
        self, vertices_m: np.ndarray, centre_m: np.ndarray, *, gaze: np.ndarray | None = None
    ) -> np.ndarray:
        """(V, 3) skin with the margins on the eyeball; metres.

        Args:
            vertices_m: (V, 3) skin; centre_m: (3,) the eyeball's centre.
            gaze: (3,) unit vector, straight ahead if not given.
        """
        gaze = np.array([0.0, 0.0, 1.0]) if gaze is None else gaze
        inside = vertices_m[self.inside] - centre_m
        radius = np.linalg.norm(inside, axis=1)
        direction = inside / radius[:, None]
        wanted = eye_surface_m(direction, gaze) + CLEARANCE_M
        moved = np.where(radius > wanted, self.pull, 1.0) * (wanted - radius)
        new_inside = direction * moved[:, None]
        edge = vertices_m[self.edge] + new_inside - centre_m
        edge_radius = np.linalg.norm(edge, axis=1)
        edge_direction = edge / edge_radius[:, None]
        lacking = np.maximum(eye_surface_m(edge_direction, gaze) + CLEARANCE_M + MARGIN_M - edge_radius, 0)
        new_edge = new_inside + edge_direction * lacking[:, None]
        seated = self.field.add_to(vertices_m, np.concatenate([new_edge, new_inside]))
        own = self.field.following
        seated[own] = centre_m + _outside(seated[own] - centre_m, gaze, LID_M)
        return self.with_sockets(seated, centre_m)

    def settled(self, vertices_m: np.ndarray, centre_m: np.ndarray) -> np.ndarray:
        """(3,) the eyeball's centre, moved forwards or back until the lids are as near as on the mean."""
        columns = self.pull > 0.5 * self.pull.max()
        inside = vertices_m[self.inside[columns]]
        settled = centre_m.copy()
        for _ in range(4):
            offset = inside - settled
            radius = np.linalg.norm(offset, axis=1)
            slope = -(offset[:, 2] / radius).mean()
            settled[2] -= (radius.mean() - self.usual_radius_m) / slope
        settled[2] = np.clip(settled[2], centre_m[2] - MAX_SETTLING_M, centre_m[2] + MAX_SETTLING_M)
        return settled

    def with_sockets(self, vertices_m: np.ndarray, centre_m: np.ndarray) -> np.ndarray:
        """The rings behind the margins laid onto the eyeball, in place of where they were."""
        placed = vertices_m.copy()
        inside = vertices_m[self.inside] - centre_m
        radius = np.linalg.norm(inside, axis=1)
        direction = inside / radius[:, None]
        middle = direction.mean(axis=0)
        middle /= np.linalg.norm(middle)
        away = direction * (direction @ middle)[:, None] - middle
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        gap = radius - RADIUS_M - CLEARANCE_M
        open_share = _smoothstep((gap - 0.0007) / 0.0012)  # 1 where tissue has to span a gap
        for step, (ring, angle) in enumerate(zip(self.behind, _SOCKET_ANGLES_RAD, strict=True)):
            turn = np.where(step > 1, angle - open_share * _SOCKET_ANGLES_RAD[1], angle * (1 - open_share))
            turned = np.cos(turn)[:, None] * direction + np.sin(turn)[:, None] * away
            height = (0.4 if step == 0 else 0.0) * open_share * np.maximum(gap, 0)
            placed[ring] = centre_m + turned * (RADIUS_M + 0.00006 + height)[:, None]
        return placed

    def closed(self, vertices_m: np.ndarray, centre_m: np.ndarray, meeting: np.ndarray) -> tuple:
        """Where the margins' edges lie when the eye is shut.

        Args:
            vertices_m: (V, 3) the open, seated eye; centre_m: (3,).
            meeting: (M,) at even shares of the lids' length, where between lower (0) and upper margin (1)
                they meet.

        Returns:
            (N, 3) of the outer and (N, 3) of the inner edge.
        """
        edge = vertices_m[self.edge] - centre_m
        upper, lower = edge[self.upper], edge[self.lower]
        shares = {"upper": _shares(upper), "lower": _shares(lower)}
        outer = vertices_m[self.edge].copy()
        inner = vertices_m[self.inside].copy()
        grid = np.linspace(0, 1, len(meeting))
        above, below = _at(upper, shares["upper"], grid), _at(lower, shares["lower"], grid)
        towards = meeting[:, None] * above + (1 - meeting[:, None]) * below
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        clear_radius = np.maximum(
            _radius_for_clear_way(above, towards), _radius_for_clear_way(below, towards)
        )
        clear_radius = _evened(_evened(clear_radius))
        for columns, share in ((self.upper, shares["upper"]), (self.lower, shares["lower"])):
            above, below = _at(upper, shares["upper"], share), _at(lower, shares["lower"], share)
            where = np.interp(share, grid, meeting)[:, None]
            where = where + (-OVERLAP if columns is self.upper else OVERLAP)
            line = where * above + (1 - where) * below
            rest_radius = np.linalg.norm(above, axis=1) * where[:, 0]
            rest_radius += np.linalg.norm(below, axis=1) * (1 - where[:, 0])
            direction = line / np.linalg.norm(line, axis=1, keepdims=True)
            rise = np.sin(np.pi * np.clip(share, 0, 1)) ** 0.5
            outer_radius = np.maximum(rest_radius, RADIUS_M + CLOSED_EDGE_M * rise)
            outer_radius = np.maximum(outer_radius, np.interp(share, grid, clear_radius))
            inner_rest = np.linalg.norm(vertices_m[self.inside[columns]] - centre_m, axis=1)
            inner_radius = np.where(
                rise > 0.3,
                np.minimum(outer_radius - 0.0004, np.maximum(inner_rest, RADIUS_M + CLOSED_INSIDE_M * rise)),
                np.minimum(inner_rest, outer_radius),
            )
            ends = (share <= 0) | (share >= 1)
            outer[columns[~ends]] = (centre_m + direction * outer_radius[:, None])[~ends]
            inner[columns[~ends]] = (centre_m + direction * inner_radius[:, None])[~ends]
        return outer, inner

    def blink(
        self, vertices_m: np.ndarray, centre_m: np.ndarray, carried_m: np.ndarray, meeting: np.ndarray
    ) -> np.ndarray:
        """(V, 3) displacement that shuts this person's eye.

        Args:
            vertices_m: (V, 3) the open, seated eye; centre_m: (3,) the eyeball's centre.
            carried_m: (V, 3) displacement of the blink as it came from elsewhere, nearly right.
            meeting: where the lids meet (`meeting_of`).
        """
        outer, inner = self.closed(vertices_m, centre_m, meeting)
        lacking = np.concatenate([outer - vertices_m[self.edge], inner - vertices_m[self.inside]])
        lacking -= carried_m[np.concatenate([self.edge, self.inside])]
        shut = self.field.add_to(vertices_m + carried_m, lacking)
        own, ahead = self.field.following, np.array([0.0, 0.0, 1.0])
        shut[own] = centre_m + _outside(shut[own] - centre_m, ahead, LID_M)
        for share in (0.75, 0.5, 0.25):  # what is wanting on the way is added to its end
            on_the_way = (1 - share) * vertices_m[own] + share * shut[own] - centre_m
            shut[own] += (_outside(on_the_way, ahead, LID_ON_THE_WAY_M) - on_the_way) / share
        return self.with_sockets(shut, centre_m) - vertices_m

    def meeting_of(self, vertices_m: np.ndarray, centre_m: np.ndarray, carried_m: np.ndarray) -> np.ndarray:
        """(21,) where between lower (0) and upper (1) margin a blink's lids meet, along the lids."""
        edge = vertices_m[self.edge] - centre_m
        shut = edge + carried_m[self.edge]
        grid = np.linspace(0, 1, 21)
        upper, lower = edge[self.upper], edge[self.lower]
        above, below = _at(upper, _shares(upper), grid), _at(lower, _shares(lower), grid)
        line = (_at(shut[self.upper], _shares(upper), grid) + _at(shut[self.lower], _shares(lower), grid)) / 2
        span = above - below
        where = ((line - below) * span).sum(axis=1) / np.maximum((span**2).sum(axis=1), 1e-12)
        # At the corners both margins end in one point; there the line runs between them without a kink.
        towards_corner = _smoothstep((np.abs(grid - 0.5) - 0.2) / 0.3)
        return (1 - towards_corner) * np.clip(where, 0.0, 1.0) + towards_corner * 0.4


def build_lids(skin: QuadSkin, on_ict_m: np.ndarray, left_centre_m: np.ndarray) -> tuple[Lids, Lids]:
    """The lids of the left and the right eye.

    Args:
        on_ict_m: (V, 3) the skin on the ICT neutral; left_centre_m: (3,) where our left eyeball goes.
    """
    edges = QuadEdges(skin.quads)
    back = rings_around(edges, skin.quad_labels != LEFT_SOCKET, skin.quad_labels == LEFT_SOCKET, 4)
    margins = skin.left_lid_margins
    order = {int(vertex): place for place, vertex in enumerate(back[0])}
    columns = np.array([order[int(vertex)] for vertex in margins[0]])
    behind = np.stack([margins[1], margins[0], *(ring[columns] for ring in back[1:])])
    edge, inside = margins[LID_EDGE], margins[LID_INSIDE]
    at = skin.vertices[edge]
    inner, outer = int(at[:, 0].argmin()), int(at[:, 0].argmax())
    forward = (inner + np.arange((outer - inner) % len(edge) + 1)) % len(edge)
    backward = (inner - np.arange((inner - outer) % len(edge) + 1)) % len(edge)
    upper, lower = (
        (forward, backward) if at[forward, 1].mean() > at[backward, 1].mean() else (backward, forward)
    )
    from_corner_m = np.linalg.norm(on_ict_m[edge] - on_ict_m[edge[inner]], axis=1)
    pull = 0.85 * _smoothstep((from_corner_m - 0.0045) / 0.005)
    hidden = np.zeros(len(on_ict_m), bool)
    hidden[skin.labels == LEFT_SOCKET] = hidden[skin.labels == RIGHT_SOCKET] = True
    hidden[behind.ravel()] = hidden[skin.mirror[behind.ravel()]] = True
    result = []
    for side in (0, 1):

        def own(ring: np.ndarray, side: int = side) -> np.ndarray:
            return skin.mirror[ring] if side else ring

        field = SmoothField(
            skin.quads,
            on_ict_m,
            np.concatenate([own(edge), own(inside)]),
            allowed=~hidden,
            reach_m=REACH_M,
        )
        columns = pull > 0.5 * pull.max()
        usual_m = np.linalg.norm(on_ict_m[inside[columns]] - left_centre_m, axis=1).mean()
        result.append(Lids(own(edge), own(inside), own(behind), upper, lower, field, pull, float(usual_m)))
    return result[0], result[1]


def _outside(offsets: np.ndarray, gaze: np.ndarray, height_m: float) -> np.ndarray:
    """(N, 3) places about an eyeball's centre, those too near its surface moved out to a height above it."""
    radius = np.linalg.norm(offsets, axis=1)
    direction = offsets / radius[:, None]
    wanted = eye_surface_m(direction, gaze) + height_m
    return direction * np.maximum(radius, wanted)[:, None]


def _radius_for_clear_way(start: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """(N,) how far out straight paths have to end that do not enter an eyeball which looks ahead.

    Args:
        start: (N, 3) where they begin, from the eyeball's centre; direction: (N, 3) unit, to their ends.
    """
    steps = np.linspace(0.1, 1.0, 10)[:, None, None]
    candidates = RADIUS_M + np.linspace(0, CLOSED_EDGE_MOST_M, 17)
    ways = (1 - steps) * start + steps * direction * candidates[:, None, None, None]
    radius = np.linalg.norm(ways, axis=-1)
    surface = eye_surface_m(ways / radius[..., None], np.array([0.0, 0.0, 1.0]))
    clear = (radius - surface).min(axis=1) - ON_THE_WAY_M  # grows with the candidates
    return np.array([np.interp(0.0, np.maximum.accumulate(one), candidates) for one in clear.T])


def _evened(values: np.ndarray) -> np.ndarray:
    """Values along a lid without jumps: the largest near each, then their mean."""
    wide = np.pad(values, 1, mode="edge")
    largest = np.max([wide[:-2], wide[1:-1], wide[2:]], axis=0)
    wide = np.pad(largest, 1, mode="edge")
    return (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4


def _smoothstep(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _shares(points: np.ndarray) -> np.ndarray:
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return steps / steps[-1]


def _at(points: np.ndarray, shares: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(wanted, shares, points[:, axis]) for axis in range(3)], axis=1)
