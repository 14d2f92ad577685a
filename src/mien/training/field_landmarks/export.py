"""Both trained networks in one file that mien ships, with a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mien import __version__
from mien.field_landmarks.weights import write_networks
from mien.field_landmarks.wing import millimetres_of_wing
from mien.files import write_text
from mien.training.field_landmarks.bank import HELD_OUT_SKINS
from mien.training.field_landmarks.train import COMMAND, read_trained

CARD_FORMAT_VERSION = 1


def export_networks(*, coarse: Path, fine: Path, out: Path) -> Path:
    """Write `out` (.safetensors, half precision) and its card.

    Args:
        coarse, fine: checkpoints.

    Raises:
        InputError: one is no checkpoint.
    """
    first, coarse_facts = read_trained(coarse)
    second, fine_facts = read_trained(fine)
    write_networks(out, coarse=first, fine=second)
    card = {
        "format_version": CARD_FORMAT_VERSION,
        "name": out.stem,
        "mien_version": __version__,
        "task": "68 3D landmarks of a head in a radiance field",
        "training_data": (
            "volumes of synthetic heads alone: the built-in head with random identities and expressions, "
            "MakeHuman skins, brows, lashes and hair; no photograph of a person, no scan"
        ),
        "held_out_skins": list(HELD_OUT_SKINS),
        "licence": "Apache-2.0; MakeHuman assets CC0, ICT-FaceKit MIT",
        "command": f"{COMMAND} --stage coarse|fine|export",
        "coarse": _facts(coarse_facts),
        "fine": _facts(fine_facts),
    }
    write_text(out.with_suffix(".card.json"), json.dumps(card, indent=1))
    return out


def _facts(plain: dict[str, Any]) -> dict[str, Any]:
    facts = {key: plain[key] for key in ("network", "expressions", "seed", "step", "batch", "volumes")}
    wing = plain["validation_wing"]
    return facts | {
        "training_seconds": round(plain["seconds"]),
        "analytic_validation": {"wing_x10": round(10 * wing, 3), "mm": round(millimetres_of_wing(wing), 3)},
    }
