"""Random light as photographs have it: soft, near white, exposed for the face; seldom hard or coloured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.synthetic.scenes.renderer import Light


@dataclass(frozen=True)
class Setting:
    """A kind of light; ranges are drawn from evenly.

    Attributes:
        share: how often it is drawn.
        azimuth_rad, elevation_rad: where the key light is: from the front to either side, and over the eyes.
        key: the key light's share of all light; soft: how large it is, 0 a point … 1 a sky.
        above, ahead: how much more of the light around comes from above, and from the camera.
        warm, fill_warm: colour of the key light and of the light around; the camera takes most of both out.
    """

    share: float
    azimuth_rad: tuple[float, float]
    elevation_rad: tuple[float, float]
    key: tuple[float, float]
    soft: tuple[float, float]
    above: tuple[float, float]
    ahead: tuple[float, float]
    warm: float
    fill_warm: float


SETTINGS = {
    "studio": Setting(
        0.22, (0.1, 0.9), (0.15, 0.8), (0.3, 0.6), (0.5, 1.0), (0.1, 0.4), (0.2, 0.6), 0.0, 0.0
    ),
    "indoors": Setting(
        0.26, (0.0, 1.0), (0.6, 1.2), (0.3, 0.6), (0.4, 0.9), (0.2, 0.5), (0.0, 0.4), 0.3, 0.2
    ),
    "window": Setting(
        0.15, (0.7, 1.5), (0.0, 0.6), (0.45, 0.7), (0.7, 1.0), (0.0, 0.3), (0.0, 0.3), -0.1, 0.3
    ),
    "overcast": Setting(
        0.14, (0.0, 1.2), (0.7, 1.3), (0.1, 0.3), (0.9, 1.0), (0.4, 0.75), (0.0, 0.3), 0.0, 0.0
    ),
    "sun": Setting(
        0.08, (0.1, 1.3), (0.4, 1.1), (0.5, 0.75), (0.0, 0.25), (0.2, 0.5), (0.0, 0.3), 0.2, -0.25
    ),
    "flash": Setting(
        0.10, (0.0, 0.15), (0.02, 0.2), (0.6, 0.85), (0.05, 0.5), (0.0, 0.3), (0.1, 0.4), 0.0, 0.2
    ),
    "coloured": Setting(
        0.05, (0.2, 1.4), (0.0, 0.9), (0.4, 0.8), (0.2, 0.8), (0.0, 0.4), (0.0, 0.4), 0.1, 0.0
    ),
}
"""Kinds of light; few are coloured."""
RIM_SHARE = 0.22
MIDDLE_SKIN = 0.30
"""Mean albedo of skin that is exposed to just this brightness; darker skin is exposed a little longer."""
FACE_NORMALS = np.array([[0, 0, 1], [0.6, 0, 0.8], [-0.6, 0, 0.8], [0, 0.6, 0.8], [0, -0.6, 0.8]])
"""Directions that exposure is measured in."""


def _warm(amount: float) -> np.ndarray:
    return np.array([1 + 0.25 * amount, 1.0, 1 - 0.35 * amount])


def _direction(azimuth_rad: float, elevation_rad: float) -> np.ndarray:
    level = np.cos(elevation_rad)
    return np.array([np.sin(azimuth_rad) * level, np.sin(elevation_rad), np.cos(azimuth_rad) * level])


def _color(rng: np.random.Generator) -> np.ndarray:
    """A coloured lamp's, of mean 1."""
    color = 0.25 + rng.random(3) ** 1.5
    return color / color.mean()


def random_light(rng: np.random.Generator, *, skin_level: float) -> Light:
    """The light of one picture.

    Args:
        skin_level: how bright the skin is (mean albedo): dark skin is exposed longer, as cameras do.
    """
    name = str(rng.choice(list(SETTINGS), p=[s.share for s in SETTINGS.values()]))
    setting = SETTINGS[name]
    side = float(rng.choice([-1, 1]))
    key = _direction(
        side * float(rng.uniform(*setting.azimuth_rad)), float(rng.uniform(*setting.elevation_rad))
    )
    key_share, soft = float(rng.uniform(*setting.key)), float(rng.uniform(*setting.soft))
    key_color = _warm(setting.warm + rng.normal(0, 0.12))
    fill_color = _warm(setting.fill_warm + rng.normal(0, 0.12))
    if name == "coloured":
        key_color = key_color * _color(rng)
        fill_color = fill_color * (_color(rng) if rng.random() < 0.5 else 1.0)
    ambient = np.zeros((9, 3))
    ambient[0] = fill_color
    ambient[1] = float(rng.uniform(*setting.above)) * _warm(setting.fill_warm + rng.normal(0, 0.15))
    ambient[2] = float(rng.uniform(*setting.ahead)) * fill_color
    ambient[3] = float(rng.normal(0, 0.18)) * _warm(rng.normal(0, 0.2))
    ambient[4:] = rng.normal(0, 0.03, (5, 1)) * fill_color
    ambient *= 1 - key_share
    color = 1.7 * key_share * key_color
    back = float(rng.choice([-1, 1]))
    rim = np.array([back * rng.uniform(0.5, 1), rng.uniform(0.0, 0.8), -rng.uniform(0.3, 0.9)])
    rim_tint = _color(rng) if name == "coloured" and rng.random() < 0.6 else _warm(rng.normal(0, 0.2))
    rim_color = (rng.random() < RIM_SHARE) * rng.uniform(0.2, 1.0) * rim_tint
    light = Light(
        key_direction=key,
        key_color=np.clip(color, 0, 4),
        rim_direction=rim / np.linalg.norm(rim),
        rim_color=np.clip(rim_color, 0, 4),
        ambient=ambient,
        softness=soft,
    )
    wanted = MIDDLE_SKIN * (skin_level / MIDDLE_SKIN) ** rng.uniform(0.55, 0.9) * np.exp(rng.normal(0, 0.22))
    seen = light.at(FACE_NORMALS).mean(axis=0)
    light.exposure = float(wanted / (skin_level * seen @ [0.3, 0.6, 0.1]))
    # White balance takes out most of the light's mean colour; film and video leave a cast.
    cast = (seen / seen.mean()) ** (-rng.uniform(0.0, 0.35) if name == "coloured" else -rng.uniform(0.5, 1.0))
    light.balance = np.clip(cast * _warm(rng.normal(0.06, 0.16)) * np.exp(rng.normal(0, 0.025, 3)), 0.6, 1.6)
    return light
