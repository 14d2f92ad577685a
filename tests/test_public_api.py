"""What `import mien` offers is what the committed list says: nothing public vanishes by accident."""

from __future__ import annotations

import re
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
