"""The morphable head: identity and expression shapes, four joints, linear blend skinning."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int, Integer

from mien.errors import LandmarkSetError, ShapeError, check_type
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.parameters import HeadParameters
from mien.heads.skinning import joint_transforms, skin


def _no_quads() -> np.ndarray:
    return np.zeros((0, 4), np.int32)


def _none_missing() -> np.ndarray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class LandmarkSet:
    """Named points on the head's surface.

    Attributes:
        name: for example "dense320" or "ibug68".
        vertices: (L,) vertex index of each landmark.
        mirror: (L,) for each landmark the index, within the set, of its left-right partner.
        missing: (M,) indices, within the set, of landmarks on parts that this head lacks (teeth, eyes that
            turn): they lie on what is nearest, and fitting leaves them out.
    """

    name: str
    vertices: Int[np.ndarray, " landmarks"]
    mirror: Int[np.ndarray, " landmarks"]
    missing: Int[np.ndarray, " missing"] = field(default_factory=_none_missing)

    def __len__(self) -> int:
        return len(self.vertices)


@dataclass(frozen=True, eq=False)
class PersonalShape:
    """How an expression shape differs from person to person: lids of every height shut without a gap.

    Attributes:
        shape: index of the expression shape.
        vertices: (N,) vertices at which it differs.
        identity_m: (I, N, 3) what is added to its displacement for an identity weight of 1.
    """

    shape: int
    vertices: Integer[np.ndarray, " n"]
    identity_m: Float[np.ndarray, "identity n 3"]

    def change_m(self, identity: Float[np.ndarray, " identity"]) -> Float[np.ndarray, "n 3"]:
        """(N, 3) what is added for an identity, metres."""
        return np.tensordot(identity, self.identity_m, axes=1)

    def subset(self, vertices: Integer[np.ndarray, " kept"]) -> PersonalShape:
        """The same where only some of the head's vertices are kept, counted in the order given."""
        place = {int(vertex): row for row, vertex in enumerate(self.vertices)}
        kept = [row for row, vertex in enumerate(vertices.tolist()) if vertex in place]
        rows = [place[int(vertices[row])] for row in kept]
        return PersonalShape(self.shape, np.array(kept, dtype=np.int64), self.identity_m[:, rows])


@dataclass(frozen=True, eq=False)
class Head:
    """A morphable head (Wood et al. 2022, §3.2: M(β, ψ, θ) = L(T(β, ψ), θ, J(β); W)).

    Head frame: metres, right-handed, +x to the subject's left, +y up, +z out of the face.

    Attributes:
        name, version: which head this is; written into every saved file. The version's first number changes
            when parameters or topology do.
        mean_m: (V, 3) rest shape of the mean identity.
        triangles: (T, 3) vertex indices, counter-clockwise seen from outside.
        identity_basis_m: (I, V, 3) displacement for a weight of 1 (one standard deviation).
        expression_basis_m: (E, V, 3) displacement for a weight of 1 (full activation).
        expression_names: ARKit names, subject's left and right.
        joints_mean_m: (4, 3) rest positions of neck, head, left eye, right eye.
        joints_identity_m: (I, 4, 3) their displacement for an identity weight of 1.
        skinning_weights: (V, 4) per joint, rows sum to at most 1; the rest stays with the root.
        part_names, vertex_parts: names, and (V,) the index of each vertex's part.
        uv, uv_triangles: (U, 2) texture coordinates (v up, as in OBJ; glTF's is flipped), and (T, 3) indices
            into them.
        mirror_vertices: (V,) each vertex's left-right partner.
        landmark_sets: by name.
        personal_shapes: expression shapes that differ from person to person; the others are everybody's.
        quads, uv_quads: (Q, 4) the same surface in quads, as artists take it, -1 in the fourth column of the
            triangles among them; empty when the head has triangles only.
        identity_mixture: weights (G,), means (G, I), covariances (G, I, I) of the prior over identity,
            or None for a standard normal.
    """

    name: str
    version: str
    mean_m: Float[np.ndarray, "vertices 3"]
    triangles: Integer[np.ndarray, "triangles 3"]
    identity_basis_m: Float[np.ndarray, "identity vertices 3"]
    expression_basis_m: Float[np.ndarray, "expression vertices 3"]
    expression_names: tuple[str, ...]
    joints_mean_m: Float[np.ndarray, "4 3"]
    joints_identity_m: Float[np.ndarray, "identity 4 3"]
    skinning_weights: Float[np.ndarray, "vertices 4"]
    part_names: tuple[str, ...]
    vertex_parts: Integer[np.ndarray, " vertices"]
    uv: Float[np.ndarray, "uvs 2"]
    uv_triangles: Integer[np.ndarray, "triangles 3"]
    mirror_vertices: Integer[np.ndarray, " vertices"]
    landmark_sets: dict[str, LandmarkSet]
    identity_mixture: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    personal_shapes: tuple[PersonalShape, ...] = ()
    quads: Integer[np.ndarray, "quads 4"] = field(default_factory=_no_quads)
    uv_quads: Integer[np.ndarray, "quads 4"] = field(default_factory=_no_quads)

    @property
    def vertex_count(self) -> int:
        """V, the number of vertices."""
        return len(self.mean_m)

    @property
    def identity_count(self) -> int:
        """I, the number of identity shapes."""
        return len(self.identity_basis_m)

    @property
    def expression_count(self) -> int:
        """E, the number of expression shapes."""
        return len(self.expression_basis_m)

    def neutral(self) -> HeadParameters:
        """The mean head at rest at the origin."""
        return HeadParameters.neutral(self.identity_count, self.expression_count)

    def landmark_set(self, name: str) -> LandmarkSet:
        """The landmark set called `name`.

        Raises:
            LandmarkSetError: the head has no such set.
        """
        if name not in self.landmark_sets:
            known = ", ".join(sorted(self.landmark_sets))
            raise LandmarkSetError(f"the head {self.name!r} has no landmark set {name!r}; it has {known}")
        return self.landmark_sets[name]

    def takes_parameters_of(self, name: str, version: str) -> bool:
        """Whether that head's parameters mean the same here: same name and first number of the version."""
        return (self.name, self.version.partition(".")[0]) == (name, version.partition(".")[0])

    def subset(self, vertices: Integer[np.ndarray, " n"]) -> Head:
        """The same head reduced to some `vertices`, (N,) indices, and no triangles: what fitting works on."""
        return Head(
            name=self.name,
            version=self.version,
            mean_m=self.mean_m[vertices],
            triangles=np.zeros((0, 3), np.int32),
            identity_basis_m=np.ascontiguousarray(self.identity_basis_m[:, vertices]),
            expression_basis_m=np.ascontiguousarray(self.expression_basis_m[:, vertices]),
            expression_names=self.expression_names,
            joints_mean_m=self.joints_mean_m,
            joints_identity_m=self.joints_identity_m,
            skinning_weights=self.skinning_weights[vertices],
            part_names=self.part_names,
            vertex_parts=self.vertex_parts[vertices],
            uv=np.zeros((0, 2)),
            uv_triangles=np.zeros((0, 3), np.int32),
            mirror_vertices=np.arange(len(vertices)),
            landmark_sets={},
            identity_mixture=self.identity_mixture,
            personal_shapes=tuple(personal.subset(vertices) for personal in self.personal_shapes),
        )

    def expression_shapes_m(
        self, identity: Float[np.ndarray, " identity"]
    ) -> Float[np.ndarray, "expression vertices 3"]:
        """(E, V, 3) one person's expression shapes: `expression_basis_m` and what is the person's own.

        Args:
            identity: (I,) weights.
        """
        if not self.personal_shapes:
            return self.expression_basis_m
        shapes_m = self.expression_basis_m.copy()
        for personal in self.personal_shapes:
            shapes_m[personal.shape, personal.vertices] += personal.change_m(identity)
        return shapes_m

    @cached_property
    def shapes_turn_eyes(self) -> bool:
        """Whether eyeLook shapes turn the eyeballs, as the eye joints do; if not they move the lids alone."""
        looks = [i for i, name in enumerate(self.expression_names) if name.startswith("eyeLook")]
        eyes = (self.skinning_weights[:, 2:] > 0.5).any(axis=1)
        return bool(np.abs(self.expression_basis_m[looks][:, eyes]).max(initial=0.0) > 1e-4)

    def joints_m(self, identity: Float[np.ndarray, " identity"]) -> Float[np.ndarray, "4 3"]:
        """(4, 3) rest positions of the joints for an `identity`, (I,) weights; metres, head frame."""
        return self.joints_mean_m + np.tensordot(identity, self.joints_identity_m, axes=1)

    def rest_vertices_m(
        self, identity: Float[np.ndarray, " identity"], expression: Float[np.ndarray, " expression"]
    ) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) vertices before skinning: mean plus identity plus expression, metres, head frame.

        Args:
            identity: (I,) weights.
            expression: (E,) weights. ARKit's mouthClose shuts a mouth that jawOpen has opened: more of it
                than of jawOpen pushes the lips through each other. Fits and exports keep it below.

        Raises:
            ShapeError: there are more or fewer weights than shapes.
        """
        if len(identity) != self.identity_count or len(expression) != self.expression_count:
            raise ShapeError(
                "head parameters",
                expected=f"identity ({self.identity_count},) and expression ({self.expression_count},)",
                actual=(len(identity), len(expression)),
            )
        person_m, changes_m = self._person(identity)
        rest_m = (person_m + expression @ self._flat_expression).reshape(-1, 3)
        for personal, change_m in zip(self.personal_shapes, changes_m, strict=True):
            if expression[personal.shape]:
                rest_m[personal.vertices] += expression[personal.shape] * change_m
        return rest_m

    def vertices_m(self, parameters: HeadParameters) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) vertices of the posed head in the world, metres (Wood et al. 2022, §3.2).

        Args:
            parameters: who, which expression, which pose.

        Raises:
            ShapeError: the parameters belong to a head with other numbers of shapes.
        """
        check_type(parameters, HeadParameters, argument="parameters", call="head.vertices_m(fit.parameters)")
        rest_m = self.rest_vertices_m(parameters.identity, parameters.expression)
        joints_m = self.joints_m(parameters.identity)
        posed_m = skin(rest_m, joint_transforms(joints_m, parameters.joint_rotations), self.skinning_weights)
        root = matrix_from_rotation_vector(parameters.root_rotation)
        return posed_m @ root.T + parameters.root_translation_m

    def _person(self, identity: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """(3 V) mean and identity, and what the personal shapes owe to it; kept for the next call, since a
        person stays the same through a video."""
        last: tuple[np.ndarray, tuple[np.ndarray, list[np.ndarray]]] | None = self.__dict__.get("_last")
        if last is None or not np.array_equal(last[0], identity):
            flat = self._flat_mean + identity @ self._flat_identity
            changes = [personal.change_m(identity) for personal in self.personal_shapes]
            self.__dict__["_last"] = last = np.array(identity), (flat, changes)
        return last[1]

    @cached_property
    def _flat_mean(self) -> np.ndarray:
        return self.mean_m.reshape(-1)

    @cached_property
    def _flat_identity(self) -> np.ndarray:
        return self.identity_basis_m.reshape(self.identity_count, 3 * self.vertex_count)

    @cached_property
    def _flat_expression(self) -> np.ndarray:
        return self.expression_basis_m.reshape(self.expression_count, 3 * self.vertex_count)
