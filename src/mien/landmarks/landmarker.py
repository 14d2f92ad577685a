"""Landmarks of every face in a picture, and of one face from picture to picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mien.checked_calls import checked_call
from mien.errors import ShapeError
from mien.landmarks.acceptance import Acceptance
from mien.landmarks.candidates import Candidate
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import Region
from mien.landmarks.search import FaceSearch
from mien.landmarks.sliding_windows import SlidingWindows
from mien.landmarks.turned import turned_candidates
from mien.landmarks.types import Landmarks2D

FaceFinder = Callable[[np.ndarray], list[Candidate]]
"""A picture to the regions that may hold faces, best first: `FaceSearch` or `SlidingWindows`."""

_SMALLEST_PICTURE_PX = 16
"""A picture with a shorter side cannot show a face that could be told from noise."""

FOUND = Acceptance(max_relative_sigma=0.06, min_evidence=7.4)
"""For a face found in a single picture; all evidence counts together, once it is framed by its own points. On
1,100 frames faces have 7.7 and more with `realtime` (but for two that are missed). Networks of a smaller σ
give everything more evidence and have a limit of their own in their card: with `offline` faces have 9.1,
animals up to 8.1 (docs/results/landmarks.md)."""

_WORTH_SETTLING = -3.0
"""Least evidence of a first look; faces far aside, which were framed badly, have so little."""

_SURE_BEYOND = 1.2
"""How much more evidence has a face that ends the search: without one the picture is searched turned too,
which gives what is no face three more chances. Of 80 frames on their sides faces have 8.9 and more with
`realtime` (but for one, 7.0), the same with their faces blurred away 7.8 and less."""

FOUND_IN_VIDEO = Acceptance(max_relative_sigma=0.06, min_evidence=5.0)
"""For a face found in a video, which is searched again and again, so that what is no face has many chances to
look like one. A face that is missed now will be found on a later frame."""

FOLLOWED = Acceptance(min_presence=0.5, max_relative_sigma=0.055)
"""For a face that was there in the frame before: blur and occlusion may raise its σ for a while."""

_WELL_FRAMED = Acceptance(max_shift=0.08, max_zoom=1.12, max_turn_rad=0.12)
"""Region shown and region asked for agree so closely that a second look would change little."""

_SETTLED = Acceptance(max_shift=0.005, max_zoom=1.01, max_turn_rad=0.01)
"""They agree so closely that another look would change nothing."""

_SETTLING_LOOKS = 4

_GIVEN_UP = 3.0
"""How much less evidence than a face needs ends the settling after its second look: in 260 pictures, upright
and turned, faces then had what they need and more, and 53 of 63 other things had less than this."""


@dataclass(frozen=True, eq=False)
class _Found:
    """A face that was searched for: the region seen, its landmarks, what the search said of it."""

    region: Region
    landmarks: Landmarks2D
    search_score: float


class Landmarker:
    """Finds faces and their dense probabilistic landmarks.

    >>> landmarker = Landmarker("realtime")
    >>> faces = landmarker(image)                      # search the whole picture
    >>> face = landmarker.track(next_image, faces[0])  # follow one face; None when it is lost
    """

    @checked_call
    def __init__(
        self,
        model: str | Path = "realtime",
        *,
        search: str | Path | FaceFinder = "search",
        found: Acceptance | None = None,
        followed: Acceptance = FOLLOWED,
        settle: bool = True,
        turned: bool = True,
        threads: int = 1,
    ) -> None:
        """
        Args:
            model: landmark network: a shipped one's name, or the path of an .onnx file with its card.
            search: face-search network, likewise; "windows" to slide windows over the picture instead, which
                takes seconds; or a finder that is set up already.
            found: limits on what is taken for a face when searching; those of single pictures when None.
            followed: the same when tracking.
            settle: look at a face that was found again, mirrored too, until it is framed by its own points:
                the same face has the same points then, wherever and however large it stands in its picture.
                Takes up to eight more runs of the landmark network a face; `track` never does it.
            turned: where no sure face stands upright, search the picture on its sides and upside down too, so
                that faces are found at any roll. A picture without faces takes four times as long.
            threads: threads that one network run may use.

        Raises:
            InputError: a network or its card is missing or unreadable.
        """
        self.predictor = LandmarkPredictor(model, threads=threads)
        self.search = self._finder(search, threads)
        self.found = self._usual_limits() if found is None else found
        self.followed, self.settle, self.turned = followed, settle, turned

    def _usual_limits(self) -> Acceptance:
        evidence = self.predictor.found_evidence
        return FOUND if evidence is None else replace(FOUND, min_evidence=evidence)

    def _finder(self, search: str | Path | FaceFinder, threads: int) -> FaceFinder:
        if search == "windows":
            return SlidingWindows(self.predictor)
        return FaceSearch(search, threads=threads) if isinstance(search, str | Path) else search

    @property
    def set_name(self) -> str:
        """The landmark set of everything that this landmarker returns."""
        return self.predictor.set_name

    def __call__(self, image: np.ndarray, max_faces: int | None = None) -> list[Landmarks2D]:
        """The landmarks of every face in a picture, largest and surest first.

        Args:
            image: (H, W, 3) uint8 RGB. Large pictures are searched on a smaller copy; landmarks always come
                from the full resolution.
            max_faces: return at most this many.

        Returns:
            One entry per face; empty when the picture shows none.

        Raises:
            ShapeError: the picture has another shape or type.
        """
        check_image(image)
        if min(image.shape[:2]) < _SMALLEST_PICTURE_PX:
            return []
        found = self._verified(image, self.search(image), self.found)
        surer = replace(self.found, min_evidence=self.found.min_evidence + _SURE_BEYOND)
        if self.turned and not any(_is_face(face, surer) for face in found):
            found = self._verified(image, turned_candidates(self.search, image), surer) or found
        found.sort(key=lambda face: -face.region.side_px * face.landmarks.score)
        faces = [face.landmarks for face in _distinct(found)]
        return faces if max_faces is None else faces[:max_faces]

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        """The landmarks of a face whose landmarks in the previous picture are known; None when it is lost.

        Args:
            image: (H, W, 3) uint8 RGB, the next picture.
            previous: where the face was, in any set.

        Raises:
            ShapeError: the picture has another shape or type.
        """
        check_image(image)
        seen = previous.region
        landmarks = self.predictor.glance(image, seen)
        wanted = landmarks.region
        if not self.followed.agrees(seen, wanted):
            return None
        if not _WELL_FRAMED.agrees(seen, wanted):  # it moved quickly: look again where it is now
            seen = wanted
            landmarks = self.predictor.glance(image, seen)
            wanted = landmarks.region
        if not self.followed.accepts(landmarks, seen=seen, wanted=wanted):
            return None
        return landmarks if len(self.predictor.looks) == 1 else self.predictor(image, wanted)

    def _verified(self, image: np.ndarray, candidates: list[Candidate], limits: Acceptance) -> list[_Found]:
        """Landmarks from the candidates' regions, refined twice by their own prediction, where they are a
        face's; each face once, with the region that it asks for."""
        first = self.predictor.glances(image, [each.region for each in candidates])
        near = [
            (candidate, landmarks)
            for candidate, landmarks in zip(candidates, first, strict=True)
            if limits.agrees(candidate.region, landmarks.region)
        ]
        second = self.predictor.glances(image, [landmarks.region for _, landmarks in near])
        least = _WORTH_SETTLING if self.settle else limits.min_evidence
        faces = [
            _Found(seen.region, landmarks, candidate.score)
            for (candidate, seen), landmarks in zip(near, second, strict=True)
            if limits.accepts(landmarks, seen=seen.region, wanted=landmarks.region)
            and limits.evidence(landmarks, seen=seen.region, search_score=candidate.score) >= least
        ]
        if self.settle:
            settled = [self._settled(image, face) for face in _distinct(faces)]
            return [face for face in settled if _is_face(face, limits)]
        return [
            replace(face, region=face.landmarks.region, landmarks=self._refined(image, face))
            for face in _distinct(faces)
        ]

    def _refined(self, image: np.ndarray, face: _Found) -> Landmarks2D:
        """Landmarks from all looks, or from a better framed region where the one seen was off."""
        wanted = face.landmarks.region
        if len(self.predictor.looks) > 1 or not _WELL_FRAMED.agrees(face.region, wanted):
            return self.predictor(image, wanted)
        return face.landmarks

    def _settled(self, image: np.ndarray, face: _Found) -> _Found:
        """The face from the region that its own points ask for, seen both ways round."""
        region = face.landmarks.region
        for look in range(_SETTLING_LOOKS):
            landmarks = self.predictor(image, region, both_ways=True)
            wanted = landmarks.region
            evidence = self.found.evidence(landmarks, seen=region, search_score=face.search_score)
            doubtful = look > 0 and evidence < self.found.min_evidence - _GIVEN_UP
            if doubtful or _SETTLED.agrees(region, wanted):
                break
            region = wanted
        return replace(face, region=wanted, landmarks=landmarks)


def check_image(image: np.ndarray) -> None:
    """Complains unless `image` is a (H, W, 3) uint8 picture.

    Raises:
        ShapeError: it is not.
    """
    expected = "(height, width, 3) of dtype uint8 (RGB); mien.read_image makes one of any picture file"
    if not isinstance(image, np.ndarray):
        raise ShapeError(f"image of type {type(image).__name__}", expected=expected, actual=())
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ShapeError(f"image of dtype {image.dtype}", expected=expected, actual=image.shape)


def _is_face(face: _Found, limits: Acceptance) -> bool:
    """Whether a settled face is one."""
    region, landmarks = face.region, face.landmarks
    evidence = limits.evidence(landmarks, seen=region, search_score=face.search_score)
    return evidence >= limits.min_evidence and limits.accepts(landmarks, seen=region, wanted=region)


def _distinct(faces: list[_Found]) -> list[_Found]:
    """Faces without those that converged to the points of an earlier one."""
    kept: list[_Found] = []
    for face in faces:
        distances = (
            np.median(np.linalg.norm(face.landmarks.points_px - other.landmarks.points_px, axis=1))
            / max(face.region.side_px, other.region.side_px)
            for other in kept
        )
        if all(distance > 0.12 for distance in distances):
            kept.append(face)
    return kept
