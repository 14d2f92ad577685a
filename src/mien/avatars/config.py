"""How an avatar is represented and trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from mien.errors import InputError
from mien.fields.config import FieldConfig


def _canonical() -> FieldConfig:
    return FieldConfig(
        density_components=8,
        color_components=16,
        color_features=24,
        color_width=48,
        direction_frequencies=1,
        resolutions=(48, 72, 96),
        upsample_at=(0.08, 0.25),
        initial_density=0.3,
        sharpening=8.0,
        grid_rate=0.02,
        background="random",
    )


@dataclass(frozen=True)
class AvatarConfig:
    """A canonical radiance field and what moves it (Chen et al., "Implicit Neural Head Synthesis via
    Controllable Local Deformation Fields", CVPR 2023); equations and sections are that paper's."""

    deformation: Literal["local", "mesh", "conditioned", "none"] = "local"
    """local: the paper's fields; mesh: a global field upon the mesh's motion (RigNeRF*); conditioned: no
    motion, density and colour depend on the expression (NerFace); none: a head that never moves."""
    points: Literal[34, 5, 1] = 34
    """Fields: one at every other of 68 landmarks; at eyes, mouth corners and lower lip; or one for all."""
    guide: Literal["mesh", "centroids"] = "mesh"
    """What moves before anything is learned: mesh, each point with the nearest part of the fitted mesh;
    centroids, with the fields' centres (section 3.5), which blurs lips and lids."""
    guide_reach: float = 0.02
    """With the mesh as guide: distance from it, metres, at which its motion has fallen to e^-½."""
    radius: float = 0.17
    """R of eq. 9 over the distance of the outer eye corners. (0.03 in the paper, unit unsaid: in metres 25 of
    34 fields would reach every point.)"""
    cutoff: float = 3e-2
    """τ of eq. 9; 1e-4 in the paper."""
    scale_m: float = 0.02
    """s of eq. 9: metres that a network's output of 1 means."""
    hidden: int = 40
    """Width of each field's two hidden layers; a single field is widened to as many parameters as 34."""
    frequencies: int = 5
    """Position encoding of a field's points; 10 in the paper."""
    encoding_until: float = 0.3
    """Share of the training over which the encoding's frequencies come in."""
    mask: Literal["absolute", "quantile", "none"] = "absolute"
    """Which weights a field sees: absolute, those that move its surroundings by a share of the eyes'
    distance; quantile, the paper's rule (section 3.3), which here hides what does not move at all; none."""
    mask_threshold: float = 0.01
    """Of absolute: over the distance of the outer eye corners."""
    pose_input: bool = False
    """Fields also see how the head stands before the camera, and the neck."""
    deformation_code: int = 32
    """Numbers per frame for the fields (ω^p)."""
    appearance_code: int = 16
    """Numbers per frame for the colours (ω^a)."""
    local_weight: float = 0.01
    """λ_local, eq. 12."""
    mesh_weight: float = 0.01
    """λ_mesh, eq. 13."""
    field_weight: float = 0.5
    """λ_field, eq. 14."""
    background_factor: float = 100.0
    """lut(x) of background samples, eq. 14."""
    code_weight: float = 0.01
    """λ_code."""
    volume_weights: tuple[float, float] = (2e-4, 6e-4)
    """λ_vol before and after the first finer grid."""
    coverage_weight: float = 0.1
    """Of the squared error of alpha where the matte is known; the paper has none."""
    paper_literal: bool = False
    """Eq. 7 as printed: Σ W t without a norm, the centroids' motion within t_l, deformations of the whole
    regularised, and no motion while the canonical field is learned alone."""
    canonical: FieldConfig = field(default_factory=_canonical)
    """Of the canonical field; its iterations, rays_per_step and rates are those of the whole training."""
    pretraining: float = 0.15
    """Share of the training in which the canonical field alone is learned."""
    field_rate: float = 1e-3
    """Learning rate of fields and codes."""
    steps: int = 6000
    """Steps of the whole training."""
    rays: int = 1024
    """Rays in a step."""
    frames_per_step: int = 6
    """Frames that they are of."""
    feature_share: float = 0.35
    """Share of the rays that go to mouth and eyes."""
    step_m: float = 0.003
    """Distance of samples along a ray."""

    @property
    def seed(self) -> int:
        """The canonical field's; the same seed, frames and machine give the same avatar."""
        return self.canonical.seed

    def __post_init__(self) -> None:
        if min(self.steps, self.rays, self.frames_per_step, self.hidden) < 1 or self.step_m <= 0:
            raise InputError("steps, rays, frames_per_step and hidden start at 1", source="AvatarConfig")

    @staticmethod
    def variant(name: str, base: AvatarConfig | None = None) -> AvatarConfig:
        """One of the paper's rivals or ablations, in the same code and size.

        Args:
            name: "ours", "five", "global", "no-mask", "quantile-mask", "no-local-loss", "centroids", "paper",
                "rignerf", "nerface" or "static".
            base: settings that are kept otherwise; the defaults when None.

        Raises:
            InputError: there is none of this name.
        """
        base = base or AvatarConfig()
        changes: dict[str, dict[str, object]] = {
            "ours": {},
            "five": {"points": 5, "radius": 0.45},
            "global": {"points": 1},
            "no-mask": {"mask": "none"},
            "quantile-mask": {"mask": "quantile"},
            "no-local-loss": {"local_weight": 0.0},
            "centroids": {"guide": "centroids"},
            "paper": {"guide": "centroids", "paper_literal": True, "frequencies": 10, "mask": "quantile"},
            "rignerf": {"deformation": "mesh", "points": 1, "local_weight": 0.0, "mesh_weight": 0.0},
            "nerface": {"deformation": "conditioned", "local_weight": 0.0, "mesh_weight": 0.0},
            "static": {"deformation": "none", "local_weight": 0.0, "mesh_weight": 0.0},
        }
        if name not in changes:
            raise InputError(
                f"there is no variant {name!r}; choose from {', '.join(changes)}", source="variant"
            )
        return replace(base, **changes[name])  # type: ignore[arg-type]
