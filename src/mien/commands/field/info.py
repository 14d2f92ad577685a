"""`mien field info`: what a field holds."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.options import FieldOption, JsonOption


@dataclass(frozen=True)
class FieldInfoConfig:
    """Show what a field holds: box, resolution, settings, training."""

    source: Flat[FieldOption]
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Print the field's facts."""
    config = parse(FieldInfoConfig, arguments, prog="mien field info")
    from mien.commands.display import print_json, print_table
    from mien.fields.files import load_field, read_field_json
    from mien.morphable_fields.field_files import is_morphable_field

    if is_morphable_field(config.source.field):
        return _steered(config)
    document = read_field_json(config.source.field)
    field = load_field(config.source.field)
    facts = {
        **document,
        "extent_m": (field.bounds_m[1] - field.bounds_m[0]).round(4).tolist(),
        "voxel_mm": round(1000 * field.voxel_m, 2),
        "numbers": sum(parameter.numel() for parameter in field.parameters()),
        "occupied": round(field.occupancy.fraction, 4),
        "size_mb": round(sum(path.stat().st_size for path in config.source.field.iterdir()) / 1e6, 2),
    }
    if config.output.json:
        return print_json(facts)
    rows = []
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {inner}" for key, inner in value.items())
        rows.append((name.replace("_", " "), str(value)))
    print_table(["field", str(config.source.field)], rows)
    return 0


def _steered(config: FieldInfoConfig) -> int:
    """Print the facts of a field that landmarks steer."""
    from mien.commands.display import print_json, print_table
    from mien.heads.library import load_head
    from mien.morphable_fields.field_files import load_morphable_field

    saved = load_morphable_field(config.source.field)
    weights = zip(load_head().expression_names, saved.face.expression.round(3).tolist(), strict=True)
    facts = {
        "kind": "morphable field",
        "model": saved.model.kind,
        "numbers": sum(parameter.numel() for parameter in saved.model.parameters()),
        "texture": saved.face.texture.shape[0],
        "weights": {name: weight for name, weight in weights if abs(weight) >= 0.05},
        "largest_warp_mm": round(1000 * float(abs(saved.face.residual_m).max()), 2),
        "size_mb": round(sum(path.stat().st_size for path in config.source.field.iterdir()) / 1e6, 2),
    }
    if config.output.json:
        return print_json(facts)
    rows = []
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {inner}" for key, inner in value.items()) or "at rest"
        rows.append((name.replace("_", " "), str(value)))
    print_table(["field", str(config.source.field)], rows)
    return 0
