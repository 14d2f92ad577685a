"""The settings of following heads through time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrackerConfig:
    """How a person is followed."""

    search_every: int = 2
    """While a person is lost, the whole picture is searched on every Nth frame."""
    key_frames: int = 8
    """Frames on which the identity is refined; 1 keeps that of the first frame."""
    smooth: bool = True
    """Average landmarks that do not move over time."""
    cut_difference: float = 0.45
    """Change between two frames over their own contrast, 0 … 1, that counts as a cut."""


@dataclass(frozen=True)
class PeopleConfig:
    """How it is told who is who where everyone is followed."""

    search_every: int = 5
    """While nobody is lost, the whole picture is searched for new faces on every Nth frame, …"""
    search_at_least_every: int = 50
    """… or only so often while nothing has changed in it but where known people are."""
    patience: int = 25
    """Frames after which a lost person is given up; a face found later is a new person."""
    same_person: float = 2.5
    """Farthest, in face radii, that a lost face is taken up again."""
    min_frames: int = 5
    """People seen on fewer frames (or than a third of a shorter clip) are left out."""
