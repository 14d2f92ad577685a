"""Heads that sway and blink, and landmarks of them as a network might give them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.errors import InputError
from mien.heads.intersection import skin_intersections
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D


@dataclass(frozen=True, eq=False)
class BlinkScript:
    """What a head does in each frame of a clip.

    Attributes:
        head: whose head; truths: its parameters in each frame.
        camera: of all frames.
        blinks: frames in which a blink is fully closed.
        frames_per_second: their rate.
    """

    head: Head
    truths: tuple[HeadParameters, ...]
    camera: Camera
    blinks: tuple[int, ...]
    frames_per_second: float = 30.0


_BLINKS = ((0.5, 1.0, 0.7, 0.4, 0.15), (0.3, 0.8, 1.0, 0.9, 0.55, 0.3, 0.1))
"""How closed lids are in the frames of a quick and of an ordinary blink at 30 frames a second: lids close in
70 to 100 ms and take about twice as long to open."""
_BLINK_EVERY = 30
_LIDS_THROUGH_MM = 0.5


def blink_script(
    head: Head,
    identity: Float[np.ndarray, " identity"] | None = None,
    *,
    count: int = 240,
    camera: Camera | None = None,
    seed: int = 0,
) -> BlinkScript:
    """Somebody who looks into the camera, sways and blinks once a second, quickly and slowly in turns.

    Args:
        identity: who it is; a random person of the head's prior when None.
        camera: stands 0.6 m before the face; 640 × 480 pixels with a focal length of 900 when None.
    """
    rng = np.random.default_rng(seed)
    if camera is None:
        camera = Camera.from_focal(
            900.0, width_px=640, height_px=480, camera_from_world=PICTURE_CAMERA_FROM_WORLD
        )
    if identity is None:
        identity = 0.7 * rng.normal(size=head.identity_count)
    blinks, closed = [], np.zeros(count)
    for start in range(_BLINK_EVERY // 2, count - _BLINK_EVERY // 2, _BLINK_EVERY):
        shape = _BLINKS[len(blinks) % len(_BLINKS)]
        closed[start : start + len(shape)] = shape
        blinks.append(start + int(np.argmax(shape)))
    lids = [head.expression_names.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    phases = rng.uniform(0, 2 * np.pi, size=6)
    truths = []
    for index in range(count):
        expression = np.zeros(head.expression_count)
        expression[lids] = closed[index]
        sway = np.sin(2 * np.pi * 0.3 * index / 30.0 + phases)
        truths.append(
            replace(
                head.neutral(),
                identity=identity,
                expression=expression,
                root_rotation=0.04 * sway[:3],
                root_translation_m=np.array([0.0, 0.0, -0.6]) + 0.004 * sway[3:],
            )
        )
    return BlinkScript(head, tuple(truths), camera, tuple(blinks))


def person_script(everybody: Head, person: int, *, count: int = 180, size_px: int = 384) -> BlinkScript:
    """The same for one of a crowd, in square pictures that the face fills by half.

    Args:
        everybody: the crowd as a head (`Crowd.as_head`).
    """
    camera = Camera.from_focal(
        1.6 * size_px, width_px=size_px, height_px=size_px, camera_from_world=PICTURE_CAMERA_FROM_WORLD
    )
    identity = np.eye(everybody.identity_count)[person]
    return blink_script(everybody, identity, count=count, camera=camera, seed=person)


def who_can_blink(everybody: Head, count: int) -> list[int]:
    """The first of a crowd whose lids pass over their eyeballs and not through them: random people have
    eyes that no lids would close.

    Raises:
        InputError: there are not so many.
    """
    found = []
    for person in range(everybody.identity_count):
        script = person_script(everybody, person, count=_BLINK_EVERY + 1)
        moments = (script.truths[0], script.truths[script.blinks[0]])
        if all(skin_intersections(everybody, moment).eyeballs_mm < _LIDS_THROUGH_MM for moment in moments):
            found.append(person)
            if len(found) == count:
                return found
    raise InputError(f"only {len(found)} of these people can close their eyes; draw more people")


def scripted_landmarks(
    script: BlinkScript,
    set_name: str = "dense320",
    *,
    sigma: float = 0.05,
    jitter: float = 0.25,
    persistence: float = 0.5,
    seed: int = 0,
) -> list[Landmarks2D]:
    """Landmarks of every frame with noise as a network's would be: the same for neighbouring landmarks,
    partly their own, correlated from frame to frame, and smaller than the deviations that the network states.

    Args:
        sigma: stated deviation of every landmark, in face radii.
        jitter: deviation of the noise, in stated deviations.
        persistence: correlation of the noise of one frame with the next.
    """
    rng = np.random.default_rng(seed)
    head, vertices = script.head, script.head.landmark_set(set_name).vertices
    landmarks = []
    noise = _noise(rng, head.mean_m[vertices])
    for truth in script.truths:
        exact_px = script.camera.project(head.vertices_m(truth)[vertices])
        exact = Landmarks2D(exact_px, np.ones(len(vertices)), set_name)
        sigma_px = sigma * exact.radius_px
        points_px = exact_px + jitter * sigma_px * noise
        landmarks.append(replace(exact, points_px=points_px, sigma_px=np.full(len(vertices), sigma_px)))
        noise = persistence * noise + np.sqrt(1 - persistence**2) * _noise(rng, head.mean_m[vertices])
    return landmarks


_SHARED_WITHIN_M, _OWN_SHARE = 0.03, 0.25


def _noise(
    rng: np.random.Generator, places_m: Float[np.ndarray, "landmarks 3"]
) -> Float[np.ndarray, "landmarks 2"]:
    """Unit noise: waves over the face of a few centimetres, and a share of each landmark's own."""
    waves = rng.normal(size=(3, 24)) / _SHARED_WITHIN_M
    phases, amplitudes = rng.uniform(0, 2 * np.pi, size=24), rng.normal(size=(24, 2))
    shared = np.sqrt(2 / 24) * np.cos(places_m @ waves + phases) @ amplitudes
    own = rng.normal(size=(len(places_m), 2))
    return np.sqrt(1 - _OWN_SHARE) * shared + np.sqrt(_OWN_SHARE) * own
