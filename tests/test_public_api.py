"""What `import mien` offers is what the committed list says: nothing public vanishes by accident."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mien

COMMITTED = (Path(__file__).parent / "public_api.txt").read_text().split()


def test_public_names_are_the_committed_ones():
    assert sorted(mien.__all__) == sorted(COMMITTED), "change tests/public_api.txt with the public names"


@pytest.mark.parametrize("name", COMMITTED)
def test_public_name_can_be_used(name: str):
    value = getattr(mien, name)
    assert name == "__version__" or callable(value)
    assert name in dir(mien)


def test_export_can_be_called_after_its_package_was_imported():
    import mien.exporters.files

    assert callable(mien.export)
    assert mien.exporters.files.export.__name__ == "export"


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = mien.no_such_name  # type: ignore[attr-defined]


def test_version_is_the_one_of_the_project_file():
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    match = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
    assert match
    assert mien.__version__ == match[1]


def documented() -> Iterator[tuple[str, Callable]]:
    """Public functions, and the functions that public classes have of their own: name and function."""
    for name in COMMITTED:
        value = getattr(mien, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            for inner, member in vars(value).items():
                function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
                function = member.fget if isinstance(member, property) else function
                if (
                    inspect.isfunction(function)
                    and function.__module__.startswith("mien.")
                    and (
                        not inner.startswith("_")
                        or (inner == "__init__" and not dataclasses.is_dataclass(value))
                    )
                ):
                    yield f"{name}.{inner}", function


PENDING = (
    "mien.fitting.",
    "mien.tracking.",
    "mien.fields.",
    "mien.landmarks_in_fields.",
    "mien.least_squares.",
)
"""Rooms whose functions are not documented in full yet."""
DOCUMENTED = {
    name: function for name, function in documented() if not function.__module__.startswith(PENDING)
}
SHAPE = re.compile(r"\([\w…:]+(?:, ?[\w…:]+)+\)|\(\w+,\)")
"""(H, W, 3), (N,), …"""


@pytest.mark.parametrize("name", [name for name in COMMITTED if name != "__version__"])
def test_public_name_is_documented(name: str):
    text = inspect.getdoc(getattr(mien, name))
    assert text
    assert not text.startswith(f"{name}("), "the dataclass' own text says nothing"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_arguments_are_documented(name: str):
    """Each argument is explained, at the function or at its class."""
    function = DOCUMENTED[name]
    text = function.__doc__ or ""
    if name.endswith(".__init__"):
        text += getattr(mien, name.split(".")[0]).__doc__ or ""
    assert text.strip()
    for argument in inspect.signature(function).parameters:
        if argument not in ("self", "cls") and not argument.startswith("_"):
            assert re.search(rf"\b{argument}\b", text), argument


@pytest.mark.parametrize("name", DOCUMENTED)
def test_shapes_of_arrays_are_documented(name: str):
    function = DOCUMENTED[name]
    arrays = [argument for argument, kind in function.__annotations__.items() if "np.ndarray" in str(kind)]
    assert not arrays or SHAPE.search(function.__doc__ or ""), f"of what shape are {', '.join(arrays)}?"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_errors_are_documented(name: str):
    """What a function raises itself stands under "Raises:"."""
    function = DOCUMENTED[name]
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id.endswith("Error")
    }
    text = (function.__doc__ or "") + (
        (getattr(mien, name.split(".")[0]).__doc__ or "") if name.endswith("__init__") else ""
    )
    section = text.partition("Raises:")[2]
    for error in raised:
        assert error in section, f"raises {error} without saying so"
