"""What tells people apart in fitted identities, learned from fits of people who are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.evaluation.fitting.pictured_people import fit_pictures
from mien.fitting.likeness import LikenessSpace
from mien.landmarks.landmarker import Landmarker
from mien.progress import ProgressReport, silent
from mien.synthetic.held_out_people.crowd import Photographer


@dataclass(frozen=True)
class LikenessConfig:
    """How many directions count, and how far few people are believed."""

    kept: int = 40
    """Directions that are kept, those first that tell people apart best."""
    ridge: float = 0.3
    """Added to how one person's fits differ, as a share of the mean over all directions."""


def fitted_identities(
    photographer: Photographer,
    models: tuple[str, ...],
    folder: Path,
    *,
    report: ProgressReport = silent,
) -> Float[np.ndarray, "people fits identity"]:
    """Identities fitted to every picture of everybody by each landmark network; NaN where there is none.

    Args:
        folder: where the rendered pictures lie.

    Raises:
        InputError: a picture is missing.
    """
    crowd = photographer.crowd
    count = photographer.head.identity_count
    identities = np.full((len(models), len(crowd), crowd.shot_count, count), np.nan)
    for row, model in enumerate(models):
        for picture in fit_pictures(photographer, Landmarker(model), folder, report=report):
            if picture.fit is not None:
                identities[row, picture.person, picture.shot] = picture.fit.parameters.identity
    return np.concatenate(list(identities), axis=1)


def learn_likeness(
    photographer: Photographer,
    identities: Float[np.ndarray, "people fits identity"],
    config: LikenessConfig = LikenessConfig(),
) -> LikenessSpace:
    """The space that `mien.likeness` compares people in.

    Raises:
        InputError: fewer than two people were found in every picture.
    """
    head = photographer.head
    return LikenessSpace.learned(
        identities,
        kept=config.kept,
        ridge=config.ridge,
        head_name=head.name,
        head_version=head.version,
    )
