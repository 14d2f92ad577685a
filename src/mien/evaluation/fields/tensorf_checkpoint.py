"""A small checkpoint in the layout of TensoRF's own program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch


def write_small_checkpoint(path: Path) -> None:
    """A cube of one density, coloured plainly, with a mask of empty space that leaves all."""
    state = {"basis_mat.weight": torch.ones(3, 3)}
    for kind, count in (("density", 2), ("app", 1)):
        for index in range(3):
            state[f"{kind}_plane.{index}"] = torch.ones(1, count, 4, 4)
            state[f"{kind}_line.{index}"] = torch.ones(1, count, 4, 1)
    facts = {
        "aabb": torch.tensor([[-1.0] * 3, [1.0] * 3]),
        "gridSize": [4, 4, 4],
        "density_shift": -10,
        "distance_scale": 25,
        "fea2denseAct": "softplus",
        "shadingMode": "RGB",
        "pos_pe": 2,
        "view_pe": 2,
        "fea_pe": 2,
    }
    content = {
        "kwargs": facts,
        "state_dict": state,
        "alphaMask.shape": (1, 1, 4, 4, 4),
        "alphaMask.mask": np.packbits(np.ones(64, bool)),
        "alphaMask.aabb": facts["aabb"],
    }
    torch.save(content, path)
