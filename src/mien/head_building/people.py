"""Random people of the two sources, as shapes on our mesh."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.geometry.alignment import align_rigid
from mien.head_building.assembly import Assembly, IctPeople, MakeHumanPeople, Person
from mien.head_building.makehuman import MakeHuman
from mien.head_building.quad_skin import MEAN_PERSON
from mien.progress import ProgressReport, reported, silent

FACE_ABOVE_M = -0.08
"""Skin above this height, in the ICT neutral's frame, decides a head's pose: all but the neck."""

DETAIL_FOLDERS = ("cheek", "chin", "ears", "eyes", "eyebrows", "forehead", "head", "mouth", "neck", "nose")
OPPOSITES = (
    ("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"), ("concave", "convex"),
    ("compress", "uncompress"),
)  # fmt: skip


def random_makehuman_weights(
    makehuman: MakeHuman, rng: np.random.Generator, *, strength: float = 0.42
) -> dict[str, float]:
    """Target weights of a random MakeHuman person: ancestry, sex, age, weight and facial details."""
    ancestry = rng.dirichlet([0.6, 0.6, 0.6])
    child = float(rng.uniform(0.2, 1.0)) if rng.random() < 0.1 else 0.0
    old = 0.0 if child else float(rng.beta(0.7, 1.6))
    weights = makehuman.macro_weights(
        ancestry=ancestry,
        male=float(rng.beta(0.4, 0.4)),
        old=old,
        child=child,
        heavy=float(rng.uniform(-0.9, 0.9)),
    )
    return weights | random_details(makehuman, rng, strength=strength)


def random_details(
    makehuman: MakeHuman, rng: np.random.Generator, *, strength: float = 0.42
) -> dict[str, float]:
    """Weights of the targets of facial details, nearly half of them used, and of what is not symmetric."""
    weights: dict[str, float] = {}
    for names in _details(makehuman).values():
        if rng.random() > 0.45:
            continue
        amount = float(np.clip(rng.normal(0, strength), -1, 1))
        side_change = 0.15 * float(rng.normal(0, strength))
        chosen = names[0] if amount < 0 else names[-1]
        for side, name in enumerate(chosen):
            value = abs(amount) + (side_change if side else -side_change) * (len(chosen) > 1)
            weights[name] = float(np.clip(value, 0, 1))
    asymmetric = [n for n in makehuman.target_names if n.startswith("asym/")]
    for name in rng.choice(asymmetric, size=4, replace=False):
        weights[str(name)] = float(abs(rng.normal(0, 0.2)))
    return weights


@lru_cache(maxsize=2)
def _details(makehuman: MakeHuman) -> dict[str, list[list[str]]]:
    """Detail stem → [names of the one direction, names of the other], left and right together."""
    groups: dict[str, dict[str, list[str]]] = {}
    for name in makehuman.target_names:
        folder, _, detail = name.partition("/")
        if folder not in DETAIL_FOLDERS:
            continue
        sideless = re.sub(r"^[lr]-", "", detail)
        stem, direction = sideless, ""
        for first, second in OPPOSITES:
            for word in (first, second):
                if sideless.endswith("-" + word):
                    stem, direction = sideless[: -len(word) - 1] + ":" + first, word
        groups.setdefault(f"{folder}/{stem}", {}).setdefault(direction, []).append(name)
    return {stem: [sorted(names) for names in directions.values()] for stem, directions in groups.items()}


def makehuman_displacement(makehuman: MakeHuman, weights: dict[str, float]) -> np.ndarray:
    """(B, 3) base-mesh displacement from the mean person, decimetres."""
    mean = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    return makehuman.base_vertices(weights) - mean


@dataclass(frozen=True)
class Heads:
    """People at rest on our mesh, without their pose.

    Attributes:
        vertices_m: (N, V, 3) float32; eye_centres_m: (N, 2, 3).
    """

    vertices_m: np.ndarray
    eye_centres_m: np.ndarray


def draw_heads(
    assembly: Assembly, people: Iterable[Person], *, count: int, report: ProgressReport = silent
) -> Heads:
    """`count` people as heads, each rigidly aligned by its face to the mesh on the ICT neutral."""
    reference_m = assembly.mesh.vertices
    face = np.flatnonzero((assembly.mesh.parts == 0) & (reference_m[:, 1] > FACE_ABOVE_M))
    vertices_m = np.empty((count, len(reference_m), 3), np.float32)
    centres_m = np.empty((count, 2, 3))
    for index, person in enumerate(reported(people, report, label="drawing people", total=count)):
        whole_m, eyes_m = assembly.vertices_m(person)
        alignment = align_rigid(whole_m[face], reference_m[face])
        vertices_m[index], centres_m[index] = alignment.apply(whole_m), alignment.apply(eyes_m)
    return Heads(vertices_m, centres_m)


def random_ict_people(people: IctPeople, *, count: int, rng: np.random.Generator) -> Iterator[Person]:
    """ICT-FaceKit's people, normal weights."""
    return (people.person(rng.normal(size=people.count)) for _ in range(count))


def random_makehuman_people(
    people: MakeHumanPeople, makehuman: MakeHuman, *, count: int, rng: np.random.Generator
) -> Iterator[Person]:
    """MakeHuman's people of all ages and ancestries."""
    return (
        people.person(makehuman_displacement(makehuman, random_makehuman_weights(makehuman, rng)))
        for _ in range(count)
    )
