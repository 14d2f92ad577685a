"""Weights out of a file: finite, and of the shapes that the network says before it takes any memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.reading.array_members import ArrayMember


def checked_tensors(
    members: Mapping[str, ArrayMember], *, source: str | Path, prefix: str = ""
) -> dict[str, Tensor]:
    """Tensors by name, those of a half precision as they are.

    Args:
        prefix: only names that start so; it is cut off.

    Raises:
        InputError: some hold NaN or infinities.
    """
    found = {}
    for name, member in members.items():
        if not name.startswith(prefix):
            continue
        values = member.read()
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise InputError(f"is damaged: its weights {name} are not finite", source=source)
        found[name.removeprefix(prefix)] = torch.from_numpy(np.ascontiguousarray(values))
    return found


def check_shapes(
    make: Callable[[], nn.Module], shapes: Mapping[str, tuple[int, ...]], *, source: str | Path
) -> None:
    """Compare stored shapes with those of a network that is only planned.

    Args:
        make: makes the network; called where tensors take no memory.
        shapes: of the stored tensors.

    Raises:
        InputError: a tensor is missing, too many, or of another shape.
    """
    with torch.device("meta"):
        planned = {name: tuple(value.shape) for name, value in make().state_dict().items()}
    for name in planned.keys() | shapes.keys():
        if planned.get(name) != shapes.get(name):
            raise InputError(
                f"is damaged: its weights {name} have the shape {shapes.get(name, 'none')}, and its settings "
                f"ask for {planned.get(name, 'none')}",
                source=source,
            )
