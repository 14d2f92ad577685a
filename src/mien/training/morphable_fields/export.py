"""From a training to a model's file and its card."""

from __future__ import annotations

from pathlib import Path

from mien.learning.cards import length_option, write_card
from mien.learning.checkpoints import read_checkpoint
from mien.morphable_fields.model_files import write_model
from mien.training.morphable_fields.training import COMMAND, KIND, trained_model


def export_model(checkpoint_path: Path, out: Path) -> Path:
    """Write the averaged weights in half precision, and the card, whose path is returned.

    Raises:
        InputError: it is no such checkpoint.
    """
    checkpoint = read_checkpoint(checkpoint_path, kind=KIND, command=COMMAND)
    model = trained_model(checkpoint)
    write_model(model, out)
    settings = checkpoint.settings
    command = f"{COMMAND} --people {Path(settings['people']).name} --model {settings['model']}"
    card = out.with_suffix(".card.json")
    write_card(
        card,
        checkpoint,
        name=out.stem,
        command=f"{command} {length_option(settings)}",
        training_data={
            "kind": "synthetic people with the 20 basic expressions, by mien synth people",
            "pictures": checkpoint.plain["pictures"],
            "people": checkpoint.plain["people"],
        },
        figures={"parameters": sum(value.numel() for value in model.parameters())},
        kind="morphable_field",
    )
    return card
