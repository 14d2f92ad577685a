"""ICT-FaceKit's shapes under ARKit's names: each once, sides mirrored, sides of one shape added."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mien.head_building.arkit_shapes import LIPS_TOGETHER, CarriedShape, carried_shapes, partner
from mien.head_building.assembly import Assembly
from mien.head_building.ict_facekit import IctFaceKit
from mien.head_building.onto_ict import SkinOnIct
from mien.head_building.quad_skin import QuadSkin
from mien.head_building.registration import Registration
from mien.heads.arkit_names import ARKIT_NAMES
from tests.head_building.assets import fake_ict

MIRROR = np.array([1, 0, 2])
FLIP = np.array([-1.0, 1.0, 1.0])
ADDED = ("browInnerUp", "cheekPuff")
MIDDLE = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")


def upstream_names() -> tuple[str, ...]:
    names = []
    for name in ARKIT_NAMES:
        if name == "tongueOut":
            continue
        if name in ADDED:
            names += [f"{name}_L", f"{name}_R"]
        elif name in MIDDLE:
            names.append(name)
        else:
            names.append(name.replace("Left", "_L").replace("Right", "_R"))
    return tuple(names)


class _FirstThree(Registration):
    """Carries the first three vertices."""

    def __init__(self) -> None:
        pass

    def carry(self, target_displacements: np.ndarray) -> np.ndarray:
        return target_displacements[:, :3]


def _with(cls: type, **fields: object) -> Any:
    """An object of which no more is known than these fields."""
    made = object.__new__(cls)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


@pytest.fixture(scope="module")
def ict() -> IctFaceKit:
    names = upstream_names()
    bare = fake_ict()
    moves = np.random.default_rng(0).normal(size=(len(names), len(bare.neutral_m), 3))
    return replace(bare, expression_names=names, expression_m=moves)


@pytest.fixture(scope="module")
def shapes(ict: IctFaceKit) -> dict[str, CarriedShape]:
    on_ict, skin = _with(SkinOnIct, registration=_FirstThree()), _with(QuadSkin, mirror=MIRROR)
    return carried_shapes(_with(Assembly, on_ict=on_ict, skin=skin), ict)


def test_all_arkit_names_but_the_tongues(shapes: dict[str, CarriedShape]):
    assert set(shapes) == set(ARKIT_NAMES) - {"tongueOut"}
    assert set(LIPS_TOGETHER) <= set(shapes)


def test_partners_are_each_others():
    for name in ARKIT_NAMES:
        other = partner(name)
        assert other in ARKIT_NAMES
        assert partner(other) == name
        assert (other == name) == (not name.endswith(("Left", "Right")))


def test_shapes_of_two_sides_are_mirror_images(shapes: dict[str, CarriedShape]):
    turn = np.diag(FLIP)
    for name, shape in shapes.items():
        other = shapes[partner(name)]
        np.testing.assert_allclose(other.skin_m, shape.skin_m[MIRROR] * FLIP, atol=1e-12)
        np.testing.assert_allclose(other.jaw.matrix, turn @ shape.jaw.matrix @ turn, atol=1e-9)
        np.testing.assert_allclose(other.jaw.offset_m, shape.jaw.offset_m * FLIP, atol=1e-9)


def test_a_shape_is_its_sources_mean_over_both_sides(ict: IctFaceKit, shapes: dict[str, CarriedShape]):
    moves = dict(zip(ict.expression_names, ict.expression_m[:, :3], strict=True))

    def both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return (first + second[MIRROR] * FLIP) / 2

    smile = both(moves["mouthSmile_L"], moves["mouthSmile_R"])
    np.testing.assert_allclose(shapes["mouthSmileLeft"].skin_m, smile, atol=1e-12)
    puff = moves["cheekPuff_L"] + moves["cheekPuff_R"]
    np.testing.assert_allclose(shapes["cheekPuff"].skin_m, both(puff, puff), atol=1e-12)
    jaw = both(moves["jawLeft"], moves["jawRight"])
    np.testing.assert_allclose(shapes["jawLeft"].skin_m, jaw, atol=1e-12)
