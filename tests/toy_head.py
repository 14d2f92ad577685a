"""A small deterministic head for tests: an ellipsoid with smooth identities and local expressions."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from mien.heads.model import Head, LandmarkSet, PersonalShape

RINGS, SPOKES = 19, 20
EXPRESSIONS = (
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookUpLeft", "eyeLookUpRight",
    "jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp",
)  # fmt: skip
EXPRESSION_PLACES = (
    (0.033, 0.02), (-0.033, 0.02), (0.033, 0.03), (-0.033, 0.03),
    (0.0, -0.06), (0.025, -0.045), (-0.025, -0.045), (0.0, 0.05),
)  # fmt: skip
EYE_CENTRES_M = np.array([[0.033, 0.02, 0.065], [-0.033, 0.02, 0.065]])


def _ellipsoid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (V, 3), triangles and mirror partners, symmetric in x."""
    height = np.linspace(-np.pi / 2, np.pi / 2, RINGS + 2)[1:-1]
    around = (np.arange(SPOKES) + 0.5) / SPOKES * 2 * np.pi
    lat, lon = np.meshgrid(height, around, indexing="ij")
    points = np.stack([
        0.075 * np.cos(lat) * np.sin(lon), 0.12 * np.sin(lat), 0.095 * np.cos(lat) * np.cos(lon),
    ], axis=-1)  # fmt: skip
    # A nose, so that the mean face is no surface of revolution.
    points[..., 2] += (
        0.03 * np.exp(-((points[..., 0] / 0.015) ** 2) - (points[..., 1] / 0.025) ** 2) * (points[..., 2] > 0)
    )
    index = np.arange(RINGS * SPOKES).reshape(RINGS, SPOKES)
    right = np.roll(index, -1, axis=1)
    quads = np.stack([index[:-1], right[:-1], right[1:], index[1:]], axis=-1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return points.reshape(-1, 3), triangles, index[:, ::-1].reshape(-1)


def _eyes() -> np.ndarray:
    """A few points on the front of each eyeball, (2 * 7, 3)."""
    angle = np.arange(6) / 6 * 2 * np.pi
    front = np.column_stack([0.006 * np.cos(angle), 0.006 * np.sin(angle), np.full(6, 0.0104)])
    front = np.vstack([front, [0, 0, 0.012]])
    mirrored = front * [-1, 1, 1]
    return np.vstack([EYE_CENTRES_M[0] + front, EYE_CENTRES_M[1] + mirrored])


@lru_cache(maxsize=1)
def toy_head() -> Head:
    """About 400 vertices, 12 identity and 8 expression shapes, landmark sets "toy" (all) and "toy60"."""
    skin, triangles, mirror = _ellipsoid()
    eyes = _eyes()
    mean = np.vstack([skin, eyes])
    count, eye_count = len(mean), len(eyes) // 2
    eye_mirror = np.concatenate([np.arange(eye_count) + eye_count, np.arange(eye_count)]) + len(skin)
    rng = np.random.default_rng(0)

    # Smooth identities: low-frequency waves of a few millimetres.
    waves = rng.normal(size=(12, 3, 3)) * 18
    phases = rng.uniform(0, 2 * np.pi, size=(12, 1, 3))
    identity = (
        0.004
        * np.sin(np.einsum("vc,icd->ivd", mean, waves) + phases)
        / np.sqrt(1 + np.arange(12))[:, None, None]
    )
    eye_rows = np.concatenate([np.full(eye_count, 0), np.full(eye_count, 1)])
    eye_moves = 0.003 * rng.normal(size=(12, 2, 3))
    identity[:, len(skin) :] = eye_moves[:, eye_rows]

    expression = np.zeros((len(EXPRESSIONS), count, 3))
    for shape, (x, y) in enumerate(EXPRESSION_PLACES):
        near = np.exp(-(((mean[:, :2] - [x, y]) / 0.02) ** 2).sum(axis=1)) * (mean[:, 2] > 0.03)
        near[len(skin) :] = 0
        expression[shape] = near[:, None] * rng.normal(size=3) * 0.02

    # Below y = -0.07 the skin follows the neck, above -0.04 the head; eyeballs follow their joints.
    weights = np.zeros((count, 4))
    with_head = np.clip((mean[:, 1] + 0.10) / 0.05, 0, 1)
    weights[:, 1], weights[:, 0] = with_head, 0.8 * (1 - with_head)
    weights[len(skin) :] = 0
    weights[np.arange(len(skin), count), 2 + eye_rows] = 1

    joints = np.vstack([[[0, -0.12, -0.03], [0, -0.05, -0.02]], EYE_CENTRES_M])
    joints_identity = np.concatenate([0.002 * rng.normal(size=(12, 2, 3)), eye_moves], axis=1)
    everything = np.arange(count)
    partners = np.concatenate([mirror, eye_mirror])
    some = np.concatenate([np.flatnonzero(skin[:, 2] > 0.045)[::3], np.arange(len(skin), count, 3)])
    return Head(
        name="toy",
        version="1",
        mean_m=mean,
        triangles=triangles.astype(np.int32),
        identity_basis_m=identity,
        expression_basis_m=expression,
        expression_names=EXPRESSIONS,
        joints_mean_m=joints,
        joints_identity_m=joints_identity,
        skinning_weights=weights,
        part_names=("skin", "left_eyeball", "right_eyeball"),
        vertex_parts=np.concatenate([np.zeros(len(skin), int), eye_rows + 1]),
        uv=np.column_stack([mean[:, 0] * 4 + 0.5, mean[:, 1] * 4 + 0.5]),
        uv_triangles=triangles.astype(np.int32),
        mirror_vertices=partners,
        landmark_sets={
            "toy": LandmarkSet("toy", everything, partners),
            "toy60": LandmarkSet("toy60", some, np.arange(len(some))),
        },
    )


@lru_cache(maxsize=1)
def toy_head_with_own_blinks() -> Head:
    """The toy head whose blinks differ from person to person."""
    head, rng = toy_head(), np.random.default_rng(1)
    personal = []
    for shape in (0, 1):
        vertices = np.flatnonzero(np.abs(head.expression_basis_m[shape]).max(axis=1) > 1e-3)
        change_m = 0.002 * rng.normal(size=(head.identity_count, len(vertices), 3))
        personal.append(PersonalShape(shape, vertices, change_m))
    return replace(head, personal_shapes=tuple(personal))
