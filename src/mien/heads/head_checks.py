"""Whether a head that came out of a file is one: sizes, indices, ranges, finiteness."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.heads.model import Head, LandmarkSet

PLAUSIBLE_HEAD_M = (0.02, 3.0)
"""Longest side of a head with its shoulders, if anything of them; others are in another unit."""
MAX_DISPLACEMENT_M = 10.0
"""Of a vertex by one shape at a weight of 1."""
MAX_SHAPES = 2000
MAX_BASIS_BYTES = 4_000_000_000
"""Of all displacements in memory."""


def check_basis_size(shapes: int, vertices: int, *, source: str | Path) -> None:
    """Refuse shapes that do not fit into memory, before it is taken.

    Raises:
        InputError: they are too many.
    """
    if shapes > MAX_SHAPES or 24 * shapes * vertices > MAX_BASIS_BYTES:
        raise InputError(
            f"claims {shapes} shapes of {vertices} vertices, more than mien reads "
            f"({MAX_SHAPES} shapes, {MAX_BASIS_BYTES / 1e9:.0f} GB); keep fewer of them",
            source=source,
        )


def checked_head(head: Head, *, source: str | Path) -> Head:
    """The head, once everything in it is known to be usable.

    Raises:
        InputError: something is not finite, out of range, of another size than it must be, or refers to
            vertices that are not there.
    """

    def demand(right: bool | np.bool_, what: str) -> None:
        if not right:
            raise InputError(f"is no head that can be used: {what}", source=source)

    count, shapes = head.vertex_count, (head.identity_count, head.expression_count)
    demand(count >= 4 and len(head.triangles) > 0, "it has no surface")
    demand(head.mean_m.shape == (count, 3), f"its vertices have the shape {head.mean_m.shape}")
    _check_numbers(head, demand)
    size_m = float((head.mean_m.max(axis=0) - head.mean_m.min(axis=0)).max())
    demand(
        PLAUSIBLE_HEAD_M[0] <= size_m <= PLAUSIBLE_HEAD_M[1],
        f"it measures {size_m:.3g} m; a head has {PLAUSIBLE_HEAD_M[0]} to {PLAUSIBLE_HEAD_M[1]:.0f} m, so "
        "its unit is another one",
    )
    for what, found, expected in (
        ("identity shapes", head.identity_basis_m.shape, (shapes[0], count, 3)),
        ("expressions", head.expression_basis_m.shape, (len(head.expression_names), count, 3)),
        ("joints", head.joints_mean_m.shape, (4, 3)),
        ("joints' shapes", head.joints_identity_m.shape, (shapes[0], 4, 3)),
        ("skinning weights", head.skinning_weights.shape, (count, 4)),
        ("parts", head.vertex_parts.shape, (count,)),
        ("mirrored vertices", head.mirror_vertices.shape, (count,)),
        ("texture triangles", head.uv_triangles.shape, head.triangles.shape),
    ):
        demand(found == expected, f"its {what} have the shape {found}, not {expected}")
    demand(len(set(head.expression_names)) == shapes[1], "names of expressions come twice")
    for what, indices, low, high in (
        ("triangles", head.triangles, 0, count),
        ("texture triangles", _without_texture(head, head.uv_triangles), 0, len(head.uv)),
        ("mirrored vertices", head.mirror_vertices, 0, count),
        ("parts", head.vertex_parts, 0, len(head.part_names)),
        ("quads", head.quads, -1, count),
        ("texture quads", _without_texture(head, head.uv_quads), -1, len(head.uv)),
    ):
        demand(_within(indices, low, high), f"its {what} refer to what is not there")
    demand(len(head.quads) == len(head.uv_quads), "it has other quads than texture quads")
    weights = head.skinning_weights
    demand(
        bool((weights > -0.01).all() and (weights.sum(axis=1) < 1.01).all()),
        "skinning weights of a vertex are negative or more than 1 together",
    )
    for landmarks in head.landmark_sets.values():
        demand(_is_set(landmarks, count), f"its landmark set {landmarks.name!r} refers to what is not there")
    for personal in head.personal_shapes:
        demand(
            0 <= personal.shape < shapes[1]
            and _within(personal.vertices, 0, count)
            and personal.identity_m.shape == (shapes[0], len(personal.vertices), 3),
            "its personal shapes do not match its other shapes",
        )
    demand(head.identity_mixture is None or _is_mixture(head), "its mixture of identities is none")
    return head


def _check_numbers(head: Head, demand) -> None:
    personal = [each.identity_m for each in head.personal_shapes]
    for what, values, limit in (
        ("vertices", [head.mean_m, head.joints_mean_m], 1e3),
        (
            "shapes",
            [head.identity_basis_m, head.expression_basis_m, head.joints_identity_m, *personal],
            MAX_DISPLACEMENT_M,
        ),
        ("skinning weights", [head.skinning_weights], 2),
        ("texture coordinates", [head.uv], 1e3),
        ("mixture of identities", list(head.identity_mixture or ()), 1e6),
    ):
        for each in values:
            largest = max(abs(float(each.max(initial=0.0))), abs(float(each.min(initial=0.0))))
            demand(
                largest <= limit, f"its {what} reach {largest:.3g}, beyond {limit:g}"
            )  # not for NaN either


def _without_texture(head: Head, indices: np.ndarray) -> np.ndarray:
    """Indices into texture coordinates; none for a head that has no coordinates."""
    return indices if len(head.uv) else indices[:0]


def _within(indices: np.ndarray, low: int, high: int) -> bool:
    return indices.size == 0 or (int(indices.min()) >= low and int(indices.max()) < high)


def _is_set(landmarks: LandmarkSet, vertices: int) -> bool:
    count = len(landmarks.vertices)
    return (
        landmarks.vertices.ndim == 1
        and landmarks.mirror.shape == (count,)
        and _within(landmarks.vertices, 0, vertices)
        and _within(landmarks.mirror, 0, count)
        and _within(landmarks.missing, 0, count)
    )


def _is_mixture(head: Head) -> bool:
    assert head.identity_mixture is not None
    weights, means, covariances = head.identity_mixture
    count, identities = len(weights), head.identity_count
    return (
        weights.shape == (count,)
        and means.shape == (count, identities)
        and covariances.shape == (count, identities, identities)
        and bool((weights >= 0).all())
        and abs(float(weights.sum()) - 1) < 1e-3
    )
