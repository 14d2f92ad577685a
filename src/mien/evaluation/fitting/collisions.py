"""Study: how deep fits leave skin in eyeballs and teeth, with the terms that keep it out and without."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.heads.intersection import skin_intersections
from mien.progress import ProgressReport, reported, silent
from mien.synthetic.held_out_people.crowd import Photographer

MAX_MM = 0.5
"""Skin may be this much deeper in an eyeball than on the mean head at rest."""

WITHOUT = "terms off"
WITH = "terms on"


@dataclass(frozen=True, eq=False)
class CollisionsResult:
    """One way of fitting all pictures.

    Attributes:
        eyeballs_mm, teeth_mm: (N,) per fit: the most by which skin is deeper inside than on the mean head at
            rest.
        residual_px: (N,) median distance of the fitted from the given landmarks.
        fit_ms: median time of a fit.
    """

    eyeballs_mm: Float[np.ndarray, " fits"]
    teeth_mm: Float[np.ndarray, " fits"]
    residual_px: Float[np.ndarray, " fits"]
    fit_ms: float


def with_terms(config: FitConfig = FitConfig()) -> FitConfig:
    """The settings with collision terms on, where they are not."""
    return replace(
        config,
        skin_eyeball_std_m=config.skin_eyeball_std_m or 1e-4,
        skin_teeth_std_m=config.skin_teeth_std_m or 1e-4,
    )


def study_collisions(
    photographer: Photographer,
    *,
    set_name: str = "dense320",
    config: FitConfig = FitConfig(),
    report: ProgressReport = silent,
) -> dict[str, CollisionsResult]:
    """Fit everybody's shots with expressions from exact landmarks, in both ways."""
    crowd, head = photographer.crowd, photographer.head
    off = replace(config, skin_eyeball_std_m=0.0, skin_teeth_std_m=0.0)
    ways = {WITHOUT: off, WITH: with_terms(config)}
    places = [(person, shot) for person in range(len(crowd)) for shot in range(1, crowd.shot_count)]
    found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in ways}
    for person, shot in reported(places, report, label="fitting"):
        landmarks = photographer.landmarks(person, shot, set_name)
        for name, chosen in ways.items():
            begin = time.perf_counter()
            fit = fit_landmarks(
                landmarks,
                CameraPrior.free(width_px=crowd.size_px, height_px=crowd.size_px),
                context=Context(head=head, config=chosen),
                throw=True,
            )
            took_ms = 1000 * (time.perf_counter() - begin)
            depths = skin_intersections(head, fit.parameters)
            residual_px = float(np.median(np.linalg.norm(fit.residuals_px, axis=1)))
            found[name].append((depths.eyeballs_mm, depths.teeth_mm, residual_px, took_ms))
    results = {}
    for name, values in found.items():
        eyeballs_mm, teeth_mm, residual_px, fit_ms = np.array(values).T
        results[name] = CollisionsResult(eyeballs_mm, teeth_mm, residual_px, float(np.median(fit_ms)))
    return results
