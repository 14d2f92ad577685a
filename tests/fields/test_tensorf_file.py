"""Checkpoints of TensoRF's program, built here as that writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.radiance_field import RadianceField
from mien.fields.tensorf_file import read_tensorf
from mien.morphable_fields.any_field import load_any_field

BOUNDS = np.array([[-1.0, -0.8, -0.6], [1.0, 0.9, 1.1]])
CONFIG = FieldConfig(
    density_components=3,
    color_components=4,
    color_features=5,
    color_width=8,
    resolutions=(7,),
    upsample_at=(),
    initial_density=0.0,
    feature_frequencies=2,
    direction_frequencies=2,
)


def our_field() -> RadianceField:
    field = RadianceField(CONFIG, BOUNDS).eval()
    with torch.no_grad():
        for parameter in (field.density_grid.planes, field.density_grid.lines):
            parameter.mul_(8)
    return field


def checkpoint(field: RadianceField, *, mode: str = "MLP_Fea") -> dict:
    """A field of ours in TensoRF's words; its network's columns are in another order there."""
    state = {}
    for name, grid in (("density", field.density_grid), ("app", field.color_grid)):
        for i in range(3):
            state[f"{name}_plane.{i}"] = grid.planes[i : i + 1].detach().clone()
            state[f"{name}_line.{i}"] = grid.lines[i : i + 1].detach().clone()
    state["basis_mat.weight"] = field.features.weight.detach().clone()
    for layer in (0, 2, 4):
        ours = field.color_network.layers[layer]
        state[f"renderModule.mlp.{layer}.weight"] = ours.weight.detach().clone()
        state[f"renderModule.mlp.{layer}.bias"] = ours.bias.detach().clone()
    # ours: features, their waves, direction, its waves; theirs: features, direction, waves of both
    n, waves = CONFIG.color_features, 4 * CONFIG.color_features
    first = state["renderModule.mlp.0.weight"]
    order = [*range(n), *range(n + waves, n + waves + 3), *range(n, n + waves), *range(n + waves + 3, 128)]
    state["renderModule.mlp.0.weight"] = first[:, [c for c in order if c < first.shape[1]]]
    facts = {
        "aabb": torch.tensor(BOUNDS, dtype=torch.float32),
        "gridSize": [7, 7, 7],
        "density_n_comp": [3, 3, 3],
        "appearance_n_comp": [4, 4, 4],
        "app_dim": n,
        "density_shift": -10,
        "alphaMask_thres": 0.001,
        "distance_scale": 25,
        "rayMarch_weight_thres": 0.0001,
        "fea2denseAct": "relu",
        "near_far": [2.0, 6.0],
        "step_ratio": 0.5,
        "shadingMode": mode,
        "pos_pe": 6,
        "view_pe": 2,
        "fea_pe": 2,
        "featureC": 8,
    }
    return {"kwargs": facts, "state_dict": state}


def saved(content: dict, folder: Path) -> Path:
    torch.save(content, folder / "their.th")
    return folder / "their.th"


def points(count: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    where = torch.tensor(rng.uniform(BOUNDS[0], BOUNDS[1], (count, 3)), dtype=torch.float32)
    along = torch.nn.functional.normalize(torch.tensor(rng.normal(size=(count, 3))).float(), dim=1)
    return where, along


def test_density_and_color_are_those_of_the_same_grids(tmp_path: Path):
    field = our_field()
    theirs = load_any_field(saved(checkpoint(field), tmp_path))
    where, along = points()
    with torch.no_grad():
        density, color = theirs.density_and_color(where, along)
        own, own_color = field.density_and_color(where, along)
    assert np.allclose(theirs.bounds_m, BOUNDS)
    # Theirs is per unit of length by a factor of the file, ours by one of the box
    factor = 25 / float(field.density_per_activation)
    assert (own > 0).float().mean() > 0.2
    assert torch.allclose(density, factor * own, rtol=1e-4, atol=1e-4)
    assert torch.allclose(color, own_color, atol=1e-5)
    assert float(theirs.density(where + 3.0).abs().max()) == 0.0  # outside the box


def test_empty_space_is_empty(tmp_path: Path):
    content = checkpoint(our_field())
    volume = np.zeros((4, 5, 6), bool)  # z, y, x
    volume[:, :, 3:] = True
    content |= {
        "alphaMask.shape": volume.shape,
        "alphaMask.mask": np.packbits(volume.reshape(-1)),
        "alphaMask.aabb": torch.tensor(BOUNDS, dtype=torch.float32),
    }
    field = read_tensorf(saved(content, tmp_path))
    where, _ = points(500)
    with torch.no_grad():
        density = field.density(where)
    nodes = np.linspace(BOUNDS[0, 0], BOUNDS[1, 0], 6)
    empty = where[:, 0] < nodes[2] - 1e-3
    assert float(density[empty].abs().max()) == 0.0
    assert float(density[~empty].max()) > 0.0


def test_products_of_lines_alone(tmp_path: Path):
    content = checkpoint(our_field(), mode="RGB")
    state = {k: v for k, v in content["state_dict"].items() if "plane" not in k and "render" not in k}
    state["basis_mat.weight"] = torch.eye(3, 4)
    content["state_dict"] = state
    field = read_tensorf(saved(content, tmp_path))
    node = torch.tensor(BOUNDS[1:], dtype=torch.float32)  # the last node of each line
    along = torch.tensor([[0.0, 0.0, -1.0]])
    with torch.no_grad():
        density, color = field.density_and_color(node, along)
    ends = [state[f"density_line.{i}"][0, :, -1, 0] for i in range(3)]
    assert np.isclose(float(density), 25 * max(0.0, float((ends[0] * ends[1] * ends[2]).sum())), rtol=1e-4)
    ends = [state[f"app_line.{i}"][0, :3, -1, 0] for i in range(3)]
    assert torch.allclose(color[0], (ends[0] * ends[1] * ends[2]).clamp(0, 1), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("kwargs"), "no checkpoint of TensoRF"),
        (lambda c: c["kwargs"].update(shadingMode="SH"), "colours of the kind 'SH'"),
        (lambda c: c["kwargs"].update(aabb=torch.zeros(2, 3)), "its box"),
        (lambda c: c["kwargs"].update(view_pe=5), "layer 0"),
        (lambda c: c["state_dict"].pop("app_line.2"), "app_line.2"),
        (lambda c: c["state_dict"].update({"density_plane.1": torch.zeros(1, 3, 7, 6)}), "density_plane.1"),
        (
            lambda c: c.update({"alphaMask.mask": np.zeros(3, np.uint8), "alphaMask.shape": (9, 9, 9)}),
            "mask of empty space",
        ),
        (lambda c: c["state_dict"].update({"app_line.0": torch.full((1, 4, 7, 1), np.nan)}), "not finite"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change, said):
    content = checkpoint(our_field())
    change(content)
    with pytest.raises(InputError, match=said):
        read_tensorf(saved(content, tmp_path))


class _Touches:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_code_in_a_checkpoint_is_never_run(tmp_path: Path):
    mark = tmp_path / "touched"
    path = saved(checkpoint(our_field()) | {"extra": _Touches(mark)}, tmp_path)
    with pytest.raises(InputError):
        read_tensorf(path)
    assert not mark.exists()
