"""3D landmarks of a face in a picture, from the network that has learned to lift."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.geometry.rotations import nearest_rotation
from mien.landmarks.landmarker import check_image
from mien.landmarks.networks import open_session, read_card
from mien.landmarks.region import Region, region_from_points
from mien.landmarks.types import Landmarks2D
from mien.reading.file_values import FileValues

SHIPPED = Path(__file__).parent / "data"
"""Folder of the networks that are installed with mien."""
_OUTPUTS = ["points_m", "points", "cholesky", "rotation", "translation_m"]
CROP_FRAMING_SET = "dense703"
"""The set whose points say where the crop lies, in training; all dense sets frame faces alike."""


@dataclass(frozen=True, eq=False)
class LiftedFace:
    """A face's landmarks in 3D and where they are seen.

    Attributes:
        points_m: (L, 3) in the head's own frame, metres: +x to the subject's left, +y up, +z out of the face.
            Sizes are those of usual people: a picture alone does not tell them.
        points_px: (L, 2) their projection into the picture, pixels.
        covariance_px: (L, 2, 2) of these, pixels².
        set_name: what the landmarks are.
        camera: the virtual camera of the crop that was looked at, in the head's frame (camera_from_world is
            camera from head); its picture is the crop.
        region: that crop in the picture.
    """

    points_m: Float[np.ndarray, "landmarks 3"]
    points_px: Float[np.ndarray, "landmarks 2"]
    covariance_px: Float[np.ndarray, "landmarks 2 2"]
    set_name: str
    camera: Camera
    region: Region

    @property
    def sigma_px(self) -> Float[np.ndarray, " landmarks"]:
        """(L,) deviations of circles as large as the covariances' ellipses."""
        return np.linalg.det(self.covariance_px) ** 0.25

    @property
    def landmarks(self) -> Landmarks2D:
        """The 2.5D landmarks as any others: points with circular deviations."""
        return Landmarks2D(self.points_px, self.sigma_px, self.set_name)

    @property
    def yaw_pitch_roll_rad(self) -> tuple[float, float, float]:
        """Turn of the head to its left, up, and clockwise in the picture."""
        turn = np.diag([1.0, -1.0, -1.0]) @ self.camera.camera_from_world[:3, :3]
        forward = turn[:, 2]
        yaw = float(np.arctan2(forward[0], forward[2]))
        pitch = float(np.arcsin(np.clip(forward[1], -1, 1)))
        up = self.camera.camera_from_world[:3, 1]
        return yaw, pitch, float(np.arctan2(up[0], -up[1])) + self.region.roll_rad


class Lifter:
    """Lifts faces whose 2D landmarks are known.

    >>> lifter = Lifter()
    >>> face = lifter(image, landmarker(image)[0])
    >>> face.points_m                                   # (98, 3), by WFLW's definition
    """

    @checked_call
    def __init__(
        self, network: str | Path = "lifting", *, threads: int = 1, both_ways: bool | None = None
    ) -> None:
        """
        Args:
            network: a shipped network's name, or the path of an .onnx file with its card beside it.
            threads: threads that one run may use.
            both_ways: look at the mirrored crop too and take the mean, in twice the time; as the card says
                unless given.

        Raises:
            InputError: the network or its card is missing or unreadable.
        """
        path = find_lifting_network(network)
        self.card = read_card(path)
        values = FileValues(self.card.values, source=self.card.path, remedy="export the network again")
        self.set_name = values.text("set_name", longest=100)
        self.input_size = values.integer("input_size", low=8, high=1024)
        self.crop_scale = values.number("crop_scale", low=0.1, high=10.0)
        self.focal = values.number("focal", low=0.1, high=100.0)
        self.both_ways = self.card.values.get("both_ways") is True if both_ways is None else both_ways
        self._session = open_session(path, threads=threads)

    @property
    def template_m(self) -> Float[np.ndarray, "landmarks 3"]:
        """(L, 3) the mean of what was learned from: what faces are told as offsets from, metres."""
        values = FileValues(self.card.values, source=self.card.path, remedy="export the network again")
        return np.array(values.array("template_m", "landmarks 3", low=-10, high=10), float)

    @checked_call
    def __call__(self, image: UInt8[np.ndarray, "height width 3"], face: Landmarks2D) -> LiftedFace:
        """The face's landmarks in 3D.

        Args:
            face: its 2D landmarks by any network of mien, in a dense set: they say where to look.

        Raises:
            ShapeError: the picture has another shape or type.
            InputError: the landmarks are not finite, or fewer than their set has.
        """
        check_image(image)
        region = region_from_points(face.points_px, face.set_name).scaled(self.crop_scale)
        return self.in_region(image, region)

    def in_region(self, image: UInt8[np.ndarray, "height width 3"], region: Region) -> LiftedFace:
        """The same for a crop that is known: upright, the face in its middle.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: where the face is.
        """
        crop = region.crop(image, self.input_size)
        answer = self._look(crop)
        if self.both_ways:
            answer = _mean(answer, _mirrored(self._look(crop[:, ::-1]), self._mirror))
        half_px = region.side_px / 2
        factor = np.zeros((len(answer.points), 2, 2))
        factor[:, 0, 0], factor[:, 1, 1] = np.exp(answer.cholesky[:, 0]), np.exp(answer.cholesky[:, 2])
        factor[:, 1, 0] = answer.cholesky[:, 1]
        factor = half_px * (region.axes.T @ factor)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = answer.rotation, answer.translation_m
        size = self.input_size
        return LiftedFace(
            points_m=answer.points_m,
            points_px=region.network_to_picture(answer.points),
            covariance_px=factor @ factor.transpose(0, 2, 1),
            set_name=self.set_name,
            camera=Camera.from_focal(
                self.focal * size, width_px=size, height_px=size, camera_from_world=pose
            ),
            region=region,
        )

    @property
    def _mirror(self) -> np.ndarray:
        from mien.heads.landmark_sets import mirror_indices

        return np.asarray(mirror_indices(self.set_name))

    def _look(self, crop: np.ndarray) -> _Answer:
        from mien.landmarks.predictor import network_input

        try:
            found = self._session.run(_OUTPUTS, {"image": network_input(crop)})
            arrays = [np.asarray(one, float)[0] for one in found]
        except Exception as error:  # onnxruntime's own error classes are not public
            raise InputError(f"is no lifting network: {error}", source=self.card.path) from error
        count = len(arrays[0]) if arrays[0].ndim else 0
        expected = [(count, 3), (count, 2), (count, 3), (3, 3), (3,)]
        if not count or [one.shape for one in arrays] != expected:
            raise InputError(
                "is no lifting network: its answers have other shapes; export it again", source=self.card.path
            )
        if not all(np.isfinite(one).all() for one in arrays):
            raise InputError(
                "answers with numbers that are not finite; export it again", source=self.card.path
            )
        return _Answer(*arrays)


@dataclass(frozen=True)
class _Answer:
    """What a network says of one crop; see `mien.training.lifting.network.LiftedOutput`."""

    points_m: np.ndarray
    points: np.ndarray
    cholesky: np.ndarray
    rotation: np.ndarray
    translation_m: np.ndarray


def _mirrored(answer: _Answer, mirror: np.ndarray) -> _Answer:
    """What the answer to a mirrored crop says of the crop itself."""
    flip = np.diag([-1.0, 1.0, 1.0])
    return _Answer(
        answer.points_m[mirror] * np.array([-1.0, 1.0, 1.0]),
        answer.points[mirror] * np.array([-1.0, 1.0]),
        answer.cholesky[mirror] * np.array([1.0, -1.0, 1.0]),
        flip @ answer.rotation @ flip,
        flip @ answer.translation_m,
    )


def _mean(first: _Answer, second: _Answer) -> _Answer:
    names = ("points_m", "points", "cholesky", "rotation", "translation_m")
    values = {name: (getattr(first, name) + getattr(second, name)) / 2 for name in names}
    values["rotation"] = nearest_rotation(values["rotation"])
    return _Answer(**values)


def find_lifting_network(name_or_path: str | Path) -> Path:
    """The file of a shipped lifting network by name, or of the user's own by path.

    Raises:
        InputError: there is no such file.
    """
    given = Path(name_or_path)
    if given.suffix == ".onnx" and given.is_file():
        return given
    shipped = SHIPPED / f"{name_or_path}.onnx"
    if given.suffix != ".onnx" and shipped.is_file():
        return shipped
    known = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.onnx"))) or "none"
    raise InputError(
        f"no such lifting network (installed: {known}); name one of these or the path of an .onnx file",
        source=given,
    )
