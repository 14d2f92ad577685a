"""Volumes held in memory to cut training samples from."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.synthetic.volumes.head_volume import TRAINED, with_dark_mouth
from mien.synthetic.volumes.volume_store import read_volume
from mien.training.landmarks_in_fields.box_sampling import COARSE_POOL, FACE_POOL, LoadedVolume

DARK_MOUTHS = 0.85
"""Share of the analytic volumes whose open mouths are filled as in trained fields."""
VALIDATION_EVERY = 25
"""Volumes of every Nth person of a store are for validation."""
ORIGINS = ("analytic", "trained")
"""Made from surfaces, or from a field that was trained from pictures."""


def is_held_out(path: Path) -> bool:
    """Whether a volume's file is for validation: PERSON.npz or PERSON-TAKE.npz."""
    return int(path.stem.split("-")[0]) % VALIDATION_EVERY == 0


class VolumeSampler:
    """Volumes held in memory; `refresh` takes in those that were written since.

    Args:
        folders: of volumes.
        kinds: which kinds of expressions; None takes all.
        validation: the volumes kept for validation instead of the others.
        levels: reductions that samples are taken from; see `levels_of`.
        most: of each folder.

    Raises:
        InputError: there are none.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        kinds: tuple[str, ...] | None = None,
        validation: bool = False,
        levels: tuple[int, ...] = (1, FACE_POOL, COARSE_POOL),
        most: int = 1500,
    ) -> None:
        self._folders, self._kinds, self._validation = tuple(folders), kinds, validation
        self._levels, self._most = levels, most
        self._seen: set[Path] = set()
        self.volumes: list[LoadedVolume] = []
        self.refresh()
        if not self.volumes:
            raise InputError(
                "holds no volumes; make some with: mien train field-landmarks volumes",
                source=", ".join(str(folder) for folder in folders),
            )

    @staticmethod
    def levels_of(stage: str) -> tuple[int, ...]:
        """Reductions that samples of a stage are taken from."""
        return (COARSE_POOL,) if stage == "coarse" else (1, FACE_POOL, COARSE_POOL)

    def refresh(self) -> None:
        """Read what is new."""
        for folder in self._folders:
            new = [path for path in sorted(folder.glob("[0-9]*.npz")) if path not in self._seen]
            room = self._most - sum(path.parent == folder for path in self._seen)
            for path in [path for path in new if is_held_out(path) == self._validation][: max(0, room)]:
                self._seen.add(path)
                volume = read_volume(path)
                if self._kinds is not None and volume.kind not in self._kinds:
                    continue
                rng = np.random.default_rng([*map(int, path.stem.split("-")), 41])
                if volume.kind != TRAINED and rng.random() < DARK_MOUTHS:
                    volume = with_dark_mouth(volume, rng)
                self.volumes.append(LoadedVolume.of(volume, self._levels))

    def random(self, rng: np.random.Generator) -> LoadedVolume:
        """One of them."""
        return self.volumes[rng.integers(len(self.volumes))]

    def of_origin(self, origin: str) -> VolumeSampler:
        """Those made in one way, perhaps none; see `ORIGINS`."""
        part = copy(self)
        part.volumes = [one for one in self.volumes if (one.source.kind == TRAINED) == (origin == "trained")]
        return part

    def counts(self) -> dict[str, int]:
        """Volumes by origin."""
        return {origin: len(self.of_origin(origin).volumes) for origin in ORIGINS}
