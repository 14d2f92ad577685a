"""Results can be compared, put into sets and looked for in lists."""

from __future__ import annotations

import copy
import dataclasses

import pytest

import mien
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from tests.fitting.scenes import exact_landmarks, some_parameters


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in mien.__all__
        if dataclasses.is_dataclass(getattr(mien, name))
        and any("ndarray" in str(entry.type) for entry in dataclasses.fields(getattr(mien, name)))
    ],
)
def test_public_dataclasses_with_arrays_compare_by_who_they_are(name: str):
    assert getattr(mien, name).__eq__ is object.__eq__


def test_fits_compare(head, camera):
    fit = fit_landmarks(
        exact_landmarks(head, some_parameters(head, seed=0), camera), camera, context=Context(head)
    )
    other = copy.deepcopy(fit)
    assert fit == fit
    assert fit != other
    assert fit.parameters != other.parameters
    assert [other, fit].index(fit) == 1
    assert len({fit, other}) == 2
