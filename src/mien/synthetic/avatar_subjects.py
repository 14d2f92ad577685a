"""Synthetic people in a video: what they do, what a tracker would say of it, and the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.avatars.dataset import AvatarData
from mien.avatars.pose_refinement import refine_poses
from mien.cameras import Camera
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.parameters import HeadParameters
from mien.progress import Progress, ProgressReport, silent
from mien.synthetic.people import random_person
from mien.synthetic.scenes.expressions import random_expression
from mien.synthetic.scenes.posed_scene import PosedStudio, scene_light

EXTENT_M, DISTANCE_M = 0.34, 0.8


@dataclass(frozen=True)
class AvatarSubjectConfig:
    """A synthetic person's video."""

    person: int = 7
    """Who: identity, skin and hair."""
    frames: int = 250
    """Of the video."""
    size: int = 128
    """Side of the pictures, pixels."""
    held_out: float = 0.2
    """Share of the frames, the last ones, that are not learned from."""
    yaw_deg: float = 15.0
    """Standard deviation of the head's yaw; the paper's subjects have 5 to 32 degrees (table 3)."""
    pitch_deg: float = 6.0
    """Of its pitch; the paper's have 4 to 10."""
    roll_deg: float = 5.0
    """Of its roll; the paper's have 4 to 8."""
    every: int = 12
    """Frames from one expression to the next."""
    turn_noise_deg: float = 0.0
    """The tracker's error of the head's rotation."""
    place_noise_m: float = 0.0
    """And of its place."""
    expression_noise: float = 0.0
    """And of its weights."""
    refined: bool = True
    """Refine wrong poses, as those of videos are."""
    hair: str | None = None
    """"none", or a hair style's name, instead of the person's own."""


@dataclass(frozen=True, eq=False)
class AvatarSubject:
    """A synthetic video with its truth.

    Attributes:
        data: as a tracker with the noise asked for would have it, its poses refined if so asked for.
        expression: (F, E) true weights; camera_from_skull: (F, 4, 4) true.
    """

    data: AvatarData
    expression: Float[np.ndarray, "frames expression"]
    camera_from_skull: Float[np.ndarray, "frames 4 4"]


class AvatarSubjectStudio:
    """Films them; one per process, since it owns an OpenGL context. Nobody winks.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made.
    """

    def __init__(self, assets: Path, config: AvatarSubjectConfig) -> None:
        self.config = config
        self._studio = PosedStudio(assets, size_px=config.size)
        self.head = self._studio.head
        self._person = random_person(self.head, np.random.default_rng([config.person, 20]))

    def picture(
        self, weights: Float[np.ndarray, " expression"], camera_from_skull: Float[np.ndarray, "4 4"]
    ) -> np.ndarray:
        """(S, S, 4) RGBA of one moment."""
        neutral = self.head.neutral()
        parameters = replace(neutral, identity=self._person.identity, expression=weights)
        sitter = self._studio.dress(
            parameters, seed=1000 + self.config.person, hair=self.config.hair, closed_neck=True
        )
        light = scene_light("studio", seed=self.config.person, skin_level=sitter.looks.skin_level)
        return self._studio.shoot(
            sitter, self.camera(camera_from_skull), light, seed=self.config.person
        ).picture

    def camera(self, camera_from_skull: Float[np.ndarray, "4 4"]) -> Camera:
        """The camera of all frames."""
        size = self.config.size
        focal_px = size * DISTANCE_M / EXTENT_M
        return Camera.from_focal(focal_px, width_px=size, height_px=size, camera_from_world=camera_from_skull)

    def film(self, *, report: ProgressReport = silent) -> AvatarSubject:
        """The video."""
        config, head = self.config, self.head
        rng = np.random.default_rng([config.person, 21])
        weights = self._weights(rng)
        poses = self._poses(rng)
        pictures = []
        for number in range(config.frames):
            pictures.append(self.picture(weights[number], poses[number]))
            report(Progress(number + 1, config.frames, "film"))
        told_poses = np.stack([self._told(pose, rng) for pose in poses]) if self._noisy else poses
        noise = config.expression_noise * rng.standard_normal(weights.shape) * (weights > 0.02)
        cameras = self.camera(poses[0])
        data = AvatarData(
            source=f"synthetic {config.person}",
            head_name=head.name,
            head_version=head.version,
            expression_names=head.expression_names,
            frames_per_second=25.0,
            identity=np.asarray(self._person.identity, float),
            expression=np.clip(weights + noise, 0, 1),
            joint_rotations=np.zeros((config.frames, 4, 3)),
            intrinsics=np.tile(cameras.intrinsics, (config.frames, 1, 1)),
            camera_from_skull=told_poses,
            rgba=np.stack(pictures),
            known=np.full((config.frames, config.size, config.size), 255, np.uint8),
            times_s=np.arange(config.frames) / 25.0,
            video_frames=np.arange(config.frames),
            test=np.arange(config.frames) >= round(config.frames * (1 - config.held_out)),
        )
        if self._noisy and config.refined:
            data = refine_poses(data)
        return AvatarSubject(data, weights, poses)

    @property
    def _noisy(self) -> bool:
        return self.config.turn_noise_deg > 0 or self.config.place_noise_m > 0

    def _told(self, pose: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A pose with a tracker's error."""
        config, out = self.config, pose.copy()
        turn = np.radians(config.turn_noise_deg) * rng.standard_normal(3) / np.sqrt(3)
        out[:3, :3] = pose[:3, :3] @ matrix_from_rotation_vector(turn)
        out[:3, 3] += config.place_noise_m * rng.standard_normal(3) / np.sqrt(3)
        return out

    def _weights(self, rng: np.random.Generator) -> Float[np.ndarray, "frames expression"]:
        """From one random expression to the next; blinks now and then."""
        head, config = self.head, self.config
        names = head.expression_names
        keys = []
        for _ in range(config.frames // config.every + 2):
            key, _ = random_expression(head, rng)
            for stem in ("eyeBlink", "eyeSquint", "eyeWide"):
                left, right = names.index(f"{stem}Left"), names.index(f"{stem}Right")
                key[[left, right]] = min(key[left], key[right])
            keys.append(key)
        place = np.arange(config.frames) / config.every
        index, part = place.astype(int), place % 1
        ease = (part * part * (3 - 2 * part))[:, None]
        table = np.stack(keys)
        weights = (1 - ease) * table[index] + ease * table[index + 1]
        blinks = [names.index("eyeBlinkLeft"), names.index("eyeBlinkRight")]
        for start in range(20, config.frames - 6, 45):
            shape = np.array([0.3, 0.8, 1.0, 0.8, 0.3])[:, None]
            weights[start : start + 5, blinks] = np.maximum(weights[start : start + 5, blinks], shape)
        return weights

    def _poses(self, rng: np.random.Generator) -> Float[np.ndarray, "frames 4 4"]:
        """Slow turns with the deviations asked for."""
        config = self.config
        time = np.arange(config.frames) / 25.0
        angles = np.zeros((3, config.frames))
        for axis in range(3):
            for frequency in (0.13, 0.31, 0.55):
                angles[axis] += rng.normal() * np.sin(2 * np.pi * (frequency * time + rng.random()))
        deviations = np.radians([config.pitch_deg, config.yaw_deg, config.roll_deg])[:, None]
        angles = angles / angles.std(axis=1, keepdims=True) * deviations
        out = np.tile(np.eye(4), (config.frames, 1, 1))
        facing = np.diag([1.0, -1.0, -1.0])
        for number, (pitch, yaw, roll) in enumerate(angles.T):
            turns = (0.0, yaw, 0.0), (pitch, 0.0, 0.0), (0.0, 0.0, roll)
            first, second, third = (matrix_from_rotation_vector(np.array(turn)) for turn in turns)
            out[number, :3, :3] = facing @ first @ second @ third
            out[number, :3, 3] = [0.0, 0.0, DISTANCE_M]
        return out


def true_parameters(subject: AvatarSubject, frame: int) -> HeadParameters:
    """The true head of a frame, root at the origin."""
    data = subject.data
    return HeadParameters(
        data.identity, subject.expression[frame], np.zeros((4, 3)), np.zeros(3), np.zeros(3)
    )
