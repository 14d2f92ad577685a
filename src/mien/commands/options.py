"""Options that several commands have, each declared once.

A command's dataclass holds these, and the library's own configurations, as fields; the command line shows all
of them flat (`mien.commands.arguments.parse`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Positional
from mien.commands.usage import UsageError
from mien.files import OutputFile, OutputFolder

if TYPE_CHECKING:
    from mien.fitting.config import FitConfig

SHEET_FORMATS = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class JsonOption:
    json: bool = False
    """Print one JSON document to stdout and nothing else."""


@dataclass(frozen=True)
class OutFolder:
    out: OutputFolder = Path("out")
    """Folder for the results; made if missing."""


@dataclass(frozen=True)
class OutputOptions(JsonOption, OutFolder):
    pass


@dataclass(frozen=True)
class PictureOptions:
    pictures: Positional[tuple[Path, ...]]
    """Pictures to read."""
    max_faces: int | None = None
    """Take at most this many faces of each picture, best first."""


@dataclass(frozen=True)
class FileOptions:
    formats: tuple[str, ...]
    """Files to write besides the overlay: any of glb json npz csv, and of a picture's fit obj too."""
    no_overlay: bool = False
    """Leave out the overlay pictures or video, which take as long as the work itself."""


@dataclass(frozen=True)
class MeshFileOptions:
    origin: Literal["head", "camera"] = "head"
    """Origin of .glb and .obj. head: the head stands there and faces +z (of a video: its mean place and
    direction). camera: the camera does, and heads of one picture or video stand as they did before it."""
    no_camera: bool = False
    """Leave the camera out of a .glb."""
    neutral: bool = False
    """Write NAME-neutral.glb (and .obj) too: the person at rest, without weights, pose or animation."""


@dataclass(frozen=True)
class TextureOptions:
    texture: Literal["none", "albedo", "photo"] = "photo"
    """What .glb and .obj show. photo: the picture, its light taken out, completed where it shows nothing;
    albedo: skin without a picture, in the person's colours; none: plain colours."""
    texture_size: int = 1024
    """Side of the textures, pixels."""
    hair: Literal["none", "short", "bob", "long", "ponytail", "afro"] = "none"
    """Hair in .glb, .obj and -look.png: cards in the person's colour. none: the scalp is painted."""

    def check(self) -> None:
        """Complain about a size that no texture has, and hair without a texture, before any work is done.

        Raises:
            InputError: see above.
        """
        if self.hair != "none" and self.texture == "none":
            raise UsageError("--hair takes its colour from a texture: leave --texture none away")
        if not 64 <= self.texture_size <= 4096:
            raise UsageError(f"--texture-size: must be between 64 and 4096, not {self.texture_size}")


@dataclass(frozen=True)
class NetworkOption:
    model: str = "realtime"
    """Landmark network: a shipped one, or the path of an .onnx file."""


@dataclass(frozen=True)
class NetworksOption:
    models: tuple[str, ...] = ("realtime",)
    """Landmark networks: shipped ones, or paths of .onnx files."""


@dataclass(frozen=True)
class FaceMeshOption:
    face_mesh: Path | None = None
    """A Python interpreter that has MediaPipe 0.10: its Face Mesh is then measured on the same."""


@dataclass(frozen=True)
class LandmarkerOptions(NetworkOption):
    search: str = "search"
    """How faces are found: a search network, shipped or the path of an .onnx file, or "windows" to slide
    windows of every size over the picture with the landmark network itself, which takes seconds."""


@dataclass(frozen=True)
class UnitOption:
    metres_per_unit: float = 1.0
    """Metres per unit of the world in the cameras' file."""


@dataclass(frozen=True)
class HeadOption:
    head: Path | None = None
    """Somebody else's head instead of the built-in one: FLAME (.pkl, .npz), BFM (.h5), FaceScape (.npz), a
    folder of ICT-FaceKit's OBJ files, or a head file (.npz) of `mien head convert`."""


@dataclass(frozen=True)
class FieldOption:
    field: Positional[Path]
    """The field's folder."""


@dataclass(frozen=True)
class DeviceOption:
    device: str = "cpu"
    """cpu, cuda, or auto for a GPU where there is one."""


@dataclass(frozen=True)
class ResumeOption:
    resume: bool = False
    """Go on from the last checkpoint."""


@dataclass(frozen=True)
class TrainingTimeOptions:
    max_minutes: float | None = None
    """Train for no longer than this; the schedule is gone through in it."""
    checkpoint_minutes: float = 2.0
    """Minutes between checkpoints."""


@dataclass(frozen=True)
class AvatarOption:
    avatar: Positional[Path]
    """Folder of mien avatar train."""


@dataclass(frozen=True)
class AvatarDriverOption:
    by: Path | None = None
    """Whom it follows: a video, a track, a Live Link Face CSV, or a JSON of ARKit weights."""
    relative: bool = True
    """The driver's weights count from its own rest, the median of the recording; else as they are."""


@dataclass(frozen=True)
class EveryOption:
    every: int = 1
    """Show only every so manieth frame."""


@dataclass(frozen=True)
class CheckpointOption:
    checkpoint: Path
    """checkpoint.pt of the training."""


@dataclass(frozen=True)
class LooksOptions:
    look_scales: tuple[float, ...] = ()
    """How regions are to be shown to the network: sides of the crops over the region's, left out as it was
    trained. The points of several looks are averaged."""
    mirrored_looks: bool = False
    """Show every crop mirrored as well."""


@dataclass(frozen=True)
class CalibrationOption:
    calibrate_on: tuple[Path, ...] = ()
    """Folders of pictures (`mien synth`) that no training has seen: measure there by how much σ has to be
    multiplied to be honest."""


@dataclass(frozen=True)
class OptionsFileOption:
    config: Path | None = None
    """JSON or TOML file with values of these options by name; options on the command line come first."""


@dataclass(frozen=True)
class LoaderOption:
    loader_threads: int = 1
    """Threads of each process that makes batches."""
    loader_processes: int = 1
    """Processes that make batches, each from its own part of the folders; for machines of many cores."""


@dataclass(frozen=True)
class TurntableOptions:
    count: int
    """Pictures of the turntable (a video wants about 48)."""
    size: int = 256
    """Side of the turntable's pictures, pixels."""


@dataclass(frozen=True)
class PhotographsOption:
    photographs: Path | None = None
    """The pictures that the field was trained on (transforms.json, or the folder that holds it or a COLMAP
    model): 2D landmarks in them are more exact than those in pictures of the field, mouths above all."""


@dataclass(frozen=True)
class FieldNetworksOption:
    networks: Path | None = None
    """A .safetensors file of trained field-landmark networks, instead of the shipped ones."""


@dataclass(frozen=True)
class FieldLandmarkerOptions(FieldNetworksOption):
    upright: bool = False
    """The head stands upright in the field and faces +z, as in mien's own: look for nothing else, which is
    quicker and takes no side or back of a head for a face."""
    no_pictures: bool = False
    """Believe the networks that look at the field alone: no pictures of the head that they find are taken, no
    2D landmarks in these are weighed against theirs. A quarter of the time, and less exact."""


@dataclass(frozen=True)
class AssetsOption:
    assets: Path | None = None
    """Folder that holds ict_facekit/ and makehuman/; needed for what is not made yet."""


@dataclass(frozen=True)
class HeldOutPeopleOptions(AssetsOption):
    cache: Path = Path("out/benchmark-fitting")
    """Folder for drawn people and rendered pictures."""
    people: int = 100
    """How many random people, half of them like those that the head was learned from, half wider."""
    shots: int = 4
    """Pictures of each person."""
    seed: int = 2024
    """Who the people are. 0 built the head and 7001 is for choosing weights."""

    def check(self) -> None:
        """Complain about people whom the head was learned from, before any work is done.

        Raises:
            InputError: see above.
        """
        if self.seed == 0:
            raise UsageError("--seed 0 drew the people whom the head was learned from; choose another")


@dataclass(frozen=True)
class PhotoOption:
    photo: Path = Path("examples/astronaut.jpg")
    """A photo with a face."""


@dataclass(frozen=True)
class SheetOption:
    sheet: OutputFile | None = None
    """Write a contact sheet of what was measured here (.png or .jpg)."""

    def check(self) -> None:
        """Complain about a name that is not a picture's, before any work is done.

        Raises:
            InputError: see above.
        """
        if self.sheet is not None and self.sheet.suffix.lower() not in SHEET_FORMATS:
            raise UsageError("--sheet: the name must end in .png or .jpg", source=self.sheet)


@dataclass(frozen=True)
class PredictOption:
    predict: bool = False
    """First fit heads to the pictures and write the submission."""


@dataclass(frozen=True)
class SubmissionOptions:
    predictions: Path
    """The submission's folder, in the benchmark's own layout."""
    together: bool = False
    """With --predict: one shape from all pictures of a person at once."""


@dataclass(frozen=True)
class CollisionOptions:
    skin_eyeball_mm: float = 0.0
    """Keep lids out of the eyeballs: deviation of skin that enters one, millimetres (0.1 is firm); 0: leave
    it be. Takes up to twice the time."""
    skin_teeth_mm: float = 0.0
    """The same of skin that enters a row of teeth."""
    lid_gap_mm: float = 0.0
    """The same of an upper lid that passes below the lower one."""

    def fit_config(self) -> FitConfig:
        """The settings of the fit.

        Raises:
            InputError: a deviation is below 0.
        """
        from mien.fitting.config import FitConfig

        for name in ("skin_eyeball_mm", "skin_teeth_mm", "lid_gap_mm"):
            check_deviation(f"--{name.replace('_', '-')}", getattr(self, name))
        return FitConfig(
            skin_eyeball_std_m=self.skin_eyeball_mm / 1000,
            skin_teeth_std_m=self.skin_teeth_mm / 1000,
            lid_gap_std_m=self.lid_gap_mm / 1000,
        )


@dataclass(frozen=True)
class NeutralPhotoOption:
    neutral_photo: Path | None = None
    """A picture of the same person at rest. The weights that its best face has are taken off in .glb, .obj,
    .json and .csv, where looks (eyeLook…) stay; meshes keep the resting face as their neutral one. An .npz
    keeps the weights as they were fitted."""


@dataclass(frozen=True)
class StillnessOptions:
    still_points: float = 0.0
    """Hold each frame near the one before: deviation of the head's points in the picture, in deviations of
    their landmarks (1 is firm); 0: landmarks are smoothed, the head is free."""
    still_vertices_mm: float = 0.0
    """The same of the head's points in space, millimetres: it holds depth too, which pictures hardly show."""

    def added_to(self, config: FitConfig) -> FitConfig:
        """The settings with these.

        Raises:
            InputError: a deviation is below 0.
        """
        from dataclasses import replace

        check_deviation("--still-points", self.still_points)
        check_deviation("--still-vertices-mm", self.still_vertices_mm)
        return replace(
            config, still_points_std=self.still_points, still_vertices_std_m=self.still_vertices_mm / 1000
        )


def check_deviation(option: str, value: float) -> None:
    """Complain about a deviation below 0.

    Raises:
        InputError: it is.
    """
    if not 0 <= value < float("inf"):
        raise UsageError(f"{option}: must be 0 (off) or above, not {value:g}")


@dataclass(frozen=True)
class MorphableModelOption:
    morphable_model: Path | None = None
    """A model's file (mien train export-morphable-field) instead of the shipped one, or the saved field's."""


@dataclass(frozen=True)
class SteeredFaceOption:
    source: Positional[Path]
    """The face that changes: a photo, or a field saved by mien field edit."""
    even_light: bool = False
    """Show a photo's face in even light; without it the field is refined to look as the photo."""


@dataclass(frozen=True)
class DriverOption:
    driver: Positional[Path]
    """Whose expression it takes over: a photo, a field of any kind, or a file of landmarks; to reenact, a
    track (.npz, .json of mien track) or a video."""


@dataclass(frozen=True)
class TransferModeOption:
    mode: Literal["relative", "absolute", "weights"] = "relative"
    """What is taken over: relative, an expression by the way of its landmarks from rest, scaled to the face;
    absolute, the landmarks as they are, shape and all; weights, an expression by its ARKit weights."""


@dataclass(frozen=True)
class SteeredPictureOptions:
    side_px: int = 256
    """Side of the pictures, pixels."""
    rays_each_way: int = 2
    """Rays a pixel, across and down; 1 takes a quarter of the time and leaves jagged edges."""


@dataclass(frozen=True)
class SteeredOptions(SteeredPictureOptions):
    around: Literal["mp4", "gif", "png", "none"] = "none"
    """Format of a turntable of the result."""
    mesh: Literal["none", "glb", "obj"] = "none"
    """Write the textured mesh whose landmarks these are."""
    no_field: bool = False
    """Do not save the field, which can be edited further."""
