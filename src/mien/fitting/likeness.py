"""How alike two fitted people are: is it the same person in two pictures?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.errors import InputError, check_type
from mien.files import atomic_path
from mien.fitting.results import HeadFit
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

FORMAT_VERSION = 1
_SHIPPED = Path(__file__).parent / "data" / "likeness.npz"


@dataclass(frozen=True, eq=False)
class LikenessSpace:
    """Directions of fitted identities in which people differ more than pictures of one person do.

    Linear discriminant analysis (Fisher 1936; Belhumeur et al. 1997 for faces) of identities that were fitted
    to several pictures each of people who are known: what differs between two fits of one person counts less.

    Attributes:
        mean: (I,) what is fitted on average.
        directions: (I, K) columns; between fits of one person each component has the same spread.
        head_name, head_version: whose identity weights these are.
    """

    mean: Float[np.ndarray, " identity"]
    directions: Float[np.ndarray, "identity kept"]
    head_name: str
    head_version: str

    @staticmethod
    def learned(
        identities: Float[np.ndarray, "people shots identity"],
        *,
        kept: int,
        ridge: float,
        head_name: str,
        head_version: str,
    ) -> LikenessSpace:
        """Learn from fits of known people.

        Args:
            identities: fitted to each picture; people with a missing one (NaN) are left out.
            kept: directions that are kept, those first that tell people apart best.
            ridge: added to the spread of one person's fits, as a share of its mean over all directions: a few
                hundred people do not show every direction.

        Raises:
            InputError: fewer than two people, or one picture each.
        """
        known = identities[np.isfinite(identities).all(axis=(1, 2))]
        people, shots, count = known.shape
        if people < 2 or shots < 2:
            raise InputError("likeness is learned from two people or more, in two pictures each or more")
        mean = known.mean(axis=(0, 1))
        persons = known.mean(axis=1)
        within = (known - persons[:, None]).reshape(-1, count)
        within = within.T @ within / (people * (shots - 1))
        between = (persons - mean).T @ (persons - mean) / (people - 1) - within / shots
        whitened = within + ridge * np.trace(within) / count * np.eye(count)
        lower = np.linalg.cholesky(np.linalg.inv(whitened))
        told, turned = np.linalg.eigh(lower.T @ between @ lower)
        best = np.argsort(told)[::-1][:kept]
        return LikenessSpace(mean, lower @ turned[:, best], head_name, head_version)

    def placed(self, identities: Float[np.ndarray, "*n identity"]) -> Float[np.ndarray, "*n kept"]:
        """Unit vectors, whose inner products are likenesses."""
        components = (identities - self.mean) @ self.directions
        return components / np.maximum(np.linalg.norm(components, axis=-1, keepdims=True), 1e-12)

    def save(self, path: Path) -> None:
        """Write a `.npz` file, in one step."""
        with atomic_path(path) as temporary, open(temporary, "wb") as stream:
            np.savez_compressed(
                stream,
                format_version=FORMAT_VERSION,
                mean=self.mean.astype(np.float32),
                directions=self.directions.astype(np.float32),
                head_name=self.head_name,
                head_version=self.head_version,
            )


@lru_cache(maxsize=1)
def shipped_likeness() -> LikenessSpace:
    """What the built-in head's fits are compared in.

    Raises:
        InputError: the installation lacks it.
    """
    with open_npz(_SHIPPED, what="is damaged; install mien again") as file:
        values = FileValues(file, source=_SHIPPED, remedy="install mien again")
        return LikenessSpace(
            values.array("mean", "identity", low=-100, high=100).astype(float),
            values.array("directions", "identity kept", low=-1e4, high=1e4).astype(float),
            values.text("head_name", longest=100),
            values.text("head_version", longest=100),
        )


def likeness(one: HeadFit, other: HeadFit) -> float:
    """How alike two fitted people are, from -1 to 1, by the shape of their heads alone.

    Expression, pose, light and hair do not enter. Around 0 for two people, larger for one person in two
    pictures; docs/results/identity.md says how often which value is right. A hint, no proof: single pictures
    show a third of what makes a face its own.

    Args:
        one, other: fits of the built-in head, each to its own picture or to several.

    Raises:
        InputError: a fit is not usable, or of another head.
    """
    space = shipped_likeness()
    for fit in (one, other):
        check_type(fit, HeadFit, argument="fit", call="mien.likeness(fit, other)")
        if (fit.head_name, fit.head_version) != (space.head_name, space.head_version):
            raise InputError(
                f"likeness knows {space.head_name} {space.head_version}, not {fit.head_name} "
                f"{fit.head_version}; fit the built-in head to both pictures"
            )
        if not fit.status.usable:
            raise InputError(f"the fit {fit.outcome}, so nobody can be compared with it")
    both = space.placed(np.stack([one.parameters.identity, other.parameters.identity]))
    return float(both[0] @ both[1])
