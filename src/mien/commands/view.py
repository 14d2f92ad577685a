"""`mien view`: take a face by its landmarks, in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.arguments import Flat, Positional, parse
from mien.commands.options import MorphableModelOption, OutFolder
from mien.commands.usage import UsageError

if TYPE_CHECKING:
    from mien.viewer.session import ShownFace

FIT_FORMATS = (".json", ".npz")


@dataclass(frozen=True)
class ViewConfig:
    """Look at a head in a browser and edit it: landmarks are handles, weights are sliders.

    Of a field that mien field edit saved, a fit (.json, .npz of mien fit), a photo, or, without any, the
    built-in head. What is saved there goes to --out. Ctrl-C ends it. The page is served to this machine
    alone.
    """

    subject: Positional[Path | None] = None
    """A field's folder, a fit, or a photo; the built-in head when left out."""
    fitted_photo: Path | None = None
    """With a fit: the photo that it was made from, whose texture the head gets."""
    port: int = 0
    """Of the server; 0 for a free one."""
    no_open: bool = False
    """Print the page's address and open no browser."""
    model: Flat[MorphableModelOption] = MorphableModelOption()
    place: Flat[OutFolder] = OutFolder()


def run(arguments: list[str]) -> int:
    """Serve until Ctrl-C."""
    config = parse(ViewConfig, arguments, prog="mien view")
    from mien.files import Stopped
    from mien.viewer.serving import serve

    if not 0 <= config.port < 65536:
        raise UsageError(f"--port: must be between 0 and 65535, not {config.port}")
    if config.fitted_photo is not None and (config.subject is None or not _is_fit(config.subject)):
        raise UsageError("--fitted-photo goes with a fit (.json or .npz of mien fit)")
    shown = shown_face(config)

    def announce(url: str) -> None:
        print(f"{shown.name}: {url}", flush=True)
        print("Ctrl-C ends it", flush=True)

    try:
        serve(
            shown,
            folder=config.place.out,
            port=config.port,
            open_browser=not config.no_open,
            announce=announce,
        )
    except Stopped:
        raise
    except KeyboardInterrupt:
        print()
    return 0


def shown_face(config: ViewConfig) -> ShownFace:
    """What is to be looked at.

    Raises:
        InputError: it is nothing that can be.
    """
    from dataclasses import replace

    from mien.viewer.shown_faces import built_in_head

    shown = built_in_head() if config.subject is None else _read(config.subject, config.fitted_photo)
    if config.model.morphable_model is not None:
        from mien.morphable_fields.model_files import read_model

        shown = replace(shown, model=read_model(config.model.morphable_model))
    return shown


def _is_fit(path: Path) -> bool:
    return path.suffix.lower() in FIT_FORMATS


def _read(path: Path, fitted_photo: Path | None) -> ShownFace:
    from mien.viewer import shown_faces

    if _is_fit(path):
        from mien.exporters.saved import read_fit
        from mien.images.photo import read_image

        picture = None if fitted_photo is None else read_image(fitted_photo)
        return shown_faces.fitted_head(read_fit(path), picture, name=path.name)
    if path.is_dir():
        from mien.commands.field.steered.sources import read_face

        face, model = read_face(path)
        return shown_faces.field_face(face, model, name=path.name)
    return shown_faces.photographed_head(path)
