"""A trained read-out and its encoders as one ONNX file with its card: a landmark network like any other."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from mien.datasets.encoders import CROP_PX, Encoders
from mien.errors import InputError
from mien.files import atomic_path
from mien.landmarks.crops import Crop
from mien.landmarks.networks import open_session, read_card
from mien.learning.cards import length_option, write_card
from mien.learning.checkpoints import Checkpoint
from mien.learning.onnx_files import INPUT, ExportCheck, median_latency_ms
from mien.training.landmarks.onnx_export import OUTPUTS
from mien.training.read_out.joined_onnx import write_joined
from mien.training.read_out.network import ReadOut
from mien.training.read_out.training import averaged_read_out, network_config

LARGEST_DIFFERENCE = 2e-3
"""How far ONNX Runtime may be from the parts one after the other, in half crop sides: a fifth of a pixel."""


class _Plain(nn.Module):
    """A read-out with a plain tuple as its answer, as the exporter wants it."""

    def __init__(self, network: ReadOut) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor, features: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(points, features))


def export_read_out(checkpoint: Checkpoint, encoders: Sequence[str | Path], path: str | Path) -> ExportCheck:
    """Write encoders and read-out as a network with input "image" and a landmark network's outputs.

    The file appears only once it answers as its parts do.

    Raises:
        InputError: the encoders are not those of the training, or the file answers differently.
    """
    network, path = averaged_read_out(checkpoint), Path(path)
    asked = Encoders(encoders)
    wanted = [encoder["name"] for encoder in checkpoint.plain["encoded"]["encoders"]]
    if [file.stem for file in asked.files] != wanted:
        raise InputError(
            f"the read-out was trained on {', '.join(wanted)}, in this order", source="--encoders"
        )
    with atomic_path(path) as part:
        count = network.config.landmarks
        shapes = {"points": (count, 2), "log_sigma": (count,), "presence": ()}
        folded = copy.deepcopy(network)
        folded.fold()
        write_joined(_Plain(folded).eval(), asked, part, name="landmarks", outputs=shapes)
        image = checking_crops()
        crops = np.rint(255 * image.transpose(0, 2, 3, 1)).astype(np.uint8)
        encoding = asked(crops)
        with torch.no_grad():
            expected = network(torch.from_numpy(encoding.points), torch.from_numpy(encoding.features))
        session = open_session(part)
        answers = session.run(list(OUTPUTS), {INPUT: image})
        difference = max(
            float(np.abs(one.numpy() - np.asarray(other)).max())
            for one, other in zip(expected, answers, strict=True)
        )
        if not difference < LARGEST_DIFFERENCE:
            raise InputError(f"differs from its parts by {difference:.2g}", source=path)
        return ExportCheck(difference, median_latency_ms(session, image[:1]), part.stat().st_size / 1e6)


def checking_crops() -> Float32[np.ndarray, "batch 3 size size"]:
    """Crops in a network's input form, to compare answers on: noise, since any answer must agree."""
    crops = np.random.default_rng(0).integers(0, 256, (3, CROP_PX, CROP_PX, 3), np.uint8)
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def write_read_out_card(
    checkpoint: Checkpoint,
    check: ExportCheck,
    path: str | Path,
    *,
    name: str,
    encoders: Sequence[str | Path],
    looks: Sequence[Crop] = (),
    file_mb: float | None = None,
) -> None:
    """Write the card of an exported read-out."""
    manifest, network = checkpoint.plain["encoded"], network_config(checkpoint)
    scale = float(manifest["crop_scale"])
    shown = list(looks) or [Crop(scale)]
    entries = {} if shown == [Crop()] else {"looks": [asdict(look) for look in shown]}
    settings = checkpoint.settings
    write_card(
        path,
        checkpoint,
        name=name,
        command=(
            f"mien train read-out --data {' '.join(settings['data'])} --set {checkpoint.plain['set_name']} "
            f"--encoders {' '.join(encoder['name'] for encoder in manifest['encoders'])} "
            f"--linear {network.linear} --hidden {network.hidden} --place {network.place} "
            f"--dropout {network.dropout:g} {length_option(settings)} --batch {settings['batch']} "
            f"--learning-rate {settings['learning_rate']:g} --seed {settings['seed']}"
        ),
        training_data={
            "kind": "synthetic pictures made with `mien synth`, no photographs of people; seen by encoders "
            "that their authors trained on photographs",
            "manifests": manifest["pictures"],
            "crops_presented": checkpoint.samples,
        },
        figures={
            "single_thread_ms": round(check.latency_ms, 3),
            "difference_from_parts": check.largest_difference,
            "file_mb": round(check.file_mb if file_mb is None else file_mb, 3),
        },
        set_name=checkpoint.plain["set_name"],
        input_size=CROP_PX,
        network="read_out",
        linear=network.linear,
        hidden=network.hidden,
        encoders=[encoder_notice(Path(file)) for file in encoders],
        **entries,
    )


def encoder_notice(encoder: Path) -> dict[str, Any]:
    """What an encoder's own card says of where it comes from."""
    try:
        values = read_card(encoder).values
    except InputError:
        return {"name": encoder.stem}
    return {"name": encoder.stem, **{key: values[key] for key in ("source", "licence") if key in values}}
