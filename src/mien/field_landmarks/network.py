"""The coarse and the fine network: from volumes to 68 landmarks in a box's coordinates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.field_landmarks.bilinear import BilinearModel, LinearModel
from mien.field_landmarks.boxes import Box
from mien.field_landmarks.encoders import EncoderKind, VolumeEncoder
from mien.field_landmarks.wing import EPSILON, OFFSET, OMEGA, UNIT_M
from mien.geometry.rotations import nearest_rotation
from mien.heads.landmark_sets import mirror_indices

HEAD_UNIT_M = 0.1
"""Landmarks of the shape models are divided by this inside the networks."""


@dataclass(frozen=True)
class NetworkConfig:
    """How a landmark network is made."""

    stage: Literal["coarse", "fine"] = "coarse"
    """The whole volume, or four boxes at the coarse prediction."""
    encoder: EncoderKind = "voxresnet"
    """Backbone of each box."""
    shape: Literal["bilinear", "linear"] = "bilinear"
    """Model that landmarks are made with: Tucker, or mean plus identity plus expression."""
    pose: Literal["6d", "matrix"] = "6d"
    """A similarity with a 6D rotation, or the paper's 3×4 matrix."""
    size: int = 24
    """Voxels a side of each volume."""
    width: int = 16
    """Channels after the first convolution."""
    quick: bool = True
    """The first convolution halves the volume."""
    features: int = 256
    """Length of each encoder's vector."""
    boxes: int = 4
    """Fine: 4 boxes, or only the face's (1): FLNeRF's ablation (c) keeps two scales, coarse and face."""


class ShapeDecoder(nn.Module):
    """Landmarks in the head's frame (units of 0.1 m) from features."""

    def __init__(self, features: int, model: BilinearModel | LinearModel) -> None:
        super().__init__()
        self.is_bilinear = isinstance(model, BilinearModel)
        if isinstance(model, BilinearModel):
            arrays = {
                "core": model.core_m / HEAD_UNIT_M,
                "expression_mean": model.expression_mean,
                "expression_spread": model.expression_spread,
                "identity_mean": model.identity_mean,
                "identity_spread": model.identity_spread,
            }
            counts = model.core_m.shape[2:]
        else:
            arrays = {
                "mean": model.mean_m / HEAD_UNIT_M,
                "expression_basis": model.expression_m / HEAD_UNIT_M,
                "identity_basis": model.identity_m / HEAD_UNIT_M,
            }
            counts = (len(model.expression_m), len(model.identity_m))
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.asarray(array, np.float32)))
        self.expression = nn.Linear(features, counts[0])
        self.identity = nn.Linear(features, counts[1])
        for head in (self.expression, self.identity):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b 68 3"]:
        """FLNeRF, eq. 1; weights are in standard deviations from their means."""
        expression, identity = self.expression(features), self.identity(features)
        values: dict[str, Tensor] = dict(self.named_buffers())
        if self.is_bilinear:
            expression = values["expression_mean"] + values["expression_spread"] * expression
            identity = values["identity_mean"] + values["identity_spread"] * identity
            return torch.einsum("lcei,be,bi->blc", values["core"], expression, identity)
        return (
            values["mean"]
            + torch.einsum("elc,be->blc", values["expression_basis"], expression)
            + torch.einsum("ilc,bi->blc", values["identity_basis"], identity)
        )


def rotation_from_6d(six: Float[Tensor, "b 6"]) -> Float[Tensor, "b 3 3"]:
    """Rotation matrices whose first two columns are the orthonormalised halves (Zhou et al., CVPR 2019)."""
    first = functional.normalize(six[:, :3], dim=1)
    second = functional.normalize(six[:, 3:] - (first * six[:, 3:]).sum(1, keepdim=True) * first, dim=1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=2)


class PoseDecoder(nn.Module):
    """The transform of eq. 2, (B, 3, 4): box coordinates from the head's frame in units of 0.1 m.

    Starts as "upright, facing +z, of the usual size" for any features.
    """

    usual: Tensor

    def __init__(
        self, features: int, kind: str, *, usual_scale: float, usual_shift: tuple[float, float, float]
    ) -> None:
        super().__init__()
        self.kind = kind
        self.layer = nn.Linear(features, 10 if kind == "6d" else 12)
        nn.init.normal_(self.layer.weight, std=0.01)
        nn.init.zeros_(self.layer.bias)
        self.usual_scale = usual_scale
        self.register_buffer("usual", torch.tensor(usual_shift))

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b 3 4"]:
        """[scale · rotation | shift], or any 3×4 matrix."""
        values = self.layer(features)
        if self.kind == "matrix":
            start = torch.cat([self.usual_scale * torch.eye(3, device=values.device), self.usual[:, None]], 1)
            return start + values.reshape(-1, 3, 4)
        six = values[:, :6] + torch.tensor([1.0, 0, 0, 0, 1.0, 0], device=values.device)
        scaled = self.usual_scale * torch.exp(values[:, 6:7])[..., None] * rotation_from_6d(six)
        return torch.cat([scaled, (self.usual + values[:, 7:10])[..., None]], dim=2)


@dataclass(frozen=True)
class NetworkOutput:
    """What a network says about volumes.

    Attributes:
        landmarks: (B, 68, 3) in the coordinates of the whole volume (coarse) or of the face's box (fine).
        transform: (B, 3, 4) from the head's frame, units of 0.1 m, to those coordinates.
        head_logit: (B,) above 0 where the volume shows a head, about upright.
    """

    landmarks: Float[Tensor, "b 68 3"]
    transform: Float[Tensor, "b 3 4"]
    head_logit: Float[Tensor, " b"]

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

    def mean_with_mirrored(self) -> NetworkOutput:
        """The mean of predictions of volumes (first half) and of their mirror images (second half)."""
        landmarks, mirrored = self.landmarks.chunk(2)
        swapped = mirrored[:, list(mirror_indices("ibug68"))] * mirrored.new_tensor([-1.0, 1.0, 1.0])
        transform, turned = self.transform.chunk(2)
        signs = turned.new_tensor([[1, -1, -1, -1], [-1, 1, 1, 1], [-1, 1, 1, 1]])
        logit, other = self.head_logit.chunk(2)
        return NetworkOutput((landmarks + swapped) / 2, (transform + turned * signs) / 2, (logit + other) / 2)


def with_mirrored(volumes: Float[Tensor, "b k 4 n n n"]) -> Float[Tensor, "b2 k 4 n n n"]:
    """Volumes of face, left eye, right eye and mouth (or the first alone), then their mirror images."""
    order = [0, 2, 1, 3] if volumes.shape[1] == 4 else [0]
    return torch.cat([volumes, volumes[:, order].flip(3)])


class LandmarkNetwork(nn.Module):
    """Coarse: one encoder. Fine: encoders of face, eye and mouth; the right eye is seen mirrored by the
    left eye's encoder, which halves weights and doubles what it learns from.

    Args:
        model: shape model.
        usual_scale, usual_shift: of a head in the box's coordinates per 0.1 m; a start for the pose.
    """

    def __init__(
        self,
        config: NetworkConfig,
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
        if config.stage == "fine" and config.boxes == 4:
            self.parts = nn.ModuleDict({"eye": encoder(), "mouth": encoder()})
        total = config.features * (4 if self.parts else 1)
        self.mixed = nn.Sequential(nn.Linear(total, config.features), nn.ReLU(inplace=True))
        self.shape = ShapeDecoder(config.features, model)
        self.pose = PoseDecoder(
            config.features, config.pose, usual_scale=usual_scale, usual_shift=usual_shift
        )
        self.head = nn.Linear(config.features, 1)

    def forward(self, volumes: Float[Tensor, "b k 4 n n n"]) -> NetworkOutput:
        """Volumes of K boxes: the whole one; or face, left eye, right eye, mouth."""
        features = [self.whole(volumes[:, 0])]
        if self.parts:
            left, right = volumes[:, 1], volumes[:, 2].flip(2)
            eyes = self.parts["eye"](torch.cat([left, right]))
            features += [*eyes.chunk(2), self.parts["mouth"](volumes[:, 3])]
        mixed = self.mixed(torch.cat(features, dim=1))
        transform = self.pose(mixed)
        shape = self.shape(mixed)
        landmarks = shape @ transform[:, :, :3].transpose(1, 2) + transform[:, None, :, 3]
        return NetworkOutput(landmarks, transform, self.head(mixed)[:, 0])

    def description(self) -> dict[str, Any]:
        """What `from_description` needs besides the weights; plain data."""
        shapes = {name: list(buffer.shape) for name, buffer in self.shape.named_buffers()}
        return {
            "config": asdict(self.config),
            "usual_scale": self.usual_scale,
            "usual_shift": list(self.usual_shift),
            "shape_model": shapes,
        }

    @staticmethod
    def from_description(values: dict[str, Any]) -> LandmarkNetwork:
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
        return LandmarkNetwork(
            NetworkConfig(**values["config"]),
            model,
            usual_scale=values["usual_scale"],
            usual_shift=tuple(values["usual_shift"]),
        )


def wing_of(predicted_m: Float[Tensor, "b 68 3"], true_m: Float[Tensor, "b 68 3"]) -> Float[Tensor, " b"]:
    """Mean Wing loss of each sample (FLNeRF, eq. 4), differentiable; metres."""
    distance = (predicted_m - true_m).abs() / UNIT_M
    loss = torch.where(distance < OMEGA, OMEGA * torch.log1p(distance / EPSILON), distance - OFFSET)
    return loss.mean(dim=(1, 2))
