"""What tyro says of options, without what only programmers understand."""

from __future__ import annotations

import re

_NOTHING = re.compile(r"\(default:[\s│]*(?:None|False)?\)")
"""A default that says nothing; it may go on over the box's edge in the next line."""
_OPTIONAL = re.compile(r"\{None\}\|(\S+)")
_MANY = re.compile(r"\[\[?(\w+) \[\1 \.\.\.\]\]\]?")
_EMPTY_LINE = re.compile(r"^│\s*│$")


def readable(text: str) -> str:
    """The help with the same columns: `{None}|FLOAT` becomes FLOAT, and defaults of nothing are left out."""
    text = _NOTHING.sub(lambda found: re.sub(r"[^\n│]", " ", found[0]), text)
    text = _OPTIONAL.sub(lambda found: found[1].ljust(len(found[0])), text)
    text = _MANY.sub(lambda found: f"{found[1]} …".ljust(len(found[0])), text)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if not _EMPTY_LINE.match(line)) + "\n"
