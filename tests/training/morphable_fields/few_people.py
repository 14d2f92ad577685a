"""A few people drawn without OpenGL: heads in one colour before nothing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mien.geometry.rasterization import rasterize
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.synthetic.expressive_people.capture import camera_at
from mien.synthetic.expressive_people.pictures import (
    LEARNED,
    UNSEEN_PERSON,
    UNSEEN_VIEW,
    ExpressivePeople,
)

COLORS = ((200, 150, 130), (90, 60, 50))


@lru_cache(maxsize=1)
def few_people() -> ExpressivePeople:
    """Two people with two expressions each."""
    head, rng = load_head(), np.random.default_rng(0)
    identity = 0.5 * rng.normal(size=(2, head.identity_count))
    rows: dict[str, list] = {
        name: []
        for name in (
            "expression", "person", "expression_number", "kind", "rgba", "intrinsics", "camera_from_world"
        )
    }  # fmt: skip
    for person, kind, size, number in (
        (0, LEARNED, 24, 0), (0, LEARNED, 24, 1), (0, UNSEEN_VIEW, 48, 1), (1, UNSEEN_PERSON, 48, 1)
    ):  # fmt: skip
        expression = np.array([0.7 * number * (name == "jawOpen") for name in head.expression_names])
        camera = camera_at(0.4 * number, 0.1, size)
        parameters = HeadParameters(identity[person], expression, np.zeros((4, 3)), np.zeros(3), np.zeros(3))
        vertices_m = head.vertices_m(parameters)
        raster = rasterize(
            camera.project(vertices_m),
            camera.to_camera(vertices_m)[:, 2],
            head.triangles,
            width_px=size,
            height_px=size,
        )
        rgba = np.zeros((size, size, 4), np.uint8)
        rgba[raster.rows, raster.columns] = (*COLORS[person], 255)
        for name, value in (
            ("expression", expression), ("person", person), ("expression_number", number), ("kind", kind),
            ("rgba", rgba), ("intrinsics", camera.intrinsics),
            ("camera_from_world", camera.camera_from_world),
        ):  # fmt: skip
            rows[name].append(value)
    pictures = rows.pop("rgba")
    textures = np.stack([np.full((16, 16, 3), color, np.uint8) for color in COLORS])
    return ExpressivePeople(
        identity=identity,
        textures=textures,
        rgba=pictures,
        **{name: np.array(values) for name, values in rows.items()},
    )
