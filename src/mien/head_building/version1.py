"""Version 1 of the head on our mesh: the places of its landmarks, and how its identities go over to ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.geometry.closest_points import closest_on_surface
from mien.head_building.assembly import Assembly
from mien.head_building.makehuman import triangulated
from mien.head_building.quad_skin import LOWER_LIP, SKIN, UPPER_LIP
from mien.heads.model import Head
from mien.heads.version1 import Version1Conversion

TABLE = Path(__file__).parent / "data" / "version1.npz"
"""Version 1's landmarks: their places on ICT-FaceKit's neutral face, and how identity moved them."""
INSIDE_M = 0.003
"""A place farther than this from our skin is not on it: deep in the nose, behind the lids, where version 1
had skin that nobody sees, and below the neck's border. It follows the skin all around. The insides of lips
stay with their own lip."""
INSIDE_LIPS_M = 0.008
AROUND = 12
_NOISE_M = 0.001
"""How well the places of both heads are the same place."""
_OTHER_LIP = {UPPER_LIP: LOWER_LIP, LOWER_LIP: UPPER_LIP}


@dataclass(frozen=True)
class Version1Places:
    """Places of version 1's skin on ours, each a weighted mean of vertices.

    Attributes:
        corners, weights: (P, K) vertices of our skin and their shares.
        sets: name → (L,) places of that landmark set, -1 where it is not on the skin (irises, teeth).
        theirs_m: (100, P, 3) how version 1's identity moved each.
    """

    corners: np.ndarray
    weights: np.ndarray
    sets: dict[str, np.ndarray]
    theirs_m: np.ndarray

    def after(self, values: np.ndarray) -> np.ndarray:
        """(P, ...) what the places have of values per vertex, (V, ...)."""
        return np.einsum("pk,pk...->p...", self.weights, values[self.corners])


def version1_places(assembly: Assembly) -> Version1Places:
    """All places on the skin of version 1's table; symmetric ones on both sides."""
    with np.load(TABLE) as file:
        table = dict(file)
    on_skin = table["places"][:, 0] == 0  # eyes and teeth are not the same things any more
    partner = _partners(table["on_ict_m"])
    rows = np.flatnonzero(on_skin & (np.arange(len(on_skin)) <= partner))
    found = _on_skin(assembly, table, rows)
    mirror, skin_m = assembly.skin.mirror, assembly.on_ict.registration.vertices_m
    corners = np.zeros((len(on_skin), 2 * AROUND), int)
    weights = np.zeros((len(on_skin), 2 * AROUND))
    for row, (own, share) in zip(rows.tolist(), found, strict=True):
        off_m = np.linalg.norm(share @ skin_m[own] - table["on_ict_m"][row])
        if off_m > (INSIDE_LIPS_M if table["labels"][row] in _OTHER_LIP else INSIDE_M):
            own, share = _from_around(skin_m, table["on_ict_m"][row].astype(float))
        own, share = np.resize(own, AROUND), np.pad(share, (0, AROUND - len(share)))
        half = 0.5 if partner[row] == row else 0.0  # on the midline: of both sides alike
        corners[row], weights[row] = [*own, *mirror[own]], [*((1 - half) * share), *(half * share)]
        if partner[row] != row:
            corners[partner[row]], weights[partner[row]] = [*mirror[own], *own], weights[row]
    place = np.where(on_skin, np.cumsum(on_skin) - 1, -1)
    return Version1Places(
        corners=corners[on_skin],
        weights=weights[on_skin],
        sets={name.removeprefix("set_"): place[table[name]] for name in table if name.startswith("set_")},
        theirs_m=table["identity_mm"].astype(float)[:, on_skin] / 1000,
    )


def conversion_from_version1(head: Head, places: Version1Places) -> tuple[Version1Conversion, float]:
    """Least squares over places on the skin, with this head's prior.

    The mean heads lie up to some millimetres apart there, along the surface, since they were registered in
    different ways: what is compared is how people differ from them.

    Returns:
        the conversion, and the root mean square distance in millimetres that it leaves on random people of
        version 1.
    """
    ours = np.stack([places.after(shape_m) for shape_m in head.identity_basis_m]).reshape(
        head.identity_count, -1
    )
    theirs = places.theirs_m.reshape(len(places.theirs_m), -1)
    gram = ours @ ours.T + _NOISE_M**2 * np.eye(head.identity_count)
    matrix = np.linalg.solve(gram, ours @ theirs.T).T
    left_mm = 1000 * np.sqrt(((theirs - matrix @ ours) ** 2).sum() / len(places.corners))
    return Version1Conversion(matrix), float(left_mm)


def _partners(places_m: np.ndarray) -> np.ndarray:
    """(N,) the place on the other side of each; the table is symmetric."""
    from scipy.spatial import KDTree

    partner = np.array(KDTree(places_m).query(places_m * [-1, 1, 1])[1])
    assert (partner[partner] == np.arange(len(partner))).all(), "version 1's places are symmetric"
    return partner


def _on_skin(
    assembly: Assembly, table: dict[str, np.ndarray], rows: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For some places the triangle of our skin that each lies on, and its place in it."""
    skin, skin_m = assembly.skin, assembly.on_ict.registration.vertices_m
    triangles = triangulated(skin.quads)
    of_quad = triangulated(np.repeat(skin.quad_labels[:, None], 4, axis=1))[:, 0]
    labels = table["labels"][rows]
    result: list[tuple[np.ndarray, np.ndarray] | None] = [None] * len(rows)
    for label in np.unique(labels):
        inside = label if label not in (SKIN, UPPER_LIP, LOWER_LIP) else SKIN
        allowed = of_quad == inside
        if label in _OTHER_LIP:
            allowed &= (skin.labels[triangles] != _OTHER_LIP[label]).all(axis=1)
        members = np.flatnonzero(labels == label)
        own = rows[members]
        # What lies behind the lids has another shape now: its direction tells nothing.
        normals = table["normals"][own].astype(float) if inside == SKIN else None
        found = closest_on_surface(
            table["on_ict_m"][own].astype(float), skin_m, triangles[allowed], query_normals=normals
        )
        for member, triangle, share in zip(members, found.triangles, found.barycentric, strict=True):
            result[member] = (triangles[allowed][triangle], share)
    return [each for each in result if each is not None]


def _from_around(skin_m: np.ndarray, place_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices in all directions from a place, and the smallest weights whose mean it is."""
    ring = 2 * np.pi * np.arange(5) / 5
    low, high = np.cos(np.arctan(0.5)), np.sin(np.arctan(0.5))
    directions = [[0, 1, 0], [0, -1, 0]]
    directions += [[low * np.sin(a), high, low * np.cos(a)] for a in ring]
    directions += [[low * np.sin(a + np.pi / 5), -high, low * np.cos(a + np.pi / 5)] for a in ring]
    away_m = skin_m - place_m
    along = (away_m / np.linalg.norm(away_m, axis=1, keepdims=True)) @ np.array(directions).T
    chosen = np.unique(along.argmax(axis=0))
    constraints = np.column_stack([skin_m[chosen], np.ones(len(chosen))]).T
    return chosen, np.linalg.pinv(constraints) @ np.append(place_m, 1.0)
