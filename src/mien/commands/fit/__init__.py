"""`mien fit`: turn each face in a picture into a 3D head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.commands.arguments import parse

if TYPE_CHECKING:
    import numpy as np

    from mien.commands.fit.options import FitPicturesConfig
    from mien.fitting.neutral_baseline import NeutralBaseline
    from mien.heads.model import Head
    from mien.landmarks.landmarker import Landmarker


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    from mien.commands.fit.options import FitPicturesConfig, check_options

    config = parse(FitPicturesConfig, arguments, prog="mien fit")

    from mien.commands.batch import check_folder, check_some, print_outcome, run_batch
    from mien.commands.faces import check_formats
    from mien.commands.fit.single import fit_picture, read_identity
    from mien.commands.fit.together import fit_together
    from mien.commands.result_files import check_hair
    from mien.heads.fittable import fittable_head
    from mien.landmarks.landmarker import Landmarker

    if config.field is None:
        check_some(config.inputs.pictures, what="picture", usage="mien fit photo.jpg --out out")
    check_formats(config.files.formats, known=("glb", "obj", "json", "npz", "csv"))
    check_options(config)
    check_folder(config.output.out)
    landmarker, head = Landmarker(config.network.model), fittable_head(config.fitted.head)
    check_hair(config.looks, head)
    if config.field is not None:
        from mien.commands.fit.in_field import fit_in_field

        batch = fit_in_field(config, landmarker=landmarker, head=head)
    elif config.together:
        batch = fit_together(config, landmarker=landmarker, head=head)
    else:
        identity = None if config.identity is None else read_identity(config.identity, head)
        rest = _rest(config, landmarker, head, identity)
        batch = run_batch(
            config.inputs.pictures,
            lambda path, stem: fit_picture(
                path, stem, landmarker=landmarker, head=head, config=config, identity=identity, rest=rest
            ),
            label="pictures",
            quiet=config.output.json,
        )
    return print_outcome(
        batch,
        command="fit",
        columns=("faces", "median residual (px)", "distance (m)", "solver"),
        output=config.output,
        next_step=_next_step(config, head),
    )


def _rest(
    config: FitPicturesConfig, landmarker: Landmarker, head: Head, identity: np.ndarray | None
) -> NeutralBaseline | None:
    """What --neutral-photo shows, with the settings of the fit."""
    from mien.commands.result_files import rest_of_photo
    from mien.fitting.context import Context

    if config.rest.neutral_photo is None:
        return None
    context = Context(head=head, landmarker=landmarker, config=config.collisions.fit_config())
    return rest_of_photo(config.rest.neutral_photo, landmarker=landmarker, context=context, identity=identity)


def _next_step(config: FitPicturesConfig, head: Head) -> str:
    hints = []
    if not config.files.no_overlay:
        hints.append("look at the -overlay.png to judge the fit")
    if "glb" in config.files.formats:
        names = "ARKit names" if "eyeBlinkLeft" in head.expression_names else f"the names of {head.name}"
        hints.append(f"open the .glb in Blender or any glTF viewer (its shape keys have {names})")
    if "json" in config.files.formats:
        hints.append("the .json holds all parameters")
    sentence = "; ".join(hints)
    return sentence[:1].upper() + sentence[1:] + "." if hints else ""
