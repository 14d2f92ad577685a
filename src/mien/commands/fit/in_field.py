"""`mien fit --field`: a head in a radiance field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.batch import BatchOutcome, Done
from mien.commands.display import progress_bar
from mien.commands.fit.results import facts_of, look_of, row_of, write_fit
from mien.commands.photographs import photographs_of
from mien.commands.usage import UsageError

if TYPE_CHECKING:
    from mien.commands.fit.options import FitPicturesConfig
    from mien.fields.protocol import Field
    from mien.heads.model import Head
    from mien.landmarks.landmarker import Landmarker
    from mien.landmarks_in_fields.head_in_field import FieldFit

TURNTABLE_PX, TURNTABLE_PICTURES = 320, 12
TEXTURE_VIEWS = 5
"""Pictures of the field that the texture is taken from, the front first."""


def check_field_options(config: FitPicturesConfig) -> None:
    """Complain about what a field is not asked with.

    Raises:
        InputError: pictures, or options about them, are given besides.
    """
    given = {
        "pictures": bool(config.inputs.pictures),
        "--together": config.together,
        "--identity": config.identity is not None,
        "--cameras": config.cameras is not None,
        "--focal-px": config.focal_px is not None,
        "--fov-deg": config.fov_deg is not None,
        "--start lifted": config.start != "mean",
    }
    for name, present in given.items():
        if present:
            raise UsageError(f"--field fits a head to a field: leave {name} away")


def fit_in_field(config: FitPicturesConfig, *, landmarker: Landmarker, head: Head) -> BatchOutcome:
    """Fit a head to the field, and write it as the fit of a photo is written.

    Raises:
        InputError: the field cannot be read, or holds no head.
    """
    from mien.errors import MienError
    from mien.fields.radiance_field import RadianceField
    from mien.fitting.context import Context
    from mien.images.photo import Photo
    from mien.landmarks_in_fields.head_in_field import fit_field
    from mien.morphable_fields.any_field import load_any_field

    path = config.field
    assert path is not None
    field = load_any_field(path)
    capture = field.facts.capture if isinstance(field, RadianceField) else None
    near = None if capture is None else capture.place
    unit = config.units.metres_per_unit
    context = Context(head=head, landmarker=landmarker, config=config.collisions.fit_config())
    try:
        images = photographs_of(field, config.shown.photographs, metres_per_unit=unit)
        with progress_bar("field", quiet=config.output.json) as report:
            fitted = fit_field(field, near=near, images=images, context=context, report=report)
    except MienError as error:
        return BatchOutcome((), ((path, f"{path}: {' '.join(str(error).split())}"),))
    fit, stem = fitted.fits[0], path.name.removesuffix(".field")
    if not fit.status.usable:
        return BatchOutcome((), ((path, f"{path}: the fit {fit.outcome}"),))
    photos = [Photo(image, None, path) for image in fitted.pictures]
    person = look_of(list(fitted.fits[:TEXTURE_VIEWS]), photos[:TEXTURE_VIEWS], head, config)
    files = write_fit(fit, photos[0], head, config, stem, person=person)
    if not config.files.no_overlay:
        files.append(_turntable(field, fitted, head, config.output.out / f"{stem}-turntable.png"))
    facts = facts_of([fit], head) | {
        "surface_mm": 1000 * fitted.surface_m,
        "confidence": fitted.landmarks.confidence,
    }
    return BatchOutcome(((path, Done(files=tuple(files), row=row_of([fit]), facts=facts)),), ())


def _turntable(field: Field, fitted: FieldFit, head: Head, path: Path) -> Path:
    """The field from all sides, and beside each picture the fitted head over it."""
    import numpy as np

    from mien.drawing.mesh import draw_mesh, overlay_colors, solid_triangles
    from mien.fields.rendering.picture import render_field
    from mien.fields.rendering.views import turntable_cameras, write_turntable

    vertices_m = head.vertices_m(fitted.parameters)
    frames = []
    for camera in turntable_cameras(field, count=TURNTABLE_PICTURES, size_px=TURNTABLE_PX):
        picture = render_field(field, camera).rgb
        over = draw_mesh(
            picture,
            vertices_m,
            solid_triangles(head),
            camera,
            opacity=0.6,
            albedo=overlay_colors(head),
            wire=True,
            quads=head.quads,
        )
        frames.append(np.concatenate([picture, over], axis=1))
    return write_turntable(frames, path)
