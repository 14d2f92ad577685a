"""The shape models of the network, learned from the built-in head's people and expressions."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mien.heads.library import load_head
from mien.landmarks_in_fields.bilinear import BilinearModel, LinearModel, fit_bilinear, fit_linear
from mien.synthetic.expressions import PersonalStyle, all_expressions
from mien.synthetic.scenes.expressions import random_expression
from mien.synthetic.scenes.scene import random_identity

EXPRESSION_RANK, IDENTITY_RANK = 52, 50
"""As FLNeRF: 52 expressions (of neutral and the head's 52 shapes here) and 50 of identity."""
PEOPLE = 300
_SEED = 68


@lru_cache(maxsize=2)
def shape_model(kind: str) -> BilinearModel | LinearModel:
    """ "bilinear" or "linear", 68 landmarks; people's expressions differ as `PersonalStyle` says."""
    head = load_head()
    vertices = head.landmark_set("ict68").vertices
    small = head.subset(vertices)
    rng = np.random.default_rng([_SEED, 1])
    shapes_m = np.empty((head.expression_count + 1, PEOPLE, len(vertices), 3))
    for person in range(PEOPLE):
        identity = random_identity(head, rng)
        gain = PersonalStyle.of(head, identity, seed=person + 10**6).gain
        shapes_m[0, person] = small.rest_vertices_m(identity, np.zeros(head.expression_count))
        shapes_m[1:, person] = shapes_m[0, person] + gain[:, None, None] * small.expression_shapes_m(identity)
    activations = [expression.weights for expression in all_expressions(head)]
    activations += [random_expression(head, rng)[0] for _ in range(300)]
    typical = np.concatenate([np.zeros((len(activations), 1)), np.stack(activations)], axis=1)
    fit = fit_bilinear if kind == "bilinear" else fit_linear
    return fit(shapes_m, typical, expression_rank=EXPRESSION_RANK, identity_rank=IDENTITY_RANK)
