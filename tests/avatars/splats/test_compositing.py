"""Blending Gaussians: what lies before hides what lies behind, and gradients are those of differences."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from mien.avatars.splats.compositing import composite  # noqa: E402


def drawn(centres, inverse, opacities, values, depths, *, radius: int = 9):
    return composite(
        centres,
        inverse,
        opacities,
        values,
        depths_m=depths,
        radii_px=torch.full((len(depths),), radius),
        height_px=12,
        width_px=16,
    )


def some(count: int):
    generator = torch.Generator().manual_seed(3)
    return (
        torch.rand(count, 2, generator=generator) * torch.tensor([15.0, 11.0]),
        torch.tensor([[0.3, 0.05, 0.2]]) + 0.05 * torch.rand(count, 3, generator=generator),
        0.1 + 0.85 * torch.rand(count, generator=generator),
        torch.rand(count, 4, generator=generator),
        torch.rand(count, generator=generator),
    )


def test_a_single_gaussian_is_its_formula():
    picture = drawn(
        torch.tensor([[5.0, 4.0]]),
        torch.tensor([[0.5, 0.1, 0.25]]),
        torch.tensor([0.8]),
        torch.tensor([[1.0, 2.0]]),
        torch.ones(1),
    )
    wanted = 0.8 * torch.exp(torch.tensor(-(0.5 * (0.5 * 1 + 0.25 * 4) + 0.1 * 2)))
    assert picture[6, 6].tolist() == pytest.approx([wanted.item(), 2 * wanted.item()], rel=1e-5)
    assert picture.shape == (12, 16, 2)


def test_the_nearer_one_hides_the_other_in_any_order():
    centres, inverse = torch.full((2, 2), 5.0), torch.tensor([[0.1, 0, 0.1]]).repeat(2, 1)
    for depths in ([1.0, 2.0], [2.0, 1.0]):
        values = torch.eye(2) if depths[0] < depths[1] else torch.eye(2).flip(1)
        shown = drawn(centres, inverse, torch.tensor([0.75, 0.75]), values, torch.tensor(depths))[5, 5]
        assert shown.tolist() == pytest.approx([0.75, 0.25 * 0.75])


def test_radius_0_is_not_drawn():
    assert drawn(*some(3), radius=0).abs().max() == 0


def test_gradients_are_those_of_differences():
    *tensors, depths = some(10)
    weight = torch.rand(12, 16, 4, generator=torch.Generator().manual_seed(5))
    for each in tensors:
        each.requires_grad_()

    def total():
        return (drawn(*tensors, depths) * weight).sum()

    total().backward()
    step, found, differences = 2e-3, [], []
    for each in tensors:
        assert each.grad is not None
        for at in np.ndindex(*each.shape):
            with torch.no_grad():
                value = each[at].item()
                each[at] = value + step
                more = total().item()
                each[at] = value - step
                differences.append((more - total().item()) / (2 * step))
                each[at] = value
            found.append(each.grad[at].item())
    # Single ones jump where a pixel falls below the faintest alpha
    off = np.abs(np.array(found) - differences) / (0.05 + np.abs(differences))
    assert np.median(off) < 0.01
    assert (off < 0.1).mean() > 0.9
    assert np.corrcoef(found, differences)[0, 1] > 0.99


def test_what_is_hidden_has_no_gradient():
    """A pile of opaque Gaussians lets nothing of the last one through."""
    count = 8
    values = torch.rand(count, 1, requires_grad=True)
    picture = drawn(
        torch.full((count, 2), 5.0),
        torch.tensor([[0.001, 0, 0.001]]).repeat(count, 1),
        torch.full((count,), 0.98),
        values,
        torch.arange(count).float(),
    )
    picture[5, 5].sum().backward()
    assert values.grad is not None
    assert values.grad[0].item() == pytest.approx(0.98, abs=1e-3)
    assert values.grad[-1].item() == 0
