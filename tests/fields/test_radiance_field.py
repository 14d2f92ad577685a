"""A field's density and colour: gradients to the points, boxes, units, resampling, files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.files import load_field, read_field_json, save_field
from mien.fields.grids.occupancy import Occupancy
from mien.fields.radiance_field import RadianceField

BOUNDS_M = np.array([[-0.1, -0.2, -0.15], [0.1, 0.1, 0.15]])


def some_field(**changes: object) -> RadianceField:
    values = {
        "resolutions": (9,),
        "upsample_at": (),
        "density_components": 3,
        "color_components": 4,
        **changes,
    }
    return RadianceField(FieldConfig(**values), BOUNDS_M)  # type: ignore[arg-type]


def points_inside(count: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.uniform(BOUNDS_M[0], BOUNDS_M[1], (count, 3)))


@pytest.mark.parametrize("representation", ["vm", "cp"])
@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_gradients_reach_the_points(representation: str, activation: str):
    """Against central differences in double precision, at points away from the grids' kinks."""
    field = some_field(representation=representation, density_activation=activation).double().eval()
    with torch.no_grad():
        for parameter in field.density_grid.parameters():
            parameter.add_(0.3)  # so that a ReLU is not zero everywhere
    points_m = points_inside(60)
    cells = field.normalised(points_m)
    nodes = (cells + 1) / 2 * 8
    points_m = points_m[((nodes - nodes.round()).abs() > 0.05).all(dim=1)]
    directions = torch.nn.functional.normalize(torch.tensor([[0.2, -0.1, -1.0]], dtype=torch.float64), dim=1)
    directions = directions.expand(len(points_m), 3)

    def total(points_m: torch.Tensor) -> torch.Tensor:
        density, color = field.density_and_color(points_m, directions)
        return density * 1e-3 + color @ torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)

    moving = points_m.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(total(moving).sum(), moving)
    assert gradient.abs().max() > 1e-3
    for axis in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[axis] = 1e-7
        numeric = (total(points_m + step) - total(points_m - step)) / 2e-7
        np.testing.assert_allclose(
            gradient[:, axis].detach(), numeric.detach(), rtol=1e-4, atol=1e-5 * float(gradient.abs().max())
        )


def test_nothing_outside_the_box_or_the_occupied_cells():
    field = some_field(density_activation="softplus")
    with torch.no_grad():
        field.density_grid.lines.fill_(1.0)
        field.density_grid.planes.fill_(3.0)
    cells = torch.zeros(2, 2, 2, dtype=torch.bool)
    cells[1] = True  # the half with the larger x
    field.occupancy = Occupancy(cells)
    points_m = torch.tensor([[0.05, 0.0, 0.0], [-0.05, 0.0, 0.0], [0.3, 0.0, 0.0]])
    density = field.density(points_m)
    assert density[0] > 0
    assert (density[1:] == 0).all()


def test_axes_are_not_mixed_up():
    """An activation that is the x coordinate is so at every point, and likewise for y and z."""
    for axis in range(3):
        grid = some_field().density_grid
        with torch.no_grad():
            grid.planes.zero_()
            grid.lines.fill_(1.0)
            ramp = torch.linspace(-1, 1, 9)
            # planes are (first axis along the columns, second along the rows) of xy, xz, yz
            if axis == 2:
                grid.planes[1, 0] = ramp[:, None].expand(9, 9)
            else:
                grid.planes[0, 0] = ramp[None].expand(9, 9) if axis == 0 else ramp[:, None].expand(9, 9)
        points = torch.rand(50, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
        np.testing.assert_allclose(grid.sums(points).detach(), points[:, axis], atol=1e-5)


@pytest.mark.parametrize("representation", ["vm", "cp"])
def test_a_finer_grid_and_a_larger_box_leave_the_field_as_it_is(representation: str):
    field = some_field(representation=representation).eval()
    points_m = points_inside(40).float()
    directions = torch.tensor([[0.0, 0.0, -1.0]]).expand(40, 3)
    before = field.density_and_color(points_m, directions)
    field.resample(17)  # every old node is a new one
    after = field.density_and_color(points_m, directions)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_allclose(new.detach(), old.detach(), rtol=1e-3, atol=1e-4)
    side_m = BOUNDS_M[1] - BOUNDS_M[0]
    field.resample(33, np.stack([BOUNDS_M[0] - side_m / 2, BOUNDS_M[1] + side_m / 2]))
    again = field.density_and_color(points_m, directions)
    for old, new in zip(before, again, strict=True):
        np.testing.assert_allclose(new.detach(), old.detach(), rtol=1e-3, atol=1e-4)


def test_density_does_not_depend_on_the_unit_of_length():
    """The same field in a box ten times as large has a tenth of the density per metre."""
    config = FieldConfig(resolutions=(9,), upsample_at=())
    small, large = RadianceField(config, BOUNDS_M).eval(), RadianceField(config, 10 * BOUNDS_M).eval()
    points_m = points_inside(30).float()
    np.testing.assert_allclose(
        large.density(10 * points_m).detach() * 10, small.density(points_m).detach(), rtol=1e-3, atol=1e-3
    )


def test_the_seed_makes_the_field():
    first, second, other = some_field(), some_field(), some_field(seed=1)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert not torch.equal(first.density_grid.lines, other.density_grid.lines)


def test_a_saved_field_comes_back_from_elsewhere(tmp_path: Path):
    field = some_field(representation="cp", density_activation="softplus").eval()
    field.occupancy = Occupancy(torch.rand(7, 7, 7, generator=torch.Generator().manual_seed(0)) > 0.5)
    save_field(field, tmp_path / "a.field")
    save_field(field, tmp_path / "a.field")  # an older field is replaced
    (tmp_path / "a.field").rename(tmp_path / "moved")
    loaded = load_field(tmp_path / "moved")
    points_m, directions = points_inside(30).float(), torch.tensor([[0.0, 0.0, -1.0]]).expand(30, 3)
    for old, new in zip(
        field.density_and_color(points_m, directions),
        loaded.density_and_color(points_m, directions),
        strict=True,
    ):
        assert torch.equal(old, new)
    assert torch.equal(loaded.occupancy.cells, field.occupancy.cells)
    assert loaded.config == field.config
    assert loaded.facts.viewpoint == field.facts.viewpoint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["moved"]


def test_fields_of_format_1_are_read(tmp_path: Path):
    """They spelled names with "colour"."""
    field = some_field()
    folder = save_field(field, tmp_path / "old")
    document = json.loads((folder / "field.json").read_text())
    old = {name.replace("color", "colour"): value for name, value in document["config"].items()}
    assert old != document["config"]
    (folder / "field.json").write_text(json.dumps({**document, "format_version": 1, "config": old}))
    tensors = load_file(folder / "weights.safetensors")
    save_file(
        {name.replace("color", "colour"): value for name, value in tensors.items()},
        folder / "weights.safetensors",
    )
    loaded = load_field(folder)
    assert loaded.config == field.config
    points_m, directions = points_inside(30).float(), torch.tensor([[0.0, 0.0, -1.0]]).expand(30, 3)
    for one, other in zip(
        field.density_and_color(points_m, directions),
        loaded.density_and_color(points_m, directions),
        strict=True,
    ):
        assert torch.equal(one, other)


def test_saving_never_passes_through_a_moment_without_a_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whatever is renamed, removed or written: before and after it, a whole field is there."""
    old, new = some_field(), some_field(density_components=2)
    folder = save_field(old, tmp_path / "a.field")
    (folder / "notes.txt").write_text("mine")
    seen = []

    def watched(act):
        def first_look(*arguments, **options):
            seen.append(load_field(folder).config)
            done = act(*arguments, **options)
            seen.append(load_field(folder).config)
            assert FieldConfig.from_plain(read_field_json(folder)["config"]) == seen[-1]
            return done

        return first_look

    for name in ("replace", "rename", "unlink", "rmdir"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    save_field(new, folder)
    assert seen[0] == old.config
    assert seen[-1] == new.config
    assert seen == sorted(seen, key=[old.config, new.config].index)
    assert (folder / "notes.txt").read_text() == "mine"


def test_interrupted_saving_leaves_the_new_field_or_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old, new = some_field(), some_field(density_components=2)
    folder = save_field(old, tmp_path / "a.field")

    def stop(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mien.fields.files.write_text", stop)
    with pytest.raises(KeyboardInterrupt):
        save_field(new, folder)
    assert load_field(folder).config == new.config
    monkeypatch.setattr("mien.fields.files.write_bytes", stop)
    with pytest.raises(KeyboardInterrupt):
        save_field(old, folder)
    assert load_field(folder).config == new.config


def test_files_that_are_no_field_say_so(tmp_path: Path):
    with pytest.raises(InputError, match="is not a field"):
        load_field(tmp_path)
    folder = save_field(some_field(), tmp_path / "a")
    document = json.loads((folder / "field.json").read_text())
    (folder / "field.json").write_text(json.dumps({**document, "format_version": 99}))
    with pytest.raises(InputError, match="update mien"):
        load_field(folder)
    (folder / "field.json").write_text(json.dumps({**document, "resolution": 12}))
    with pytest.raises(InputError, match="damaged"):
        load_field(folder)
    (folder / "field.json").write_text(json.dumps(document))
    (folder / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="damaged"):
        load_field(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(InputError, match="copy the whole folder"):
        load_field(folder)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"dear")
    with pytest.raises(InputError, match="is not a field"):
        save_field(some_field(), tmp_path / "photos")
    assert (tmp_path / "photos" / "a.jpg").exists()
