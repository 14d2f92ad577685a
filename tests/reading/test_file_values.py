"""Values are taken only with the shape, type, range and finiteness that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest

from mien.errors import InputError
from mien.reading.file_values import FileValues
from mien.reading.settings import checked_settings


def values(**named: Any) -> FileValues:
    return FileValues(named, source="file", remedy="do this")


def test_lists_and_arrays_give_the_same():
    rows = [[1.0, None], [3, "-Infinity"]]
    found = values(a=rows).array("a", "n 2", nan=True, infinite=True)
    np.testing.assert_array_equal(found, [[1.0, np.nan], [3.0, -np.inf]])
    assert values(a=[]).array("a", "n 2").shape == (0, 2)
    assert values(a=[True, False]).array("a", "n", kind="flag").dtype == bool


@pytest.mark.parametrize(
    ("value", "shape", "options"),
    [
        ([1.0, None], "n", {}),
        ([1.0, "Infinity"], "n", {}),
        ([1.0, "12"], "n", {}),
        ([1.0, True], "n", {"kind": "flag"}),
        ([0, 1], "n", {"kind": "flag"}),
        ([1.5], "n", {"kind": "integer"}),
        ([10**400], "n", {}),
        ([[1], [1, 2]], "n m", {}),
        ([1, 2], "3", {}),
        ([1, 2], "n 2", {}),
        ([-1], "n", {"low": 0}),
        ([2], "n", {"high": 1}),
        ("text", "n", {}),
        ({"a": 1}, "n", {}),
        (None, "n", {}),
        (np.array(["a"]), "n", {}),
        (np.array([np.nan]), "n", {}),
        (np.array([np.nan]), "n", {"kind": "integer"}),
        (np.array([2**63 - 1], np.uint64), "n", {"kind": "integer"}),
        (np.zeros((2, 3)), "n", {}),
        (np.array([1j]), "n", {}),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(value: Any, shape: str, options: dict[str, Any]):
    with pytest.raises(InputError, match=r"file: is damaged: a .*do this"):
        values(a=value).array("a", shape, **options)


def test_sizes_agree_over_the_whole_file():
    file = values(a=np.zeros((2, 3)), b=np.zeros(3), c=np.zeros(4))
    file.array("a", "rows columns")
    file.array("b", "columns")
    with pytest.raises(InputError, match=r"c must have the shape \(3\), and has \(4\)"):
        file.array("c", "columns")


@pytest.mark.parametrize("value", [None, "1", True, [1], float("nan"), float("inf"), 10**400, {}])
def test_single_numbers(value: Any):
    with pytest.raises(InputError, match="damaged"):
        values(a=value).number("a")
    with pytest.raises(InputError, match="damaged"):
        values(a=value).integer("a")
    with pytest.raises(InputError, match="missing"):
        values().number("a")


def test_texts():
    assert values(a="x").text("a", choices=["x"]) == "x"
    assert values(a=["x", "y"]).texts("a", "n") == ("x", "y")
    for wrong in (None, 3, ["x"], "x" * 200_000):
        with pytest.raises(InputError):
            values(a=wrong).text("a")
    with pytest.raises(InputError, match="one of"):
        values(a="z").text("a", choices=["x"])
    with pytest.raises(InputError):
        values(a=["x", 3]).texts("a", "n")


@dataclass(frozen=True)
class _Settings:
    count: int = 1
    rate: float = 0.5
    kind: Literal["a", "b"] = "a"
    sizes: tuple[int, ...] = (1, 2)
    on: bool = False
    name: str = ""


def test_settings_keep_their_types():
    given = {"count": 3, "rate": 1, "kind": "b", "sizes": [4], "on": True, "name": "x"}
    assert checked_settings(_Settings, given, source="f", what="config") == _Settings(
        3, 1, "b", (4,), True, "x"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"count": 1.5},
        {"count": True},
        {"count": "3"},
        {"rate": None},
        {"rate": float("nan")},
        {"kind": "c"},
        {"sizes": 3},
        {"sizes": [1, "x"]},
        {"on": 1},
        {"name": 3},
        {"count": 10**12},
        {"other": 1},
        [],
        None,
        {"sizes": [[1]]},
        {"count": 99},
    ],
)
def test_settings_of_other_types_are_refused(given: Any):
    with pytest.raises(InputError, match="config"):
        checked_settings(_Settings, given, source="f", what="config", ranges={"count": (0, 50)})


def test_stored_arrays_keep_their_type():
    kept = values(a=np.arange(6, dtype=np.float16).reshape(2, 3)).stored("a", "n 3", np.float16, high=5)
    assert kept.dtype == np.float16
    assert values(a=np.zeros((0, 3), np.int64)).stored("a", "n 3", np.int64).shape == (0, 3)
    assert values(a=np.array([True])).stored("a", "n", np.bool_).dtype == bool
    unknown = values(a=np.full(3, np.nan)).stored("a", "n", np.float64, low=0, high=1, nan=True)
    assert np.isnan(unknown).all()


@pytest.mark.parametrize(
    ("array", "dtype", "options"),
    [
        (np.zeros(3), np.float32, {}),
        (np.zeros(3, np.int64), np.float64, {}),
        (np.zeros((3, 1), np.float32), np.float32, {}),
        (np.array([0, np.nan]), np.float64, {}),
        (np.array([0, np.inf]), np.float64, {"nan": True}),
        (np.array([0, 2.0]), np.float64, {"high": 1}),
        (np.array([np.nan, -2.0]), np.float64, {"low": 0, "nan": True}),
        (np.array(["a"]), np.float64, {}),
    ],
)
def test_stored_arrays_of_another_kind_are_refused(array: Any, dtype: Any, options: dict[str, Any]):
    with pytest.raises(InputError, match=r"file: is damaged: a .*do this"):
        values(a=array).stored("a", "n", dtype, **options)
