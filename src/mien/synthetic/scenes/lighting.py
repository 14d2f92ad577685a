"""Random light: a key light, sometimes a rim light, soft light all around, exposure, white balance."""

from __future__ import annotations

import numpy as np

from mien.synthetic.scenes.renderer import Light


def _warm(amount: float) -> np.ndarray:
    return np.array([1 + 0.25 * amount, 1.0, 1 - 0.35 * amount])


def random_light(rng: np.random.Generator, *, skin_level: float) -> Light:
    """The light of one picture.

    Args:
        skin_level: how bright the skin is (mean albedo): dark skin is exposed longer, as cameras do.
    """
    azimuth, elevation = rng.normal(0, 1.0), rng.uniform(-0.15, 1.3)
    key = np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    )
    back = rng.uniform(-1, 1)
    rim = np.array([np.sign(back) * rng.uniform(0.5, 1), rng.uniform(-0.1, 0.8), -rng.uniform(0.2, 0.9)])
    key_share = rng.beta(1.6, 1.4)
    temperature = rng.normal(0.05, 0.3)
    color_cast = np.ones(3)
    kind = rng.random()
    if kind < 0.30:  # a studio or a room with lamps all around: flat, from the front
        key_share = rng.uniform(0.05, 0.35)
    elif kind < 0.45:  # one hard lamp or window from the side
        key_share = rng.uniform(0.75, 0.97)
        azimuth = rng.choice([-1, 1]) * rng.uniform(0.9, 1.7)
        elevation = rng.uniform(-0.2, 0.7)
        key = np.array(
            [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
        )
    elif kind < 0.55:  # stage or neon light
        color_cast = np.clip(rng.normal(1.0, 0.3, 3), 0.4, 1.6)
    ambient = np.zeros((9, 3))
    level = 1 - key_share
    ambient[0] = level * _warm(temperature + rng.normal(0, 0.25))
    ambient[1:4] = level * rng.normal([[0.25], [0.15], [0.0]], 0.22, (3, 3)).mean(axis=1, keepdims=True)
    ambient[1:] += level * rng.normal(0, 0.06, (8, 3))
    color = 1.9 * key_share * _warm(temperature) * color_cast
    rim_color = (rng.random() < 0.35) * rng.uniform(0.2, 1.6) * _warm(rng.normal(0, 0.6))
    brightness = rng.uniform(0.6, 1.35) * (0.36 / skin_level) ** rng.uniform(0.15, 0.5)
    balance = np.clip(1 + rng.normal(0, 0.05, 3), 0.8, 1.25)
    return Light(
        key_direction=key,
        key_color=np.clip(color, 0, 4),
        rim_direction=rim / np.linalg.norm(rim),
        rim_color=np.clip(rim_color, 0, 4),
        ambient=ambient,
        exposure=float(brightness),
        balance=balance,
    )
