"""3D pseudo-labels of a generator's latents: detections in the fixed views, lifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from mien.cameras import Camera
from mien.datasets.lifting.config import ViewsConfig
from mien.datasets.lifting.detectors import Detected, Detector
from mien.datasets.lifting.drawing import framing_template_m
from mien.datasets.lifting.posed_views import SAMPLED, PosedViews, all_posed_views
from mien.errors import InputError
from mien.files import atomic_path
from mien.heads.landmark_sets import conversion_indices
from mien.lifting.pseudo_labels import lift_landmarks
from mien.lifting.template import LandmarkTemplate, laid_on_their_mean, template_of
from mien.lifting.visibility import ellipsoid_normals, visible_from
from mien.progress import Progress, ProgressReport, silent
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.npz import open_npz

FORMAT_VERSION = 1
_MAX_M, _MAX_VIEWS = 1e3, 10_000
PAPER_PX = 224
"""Residuals are reported as if pictures had this side."""
EXACT = "exact"
"""Name of the detector that takes what the generator knows of each view's 2D landmarks."""


@dataclass(frozen=True, eq=False)
class PseudoLabels:
    """Labels of some latents.

    Attributes:
        latents: (N,); points_m: (N, L, 3) in the generator's world; NaN where not lifted.
        rms_px: (N,) residual per axis, of pictures of 224²; NaN where nothing was lifted.
        views: (N, L) that each was lifted from.
        exact_m: (N, L, 3) what is true, where the generator knows, else NaN.
        common_from_world: (N, 3, 4) similarities (s Q | d) that lay each head on the common mean:
            a picture does not tell how large a head is.
        template_m, normals: (L, 3) that mean, and its normals.
        set_name, detector: names.
    """

    latents: Int64[np.ndarray, " latents"]
    points_m: Float32[np.ndarray, "latents landmarks 3"]
    rms_px: Float32[np.ndarray, " latents"]
    views: Int64[np.ndarray, "latents landmarks"]
    exact_m: Float32[np.ndarray, "latents landmarks 3"]
    common_from_world: Float64[np.ndarray, "latents 3 4"]
    template_m: Float64[np.ndarray, "landmarks 3"]
    normals: Float64[np.ndarray, "landmarks 3"]
    set_name: str
    detector: str

    @property
    def template(self) -> LandmarkTemplate:
        """Mean face of the labels."""
        return LandmarkTemplate(self.template_m, self.normals, self.set_name)

    def in_common_frame(
        self, points_m: Float32[np.ndarray, "latents landmarks 3"]
    ) -> Float64[np.ndarray, "latents landmarks 3"]:
        """Each latent's points, of the generator's world, on the common mean."""
        turned = np.einsum("nij,nlj->nli", self.common_from_world[:, :, :3], points_m.astype(float))
        return turned + self.common_from_world[:, None, :, 3]

    def error_mm(self) -> Float64[np.ndarray, "latents landmarks"]:
        """(N, L) distance from the truth; NaN where either is not known."""
        return 1000 * np.linalg.norm(self.points_m.astype(float) - self.exact_m, axis=2)

    def save(self, path: Path) -> None:
        """Write them as plain `.npz`."""
        with atomic_path(path) as part, open(part, "wb") as stream:
            np.savez(stream, format_version=FORMAT_VERSION, **vars(self))


def read_pseudo_labels(path: Path) -> PseudoLabels:
    """Labels from a file.

    Raises:
        InputError: it is missing, damaged or of another version.
    """
    remedy = "make them anew with: mien lift labels"
    places: dict[str, Any] = {"low": -_MAX_M, "high": _MAX_M}
    with open_npz(path, what=f"are no pseudo-labels; {remedy}", missing=f"are missing; {remedy}") as file:
        values = FileValues(file, source=path, remedy=remedy)
        if values.integer("format_version") != FORMAT_VERSION:
            raise InputError(f"are of another version; {remedy}", source=path)
        template_m = values.stored("template_m", "landmarks 3", np.float64, nan=True, **places)
        unknown = np.isnan(template_m).any(axis=1)
        labels = PseudoLabels(
            latents=values.stored("latents", "latents", np.int64, low=0),
            points_m=values.stored("points_m", "latents landmarks 3", np.float32, nan=True, **places),
            rms_px=values.stored("rms_px", "latents", np.float32, low=0, high=1e6, nan=True),
            views=values.stored("views", "latents landmarks", np.int64, low=0, high=_MAX_VIEWS),
            exact_m=values.stored("exact_m", "latents landmarks 3", np.float32, nan=True, **places),
            common_from_world=values.stored("common_from_world", "latents 3 4", np.float64, **places),
            template_m=template_m,
            normals=values.stored("normals", "landmarks 3", np.float64, low=-1.01, high=1.01, nan=True),
            set_name=values.text("set_name", longest=100),
            detector=values.text("detector", longest=1000),
        )
    if not len(labels.latents) or unknown.all():
        raise values.damaged("nobody was labelled")
    if (np.isnan(labels.normals).any(axis=1) & ~unknown).any():
        raise values.damaged("normals holds NaN")
    lost = np.isnan(labels.points_m).any(axis=2)
    if (np.isnan(labels.rms_px) & ~np.all(lost, axis=1)).any():
        raise values.damaged("rms_px holds NaN for who was labelled")
    return labels


def label_views(
    folders: Sequence[Path],
    detector: Detector | None,
    *,
    set_name: str,
    detector_name: str,
    noise_px: float = 0.0,
    all_views: bool = False,
    report: ProgressReport = silent,
) -> PseudoLabels:
    """Detect, mask and lift; what is masked is told from the mean of a first round's labels.

    Args:
        detector: None: the views' own exact landmarks.
        noise_px: deviation of noise that is added to each axis of detections, pixels of 224² pictures.
        all_views: lift from views of random cameras too.

    Raises:
        InputError: no views, or no exact landmarks where they are asked for.
    """
    heads: list[_Seen] = []
    for path, views in all_posed_views(folders):
        seen = _detections(views, detector, set_name, noise_px=noise_px, all_views=all_views, source=path)
        heads += seen
        report(Progress(len(heads), 0, "detecting"))
    first = _template_from_views(heads)
    template_m, normals = first, ellipsoid_normals(first)
    lifted = []
    for _ in range(2):
        lifted = []
        for head in heads:
            counts = visible_from(template_m, normals, head.cameras)
            lifted.append(lift_landmarks(head.points_px, counts, head.cameras, sigma_px=head.sigma_px))
            report(Progress(len(lifted), len(heads), "lifting"))
        template = template_of(np.stack([one.points_m for one in lifted]), set_name)
        template_m, normals = template.points_m, template.normals
    points_m = np.stack([one.points_m for one in lifted])
    common_from_world = laid_on_their_mean(points_m)
    common = (
        np.einsum("nij,nlj->nli", common_from_world[:, :, :3], points_m) + common_from_world[:, None, :, 3]
    )
    template = template_of(common, set_name)
    template_m, normals = template.points_m, template.normals
    scale = np.array([PAPER_PX / head.shown_px for head in heads])
    return PseudoLabels(
        latents=np.array([head.latent for head in heads], np.int64),
        points_m=points_m.astype(np.float32),
        rms_px=(np.array([one.rms_px for one in lifted]) / np.sqrt(2) * scale).astype(np.float32),
        views=np.stack([one.views for one in lifted]).astype(np.int64),
        exact_m=np.stack([head.exact_m for head in heads]).astype(np.float32),
        common_from_world=common_from_world,
        template_m=template_m,
        normals=normals,
        set_name=set_name,
        detector=detector_name,
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a detector saw of one latent."""

    latent: int
    points_px: np.ndarray
    sigma_px: np.ndarray
    cameras: list[Camera]
    exact_m: np.ndarray
    shown_px: float


def _detections(
    views: PosedViews,
    detector: Detector | None,
    set_name: str,
    *,
    noise_px: float,
    all_views: bool,
    source: Path,
) -> list[_Seen]:
    if detector is None and not views.exact_set:
        raise InputError("its generator does not know the landmarks; name a --detector", source=source)
    chosen = None
    if views.exact_set == set_name:
        chosen = np.arange(views.exact_px.shape[1])
    elif views.exact_set:
        try:
            chosen = conversion_indices(views.exact_set, set_name)
        except InputError:
            if detector is None:
                raise
    framing_m = framing_template_m()
    margin = shown_share(source.parent)
    found = []
    for latent in np.unique(views.latents):
        rows = [int(row) for row in views.rows_of(int(latent)) if all_views or views.fixed[row] != SAMPLED]
        cameras = [views.camera(row) for row in rows]
        shown_px = cameras[0].width_px * margin
        if detector is None:
            assert chosen is not None
            seen = [Detected(views.exact_px[row][chosen].astype(float), np.ones(len(chosen))) for row in rows]
        else:
            seen = [
                detector(views.picture(row), camera.project(framing_m))
                for row, camera in zip(rows, cameras, strict=True)
            ]
        count = next((len(one.points_px) for one in seen if one is not None), 0)
        if not count:
            continue
        nothing = Detected(np.full((count, 2), np.nan), np.full(count, np.inf))
        kept = [nothing if one is None else one for one in seen]
        points_px = np.stack([one.points_px for one in kept])
        if noise_px:
            rng = np.random.default_rng([int(latent), 224])
            points_px = points_px + rng.normal(0, noise_px * shown_px / PAPER_PX, points_px.shape)
        exact_m = np.full((count, 3), np.nan)
        if chosen is not None and len(chosen) == count:
            exact_m = views.exact_m[rows[0]][chosen].astype(float)
        sigma_px = np.stack([one.sigma_px for one in kept])
        found.append(_Seen(int(latent), points_px, sigma_px, cameras, exact_m, shown_px))
    return found


def shown_share(folder: Path) -> float:
    """Side of what a network is shown over that of a folder's pictures."""
    path = folder / "manifest.json"
    if not path.is_file():
        return ViewsConfig().margin
    return FileValues(read_json_object(path), source=path).number("margin", low=0.1, high=1.0)


def _template_from_views(heads: Sequence[_Seen], *, most: int = 60) -> np.ndarray:
    """A first mean face, from all views alike: hidden landmarks err, and a robust mean of many bears it."""
    lifted = [
        lift_landmarks(
            head.points_px, np.ones(head.points_px.shape[:2], bool), head.cameras, sigma_px=head.sigma_px
        ).points_m
        for head in heads[:most]
    ]
    if not lifted:
        raise InputError("no face was detected in any view", source="--detector")
    return np.nanmedian(np.stack(lifted), axis=0)
