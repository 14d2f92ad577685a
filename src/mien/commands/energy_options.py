"""Terms of the fit's energy that are off unless asked for, as options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mien.commands.usage import UsageError

if TYPE_CHECKING:
    from mien.fitting.config import FitConfig


@dataclass(frozen=True)
class CollisionOptions:
    skin_eyeball_mm: float = 0.0
    """Keep lids out of the eyeballs: deviation of skin that enters one, millimetres (0.1 is firm); 0: leave
    it be. Takes up to twice the time."""
    skin_teeth_mm: float = 0.0
    """The same of skin that enters a row of teeth."""
    lid_gap_mm: float = 0.0
    """The same of an upper lid that passes below the lower one."""

    def fit_config(self) -> FitConfig:
        """The settings of the fit.

        Raises:
            InputError: a deviation is below 0.
        """
        from mien.fitting.config import FitConfig

        for name in ("skin_eyeball_mm", "skin_teeth_mm", "lid_gap_mm"):
            check_deviation(f"--{name.replace('_', '-')}", getattr(self, name))
        return FitConfig(
            skin_eyeball_std_m=self.skin_eyeball_mm / 1000,
            skin_teeth_std_m=self.skin_teeth_mm / 1000,
            lid_gap_std_m=self.lid_gap_mm / 1000,
        )


@dataclass(frozen=True)
class StillnessOptions:
    still_points: float = 0.0
    """Hold each frame near the one before: deviation of the head's points in the picture, in deviations of
    their landmarks (1 is firm); 0: landmarks are smoothed, the head is free."""
    still_vertices_mm: float = 0.0
    """The same of the head's points in space, millimetres: it holds depth too, which pictures hardly show."""

    def added_to(self, config: FitConfig) -> FitConfig:
        """The settings with these.

        Raises:
            InputError: a deviation is below 0.
        """
        from dataclasses import replace

        check_deviation("--still-points", self.still_points)
        check_deviation("--still-vertices-mm", self.still_vertices_mm)
        return replace(
            config, still_points_std=self.still_points, still_vertices_std_m=self.still_vertices_mm / 1000
        )


def check_deviation(option: str, value: float) -> None:
    """Complain about a deviation below 0.

    Raises:
        InputError: it is.
    """
    if not 0 <= value < float("inf"):
        raise UsageError(f"{option}: must be 0 (off) or above, not {value:g}")
