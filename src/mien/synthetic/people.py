"""Who is drawn: women and men, children and the old, thin and heavy ones, of all ancestries.

Half of them are people of MakeHuman told by the built-in head's identities (`mien head people`), each varied
by what the prior allows; the others are drawn from the prior alone and told who they resemble.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from mien.errors import InputError
from mien.heads.model import Head
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

AGES = ("child", "young", "middle", "old")
_PATH = Path(__file__).parent / "data" / "people.npz"
FORMAT_VERSION = 1

KNOWN_SHARE = 0.5
"""Share of people that begin with one of MakeHuman's."""
SPREAD, KNOWN_SPREAD = (1.0, 1.3), (0.9, 1.15)
"""How far people lie from the mean, over what their source gives: those of the prior, and known ones."""
SKULLS = (0.76, 1.16)
"""Height of crowns above the eyes over that of eyes above the chin, usually 0.95: people lie between."""
OWN_VARIATION = 0.4
"""Share of the prior's deviation by which a known person is varied: no two are alike."""
BROW_MODES = 6
"""Last identity components: of brows, which MakeHuman's people do not tell."""


@dataclass(frozen=True, eq=False)
class KnownPeople:
    """People whose kind is known.

    Attributes:
        identity: (N, I) weights of the built-in head.
        male: (N,); age: (N,) indices into `AGES`; heavy: (N,) from -1 to 1.
        ancestry: (N, 3) shares: African, Asian, European.
    """

    identity: Float[np.ndarray, "people identity"]
    male: Bool[np.ndarray, " people"]
    age: Int[np.ndarray, " people"]
    heavy: Float[np.ndarray, " people"]
    ancestry: Float[np.ndarray, "people 3"]


@dataclass(frozen=True, eq=False)
class Person:
    """One person to be drawn.

    Attributes:
        identity: (I,) weights; source: "known" or "prior".
        male; age: of `AGES`; heavy: from -1 to 1; african: share of the ancestry.
    """

    identity: Float[np.ndarray, " identity"]
    source: str
    male: bool
    age: str
    heavy: float
    african: float

    def details(self) -> dict[str, Any]:
        """Plain data for a picture's record."""
        return {
            "source": self.source,
            "sex": "male" if self.male else "female",
            "age": self.age,
            "heavy": round(self.heavy, 2),
        }


def save_known_people(people: KnownPeople, path: Path) -> None:
    """Write them as plain `.npz`."""
    from mien.files import atomic_path

    arrays = {name: value for name, value in vars(people).items() if name != "identity"}
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(
            stream, format_version=FORMAT_VERSION, identity=people.identity.astype(np.float16), **arrays
        )


@lru_cache(maxsize=1)
def known_people() -> KnownPeople:
    """Those that come with mien.

    Raises:
        InputError: their file is missing or of another version.
    """
    return read_known_people(_PATH)


def read_known_people(path: Path) -> KnownPeople:
    """Read what `save_known_people` wrote.

    Raises:
        InputError: the file is missing, damaged or of another version.
    """
    remedy = "make it anew with: mien head people"
    with open_npz(path, what=f"holds no known people; {remedy}", missing=f"is missing; {remedy}") as file:
        values = FileValues(file, source=path, remedy=remedy)
        if values.integer("format_version") != FORMAT_VERSION:
            raise InputError(f"is of another version; {remedy}", source=path)
        people = KnownPeople(
            identity=values.array("identity", "people identity", low=-100, high=100),
            male=values.array("male", "people", kind="flag"),
            age=values.array("age", "people", kind="integer", low=0, high=len(AGES) - 1),
            heavy=values.array("heavy", "people", low=-1, high=1),
            ancestry=values.array("ancestry", "people 3", low=0, high=1),
        )
    if not len(people.male):
        raise values.damaged("nobody is in it")
    return people


def random_person(head: Head, rng: np.random.Generator) -> Person:
    """Somebody whose skull is in proportion, see `_random_person`.

    Raises:
        InputError: the people's file is missing.
    """
    person = _random_person(head, rng)
    for _ in range(9 if "ibug68" in head.landmark_sets else 0):
        if SKULLS[0] < skull_proportion(head, person.identity) < SKULLS[1]:
            break
        person = _random_person(head, rng)
    return person


def skull_proportion(head: Head, identity: Float[np.ndarray, " identity"]) -> float:
    """Height of the crown above the eyes over that of the eyes above the chin, at rest."""
    mean_m, basis_m = _heights(head)
    crown, eyes, chin = mean_m + identity @ basis_m
    return float((crown - eyes) / (eyes - chin))


@lru_cache(maxsize=2)
def _heights(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """(3,) heights of crown, eyes and chin, and (I, 3) how identity changes them."""
    points = head.landmark_set("ibug68").vertices
    crown = np.flatnonzero(head.mean_m[:, 1] > head.mean_m[:, 1].max() - 0.004)
    groups = (crown, points[36:48], points[[8]])
    mean_m = np.array([head.mean_m[group, 1].mean() for group in groups])
    basis_m = np.stack([head.identity_basis_m[:, group, 1].mean(axis=1) for group in groups], axis=1)
    return mean_m, basis_m


def _random_person(head: Head, rng: np.random.Generator) -> Person:
    """Somebody: half women, every age as often as the others.

    Heads with other identities than the built-in one's have their prior alone, and do not tell who that is.

    Raises:
        InputError: the people's file is missing.
    """
    known = known_people()
    spread = float(rng.uniform(*SPREAD))
    if known.identity.shape[1] != head.identity_count:
        return Person(prior_draw(head, rng, spread=spread), "prior", bool(rng.random() < 0.5), "middle", 0, 0)
    if rng.random() < KNOWN_SHARE:
        one = int(rng.integers(len(known.identity)))
        center = _center(head)
        identity = center + rng.uniform(*KNOWN_SPREAD) * (known.identity[one] - center)
        identity = identity + OWN_VARIATION * prior_draw(head, rng, centered=True)
        identity[-BROW_MODES:] = spread * prior_draw(head, rng)[-BROW_MODES:]
        male, age, heavy = bool(known.male[one]), AGES[known.age[one]], float(known.heavy[one])
        return Person(identity, "known", male, age, heavy, float(known.ancestry[one, 0]))
    identity = prior_draw(head, rng, spread=spread)
    male, old, heavy, african = _resemblance(head) @ np.append(identity, 1.0)
    age = "young" if old < 0.33 else "middle" if old < 0.66 else "old"
    return Person(identity, "prior", bool(male > 0.5), age, float(np.clip(heavy, -1, 1)), float(african))


def prior_draw(
    head: Head, rng: np.random.Generator, *, spread: float = 1.0, centered: bool = False
) -> Float[np.ndarray, " identity"]:
    """(I,) identity weights from the head's mixture prior.

    Args:
        spread: over the prior's deviation about its component's mean; centered: without that mean.
    """
    if head.identity_mixture is None:
        return spread * rng.normal(size=head.identity_count)
    weights, means, _ = head.identity_mixture
    component = int(rng.choice(len(weights), p=weights / weights.sum()))
    own = spread * _factors(head)[component] @ rng.normal(size=head.identity_count)
    return own if centered else means[component] + own


@lru_cache(maxsize=2)
def _factors(head: Head) -> np.ndarray:
    """(G, I, I) Cholesky factors of the identity mixture's covariances."""
    assert head.identity_mixture is not None
    return np.linalg.cholesky(head.identity_mixture[2])


@lru_cache(maxsize=2)
def _center(head: Head) -> np.ndarray:
    """(I,) mean of the known young and middle-aged: children stay children when people are spread."""
    known = known_people()
    adults = np.isin(known.age, (1, 2))
    center = known.identity[adults].mean(axis=0)
    assert len(center) == head.identity_count
    return center


@lru_cache(maxsize=2)
def _resemblance(head: Head) -> np.ndarray:
    """(4, I + 1) how male, how old, how heavy and how African adults are, linear in identity."""
    known = known_people()
    adults = known.age > 0
    rows = np.column_stack([known.identity[adults], np.ones(adults.sum())])
    wanted = np.column_stack([known.male, (known.age - 1) / 2, known.heavy, known.ancestry[:, 0]])[
        adults
    ].astype(float)
    gram = rows.T @ rows + 0.02 * adults.sum() * np.eye(rows.shape[1])
    gram[-1, -1] -= 0.02 * adults.sum()
    found = np.linalg.solve(gram, rows.T @ wanted).T
    assert found.shape == (4, head.identity_count + 1)
    return found
