"""A splat avatar as one file: safetensors, weights in half precision, the rest as JSON in its header."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from mien.avatars.splats.config import SplatConfig
from mien.avatars.splats.splat_avatar import SplatAvatar
from mien.avatars.splats.splat_head import SplatHead, steering
from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.files import write_bytes
from mien.heads.library import load_head
from mien.learning.stored_tensors import check_shapes, checked_tensors
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.reading.safetensors_files import open_safetensors
from mien.reading.settings import checked_settings

FORMAT_VERSION = 1
KIND = "splat_avatar"
_DESCRIPTION = "avatar.json"
_WHAT = "is no avatar of splats; train one with mien avatar train"
_REMEDY = "train the avatar again"
_RANGES: dict[str, tuple[float, float]] = {
    "on_skin": (1, 1_000_000), "in_hair": (0, 1_000_000), "codes": (0, 256), "steps": (1, 1e9),
}  # fmt: skip
_WHOLE = ("triangles",)


@checked_call
def save_splat_avatar(avatar: SplatAvatar, path: str | Path) -> Path:
    """Write an avatar; a file of that name is replaced.

    Raises:
        OutputError: the place takes no files.
    """
    from safetensors.torch import save

    from mien import __version__

    path = Path(path)
    document = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": KIND,
        "source": avatar.source,
        "head_name": avatar.head_name,
        "head_version": avatar.head_version,
        "units": "metres, radians, pixels; the camera is OpenCV's, its world is the skull's frame",
        "settings": asdict(avatar.splats.config),
        "identity": avatar.identity.tolist(),
        "rest": avatar.rest.tolist(),
        "intrinsics": np.asarray(avatar.camera.intrinsics).tolist(),
        "camera_from_skull": np.asarray(avatar.camera.camera_from_world).tolist(),
        "size_px": avatar.camera.width_px,
    }
    tensors = {
        name: (value.to(torch.int32) if name in _WHOLE else value.detach().half()).contiguous()
        for name, value in avatar.splats.state_dict().items()
    }
    write_bytes(path, save(tensors, metadata={_DESCRIPTION: json.dumps(document)}))
    return path


@checked_call
def load_splat_avatar(path: str | Path) -> SplatAvatar:
    """Read what `save_splat_avatar` wrote.

    Raises:
        InputError: it is no such file, damaged, for another head, or written by a newer mien.
    """
    path = Path(path)
    missing = "no such avatar; train one with mien avatar train"
    with open_safetensors(path, what=_WHAT, missing=missing) as file:
        document = parse_json(file.metadata.get(_DESCRIPTION, ""), source=path, what=_WHAT)
        if not isinstance(document, dict) or document.get("kind") != KIND:
            raise InputError(_WHAT, source=path)
        head = load_head()
        sizes = {"identity": head.identity_count, "expression": head.expression_count}
        values = FileValues(document, source=path, sizes=sizes, remedy=_REMEDY)
        if values.integer("format_version", low=1) > FORMAT_VERSION:
            raise InputError("was written by a newer mien; update mien", source=path)
        name, version = values.text("head_name"), values.text("head_version")
        if not head.takes_parameters_of(name, version):
            raise InputError(f"was made for another head than {head.name} {head.version}", source=path)
        config = checked_settings(
            SplatConfig, document.get("settings"), source=path, what="settings", ranges=_RANGES
        )
        controls = len(steering(head.neutral()))
        shapes = {key: member.shape for key, member in file.members.items()}
        check_shapes(lambda: SplatHead(config, controls=controls), shapes, source=path)
        tensors = checked_tensors(file.members, source=path)
        splats = SplatHead(config, controls=controls)
        triangles = tensors["triangles"].long()
        if triangles.min() < 0 or triangles.max() >= len(head.mean_m):
            raise values.damaged("its splats sit on vertices that the head does not have")
        splats.load_state_dict({
            key: value.long() if key in _WHOLE else value.float() for key, value in tensors.items()
        })  # fmt: skip
        size = values.integer("size_px", low=8, high=8192)
        return SplatAvatar(
            source=values.text("source"),
            head_name=name,
            head_version=version,
            identity=values.array("identity", "identity", low=-100, high=100),
            rest=values.array("rest", "expression", low=-10, high=10),
            splats=splats.eval(),
            camera=Camera(
                values.array("intrinsics", "3 3", low=-1e6, high=1e6),
                values.array("camera_from_skull", "4 4", low=-1e3, high=1e3),
                size,
                size,
            ),
        )
