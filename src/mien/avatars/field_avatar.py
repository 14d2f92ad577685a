"""The avatar of local deformation fields, ready to be driven."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.avatars.avatar import Avatar, AvatarFacts
from mien.avatars.model import AvatarModel, Moments
from mien.avatars.picture import render_moment
from mien.avatars.rig import AvatarControls, Injection, PosedSurface
from mien.cameras import Camera

KIND = "field_avatar"


class FieldAvatar(Avatar):
    """See `mien.avatars.avatar.Avatar`; codes are the means of the training's."""

    def __init__(self, model: AvatarModel, *, camera: Camera, facts: AvatarFacts) -> None:
        self.model, self.rig, self.camera, self.facts = model.eval(), model.rig, camera, facts

    kind = KIND

    def to(self, device: torch.device | str) -> FieldAvatar:
        """Let another device draw it from now on."""
        self.model.to(device)
        return self

    def settings(self) -> dict[str, Any]:
        """What its file says besides what all avatars' do."""
        model = self.model
        config = dataclasses.asdict(model.config)
        return {
            "canonical": config.pop("canonical"),
            "config": config,
            "bounds_m": model.canonical.bounds_m.tolist(),
            "resolution": model.canonical.resolution,
            "cells": model.observed.size,
            "codes": len(model.deformation_codes),
        }

    def tensors(self) -> dict[str, Tensor]:
        """Its weights."""
        return {
            **self.model.state_dict(),
            "occupancy_bits": torch.from_numpy(self.model.canonical.occupancy.packed()),
            "observed_bits": torch.from_numpy(self.model.observed.packed()),
        }

    def moment(self, controls: AvatarControls, *, injection: Injection | None = None) -> Moments:
        """What the model is asked with."""
        model = self.model
        surface = model.rig.posed(controls)
        device = model.device
        weights = torch.tensor(controls.weights, dtype=torch.float32, device=device)[None]
        if injection is not None:
            chosen = torch.from_numpy(injection.fields).to(device)
            other = torch.tensor(injection.weights, dtype=torch.float32, device=device)
            weights = torch.where(chosen[None, :, None], other, weights[:, None])
            surface = _mixed(model, controls, injection)
        return Moments(
            [surface],
            weights,
            torch.zeros(1, 6, device=device),
            model.deformation_codes.mean(dim=0, keepdim=True),
            model.appearance_codes.mean(dim=0, keepdim=True),
        )

    @torch.no_grad()
    def taken_to_canonical_m(
        self, points_m: Float[np.ndarray, "n 3"], controls: AvatarControls
    ) -> Float[np.ndarray, "n 3"]:
        """Points of the moving head, skull's frame, where they belong in the canonical one (eq. 6)."""
        device = self.model.device
        points = torch.as_tensor(points_m, dtype=torch.float32, device=device)
        frame = torch.zeros(len(points), dtype=torch.long, device=device)
        return self.model.deform(points, frame, self.moment(controls)).canonical_m.cpu().numpy()

    def picture(
        self, controls: AvatarControls, camera: Camera, *, injection: Injection | None = None
    ) -> Float[np.ndarray, "h w 4"]:
        """See `Avatar`."""
        return render_moment(self.model, self.moment(controls, injection=injection), camera)


def _mixed(model: AvatarModel, controls: AvatarControls, injection: Injection) -> PosedSurface:
    """The fitted head with other weights around some fields' centres, faded out by the fields' weights."""
    rig = model.rig
    plain, other = rig.posed(controls), rig.posed(replace(controls, weights=injection.weights))
    radius_m = model.config.radius * rig.eye_distance_m
    apart = np.linalg.norm(rig.canonical_m[:, None] - rig.canonical_centres_m[None], axis=2)
    weight = np.exp(-(apart**2) / (2 * radius_m**2)) + 1e-12
    share = (weight[:, injection.fields].sum(axis=1) / weight.sum(axis=1))[:, None].astype(np.float32)
    chosen = injection.fields[:, None]
    return PosedSurface(
        plain.vertices_m + share * (other.vertices_m - plain.vertices_m),
        plain.to_canonical_m + share * (other.to_canonical_m - plain.to_canonical_m),
        np.where(chosen, other.centres_m, plain.centres_m),
        np.where(chosen, other.centres_to_canonical_m, plain.centres_to_canonical_m),
    )
