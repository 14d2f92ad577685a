"""Places that several pictures of one still scene share: keypoints (SIFT: Lowe 2004), matched and strung
together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from mien.cameras import Camera


@dataclass(frozen=True)
class FeatureConfig:
    """How keypoints are found and matched."""

    most: int = 900
    """Keypoints of a picture."""
    neighbors: int = 12
    """Each picture is matched with so many whose cameras are nearest in direction."""
    ratio: float = 0.8
    """The best match must be nearer than this share of the second best."""
    epipolar_px: float = 1.5
    """Largest distance from the epipolar line."""
    least_matches: int = 16
    """Fewer make no pair."""
    least_views: int = 3
    """Of a track."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """Where pictures see the same places.

    Attributes:
        points_px: (V, T, 2), NaN where a picture does not show it.
    """

    points_px: Float[np.ndarray, "views tracks 2"]

    def __len__(self) -> int:
        return self.points_px.shape[1]


def find_tracks(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"]],
    cameras: Sequence[Camera],
    *,
    masks: Sequence[Bool[np.ndarray, "_ _"]] | None = None,
    config: FeatureConfig | None = None,
) -> Tracks:
    """Keypoints matched between pictures of neighbouring cameras.

    Args:
        cameras: roughly right: they say which pictures are neighbours.
        masks: where keypoints may lie; everywhere when None.
    """
    import cv2

    config = config or FeatureConfig()
    # Without precise upscaling OpenCV's keypoints lie a quarter of a pixel aside
    finder = cv2.SIFT_create(nfeatures=config.most, contrastThreshold=0.015, enable_precise_upscale=True)
    places, marks = [], []
    for index, image in enumerate(images):
        grey = cv2.createCLAHE(2.0, (8, 8)).apply(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        mask = None if masks is None else masks[index].astype(np.uint8)
        found, descriptors = finder.detectAndCompute(grey, mask)
        places.append(np.array([one.pt for one in found], float).reshape(-1, 2))
        marks.append(
            np.zeros((0, 128), np.float32)
            if descriptors is None
            else np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
        )
    strings = _Strings([len(one) for one in places])
    for a, b in _pairs(cameras, config.neighbors):
        for i, j in _matched(places[a], marks[a], places[b], marks[b], config):
            strings.join((a, i), (b, j))
    return Tracks(strings.tracks(places, least=config.least_views))


def _pairs(cameras: Sequence[Camera], neighbors: int) -> list[tuple[int, int]]:
    forward = np.stack([camera.camera_from_world[2, :3] for camera in cameras])
    cosine = forward @ forward.T
    pairs = set()
    for a in range(len(cameras)):
        for b in np.argsort(-cosine[a])[1 : neighbors + 1]:
            pairs.add((min(a, int(b)), max(a, int(b))))
    return sorted(pairs)


def _matched(
    first_px: np.ndarray, first: np.ndarray, second_px: np.ndarray, second: np.ndarray, config: FeatureConfig
) -> np.ndarray:
    """(M, 2) pairs of keypoints that are each other's nearest and fit one epipolar geometry."""
    import cv2

    nothing = np.zeros((0, 2), int)
    if min(len(first), len(second)) < config.least_matches:
        return nothing
    distance = np.sqrt(np.maximum(2 - 2 * first @ second.T, 0))
    best = distance.argmin(axis=1)
    two = np.partition(distance, 1, axis=1)[:, :2]
    mutual = distance.argmin(axis=0)[best] == np.arange(len(first))
    good = np.flatnonzero(mutual & (two[:, 0] < config.ratio * two[:, 1]))
    if len(good) < config.least_matches:
        return nothing
    pairs = np.stack([good, best[good]], axis=1)
    cv2.setRNGSeed(0)
    _, inside = cv2.findFundamentalMat(
        first_px[pairs[:, 0]], second_px[pairs[:, 1]], cv2.FM_RANSAC, config.epipolar_px, 0.999, 2000
    )
    if inside is None or inside.sum() < config.least_matches:
        return nothing
    return pairs[inside[:, 0] > 0]


class _Strings:
    """Keypoints of many pictures joined by matches (union–find)."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.starts = np.concatenate([[0], np.cumsum(counts)]).astype(int)
        self.parent = list(range(int(self.starts[-1])))

    def join(self, first: tuple[int, int], second: tuple[int, int]) -> None:
        a, b = (self._root(int(self.starts[view] + index)) for view, index in (first, second))
        self.parent[a] = b

    def _root(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def tracks(self, places: Sequence[np.ndarray], *, least: int) -> Float[np.ndarray, "views tracks 2"]:
        """Those that enough pictures see; of a picture that sees one twice nothing is taken."""
        members: dict[int, list[tuple[int, int]]] = {}
        for view, own in enumerate(places):
            for index in range(len(own)):
                members.setdefault(self._root(int(self.starts[view] + index)), []).append((view, index))
        kept = []
        for one in members.values():
            if len(one) < least:
                continue
            views, counts = np.unique([view for view, _ in one], return_counts=True)
            single = set(views[counts == 1].tolist())
            if len(single) >= max(least, (counts > 1).sum()):
                kept.append([pair for pair in one if pair[0] in single])
        out = np.full((len(places), len(kept), 2), np.nan)
        for number, one in enumerate(kept):
            for view, index in one:
                out[view, number] = places[view][index]
        return out
