"""One person on the way: pose and expression on every frame, identity and focal length ever better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.results import TrackedFrame
from mien.fitting.scene.fit_model import FitModel
from mien.heads.parameters import HeadParameters
from mien.landmarks.filter import LandmarkFilter
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.tracking.config import TrackerConfig
from mien.tracking.frame_fitter import FrameFitter
from mien.tracking.key_frames import KeyFrame, KeyFrames


class TrackedPerson:
    """Turns one person's landmarks, frame after frame, into heads (Wood et al. 2022, §3.3).

    Attributes:
        context, config: with what, and how.
        last_seen: landmarks of the last frame that a head was fitted to, as the network gave them; None
            before the first.
        frames_lost: frames since then.
    """

    def __init__(
        self, context: Context, camera: CameraPrior | Camera, config: TrackerConfig | None = None
    ) -> None:
        """
        Args:
            camera: what is known of the camera; a plain `Camera` is known, its focal length included.
        """
        self.context, self.config = context, config or TrackerConfig()
        self.last_seen: Landmarks2D | None = None
        self.frames_lost = 0
        self._prior = CameraPrior.of(camera)
        self._fitter: FrameFitter | None = None
        self._key_frames = KeyFrames(most=self.config.key_frames)
        self._filter = LandmarkFilter()
        self._parameters: HeadParameters | None = None
        self._frame = -1

    @property
    def identity(self) -> Float[np.ndarray, " identity"] | None:
        """Who it is, as known by now; None before the first face."""
        return None if self._fitter is None else self._fitter.identity

    @property
    def camera(self) -> Camera:
        """The camera as known by now."""
        return self._prior.camera if self._fitter is None else self._fitter.camera

    def observe(self, landmarks: Landmarks2D | None, time_s: float, *, cut: bool = False) -> TrackedFrame:
        """The head on the next frame.

        Args:
            landmarks: the person's on this frame; None where the face is lost.
            time_s: the frame's time.
            cut: the picture jumped before this frame: nothing is carried over but who it is.
        """
        self._frame += 1
        if cut:
            self._forget_motion()
        if landmarks is None:
            return self._lost(time_s, Status.LOST, cut=cut)
        smoothed = self._filter(landmarks) if self.config.smooth else landmarks
        if self._fitter is None:
            parameters, status = self._meet(smoothed)
        else:
            parameters, status = self._fitter(smoothed, self._parameters)
        if not status.usable or parameters is None:
            return self._lost(time_s, status, cut=cut)
        self.last_seen, self.frames_lost = landmarks, 0
        self._parameters = self._learn_person(smoothed, parameters)
        found = self.frame_without_face(time_s, status, cut=cut)
        return replace(found, parameters=self._parameters, landmarks=smoothed, raw_landmarks=landmarks)

    def frame_without_face(
        self, time_s: float, status: Status = Status.LOST, *, cut: bool = False
    ) -> TrackedFrame:
        """A frame on which this person is not seen."""
        head = self.context.loaded_head
        return TrackedFrame(time_s, status, None, self.camera, None, None, cut, head.name, head.version)

    def _lost(self, time_s: float, status: Status, *, cut: bool) -> TrackedFrame:
        self._forget_motion()
        self.frames_lost += 1
        return self.frame_without_face(time_s, status, cut=cut)

    def _forget_motion(self) -> None:
        self._parameters = None
        self._filter.reset()

    def _meet(self, landmarks: Landmarks2D) -> tuple[HeadParameters | None, Status]:
        """The first frame: who is it, and with what camera?"""
        fit = fit_landmarks(landmarks, self._prior, context=self.context)
        if not fit.status.usable:
            return None, fit.status
        self._fitter = FrameFitter(
            FitModel.of(self.context.loaded_head, landmarks.set_name),
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
        if len(self._key_frames.kept) == 1 or self.config.key_frames == 1:
            return parameters
        identity, camera = self._key_frames.fit_person(
            fitter.model,
            camera=fitter.camera,
            camera_terms=self._prior.terms(self.context.config),
            config=self.context.config,
        )
        # A changed focal length moves the head along the line of sight; its share in depth is the same.
        ratio = camera.focal_px / fitter.camera.focal_px
        fitter.identity, fitter.camera = identity, camera
        mine = [key for key in self._key_frames.kept if key.frame == self._frame]
        if mine:
            return mine[0].parameters
        moved_m = parameters.root_translation_m * np.array([1.0, 1.0, ratio])
        return replace(parameters, identity=identity, root_translation_m=moved_m)
