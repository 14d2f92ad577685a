"""Batches of scenes with their targets, made beside the training."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, UInt8

from mien.datasets.crops.layout import LandmarkLayout, load_layout
from mien.datasets.search_scenes.config import SceneDataConfig
from mien.datasets.search_scenes.cutouts import CutoutStore
from mien.datasets.search_scenes.scenes import SearchScene, SearchSceneConfig, make_scene
from mien.datasets.search_scenes.targets import Targets, make_targets
from mien.errors import InputError
from mien.landmarks.pyramid import STRIDE_PX


@dataclass(frozen=True)
class SceneDataset:
    """Everything that decides what the scenes hold.

    Attributes:
        config: folders, batch.
        layout: the landmark set whose face points make the regions.
        seed: of the whole training.
        scenes: how scenes are drawn.
    """

    config: SceneDataConfig
    layout: LandmarkLayout
    seed: int
    scenes: SearchSceneConfig = field(default_factory=SearchSceneConfig)

    @staticmethod
    def of(config: SceneDataConfig, *, seed: int, layout: LandmarkLayout | None = None) -> SceneDataset:
        """What a configuration means.

        Args:
            layout: of the landmark set; left out, it is found by the set's name.
        """
        return SceneDataset(config, layout or load_layout(config.set), seed)

    def open_store(self, *, part: str = "training") -> CutoutStore:
        """An empty store of the shards; `CutoutStore.refresh` fills it."""
        return CutoutStore(
            list(self.config.data),
            self.layout,
            max_pictures=self.config.max_pictures,
            held_out=self.config.held_out,
            part=part,
        )


@dataclass(frozen=True)
class SceneBatch:
    """Scenes side by side, with their targets as in `Targets`; made of `store_size` heads."""

    pictures: UInt8[np.ndarray, "batch height width 3"]
    heat: Float32[np.ndarray, "batch rows columns"]
    weight: Float32[np.ndarray, "batch rows columns"]
    geometry: Float32[np.ndarray, "batch 5 rows columns"]
    geometry_weight: Float32[np.ndarray, "batch rows columns"]
    store_size: int

    def __len__(self) -> int:
        return len(self.pictures)


def scene_at(dataset: SceneDataset, store: CutoutStore, step: int, row: int) -> SearchScene:
    """Scene `row` of batch `step`; the same arguments and heads always give the same scene."""
    return make_scene(store, np.random.default_rng((dataset.seed, step, row)), dataset.scenes)


def make_batch(dataset: SceneDataset, store: CutoutStore, step: int) -> SceneBatch:
    """All scenes of one step."""
    cells = dataset.scenes.size // STRIDE_PX
    scenes = [scene_at(dataset, store, step, row) for row in range(dataset.config.batch)]
    targets: list[Targets] = [make_targets(scene.faces, rows=cells, columns=cells) for scene in scenes]
    return SceneBatch(
        pictures=np.stack([scene.picture for scene in scenes]),
        heat=np.stack([target.heat for target in targets]),
        weight=np.stack([target.weight for target in targets]),
        geometry=np.stack([target.geometry for target in targets]),
        geometry_weight=np.stack([target.geometry_weight for target in targets]),
        store_size=len(store),
    )


@contextmanager
def batches_ahead(
    dataset: SceneDataset,
    store: CutoutStore,
    *,
    first_step: int = 0,
    ahead: int = 4,
    rescan_s: float = 30.0,
) -> Iterator[Iterator[SceneBatch]]:
    """Batches for `first_step`, …, without end, made in a thread (OpenCV works outside Python's lock).

    Shards that appear meanwhile are taken in every `rescan_s` seconds.

    Raises:
        InputError: a shard cannot be read.
    """
    ready: queue.Queue[SceneBatch | InputError] = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def put(item: SceneBatch | InputError) -> None:
        while not stop.is_set():
            try:
                return ready.put(item, timeout=0.5)
            except queue.Full:
                continue

    def work() -> None:
        step, scanned = first_step, time.monotonic()
        try:
            while not stop.is_set():
                if time.monotonic() - scanned > rescan_s:
                    store.refresh(limit=1)
                    scanned = time.monotonic()
                put(make_batch(dataset, store, step))
                step += 1
        except InputError as error:
            put(error)
        except Exception as error:
            put(InputError(f"making scenes failed: {error!r}", source="training data"))

    def take() -> Iterator[SceneBatch]:
        while True:
            item = ready.get()
            if isinstance(item, InputError):
                raise item
            yield item

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        yield take()
    finally:
        stop.set()
        worker.join()
