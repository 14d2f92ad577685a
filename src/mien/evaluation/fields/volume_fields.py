"""Analytic volumes as fields."""

from __future__ import annotations

import numpy as np

from mien.fields.grid_field import GridField
from mien.synthetic.volumes.head_volume import HeadVolume


def volume_as_field(volume: HeadVolume) -> GridField:
    """An analytic volume as a field."""
    rgba = volume.rgba.astype(np.float32) / 255
    rgba[..., :3] /= np.maximum(rgba[..., 3:], 1e-3)
    bounds_m = np.stack([volume.low_m, volume.low_m + np.array(rgba.shape[:3]) * volume.voxel_m])
    return GridField(np.clip(rgba, 0, 1), bounds_m)
