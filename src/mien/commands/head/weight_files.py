"""Expression weights out of saved fits and tracks, and converted ones into files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.usage import UsageError
from mien.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from mien.heads.expression_map import ConvertedExpression, ExpressionMap

SUFFIXES = (".csv", ".json", ".npz")


def check_weight_file(path: Path) -> None:
    """Complain about a file that cannot be written, before any work is done.

    Raises:
        InputError: see above.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--converted: the name must end in {', '.join(SUFFIXES)}", source=path)


def read_weights(path: Path, found: ExpressionMap) -> tuple[np.ndarray, np.ndarray]:
    """Weights (F, E) and times (F,), seconds, of a track; of a fit one row, at 0.

    Raises:
        InputError: the file is neither, or of another head than the map's.
    """
    import numpy as np

    from mien.exporters.saved import read_fit, read_track

    try:
        saved = read_fit(path)
        weights, times_s = saved.parameters.expression[None], np.zeros(1)
    except InputError as error:
        try:
            saved = read_track(path)
        except InputError:
            raise error from None
        weights, times_s = saved.expression, saved.times_s
    if saved.head_name != found.from_head or weights.shape[1] != len(found.from_names):
        raise InputError(
            f"is of the head {saved.head_name} {saved.head_version}, not of {found.from_head} "
            f"{found.from_version}; name that head with --head, or leave out --from-built-in",
            source=path,
        )
    return weights, times_s


def write_weights(
    path: Path, found: ExpressionMap, times_s: np.ndarray, converted: ConvertedExpression
) -> Path:
    """Write converted weights with their times (F,) and residuals; the suffix chooses the format."""
    import numpy as np

    from mien import __version__
    from mien.files import atomic_path

    arrays = {
        "times_s": times_s,
        "weights": converted.weights,
        "residual_mm": converted.residual_mm,
        "explained": converted.explained,
    }
    document = {
        "format_version": 1,
        "mien_version": __version__,
        "kind": "expression weights",
        "head_name": found.to_head,
        "head_version": found.to_version,
        "expression_names": list(found.to_names),
    }
    suffix = path.suffix.lower()
    if suffix == ".npz":
        file = io.BytesIO()
        arrays["document"] = np.array(json.dumps(document))
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]
        content = file.getvalue()
    elif suffix == ".json":
        plain = {name: _without_nan(values.tolist()) for name, values in arrays.items()}
        content = (json.dumps({**document, **plain}) + "\n").encode()
    else:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("time_s", *found.to_names, "residual_mm", "explained"))
        columns = [arrays["times_s"], *converted.weights.T, converted.residual_mm, converted.explained]
        writer.writerows([f"{value:.6g}" for value in row] for row in zip(*columns, strict=True))
        content = text.getvalue().encode()
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


def _without_nan(value: object) -> object:
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if value != value else value
