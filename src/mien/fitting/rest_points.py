"""Vertices before skinning, as linear functions of the free shape weights: what collision terms look at.

Lids, eyeballs, lips and teeth all follow the head joint, and an eyeball turns about its own centre, so
whether they touch is decided before any joint moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Integer

from mien.fitting.scene.head_state import HeadState
from mien.fitting.scene.unknowns import Unknowns
from mien.heads.model import Head, PersonalShape


@dataclass(frozen=True, eq=False)
class RestPoints:
    """Points that move linearly with identity and expression.

    Attributes:
        mean_m: (K, 3) on the mean head at rest.
        identity_m, expression_m: (I, K, 3), (E, K, 3) displacement for a weight of 1.
        personal: what of the expression shapes depends on identity; vertices count among the points.
    """

    mean_m: Float[np.ndarray, "points 3"]
    identity_m: Float[np.ndarray, "identity points 3"]
    expression_m: Float[np.ndarray, "expression points 3"]
    personal: tuple[PersonalShape, ...] = ()

    @staticmethod
    def of(head: Head, vertices: np.ndarray) -> RestPoints:
        """Some vertices of a head."""
        # Picked columns lie in memory vertex by vertex; `at` would copy them in order on every call.
        return RestPoints(
            head.mean_m[vertices],
            np.ascontiguousarray(head.identity_basis_m[:, vertices]),
            np.ascontiguousarray(head.expression_basis_m[:, vertices]),
            tuple(personal.subset(vertices) for personal in head.personal_shapes),
        )

    def relative_to_joint(self, head: Head, joint: int) -> RestPoints:
        """The same points seen from a joint."""
        return RestPoints(
            self.mean_m - head.joints_mean_m[joint],
            self.identity_m - head.joints_identity_m[:, joint][:, None],
            self.expression_m,
            self.personal,
        )

    def at(self, state: HeadState) -> Float[np.ndarray, "points 3"]:
        """Their places."""
        parameters = state.parameters
        of_person_m = _of_person(self, np.asarray(parameters.identity, float).tobytes())
        places_m = of_person_m + np.tensordot(parameters.expression, self.expression_m, axes=1)
        for personal in self.personal:
            if parameters.expression[personal.shape]:
                change_m = personal.change_m(parameters.identity)
                places_m[personal.vertices] += parameters.expression[personal.shape] * change_m
        return places_m

    def pulled_back(
        self, gradients: Float[np.ndarray, "some 3"], some: Integer[np.ndarray, " some"], state: HeadState
    ) -> Float[np.ndarray, "some free"]:
        """Derivatives of gradients · point, for some of the points, by the unknowns of `shape_columns`."""
        unknowns, parameters = state.scene.unknowns, state.parameters
        bases = []
        if unknowns.expression_count:
            bases.append(self.expression_m[:, some])
        if unknowns.identity_count:
            bases.append(self.identity_m[:, some])
        derivatives = np.einsum("pkc,kc->kp", np.concatenate(bases), gradients)
        for personal in self.personal:
            if not len(personal.vertices):
                continue
            rows = np.minimum(np.searchsorted(personal.vertices, some), len(personal.vertices) - 1)
            own = np.flatnonzero(personal.vertices[rows] == some)
            by_identity = np.einsum("ikc,kc->ki", personal.identity_m[:, rows[own]], gradients[own])
            if unknowns.expression_count:
                derivatives[own, personal.shape] += by_identity @ parameters.identity
            if unknowns.identity_count:
                weight = parameters.expression[personal.shape]
                derivatives[own, unknowns.expression_count :] += weight * by_identity
        return derivatives

    @staticmethod
    def joined(first: RestPoints, second: RestPoints) -> RestPoints:
        """The points of both."""
        count = len(first.mean_m)
        moved = tuple(replace(each, vertices=each.vertices + count) for each in second.personal)
        return RestPoints(
            np.concatenate([first.mean_m, second.mean_m]),
            np.concatenate([first.identity_m, second.identity_m], axis=1),
            np.concatenate([first.expression_m, second.expression_m], axis=1),
            first.personal + moved,
        )


@lru_cache(maxsize=16)
def _of_person(points: RestPoints, identity: bytes) -> np.ndarray:
    """(K, 3) places at rest; kept, as the identity changes seldom in video."""
    return points.mean_m + np.tensordot(np.frombuffer(identity), points.identity_m, axes=1)


def shape_columns(unknowns: Unknowns) -> np.ndarray:
    """Places of the free expression and identity weights in the solver's vector."""
    expression, identity = unknowns.expression, unknowns.identity
    return np.concatenate(
        [np.arange(expression.start, expression.stop), np.arange(identity.start, identity.stop)]
    )


@lru_cache(maxsize=8)
def skin_vertices(head: Head) -> np.ndarray:
    """Vertices of the part "skin", or of heads without parts all that no eye joint moves."""
    if "skin" in head.part_names:
        return np.flatnonzero(head.vertex_parts == head.part_names.index("skin"))
    return np.flatnonzero(head.skinning_weights[:, 2:].sum(axis=1) < 0.5)
