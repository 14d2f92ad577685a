"""The lifting network: a crop to 3D landmarks, their uncertainty in it, and its camera (FaceLift, §3)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.training.lifting.config import SizedLiftingConfig
from mien.training.lifting.decoder import Decoder
from mien.training.lifting.encoders import EncodedFace, FrozenEncoder, PixelEncoder
from mien.training.lifting.rotation6d import rotation_from_6d

POSE_TOKENS = 3
"""Rotation, shift across the axis, shift along it."""
OUTPUTS = ("points_m", "points", "cholesky", "rotation", "translation_m")
"""Outputs of the exported file."""
POSE_VALUES = 9
"""Six of the rotation, three of the shift."""
FACING = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
"""Rotation, as six numbers, of a face that looks into the camera."""
_OFFSET_M, _SHIFT_M = 0.01, 0.05
"""What an answer of 1 means."""
_START_LOG_SIGMA = -3.5
_LOG_SIGMA_RANGE = 3.5


class LiftedOutput(NamedTuple):
    """Answers to a batch of crops.

    Attributes:
        points_m: (B, L, 3) landmarks in the head's own frame.
        points: (B, L, 2) their projection in [-1, 1] of the crop (2.5D).
        cholesky: (B, L, 3) log l₀₀, l₁₀, log l₁₁ of the covariance L Lᵀ of these, half crop sides.
        rotation: (B, 3, 3) and translation_m (B, 3): camera from head.
        shift_m: (B, 3) the part Δt of the translation.
    """

    points_m: Float[Tensor, "batch landmarks 3"]
    points: Float[Tensor, "batch landmarks 2"]
    cholesky: Float[Tensor, "batch landmarks 3"]
    rotation: Float[Tensor, "batch 3 3"]
    translation_m: Float[Tensor, "batch 3"]
    shift_m: Float[Tensor, "batch 3"]


class LiftingNetwork(nn.Module):
    """Encoder, decoder and answers.

    Attributes:
        decoding: whether the decoder's part is added; a training may begin without it.

    Where the encoder says how the face lies in the crop, rotation and shift are told relative to that: a crop
    that is turned in its plane turns the camera as much.
    """

    template_m: Tensor
    look_at_m: Tensor
    usual_distance_m: Tensor

    def __init__(self, config: SizedLiftingConfig) -> None:
        super().__init__()
        self.config = config
        frozen = config.encoder == "face-mesh"
        self.encoder: nn.Module = FrozenEncoder(config) if frozen else PixelEncoder(config)
        self.decoder = Decoder(
            tokens=config.landmarks + POSE_TOKENS,
            width=config.width,
            heads=config.heads,
            blocks=config.blocks,
        )
        self.register_buffer("template_m", torch.zeros(config.landmarks, 3))
        self.register_buffer("look_at_m", torch.tensor(config.look_at_m))
        self.register_buffer("usual_distance_m", torch.tensor(config.radius_m))
        self.of_landmark = _head(config.width, 6)
        self.of_rotation, self.of_across, self.of_along = (_head(config.width, size) for size in (6, 2, 1))
        self.from_landmark, self.from_pose = nn.Linear(6, config.width), nn.Linear(POSE_VALUES, config.width)
        self.decoding = True
        answers = 3 * config.landmarks + POSE_VALUES
        if isinstance(self.encoder, FrozenEncoder):
            self.linear = _quiet(nn.Linear(self.encoder.input_count, answers))
        if config.summary:
            self.direct = _quiet(nn.Linear(config.summary, answers + 3 * config.landmarks))

    def forward(self, *inputs: Tensor) -> LiftedOutput:
        """Answer to points and features of frozen networks, or to a picture in [0, 1]."""
        face: EncodedFace = self.encoder(*inputs)
        config, count = self.config, self.config.landmarks
        beside = self._beside(face)
        answers = beside if not self.decoding else beside + self._decoded(face.tokens, beside)
        offsets = answers[:, : 3 * count].reshape(-1, count, 3)
        six = answers[:, 3 * count : 3 * count + 6]
        shift = answers[:, 3 * count + 6 : 3 * count + POSE_VALUES]
        spread = answers[:, 3 * count + POSE_VALUES :].reshape(-1, count, 3)
        points_m = self.template_m + _OFFSET_M * offsets
        rotation = _rolled(rotation_from_6d(six + torch.tensor(FACING, device=six.device)), face.roll)
        base_m = self.base_shift_m(face)
        left_over = torch.cat([_turned(shift[:, :2], face.roll), shift[:, 2:]], 1)
        shift_m = base_m + _SHIFT_M * left_over
        translation_m = shift_m + to_sphere_m(rotation, self.look_at_m, config.radius_m)
        return LiftedOutput(
            points_m,
            project(points_m, rotation, translation_m, focal=config.focal),
            _bounded(spread),
            rotation,
            translation_m,
            shift_m,
        )

    def learn_beside(self, learns: bool) -> None:
        """Whether the path beside the decoder goes on learning."""
        parts: list[nn.Module] = [self.linear] if isinstance(self.encoder, FrozenEncoder) else []
        if self.config.summary:
            parts += [self.direct, self.encoder.get_submodule("rectified")]
        for part in parts:
            part.requires_grad_(learns)

    def _beside(self, face: EncodedFace) -> Tensor:
        """(B, 6 L + 9) answers without the decoder: offsets, rotation, shift, spreads."""
        count = 3 * self.config.landmarks
        said = face.tokens.new_zeros(face.tokens.shape[0], 2 * count + POSE_VALUES)
        if face.inputs.shape[1]:
            said = said + functional.pad(self.linear(face.inputs), (0, count))
        if self.config.summary:
            said = said + self.direct(face.summary)
        return said

    def _decoded(self, tokens: Tensor, beside: Tensor) -> Tensor:
        """(B, 6 L + 9) what the decoder adds, once it has been told what is said beside it."""
        count = self.config.landmarks
        pose = beside[:, 3 * count : 3 * count + POSE_VALUES]
        offsets = beside[:, : 3 * count].reshape(-1, count, 3)
        spread = beside[:, 3 * count + POSE_VALUES :].reshape(-1, count, 3)
        of_landmarks = self.from_landmark(torch.cat([offsets, spread], 2)) + self.from_pose(pose)[:, None]
        of_pose = self.from_pose(pose)[:, None].expand(-1, POSE_TOKENS, -1)
        told = self.decoder(tokens, torch.cat([of_landmarks, of_pose], 1))
        answers = self.of_landmark(told[:, :count])
        return torch.cat(
            [
                answers[..., :3].flatten(1),
                self.of_rotation(told[:, count]),
                self.of_across(told[:, count + 1]),
                self.of_along(told[:, count + 2]),
                answers[..., 3:].flatten(1),
            ],
            1,
        )

    def base_shift_m(self, face: EncodedFace) -> Float[Tensor, "batch 3"]:
        """Δt of a head that lies where the encoder's own view of its size and place puts it."""
        distance_m = self.usual_distance_m * torch.exp(-face.size)
        place_m = face.centre * distance_m[:, None] / (2 * self.config.focal)
        return torch.cat([place_m, (distance_m - self.config.radius_m)[:, None]], 1)


def quiet_answers(
    network: LiftingNetwork, face: EncodedFace, points_m: Tensor, rotation: Tensor, translation_m: Tensor
) -> Tensor:
    """(B, 3 L + 9) what the answers would have to add up to for given labels: a linear start's aim."""
    offsets = (points_m - network.template_m) / _OFFSET_M
    back = face.roll * torch.tensor([1.0, -1.0], device=face.roll.device)
    upright = _rolled(rotation, back)
    six = torch.cat([upright[:, :, 0], upright[:, :, 1]], 1) - torch.tensor(FACING, device=rotation.device)
    shift_m = translation_m - to_sphere_m(rotation, network.look_at_m, network.config.radius_m)
    left_over = (shift_m - network.base_shift_m(face)) / _SHIFT_M
    shift = torch.cat([_turned(left_over[:, :2], back), left_over[:, 2:]], 1)
    return torch.cat([offsets.flatten(1), six, shift], 1)


def to_sphere_m(
    rotation: Float[Tensor, "batch 3 3"], look_at_m: Float[Tensor, " 3"], radius_m: float
) -> Float[Tensor, "batch 3"]:
    """Translation of a camera on the sphere that looks at its centre; see `CameraSpace.to_sphere_m`."""
    axis = torch.tensor([0.0, 0.0, radius_m], device=rotation.device)
    return axis - rotation @ look_at_m


def project(
    points_m: Float[Tensor, "batch landmarks 3"],
    rotation: Float[Tensor, "batch 3 3"],
    translation_m: Float[Tensor, "batch 3"],
    *,
    focal: float,
) -> Float[Tensor, "batch landmarks 2"]:
    """Into [-1, 1] of the crop, by a focal length over its side."""
    local_m = points_m @ rotation.transpose(1, 2) + translation_m[:, None]
    return 2 * focal * local_m[..., :2] / local_m[..., 2:].clamp(min=0.05)


def _rolled(rotation: Tensor, roll: Tensor) -> Tensor:
    """A camera's rotation once its picture is turned by a roll (cosine, sine), clockwise as seen."""
    cosine, sine = roll[:, :1], roll[:, 1:]
    x, y, z = rotation[:, 0], rotation[:, 1], rotation[:, 2]
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y, z], 1)


def _turned(points: Tensor, roll: Tensor) -> Tensor:
    """Places in a picture that is turned by a roll (cosine, sine)."""
    x, y = points.unbind(-1)
    return torch.stack([roll[:, 0] * x - roll[:, 1] * y, roll[:, 1] * x + roll[:, 0] * y], -1)


def _bounded(values: Tensor) -> Tensor:
    first, below, second = values.unbind(-1)
    reach = _LOG_SIGMA_RANGE
    return torch.stack(
        [
            _START_LOG_SIGMA + reach * torch.tanh(first / reach),
            0.1 * torch.tanh(below),
            _START_LOG_SIGMA + reach * torch.tanh(second / reach),
        ],
        -1,
    )


def _quiet(layer: nn.Linear) -> nn.Linear:
    with torch.no_grad():
        layer.weight.mul_(0.1)
        layer.bias.zero_()
    return layer


def _head(width: int, outputs: int) -> nn.Sequential:
    """A small perceptron whose answers begin at 0."""
    last = nn.Linear(width, outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), last)
