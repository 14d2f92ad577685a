"""TensoRF's own checkpoints (`.th`: Chen et al., ECCV 2022, their published program) as fields."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.grids.color_network import encode
from mien.fields.grids.tensor_grids import LINE_AXES, PLANE_AXES
from mien.fields.protocol import FieldBase, box_of
from mien.fields.ray_context import RayContext
from mien.fields.viewpoint import Viewpoint
from mien.learning.torch_archive import read_torch_archive

SUFFIX = ".th"
_WHAT = "is no checkpoint of TensoRF, or a damaged one; expected what its training saves as NAME.th"
_SHADINGS = ("MLP_Fea", "MLP_PE", "MLP", "RGB")
_LARGEST = 4096
"""Nodes, components and widths."""


@dataclass(frozen=True, eq=False)
class _Products:
    """Planes and lines of density or of colour features; without planes (CP) products of three lines."""

    planes: tuple[Tensor, ...]
    lines: tuple[Tensor, ...]

    def at(self, coordinates: Float[Tensor, "m 3"]) -> Float[Tensor, "c m"]:
        """All products at places in [-1, 1]."""
        found = []
        for index, line in enumerate(self.lines):
            along = coordinates[:, LINE_AXES[index]]
            grid = torch.stack([torch.zeros_like(along), along], dim=1)[None, :, None]
            values = functional.grid_sample(line, grid, align_corners=True)[0, :, :, 0]
            if self.planes:
                x, y = PLANE_AXES[index]
                grid = torch.stack([coordinates[:, x], coordinates[:, y]], dim=1)[None, :, None]
                plane = self.planes[index]
                values = values * functional.grid_sample(plane, grid, align_corners=True)[0, :, :, 0]
            found.append(values)
        return torch.cat(found) if self.planes else found[0] * found[1] * found[2]


class TensorfField(FieldBase):
    """A field that TensoRF trained, in the unit of its own world.

    Made by `read_tensorf`.
    """

    def __init__(self, document: dict[str, Any], weights: dict[str, Tensor], mask: Tensor | None) -> None:
        self.bounds_m = np.asarray(document["aabb"].double().numpy())
        self._facts, self._weights, self._mask = document, weights, mask
        self._density, self._color = _products(weights, "density"), _products(weights, "app")
        self._nodes = [int(line.shape[2]) for line in self._density.lines]

    @property
    def viewpoint(self) -> Viewpoint:
        """Before it, with z upwards, as in the scenes of Blender that TensoRF is trained on."""
        around = Viewpoint.around(self.bounds_m)
        return replace(around, up=(0.0, 0.0, 1.0), front=(0.0, -1.0, 0.0))

    @property
    def voxel_m(self) -> float:
        sides = np.diff(self.bounds_m, axis=0)[0]
        return float(np.mean([sides[axis] / (n - 1) for axis, n in zip(LINE_AXES, self._nodes, strict=True)]))

    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        lower, upper = box_of(self)
        coordinates = (points_m - (lower + upper) / 2) / ((upper - lower) / 2)
        inside = coordinates.detach().abs().amax(dim=1) <= 1
        return self.raw_density(coordinates) * inside, self.raw_color(coordinates, directions)

    def density(
        self, points_m: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        lower, upper = box_of(self)
        coordinates = (points_m - (lower + upper) / 2) / ((upper - lower) / 2)
        return self.raw_density(coordinates) * (coordinates.detach().abs().amax(dim=1) <= 1)

    def raw_density(
        self, coordinates: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        values = self._density.at(coordinates).sum(dim=0)
        if self._facts["fea2denseAct"] == "softplus":
            activation = functional.softplus(values + float(self._facts["density_shift"]))
        else:
            activation = functional.relu(values)
        # TensoRF multiplies lengths of rays by this
        density = activation * float(self._facts["distance_scale"])
        if self._mask is not None:
            density = density * self._occupied(coordinates)
        return density

    def raw_color(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> Float[Tensor, "m 3"]:
        features = self._color.at(coordinates).T @ self._weights["basis_mat.weight"].T
        shading = self._facts["shadingMode"]
        if shading == "RGB":
            return features.clamp(0, 1)
        parts = [features, directions]
        if shading == "MLP_Fea" and self._facts["fea_pe"]:
            parts.append(_waves(features, self._facts["fea_pe"]))
        if shading == "MLP_PE" and self._facts["pos_pe"]:
            parts.append(_waves(coordinates, self._facts["pos_pe"]))
        if self._facts["view_pe"]:
            parts.append(_waves(directions, self._facts["view_pe"]))
        values = torch.cat(parts, dim=1)
        for layer in (0, 2, 4):
            weight, bias = (self._weights[f"renderModule.mlp.{layer}.{name}"] for name in ("weight", "bias"))
            values = functional.linear(values, weight, bias)
            values = values.relu() if layer < 4 else values.sigmoid()
        return values

    def _occupied(self, coordinates: Float[Tensor, "m 3"]) -> Float[Tensor, " m"]:
        """1 where the checkpoint's mask, which has a box of its own, may hold something."""
        assert self._mask is not None
        own = torch.as_tensor(self._facts["mask_aabb"], dtype=torch.float32)
        points_m = self._in_world(coordinates)
        place = (points_m - own[0]) * (2 / (own[1] - own[0])) - 1
        found = functional.grid_sample(self._mask, place[None, :, None, None].detach(), align_corners=True)
        return (found.reshape(-1) > 0).float()


@checked_call
def read_tensorf(path: str | Path) -> TensorfField:
    """Read a checkpoint that TensoRF's own program saved; nothing in it is executed.

    Fields of planes and lines (VM-split) and of lines (CP), coloured by one of its networks or plainly.

    Raises:
        InputError: it is none, is damaged, or has spherical harmonics.
    """
    content = read_torch_archive(path, what=_WHAT)
    document = content.get("kwargs") if isinstance(content, dict) else None
    weights = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(document, dict) or not isinstance(weights, dict):
        raise InputError(_WHAT, source=path)
    weights = {str(key): value for key, value in weights.items() if isinstance(value, Tensor)}
    document = dict(document)
    _check_document(document, path)
    _check_weights(weights, document, path)
    mask = None
    if content.get("alphaMask.mask") is not None:
        mask, document["mask_aabb"] = _mask_of(content, path)
    weights = {key: value.float() for key, value in weights.items()}
    return TensorfField(document, weights, mask)


def _check_document(document: dict[str, Any], path: str | Path) -> None:
    box = document.get("aabb")
    if not isinstance(box, Tensor) or box.shape != (2, 3) or not bool((box[1] > box[0]).all()):
        raise InputError(f"{_WHAT} (its box is none)", source=path)
    for name in ("density_shift", "distance_scale"):
        value = document.get(name)
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f"{_WHAT} ({name} is no number)", source=path)
    for name in ("pos_pe", "view_pe", "fea_pe"):
        if type(document.get(name)) is not int or not 0 <= document[name] <= 32:
            raise InputError(f"{_WHAT} ({name} is no small number)", source=path)
    if document.get("fea2denseAct") not in ("softplus", "relu"):
        raise InputError(f"{_WHAT} (its densities are of an unknown kind)", source=path)
    if document.get("shadingMode") not in _SHADINGS:
        raise InputError(
            f"has colours of the kind {document.get('shadingMode')!r}; mien reads {', '.join(_SHADINGS)}",
            source=path,
        )


def _check_weights(weights: dict[str, Tensor], document: dict[str, Any], path: str | Path) -> None:
    """Whether all that a field needs is there, and fits together."""
    planes = "density_plane.0" in weights
    nodes: dict[int, int] = {}
    sizes = {}
    for kind in ("density", "app"):
        counts = []
        for index in range(3):
            line = weights.get(f"{kind}_line.{index}")
            if line is None or line.ndim != 4 or line.shape[0] != 1 or line.shape[3] != 1:
                raise InputError(f"{_WHAT} (it lacks {kind}_line.{index})", source=path)
            counts.append(line.shape[1])
            if nodes.setdefault(LINE_AXES[index], line.shape[2]) != line.shape[2]:
                raise InputError(f"{_WHAT} (its lines have different lengths)", source=path)
        if max(*counts, *nodes.values()) > _LARGEST or min(*counts, *nodes.values()) < 1:
            raise InputError(f"{_WHAT} (its sizes are odd)", source=path)
        for index in range(3) if planes else ():
            plane = weights.get(f"{kind}_plane.{index}")
            x, y = PLANE_AXES[index]
            if plane is None or tuple(plane.shape) != (1, counts[index], nodes[y], nodes[x]):
                raise InputError(f"{_WHAT} ({kind}_plane.{index} does not fit)", source=path)
        sizes[kind] = sum(counts) if planes else counts[0]
        if not planes and len(set(counts)) > 1:
            raise InputError(f"{_WHAT} (its lines differ in number)", source=path)
    basis = weights.get("basis_mat.weight")
    if basis is None or basis.ndim != 2 or basis.shape[1] != sizes["app"]:
        raise InputError(f"{_WHAT} (basis_mat does not fit)", source=path)
    width = basis.shape[0]
    if document["shadingMode"] == "RGB":
        if width != 3:
            raise InputError(f"{_WHAT} (its plain colours are not three)", source=path)
        return
    width += 3 + 6 * document["view_pe"]
    if document["shadingMode"] == "MLP_Fea":
        width += 2 * document["fea_pe"] * basis.shape[0]
    if document["shadingMode"] == "MLP_PE":
        width += 6 * document["pos_pe"]
    for layer in (0, 2, 4):
        weight = weights.get(f"renderModule.mlp.{layer}.weight")
        bias = weights.get(f"renderModule.mlp.{layer}.bias")
        fine = weight is not None and bias is not None and weight.ndim == 2 and weight.shape[1] == width
        if not fine or bias is None or weight is None or tuple(bias.shape) != (weight.shape[0],):
            raise InputError(f"{_WHAT} (layer {layer} of its network does not fit)", source=path)
        width = weight.shape[0]
    if width != 3:
        raise InputError(f"{_WHAT} (its network gives no colours)", source=path)


def _mask_of(content: dict[str, Any], path: str | Path) -> tuple[Tensor, Tensor]:
    """(1, 1, Z, Y, X) 0 or 1, and the box of these cells."""
    shape, bits, box = (content.get(f"alphaMask.{name}") for name in ("shape", "mask", "aabb"))
    refused = InputError(f"{_WHAT} (its mask of empty space does not fit)", source=path)
    if not isinstance(shape, tuple) or not isinstance(bits, np.ndarray) or not isinstance(box, Tensor):
        raise refused
    if len(shape) < 3 or any(type(n) is not int or not 0 < n <= _LARGEST for n in shape):
        raise refused
    count = math.prod(shape)
    if bits.dtype != np.uint8 or bits.shape != (-(-count // 8),) or math.prod(shape[:-3]) != 1:
        raise refused
    if box.shape != (2, 3) or not bool((box[1] > box[0]).all()):
        raise refused
    cells = np.unpackbits(bits, count=count).reshape(1, 1, *shape[-3:])
    return torch.from_numpy(cells).float(), box.float()


def _products(weights: dict[str, Tensor], kind: str) -> _Products:
    planes = [weights[f"{kind}_plane.{i}"] for i in range(3) if f"{kind}_plane.{i}" in weights]
    return _Products(tuple(planes), tuple(weights[f"{kind}_line.{i}"] for i in range(3)))


def _waves(values: Float[Tensor, "m c"], frequencies: int) -> Float[Tensor, "m e"]:
    """Sines and cosines alone."""
    return encode(values, frequencies)[:, values.shape[1] :]
