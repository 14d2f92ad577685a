"""Shared by all tests: array shapes in signatures are checked at run time."""

from __future__ import annotations

from jaxtyping import install_import_hook

# Must run before anything imports mien. Library users pay nothing for these checks: only pytest installs them.
install_import_hook("mien", "beartype.beartype")
