"""Both trained networks in one file that mien ships, with a card."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from mien import __version__
from mien.files import write_text
from mien.landmarks_in_fields.network_files import NetworkPair, write_networks
from mien.synthetic.volumes.volume_store import HELD_OUT_SKINS
from mien.training.landmarks_in_fields.checkpoints import COMMAND
from mien.training.landmarks_in_fields.spread_calibration import (
    held_out_trained_volumes,
    scale_spread,
    spread_factor,
)
from mien.training.landmarks_in_fields.trained_network import trained_network

CARD_FORMAT_VERSION = 1


def export_networks(*, coarse: Path, fine: Path, out: Path, volumes: Sequence[Path] = ()) -> Path:
    """Write `out` (.safetensors, half precision) and its card.

    Args:
        coarse, fine: checkpoints; or a file of both networks, whose network of this stage is taken over; or
            "shipped".
        volumes: folders; the predicted standard deviations are made to fit the errors on their held-out
            volumes of trained fields.

    Raises:
        InputError: one is none of these.
    """
    first, second = trained_network(coarse, "coarse"), trained_network(fine, "fine")
    networks = NetworkPair(first.network, second.network)
    factor = math.nan
    if networks.fine.has_heatmaps:
        factor = spread_factor(networks, held_out_trained_volumes(volumes))
    if math.isfinite(factor):
        scale_spread(networks.fine, factor)
    write_networks(out, coarse=networks.coarse, fine=networks.fine)
    card = {
        "format_version": CARD_FORMAT_VERSION,
        "name": out.stem,
        "mien_version": __version__,
        "task": "68 3D landmarks of a head in a radiance field",
        "training_data": (
            "volumes of synthetic heads alone, filled from their surfaces or sampled from fields trained on "
            "renderings of them: random people of the built-in head and of MakeHuman with random "
            "expressions, MakeHuman skins, brows, lashes and hair; no photograph of a person, no scan"
        ),
        "held_out_skins": list(HELD_OUT_SKINS),
        "licence": "Apache-2.0; MakeHuman assets CC0, ICT-FaceKit MIT",
        "command": f"{COMMAND} coarse|fine|export",
        "coarse": first.facts,
        "fine": second.facts,
        "spread_factor": factor if math.isfinite(factor) else None,
    }
    write_text(out.with_suffix(".card.json"), json.dumps(card, indent=1))
    return out
