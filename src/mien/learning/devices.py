"""Where torch computes: the device that a setting means, its half precision, its random numbers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from mien.errors import InputError

_KNOWN = ("cpu", "cuda", "mps", "meta")
"""On the last one, nothing is computed: it tells where tensors lie."""


def choose_device(name: str) -> torch.device:
    """The device of "cpu", "cuda" (perhaps with a number), or "auto": a GPU where there is one.

    Raises:
        InputError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"there is no device {name!r}; choose cpu, cuda or auto", source="device") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError("torch finds no CUDA GPU here; choose cpu or auto", source="device")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise InputError(f"there is no {name}, for torch finds {count} CUDA GPU(s)", source="device")
    if device.type not in _KNOWN:
        raise InputError(f"mien does not compute on {name!r}; choose cpu, cuda or auto", source="device")
    return device


def bfloat16(device: torch.device, *, enabled: bool) -> AbstractContextManager[object]:
    """Convolutions and matrix products in bfloat16, on whichever device."""
    return torch.autocast(device.type, torch.bfloat16) if enabled else nullcontext()


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Within `bfloat16`, what is not to be computed so."""
    return torch.autocast(device.type, enabled=False) if device.type in ("cpu", "cuda") else nullcontext()


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Where torch's own random numbers stand, for a checkpoint."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_random_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Go on with the random numbers of a checkpoint, which may be of another device."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
