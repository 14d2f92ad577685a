"""A trained lifting network and its frozen encoders as one ONNX file with its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mien.datasets.encoders import CROP_PX, Encoders
from mien.errors import InputError
from mien.files import atomic_path
from mien.landmarks.networks import open_session
from mien.learning.cards import length_option, write_card
from mien.learning.checkpoints import Checkpoint
from mien.learning.half_weights import halve_weights
from mien.learning.onnx_files import INPUT, ExportCheck, median_latency_ms, write_onnx
from mien.training.lifting.network import OUTPUTS, LiftingNetwork
from mien.training.lifting.training import averaged_network, mirror_of, network_config
from mien.training.read_out.joined_onnx import write_joined
from mien.training.read_out.onnx_export import checking_crops, encoder_notice

LARGEST_DIFFERENCE = 5e-3
"""How far ONNX Runtime may be from torch: of metres, half crop sides and logarithms alike."""
NETWORK_KIND = "lifting"


class _Plain(nn.Module):
    """A lifting network with a plain tuple as its answer, in the order of `OUTPUTS`."""

    def __init__(self, network: LiftingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        output = self.network(*inputs)
        return tuple(getattr(output, name) for name in OUTPUTS)


def export_lifting(checkpoint: Checkpoint, encoders: Sequence[str | Path], path: str | Path) -> ExportCheck:
    """Write the network with input "image"; the file appears only once it answers as its parts do.

    Args:
        encoders: the frozen networks' files; none for networks that take pixels.

    Raises:
        InputError: the encoders are not those of the training, or the file answers differently.
    """
    network, path = averaged_network(checkpoint), Path(path)
    config = network_config(checkpoint)
    count = config.landmarks
    shapes = {
        "points_m": (count, 3),
        "points": (count, 2),
        "cholesky": (count, 3),
        "rotation": (3, 3),
        "translation_m": (3,),
    }
    image = checking_crops()
    if config.encoder != "face-mesh":
        return write_onnx(
            _Plain(network).eval(),
            path,
            outputs=OUTPUTS,
            dynamic_axes={name: {0: "batch"} for name in (INPUT, *OUTPUTS)},
            inputs=[image],
            timed=image[:1],
            largest_difference=LARGEST_DIFFERENCE,
        )
    asked = Encoders(encoders, places=False)
    wanted = checkpoint.plain["encoded"]["encoders"]
    if [file.stem for file in asked.files] != wanted:
        raise InputError(f"it was trained on {', '.join(wanted)}, in this order", source="--encoders")
    with atomic_path(path) as part:
        write_joined(_Plain(network).eval(), asked, part, name="lifting", outputs=shapes)
        halve_weights(part, crops=image)
        crops = np.rint(255 * image.transpose(0, 2, 3, 1)).astype(np.uint8)
        encoding = asked(crops)
        with torch.no_grad():
            expected = _Plain(network).eval()(
                torch.from_numpy(encoding.points), torch.from_numpy(encoding.features)
            )
        session = open_session(part)
        answers = session.run(list(OUTPUTS), {INPUT: image})
        difference = max(
            float(np.abs(one.numpy() - np.asarray(other)).max())
            for one, other in zip(expected, answers, strict=True)
        )
        if not difference < LARGEST_DIFFERENCE:
            raise InputError(f"differs from its parts by {difference:.2g}", source=path)
        return ExportCheck(difference, median_latency_ms(session, image[:1]), part.stat().st_size / 1e6)


def _presented(checkpoint: Checkpoint) -> int:
    """Crops that were shown: the first steps have batches of another size."""
    settings, step = checkpoint.settings, checkpoint.step
    first = min(step, settings["summary_steps"])
    shown = first * settings["summary_batch"] + (step - first) * settings["batch"]
    return shown * (bool(settings.get("views")) + bool(settings.get("frames")))


def write_lifting_card(
    checkpoint: Checkpoint,
    check: ExportCheck,
    path: str | Path,
    *,
    name: str,
    encoders: Sequence[str | Path],
    crop_scale: float,
    both_ways: bool = False,
) -> None:
    """Write the card of an exported lifting network.

    Args:
        both_ways: it is to look at mirrored crops too, if it is known which landmarks mirror which.
    """
    plain, config = checkpoint.plain, network_config(checkpoint)
    encoded: dict[str, Any] = plain["encoded"]
    settings = checkpoint.settings
    folders = " ".join(
        f"--{key} {' '.join(map(str, settings[key]))}" for key in ("views", "frames") if settings.get(key)
    )
    write_card(
        path,
        checkpoint,
        name=name,
        command=(
            f"mien train lifting {folders} --labels {settings['labels']} "
            f"--held-out {settings['held_out']} --batch {settings['batch']} "
            f"--summary-steps {settings['summary_steps']} --summary-batch {settings['summary_batch']} "
            f"{length_option(settings)} --learning-rate {settings['learning_rate']:g} "
            f"--seed {settings['seed']}"
        ),
        training_data={
            "kind": "2D landmarks of synthetic heads in several views, lifted to 3D, and of further "
            "synthetic pictures; no photographs of people. Seen by encoders that their authors trained on "
            "photographs",
            "detector": plain["detector"],
            "latents": plain["latents"],
            "manifests": [*encoded.get("views", []), *encoded.get("frames", [])],
            "steps": checkpoint.step,
            "crops_presented": _presented(checkpoint),
        },
        figures={
            "single_thread_ms": round(check.latency_ms, 3),
            "difference_from_parts": check.largest_difference,
            "file_mb": round(check.file_mb, 3),
        },
        set_name=plain["set_name"],
        input_size=CROP_PX,
        network=NETWORK_KIND,
        crop_scale=crop_scale,
        both_ways=both_ways and mirror_of(plain["set_name"]) is not None,
        focal=config.focal,
        width=config.width,
        blocks=config.blocks,
        template_m=averaged_network(checkpoint).template_m.double().numpy().round(6).tolist(),
        encoders=[encoder_notice(Path(file)) for file in encoders],
    )
