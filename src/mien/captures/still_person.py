"""Cameras of pictures that come without any: somebody holds still, and a camera goes around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.captures.bundle import Bundle, BundlePriors, adjust_bundle
from mien.captures.camera_noise import likeliest_noise
from mien.captures.features import Tracks, find_tracks
from mien.captures.person import largest_faces
from mien.errors import InputError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.views import fit_landmark_views
from mien.geometry.alignment import align_similarity
from mien.landmarks.types import Landmarks2D

FEATURE_SIGMA_PX = 0.5
"""Of a keypoint's place."""
FACE_SIGMA_FACTOR = 20.0
"""A face's landmarks err together, all of a picture alike: they hold cameras this much less than they say."""
WRONG_PX = (6.0, 2.0, 1.0, 1.0, 1.0)
"""After each sweep keypoints further from where the cameras see them are taken for wrong matches: those that
are a little wrong (outlines of round things, highlights) bend a whole orbit."""
WRONG_OF_MEDIAN = 3.0
"""But none nearer than so many times the median of its picture, whose camera may still be off."""
WITHOUT_CAMERAS = BundlePriors(log_focal=0.3, distortion=0.01, robust=0.5)
"""What is believed where cameras are not known at all. Keypoints that are a little wrong are so in several
pictures alike, and nothing but keypoints holds the cameras: nearly all count linearly."""
WITHOUT_CAMERAS_WRONG_PX = (6.0, 2.0, 1.0, 0.7, 0.7)
DOUBTED_CAMERAS = BundlePriors(turn_rad=np.radians(1.5), shift_m=0.015)
"""And where they are known, but do not quite agree with the face, until their noise is told."""
EVERY_LANDMARK = 4
"""Of a face's landmarks every fourth holds cameras; more say the same."""
LEAST_PICTURES = 6


@dataclass(frozen=True, eq=False)
class StillPerson:
    """Pictures of somebody who held still.

    Attributes:
        views: which of the pictures; the others do not show the face.
        cameras: theirs, as pinholes, in a world in metres by the fitted head's size.
        faces: the face in each.
        distortion: first radial term (OpenCV's) of the lens that all share.
        median_px: median distance of what the pictures share from where the cameras see it.
        tracks: places that were found in several pictures.
    """

    views: tuple[int, ...]
    cameras: tuple[Camera, ...]
    faces: tuple[Landmarks2D, ...]
    distortion: float
    median_px: float
    tracks: int

    def sentences(self) -> list[str]:
        """What was found and assumed, for people."""
        camera = self.cameras[0]
        angle = 2 * np.degrees(np.arctan(0.5 * camera.width_px / camera.focal_px))
        return [
            f"no cameras were given: those of {len(self.views)} pictures were found by a face that holds "
            f"still and "
            f"{self.tracks} places that pictures share, to {self.median_px:.1f} px (median)",
            f"all pictures have one lens: focal length {camera.focal_px:.0f} px ({angle:.0f}° across), k1 "
            f"{self.distortion:.3f}",
        ]


def cameras_of_still_person(
    images: Sequence[UInt8[np.ndarray, "height width 3"]],
    faces: Sequence[Sequence[Landmarks2D]],
    *,
    context: Context | None = None,
) -> StillPerson:
    """Cameras of pictures, all of one size and lens, of somebody who held still.

    The face's dense landmarks and the fitted head say roughly where each camera was; whatever else the
    pictures share (skin, hair, clothes, the room) refines that. A room that does not move with the person, as
    on a turning chair, spoils it.

    Args:
        faces: those found in each picture; the largest of each is taken.

    Raises:
        InputError: too few pictures show a face, or they have different sizes.
    """
    if len({image.shape for image in images}) > 1:
        raise InputError("without cameras all pictures must have one size", source="pictures")
    chosen = largest_faces(faces)
    views = [index for index, face in enumerate(chosen) if face is not None]
    if len(views) < LEAST_PICTURES:
        raise InputError(
            f"a face is seen in {len(views)} of {len(images)} pictures; without cameras at least "
            f"{LEAST_PICTURES} "
            "must show it, from several sides",
            source="pictures",
        )
    context = context or Context()
    seen = [chosen[view] for view in views]
    height, width = images[0].shape[:2]
    prior = CameraPrior(CameraPrior.free(width_px=width, height_px=height).camera, "free", whole=True)
    fit = fit_landmark_views(seen, [prior] * len(seen), same_moment=True, same_camera=True, context=context)
    usable = [index for index, one in enumerate(fit.fits) if one is not None]
    if len(usable) < LEAST_PICTURES:
        raise InputError(f"no head explains the faces ({fit.reason or fit.status.value})", source="pictures")
    views = [views[index] for index in usable]
    kept = [one for one in fit.fits if one is not None]
    cameras = [one.camera for one in kept]
    head = context.loaded_head
    landmarks = head.landmark_set(kept[0].landmarks.set_name).vertices
    face_m = head.vertices_m(kept[0].parameters)[landmarks][::EVERY_LANDMARK]
    face_px = np.stack([one.landmarks.points_px for one in kept]).astype(float)[:, ::EVERY_LANDMARK]
    sigma_px = np.stack([one.landmarks.sigma_px for one in kept]).astype(float)[:, ::EVERY_LANDMARK]
    tracks = find_tracks([images[view] for view in views], cameras)
    bundle = refined_by_features(
        face_px, sigma_px, cameras, face_m, tracks, WITHOUT_CAMERAS, wrong_px=WITHOUT_CAMERAS_WRONG_PX
    )
    return StillPerson(
        tuple(views),
        _in_metres(bundle, face_m),
        tuple(one.landmarks for one in kept),
        bundle.distortion,
        bundle.median_px,
        len(tracks),
    )


def _in_metres(bundle: Bundle, face_m: Float[np.ndarray, "landmarks 3"]) -> tuple[Camera, ...]:
    """The cameras in the world in which the face lies where the fitted head has it: pictures alone know
    neither place nor size."""
    to_metres = align_similarity(bundle.points_m[: len(face_m)], face_m)
    out = []
    for camera in bundle.cameras:
        pose = np.eye(4)
        pose[:3, :3] = camera.camera_from_world[:3, :3] @ to_metres.rotation.T
        centre_m = to_metres.apply(camera.world_from_camera[None, :3, 3])[0]
        pose[:3, 3] = -pose[:3, :3] @ centre_m
        out.append(replace(camera, camera_from_world=pose))
    return tuple(out)


def refined_by_features(
    face_px: Float[np.ndarray, "views landmarks 2"],
    face_sigma_px: Float[np.ndarray, "views landmarks"],
    cameras: Sequence[Camera],
    face_m: Float[np.ndarray, "landmarks 3"],
    tracks: Tracks,
    priors: BundlePriors,
    *,
    wrong_px: Sequence[float] = WRONG_PX,
    noise_unknown: bool = False,
) -> Bundle:
    """Cameras that a face told, refined by what else the pictures share.

    Args:
        face_px, face_sigma_px: the face's landmarks; NaN where a picture does not show it.
        face_m: where they are by the fitted head, the cameras' world.
        priors: what is believed of cameras and lens.
        wrong_px: how far from where they are seen keypoints may be after each sweep.
        noise_unknown: how wrong cameras are is told from what pictures share (`likeliest_noise`); `priors`
            say it to begin with.
    """
    sigma = np.where(np.isfinite(face_px).all(axis=2), face_sigma_px * FACE_SIGMA_FACTOR, np.nan)
    found, bent, face, bundle = tuple(cameras), 0.0, face_m, None
    every, seen = tracks.points_px, tracks.points_px
    for sweep in range(len(wrong_px)):
        loose = sweep == 0
        points = np.full((seen.shape[1], 3), np.nan)
        for number in range(seen.shape[1]):
            views = np.flatnonzero(np.isfinite(seen[:, number, 0]))
            if len(views) >= 3:
                points[number] = _met(seen[views, number], [found[view] for view in views])
        fine = np.isfinite(points).all(axis=1) & _in_front(points, found, seen)
        every, seen, points = every[:, fine], seen[:, fine], points[fine]
        seen_px = np.concatenate([face_px, seen], axis=1)
        deviations_px = np.full(seen.shape[:2], FEATURE_SIGMA_PX * (3 if loose else 1))
        sigma_px = np.concatenate([sigma, deviations_px], axis=1)
        start_m = np.concatenate([face, points])
        if noise_unknown and sweep == 1:
            noise = likeliest_noise(seen_px, sigma_px, cameras, start_m, priors)
            priors, bundle = replace(priors, turn_rad=noise.turn_rad, shift_m=noise.shift_m), None
        believed = replace(priors, distortion=0.0) if loose else priors
        bundle = adjust_bundle(seen_px, sigma_px, cameras, start_m, believed, start=bundle)
        found, bent = bundle.cameras, bundle.distortion
        face, points = bundle.points_m[: len(face_m)], bundle.points_m[len(face_m) :]
        # Of all sightings, also those that were taken for wrong before
        error_px = np.stack([
            np.linalg.norm(bend(camera, points, bent) - own, axis=1)
            for camera, own in zip(found, every, strict=True)
        ])  # fmt: skip
        used_px = np.where(np.isfinite(seen[..., 0]), error_px, np.nan)
        typical_px = np.array(
            [np.median(one[np.isfinite(one)]) if np.isfinite(one).any() else 0.0 for one in used_px]
        )
        limit_px = np.maximum(wrong_px[sweep], WRONG_OF_MEDIAN * typical_px)
        seen = np.where((error_px <= limit_px[:, None])[..., None], every, np.nan)
    assert bundle is not None
    return bundle


def bend(camera: Camera, points_m: np.ndarray, k1: float) -> Float[np.ndarray, "n 2"]:
    """Where a lens with a first radial term shows points."""
    pixels = camera.project(points_m)
    middle, focal = camera.intrinsics[:2, 2], np.diagonal(camera.intrinsics)[:2]
    plane = (pixels - middle) / focal
    return middle + focal * plane * (1 + k1 * (plane**2).sum(axis=1, keepdims=True))


def _met(points_px: np.ndarray, cameras: Sequence[Camera]) -> np.ndarray:
    """The point nearest to all rays (least squares)."""
    directions, origins = [], []
    for pixel, camera in zip(points_px, cameras, strict=True):
        inverse = camera.world_from_camera
        ray = inverse[:3, :3] @ np.linalg.solve(camera.intrinsics, np.array([*pixel, 1.0]))
        directions.append(ray / np.linalg.norm(ray))
        origins.append(inverse[:3, 3])
    along = np.stack(directions)
    across = np.eye(3) - along[:, :, None] * along[:, None]
    right = (across @ np.stack(origins)[:, :, None]).sum(axis=0)[:, 0]
    return np.linalg.lstsq(across.sum(axis=0), right, rcond=None)[0]


def _in_front(points: np.ndarray, cameras: Sequence[Camera], seen: np.ndarray) -> np.ndarray:
    fine = np.ones(len(points), bool)
    for camera, own in zip(cameras, seen, strict=True):
        depth = camera.to_camera(np.nan_to_num(points))[:, 2]
        fine &= (depth > 0.05) | ~np.isfinite(own[:, 0])
    return fine
