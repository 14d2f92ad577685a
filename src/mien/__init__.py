"""3D faces from pictures.

image = mien.read_image("photo.jpg")
fit = mien.fit_photo(image)[0]
mien.export(fit, "head.glb")

Names are imported when they are first used, so `import mien` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.lazy_names import lazy_names

if TYPE_CHECKING:
    from mien.avatars.avatar import Avatar
    from mien.avatars.config import AvatarConfig
    from mien.avatars.dataset import AvatarData
    from mien.avatars.dataset_files import load_avatar_data, save_avatar_data
    from mien.avatars.files import load_avatar, save_avatar
    from mien.avatars.preparation import AvatarDataConfig, prepare_avatar_data
    from mien.avatars.rig import AvatarControls
    from mien.avatars.splats.config import SplatAvatarConfig
    from mien.avatars.splats.player_page import write_player_page
    from mien.avatars.splats.training import train_splat_avatar
    from mien.avatars.surface_config import SurfaceAvatarConfig
    from mien.avatars.surface_training import train_surface_avatar
    from mien.avatars.train import train_avatar
    from mien.camera_files.posed_picture import PosedPicture
    from mien.camera_files.reading import read_cameras
    from mien.cameras import Camera
    from mien.drawing.landmarks import draw_landmarks
    from mien.drawing.mesh import draw_mesh, head_turntable, part_colors, render_head
    from mien.drawing.overlay import draw_fit, draw_track_frame
    from mien.drawing.sheets import contact_sheet
    from mien.drawing.textured import draw_look, draw_look_sheet
    from mien.errors import (
        FitError,
        InputError,
        LandmarkSetError,
        MienError,
        MissingExtraError,
        OutputError,
        ShapeError,
    )
    from mien.exporters.files import export
    from mien.exporters.saved import read_fit, read_track
    from mien.fields.config import FieldConfig
    from mien.fields.files import load_field, save_field
    from mien.fields.head_capture import HeadCapture, focus_on_head
    from mien.fields.posed_images import PosedImages, load_posed_images
    from mien.fields.protocol import Field, FieldBase
    from mien.fields.radiance_field import RadianceField
    from mien.fields.ray_context import RayContext
    from mien.fields.rendering.picture import FieldPicture, render_field
    from mien.fields.rendering.views import turntable_cameras
    from mien.fields.train import train_field
    from mien.fitting.action_units import ActionUnits, action_units
    from mien.fitting.arkit_weights import ArkitWeights, arkit_weights
    from mien.fitting.camera_prior import CameraPrior
    from mien.fitting.config import FitConfig
    from mien.fitting.context import Context
    from mien.fitting.likeness import likeness
    from mien.fitting.neutral_baseline import NeutralBaseline
    from mien.fitting.photo import fit_landmarks, fit_photo
    from mien.fitting.results import HeadFit, HeadTrack, TrackedFrame
    from mien.fitting.sequence import SequenceFit, fit_sequence
    from mien.fitting.views import ViewsFit, fit_landmark_views, fit_views
    from mien.heads.action_units import action_unit_weights
    from mien.heads.expression_map import ConvertedExpression, ExpressionMap, map_expressions
    from mien.heads.expression_map_files import read_expression_map, save_expression_map
    from mien.heads.formats.flame_parameters import FlameParameters, flame_parameters
    from mien.heads.library import load_head
    from mien.heads.look import HeadLook
    from mien.heads.model import Head
    from mien.heads.parameters import HeadParameters
    from mien.images.photo import Photo, read_image, read_photo
    from mien.images.video import Frame, VideoReader, VideoWriter, open_video
    from mien.images.writing import write_image
    from mien.landmarks.landmarker import Landmarker
    from mien.landmarks.types import Landmarks2D
    from mien.landmarks_in_fields.head_in_field import FieldFit, FieldFitConfig, fit_field
    from mien.landmarks_in_fields.predict import field_landmarks
    from mien.landmarks_in_fields.types import Landmarks3D
    from mien.least_squares.solution import Status
    from mien.lifting.lifter import LiftedFace, Lifter
    from mien.looks.hair_styles import hair_style_names
    from mien.looks.head_look import PersonLook, head_look, person_look
    from mien.looks.worn_hair import HeadWithHair, with_hair_style
    from mien.mattes.soft_matte import head_matte
    from mien.mattes.types import Matte
    from mien.morphable_fields.driver_files import face_in_field, faces_of_track
    from mien.morphable_fields.face import MorphableFace
    from mien.morphable_fields.field_files import load_morphable_field, morphable_field, save_morphable_field
    from mien.morphable_fields.from_photo import face_of_fit, face_of_photo
    from mien.morphable_fields.operations import (
        LandmarkMove,
        edit_face,
        interpolate_faces,
        reenact_face,
        swap_faces,
        transfer_expression,
    )
    from mien.morphable_fields.photo_refinement import refine_face_to_photo
    from mien.tracking.config import PeopleConfig, TrackerConfig
    from mien.tracking.save_tracks import VideoTracks, save_tracks
    from mien.tracking.track_file import SavedTrack, open_track
    from mien.tracking.tracker import Tracker
    from mien.tracking.video import track_people, track_video

__version__ = "0.1.0"

__all__ = [
    # pictures and videos
    "Frame",
    "Photo",
    "VideoReader",
    "VideoWriter",
    "open_track",
    "open_video",
    "read_image",
    "read_photo",
    "write_image",
    # landmarks
    "Landmarker",
    "Landmarks2D",
    "LiftedFace",
    "Lifter",
    # heads and cameras
    "Camera",
    "CameraPrior",
    "ConvertedExpression",
    "ExpressionMap",
    "FlameParameters",
    "Head",
    "HeadParameters",
    "PosedPicture",
    "flame_parameters",
    "load_head",
    "map_expressions",
    "read_cameras",
    "read_expression_map",
    "save_expression_map",
    # fitting
    "ActionUnits",
    "ArkitWeights",
    "Context",
    "FitConfig",
    "HeadFit",
    "HeadTrack",
    "NeutralBaseline",
    "PeopleConfig",
    "SequenceFit",
    "Status",
    "TrackedFrame",
    "Tracker",
    "TrackerConfig",
    "VideoTracks",
    "ViewsFit",
    "action_unit_weights",
    "action_units",
    "arkit_weights",
    "fit_landmark_views",
    "fit_landmarks",
    "fit_photo",
    "fit_sequence",
    "fit_views",
    "likeness",
    # tracking
    "save_tracks",
    "track_people",
    "track_video",
    # radiance fields
    "Field",
    "FieldBase",
    "FieldConfig",
    "FieldFit",
    "FieldFitConfig",
    "FieldPicture",
    "HeadCapture",
    "Landmarks3D",
    "PosedImages",
    "RadianceField",
    "RayContext",
    "field_landmarks",
    "fit_field",
    "focus_on_head",
    "load_field",
    "load_posed_images",
    "render_field",
    "save_field",
    "train_field",
    "turntable_cameras",
    # fields that landmarks steer
    "MorphableFace",
    "LandmarkMove",
    "edit_face",
    "interpolate_faces",
    "swap_faces",
    "transfer_expression",
    "reenact_face",
    "face_of_photo",
    "face_of_fit",
    "refine_face_to_photo",
    "face_in_field",
    "faces_of_track",
    "morphable_field",
    "save_morphable_field",
    "load_morphable_field",
    # avatars
    "Avatar",
    "AvatarConfig",
    "AvatarControls",
    "AvatarData",
    "AvatarDataConfig",
    "SplatAvatarConfig",
    "SurfaceAvatarConfig",
    "load_avatar",
    "load_avatar_data",
    "prepare_avatar_data",
    "save_avatar",
    "save_avatar_data",
    "train_avatar",
    "train_splat_avatar",
    "train_surface_avatar",
    "write_player_page",
    # mattes
    "Matte",
    "head_matte",
    # looks
    "HeadLook",
    "head_look",
    "person_look",
    "PersonLook",
    "with_hair_style",
    "HeadWithHair",
    "hair_style_names",
    # drawing
    "contact_sheet",
    "draw_fit",
    "draw_landmarks",
    "draw_look",
    "draw_look_sheet",
    "draw_mesh",
    "draw_track_frame",
    "head_turntable",
    "part_colors",
    "render_head",
    # files
    "export",
    "read_fit",
    "read_track",
    # errors
    "FitError",
    "InputError",
    "LandmarkSetError",
    "MienError",
    "MissingExtraError",
    "OutputError",
    "SavedTrack",
    "ShapeError",
    "__version__",
]

_HOME = {
    "MorphableFace": "morphable_fields.face",
    "LandmarkMove": "morphable_fields.operations",
    "edit_face": "morphable_fields.operations",
    "interpolate_faces": "morphable_fields.operations",
    "swap_faces": "morphable_fields.operations",
    "transfer_expression": "morphable_fields.operations",
    "reenact_face": "morphable_fields.operations",
    "face_of_photo": "morphable_fields.from_photo",
    "face_of_fit": "morphable_fields.from_photo",
    "refine_face_to_photo": "morphable_fields.photo_refinement",
    "face_in_field": "morphable_fields.driver_files",
    "faces_of_track": "morphable_fields.driver_files",
    "morphable_field": "morphable_fields.field_files",
    "save_morphable_field": "morphable_fields.field_files",
    "load_morphable_field": "morphable_fields.field_files",
    "ActionUnits": "fitting.action_units",
    "ArkitWeights": "fitting.arkit_weights",
    "Camera": "cameras",
    "Field": "fields.protocol",
    "FieldBase": "fields.protocol",
    "FieldConfig": "fields.config",
    "FieldFit": "landmarks_in_fields.head_in_field",
    "FieldFitConfig": "landmarks_in_fields.head_in_field",
    "FieldPicture": "fields.rendering.picture",
    "CameraPrior": "fitting.camera_prior",
    "Context": "fitting.context",
    "ConvertedExpression": "heads.expression_map",
    "ExpressionMap": "heads.expression_map",
    "FitConfig": "fitting.config",
    "FitError": "errors",
    "FlameParameters": "heads.formats.flame_parameters",
    "Frame": "images.video",
    "Head": "heads.model",
    "HeadCapture": "fields.head_capture",
    "HeadFit": "fitting.results",
    "HeadLook": "heads.look",
    "HeadParameters": "heads.parameters",
    "HeadTrack": "fitting.results",
    "InputError": "errors",
    "LandmarkSetError": "errors",
    "Landmarker": "landmarks.landmarker",
    "LiftedFace": "lifting.lifter",
    "Lifter": "lifting.lifter",
    "Landmarks2D": "landmarks.types",
    "Landmarks3D": "landmarks_in_fields.types",
    "MienError": "errors",
    "MissingExtraError": "errors",
    "NeutralBaseline": "fitting.neutral_baseline",
    "OutputError": "errors",
    "PeopleConfig": "tracking.config",
    "Photo": "images.photo",
    "PosedImages": "fields.posed_images",
    "PosedPicture": "camera_files.posed_picture",
    "RadianceField": "fields.radiance_field",
    "RayContext": "fields.ray_context",
    "SequenceFit": "fitting.sequence",
    "ShapeError": "errors",
    "Status": "least_squares.solution",
    "TrackedFrame": "fitting.results",
    "SavedTrack": "tracking.track_file",
    "VideoTracks": "tracking.save_tracks",
    "open_track": "tracking.track_file",
    "save_tracks": "tracking.save_tracks",
    "Tracker": "tracking.tracker",
    "TrackerConfig": "tracking.config",
    "ViewsFit": "fitting.views",
    "action_unit_weights": "heads.action_units",
    "action_units": "fitting.action_units",
    "arkit_weights": "fitting.arkit_weights",
    "VideoReader": "images.video",
    "VideoWriter": "images.video",
    "contact_sheet": "drawing.sheets",
    "draw_fit": "drawing.overlay",
    "draw_landmarks": "drawing.landmarks",
    "draw_look": "drawing.textured",
    "draw_look_sheet": "drawing.textured",
    "draw_mesh": "drawing.mesh",
    "draw_track_frame": "drawing.overlay",
    "export": "exporters.files",
    "field_landmarks": "landmarks_in_fields.predict",
    "fit_field": "landmarks_in_fields.head_in_field",
    "fit_landmark_views": "fitting.views",
    "fit_landmarks": "fitting.photo",
    "likeness": "fitting.likeness",
    "fit_photo": "fitting.photo",
    "fit_sequence": "fitting.sequence",
    "fit_views": "fitting.views",
    "flame_parameters": "heads.formats.flame_parameters",
    "head_look": "looks.head_look",
    "person_look": "looks.head_look",
    "PersonLook": "looks.head_look",
    "with_hair_style": "looks.worn_hair",
    "HeadWithHair": "looks.worn_hair",
    "hair_style_names": "looks.hair_styles",
    "head_turntable": "drawing.mesh",
    "focus_on_head": "fields.head_capture",
    "head_matte": "mattes.soft_matte",
    "Matte": "mattes.types",
    "load_field": "fields.files",
    "load_head": "heads.library",
    "load_posed_images": "fields.posed_images",
    "map_expressions": "heads.expression_map",
    "open_video": "images.video",
    "part_colors": "drawing.mesh",
    "read_cameras": "camera_files.reading",
    "read_expression_map": "heads.expression_map_files",
    "read_fit": "exporters.saved",
    "read_image": "images.photo",
    "read_photo": "images.photo",
    "render_field": "fields.rendering.picture",
    "save_expression_map": "heads.expression_map_files",
    "save_field": "fields.files",
    "track_people": "tracking.video",
    "read_track": "exporters.saved",
    "render_head": "drawing.mesh",
    "track_video": "tracking.video",
    "train_field": "fields.train",
    "turntable_cameras": "fields.rendering.views",
    "write_image": "images.writing",
    "Avatar": "avatars.avatar",
    "AvatarConfig": "avatars.config",
    "AvatarControls": "avatars.rig",
    "AvatarData": "avatars.dataset",
    "AvatarDataConfig": "avatars.preparation",
    "SplatAvatarConfig": "avatars.splats.config",
    "SurfaceAvatarConfig": "avatars.surface_config",
    "load_avatar": "avatars.files",
    "load_avatar_data": "avatars.dataset_files",
    "prepare_avatar_data": "avatars.preparation",
    "save_avatar": "avatars.files",
    "save_avatar_data": "avatars.dataset_files",
    "train_avatar": "avatars.train",
    "train_splat_avatar": "avatars.splats.training",
    "train_surface_avatar": "avatars.surface_training",
    "write_player_page": "avatars.splats.player_page",
}


__getattr__ = lazy_names(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
