"""The fitted head under an avatar: what weights and neck do to its surface, and where the fields sit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from mien.avatars.dataset import AvatarData
from mien.avatars.skull_frame import vertices_in_skull_m
from mien.heads.gaze import FULL_LOOK_RAD, LOOKS
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters

CANONICAL_JAW = 0.15
"""jawOpen of the canonical head: lips that touch leave their inner sides no place of their own."""
FIVE = ((36, 39), (42, 45), (48,), (54,), (57,))
"""Landmarks whose means are the five centres: eyes, mouth corners, middle of the lower lip (appendix D)."""
_CARDS = ("lashes", "brows", "left_cornea", "right_cornea")


@dataclass(frozen=True, eq=False)
class AvatarControls:
    """What steers an avatar.

    Attributes:
        weights: (E,) ARKit weights; the gaze is in the eyeLook weights.
        neck: (2, 3) rotation vectors of neck and head joint.
    """

    weights: Float[np.ndarray, " expression"]
    neck: Float[np.ndarray, "2 3"]


@dataclass(frozen=True, eq=False)
class Injection:
    """Other weights for the fields about some landmarks: one eye winks.

    Attributes:
        weights: (E,) those fields see, and the fitted head around them follows.
        fields: (L,) which fields.
    """

    weights: Float[np.ndarray, " expression"]
    fields: Bool[np.ndarray, " fields"]


def controls_of(
    expression: Float[np.ndarray, " expression"],
    joint_rotations: Float[np.ndarray, "4 3"],
    names: tuple[str, ...],
) -> AvatarControls:
    """Tracked weights and joints as controls: turned eyes become eyeLook weights."""
    weights = np.array(expression, float)
    for name, eye, axis, sign in LOOKS:
        if name in names:
            weights[names.index(name)] += max(0.0, sign * joint_rotations[2 + eye, axis]) / FULL_LOOK_RAD
    return AvatarControls(weights, np.array(joint_rotations[:2], float))


@dataclass(frozen=True, eq=False)
class PosedSurface:
    """The head at one moment, skull's frame.

    Attributes:
        vertices_m: (V, 3) without cards of hair.
        to_canonical_m: (V, 3) where each goes from here in the canonical head.
        centres_m: (L, 3) the fields' centres c_l; centres_to_canonical_m: (L, 3).
    """

    vertices_m: Float[np.ndarray, "vertices 3"]
    to_canonical_m: Float[np.ndarray, "vertices 3"]
    centres_m: Float[np.ndarray, "fields 3"]
    centres_to_canonical_m: Float[np.ndarray, "fields 3"]

    @cached_property
    def tree(self) -> Any:
        from scipy.spatial import cKDTree

        return cKDTree(self.vertices_m)

    @cached_property
    def copies(self) -> dict[str, Any]:
        """What was made of it on devices, by their names."""
        return {}

    def motion_m(
        self, points_m: Float[np.ndarray, "m 3"], *, neighbours: int = 3
    ) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, " m"]]:
        """Where the nearest part of the surface goes, (M, 3), and how far away it is, (M,): the mean of the
        nearest vertices, weighted by the inverse square of their distance."""
        distance, index = self.tree.query(points_m, k=neighbours)
        weight = 1 / (distance**2 + 1e-7)
        weight /= weight.sum(axis=1, keepdims=True)
        motion = np.einsum("mk,mkc->mc", weight, self.to_canonical_m[index])
        return motion.astype(np.float32), distance[:, 0].astype(np.float32)


class AvatarRig:
    """One person's head, and how it moves.

    Args:
        identity: (I,) of the built-in head.
        points: number of fields.

    Attributes:
        head, identity: whose.
        groups: the landmarks (of iBUG's 68) of each field's centre.
        eye_distance_m: between the outer corners of the eyes, at rest.
        kept: (V,) the head's vertices that are not of cards of hair.
        canonical_centres_m: (L, 3).
        canonical_m: (V, 3) the canonical head's vertices, skull's frame, without cards of hair.
    """

    def __init__(self, identity: Float[np.ndarray, " identity"], *, points: Literal[34, 5, 1]) -> None:
        self.head: Head = load_head()
        self.identity = np.asarray(identity, float)
        cards = [self.head.part_names.index(name) for name in _CARDS if name in self.head.part_names]
        on_faces = np.zeros(self.head.vertex_count, bool)
        on_faces[self.head.triangles] = True
        self.kept = np.flatnonzero(on_faces & ~np.isin(self.head.vertex_parts, cards))
        self._landmarks = self.head.landmark_set("ibug68").vertices
        self.groups = _groups(points)
        rest = np.zeros(self.head.expression_count)
        rest[self.head.expression_names.index("jawOpen")] = CANONICAL_JAW
        self.rest_weights = rest
        whole = self.vertices_m(AvatarControls(rest, np.zeros((2, 3))))
        self.canonical_m = whole[self.kept]
        self.canonical_centres_m = self._centres(whole)
        corners = whole[self._landmarks[[36, 45]]]
        self.eye_distance_m = float(np.linalg.norm(corners[0] - corners[1]))

    @property
    def field_count(self) -> int:
        return len(self.groups)

    @property
    def triangles(self) -> Int[np.ndarray, "triangles 3"]:
        """Of all vertices, without those of cards of hair."""
        kept = np.zeros(self.head.vertex_count, bool)
        kept[self.kept] = True
        return self.head.triangles[kept[self.head.triangles].all(axis=1)]

    @property
    def kept_parts(self) -> Int[np.ndarray, " vertices"]:
        """(V,) index of the part that each kept vertex is of."""
        return self.head.vertex_parts[self.kept]

    def vertices_m(
        self, controls: AvatarControls, *, injection: Injection | None = None
    ) -> Float[np.ndarray, "all 3"]:
        """All vertices of the head, skull's frame; what is injected moves those near its fields."""
        if injection is not None:
            own_m = self.vertices_m(controls)
            other_m = self.vertices_m(AvatarControls(injection.weights, controls.neck))
            return own_m + self.shares_of(injection)[:, None] * (other_m - own_m)
        joints = np.zeros((4, 3))
        joints[:2] = controls.neck
        parameters = HeadParameters(self.identity, controls.weights, joints, np.zeros(3), np.zeros(3))
        return vertices_in_skull_m(self.head, parameters)

    def landmarks_m(self, controls: AvatarControls) -> Float[np.ndarray, "68 3"]:
        """iBUG's 68 points, skull's frame."""
        return self.vertices_m(controls)[self._landmarks]

    def posed(self, controls: AvatarControls) -> PosedSurface:
        """The head at one moment."""
        whole = self.vertices_m(controls)
        vertices, centres = whole[self.kept], self._centres(whole)
        return PosedSurface(
            vertices.astype(np.float32),
            (self.canonical_m - vertices).astype(np.float32),
            centres.astype(np.float32),
            (self.canonical_centres_m - centres).astype(np.float32),
        )

    def shares_of(self, injection: Injection) -> Float[np.ndarray, " all"]:
        """(V,) how much each vertex follows what is injected: its fields' part of all fields' weights."""
        whole = self.vertices_m(AvatarControls(self.rest_weights, np.zeros((2, 3))))
        apart = np.linalg.norm(whole[:, None] - self.canonical_centres_m[None], axis=2)
        radius_m = 0.17 * self.eye_distance_m
        weight = np.exp(-(apart**2) / (2 * radius_m**2)) + 1e-12
        return weight[:, injection.fields].sum(axis=1) / weight.sum(axis=1)

    def attention(
        self, rule: Literal["absolute", "quantile", "none"], *, threshold: float, reach_m: float
    ) -> Bool[np.ndarray, "fields expression"]:
        """Which weights each field sees (section 3.3).

        Args:
            threshold: of "absolute", over the eyes' distance.
            reach_m: "absolute" looks at the largest displacement of a vertex within this of the centre, for
                lids and eyes move though their corners do not; "quantile" at the landmark, as the paper.
        """
        count = self.head.expression_count
        if rule == "none" or self.field_count == 1:
            return np.ones((self.field_count, count), bool)
        shapes = np.linalg.norm(self.head.expression_shapes_m(self.identity), axis=2)
        if rule == "quantile":
            moved = np.stack([shapes[:, self._landmarks[list(group)]].mean(axis=1) for group in self.groups])
            bound = np.quantile(moved, 0.25, axis=0)
            return (moved >= bound) & (moved > 0)
        apart = np.linalg.norm(self.canonical_m[None] - self.canonical_centres_m[:, None], axis=2)
        near = apart < reach_m
        kept = shapes[:, self.kept]
        moved = np.stack([kept[:, one].max(axis=1, initial=0.0) for one in near])
        return moved > threshold * self.eye_distance_m

    def _centres(self, whole_m: np.ndarray) -> np.ndarray:
        if len(self.groups) == 1:
            return np.zeros((1, 3))
        return np.stack([whole_m[self._landmarks[list(group)]].mean(axis=0) for group in self.groups])


def rig_of(data: AvatarData, *, points: Literal[34, 5, 1]) -> tuple[AvatarRig, list[AvatarControls]]:
    """The rig of prepared frames, and the controls of each."""
    controls = [
        controls_of(expression, joints, data.expression_names)
        for expression, joints in zip(data.expression, data.joint_rotations, strict=True)
    ]
    return AvatarRig(data.identity, points=points), controls


def _groups(points: int) -> tuple[tuple[int, ...], ...]:
    if points == 34:
        return tuple((index,) for index in range(0, 68, 2))
    return FIVE if points == 5 else ((),)
