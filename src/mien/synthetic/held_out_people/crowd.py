"""People whose exact shape is known, and pictures of them: what fits are measured against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.errors import InputError
from mien.files import atomic_path
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz
from mien.synthetic.held_out_people.own_shapes import shapes_of_people

FORMAT_VERSION = 1
OF_PERSON = (
    "displacements_m", "joints_m", "groups", "expression", "joint_rotations", "root_rotation",
    "root_translation_m", "focal_px",
)  # fmt: skip
"""Fields of `Crowd` with a row for each person."""


@dataclass(frozen=True, eq=False)
class Crowd:
    """People on a head's mesh, each photographed several times, with exact geometry.

    Shot 0 of everybody is neutral and nearly frontal; the others have expressions and other views.

    Attributes:
        displacements_m: (P, V, 3) from the head's mean; joints_m: (P, 4, 3) of the joints.
        groups: (P,) which kind of people each belongs to.
        expression: (P, S, E); joint_rotations: (P, S, 4, 3); root_rotation, root_translation_m: (P, S, 3).
        focal_px: (P, S); size_px: side of the square pictures; the principal point is their centre.
        head_name, head_version: the head whose mesh and expressions these are.
        seed: of the random draw.
    """

    displacements_m: Float[np.ndarray, "people vertices 3"]
    joints_m: Float[np.ndarray, "people 4 3"]
    groups: tuple[str, ...]
    expression: Float[np.ndarray, "people shots expression"]
    joint_rotations: Float[np.ndarray, "people shots 4 3"]
    root_rotation: Float[np.ndarray, "people shots 3"]
    root_translation_m: Float[np.ndarray, "people shots 3"]
    focal_px: Float[np.ndarray, "people shots"]
    size_px: int
    head_name: str
    head_version: str
    seed: int

    def __len__(self) -> int:
        return len(self.displacements_m)

    @property
    def shot_count(self) -> int:
        return self.focal_px.shape[1]

    def as_head(self, head: Head) -> Head:
        """The head with these people for its identity basis: person p is weight 1 at place p, 0 elsewhere."""
        displacements_m = np.asarray(self.displacements_m, float)
        return replace(
            head,
            identity_basis_m=displacements_m,
            joints_identity_m=self.joints_m,
            identity_mixture=None,
            personal_shapes=shapes_of_people(head, displacements_m),
        )

    def parameters(self, person: int, shot: int) -> HeadParameters:
        """Parameters of `as_head` for one picture."""
        return HeadParameters(
            identity=np.eye(len(self))[person],
            expression=self.expression[person, shot],
            joint_rotations=self.joint_rotations[person, shot],
            root_rotation=self.root_rotation[person, shot],
            root_translation_m=self.root_translation_m[person, shot],
        )

    def camera(self, person: int, shot: int) -> Camera:
        """The camera of one picture."""
        return Camera.from_focal(
            float(self.focal_px[person, shot]),
            width_px=self.size_px,
            height_px=self.size_px,
            camera_from_world=PICTURE_CAMERA_FROM_WORLD,
        )

    def first(self, count: int | None) -> Crowd:
        """The first people only, evenly from all groups when these alternate."""
        if count is None or count >= len(self):
            return self
        return replace(self, **{name: getattr(self, name)[:count] for name in OF_PERSON})


@dataclass(frozen=True, eq=False)
class Photographer:
    """Exact landmarks of a crowd's pictures.

    Attributes:
        crowd: the people.
        head: the head that fits are made with.
    """

    crowd: Crowd
    head: Head

    def __post_init__(self) -> None:
        crowd, head = self.crowd, self.head
        same_mesh = crowd.displacements_m.shape[1] == head.vertex_count
        if not (same_mesh and head.takes_parameters_of(crowd.head_name, crowd.head_version)):
            raise InputError(
                f"these people lie on the mesh of {crowd.head_name} {crowd.head_version}, not of "
                f"{head.name} {head.version}; draw them anew with --assets"
            )

    @cached_property
    def people(self) -> Head:
        """The crowd as a head."""
        return self.crowd.as_head(self.head)

    def neutral_m(self, person: int) -> Float[np.ndarray, "vertices 3"]:
        """Somebody's exact shape at rest, in the head's frame."""
        return self.head.mean_m + self.crowd.displacements_m[person]

    def landmarks(self, person: int, shot: int, set_name: str, *, sigma_px: float = 0.5) -> Landmarks2D:
        """Where the exact landmarks are seen, with a deviation that claims to know them well."""
        vertices = self.head.landmark_set(set_name).vertices
        points_m = self.people.vertices_m(self.crowd.parameters(person, shot))[vertices]
        points_px = self.crowd.camera(person, shot).project(points_m)
        return Landmarks2D(points_px, np.full(len(vertices), sigma_px), set_name)


_ARRAYS = (
    "displacements_m", "joints_m", "expression", "joint_rotations", "root_rotation", "root_translation_m",
    "focal_px",
)  # fmt: skip
_SHAPES = (
    "people vertices 3", "people 4 3", "people shots expression", "people shots 4 3", "people shots 3",
    "people shots 3", "people shots",
)  # fmt: skip


def save_crowd(crowd: Crowd, path: str | Path) -> None:
    """Write a crowd as plain `.npz`; shapes are kept to 0.001 mm."""
    arrays = {name: getattr(crowd, name) for name in _ARRAYS}
    arrays["displacements_m"] = arrays["displacements_m"].astype(np.float32)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(
            stream,
            format_version=np.array(FORMAT_VERSION),
            groups=np.array(crowd.groups),
            size_px=np.array(crowd.size_px),
            seed=np.array(crowd.seed),
            head_name=np.array(crowd.head_name),
            head_version=np.array(crowd.head_version),
            **arrays,
        )


def load_crowd(path: str | Path) -> Crowd:
    """Read what `save_crowd` wrote.

    Raises:
        InputError: the file is missing, of another version or no crowd.
    """
    path = Path(path)
    with open_npz(
        path,
        what="holds no people; draw them anew with --assets FOLDER",
        missing="there is no such file; draw people with --assets FOLDER",
    ) as archive:
        values = FileValues(
            archive, source=path, remedy="holds no people; draw them anew with --assets FOLDER"
        )
        if values.integer("format_version") != FORMAT_VERSION:
            raise InputError("is of another version; draw the people anew with --assets", source=path)
        groups = values.texts("groups", "people")
        arrays = {
            name: values.array(name, shape, low=-1e6, high=1e6)
            for name, shape in zip(_ARRAYS, _SHAPES, strict=True)
        }
        if (arrays["focal_px"] <= 0).any():
            raise values.damaged("focal_px must be above 0")
        return Crowd(
            groups=groups,
            size_px=values.integer("size_px", low=1, high=100_000),
            seed=values.integer("seed", high=2**60),
            head_name=values.text("head_name"),
            head_version=values.text("head_version"),
            **arrays,
        )
