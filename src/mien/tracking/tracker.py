"""One person's head through live pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.terms.focal_prior import FocalTerm
from mien.fitting.terms.landmarks import face_radius_px
from mien.heads.parameters import HeadParameters
from mien.images.cuts import CutDetector
from mien.landmarks.filter import LandmarkFilter
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.tracking.frame_fitter import FrameFitter
from mien.tracking.key_frames import KeyFrame, KeyFrames


@dataclass(frozen=True)
class TrackerConfig:
    """Choices of the tracker."""

    search_every: int = 2
    """While the face is lost, search the whole picture on every so many frames."""
    key_frames: int = 8
    """Frames on which the identity is refined; 1 keeps that of the first frame."""
    smooth: bool = True
    """Average landmarks that do not move over time."""
    cut_difference: float = 0.45
    """Change between two frames over their own contrast, 0 … 1, that counts as a cut."""


DEFAULT_OPTIONS = TrackerConfig()


@dataclass(frozen=True)
class TrackedFrame:
    """What the tracker knows of one frame.

    Attributes:
        time_s: the frame's time.
        status: LOST where there was no face.
        parameters: the head in the camera's world (see `HeadFit`); None where lost.
        camera: the camera as known by now; None before the first face.
        landmarks: as the network gave them; None where lost.
        cut: whether the picture jumped before this frame.
    """

    time_s: float
    status: Status
    parameters: HeadParameters | None
    camera: Camera | None
    landmarks: Landmarks2D | None
    cut: bool = False

    @property
    def tracked(self) -> bool:
        return self.parameters is not None


class Tracker:
    """Follows one person: landmarks from the last frame's region, pose and expression on every frame,
    identity and focal length refined on a few key frames (Wood et al. 2022, §3.3).

    >>> tracker = Tracker()
    >>> frame = tracker.update(image, time_s=0.0)
    >>> if frame.tracked:
    ...     vertices_m = head.vertices_m(frame.parameters)
    """

    def __init__(
        self,
        context: Context | None = None,
        *,
        camera: CameraPrior | Camera | None = None,
        options: TrackerConfig = DEFAULT_OPTIONS,
    ) -> None:
        """
        Args:
            context: head, landmarker and settings; the built-in ones when None.
            camera: what is known of the camera; a plain `Camera` is known, its focal length included.

        Raises:
            InputError: the built-in head or networks are missing.
        """
        self.context = context or Context()
        self.landmarker, self.head, self.options = self.context.follower, self.context.loaded_head, options
        self._prior = None if camera is None else CameraPrior.of(camera)
        self._fitter: FrameFitter | None = None
        self._focal_term: FocalTerm | None = None
        self._key_frames = KeyFrames(most=options.key_frames)
        self._filter = LandmarkFilter()
        self._landmarks: Landmarks2D | None = None
        self._last_seen: Landmarks2D | None = None
        self._parameters: HeadParameters | None = None
        self._cuts = CutDetector(options.cut_difference)
        self._frame = -1
        self._frames_lost = 0

    @property
    def identity(self) -> np.ndarray | None:
        """(I,) who it is, as known by now; None before the first face."""
        return None if self._fitter is None else self._fitter.identity

    @property
    def camera(self) -> Camera | None:
        """The camera as known by now; None before the first face."""
        return None if self._fitter is None else self._fitter.camera

    def update(self, image: UInt8[np.ndarray, "height width 3"], time_s: float) -> TrackedFrame:
        """The head in the next picture. A face that is lost is a frame with status LOST, not an error."""
        cut = self._cuts(image)
        if cut:
            self._landmarks = None
        return self.observe(self._find(image), image, time_s, cut=cut)

    def observe(
        self,
        landmarks: Landmarks2D | None,
        image: UInt8[np.ndarray, "height width 3"],
        time_s: float,
        *,
        cut: bool = False,
    ) -> TrackedFrame:
        """The head in the next picture, whose landmarks are known already; None where the face is lost.

        Args:
            cut: the picture jumped before this frame: nothing is carried over but who it is.
        """
        self._frame += 1
        if cut:
            self._parameters = None
            self._filter.reset()
        if landmarks is None:
            return self._lost(time_s, Status.LOST, cut=cut)
        smoothed = self._filter(landmarks) if self.options.smooth else landmarks
        if self._fitter is None:
            parameters, status = self._meet(smoothed, image)
        else:
            parameters, status = self._fitter(smoothed, self._parameters)
        if not status.usable or parameters is None:
            return self._lost(time_s, status, cut=cut)
        self._landmarks = self._last_seen = landmarks
        self._frames_lost = 0
        self._parameters = self._learn_person(smoothed, parameters)
        return TrackedFrame(time_s, status, self._parameters, self.camera, landmarks, cut)

    def _lost(self, time_s: float, status: Status, *, cut: bool) -> TrackedFrame:
        self._landmarks = self._parameters = None
        self._filter.reset()
        self._frames_lost += 1
        return TrackedFrame(time_s, status, None, self.camera, None, cut)

    def _find(self, image: np.ndarray) -> Landmarks2D | None:
        if self._landmarks is not None:
            followed = self.landmarker.track(image, self._landmarks)
            if followed is not None and np.isfinite(followed.points_px).all():
                return followed
        if self._frames_lost % self.options.search_every:
            return None
        faces = [face for face in self.landmarker(image) if np.isfinite(face.points_px).all()]
        if not faces:
            return None
        return max(faces, key=self._likely_same_person)

    def _likely_same_person(self, face: Landmarks2D) -> float:
        """Large faces first; once someone was followed, near ones of the same size."""
        radius_px = face_radius_px(face)
        if self._last_seen is None:
            return radius_px * face.score
        last_radius_px = face_radius_px(self._last_seen)
        distance = np.linalg.norm(face.points_px.mean(axis=0) - self._last_seen.points_px.mean(axis=0))
        return -float(distance / last_radius_px + 2 * abs(np.log(radius_px / last_radius_px)))

    def _meet(self, landmarks: Landmarks2D, image: np.ndarray) -> tuple[HeadParameters | None, Status]:
        """The first frame: who is it, and with what camera?"""
        height_px, width_px = image.shape[:2]
        prior = self._prior or CameraPrior.free(width_px=width_px, height_px=height_px)
        fit = fit_landmarks(landmarks, prior, context=self.context)
        if not fit.status.usable:
            return None, fit.status
        self._focal_term = prior.focal_term(self.context.config)
        self._fitter = FrameFitter(
            FitModel.of(self.head, landmarks.set_name),
            camera=fit.camera,
            identity=fit.parameters.identity,
            config=self.context.config,
        )
        return fit.parameters, fit.status

    def _learn_person(self, landmarks: Landmarks2D, parameters: HeadParameters) -> HeadParameters:
        """Refine identity and focal length when this frame adds a view; parameters in the refined camera."""
        fitter = self._fitter
        assert fitter is not None
        if not self._key_frames.offer(KeyFrame(landmarks, parameters, self._frame)):
            return parameters
        if len(self._key_frames.kept) == 1 or self.options.key_frames == 1:
            return parameters
        identity, camera = self._key_frames.fit_person(
            fitter.model, camera=fitter.camera, focal=self._focal_term, config=self.context.config
        )
        # A changed focal length moves the head along the line of sight; its share in depth is the same.
        ratio = camera.focal_px / fitter.camera.focal_px
        fitter.identity, fitter.camera = identity, camera
        mine = [key for key in self._key_frames.kept if key.frame == self._frame]
        if mine:
            return mine[0].parameters
        moved_m = parameters.root_translation_m * np.array([1.0, 1.0, ratio])
        return replace(parameters, identity=identity, root_translation_m=moved_m)
