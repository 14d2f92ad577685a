"""A person as splats, ready to be driven."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, UInt8

from mien.avatars.dataset import AvatarData
from mien.avatars.skull_frame import vertices_in_skull_m
from mien.avatars.splats.splat_head import SplatHead, steering
from mien.cameras import Camera
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters


@dataclass(frozen=True, eq=False)
class SplatAvatar:
    """A head of splats and whose it is.

    Attributes:
        source: name of the video it was learned from.
        head_name, head_version: whose parameters drive it.
        identity: (I,) the person's.
        rest: (E,) expression weights of the person at rest: the median over the video.
        splats: what is drawn.
        camera: that shows the head as the video did; its world is the skull's frame.
    """

    source: str
    head_name: str
    head_version: str
    identity: Float[np.ndarray, " identity"]
    rest: Float[np.ndarray, " expression"]
    splats: SplatHead
    camera: Camera

    @staticmethod
    def of(splats: SplatHead, data: AvatarData) -> SplatAvatar:
        """Of the person in prepared frames, seen as on the frame whose head is turned the least."""
        learned, _ = data.split()
        toward = learned.camera_from_skull[:, 2, 2]
        straight = int(np.argmin(toward))  # the camera looks along +z, a face that faces it along -z
        return SplatAvatar(
            source=data.source,
            head_name=data.head_name,
            head_version=data.head_version,
            identity=np.asarray(data.identity, float),
            rest=np.median(learned.expression, axis=0),
            splats=splats,
            camera=learned.camera(straight),
        )

    @property
    def at_rest(self) -> HeadParameters:
        """The person's head at rest, looking ahead."""
        head = load_head()
        neutral = HeadParameters.neutral(head.identity_count, head.expression_count)
        return replace(neutral, identity=self.identity, expression=self.rest)

    def camera_of(self, size_px: int) -> Camera:
        """The avatar's own camera with square pictures of another size."""
        return self.camera.resized(width_px=size_px, height_px=size_px)

    def rgba(
        self, parameters: HeadParameters, camera: Camera | None = None
    ) -> UInt8[np.ndarray, "height width 4"]:
        """The head as a picture.

        Args:
            parameters: expression and joints; identity and root are the avatar's own.
            camera: its world is the skull's frame; the avatar's own when None.

        Returns:
            (H, W, 4) uint8 colour, not multiplied by alpha, and alpha.
        """
        own = replace(
            parameters, identity=self.identity, root_rotation=np.zeros(3), root_translation_m=np.zeros(3)
        )
        vertices_m = torch.from_numpy(vertices_in_skull_m(load_head(), own).astype(np.float32))
        with torch.no_grad():
            code = self.splats.codes(steering(own))
            drawn = self.splats(vertices_m, code, camera or self.camera).numpy()
        alpha = drawn[..., 3:]
        colors = np.divide(drawn[..., :3], alpha, out=np.zeros_like(drawn[..., :3]), where=alpha > 1e-4)
        return np.rint(255 * np.concatenate([colors, alpha], axis=2).clip(0, 1)).astype(np.uint8)
