"""Random people of the two sources, as shapes on our mesh."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from mien.geometry.alignment import align_rigid
from mien.head_building.assembly import Assembly
from mien.head_building.makehuman import MakeHuman
from mien.head_building.quad_skin import MEAN_PERSON

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
    child = float(rng.uniform(0.2, 0.7)) if rng.random() < 0.06 else 0.0
    old = 0.0 if child else float(rng.beta(0.7, 1.6))
    weights = makehuman.macro_weights(
        ancestry=ancestry,
        male=float(rng.beta(0.4, 0.4)),
        old=old,
        child=child,
        heavy=float(rng.uniform(-0.9, 0.9)),
    )
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


def draw_people(
    assembly: Assembly,
    makehuman: MakeHuman,
    ict_identity: np.ndarray,
    *,
    count: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Random heads of each source on our mesh, (count, V, 3) each, rigidly aligned, metres."""
    face = np.flatnonzero((assembly.parts == 0) & (assembly.vertices_m[:, 1] > -0.08))
    reference = assembly.vertices_m
    weights = rng.normal(size=(count, len(ict_identity)))
    flat = weights @ ict_identity.reshape(len(ict_identity), -1)
    ict_heads = reference + flat.reshape(count, -1, 3)
    makehuman_heads = np.stack(
        [
            reference
            + carry_from_makehuman(
                assembly,
                makehuman,
                makehuman_displacement(makehuman, random_makehuman_weights(makehuman, rng)),
            )
            for _ in range(count)
        ]
    )
    for heads in (ict_heads, makehuman_heads):
        for i in range(count):
            heads[i] = _without_pose(heads[i], reference, face)
    return ict_heads, makehuman_heads


def _without_pose(vertices_m: np.ndarray, reference_m: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return align_rigid(vertices_m[rows], reference_m[rows]).apply(vertices_m)
