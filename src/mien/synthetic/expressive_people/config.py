"""Who is photographed, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExpressivePeopleConfig:
    """Pictures of people with the 20 basic expressions (FLNeRF, section 5.3)."""

    people: int = 15
    """People to learn from."""
    unseen_people: int = 3
    """Further people, with skins of their own, to measure on."""
    expressions: int = 20
    """How many of the 20 each of the people to learn from makes, rest among them; which, is drawn."""
    views: int = 4
    """Pictures of each expression to learn from."""
    size: int = 128
    """Side of the pictures, pixels."""
    texture_size: int = 256
    """Side of the texture maps, texels."""
    measured_size: int = 256
    """Side of the pictures to measure on: one of each person and expression."""
    seed: int = 19
    """Who the people are, and from where they are seen."""
