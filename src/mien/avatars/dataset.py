"""What an avatar learns from: pictures of one head that stands still before a camera that moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from mien.cameras import Camera
from mien.heads.parameters import HeadParameters

SKULL_JOINT = 1
"""The joint that stands still: `mien.heads.parameters.JOINT_NAMES`."""


@dataclass(frozen=True, eq=False)
class AvatarData:
    """Frames of one person's video, cut out around the head, with what the tracker says of each.

    The world of the cameras is the skull's frame: metres, +x to the subject's left, +y up, +z out of the
    face, its origin the head frame's. What the head does before a camera that stands still, the camera does
    here about a head that stands still; expression, gaze and neck are left to the head.

    Attributes:
        source: name of the video.
        head_name, head_version: whose parameters these are.
        expression_names: of the weights.
        frames_per_second: of the frames as they are here.
        identity: (I,).
        expression: (F, E) weights as tracked.
        joint_rotations: (F, 4, 3) neck, head, eyes, as tracked, radians.
        intrinsics: (F, 3, 3) of the cut out pictures, pixels.
        camera_from_skull: (F, 4, 4) rigid, metres.
        rgba: (F, S, S, 4) colours, not multiplied by alpha, and the head's matte.
        known: (F, S, S) how surely the matte is known, 255 surely.
        times_s: (F,); video_frames: (F,) number in the video.
        test: (F,) held out.
    """

    source: str
    head_name: str
    head_version: str
    expression_names: tuple[str, ...]
    frames_per_second: float
    identity: Float[np.ndarray, " identity"]
    expression: Float[np.ndarray, "frames expression"]
    joint_rotations: Float[np.ndarray, "frames 4 3"]
    intrinsics: Float[np.ndarray, "frames 3 3"]
    camera_from_skull: Float[np.ndarray, "frames 4 4"]
    rgba: UInt8[np.ndarray, "frames size size 4"]
    known: UInt8[np.ndarray, "frames size size"]
    times_s: Float[np.ndarray, " frames"]
    video_frames: Int[np.ndarray, " frames"]
    test: Bool[np.ndarray, " frames"]

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        return self.rgba.shape[1]

    def camera(self, frame: int) -> Camera:
        """Of a frame's picture; its world is the skull's frame."""
        return Camera(self.intrinsics[frame], self.camera_from_skull[frame], self.size_px, self.size_px)

    def parameters(self, frame: int) -> HeadParameters:
        """The head of a frame, root at the origin."""
        return HeadParameters(
            self.identity, self.expression[frame], self.joint_rotations[frame], np.zeros(3), np.zeros(3)
        )

    def rows(self, chosen: Int[np.ndarray, " rows"]) -> AvatarData:
        """Some frames.

        Args:
            chosen: (N,) their numbers, in the order wanted.
        """
        names = (
            "expression", "joint_rotations", "intrinsics", "camera_from_skull", "rgba", "known", "times_s",
            "video_frames", "test",
        )  # fmt: skip
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def split(self) -> tuple[AvatarData, AvatarData]:
        """Frames to learn from, and those held out."""
        return self.rows(np.flatnonzero(~self.test)), self.rows(np.flatnonzero(self.test))
