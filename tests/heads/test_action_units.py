"""Action units as combinations of ARKit's shapes, there and back."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads.action_units import ACTION_UNITS, SIDES, action_unit_weights, side_intensities
from mien.heads.arkit_names import ARKIT_NAMES

LABELS = [unit.label for unit in ACTION_UNITS]


def read(weights: dict[str, float]) -> dict[str, tuple[float, float]]:
    values = np.array([weights.get(name, 0.0) for name in ARKIT_NAMES])
    left, right = side_intensities(values, ARKIT_NAMES)
    return dict(zip(LABELS, zip(left.tolist(), right.tolist(), strict=True), strict=True))


def test_the_table_names_arkits_shapes_once_per_unit():
    numbers = [unit.number for unit in ACTION_UNITS]
    assert numbers == sorted(set(numbers))
    for unit in ACTION_UNITS:
        for side in SIDES:
            assert set(unit.of_side(side)) <= set(ARKIT_NAMES), unit
        assert set(unit.against) <= set(ARKIT_NAMES), unit
        assert all(0 < share <= 1 for share in unit.shares.values())


def test_every_shape_that_is_no_look_and_no_sidewise_mouth_belongs_to_a_unit():
    used = {name for unit in ACTION_UNITS for side in SIDES for name in unit.of_side(side)}
    used |= {name for unit in ACTION_UNITS for name in unit.against}
    assert set(ARKIT_NAMES) - used == {
        "mouthLeft", "mouthRight", *(name for name in ARKIT_NAMES if name.startswith("eyeLook")),
    }  # fmt: skip


@pytest.mark.parametrize("unit", ACTION_UNITS, ids=lambda unit: unit.label)
@pytest.mark.parametrize("intensity", [0.25, 1.0])
def test_a_unit_comes_back_from_its_own_weights(unit, intensity: float):
    pair = (intensity, 0.0) if unit.one_way else (intensity, intensity)
    weights = action_unit_weights({unit.number: pair})
    assert 0 < max(weights.values()) <= 1
    np.testing.assert_allclose(read(weights)[unit.label], pair, atol=1e-12)


def test_sides_are_told_apart_where_arkit_has_sides():
    weights = action_unit_weights({"AU12": (0.8, 0.2), 6: 0.4, "au1": (0.3, 0.5)})
    assert weights == {
        "mouthSmileLeft": 0.8, "mouthSmileRight": 0.2, "cheekSquintLeft": 0.4, "cheekSquintRight": 0.4,
        "browInnerUp": 0.5,
    }  # fmt: skip
    found = read(weights)
    assert found["AU12"] == pytest.approx((0.8, 0.2))
    assert found["AU1"] == (0.5, 0.5)
    others = set(LABELS) - {"AU1", "AU6", "AU12"}
    assert all(found[label] == (0, 0) for label in others)


def test_units_that_share_a_shape_do_not_add_up():
    assert action_unit_weights({"AU26": 1, "AU27": 0.2})["jawOpen"] == pytest.approx(0.6)


def test_a_jaw_that_opens_drops_first_and_stretches_then():
    drop, stretch = zip(*(
        (found["AU26"][0], found["AU27"][0])
        for found in (read({"jawOpen": jaw}) for jaw in (0, 0.25, 0.5, 0.75, 1))
    ), strict=True)  # fmt: skip
    np.testing.assert_allclose(drop, (0, 0.5, 1, 1, 1))
    np.testing.assert_allclose(stretch, (0, 0, 0, 0.5, 1))


def test_lips_that_close_over_an_open_jaw_do_not_part():
    assert read({"jawOpen": 0.6, "mouthClose": 0.6})["AU25"] == (0, 0)
    assert read({"jawOpen": 0.6})["AU25"][0] > 0.5


def test_shapes_that_are_missing_leave_their_units_unknown():
    left, right = side_intensities(np.full((3, 2), 0.5), ("mouthSmileLeft", "notArkit"))
    assert left.shape == right.shape == (3, len(ACTION_UNITS))
    smile = LABELS.index("AU12")
    np.testing.assert_array_equal(left[:, smile], 0.5)
    assert np.isnan(right).all()
    assert np.isnan(np.delete(left, smile, axis=1)).all()


@pytest.mark.parametrize(
    ("intensities", "word"),
    [
        ({"AU11": 1}, "no action unit"),
        ({12: 1.2}, r"\[0, 1\]"),
        ({"smile": 1}, "AU12"),
        ({30: 0.5}, "one way"),
    ],
)
def test_refusals(intensities, word: str):
    with pytest.raises(InputError, match=word):
        action_unit_weights(intensities)
