"""False detections: how often a head is found where there is no face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mien.errors import InputError
from mien.evaluation.fields.held_out_fields import TestField
from mien.evaluation.fields.volume_fields import volume_as_field
from mien.fields.protocol import Field
from mien.fields.ray_context import RayContext
from mien.fields.wrapped_field import WrappedField
from mien.landmarks_in_fields.network_files import read_networks
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
from mien.landmarks_in_fields.second_opinion import PicturesConfig
from mien.progress import ProgressReport, reported, silent
from mien.synthetic.negatives.face_cut import FaceCut
from mien.synthetic.negatives.solid_pictures import pictures_around_solid
from mien.synthetic.negatives.solid_volume import solid_volume
from mien.synthetic.negatives.solids import random_solid
from mien.synthetic.negatives.things import things

THINGS_FOLDER = "things"
VIEWS, SIZE_PX = 24, 96
"""Of the pictures that a thing's field is trained on."""
MARGIN_M = 0.02
RANDOM_BODIES, RANDOM_SEED = 40, 424_242
NOWHERE_M = np.zeros((68, 3))
FACELESS_EVERY = 5
"""Every Nth test field is looked at without its face."""


@dataclass(frozen=True)
class Rejection:
    """What was said of fields of one kind.

    Attributes:
        kind: of fields; has_head: whether they show a head.
        names, confidences, found: one each.
    """

    kind: str
    has_head: bool
    names: tuple[str, ...]
    confidences: tuple[float, ...]
    found: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class FacelessField(WrappedField):
    """A field of a head whose face is taken away.

    Attributes:
        inner: the head's field; cut: what is taken away, the field's frame.
    """

    cut: FaceCut

    def density(
        self, points_m: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        return self.inner.density(points_m, context) * self._left(points_m)

    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        density, color = self.inner.density_and_color(points_m, directions, context)
        return density * self._left(points_m), color

    def _left(self, points_m: Tensor) -> Tensor:
        """1 behind the cut, 0 in front of it."""
        behind = self.cut.depth_m(points_m.detach().cpu().numpy()) > 0
        return points_m.new_tensor(behind)


def make_things(folder: Path, *, report: ProgressReport = silent) -> int:
    """Photograph things and train their fields (draft preset) into `folder`/things where they are missing;
    returns how many were trained."""
    from mien.fields.config import FieldConfig
    from mien.fields.files import save_field
    from mien.fields.train import train_field

    missing = [name for name in things() if not (_place(folder, name) / "field.json").exists()]
    for name in reported(missing, report, label="fields of things"):
        solid = things()[name]
        pictures = pictures_around_solid(solid, views=VIEWS, size_px=SIZE_PX)
        bounds_m = solid.bounds_m(margin_m=MARGIN_M)
        field = train_field(pictures, FieldConfig.preset("draft"), bounds_m=bounds_m, device="cpu")
        save_field(field, _place(folder, name))
    return len(missing)


def _place(folder: Path, name: str) -> Path:
    return folder / THINGS_FOLDER / name / "field"


def measure_rejection(
    folder: Path,
    fields: Sequence[TestField],
    *,
    networks: Path | None = None,
    pictures: bool = True,
    report: ProgressReport = silent,
) -> list[Rejection]:
    """Look for heads in fields that show none, and in the same heads with their faces.

    Args:
        folder: of the test fields; fields: those to take the faces from, every fifth of them.
        networks: the shipped ones when None; pictures: of what they take for a head are looked at too.
        report: told how far each kind is.

    Raises:
        InputError: the things' fields are not there.
    """
    config = SearchConfig(second_opinion=PicturesConfig() if pictures else None)
    landmarker = FieldLandmarker(None if networks is None else read_networks(networks), config)
    some = fields[::FACELESS_EVERY]
    kinds: list[tuple[str, bool, list[tuple[str, Field]]]] = [
        ("things, trained fields", False, list(_trained_things(folder))),
        ("things, grids", False, list(_solid_things())),
        ("random bodies, grids", False, list(_random_bodies())),
        ("heads without a face", False, [(_name(one), _faceless(one)) for one in some]),
        ("the same heads", True, [(_name(one), one.field()) for one in some]),
    ]
    out = []
    for kind, has_head, sources in kinds:
        found = [(name, landmarker(source)) for name, source in reported(sources, report, label=kind)]
        out.append(
            Rejection(
                kind,
                has_head,
                tuple(name for name, _ in found),
                tuple(one.confidence for _, one in found),
                tuple(one.found for _, one in found),
            )
        )
    return out


def _trained_things(folder: Path) -> Iterator[tuple[str, Field]]:
    from mien.fields.files import load_field

    for name in things():
        place = _place(folder, name)
        if not (place / "field.json").exists():
            raise InputError(
                "there is no field of this thing; train it with: mien benchmark field-landmarks --data "
                f"{folder} --make --assets ASSETS",
                source=place,
            )
        yield name, load_field(place)


def _solid_things() -> Iterator[tuple[str, Field]]:
    for name, solid in things().items():
        volume = solid_volume(solid, NOWHERE_M)
        assert volume is not None
        yield name, volume_as_field(volume)


def _random_bodies() -> Iterator[tuple[str, Field]]:
    rng = np.random.default_rng(RANDOM_SEED)
    count = 0
    while count < RANDOM_BODIES:
        volume = solid_volume(random_solid(rng), NOWHERE_M)
        if volume is not None:
            count += 1
            yield f"body {count}", volume_as_field(volume)


def _name(one: TestField) -> str:
    return f"person {one.person} {one.expression}"


def _faceless(one: TestField) -> FacelessField:
    """Cut behind every landmark."""
    return FacelessField(one.field(), FaceCut(float(one.landmarks_m[:, 2].min())))
