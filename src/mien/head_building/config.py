"""What `mien head build` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.files import OutputFile


@dataclass(frozen=True)
class HeadBuildConfig:
    """Learn the built-in head."""

    assets: Path
    """Folder that holds `ict_facekit/`, `makehuman/` and `makehuman_arkit/`."""
    out: OutputFile = Path("head.npz")
    """File to write."""
    people: int = 1600
    """Random people drawn from each source."""
    ict_share: float = 0.6
    """Share of ICT-FaceKit (scan-based) in the identity statistics; the rest is MakeHuman."""
    components: int = 140
    """Identity components of the skin; those of the brows come after them."""
    held_out: int = 200
    """Fresh people of each source on which the reproduction error is measured."""
    seed: int = 0
    """Seed of all random people."""


@dataclass(frozen=True)
class AlbedoConfig:
    """Learn the albedo model from MakeHuman's skins."""

    assets: Path
    """Folder that holds `makehuman/`."""
    out: OutputFile = Path("albedo.npz")
    """File to write."""
    head: Path | None = None
    """A head file; the built-in head when left out."""


@dataclass(frozen=True)
class HairStylesConfig:
    """Make hair styles for the built-in head from MakeHuman's, and a card that tells where they come from."""

    assets: Path
    """Folder that holds `makehuman/`."""
    out: OutputFile = Path("hair.npz")
    """File to write."""


@dataclass(frozen=True)
class PeopleConfig:
    """Tell MakeHuman's people by the built-in head's identities: who is drawn in synthetic pictures."""

    assets: Path
    """Folder that holds `ict_facekit/`, `makehuman/` and `makehuman_arkit/`."""
    out: OutputFile = Path("people.npz")
    """File to write."""
    people: int = 2000
    """How many."""
    seed: int = 0
    """Seed of all random people."""
