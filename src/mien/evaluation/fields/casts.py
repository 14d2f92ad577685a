"""Whose heads the fields show that landmarks in fields are measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mien.synthetic.expressions import BASIC
from mien.synthetic.volumes.volume_store import HELD_OUT_SKINS

WIDE = ("mouth_stretch", "smile", "anger", "jaw_forward")
"""Of which everybody in the tuning cast makes one besides: weights that are learned from mouths near rest
pull wide ones there."""


@dataclass(frozen=True)
class Cast:
    """Who is photographed.

    Attributes:
        seed: of the people; looks_seed: of the first one's looks.
        hair: of the people, one each.
        held_out: whether their skins are those that no training volume has.
    """

    seed: int
    looks_seed: int
    hair: tuple[str, ...]
    held_out: bool

    def takes(self, expressions: int) -> list[tuple[int, str]]:
        """People and expressions, all people first: what is there is balanced at any time."""
        people = range(len(self.hair))
        if self.held_out:
            return [(person, name) for name in list(BASIC)[:expressions] for person in people]
        others = list(BASIC)[1:]
        own = [others[(7 * person + person // 3) % len(others)] for person in people]
        wide = [WIDE[person % len(WIDE)] for person in people]
        takes = [(person, "neutral") for person in people] + list(enumerate(own)) + list(enumerate(wide))
        return list(dict.fromkeys(takes))

    def skin(self, person: int, names: Sequence[str]) -> str:
        """A person's, of those that there are."""
        if self.held_out:
            return HELD_OUT_SKINS[person % len(HELD_OUT_SKINS)]
        others = [name for name in names if name not in HELD_OUT_SKINS]
        return others[(5 * person + 2) % len(others)]


CASTS = {
    "test": Cast(77_001, 500, ("short02", "none", "ponytail01", "bob02", "short04"), True),
    "tuning": Cast(
        55_555,
        9_000,
        (
            *("short02", "none", "ponytail01", "bob02", "short04", "short01"),
            *("long01", "afro01", "short03", "bob01", "braid01", "none"),
        ),
        False,
    ),
}
"""The test set's, and people to choose settings and weights with."""
