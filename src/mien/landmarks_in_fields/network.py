"""The coarse and the fine network: from volumes to 68 landmarks in a box's coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.geometry.rotations import nearest_rotation
from mien.heads.landmark_sets import mirror_indices
from mien.landmarks_in_fields.bilinear import BilinearModel, LinearModel
from mien.landmarks_in_fields.boxes import Box
from mien.landmarks_in_fields.config import (
    FieldNetworkConfig,
    FineNetworkConfig,
    network_config_as_plain,
    network_config_from_plain,
)
from mien.landmarks_in_fields.decoders import HEAD_UNIT_M, PoseDecoder, ShapeDecoder, SpreadDecoder
from mien.landmarks_in_fields.encoders import VolumeEncoder
from mien.landmarks_in_fields.heatmaps import LocalDecoder
from mien.landmarks_in_fields.wing import EPSILON, OFFSET, OMEGA, UNIT_M

SHAPE_TRUST = 2.0
"""Logit of the shape model's share where landmarks are also found by heatmaps, before training."""


@dataclass(frozen=True)
class NetworkOutput:
    """What a network says about volumes.

    Attributes:
        landmarks: (B, 68, 3) in the coordinates of the whole volume (coarse) or of the face's box (fine).
        transform: (B, 3, 4) from the head's frame, units of 0.1 m, to those coordinates.
        head_logit: (B,) above 0 where the volume shows a head, about upright.
        sigma: (B, 68) standard deviation of each coordinate of a landmark, in the box's coordinates; None
            where the network does not say.
        opinions: each (B, 68, 3): what `landmarks` was weighed from, if from several; for training.
    """

    landmarks: Float[Tensor, "b 68 3"]
    transform: Float[Tensor, "b 3 4"]
    head_logit: Float[Tensor, " b"]
    sigma: Float[Tensor, "b 68"] | None = None
    opinions: tuple[Float[Tensor, "b 68 3"], ...] = ()

    def in_field(
        self, index: int, box: Box
    ) -> tuple[Float[np.ndarray, "68 3"], Float[np.ndarray, "3 3"], Float[np.ndarray, "3 4"]]:
        """One prediction of a box in the field's frame: points, the head's rotation, field_from_head (metres
        of the head to the field's unit)."""
        points_m = box.to_field(self.landmarks[index].double().numpy())
        transform = self.transform[index].double().numpy()
        linear = box.half_side_m * box.field_from_box @ transform[:, :3] / HEAD_UNIT_M
        shift_m = box.to_field(transform[None, :, 3])[0]
        return points_m, nearest_rotation(linear), np.concatenate([linear, shift_m[:, None]], axis=1)

    def sigma_in_field(self, index: int, box: Box) -> Float[np.ndarray, " 68"]:
        """Of one prediction, in the field's unit; NaN where the network does not say."""
        if self.sigma is None:
            return np.full(68, np.nan)
        return self.sigma[index].double().numpy() * box.half_side_m

    def mean_with_mirrored(self) -> NetworkOutput:
        """The mean of predictions of volumes (first half) and of their mirror images (second half)."""
        partner = list(mirror_indices("ict68"))
        landmarks, mirrored = self.landmarks.chunk(2)
        swapped = mirrored[:, partner] * mirrored.new_tensor([-1.0, 1.0, 1.0])
        transform, turned = self.transform.chunk(2)
        signs = turned.new_tensor([[1, -1, -1, -1], [-1, 1, 1, 1], [-1, 1, 1, 1]])
        logit, other = self.head_logit.chunk(2)
        sigma = None
        if self.sigma is not None:
            # The errors of the two have most of their causes in common: their mean is little better
            own, its = self.sigma.chunk(2)
            sigma = (own + its[:, partner]) / 2
        return NetworkOutput(
            (landmarks + swapped) / 2, (transform + turned * signs) / 2, (logit + other) / 2, sigma
        )


def with_mirrored(
    volumes: Float[Tensor, "b k 4 n n n"], places: Float[Tensor, "b k 4"]
) -> tuple[Float[Tensor, "b2 k 4 n n n"], Float[Tensor, "b2 k 4"]]:
    """Volumes and places of face, left eye, right eye and mouth (or the first alone), then their mirror
    images."""
    order = [0, 2, 1, 3] if volumes.shape[1] == 4 else [0]
    turned = places[:, order] * places.new_tensor([-1.0, 1.0, 1.0, 1.0])
    return torch.cat([volumes, volumes[:, order].flip(3)]), torch.cat([places, turned])


class FieldLandmarkNetwork(nn.Module):
    """Coarse: one encoder. Fine: encoders of face, eye and mouth; the right eye is seen mirrored by the
    left eye's encoder, which halves weights and doubles what it learns from.

    Args:
        model: shape model.
        usual_scale, usual_shift: of a head in the box's coordinates per 0.1 m; a start for the pose.
    """

    def __init__(
        self,
        config: FieldNetworkConfig,
        model: BilinearModel | LinearModel,
        *,
        usual_scale: float,
        usual_shift: tuple[float, float, float],
    ) -> None:
        super().__init__()
        self.config = config
        self.usual_scale, self.usual_shift = usual_scale, usual_shift

        def encoder() -> VolumeEncoder:
            return VolumeEncoder(
                config.encoder,
                size=config.size,
                width=config.width,
                quick=config.quick,
                outputs=config.features,
            )

        self.whole = encoder()
        self.parts = nn.ModuleDict()
        if isinstance(config, FineNetworkConfig) and config.boxes == 4:
            self.parts = nn.ModuleDict({"eye": encoder(), "mouth": encoder()})
        total = config.features * (4 if self.parts else 1)
        self.mixed = nn.Sequential(nn.Linear(total, config.features), nn.ReLU(inplace=True))
        self.shape = ShapeDecoder(config.features, model)
        self.pose = PoseDecoder(
            config.features, config.pose, usual_scale=usual_scale, usual_shift=usual_shift
        )
        self.head = nn.Linear(config.features, 1)
        self.has_heatmaps = isinstance(config, FineNetworkConfig) and config.local
        if self.has_heatmaps:
            self.local = LocalDecoder(self.whole.channels, with_parts=bool(self.parts))
            self.spread = SpreadDecoder(config.features)
            self.placed = nn.Linear(4 * (4 if self.parts else 1), config.features, bias=False)
            nn.init.zeros_(self.placed.weight)
            self.trust = nn.Parameter(torch.zeros(68, 3 if self.parts else 2))
            self.trust.data[:, 0] = SHAPE_TRUST

    @property
    def box_count(self) -> int:
        """Boxes that it looks at."""
        return self.config.boxes if isinstance(self.config, FineNetworkConfig) else 1

    def _part(self, name: str) -> VolumeEncoder:
        encoder = self.parts[name]
        assert isinstance(encoder, VolumeEncoder)
        return encoder

    def forward(
        self, volumes: Float[Tensor, "b k 4 n n n"], places: Float[Tensor, "b k 4"] | None = None
    ) -> NetworkOutput:
        """Landmarks and pose.

        Args:
            volumes: of K boxes: the whole one; or face, left eye, right eye, mouth.
            places: of the boxes, see `relative_places`; only networks with heatmaps ask for them.
        """
        whole, whole_pyramid = self.whole.pyramid(volumes[:, 0])
        features, pyramids = [whole], {"whole": whole_pyramid}
        if self.parts:
            left, right = volumes[:, 1], volumes[:, 2].flip(2)
            eyes, pyramids["eye"] = self._part("eye").pyramid(torch.cat([left, right]))
            mouth, pyramids["mouth"] = self._part("mouth").pyramid(volumes[:, 3])
            features += [*eyes.chunk(2), mouth]
        mixed = self.mixed[0](torch.cat(features, dim=1))
        if self.has_heatmaps:
            assert places is not None, "a network with local heatmaps has to know where its boxes lie"
            mixed = mixed + self.placed(places.flatten(1))
        mixed = functional.relu(mixed)
        transform = self.pose(mixed)
        landmarks = self.shape(mixed) @ transform[:, :, :3].transpose(1, 2) + transform[:, None, :, 3]
        logit = self.head(mixed)[:, 0]
        if not self.has_heatmaps:
            return NetworkOutput(landmarks, transform, logit)
        opinions = (landmarks, *self.local(pyramids, places))
        weighed = (torch.stack(opinions, dim=-1) * self.trust.softmax(dim=1)[:, None]).sum(dim=-1)
        return NetworkOutput(weighed, transform, logit, self.spread(mixed, opinions), opinions)

    def description(self) -> dict[str, Any]:
        """What `from_description` needs besides the weights; plain data."""
        shapes = {name: list(buffer.shape) for name, buffer in self.shape.named_buffers()}
        return {
            "config": network_config_as_plain(self.config),
            "usual_scale": self.usual_scale,
            "usual_shift": list(self.usual_shift),
            "shape_model": shapes,
        }

    @staticmethod
    def from_description(values: dict[str, Any]) -> FieldLandmarkNetwork:
        """A network to load weights (and the shape model with them) into."""
        shapes = {name: np.zeros(size) for name, size in values["shape_model"].items()}
        if "core" in shapes:
            model: BilinearModel | LinearModel = BilinearModel(
                shapes["core"],
                shapes["expression_mean"],
                shapes["expression_spread"],
                shapes["identity_mean"],
                shapes["identity_spread"],
            )
        else:
            model = LinearModel(shapes["mean"], shapes["expression_basis"], shapes["identity_basis"])
        return FieldLandmarkNetwork(
            network_config_from_plain(values["config"]),
            model,
            usual_scale=values["usual_scale"],
            usual_shift=tuple(values["usual_shift"]),
        )


def wing_of(predicted_m: Float[Tensor, "b 68 3"], true_m: Float[Tensor, "b 68 3"]) -> Float[Tensor, " b"]:
    """Mean Wing loss of each sample (FLNeRF, eq. 4), differentiable; metres."""
    distance = (predicted_m - true_m).abs() / UNIT_M
    loss = torch.where(distance < OMEGA, OMEGA * torch.log1p(distance / EPSILON), distance - OFFSET)
    return loss.mean(dim=(1, 2))
