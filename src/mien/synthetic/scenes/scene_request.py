"""What `mien synth scene` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class SceneRequest:
    """A head that is photographed from all around."""

    person: int = 0
    """Seed of the person: shape, and how they make expressions."""
    looks: int | None = None
    """Seed of skin, eyes, brows and hair; the person's when not given."""
    expression: str = "neutral"
    """One of the 110 by name (smile, mouth_stretch, …), or weights: jawOpen=0.5,mouthSmile=1."""
    skin: str | None = None
    """Name of a MakeHuman skin, instead of the looks' own."""
    hair: str | None = None
    """"none" or the name of a MakeHuman hair style, instead of the looks' own."""
    accessories: bool = False
    """Keep glasses, a microphone, a cap or a scarf where the looks have them."""
    light: Literal["studio", "random"] = "studio"
    """Even light, or the light of the random synthetic pictures."""
    views: int = 24
    """Pictures to train on."""
    test_views: int = 4
    """Further pictures, marked as test views in transforms.json."""
    sides: Literal["all", "front", "orbit"] = "all"
    """Cameras all around the head, on the hemisphere in front of it, or on the way of a hand-held phone from
    one side of the face to the other."""
    distance_m: float = 1.0
    """Distance of the cameras from the head's middle."""

    surroundings: Literal["none", "wall", "room"] = "none"
    """Behind the head: nothing (its silhouette is in the pictures), a wall that hair nearly touches, or a
    room full of things. With any the pictures have no silhouettes; true ones lie in masks/."""
    shoulders: bool = False
    """With shoulders and clothes, instead of a closed neck."""
    exposure: float = 0.0
    """Standard deviation of the logarithm of each picture's exposure; along an orbit it changes slowly."""
    distortion: bool = False
    """Taken through a lens with distortion as a phone's, which transforms.json states."""
    noise_deg: float = 0.0
    """The cameras in transforms.json are turned about their centres by so much (deviation about each
    axis)."""
    noise_mm: float = 0.0
    """The cameras in transforms.json are shifted by so much (deviation along each axis)."""
    no_cameras: bool = False
    """Write pictures alone; the true cameras are in truth.json."""

    @property
    def looks_seed(self) -> int:
        return self.person if self.looks is None else self.looks
