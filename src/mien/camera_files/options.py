"""How files of cameras are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CameraFileOptions:
    """What a reader of camera files is told, whatever the format."""

    metres_per_unit: float = 1.0
    """Metres per unit of the file's world."""
    lenses: Literal["refuse", "ignore", "undistort"] = "refuse"
    """Cameras with lens distortion: refuse them, use their pinhole part, or give the cameras of the
    undistorted pictures (`PosedPicture.lens` makes these)."""
    paths_outside: bool = False
    """Let the file name pictures outside its folder."""
    axes: Literal["opengl", "opencv"] = "opengl"
    """Of the cameras in a transforms.json; "opencv" (y down, z forwards) for files that do not follow
    nerfstudio."""
