"""What a page needs to draw a face: its head's shapes once, and after each edit what the weights leave."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from mien.heads.library import load_head
from mien.heads.model import Head
from mien.looks.materials import OPAQUE, vertices_of
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.regions import REGIONS
from mien.viewer.packed_arrays import packed, quantised

LANDMARK_SET = "ict68"
SLIDERS: dict[str, tuple[str, ...]] = {
    "Brows": ("brow",),
    "Eyes": ("eyeBlink", "eyeSquint", "eyeWide"),
    "Gaze": ("eyeLook",),
    "Jaw": ("jaw",),
    "Mouth": ("mouth",),
    "Cheeks and nose": ("cheek", "nose"),
    "Tongue": ("tongue",),
}
"""Groups of weights, and how their names begin."""


def head_message(face: MorphableFace, *, facts: dict[str, Any]) -> bytes:
    """The person's head: rest, shapes, triangles, texture coordinates.

    A vertex lies at `rest_m` + Σ weight × shape + what `state_message` has beyond. Shapes are sparse:
    vertices and displacements of one after the other, in steps of `shape_steps_m`.

    Args:
        facts: handed on.
    """
    head = load_head()
    rest_m = head.rest_vertices_m(face.identity, np.zeros(head.expression_count))
    counts, vertices, deltas, steps = [], [], [], []
    for shape_m in head.expression_shapes_m(face.identity):
        rows = np.flatnonzero((shape_m != 0).any(axis=1))
        whole, step_m = quantised(shape_m[rows])
        counts.append(len(rows))
        vertices.append(rows)
        deltas.append(whole)
        steps.append(step_m)
    surfaces, corners = _surfaces(head)
    marks = head.landmark_set(LANDMARK_SET)
    arrays = {
        "rest_m": rest_m.astype(np.float32),
        "shape_counts": np.array(counts, np.uint32),
        "shape_vertices": np.concatenate(vertices).astype(np.uint16),
        "shape_deltas": np.concatenate(deltas),
        "shape_steps_m": np.array(steps, np.float32),
        "corner_vertices": corners[:, 0].astype(np.uint16),
        "corner_uvs": head.uv[corners[:, 1]].astype(np.float32),
        **{name: triangles.astype(np.uint16) for name, triangles in surfaces.items()},
        "edges": _edges(head).astype(np.uint16),
        "landmark_vertices": marks.vertices.astype(np.uint16),
    }
    named = {
        "expression_names": list(head.expression_names),
        "sliders": {title: _names(head, starts) for title, starts in SLIDERS.items()},
        "regions": {name: list(members) for name, members in REGIONS.items()},
    }
    return packed(arrays, {**named, **facts})


def state_message(face: MorphableFace, *, facts: dict[str, Any]) -> bytes:
    """A face's weights, its landmarks, and what its vertices have beyond the head's with these weights.

    Args:
        facts: handed on.
    """
    head = load_head()
    beyond_m = face.vertices_m - head.vertices_m(face.parameters)
    whole, step_m = quantised(beyond_m if (np.abs(beyond_m) > 1e-7).any() else beyond_m[:0])
    arrays = {
        "expression": face.expression.astype(np.float32),
        "landmarks_m": face.landmarks_m.astype(np.float32),
        "beyond": whole,
    }
    return packed(arrays, {"beyond_step_m": step_m, **facts})


def _names(head: Head, starts: tuple[str, ...]) -> list[str]:
    return [name for name in head.expression_names if name.startswith(starts)]


def _surfaces(
    head: Head,
) -> tuple[dict[str, Integer[np.ndarray, "_ 3"]], Integer[np.ndarray, "corners 2"]]:
    """Triangles by what they are made of, and (C, 2) vertex and texture coordinate of each corner."""
    kinds = {"opaque": OPAQUE, "cards": ("hair",), "cornea": ("cornea",)}
    chosen = {name: vertices_of(head, *materials)[head.triangles[:, 0]] for name, materials in kinds.items()}
    every = np.concatenate([np.flatnonzero(members) for members in chosen.values()])
    pairs = np.column_stack([head.triangles[every].ravel(), head.uv_triangles[every].ravel()])
    corners, inverse = np.unique(pairs, axis=0, return_inverse=True)
    triangles = inverse.reshape(-1, 3)
    ends = np.cumsum([members.sum() for members in chosen.values()])
    return dict(zip(chosen, np.split(triangles, ends[:-1]), strict=True)), corners


def _edges(head: Head) -> Integer[np.ndarray, "edges 2"]:
    """(E, 2) vertices of the edges of quads (and triangles among them) of opaque parts."""
    faces = head.quads if len(head.quads) else head.triangles
    faces = faces[vertices_of(head, *OPAQUE)[faces[:, 0]]]
    edges = []
    for row in range(faces.shape[1]):
        first, second = faces[:, row], faces[:, (row + 1) % faces.shape[1]]
        second = np.where(second < 0, faces[:, 0], second)
        edges.append(np.column_stack([first, second])[first >= 0])
    return np.unique(np.sort(np.concatenate(edges), axis=1), axis=0)


def drawn_vertices_m(
    arrays: dict[str, np.ndarray], state: dict[str, np.ndarray], *, beyond_step_m: float
) -> Float[np.ndarray, "vertices 3"]:
    """The vertices that a page makes of the two messages: what it computes, in numpy."""
    vertices_m = arrays["rest_m"].astype(float)
    ends = np.cumsum(arrays["shape_counts"])
    for weight, step_m, start, end in zip(
        state["expression"], arrays["shape_steps_m"], ends - arrays["shape_counts"], ends, strict=True
    ):
        rows = arrays["shape_vertices"][start:end]
        vertices_m[rows] += float(weight) * float(step_m) * arrays["shape_deltas"][start:end]
    if len(state["beyond"]):
        vertices_m += beyond_step_m * state["beyond"]
    return vertices_m
