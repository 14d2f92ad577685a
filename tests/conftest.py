"""Shared by all tests: array shapes in signatures are checked at run time."""

from __future__ import annotations

import sys
from types import ModuleType

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

# An int may be passed where a float is expected, as everywhere in Python; beartype wants to be told.
_checks = ModuleType("mien_shape_checks")
_checks.check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # type: ignore[attr-defined]
sys.modules[_checks.__name__] = _checks

# Must run before anything imports mien. Users pay nothing for these checks: only pytest installs them.
install_import_hook("mien", "mien_shape_checks.check")
