"""Whom an avatar follows: recordings of any kind as controls and turns of the head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.avatars.rig import AvatarControls, AvatarRig, Injection, controls_of
from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.results import HeadTrack
from mien.geometry.rotations import matrix_from_rotation_vector

VIDEO_RATE = 30.0
"""Of recordings that do not know theirs."""
_GROUPS = {
    "right_eye": range(36, 42), "left_eye": range(42, 48), "mouth": range(48, 68), "brows": range(17, 27)
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Drive:
    """A recording that an avatar can follow.

    Attributes:
        controls: for each moment.
        turns: (F, 3, 3) of the head before the camera, about its own axes, from the recording's typical pose.
        frames_per_second: of the moments.
    """

    controls: list[AvatarControls]
    turns: Float[np.ndarray, "frames 3 3"]
    frames_per_second: float


def read_drive(path: str | Path | None, rig: AvatarRig, *, relative: bool = True) -> Drive:
    """AvatarControls of a video, a track, a Live Link Face CSV or a JSON of weights; at rest when None.

    Args:
        relative: weights count from the recording's median (of tracks and videos).

    Raises:
        InputError: the file is none of these, or nobody is in it.
    """
    from mien.avatars.weight_files import is_weights_json, read_live_link_face, read_weights_json

    names = rig.head.expression_names
    if path is None:
        return _of_weights(np.zeros((1, len(names))), np.zeros((1, 3)), VIDEO_RATE)
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _of_weights(*read_live_link_face(path, names), VIDEO_RATE)
    if suffix == ".json" and is_weights_json(path):
        weights = read_weights_json(path, names)
        return _of_weights(weights, np.zeros((len(weights), 3)), VIDEO_RATE)
    if suffix in (".npz", ".json"):
        from mien.exporters.saved import read_track

        return drive_of_track(read_track(path), rig, relative=relative)
    from mien.tracking.video import track_video

    return drive_of_track(track_video(path), rig, relative=relative)


def drive_of_track(track: HeadTrack, rig: AvatarRig, *, relative: bool = True) -> Drive:
    """AvatarControls of a track of the built-in head; lost frames repeat the last good one.

    Raises:
        InputError: another head was tracked, or the face was lost throughout.
    """
    if not rig.head.takes_parameters_of(track.head_name, track.head_version):
        raise InputError(f"was tracked with the head {track.head_name}, not {rig.head.name}", source="track")
    if not track.tracked.any():
        raise InputError("the face was lost in every frame", source="track")
    names = rig.head.expression_names
    controls = [
        controls_of(expression, joints, names)
        for expression, joints in zip(track.expression, track.joint_rotations, strict=True)
    ]
    if relative:
        seen = np.stack([one.weights for one, found in zip(controls, track.tracked, strict=True) if found])
        rest = np.median(seen, axis=0)
        # Half the way back to the avatar's own rest: a face that never rests in its recording is not at rest
        controls = [replace(one, weights=np.clip(one.weights - 0.5 * rest, -0.2, 1.2)) for one in controls]
    rotations = np.stack([matrix_from_rotation_vector(one) for one in track.root_rotation])
    return Drive(controls, _turns(rotations), track.frames_per_second)


def with_weights(rig: AvatarRig, controls: AvatarControls, weights: Mapping[str, float]) -> AvatarControls:
    """AvatarControls with some weights set; a name without a side sets both.

    Raises:
        InputError: no shape is called so.
    """
    names = rig.head.expression_names
    out = controls.weights.copy()
    for name, value in weights.items():
        meant = [one for one in (name, f"{name}Left", f"{name}Right") if one in names]
        if not meant:
            raise InputError(f"{name!r} is no ARKit shape; the head has {', '.join(names)}", source="weights")
        for one in meant:
            out[names.index(one)] = value
    return replace(controls, weights=out)


def injection_into(
    rig: AvatarRig, controls: AvatarControls, group: str, weights: Mapping[str, float]
) -> Injection:
    """Weights that only the fields about some landmarks see (section 4.2).

    Args:
        group: "left_eye", "right_eye", "mouth" or "brows".

    Raises:
        InputError: there is no such group or shape, or the avatar has no fields of its own there.
    """
    if group not in _GROUPS:
        raise InputError(f"there is no group {group!r}; choose from {', '.join(_GROUPS)}", source="into")
    chosen = np.array([any(index in _GROUPS[group] for index in one) for one in rig.groups])
    if not chosen.any():
        raise InputError(
            "the avatar's one field is everywhere; nothing can be injected into a part", source=group
        )
    return Injection(with_weights(rig, controls, weights).weights, chosen)


def turned_camera(camera: Camera, turn: Float[np.ndarray, "3 3"]) -> Camera:
    """The camera as it sees a head turned about its own origin; its world stays the skull's frame."""
    pose = camera.camera_from_world.copy()
    pose[:3, :3] = pose[:3, :3] @ turn
    return replace(camera, camera_from_world=pose)


def seen_from(camera: Camera, azimuth_rad: float) -> Camera:
    """A camera that has gone round the head towards its left."""
    return turned_camera(camera, matrix_from_rotation_vector(np.array([0.0, -azimuth_rad, 0.0])))


def _of_weights(weights: np.ndarray, angles: np.ndarray, rate: float) -> Drive:
    """Of weights as they are, and rotation vectors of the head."""
    rotations = np.stack([matrix_from_rotation_vector(one) for one in angles])
    neck = np.zeros((2, 3))
    return Drive([AvatarControls(one, neck) for one in weights], _turns(rotations), rate)


def _turns(rotations: Float[np.ndarray, "frames 3 3"]) -> Float[np.ndarray, "frames 3 3"]:
    """From the pose nearest to all others."""
    traces = np.einsum("aij,bij->ab", rotations, rotations[:: max(1, len(rotations) // 200)])
    typical = rotations[int(traces.sum(axis=1).argmax())]
    return np.einsum("ji,fjk->fik", typical, rotations)
