"""People of MakeHuman as identities of the built-in head, with what they are: who is drawn in pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mien.head_building.assembly import Assembly, MakeHumanPeople, assemble
from mien.head_building.config import PeopleConfig
from mien.head_building.ict_facekit import read_ict_facekit
from mien.head_building.makehuman import ArkitTargets, MakeHuman
from mien.head_building.people import draw_heads, makehuman_displacement, random_details
from mien.heads.model import Head
from mien.progress import ProgressReport, silent
from mien.synthetic.people import AGES, KnownPeople

_NOISE_M = 0.001
"""How well the head's identities are asked to give a person's skin."""
DETAIL_STRENGTH, SKULL_SHARE = 0.26, 0.4
"""Deviation of the weights of facial details, and how much of it those of the whole head have: with more,
people become caricatures."""
FROM_NECK_M = -0.075
"""Skin above this height tells identities: necks are cut and bent in many ways."""


def draw_known_people(config: PeopleConfig, head: Head, *, report: ProgressReport = silent) -> KnownPeople:
    """Half women, half men, each age as often as the others, thin to heavy, of all ancestries.

    Raises:
        InputError: the assets are not there.
    """
    makehuman = MakeHuman(config.assets / "makehuman")
    assembly = assemble(
        makehuman,
        ArkitTargets(config.assets / "makehuman_arkit"),
        read_ict_facekit(config.assets / "ict_facekit"),
    )
    rng = np.random.default_rng(config.seed)
    people = MakeHumanPeople(assembly, makehuman)
    count = config.people
    ages = np.arange(count) % len(AGES)
    male = (np.arange(count) // len(AGES)) % 2
    heavy = np.clip(rng.normal(0.1, 0.55, count), -1, 1)
    ancestry = rng.dirichlet([0.5, 0.5, 0.5], count)

    def displaced() -> Iterator[np.ndarray]:
        for row in range(count):
            age = AGES[ages[row]]
            weights = makehuman.macro_weights(
                ancestry=ancestry[row],
                male=float(np.clip(male[row] + (1 - 2 * male[row]) * 0.35 * rng.beta(1, 2.5), 0, 1)),
                old=_old(age, rng),
                child=float(rng.uniform(0.35, 1.0)) if age == "child" else 0.0,
                heavy=float(heavy[row]),
            )
            yield makehuman_displacement(makehuman, weights | _details(makehuman, rng))

    heads = draw_heads(assembly, (people.person(each) for each in displaced()), count=count, report=report)
    identity = identities_of(assembly, head, heads.vertices_m)
    return KnownPeople(
        identity=identity,
        male=male.astype(bool),
        age=ages.astype(np.int8),
        heavy=heavy.astype(np.float32),
        ancestry=ancestry.astype(np.float32),
    )


def _details(makehuman: MakeHuman, rng: np.random.Generator) -> dict[str, float]:
    """Facial details as people have them; skulls differ less than faces."""
    details = random_details(makehuman, rng, strength=DETAIL_STRENGTH)
    return {
        name: weight * (SKULL_SHARE if name.startswith("head/") else 1.0) for name, weight in details.items()
    }


def _old(age: str, rng: np.random.Generator) -> float:
    low, high = {"child": (0, 0), "young": (0.0, 0.15), "middle": (0.25, 0.6), "old": (0.7, 1.0)}[age]
    return float(rng.uniform(low, high)) if high else 0.0


def identities_of(assembly: Assembly, head: Head, vertices_m: np.ndarray) -> np.ndarray:
    """(N, I) identity weights whose skin is nearest to those of heads (N, A, 3); those of the brows are 0."""
    skin = np.arange(len(assembly.mesh.vertices))[assembly.starts["skin"]]
    told = skin[(head.vertex_parts[skin] == 0) & (head.mean_m[skin, 1] > FROM_NECK_M)]
    basis = head.identity_basis_m[:, told].reshape(head.identity_count, -1)
    moves = np.abs(basis).max(axis=1) > 0
    wanted = (vertices_m[:, told] - head.mean_m[told]).reshape(len(vertices_m), -1)
    gram = basis @ basis.T + _NOISE_M**2 * np.eye(len(basis))
    return np.linalg.solve(gram, basis @ wanted.T).T * moves
