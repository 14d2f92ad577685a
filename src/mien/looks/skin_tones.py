"""Skin colours over the whole human range, as linear albedos."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

LEVELS = np.log([0.025, 0.06, 0.13, 0.24, 0.36, 0.55])
RED_OVER_GREEN = (1.45, 1.72, 1.74, 1.66, 1.54, 1.38)
GREEN_OVER_BLUE = (1.24, 1.48, 1.52, 1.48, 1.40, 1.28)
"""Chosen by eye so that no skin looks painted: browns are the most colourful, the ends are greyer."""
TONE_LUMINANCE = np.array([0.3, 0.6, 0.1])


def tone_of(level: float) -> Float[np.ndarray, " 3"]:
    """The usual skin colour of a lightness (luminance of its linear albedo)."""
    red = float(np.interp(np.log(level), LEVELS, RED_OVER_GREEN))
    blue = 1 / float(np.interp(np.log(level), LEVELS, GREEN_OVER_BLUE))
    color = np.array([red, 1.0, blue])
    return color * level / (color @ TONE_LUMINANCE)


EXPOSURE_STD, LIGHT_COLOR_STD, SKIN_COLOR_STD = 0.35, 0.10, 0.12
"""Of the logarithms: how bright a face's light is, its colour, and skin's colour at a lightness."""
USUAL_EXPOSURE = 0.9
FAIR, FAIR_STD = 0.36, 0.15
"""Lightness that few skins surpass, and the deviation of its logarithm above."""
SEEN_EXPOSURE_STD, SEEN_COLOR_STD = 0.30, 0.20
"""The same of a light that was judged by something else in the picture."""


def split_tone_and_light(
    color: Float[np.ndarray, " 3"], light_seen: Float[np.ndarray, " 3"] | None = None
) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"]]:
    """The likeliest skin tone and light for a face of this mean colour: (3,) and (3,), whose product it is.

    A picture alone cannot tell dim light from dark skin. Cameras expose faces and whites so that light is
    near 1 and near grey, and skins lie along one curve of colours: the most probable pair under both.

    Args:
        color: (3,) linear, with the shading's mean in it.
        light_seen: (3,) what the whites of the eyes say of the light.
    """
    log_color = np.log(np.maximum(color, 1e-4))
    exposure, exposure_std = np.log(USUAL_EXPOSURE), EXPOSURE_STD
    hue, hue_std = np.zeros(3), LIGHT_COLOR_STD
    if light_seen is not None:
        log_light = np.log(np.maximum(light_seen, 1e-4))
        level = float(log_light.mean())
        exposure, exposure_std = _merged(exposure, exposure_std, level, SEEN_EXPOSURE_STD)
        hue, hue_std = _merged(hue, hue_std, log_light - level, SEEN_COLOR_STD)
    share = SKIN_COLOR_STD**2 / (hue_std**2 + SKIN_COLOR_STD**2)
    best, chosen = np.inf, log_color
    for log_level in np.linspace(LEVELS[0], LEVELS[-1], 40):
        log_tone = np.log(tone_of(float(np.exp(log_level))))
        difference = log_color - log_tone
        brightness = float(difference.mean())
        chroma = difference - brightness - hue
        cost = ((brightness - exposure) / exposure_std) ** 2
        cost += float((chroma**2).sum()) / (hue_std**2 + SKIN_COLOR_STD**2)
        cost += (max(0.0, log_level - np.log(FAIR)) / FAIR_STD) ** 2
        if cost < best:
            best, chosen = cost, log_tone + share * chroma
    return np.exp(chosen), np.exp(log_color - chosen)


def _merged(first: Any, first_std: float, second: Any, second_std: float) -> tuple[Any, float]:
    """Mean and deviation of two independent judgements."""
    precision = 1 / first_std**2 + 1 / second_std**2
    return (first / first_std**2 + second / second_std**2) / precision, float(precision**-0.5)
