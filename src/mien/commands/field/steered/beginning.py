"""How the verbs begin and end: the face that changes with its model, and what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mien.commands.options import DeviceOption, MorphableModelOption, OutputOptions, SteeredFaceOption
    from mien.morphable_fields.face import MorphableFace
    from mien.morphable_fields.models import MorphableModel


@runtime_checkable
class SteeredConfig(Protocol):
    """What the configurations of these verbs have in common."""

    @property
    def face(self) -> SteeredFaceOption: ...

    @property
    def model(self) -> MorphableModelOption: ...

    @property
    def place(self) -> DeviceOption: ...

    @property
    def output(self) -> OutputOptions: ...


def begun(config: SteeredConfig) -> tuple[MorphableFace, MorphableModel]:
    """The face that changes, and the model that shows it, on its device; the folder is looked at first.

    Raises:
        InputError: there is no such face, model or device. OutputError: the folder takes no files.
    """
    import torch

    from mien.commands.batch import check_folder
    from mien.commands.field.steered.sources import model_of_option, read_face
    from mien.learning.devices import choose_device
    from mien.learning.threads import fitting_threads

    device = choose_device(config.place.device)
    torch.set_num_threads(fitting_threads(used=0))  # a thread that waits for a core makes the others wait
    check_folder(config.output.out)
    shown = None if config.face.even_light else model_of_option(config.model, None).to(device)
    face, own = read_face(config.face.source, refined_for=shown)
    return face, model_of_option(config.model, own).to(device)


def ended(written: Sequence[Path], output: OutputOptions) -> int:
    """Say what was written, and return the exit code."""
    from mien.commands.display import print_json, print_written

    if output.json:
        return print_json({"files": [str(path) for path in written]})
    print_written(written, next_step=f"look at {written[0]}")
    return 0
