"""`mien head expressions`: one head's expressions in terms of another's, and tracks converted by that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, print_written
from mien.commands.options import HeadOption, JsonOption
from mien.commands.usage import UsageError
from mien.files import OutputFile

if TYPE_CHECKING:
    from mien.heads.expression_map import ConvertedExpression, ExpressionMap

SHOWN_WEIGHT = 0.05
"""Smaller weights are left out of the table."""


@dataclass(frozen=True)
class HeadExpressionsConfig:
    """Tell one head's expressions by another's: FLAME's, BFM's, … by the built-in head's ARKit weights, or,
    with --from-built-in, the other way round.

    Shows for each expression how far it moves the face, what the other head's weights leave of that, and the
    largest of these weights.
    """

    other: Flat[HeadOption] = HeadOption()
    from_built_in: bool = False
    """Tell the built-in head's expressions by the other head's."""
    ridge: float = 0.03
    """What a weight of 1 costs, as a share of its expression's motion: more of it makes expressions that work
    against each other rarer."""
    map: OutputFile | None = None
    """Keep the map in this file (.npz or .json; mien.read_expression_map reads it)."""
    weights_of: Path | None = None
    """A fit or track (.npz or .json) of the head whose expressions are told: convert its weights too."""
    converted: OutputFile | None = None
    """With --weights-of: the file (.csv, .json or .npz) for the converted weights, a row per frame, with what
    they leave."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Learn the map, show it, keep it, and convert a file's weights by it."""
    config = parse(HeadExpressionsConfig, arguments, prog="mien head expressions")
    if config.other.head is None:
        raise UsageError("name the head to compare with the built-in one: --head flame2023.pkl")
    if (config.weights_of is None) != (config.converted is None):
        raise UsageError("--weights-of and --converted go together: what to convert, and where to write it")
    from mien.commands.head.weight_files import check_weight_file, read_weights, write_weights
    from mien.heads.expression_map import map_expressions
    from mien.heads.expression_map_files import save_expression_map

    if config.converted is not None:
        check_weight_file(config.converted)
    heads = (None, config.other.head) if config.from_built_in else (config.other.head, None)
    found = map_expressions(*heads, ridge=config.ridge)
    files: list[Path] = []
    if config.map is not None:
        files.append(save_expression_map(found, config.map))
    converted = None
    if config.weights_of is not None and config.converted is not None:
        weights, times_s = read_weights(config.weights_of, found)
        converted = found.convert(weights)
        files.append(write_weights(config.converted, found, times_s, converted))
    if config.output.json:
        return print_json(_document(found, converted, files))
    print_table(
        (f"{found.from_head} {found.from_version}", "moves (mm)", "left (mm)", "explained", "by"),
        [_row(found, index) for index in range(len(found.from_names))],
    )
    print(_summary(found))
    if converted is not None:
        print(_converted_summary(converted))
    print_written(files)
    return 0


def _row(found: ExpressionMap, index: int) -> tuple[str, ...]:
    import numpy as np

    weights = found.weights[index]
    largest = [k for k in np.argsort(-weights, kind="stable") if weights[k] >= SHOWN_WEIGHT]
    by = ", ".join(f"{found.to_names[k]} {weights[k]:.2f}" for k in largest[:5])
    more = f", {len(largest) - 5} more" if len(largest) > 5 else ""
    motion_mm, explained = found.motion_mm[index], found.explained[index]
    if np.isnan(explained):
        return found.from_names[index], "0", "", "not on the face", by
    return (
        found.from_names[index],
        f"{motion_mm:.2f}",
        f"{found.residual_mm[index]:.2f}",
        f"{explained:.0%}",
        by + more,
    )


def _summary(found: ExpressionMap) -> str:
    import numpy as np

    seen = ~np.isnan(found.residual_mm)
    if not seen.any():
        return "None of the expressions moves the face."
    share = 1 - (found.residual_mm[seen] ** 2).sum() / (found.motion_mm[seen] ** 2).sum()
    return (
        f"{share:.0%} of all motion is explained; the median expression keeps "
        f"{np.median(found.residual_mm[seen]):.2f} mm of {np.median(found.motion_mm[seen]):.2f} mm."
    )


def _converted_summary(converted: ConvertedExpression) -> str:
    import numpy as np

    return (
        f"{len(converted.weights)} frames converted: median residual "
        f"{np.nanmedian(converted.residual_mm):.2f} mm, {np.nanmedian(converted.explained):.0%} of the "
        "motion explained."
    )


def _document(
    found: ExpressionMap, converted: ConvertedExpression | None, files: list[Path]
) -> dict[str, Any]:
    from mien import __version__

    shapes = {
        name: {
            "motion_mm": float(found.motion_mm[index]),
            "residual_mm": float(found.residual_mm[index]),
            "explained": float(found.explained[index]),
            "weights": {
                to: float(weight)
                for to, weight in zip(found.to_names, found.weights[index], strict=True)
                if weight > 0
            },
        }
        for index, name in enumerate(found.from_names)
    }
    document: dict[str, Any] = {
        "format_version": 1,
        "mien_version": __version__,
        "command": "head expressions",
        "from": {"head_name": found.from_head, "head_version": found.from_version},
        "to": {"head_name": found.to_head, "head_version": found.to_version},
        "expressions": shapes,
        "files": [str(path) for path in files],
    }
    if converted is not None:
        document["converted"] = {
            "frames": len(converted.weights),
            "residual_mm": converted.residual_mm.tolist(),
            "explained": converted.explained.tolist(),
        }
    return document
