"""How the trainings on pictures make their batches, by the loader's options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.commands.options import LoaderOption

if TYPE_CHECKING:
    from mien.datasets.crops.feeder import FeederConfig


def loader_feeder(options: LoaderOption) -> FeederConfig:
    """What the options mean."""
    from mien.datasets.crops.feeder import FeederConfig

    return FeederConfig(processes=options.loader_processes, threads=options.loader_threads)
