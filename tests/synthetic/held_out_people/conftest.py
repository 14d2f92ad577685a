"""Two people."""

from __future__ import annotations

from tests.synthetic.held_out_people.small_crowd import crowd, photographer

__all__ = ["crowd", "photographer"]
