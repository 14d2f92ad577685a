"""Captures made hard in one way or several, as a newcomer's are, and what mien makes of each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from mien.camera_files.lens import Lens
from mien.errors import InputError, MienError
from mien.fields.config import FieldConfig
from mien.fields.files import save_field
from mien.fields.head_capture import HeadCapture, focus_on_head
from mien.fields.posed_images import PosedImages, load_posed_images
from mien.fields.radiance_field import RadianceField
from mien.fields.train import train_field
from mien.fields.unposed_images import load_unposed_images
from mien.geometry.alignment import Similarity, align_rigid, align_similarity
from mien.heads.library import load_head
from mien.landmarks_in_fields.head_in_field import fit_field
from mien.landmarks_in_fields.predict import FieldLandmarker
from mien.landmarks_in_fields.types import Landmarks3D
from mien.progress import Progress, ProgressReport, silent
from mien.reading.npy import read_npy
from mien.synthetic.scenes.make_scene import make_scene
from mien.synthetic.scenes.posed_scene import PosedStudio
from mien.synthetic.scenes.scene_files import TRUTH_NAME
from mien.synthetic.scenes.scene_request import SceneRequest
from mien.synthetic.scenes.scene_truth import held_out_views, read_scene_truth

SIZE_PX = 256
WHOLLY = 0.999
"""Of a reduced pixel, inside the silhouette."""
_ROOM = SceneRequest(surroundings="room", shoulders=True, views=40)
CAPTURES: dict[str, SceneRequest] = {
    "long hair, cut out": SceneRequest(person=0),
    "wall close behind": SceneRequest(person=3, surroundings="wall", sides="front", views=40, shoulders=True),
    "wall, long hair": SceneRequest(person=0, surroundings="wall", sides="front", views=40, shoulders=True),
    "shoulders, cut out": SceneRequest(person=5, shoulders=True, views=40),
    "shoulders and clutter": replace(_ROOM, person=7),
    "clutter, random light": replace(_ROOM, person=11, light="random"),
    "changing exposure": replace(_ROOM, person=8, exposure=0.25),
    "lens distortion": replace(_ROOM, person=9, distortion=True),
    "cameras off by 1°": replace(_ROOM, person=5, noise_deg=1.0),
    "cameras off by 1 cm": replace(_ROOM, person=12, noise_mm=10.0),
    "all at once": replace(_ROOM, person=13, exposure=0.2, distortion=True, noise_deg=0.5, noise_mm=5.0),
    "orbit without cameras": SceneRequest(
        person=7,
        surroundings="room",
        shoulders=True,
        sides="orbit",
        views=60,
        test_views=6,
        exposure=0.15,
        distance_m=0.7,
        no_cameras=True,
    ),
}
"""By name, the last one without cameras."""


@dataclass(frozen=True)
class CaptureFigures:
    """What came of a capture; NaN where there is nothing to measure.

    Attributes:
        head_found: in the pictures; landmarks_found: in the field.
        landmarks_mm: mean distance of the field's 68 landmarks from the truth (without cameras after a
            similarity of the cameras' centres onto the true ones).
        aligned_mm: the same after the rigid motion that fits them best: the place of the world of cameras
            that are off is not known better than they are; with an own scale without cameras.
        fitted_mm: as landmarks_mm, of the head fitted to the field (`fit_field`).
        confidence: of the landmarks; psnr_db: of the training rays.
        inside_db: on pictures held out, inside the true silhouette where the head's box is.
        rotation_deg, centre_percent: mean error of the training cameras, after that similarity; of the
        distance.
        seconds: of training.
    """

    name: str
    head_found: bool
    landmarks_found: bool
    landmarks_mm: float
    aligned_mm: float
    fitted_mm: float
    confidence: float
    psnr_db: float
    inside_db: float
    rotation_deg: float
    centre_percent: float
    seconds: float
    said: str = ""


def make_captures(
    assets: Path, out: Path, *, only: tuple[str, ...] = (), report: ProgressReport = silent
) -> int:
    """Photograph what is not there yet; returns how many.

    Raises:
        InputError: the assets are not there.
    """
    wanted = [
        name
        for name in CAPTURES
        if (not only or name in only) and not (out / folder_name(name) / TRUTH_NAME).exists()
    ]
    studio = PosedStudio(assets, size_px=SIZE_PX) if wanted else None
    for index, name in enumerate(wanted):
        report(Progress(index, len(wanted), name))
        assert studio is not None
        make_scene(studio, CAPTURES[name], out / folder_name(name))
    return len(wanted)


def folder_name(name: str) -> str:
    """Of a capture's data."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.replace("°", "deg"))


def measure_capture(
    folder: Path, name: str, config: FieldConfig, *, report: ProgressReport = silent
) -> CaptureFigures:
    """Do as `mien field train` and `mien field landmarks` do, and compare with the truth.

    The field is kept in the folder.
    """
    request = CAPTURES[name]
    unknown = [float("nan")] * 9
    nothing = CaptureFigures(name, False, False, *unknown)  # pyright: ignore[reportArgumentType]
    try:
        images, capture = _ready(folder, request, report)
    except InputError as error:
        return replace(nothing, said=str(error))
    settings = replace(config, each_exposure=capture is not None and bool(capture.images.mattes))
    doubted = capture is not None and (request.no_cameras or capture.place.refined)
    truth = _Truth.read(folder)
    held = {f"{number:03d}.png" for number in truth.test}
    train = images.pick([index for index, one in enumerate(images.names) if Path(one).name not in held])
    field = train_field(train if capture is None else replace(capture, images=train), settings)
    save_field(field, folder / "field")
    test = images.pick([index for index, one in enumerate(images.names) if Path(one).name in held])
    names = [Path(one).name for one in train.names]
    to_truth, rotation, centre = truth.of_cameras(names, field)
    capture = field.facts.capture
    found = FieldLandmarker()(field, near=None if capture is None else capture.place)
    error_mm = aligned_mm = fitted_mm = float("nan")
    if found.found:
        points_m = to_truth.apply(found.points_m) if request.no_cameras else found.points_m
        align = align_similarity if request.no_cameras else align_rigid
        onto = align(points_m, truth.landmarks_m)
        error_mm = _distance_mm(points_m, truth.landmarks_m)
        aligned_mm = _distance_mm(onto.apply(points_m), truth.landmarks_m)
        fitted_m = _fitted_points_m(field, found)
        fitted_mm = _distance_mm(
            to_truth.apply(fitted_m) if request.no_cameras else fitted_m, truth.landmarks_m
        )
    return CaptureFigures(
        name,
        True,
        found.found,
        error_mm,
        aligned_mm,
        fitted_mm,
        found.confidence,
        field.facts.training.psnr_db,
        truth.inside_db(folder, field, test, refine=doubted),
        rotation,
        centre,
        field.facts.training.seconds,
    )


def _ready(
    folder: Path, request: SceneRequest, report: ProgressReport
) -> tuple[PosedImages, HeadCapture | None]:
    if request.no_cameras:
        # Test views are not photographed by the newcomer
        total = request.views + request.test_views
        unposed = load_unposed_images(folder / "images", most=total, report=report)
        capture = focus_on_head(unposed.images, unit_known=True, faces=unposed.faces, refine_cameras=False)
        return capture.images, capture
    images = load_posed_images(folder / "transforms.json")
    if images.has_masks:
        return images, None
    capture = focus_on_head(images, report=report)
    return capture.images, capture


@dataclass(frozen=True, eq=False)
class _Truth:
    landmarks_m: Float[np.ndarray, "68 3"]
    camera_from_world: Float[np.ndarray, "views 4 4"]
    intrinsics: Float[np.ndarray, "3 3"]
    test: tuple[int, ...]

    @staticmethod
    def read(folder: Path) -> _Truth:
        truth = read_scene_truth(folder)
        return _Truth(truth.landmarks_m, truth.camera_from_world, truth.intrinsics, held_out_views(folder))

    def of_cameras(self, names: list[str], field: RadianceField) -> tuple[Similarity, float, float]:
        """Truth from the field's world by the training cameras' centres; their mean errors after that."""
        numbers = [int(name.removesuffix(".png")) for name in names]
        true = self.camera_from_world[numbers]
        centres = -np.einsum("vji,vj->vi", true[:, :3, :3], true[:, :3, 3])
        own = np.stack([camera.world_from_camera[:3, 3] for camera in field.facts.cameras])
        similarity = align_similarity(own, centres)
        turns = []
        for camera, pose in zip(field.facts.cameras, true, strict=True):
            between = pose[:3, :3] @ similarity.rotation @ camera.camera_from_world[:3, :3].T
            turns.append(np.degrees(np.arccos(np.clip((np.trace(between) - 1) / 2, -1, 1))))
        off = np.linalg.norm(similarity.apply(own) - centres, axis=1)
        distance = np.linalg.norm(centres - self.landmarks_m.mean(axis=0), axis=1)
        return similarity, float(np.mean(turns)), float(100 * (off / distance).mean())

    def inside_db(self, folder: Path, field: RadianceField, held_out: PosedImages, *, refine: bool) -> float:
        """PSNR of pictures held out, in pixels that lie wholly inside the true silhouette and above the
        chin; each picture's exposure is taken out. Pictures have the size that was trained on; a sheet of
        them is left in the folder.

        Args:
            refine: move each picture's camera to where the field looks most like it: cameras are in doubt.
        """
        from mien.fields.pose_refinement import refined_camera
        from mien.fields.scores import SUPERSAMPLING, matched_gains
        from mien.images.writing import write_image

        out, rows = [], []
        shown_size = held_out.reduced(field.config.picture_side_px)
        true = self._inside(folder, held_out)
        for camera, rgba, inside in zip(shown_size.cameras, shown_size.rgba, true, strict=True):
            covered = _reduced(inside, camera.width_px, camera.height_px) > WHOLLY
            if refine:
                camera = refined_camera(field, camera, np.ascontiguousarray(rgba[..., :3]), covered)
            seen = field.render(camera, supersampling=SUPERSAMPLING)
            shown, wanted = seen.rgb / 255.0, rgba[..., :3] / 255.0
            gains = matched_gains(shown, wanted, covered & (seen.alpha > 0.9))
            error = np.where(covered[..., None], np.abs(shown - wanted * gains), 0)
            out.append(float(-10 * np.log10((error[covered] ** 2).mean())))
            rows.append(np.vstack([wanted, shown, np.clip(4 * error, 0, 1)]))
        write_image(folder / "held_out.png", np.rint(255 * np.hstack(rows)).astype(np.uint8))
        return float(np.mean(out))

    def _inside(self, folder: Path, pictures: PosedImages) -> list[Bool[np.ndarray, "h w"]]:
        """The true head of each picture above the chin, straightened as the pictures were."""
        from mien.images.stored import read_grey

        lens = _lens_of(folder)
        out = []
        for name, straight in zip(pictures.names, pictures.cameras, strict=True):
            number = int(Path(name).stem)
            mask = read_grey(folder / "masks" / f"{number:03d}.png") > 127
            depth_m = read_npy(folder / "depth" / f"{number:03d}.npy")
            mask &= self._above(self.camera_from_world[number], depth_m, float(self.landmarks_m[8, 1]))
            if lens is not None:
                grey = (255 * mask.astype(np.uint8))[..., None].repeat(3, axis=2)
                mask = lens.undistorted(grey, straight)[..., 0] > 254
            out.append(mask)
        return out

    def _above(self, true: np.ndarray, depth_m: np.ndarray, height_m: float) -> Bool[np.ndarray, "h w"]:
        """Pixels whose surface lies above a height of the true world."""
        rows, columns = np.mgrid[: depth_m.shape[0], : depth_m.shape[1]]
        local = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ np.linalg.inv(self.intrinsics).T
        points = (local * depth_m[..., None] - true[:3, 3]) @ true[:3, :3]
        return (depth_m > 0) & (points[..., 1] > height_m)


def _fitted_points_m(field: RadianceField, found: Landmarks3D) -> Float[np.ndarray, "68 3"]:
    """The 68 points of the head that is fitted to a field; NaN where none can be."""
    try:
        fitted = fit_field(field, landmarks=found)
    except MienError:
        return np.full((68, 3), np.nan)
    head = load_head()
    return head.vertices_m(fitted.parameters)[head.landmark_set(found.set_name).vertices]


def _distance_mm(points_m: Float[np.ndarray, "n 3"], true_m: Float[np.ndarray, "n 3"]) -> float:
    return float(1000 * np.linalg.norm(points_m - true_m, axis=1).mean())


def _lens_of(folder: Path) -> Lens | None:
    """The lens that a capture's pictures were bent by; None of a pinhole's."""
    from mien.camera_files.options import CameraFileOptions
    from mien.camera_files.reading import read_camera_file

    path = folder / "transforms.json"
    if not path.exists():
        return None
    return read_camera_file(path, CameraFileOptions(1.0, "undistort", False))[0].lens


def _reduced(mask: Bool[np.ndarray, "_ _"], width_px: int, height_px: int) -> Float[np.ndarray, "h w"]:
    """Which part of each larger pixel a mask covers."""
    import cv2

    size = (width_px, height_px)
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), float)


def as_rows(figures: list[CaptureFigures]) -> list[dict[str, object]]:
    """For JSON."""
    return [asdict(one) for one in figures]
