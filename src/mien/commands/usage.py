"""Wrong usage, which ends a command with code 2."""

from __future__ import annotations

from mien.errors import InputError


class UsageError(InputError):
    """Options contradict each other or have values that none may have; nothing was done yet."""
