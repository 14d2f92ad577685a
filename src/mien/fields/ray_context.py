"""What a field is asked with besides points: codes, landmarks, a frame's number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mien.errors import InputError, ShapeError


@dataclass(frozen=True, eq=False)
class RayContext:
    """Tensors by name, with a row for each ray, or one row for all rays.

    Fields say in their documentation which names they know. One row for all stays one row, whatever it is
    picked by, so a picture's context costs nothing per ray; tensors broadcast over the rays as usual. A
    table with a row per picture is a context too: picked by the picture of each ray it becomes that of the
    rays, and gradients reach the table.

        pictures = RayContext({"expression": codes, "exposure": gains})   # (pictures, 51), (pictures, 1)
        of_rays = pictures.at(picture_of_ray)                             # training on rays of many pictures
        render_field(avatar, camera, context=pictures.at(slice(3, 4)))    # as the fourth picture shows it
        render_field(avatar, camera, context=RayContext.constant(expression=smile))

    Attributes:
        values: name to (R, …) tensor, or (1, …) for all rays; both may stand side by side.

    Raises:
        ShapeError: the numbers of rows contradict each other, or a tensor has none.
    """

    values: Mapping[str, Tensor]

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            if value.ndim == 0 or len(value) not in (1, len(self)):
                expected = f"({len(self)}, …) or (1, …)"
                raise ShapeError(f"the context's {name!r}", expected=expected, actual=tuple(value.shape))

    @staticmethod
    def constant(**values: Tensor) -> RayContext:
        """The same for all rays; each tensor gets a first dimension of 1."""
        return RayContext({name: value[None] for name, value in values.items()})

    def __len__(self) -> int:
        """Number of rays; 1 for all of them alike."""
        return next((len(value) for value in self.values.values() if value.ndim and len(value) != 1), 1)

    def __getitem__(self, name: str) -> Tensor:
        """(R, …) or (1, …).

        Raises:
            InputError: nothing has this name.
        """
        if name not in self.values:
            known = ", ".join(self.values) or "nothing"
            raise InputError(f"has no {name!r}, which the field needs; it has {known}", source="context")
        return self.values[name]

    def at(self, rows: Tensor | slice) -> RayContext:
        """The context of some rays, or of samples by the ray that each belongs to.

        Args:
            rows: (M,) integers, or a slice.
        """
        if len(self) == 1:
            return self

        def picked(value: Tensor) -> Tensor:
            if len(value) == 1:
                return value
            # index_select is several times quicker than indexing here
            return value[rows] if isinstance(rows, slice) else value.index_select(0, rows)

        return RayContext({name: picked(value) for name, value in self.values.items()})

    def to(self, device: torch.device | str) -> RayContext:
        return RayContext({name: value.to(device) for name, value in self.values.items()})


def context_at(context: RayContext | None, rows: Tensor | slice) -> RayContext | None:
    """`RayContext.at` where there is a context."""
    return None if context is None else context.at(rows)
