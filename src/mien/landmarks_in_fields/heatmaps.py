"""Landmarks found where they lie in a box: means of heatmaps over its voxels.

Beyond FLNeRF, whose networks say everything through the weights of a shape model: a vector of features loses
where in the box they were seen.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.heads.landmark_sets import mirror_indices
from mien.landmarks_in_fields.boxes import LEFT_EYE_POINTS, MOUTH_POINTS
from mien.landmarks_in_fields.encoders import VoxResModule, normalised


class HeatmapDecoder(nn.Module):
    """From an encoder's feature volumes back to its finest one, and a heatmap of each landmark there.

    Args:
        channels: of the feature volumes, the finest first.
        count: landmarks.
    """

    def __init__(self, channels: list[int], count: int) -> None:
        super().__init__()
        pairs = list(zip(channels[1:], channels[:-1], strict=True))[::-1]
        self.widened = nn.ModuleList(nn.Conv3d(deeper, finer, 1) for deeper, finer in pairs)
        self.refined = nn.ModuleList(VoxResModule(finer) for _, finer in pairs)
        self.heat = nn.Sequential(normalised(channels[0]), nn.Conv3d(channels[0], count, 1))

    def forward(self, pyramid: list[Tensor]) -> Float[Tensor, "b points 3"]:
        """Mean positions in the box's coordinates."""
        features = pyramid[-1]
        for widen, refine, finer in zip(self.widened, self.refined, pyramid[-2::-1], strict=True):
            raised = functional.interpolate(widen(features), finer.shape[2:], mode="trilinear")
            features = refine(finer + raised)
        return mean_positions(self.heat(features))


def mean_positions(logits: Float[Tensor, "b points x y z"]) -> Float[Tensor, "b points 3"]:
    """Expected voxel centres under the softmax of each heatmap; the cube's sides are -1 and 1 (Sun et al.,
    Integral Human Pose Regression, ECCV 2018)."""
    weights = logits.flatten(2).softmax(dim=2).reshape(logits.shape)
    means = []
    for axis, size in enumerate(logits.shape[2:]):
        others = [a + 2 for a in range(3) if a != axis]
        steps = (2 * torch.arange(size, device=logits.device, dtype=logits.dtype) + 1) / size - 1
        means.append(weights.sum(dim=others) @ steps)
    return torch.stack(means, dim=2)


class LocalDecoder(nn.Module):
    """Landmarks by heatmaps in each box, all told in the first one's coordinates.

    Args:
        channels: of the encoders' feature volumes; with_parts: there are boxes of eyes and mouth.
    """

    left_eye: Tensor
    right_eye: Tensor

    def __init__(self, channels: list[int], *, with_parts: bool) -> None:
        super().__init__()
        self.whole = HeatmapDecoder(channels, 68)
        self.parts = nn.ModuleDict()
        if with_parts:
            self.parts["eye"] = HeatmapDecoder(channels, len(LEFT_EYE_POINTS))
            self.parts["mouth"] = HeatmapDecoder(channels, len(MOUTH_POINTS))
        left = list(LEFT_EYE_POINTS)
        self.register_buffer("left_eye", torch.tensor(left), persistent=False)
        self.register_buffer(
            "right_eye", torch.tensor(mirror_indices("ict68")[left].tolist()), persistent=False
        )

    def forward(
        self, pyramids: dict[str, list[Tensor]], places: Float[Tensor, "b k 4"]
    ) -> list[Float[Tensor, "b 68 3"]]:
        """What the whole face's box says, then what the parts' boxes say where they have a say."""
        whole = self.whole(pyramids["whole"])
        if not self.parts:
            return [whole]

        def told(points: Tensor, box: int) -> Tensor:
            return places[:, box, None, :3] + places[:, box, None, 3:] * points

        left, mirrored = self.parts["eye"](pyramids["eye"]).chunk(2)
        right = mirrored * mirrored.new_tensor([-1.0, 1.0, 1.0])
        parts = whole.index_copy(1, self.left_eye, told(left, 1))
        parts = parts.index_copy(1, self.right_eye, told(right, 2))
        mouth = told(self.parts["mouth"](pyramids["mouth"]), 3)
        return [whole, torch.cat([parts[:, : MOUTH_POINTS[0]], mouth], dim=1)]
