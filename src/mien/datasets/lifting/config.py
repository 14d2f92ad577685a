"""What is drawn, labelled and encoded for a lifting network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mien.files import OutputFolder
from mien.lifting.camera_space import CameraSpace


@dataclass(frozen=True)
class ViewsConfig:
    """Views of a 3D generator's people from known cameras."""

    generator: str = "rendered"
    """"rendered": synthetic heads (needs --assets); "painted": the same people with 30 points painted on
    their texture; "fields": trained radiance fields (needs --fields); or PACKAGE.MODULE:FUNCTION, your own,
    which returns a `mien.lifting.generator.MultiViewGenerator`."""
    assets: Path | None = None
    """Folder that holds ict_facekit/ and makehuman/, for rendered heads."""
    fields: tuple[Path, ...] = ()
    """Folders NAME.field, a latent each."""
    out: OutputFolder = Path("views")
    """Folder for the shards."""
    count: int = 1000
    """How many latents."""
    first: int = 0
    """Number of the first latent; the same number gives the same person."""
    label_views: int = 5
    """Fixed views of each latent, from which it is labelled; 5 are chosen by hand, others spread evenly."""
    random_views: int = 2
    """Further views of each latent, from cameras drawn by acceptance sampling."""
    size: int = 256
    """Side of the pictures, pixels."""
    margin: float = 0.75
    """Side of what a network is shown over the picture's: the rest is there to turn and shift in."""
    seed: int = 0
    """Seed of the cameras."""
    workers: int = 1
    """Processes that draw."""
    cameras: CameraSpace = field(default_factory=CameraSpace)
    """The generator's cameras, for rendered heads and fields."""
