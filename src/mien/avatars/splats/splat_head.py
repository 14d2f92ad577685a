"""Gaussians that ride on a head's triangles (Qian et al. 2024) and change linearly with its expression
(Ma et al. 2024, 3D Gaussian blendshapes)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from mien.avatars.rig import AvatarControls
from mien.avatars.splats.compositing import FAINTEST_ALPHA, composite
from mien.avatars.splats.config import SplatAvatarConfig
from mien.cameras import Camera

PLACE_UNIT_M = 0.01
"""Of places that change with the expression."""
BLUR_PX2 = 0.3
"""Added to covariances in the picture, so that nothing falls between pixels."""
LARGEST_RADIUS_PX = 24
_TURNED_AWAY = 0.3
"""Cosine of line of sight and outward normal above which a splat lies on the far side and is not drawn."""
_NEAREST_M = 0.05


@dataclass(frozen=True, eq=False)
class Anchors:
    """Where splats sit on a mesh at first.

    Attributes:
        triangles: (N, 3) vertices of each splat's triangle; weights: (N, 3) barycentric.
        offsets_m: (N, 3) from there, in the triangle's frame: first edge, across, outwards.
        spacing_m: about how far apart they lie.
    """

    triangles: Int[np.ndarray, "n 3"]
    weights: Float[np.ndarray, "n 3"]
    offsets_m: Float[np.ndarray, "n 3"]
    spacing_m: float


def spread_anchors(
    vertices_m: Float[np.ndarray, "v 3"],
    triangles: Int[np.ndarray, "t 3"],
    *,
    on_skin: int,
    in_hair: int,
    rng: np.random.Generator,
    hair_m: Float[np.ndarray, " v"],
) -> Anchors:
    """Splats evenly on a mesh, and others in the hair above it.

    Args:
        vertices_m: of the head in its own frame, y up and z out of the face.
        hair_m: how far the hair reaches from each vertex; 0 where none grows.
    """
    corners = vertices_m[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1) / 2
    outward = normals[:, 1] / np.maximum(2 * areas, 1e-12)
    away = np.einsum("ij,ij->i", normals, corners.mean(axis=1) - vertices_m.mean(axis=0)) > 0
    grows = (hair_m[triangles] > 0).all(axis=1) & away & (outward > -0.7)
    in_hair = in_hair if grows.any() else 0
    scalp = areas * grows
    chosen = np.concatenate([
        rng.choice(len(triangles), on_skin, p=areas / areas.sum()),
        rng.choice(len(triangles), in_hair, p=scalp / scalp.sum()) if in_hair else np.zeros(0, int),
    ])  # fmt: skip
    offsets_m = np.zeros((len(chosen), 3))
    weights = rng.dirichlet(np.ones(3), len(chosen))
    reach_m = (weights * hair_m[triangles[chosen]]).sum(axis=1)[on_skin:]
    offsets_m[on_skin:, 2] = np.sqrt(rng.uniform(0.01, 1, in_hair)) * reach_m
    return Anchors(
        triangles=np.asarray(triangles)[chosen],
        weights=weights,
        offsets_m=offsets_m,
        spacing_m=math.sqrt(float(areas.sum()) / len(chosen)),
    )


def steering(controls: AvatarControls) -> Float[Tensor, " controls"]:
    """What colours may depend on: expression weights, then the neck's rotation vectors, radians."""
    return torch.from_numpy(np.concatenate([controls.weights, controls.neck.ravel()]).astype(np.float32))


class ExpressionCodes(nn.Module):
    """Principal components of how a person moves, region by region, each of unit deviation.

    Attributes:
        low, high: (codes,) least and most that was seen of each; codes are kept between.

    Args:
        controls: how many there are, see `steering`; count: how many components.
    """

    mean: Tensor
    components: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, controls: int, count: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(controls))
        self.register_buffer("components", torch.zeros(count, controls))
        self.register_buffer("low", torch.zeros(count))
        self.register_buffer("high", torch.zeros(count))

    def learn(
        self, seen: Float[np.ndarray, "frames controls"], groups: Sequence[tuple[np.ndarray, int]]
    ) -> None:
        """Take the components of what was seen.

        Args:
            groups: which controls go together, and how many components they get; as many as there are codes.
        """
        mean = seen.mean(axis=0)
        self.components.zero_()
        first = 0
        for controls, count in groups:
            _, sizes, rows = np.linalg.svd((seen - mean) * controls, full_matrices=False)
            deviations = sizes / math.sqrt(max(1, len(seen)))
            found = min(count, int((deviations > 1e-3).sum()))
            taken = rows[:found] / deviations[:found, None]
            self.components[first : first + found] = torch.from_numpy(taken).float()
            first += count
        self.mean.copy_(torch.from_numpy(mean))
        codes = torch.from_numpy((seen - mean).astype(np.float32)) @ self.components.T
        self.low.copy_(codes.amin(dim=0))
        self.high.copy_(codes.amax(dim=0))

    def forward(self, controls: Float[Tensor, " controls"]) -> Float[Tensor, " codes"]:
        """Kept within what was seen: beyond it colours would be made up."""
        return (self.components @ (controls - self.mean)).clamp(self.low, self.high)


class SplatHead(nn.Module):
    """A head of splats.

    Args:
        config: how many, and codes.
        controls: of the head model, see `steering`.
    """

    triangles: Tensor
    weights: Tensor

    def __init__(self, config: SplatAvatarConfig, *, controls: int) -> None:
        super().__init__()
        self.config = config
        count = config.on_skin + config.in_hair
        self.codes = ExpressionCodes(controls, config.codes)
        self.register_buffer("triangles", torch.zeros(count, 3, dtype=torch.long))
        self.register_buffer("weights", torch.zeros(count, 3))
        self.offsets_m = nn.Parameter(torch.zeros(count, 3))
        self.log_scales = nn.Parameter(torch.zeros(count, 3))
        self.quaternions = nn.Parameter(torch.tensor([1.0, 0, 0, 0]).repeat(count, 1))
        self.opacity_logits = nn.Parameter(torch.ones(count))
        self.color_logits = nn.Parameter(torch.zeros(count, 3))
        self.color_changes = nn.Parameter(torch.zeros(config.codes, count, 3))
        self.place_changes = nn.Parameter(torch.zeros(config.codes, count, 3))
        self.opacity_changes = nn.Parameter(torch.zeros(config.codes, count))

    def __len__(self) -> int:
        return len(self.triangles)

    def start(self, anchors: Anchors) -> None:
        """Lay the splats where anchors are, flat and about as large as they are apart."""
        with torch.no_grad():
            self.triangles.copy_(torch.from_numpy(anchors.triangles))
            self.weights.copy_(torch.from_numpy(anchors.weights))
            self.offsets_m.copy_(torch.from_numpy(anchors.offsets_m))
            self.log_scales.fill_(math.log(0.9 * anchors.spacing_m))
            self.log_scales[:, 2] -= 1.0

    def anchored(
        self, vertices_m: Float[Tensor, "v 3"]
    ) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n 3 3"]]:
        """Points on the mesh, and frames of their triangles (columns: first edge, across, outwards)."""
        a, b, c = (vertices_m[self.triangles[:, corner]] for corner in range(3))
        along = functional.normalize(b - a, dim=1)
        outwards = functional.normalize(torch.linalg.cross(b - a, c - a), dim=1)
        frames = torch.stack([along, torch.linalg.cross(outwards, along), outwards], dim=2)
        return torch.einsum("nk,knc->nc", self.weights, torch.stack([a, b, c])), frames

    def forward(
        self,
        vertices_m: Float[Tensor, "v 3"],
        code: Float[Tensor, " codes"] | Float[Tensor, "codes n"],
        camera: Camera,
    ) -> Float[Tensor, "height width 4"]:
        """The head in a picture: colour times coverage, and coverage.

        Args:
            vertices_m: of the posed head, in the camera's world.
            code: of its expression, from `codes`; a column for each splat where they differ.
            camera: without distortion.
        """
        points_m, frames = self.anchored(vertices_m)
        of = "k" if code.ndim == 1 else "kn"
        offsets_m = self.offsets_m + PLACE_UNIT_M * torch.einsum(f"{of},knc->nc", code, self.place_changes)
        world_m = points_m + torch.einsum("nij,nj->ni", frames, offsets_m)
        pose = torch.from_numpy(np.asarray(camera.camera_from_world, np.float32))
        seen_m = world_m @ pose[:3, :3].T + pose[:3, 3]
        centres_px, covariances = self._in_picture(seen_m, pose[:3, :3] @ frames, camera)
        opacities = torch.sigmoid(
            self.opacity_logits + torch.einsum(f"{of},kn->n", code, self.opacity_changes)
        )
        colors = torch.sigmoid(self.color_logits + torch.einsum(f"{of},knc->nc", code, self.color_changes))
        xx, xy, yy = covariances
        determinant = xx * yy - xy * xy
        facing = torch.einsum(
            "ni,ni->n", frames[:, :, 2] @ pose[:3, :3].T, functional.normalize(seen_m, dim=1)
        )
        return composite(
            centres_px,
            torch.stack([yy, -xy, xx], dim=1) / determinant[:, None],
            opacities,
            torch.cat([colors, torch.ones_like(colors[:, :1])], dim=1),
            depths_m=seen_m[:, 2].detach(),
            radii_px=_radii_px(
                covariances, opacities, shown=(facing < _TURNED_AWAY) & (seen_m[:, 2] > _NEAREST_M)
            ),
            height_px=camera.height_px,
            width_px=camera.width_px,
        )

    def _in_picture(
        self, seen_m: Float[Tensor, "n 3"], frames: Float[Tensor, "n 3 3"], camera: Camera
    ) -> tuple[Float[Tensor, "n 2"], tuple[Tensor, Tensor, Tensor]]:
        """Centres, and covariances xx, xy, yy in pixels² (the camera's Jacobian: Zwicker et al. 2001)."""
        intrinsics = np.asarray(camera.intrinsics, float)
        depth_m = seen_m[:, 2].clamp(min=_NEAREST_M)
        x, y = seen_m[:, 0] / depth_m, seen_m[:, 1] / depth_m
        focal_x, focal_y = float(intrinsics[0, 0]), float(intrinsics[1, 1])
        centres_px = torch.stack(
            [focal_x * x + float(intrinsics[0, 2]), focal_y * y + float(intrinsics[1, 2])], dim=1
        )
        axes_m = frames @ rotations(self.quaternions) * torch.exp(self.log_scales)[:, None]
        across = focal_x / depth_m[:, None] * (axes_m[:, 0] - x[:, None] * axes_m[:, 2])
        down = focal_y / depth_m[:, None] * (axes_m[:, 1] - y[:, None] * axes_m[:, 2])
        xx = (across * across).sum(dim=1) + BLUR_PX2
        yy = (down * down).sum(dim=1) + BLUR_PX2
        return centres_px, (xx, (across * down).sum(dim=1), yy)


def _radii_px(
    covariances: tuple[Tensor, Tensor, Tensor], opacities: Float[Tensor, " n"], *, shown: Tensor
) -> Int[Tensor, " n"]:
    """Where a splat takes less than the faintest alpha."""
    with torch.no_grad():
        xx, xy, yy = covariances
        longest = 0.5 * (xx + yy) + torch.sqrt(0.25 * (xx - yy) ** 2 + xy * xy)
        reach = torch.sqrt(2 * torch.log((opacities / FAINTEST_ALPHA).clamp(min=1)))
        radii = torch.ceil(reach * torch.sqrt(longest)).long().clamp(max=LARGEST_RADIUS_PX)
        return torch.where(shown, radii, torch.zeros_like(radii))


def rotations(quaternions: Float[Tensor, "n 4"]) -> Float[Tensor, "n 3 3"]:
    """Of quaternions wxyz of any length."""
    w, x, y, z = functional.normalize(quaternions, dim=1).T
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, dim=1).view(-1, 3, 3)
