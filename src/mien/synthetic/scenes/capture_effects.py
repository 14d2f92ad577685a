"""What makes captures harder than studio pictures: surroundings, changing exposure, a lens that bends, and
cameras that are not quite known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.synthetic.scenes.posed_scene import PosedView, look_at
from mien.synthetic.scenes.scene_request import SceneRequest
from mien.synthetic.scenes.surroundings import Surroundings

LENS_TERMS = (-0.28, 0.07, 0.0, 0.0)
"""k1, k2, p1, p2 of the lens with distortion."""
LENS_ZOOM = 1.06
"""Its focal length over the pinhole's: all that it shows the pinhole's picture has."""
WHITE_BALANCE = 0.15
"""Of an exposure's deviation: the channels' own."""
GAMMA = 2.2
ORBIT_AZIMUTH_RAD = np.radians(75.0)
SHAKE_M, SHAKE_RAD = 0.012, np.radians(1.2)
"""A hand's: deviations along and about each axis."""


@dataclass(frozen=True, eq=False)
class Capture:
    """Pictures as somebody has them.

    Attributes:
        views: pictures, depths and true cameras.
        silhouettes: (H, W) uint8 each, the truth.
        cut_out: whether pictures hold silhouettes as alpha.
        believed: cameras as the capture's file states them, without the lens's distortion.
        lens_terms: k1, k2, p1, p2; None of a pinhole.
    """

    views: tuple[PosedView, ...]
    silhouettes: tuple[UInt8[np.ndarray, "h w"], ...]
    cut_out: bool
    believed: tuple[Camera, ...]
    lens_terms: tuple[float, ...] | None


def captured(views: list[PosedView], request: SceneRequest) -> Capture:
    """Studio pictures as a capture: see `SceneRequest`."""
    rng = np.random.default_rng([request.looks_seed, request.person, 21])
    surroundings = None
    if request.surroundings != "none":
        surroundings = Surroundings.of(request.surroundings, seed=request.looks_seed)
    gains = _gains(rng, len(views), request)
    out, silhouettes, believed = [], [], []
    for view, gain in zip(views, gains, strict=True):
        picture = view.picture
        if surroundings is not None:
            alpha = picture[..., 3:].astype(np.float32) / 255
            mixed = picture[..., :3] * alpha + surroundings.picture(view.camera) * (1 - alpha)
            picture = np.concatenate([np.rint(mixed).astype(np.uint8), picture[..., 3:]], axis=2)
        if request.exposure:
            linear = (picture[..., :3] / 255.0) ** GAMMA * gain
            shown = np.rint(255 * np.clip(linear, 0, 1) ** (1 / GAMMA)).astype(np.uint8)
            picture = np.concatenate([shown, picture[..., 3:]], axis=2)
        view = replace(view, picture=picture)
        if request.distortion:
            view = _bent(view)
        believed.append(_noisy(view.camera, rng, request))
        silhouettes.append(view.picture[..., 3])
        if surroundings is not None:
            view = replace(view, picture=np.ascontiguousarray(view.picture[..., :3]))
        out.append(view)
    terms = LENS_TERMS if request.distortion else None
    return Capture(tuple(out), tuple(silhouettes), surroundings is None, tuple(believed), terms)


def orbit_cameras(
    centre_m: Float[np.ndarray, " 3"],
    *,
    count: int,
    size_px: int,
    distance_m: float,
    radius_m: float,
    seed: int,
) -> list[Camera]:
    """A phone's way from one side of a face to the other and up and down, held by hand."""
    rng = np.random.default_rng([seed, 31])
    focal_px = 0.5 * size_px * np.sqrt(distance_m**2 - radius_m**2) / radius_m
    shakes = _smooth(rng.normal(size=(count, 6)))
    cameras = []
    for index in range(count):
        part = index / max(1, count - 1)
        azimuth = ORBIT_AZIMUTH_RAD * np.sin(2 * np.pi * (0.75 * part) - np.pi / 2)
        elevation = np.radians(6 + 16 * np.sin(2 * np.pi * part * 1.5))
        away = np.array(
            [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
        )
        eye_m = centre_m + distance_m * away + SHAKE_M * shakes[index, :3]
        pose = look_at(centre_m, eye_m)
        turn = np.eye(4)
        turn[:3, :3] = matrix_from_rotation_vector(SHAKE_RAD * shakes[index, 3:])
        cameras.append(
            Camera.from_focal(
                float(focal_px), width_px=size_px, height_px=size_px, camera_from_world=turn @ pose
            )
        )
    return cameras


def _smooth(steps: np.ndarray) -> np.ndarray:
    """Noise whose neighbours are alike, of deviation one."""
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    padded = np.pad(steps, ((6, 6), (0, 0)), mode="reflect")
    out = np.stack([np.convolve(padded[:, k], kernel, mode="valid") for k in range(steps.shape[1])], axis=1)
    return out / np.maximum(out.std(axis=0), 1e-9)


def _gains(rng: np.random.Generator, count: int, request: SceneRequest) -> np.ndarray:
    common, own = rng.normal(size=(count, 1)), rng.normal(size=(count, 3))
    if request.sides == "orbit" and count > 12:
        common, own = _smooth(common), _smooth(own)
    return np.exp(request.exposure * (common + WHITE_BALANCE * own))


def _bent(view: PosedView) -> PosedView:
    """What the lens makes of a pinhole's picture; the camera becomes the lens's own."""
    camera = view.camera
    size = camera.width_px, camera.height_px
    own = camera.with_focal(camera.focal_px * LENS_ZOOM)
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    pixels = np.stack([x, y], axis=-1).reshape(-1, 1, 2)
    straight = cv2.undistortPoints(pixels, own.intrinsics, np.array(LENS_TERMS))[:, 0]
    places = straight @ camera.intrinsics[:2, :2].T + camera.intrinsics[:2, 2]
    column, row = (np.ascontiguousarray(places[:, k].reshape(size[::-1]), np.float32) for k in range(2))
    picture = cv2.remap(np.ascontiguousarray(view.picture), column, row, cv2.INTER_LINEAR)
    depth_m = cv2.remap(np.ascontiguousarray(view.depth_m), column, row, cv2.INTER_NEAREST)
    return replace(view, picture=picture, depth_m=depth_m, camera=own)


def _noisy(camera: Camera, rng: np.random.Generator, request: SceneRequest) -> Camera:
    turn, shift = rng.normal(size=3), rng.normal(size=3)
    pose = camera.camera_from_world.copy()
    pose[:3, 3] += -pose[:3, :3] @ (0.001 * request.noise_mm * shift)
    noise = np.eye(4)
    noise[:3, :3] = matrix_from_rotation_vector(np.radians(request.noise_deg) * turn)
    return replace(camera, camera_from_world=noise @ pose)
