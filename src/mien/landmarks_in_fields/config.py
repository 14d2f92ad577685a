"""How the networks that find landmarks in fields are built."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Stage = Literal["coarse", "fine"]
EncoderKind = Literal["voxresnet", "vgg"]


@dataclass(frozen=True)
class FieldNetworkConfig:
    """A coarse network, which looks at the whole volume; and what a fine network has in common with it."""

    encoder: EncoderKind = "voxresnet"
    """Backbone of each box."""
    shape: Literal["bilinear", "linear"] = "bilinear"
    """Model that landmarks are made with: Tucker, or mean plus identity plus expression."""
    pose: Literal["6d", "matrix"] = "6d"
    """A similarity with a 6D rotation, or the paper's 3×4 matrix."""
    size: int = 24
    """Voxels a side of each box (the paper: 64; here boxes are sampled at twice this and averaged)."""
    width: int = 16
    """Channels after the first convolution."""
    quick: bool = True
    """The first convolution halves the volume."""
    features: int = 256
    """Length of each encoder's vector."""

    @property
    def stage(self) -> Stage:
        """Which of the two networks it is."""
        return "coarse"


@dataclass(frozen=True)
class FineNetworkConfig(FieldNetworkConfig):
    """A fine network, which looks at boxes cut where the coarse one sees a head."""

    boxes: Literal[1, 4] = 4
    """4: face, both eyes and mouth; 1: the face alone, as in FLNeRF's ablation (c)."""
    local: bool = True
    """Find landmarks in the boxes by heatmaps too, weigh them against the shape model's, and predict their
    standard deviations; without it the shape model alone says where they are, as in the paper."""

    @property
    def stage(self) -> Stage:
        return "fine"


def network_config_as_plain(config: FieldNetworkConfig) -> dict[str, Any]:
    """For files; `network_config_from_plain` is the inverse."""
    return {"stage": config.stage, **asdict(config)}


def network_config_from_plain(values: dict[str, Any]) -> FieldNetworkConfig:
    """The configuration that a file states.

    Raises:
        KeyError: the stage is missing.
        TypeError: it names something unknown.
    """
    rest = {name: value for name, value in values.items() if name != "stage"}
    if values["stage"] == "fine":
        return FineNetworkConfig(**rest)
    # older files state the fine network's options for coarse ones too
    only_fine = {field.name for field in fields(FineNetworkConfig)} - {
        field.name for field in fields(FieldNetworkConfig)
    }
    return FieldNetworkConfig(**{name: value for name, value in rest.items() if name not in only_fine})
