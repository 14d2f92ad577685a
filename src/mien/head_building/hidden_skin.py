"""Skin behind the lids lies outside the eyeballs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from mien.geometry.normals import vertex_normals
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES

CLEARANCE_M = 0.00005
"""Hidden skin lies so far outside an eyeball at rest."""
_HIDDEN_COSINE = -0.5
"""Skin whose normal has at most this cosine with the direction out of the eyeball faces it."""
_POSED_SETS = ("ibug68", "wflw98", "dense320", "dense703")
"""Sets that networks are trained on: their landmarks stay where they are, hidden or not."""


def clear_eyeballs(head: Head) -> Head:
    """The head with the inner faces of its lids outside the eyeballs.

    Skin that lies inside an eyeball at rest is laid onto its surface.

    - Identity: beside the lids' edges it goes on to follow the lid, so that lids which stand out or lie deep
      look as they did; further behind it moves in the ball's tangent plane only, which no weights can turn
      into a collision.
    - An expression at full weight takes it where it went before, or from there out of the ball; half-way it
      cuts the chord between two places on the ball, 0.25 mm deep for the longest way (5 mm).
    """
    mean_m = head.mean_m.copy()
    identity_m, expression_m = head.identity_basis_m.copy(), head.expression_basis_m.copy()
    for joint in (JOINT_NAMES.index("left_eye"), JOINT_NAMES.index("right_eye")):
        centre_m, surface_m = head.joints_mean_m[joint], eyeball_radius_m(head, joint) + CLEARANCE_M
        distance_m = np.linalg.norm(head.mean_m - centre_m, axis=1)
        hidden, beside_edge = _hidden(head, joint)
        inside = np.flatnonzero(hidden & ~_posed(head) & (distance_m < surface_m))
        outward = (head.mean_m[inside] - centre_m) / distance_m[inside, None]
        mean_m[inside] = centre_m + surface_m * outward

        rides = ~beside_edge[inside]
        with_eye_m = head.joints_identity_m[:, joint][:, None]
        moves_m = head.identity_basis_m[:, inside] - with_eye_m
        along_m = np.einsum("nkc,kc->nk", moves_m, outward) * rides
        identity_m[:, inside] -= along_m[..., None] * outward

        moves_m = head.expression_basis_m[:, inside]
        ends_m = head.mean_m[inside] + moves_m - centre_m
        distance_m = np.linalg.norm(ends_m, axis=2, keepdims=True)
        ends_m *= np.maximum(1, surface_m / distance_m)
        moved = np.linalg.norm(moves_m, axis=2, keepdims=True) > 0
        expression_m[:, inside] = np.where(moved, centre_m + ends_m - mean_m[inside], 0)
    return replace(head, mean_m=mean_m, identity_basis_m=identity_m, expression_basis_m=expression_m)


def eyeball_radius_m(head: Head, joint: int) -> float:
    """Radius of the eyeball that a joint turns, without its cornea's bulge."""
    eyeball = head.skinning_weights[:, joint] > 0.5
    return float(np.median(np.linalg.norm(head.mean_m[eyeball] - head.joints_mean_m[joint], axis=1)))


def _hidden(head: Head, joint: int) -> tuple[Bool[np.ndarray, " vertices"], Bool[np.ndarray, " vertices"]]:
    """Skin that faces an eyeball; and all that has an edge in common with skin that does not."""
    skin = head.vertex_parts == head.part_names.index("skin")
    outward = head.mean_m - head.joints_mean_m[joint]
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    hidden = skin & ((vertex_normals(head.mean_m, head.triangles) * outward).sum(axis=1) < _HIDDEN_COSINE)
    beside = np.zeros(head.vertex_count, bool)
    beside[head.triangles[(skin & ~hidden)[head.triangles].any(axis=1)]] = True
    return hidden, beside


def _posed(head: Head) -> Bool[np.ndarray, " vertices"]:
    posed = np.zeros(head.vertex_count, bool)
    for name in _POSED_SETS:
        posed[head.landmark_sets[name].vertices] = True
    return posed
