"""The test set: really trained fields of people, skins and expressions that no training volume shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.errors import InputError
from mien.evaluation.fields.casts import CASTS
from mien.evaluation.fields.field_test_config import FieldTestConfig
from mien.files import write_text
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.progress import Progress, ProgressReport, silent
from mien.reading.json_files import read_json
from mien.synthetic.expressions import BASIC
from mien.synthetic.scenes.make_scene import SceneRequest, person_parameters
from mien.synthetic.scenes.posed_scene import PosedStudio, cameras_around_sitter, look_at, scene_light
from mien.synthetic.scenes.scene_files import write_posed_scene

if TYPE_CHECKING:
    from mien.fields.posed_images import PosedImages
    from mien.fields.radiance_field import RadianceField

REFINE_ITERATIONS = 150
"""Training steps of the expressions that start from the neutral field."""
SIZE_PX = 256
"""Side of the pictures; the field's preset reduces them."""
SIDE_VIEWS_RAD = (0.0, np.pi / 4, np.pi / 2)
"""Azimuths of the single pictures of Table 1: front, 45° and 90°."""
TRIANGULATED_VIEWS = 10


@dataclass(frozen=True)
class TestField:
    """One field of the test set.

    Attributes:
        folder: has field/, transforms.json, images/; person, expression: who and what.
        landmarks_m: (68, 3) truth, the field's frame.
    """

    __test__ = False  # not one for pytest

    folder: Path
    person: int
    expression: str
    landmarks_m: Float[np.ndarray, "68 3"]

    def field(self) -> RadianceField:
        """The trained field."""
        from mien.fields.files import load_field

        return load_field(self.folder / "field")

    def images(self) -> PosedImages:
        """The photographs that it was trained on."""
        from mien.fields.posed_images import load_posed_images

        return load_posed_images(self.folder / "transforms.json").split()[0]


def side_cameras(centre_m: np.ndarray, *, size_px: int, focal_px: float) -> list[Camera]:
    """The single pictures' cameras: level, 1 m away, front, 45° and 90° to the subject's left."""
    out = []
    for azimuth in SIDE_VIEWS_RAD:
        eye_m = centre_m + np.array([np.sin(azimuth), 0.0, np.cos(azimuth)])
        pose = look_at(centre_m, eye_m)
        out.append(Camera.from_focal(focal_px, width_px=size_px, height_px=size_px, camera_from_world=pose))
    return out


def turned(camera: Camera, rng: np.random.Generator, noise_deg: float) -> Camera:
    """A camera turned about its centre by a random angle, as if its pose had been estimated badly."""
    turn = np.eye(4)
    turn[:3, :3] = matrix_from_rotation_vector(np.radians(noise_deg) * rng.normal(size=3))
    return replace(camera, camera_from_world=turn @ camera.camera_from_world)


def make_test_fields(
    assets: Path,
    out: Path,
    *,
    config: FieldTestConfig | None = None,
    report: ProgressReport = silent,
) -> int:
    """Photograph, train and save what is not there yet; returns how many fields were trained.

    The people are MakeHuman people that the built-in head was not learned from; expressions are the 20 basic
    ones, each as the person makes it.

    Raises:
        InputError: the assets are not there, or `out` holds fields made with other settings.
        MissingExtraError: no OpenGL context can be made.
    """
    import torch

    from mien.fields.config import FieldConfig
    from mien.fields.files import load_field, save_field
    from mien.fields.posed_images import PosedImages
    from mien.heads.library import load_head
    from mien.synthetic.held_out_people.draw import draw_crowd
    from mien.synthetic.volumes.sitter_fields import field_of_sitter

    config = config or FieldTestConfig()
    about = out / "about.json"
    cast = CASTS[config.cast]
    people = len(cast.hair)
    settings = {"people": people, "iterations": REFINE_ITERATIONS, "size": SIZE_PX, **asdict(config)}
    if config.cast == "test":
        del settings["cast"]  # as earlier folders have it
    if about.exists() and read_json(about) != json.loads(json.dumps(settings)):
        raise InputError("holds fields made with other settings; choose another folder", source=out)
    write_text(about, json.dumps(settings))
    torch.set_num_threads(1)
    names = list(BASIC)
    wanted = [
        (person, name)
        for person, name in cast.takes(config.expressions)
        if not (out / f"person{person}" / name / "field" / "field.json").exists()
    ]
    if not wanted:
        return 0
    crowd = draw_crowd(assets, count=people, shots=1, seed=cast.seed, report=report)
    studio = PosedStudio(assets, size_px=SIZE_PX, head=crowd.as_head(load_head()))
    preset = FieldConfig.preset(config.preset)
    if config.softplus:
        preset = replace(preset, density_activation="softplus")
    for done, (person, name) in enumerate(wanted):
        report(Progress(done, len(wanted), f"person {person} {name}"))
        request = SceneRequest(
            person=person,
            looks=cast.looks_seed + person,
            expression=name,
            skin=cast.skin(person, studio.skin_names),
            hair=cast.hair[person],
        )
        parameters = person_parameters(studio.head, request, identity=np.eye(people)[person])
        sitter = studio.dress(parameters, seed=request.looks_seed, skin=request.skin, hair=request.hair)
        light = scene_light("studio", seed=request.looks_seed, skin_level=sitter.looks.skin_level)
        cameras = cameras_around_sitter(sitter, count=config.views, size_px=SIZE_PX)
        cameras += side_cameras(sitter.bounds_m().mean(axis=0), size_px=SIZE_PX, focal_px=cameras[0].focal_px)
        views = [studio.shoot(sitter, camera, light, seed=request.looks_seed) for camera in cameras]
        folder = out / f"person{person}" / name
        test = set(range(config.views, len(views)))
        write_posed_scene(folder, views, sitter, studio.head, test=test, details={"expression": name})
        rng = np.random.default_rng([person, names.index(name), 42])
        believed = [turned(camera, rng, config.camera_noise_deg) for camera in cameras[: config.views]]
        images = PosedImages.of(believed, [view.picture for view in views[: config.views]])
        neutral = out / f"person{person}" / "neutral" / "field"
        start = load_field(neutral) if name != "neutral" and neutral.exists() else None
        field = field_of_sitter(sitter, images, preset, start_from=start, refine_iterations=REFINE_ITERATIONS)
        save_field(field, folder / "field")
        psnr_db = field.facts.training.psnr_db
        report(Progress(done + 1, len(wanted), f"person {person} {name}", {"PSNR (dB)": psnr_db}))
    return len(wanted)


def read_test_fields(folder: Path) -> Iterator[TestField]:
    """What `make_test_fields` made, people and expressions in order.

    Raises:
        InputError: nothing is there.
    """
    from mien.synthetic.scenes.scene_truth import read_scene_truth

    found = sorted(folder.glob("person*/*/field/field.json"))
    if not found:
        raise InputError(
            "holds no test fields; make them with: mien benchmark field-landmarks --make --assets ASSETS",
            source=folder,
        )
    order = {name: index for index, name in enumerate(BASIC)}
    folders = [path.parents[1] for path in found if path.parents[1].name in order]
    for one in sorted(folders, key=lambda f: (f.parent.name, order[f.name])):
        if not one.parent.name.removeprefix("person").isdecimal():
            continue
        landmarks_m = read_scene_truth(one).landmarks_m
        yield TestField(one, int(one.parent.name.removeprefix("person")), one.name, landmarks_m)
