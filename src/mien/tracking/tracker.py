"""One person's head through live pictures."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.results import TrackedFrame
from mien.tracking.config import TrackerConfig
from mien.tracking.one_person import OnePerson
from mien.tracking.tracked_person import TrackedPerson


class Tracker:
    """Follows one person picture by picture, as from a webcam: landmarks from the last frame's region, pose
    and expression on every frame, identity and focal length refined on a few key frames (Wood et al. 2022,
    §3.3). A recorded video is better tracked by `mien.track_video`, which looks at each frame twice.

    >>> tracker = mien.Tracker()
    >>> with mien.open_video("clip.mp4") as video:
    ...     for picture in video:
    ...         frame = tracker.update(picture.image, picture.time_s)
    ...         if frame.tracked:
    ...             print(mien.arkit_weights(frame).named()["jawOpen"])
    """

    @checked_call
    def __init__(
        self,
        context: Context | None = None,
        *,
        camera: CameraPrior | Camera | None = None,
        config: TrackerConfig = TrackerConfig(),
    ) -> None:
        """
        Args:
            context: head, landmarker and settings of the fit; the built-in ones when None.
            camera: what is known of the camera; a plain `Camera` is known, its focal length included. None:
                nothing, and the focal length is found.
            config: how the person is followed.

        Raises:
            InputError: the built-in head or networks are missing, or the landmarker cannot follow faces.
        """
        self._following = OnePerson(context or Context(), camera=camera, config=config)

    def update(self, image: UInt8[np.ndarray, "height width 3"], time_s: float) -> TrackedFrame:
        """The head in the next picture. A face that is lost is a frame with status LOST, not an error.

        Args:
            image: RGB, upright; all of one size.
            time_s: when it was taken, seconds from any start.

        Raises:
            ShapeError: the picture has another shape or type.
        """
        [(_, frame)] = self._following.update(image, time_s)
        return frame

    @property
    def identity(self) -> Float[np.ndarray, " identity"] | None:
        """Who it is, as known by now; None before the first face."""
        return None if self._person is None else self._person.identity

    @property
    def camera(self) -> Camera | None:
        """The camera as known by now; None before the first picture."""
        return None if self._person is None else self._person.camera

    @property
    def _person(self) -> TrackedPerson | None:
        return self._following.present[0] if self._following.present else None
