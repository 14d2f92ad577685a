"""A FLAME that looks like a head: the built-in head on another mesh, in FLAME's layout, with FLAME's jaw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.heads.library import load_head
from mien.heads.mesh_hierarchy.triangulation import triangulate

PARTS = ("skin", "mouth_interior", "eye_sockets", "left_eye", "right_eye")
IDENTITIES, EXPRESSIONS = 40, 40
SCALE, SHIFT_M = 0.97, np.array([0.01, -0.03, 0.02])
JAW_OPEN_RAD = 0.4
JAW_SHAPES = ("jawOpen", "jawLeft", "jawRight")


@dataclass(frozen=True, eq=False)
class NearFlame:
    """Attributes:
    arrays: FLAME's, by their published names.
    kept: the built-in head's vertex behind each of its own.
    """

    arrays: dict[str, np.ndarray]
    kept: np.ndarray


@lru_cache(maxsize=1)
def near_flame() -> NearFlame:
    """About 4000 vertices: three quarters of the built-in head's, joined anew, smaller and shifted; identity
    and expression are principal components with arbitrary signs, the jaw is a joint."""
    head, rng = load_head(), np.random.default_rng(0)
    names = np.array(head.part_names)[head.vertex_parts]
    outside = np.flatnonzero(np.isin(names, PARTS))
    chosen = outside[(rng.random(len(outside)) < 0.75) | np.isin(names[outside], PARTS[3:])]
    mesh = triangulate(head, chosen)
    kept = chosen[np.unique(mesh.triangles)]
    place = np.full(head.vertex_count, -1)
    place[kept] = np.arange(len(kept))
    order = rng.permutation(len(kept))  # vertices in an order of their own
    kept, triangles = kept[order], np.argsort(order)[place[chosen[mesh.triangles]]]

    mean_m = SCALE * head.mean_m[kept] + SHIFT_M
    directions = np.zeros((len(kept), 3, 400))
    turn = np.linalg.qr(rng.normal(size=(IDENTITIES, IDENTITIES)))[0]
    identity = np.tensordot(turn, head.identity_basis_m[:IDENTITIES, kept], axes=1)
    directions[:, :, :IDENTITIES] = SCALE * identity.transpose(1, 2, 0)
    soft = [k for k, name in enumerate(head.expression_names) if name not in (*JAW_SHAPES, "tongueOut")]
    shapes = SCALE * head.expression_basis_m[np.ix_(soft, kept)].reshape(len(soft), -1)
    left, size, right = np.linalg.svd(shapes, full_matrices=False)
    # As large as the shape needs that asks most of it, at two standard deviations.
    deviations = np.abs(left * size).max(axis=0)[:EXPRESSIONS] / 2
    signs = rng.choice([-1.0, 1.0], EXPRESSIONS)
    components = (deviations * signs)[:, None] * right[:EXPRESSIONS]
    directions[:, :, 300 : 300 + EXPRESSIONS] = components.reshape(EXPRESSIONS, -1, 3).transpose(1, 2, 0)

    joints_m = SCALE * head.joints_mean_m + SHIFT_M
    jaw_m = SCALE * np.array(
        [0.0, *head.mean_m[head.landmark_set("ict68").vertices[[1, 15]], 1:].mean(axis=0)]
    )
    jaw_m = jaw_m + SHIFT_M - [0, 0, 0.01]
    drop_m = SCALE * head.expression_basis_m[head.expression_names.index("jawOpen"), kept]
    arms_m = np.linalg.norm((mean_m - jaw_m)[:, 1:], axis=1)
    jaw = np.clip(np.linalg.norm(drop_m, axis=1) / (JAW_OPEN_RAD * np.maximum(arms_m, 0.01)), 0, 1)
    skinning = head.skinning_weights[kept]
    weights = np.zeros((len(kept), 5))
    weights[:, 3:] = skinning[:, 2:]
    weights[:, 2] = jaw * (1 - skinning[:, 2:].sum(axis=1))
    weights[:, 1] = np.maximum(skinning[:, 1] - weights[:, 2], 0)
    weights[:, 0] = 1 - weights.sum(axis=1)
    regressor = np.zeros((5, len(kept)))
    for joint, at_m in enumerate([joints_m[0] - [0, 0.05, 0], joints_m[1], jaw_m, joints_m[2], joints_m[3]]):
        regressor[joint] = _mean_at(mean_m, at_m)
    return NearFlame(
        {
            "v_template": mean_m,
            "shapedirs": directions,
            "posedirs": np.zeros((len(kept), 3, 36)),
            "J_regressor": regressor,
            "weights": weights,
            "f": triangles.astype(np.uint32),
            "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], dtype=np.int64),
        },
        kept,
    )


def _mean_at(vertices_m: np.ndarray, place_m: np.ndarray) -> np.ndarray:
    """Smooth weights, summing to one, of the vertices whose mean is the place."""
    near = np.exp(-((np.linalg.norm(vertices_m - place_m, axis=1) / 0.04) ** 2))
    conditions = np.vstack([vertices_m.T, np.ones(len(vertices_m))])
    wanted = np.append(place_m, 1.0)
    return near * (conditions.T @ np.linalg.solve(conditions @ (near[:, None] * conditions.T), wanted))
