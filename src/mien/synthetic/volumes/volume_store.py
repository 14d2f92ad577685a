"""A store of analytic volumes on disk: made once, in pieces, and sampled from ever after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.files import atomic_path
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.progress import ProgressReport, reported, silent
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz
from mien.synthetic.expressions import (
    NamedExpression,
    PersonalStyle,
    all_expressions,
    basic_expressions,
)
from mien.synthetic.scenes.expressions import eye_joints, random_expression
from mien.synthetic.scenes.neck import neck_border
from mien.synthetic.scenes.posed_scene import PosedStudio, scene_light
from mien.synthetic.scenes.scene import random_identity
from mien.synthetic.volumes.head_volume import HeadVolume, cap_points, voxelise
from mien.synthetic.volumes.surface_samples import SPACING_M, SurfaceSampler, SurfaceSamples

FORMAT_VERSION = 2
HELD_OUT_SKINS = (
    "middleage_darkskinned_female_diffuse",
    "old_lightskinned_male_diffuse2",
    "young_darkskinned_male_diffuse",
    "young_lightskinned_female_diffuse3",
    "young_lightskinned_male_diffuse2",
)
"""Skins of the test people: no training volume has them."""
LIKELY_SOLID_L = (2.0, 14.0)
"""Litres that a filled head (with hair and shoulders) has; others leaked."""


class LeakedVolumeError(InputError):
    """A head could not be filled, because its surface has a hole."""


@dataclass(frozen=True)
class Draw:
    """What a seed of the store shows.

    Attributes:
        kind: "basic", "listed" (the other 90 of the 110) or "random".
    """

    parameters: HeadParameters
    kind: str
    name: str


@lru_cache(maxsize=2)
def _lists(head: Head) -> tuple[list[NamedExpression], list[NamedExpression]]:
    basic = basic_expressions(head)
    return basic, all_expressions(head)[len(basic) :]


def draw_person(
    head: Head, seed: int, *, take: int = 0, identity: Float[np.ndarray, " i"] | None = None
) -> Draw:
    """Who, and which expression, belongs to a seed.

    Args:
        take: another expression of the same person.
        identity: instead of the seed's, for heads with other identities.
    """
    rng = np.random.default_rng([seed, 21])
    drawn = random_identity(head, rng)
    identity = drawn if identity is None else identity
    style = PersonalStyle.of(head, identity, seed=seed)
    if take:
        rng = np.random.default_rng([seed, 24, take])
    pick = rng.random()
    joints = np.zeros((4, 3))
    basic, listed = _lists(head)
    if pick < 0.75:
        group, kind = (basic, "basic") if pick < 0.4 else (listed, "listed")
        one = group[rng.integers(len(group))]
        weights, name = one.weights, one.name
    else:
        weights, gaze = random_expression(head, rng)
        joints[2:] = eye_joints(head, style.apply(weights), gaze)
        kind, name = "random", "random"
    parameters = HeadParameters(identity, style.apply(weights), joints, np.zeros(3), np.zeros(3))
    return Draw(parameters, kind, f"{seed}-{name}")


class VolumeMaker:
    """Makes the volume that belongs to a seed."""

    def __init__(self, studio: PosedStudio) -> None:
        self.studio = studio
        self._sampler = SurfaceSampler(studio)
        self._border = neck_border(studio.head)
        self._ict68 = studio.head.landmark_set("ict68").vertices
        self._skins = [name for name in studio.skin_names if name not in HELD_OUT_SKINS]

    def make(self, seed: int) -> HeadVolume:
        """The volume.

        Raises:
            LeakedVolumeError: the surface has a hole; try the next seed.
        """
        rng = np.random.default_rng([seed, 22])
        draw = draw_person(self.studio.head, seed)
        sitter = self.studio.dress(
            draw.parameters,
            seed=int(rng.integers(2**31)),
            skin=str(rng.choice(self._skins)),
            hair="none" if rng.random() < 0.2 else None,
            accessories=bool(rng.random() < 0.12),
            shoulders=bool(rng.random() < 0.2),
        )
        kind = "studio" if rng.random() < 0.4 else "random"
        light = scene_light(kind, seed=int(rng.integers(2**31)), skin_level=sitter.looks.skin_level)
        points = self._sampler.sample(sitter, light, rng)
        return self.fill(points, draw.parameters, name=draw.name, kind=draw.kind)

    def fill(self, points: SurfaceSamples, parameters: HeadParameters, *, name: str, kind: str) -> HeadVolume:
        """A volume from a head's coloured surface.

        Raises:
            LeakedVolumeError: the surface has a hole.
        """
        vertices_m = self.studio.head.vertices_m(parameters)
        cap_m = cap_points(vertices_m, self._border, SPACING_M)
        rgba, low_m = voxelise(points, cap_m)
        volume = HeadVolume(rgba, low_m, 0.0025, vertices_m[self._ict68], parameters.expression, name, kind)
        litres = float((rgba[..., 3] > 127).sum()) * volume.voxel_m**3 * 1000
        if not LIKELY_SOLID_L[0] < litres < LIKELY_SOLID_L[1]:
            raise LeakedVolumeError(f"the surface has a hole: {litres:.1f} litres", source=name)
        return volume


def write_volume(path: Path, volume: HeadVolume) -> None:
    """One volume as .npz."""
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(
            stream,
            format_version=np.array(FORMAT_VERSION),
            rgba=volume.rgba,
            low_m=volume.low_m,
            voxel_m=np.array(volume.voxel_m),
            landmarks_m=volume.landmarks_m,
            expression=volume.expression,
            name=np.array(volume.name),
            kind=np.array(volume.kind),
        )


def read_volume(path: Path) -> HeadVolume:
    """A volume that `write_volume` wrote.

    Raises:
        InputError: it is none.
    """
    no_volume = "is not a volume of mien train field-landmarks volumes"
    with open_npz(path, what=no_volume, missing=no_volume) as archive:
        values = FileValues(
            archive, source=path, remedy="make it anew with: mien train field-landmarks volumes"
        )
        version = values.integer("format_version")
        if version != FORMAT_VERSION:
            raise InputError(
                f"has format {version}, this mien reads {FORMAT_VERSION}; make it anew", source=path
            )
        return HeadVolume(
            values.array("rgba", "x y z 4", kind="integer", low=0, high=255).astype(np.uint8),
            values.array("low_m", "3", low=-1e3, high=1e3),
            values.number("voxel_m", low=1e-6, high=10.0),
            values.array("landmarks_m", "68 3", low=-1e3, high=1e3),
            values.array("expression", "expression", low=-1e3, high=1e3),
            values.text("name"),
            values.text("kind"),
        )


def make_volume_store(
    assets: Path,
    folder: Path,
    *,
    first_seed: int,
    count: int,
    report: ProgressReport = silent,
) -> int:
    """Write volumes for seeds that are not there yet; returns how many were written.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made (dressing needs it for ambient occlusion).
    """
    maker, written = None, 0
    for seed in reported(range(first_seed, first_seed + count), report, label="volumes"):
        path = folder / f"{seed:06d}.npz"
        if not path.exists():
            maker = maker or VolumeMaker(PosedStudio(assets, size_px=64, even_hair=True))
            try:
                write_volume(path, maker.make(seed))
                written += 1
            except LeakedVolumeError:  # its seed stays without a volume
                pass
    return written
