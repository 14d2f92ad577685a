"""A radiance field of a photographed sitter, trained from nothing or from another expression's field."""

from __future__ import annotations

from mien.fields.config import FieldConfig
from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import RadianceField
from mien.fields.train import train_field
from mien.synthetic.scenes.posed_scene import Sitter

MARGIN_M = 0.02
"""Around a sitter in the field's box."""


def field_of_sitter(
    sitter: Sitter,
    images: PosedImages,
    config: FieldConfig,
    *,
    start_from: RadianceField | None = None,
    refine_iterations: int = 150,
) -> RadianceField:
    """Train on the CPU.

    Args:
        config: how a field is trained from its silhouettes on.
        start_from: another expression's field to go on from, for `refine_iterations` steps.
    """
    if start_from is None:
        return train_field(images, config, bounds_m=sitter.bounds_m(margin_m=MARGIN_M), device="cpu")
    refinement = config.for_refinement(iterations=refine_iterations)
    return train_field(images, refinement, start_from=start_from, device="cpu")
