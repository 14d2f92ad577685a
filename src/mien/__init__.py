"""3D faces from pictures.

image = mien.read_image("photo.jpg")
fit = mien.fit_photo(image)[0]
mien.export(fit, "head.glb")

Names are imported when they are first used, so `import mien` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mien.lazy_names import lazy_names

if TYPE_CHECKING:
    from mien.camera_files.posed_picture import PosedPicture
    from mien.camera_files.reading import read_cameras
    from mien.cameras import Camera
    from mien.errors import (
        FitError,
        InputError,
        LandmarkSetError,
        MienError,
        MissingExtraError,
        ShapeError,
    )
    from mien.export import export
    from mien.field_landmarks.predict import field_landmarks
    from mien.field_landmarks.types import Landmarks3D
    from mien.fields.files import load_field
    from mien.fields.radiance_field import RadianceField
    from mien.fields.train import train_field
    from mien.fitting.arkit_weights import ArkitWeights, arkit_weights, arkit_weights_of_frame
    from mien.fitting.multiview import ViewsFit, fit_landmark_views, fit_views
    from mien.fitting.people import track_people
    from mien.fitting.photo import fit_landmarks, fit_photo
    from mien.fitting.results import HeadFit, HeadTrack, Status
    from mien.fitting.sequence import SequenceFit, fit_sequence
    from mien.fitting.track import track_video
    from mien.heads.library import load_head
    from mien.heads.model import Head
    from mien.heads.parameters import HeadParameters
    from mien.images.photo import Photo, read_image, read_photo
    from mien.images.video import open_video
    from mien.landmarks.landmarker import Landmarker
    from mien.landmarks.types import Landmarks2D

__version__ = "0.1.0"

__all__ = [
    # pictures
    "Photo",
    "open_video",
    "read_image",
    "read_photo",
    # landmarks
    "Landmarker",
    "Landmarks2D",
    # heads and cameras
    "Camera",
    "Head",
    "HeadParameters",
    "PosedPicture",
    "load_head",
    "read_cameras",
    # fitting
    "ArkitWeights",
    "HeadFit",
    "HeadTrack",
    "SequenceFit",
    "Status",
    "ViewsFit",
    "arkit_weights",
    "arkit_weights_of_frame",
    "fit_landmark_views",
    "fit_landmarks",
    "fit_photo",
    "fit_sequence",
    "fit_views",
    "track_people",
    "track_video",
    # radiance fields
    "Landmarks3D",
    "RadianceField",
    "field_landmarks",
    "load_field",
    "train_field",
    # files for other programs
    "export",
    # errors
    "FitError",
    "InputError",
    "LandmarkSetError",
    "MienError",
    "MissingExtraError",
    "ShapeError",
    "__version__",
]

_HOME = {
    "ArkitWeights": "fitting.arkit_weights",
    "Camera": "cameras",
    "FitError": "errors",
    "Head": "heads.model",
    "HeadFit": "fitting.results",
    "HeadParameters": "heads.parameters",
    "HeadTrack": "fitting.results",
    "InputError": "errors",
    "LandmarkSetError": "errors",
    "Landmarker": "landmarks.landmarker",
    "Landmarks2D": "landmarks.types",
    "Landmarks3D": "field_landmarks.types",
    "MienError": "errors",
    "MissingExtraError": "errors",
    "Photo": "images.photo",
    "PosedPicture": "camera_files.posed_picture",
    "RadianceField": "fields.radiance_field",
    "SequenceFit": "fitting.sequence",
    "ShapeError": "errors",
    "Status": "fitting.results",
    "ViewsFit": "fitting.multiview",
    "arkit_weights": "fitting.arkit_weights",
    "arkit_weights_of_frame": "fitting.arkit_weights",
    "fit_landmark_views": "fitting.multiview",
    "fit_landmarks": "fitting.photo",
    "fit_photo": "fitting.photo",
    "fit_sequence": "fitting.sequence",
    "fit_views": "fitting.multiview",
    "load_field": "fields.files",
    "load_head": "heads.library",
    "open_video": "images.video",
    "read_cameras": "camera_files.reading",
    "read_image": "images.photo",
    "read_photo": "images.photo",
    "track_people": "fitting.people",
    "track_video": "fitting.track",
    "train_field": "fields.train",
}


_named = lazy_names(__name__, _HOME)


def __getattr__(name: str) -> Any:
    if name in ("export", "field_landmarks"):  # packages, which can be called: see mien/export/__init__.py
        return importlib.import_module(f"mien.{name}")
    return _named(name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
