"""A tuned network as the file that it came from with other weights, and its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import InputError
from mien.files import atomic_path
from mien.landmarks.networks import find_network, open_session, read_card
from mien.learning import checkpoints
from mien.learning.cards import add_to_card, length_option
from mien.learning.checkpoints import Checkpoint
from mien.learning.onnx_files import INPUT, ExportCheck, median_latency_ms
from mien.training.tuning.onnx_network import OnnxNetwork, write_with_weights


def export_tuned(
    checkpoint: Checkpoint, network: str | Path, path: str | Path, *, share: float = 1.0
) -> ExportCheck:
    """Write the averaged weights, or a place between those that the training began with and these.

    Args:
        network: the file that the training began with.
        share: of the way to the tuned weights; networks that are tuned on one kind of pictures lose on
            others, and a place between often has the best of both (WiSE-FT, Wortsman et al. 2022).

    Raises:
        InputError: the share is not within 0 to 1, the checkpoint is of another network, or what it holds
            answers with what is not finite; then no file is written.
    """
    source, path = find_network(network), Path(path)
    if not 0 <= share <= 1:
        raise InputError(f"must lie between 0 and 1, not {share:g}", source="--share")
    tuned = checkpoints.averaged(checkpoint, lambda: OnnxNetwork(source))
    if tuned.weight_names != checkpoint.plain["weight_names"]:
        raise InputError(f"was not tuned from {source.name}", source=checkpoint.source)
    with atomic_path(path) as part:  # the file appears only once it answers
        write_with_weights(source, tuned, part, share=share)
        session = open_session(part)
        size = session.get_inputs()[0].shape[-1]
        image = np.random.default_rng(0).random((1, 3, size, size), np.float32)
        before, after = (one.run(None, {INPUT: image}) for one in (open_session(source), session))
        if not all(np.isfinite(answer).all() for answer in after):
            raise InputError("answers with numbers that are not finite; tune with a lower rate", source=path)
        difference = max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))
        return ExportCheck(difference, median_latency_ms(session, image), part.stat().st_size / 1e6)


def write_tuned_card(
    checkpoint: Checkpoint, network: str | Path, path: Path, *, name: str, share: float, check: ExportCheck
) -> None:
    """Write the card: that of the network before, and how it was tuned."""
    import datetime
    import shutil

    from mien import __version__

    before = read_card(find_network(network))
    settings = checkpoint.settings
    tuning: dict[str, Any] = {
        "command": (
            f"mien train tune {settings['network']} --data {' '.join(map(str, settings['data']))} "
            f"{length_option(settings)} --batch {settings['batch']} "
            f"--learning-rate {settings['learning_rate']:g} --encoder-rate {settings['encoder_rate']:g} "
            f"--seed {settings['seed']}"
        ),
        "share": share,
        "pictures": checkpoint.plain["pictures"],
        "crops_presented": checkpoint.samples,
        "settings": {**settings, "steps": checkpoint.step, "minutes": checkpoint.elapsed_s / 60},
        "synthetic_validation": checkpoint.figures,
    }
    figures = {"single_thread_ms": round(check.latency_ms, 3), "file_mb": round(check.file_mb, 3)}
    shutil.copyfile(before.path, path)
    add_to_card(
        path,
        name=name,
        tuning=tuning,
        mien_version=__version__,
        figures={**before.values.get("figures", {}), **figures},
        date=datetime.date.today().isoformat(),
    )
