"""An avatar as a folder: avatar.json and weights.safetensors; plain data, which can be moved."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.avatars.avatar import Avatar, AvatarFacts
from mien.avatars.config import AvatarConfig
from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.files import check_folder_could_be_made, new_folder
from mien.heads.library import load_head
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.regular_files import exists
from mien.reading.settings import checked_settings

if TYPE_CHECKING:
    from mien.avatars.field_avatar import FieldAvatar

FORMAT_VERSION = 1
JSON_NAME, WEIGHTS_NAME = "avatar.json", "weights.safetensors"
_REMEDY = "copy the avatar again, or train it anew with mien avatar train"
_SMALL: dict[str, tuple[float, float]] = {
    "hidden": (1, 4096), "frequencies": (0, 32), "deformation_code": (0, 4096), "appearance_code": (0, 4096),
    "radius": (1e-4, 1e3), "cutoff": (1e-9, 0.999), "step_m": (1e-4, 1.0), "guide_reach": (1e-4, 1e3),
    "resolutions": (4, 1024), "density_components": (1, 512), "color_components": (1, 512),
    "color_features": (1, 512), "color_width": (1, 1024), "feature_frequencies": (0, 16),
    "direction_frequencies": (-1, 16),
}  # fmt: skip


def is_avatar(folder: str | Path) -> bool:
    """Whether a folder holds an avatar."""
    return (Path(folder) / JSON_NAME).is_file()


@checked_call
def save_avatar(avatar: Avatar, folder: str | Path) -> Path:
    """Write an avatar into a folder of its own, which appears only when complete; an older one is replaced.

    Args:
        avatar: of either kind.
        folder: usually NAME.avatar.

    Raises:
        InputError: the folder holds something else.
        OutputError: the place takes no files.
    """
    from safetensors.torch import save

    folder = Path(folder)
    if folder.exists() and not is_avatar(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("exists and is no avatar; choose another name", source=folder)
    check_folder_could_be_made(folder)
    document, tensors = _document(avatar), avatar.tensors()
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    if is_avatar(folder):
        from mien.files import write_bytes, write_text

        write_bytes(folder / WEIGHTS_NAME, save(tensors))
        write_text(folder / JSON_NAME, json.dumps(document, indent=1))
        return folder
    with new_folder(folder) as temporary:
        (temporary / WEIGHTS_NAME).write_bytes(save(tensors))
        (temporary / JSON_NAME).write_text(json.dumps(document, indent=1), encoding="utf-8")
    return folder


@checked_call
def load_avatar(folder: str | Path) -> Avatar:
    """Read an avatar of either kind.

    Args:
        folder: that `save_avatar` wrote.

    Raises:
        InputError: it is none, damaged, of another head, or written by a newer mien.
        MissingExtraError: torch is missing.
    """
    from mien.avatars.field_avatar import KIND
    from mien.fields import require_torch

    require_torch()
    folder = Path(folder)
    path = folder / JSON_NAME
    if not exists(path):
        raise InputError(
            f"is no avatar: expected a folder with {JSON_NAME}, of mien avatar train", source=folder
        )
    document = read_json_object(path, what=f"cannot be read as JSON; {_REMEDY}")
    values = FileValues(document, source=path, remedy=_REMEDY)
    kinds = (KIND, "surface_avatar", "splat_avatar")
    kind = values.text("kind", choices=kinds)
    version = values.integer("format_version", low=1)
    if version > FORMAT_VERSION:
        raise InputError(
            f"has format {version}, and this mien reads {FORMAT_VERSION}; update mien", source=path
        )
    head = load_head()
    if not head.takes_parameters_of(values.text("head_name"), values.text("head_version")):
        raise InputError("is of another head than this mien's; train it anew", source=path)
    common = {
        "identity": values.array("identity", str(head.identity_count), low=-100, high=100),
        "camera": Camera(
            values.array("camera_intrinsics", "3 3", low=-1e6, high=1e6),
            values.array("camera_from_skull", "4 4", low=-1e3, high=1e3),
            values.integer("width_px", low=1, high=16384),
            values.integer("height_px", low=1, high=16384),
        ),
        "facts": _facts(document.get("training"), path),
    }
    if kind == KIND:
        return _field_avatar(document, values, folder, **common)
    if kind == "splat_avatar":
        from mien.avatars.splats.files import splat_avatar

        return splat_avatar(document, values, folder / WEIGHTS_NAME, **common)
    from mien.avatars.surface_files import surface_avatar

    return surface_avatar(document, values, folder / WEIGHTS_NAME, **common)


def _document(avatar: Avatar) -> dict[str, Any]:
    from mien import __version__

    head, camera = avatar.rig.head, avatar.camera
    return {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": avatar.kind,
        "head_name": head.name,
        "head_version": head.version,
        "units": "metres, pixels; the camera's world is the skull's frame",
        "identity": np.asarray(avatar.rig.identity).tolist(),
        "camera_intrinsics": camera.intrinsics.tolist(),
        "camera_from_skull": camera.camera_from_world.tolist(),
        "width_px": camera.width_px,
        "height_px": camera.height_px,
        "training": dataclasses.asdict(avatar.facts),
        **avatar.settings(),
    }


def _facts(values: object, path: Path) -> AvatarFacts:
    if not isinstance(values, dict) or not isinstance(values.get("figures"), dict):
        raise InputError(f"is damaged: training is missing; {_REMEDY}", source=path)
    figures = FileValues(values["figures"], source=path, remedy=_REMEDY)
    numbers = {str(name): figures.number(name) for name in values["figures"]}
    plain = {name: value for name, value in values.items() if name != "figures"}
    facts = checked_settings(AvatarFacts, plain, source=path, what="training")
    return dataclasses.replace(facts, figures=numbers)


def _field_avatar(
    document: dict[str, Any], values: FileValues, folder: Path, *, identity: np.ndarray, camera: Camera,
    facts: AvatarFacts,
) -> FieldAvatar:  # fmt: skip
    from mien.avatars.field_avatar import FieldAvatar
    from mien.avatars.model import AvatarModel
    from mien.avatars.rig import AvatarRig
    from mien.fields.grids.occupancy import Occupancy
    from mien.learning.stored_tensors import check_shapes, checked_tensors
    from mien.reading.safetensors_files import open_safetensors

    source = values.source
    canonical = checked_settings(
        FieldConfig, document.get("canonical"), source=source, what="canonical", ranges=_SMALL
    )
    config = checked_settings(
        AvatarConfig, document.get("config"), source=source, what="config", ranges=_SMALL
    )
    config = dataclasses.replace(config, canonical=canonical)
    bounds_m = values.array("bounds_m", "2 3", low=-1e3, high=1e3)
    if (bounds_m[1] - bounds_m[0] < 1e-3).any():
        raise values.damaged("bounds_m must be the lower and the upper corner of a box")
    size = values.integer("cells", low=1, high=256)
    resolution = values.integer("resolution", low=2, high=1024)
    frames = values.integer("codes", low=1, high=1_000_000)
    rig = AvatarRig(identity, points=config.points)
    with open_safetensors(
        folder / WEIGHTS_NAME, what=f"is damaged and holds no weights; {_REMEDY}", missing="is missing"
    ) as file:
        members = dict(file.members)
        cells = []
        for name in ("occupancy_bits", "observed_bits"):
            bits = members.pop(name, None)
            if bits is None or bits.shape != (-(-(size**3) // 8),) or bits.dtype != np.uint8:
                raise values.damaged(f"the weights hold no {name} of {size}³ cells")
            cells.append(Occupancy.unpacked(bits.read(), size))

        def make() -> AvatarModel:
            return AvatarModel(config, rig, bounds_m, observed=cells[1], frames=frames, resolution=resolution)

        shapes = {name: member.shape for name, member in members.items()}
        check_shapes(make, shapes, source=folder / WEIGHTS_NAME)
        model = make()
        model.load_state_dict(checked_tensors(members, source=folder / WEIGHTS_NAME))
    model.canonical.occupancy = cells[0]
    return FieldAvatar(model, camera=camera, facts=facts)
