"""Landmarks measured on held-out synthetic faces, where everything is known exactly: by yaw, by size of the
face, whether σ is honest and knows what is hidden, and how well lids are followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.evaluation.landmarks.metrics import box_px
from mien.heads.landmark_sets import conversion_indices, landmark_groups, opening_pairs
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.region import region_from_points
from mien.landmarks.types import Landmarks2D

EXACT_SET = "dense703"
YAW_EDGES_DEG = (0, 15, 30, 45, 60, 75, 90)
SIZES_PX = (40, 60, 90, 150)
"""Sizes of the face (square root of the area of its 68 points' box) at which everything is measured."""

HONEST_1_SIGMA, HONEST_2_SIGMA = 1 - np.exp(-0.5), 1 - np.exp(-2.0)
"""Share of points within 1σ and 2σ of a circular Gaussian: 39 % and 86 %."""

_MAX_YAW_OF_LIDS_RAD = np.radians(40)

SKIN_ALBEDO_EDGES = (0.0, 0.08, 0.16, 0.26, 1.0)
"""Mean albedo of the skin that parts people: dark, brown, tan, light, about equally many drawn."""

_MAX_YAW_OF_GROUPS_RAD = np.radians(60)


@dataclass(frozen=True)
class DrawnPerson:
    """Whom a synthetic picture shows.

    Attributes:
        skin_albedo: mean albedo of the skin, 0 … 1.
        sex: "female" or "male".
        age: "child", "young", "middle" or "old".
    """

    skin_albedo: float
    sex: str
    age: str

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups that the person belongs to: skin tone, sex, age."""
        tone = int(np.searchsorted(SKIN_ALBEDO_EDGES, self.skin_albedo, side="right")) - 1
        low, high = SKIN_ALBEDO_EDGES[tone], SKIN_ALBEDO_EDGES[tone + 1]
        return (f"skin {low:.2f}–{high:.2f}", self.sex, self.age)


@dataclass(frozen=True)
class ExactFace:
    """A synthetic picture with what is known of it.

    Attributes:
        picture: (H, W, 3) RGB.
        points_px: (703, 2) exact landmarks of `EXACT_SET`.
        visibility: (703,) 0 visible, 1 behind the head itself, 2 behind something else, 3 outside.
        parameters: the head that was drawn.
        camera: that it was drawn with.
        yaw_rad: of the face to the camera.
        person: whom it shows, where that is known.
    """

    picture: UInt8[np.ndarray, "height width 3"]
    points_px: Float[np.ndarray, "landmarks 2"]
    visibility: UInt8[np.ndarray, " landmarks"]
    parameters: HeadParameters
    camera: Camera
    yaw_rad: float
    person: DrawnPerson | None = None


@dataclass(frozen=True)
class MeasuredFace:
    """What a landmarker made of one face at one size.

    Attributes:
        size_px: size of the face in the picture that was shown.
        yaw_rad: of the face.
        found: whether searching the whole picture found it.
        tracked: whether following it from jittered landmarks of the picture before kept it.
        error: mean distance of the 68 points over the face's size; NaN where it was not tracked.
        ratios: distances over σ of the face's landmarks.
        sigma: σ of the face's landmarks over the face's size.
        visibility: of the same landmarks.
        gaps: (P, 3) of the pairs across the lids: predicted, true, and the same person's at rest, pixels;
            empty where the eyes are seen from the side.
        person: whom it shows, where that is known.
    """

    size_px: float
    yaw_rad: float
    found: bool
    tracked: bool
    error: float
    ratios: Float[np.ndarray, " landmarks"]
    sigma: Float[np.ndarray, " landmarks"]
    visibility: UInt8[np.ndarray, " landmarks"]
    gaps: Float[np.ndarray, "pairs 3"]
    person: DrawnPerson | None = field(default=None, kw_only=True)


def measure(
    faces: Iterable[ExactFace], landmarker: Landmarker, *, size_px: float, seed: int = 0
) -> list[MeasuredFace]:
    """Show every face at one size, slightly noisy and JPEG-compressed, in a picture twice as wide."""
    chosen = _Choice.of(landmarker.set_name)
    return [
        _measure_one(face, landmarker, chosen, size_px, np.random.default_rng((seed, index)))
        for index, face in enumerate(faces)
    ]


def by_group(measured: Sequence[MeasuredFace]) -> dict[str, tuple[int, float]]:
    """Faces turned by less than 60°, by skin tone, sex and age: how many, and their mean error (NME)."""
    grouped: dict[str, list[float]] = {}
    for face in measured:
        if face.tracked and face.person is not None and abs(face.yaw_rad) < _MAX_YAW_OF_GROUPS_RAD:
            for name in face.person.groups:
                grouped.setdefault(name, []).append(face.error)
    return {name: (len(errors), float(np.mean(errors))) for name, errors in sorted(grouped.items())}


def figures(measured: list[MeasuredFace]) -> dict[str, float]:
    """Summary of faces measured alike: shares found and tracked, NME, honesty of σ, lids."""
    tracked = [face for face in measured if face.tracked]
    ratios = np.concatenate([face.ratios for face in tracked]) if tracked else np.zeros(0)
    sigma = np.concatenate([face.sigma for face in tracked]) if tracked else np.zeros(0)
    visibility = np.concatenate([face.visibility for face in tracked]) if tracked else np.zeros(0)

    errors = ratios * sigma

    def of(kind: int, values: np.ndarray = sigma) -> float:
        chosen = values[visibility == kind]
        return float(np.median(chosen)) if len(chosen) else float("nan")

    return {
        "faces": len(measured),
        "found": _mean([face.found for face in measured]),
        "tracked": _mean([face.tracked for face in measured]),
        "nme": _mean([face.error for face in tracked]),
        "within_1_sigma": _mean(ratios < 1),
        "within_2_sigma": _mean(ratios < 2),
        "sigma_visible": of(0),
        "sigma_behind_head_ratio": of(1) / of(0),
        "sigma_behind_things_ratio": of(2) / of(0),
        "error_behind_head_ratio": of(1, errors) / of(0, errors),
        "error_behind_things_ratio": of(2, errors) / of(0, errors),
        **_lid_figures([face.gaps for face in tracked if len(face.gaps)]),
    }


def _lid_figures(gaps: list[np.ndarray]) -> dict[str, float]:
    """Eyes one by one: error of the gap over the open gap, slope of predicted on true, error when closed."""
    if not gaps:
        return {}
    halves = np.concatenate(
        [np.stack([each.mean(axis=0) for each in np.array_split(gap, 2)]) for gap in gaps]
    )
    predicted, true = halves[:, 0] / halves[:, 2], halves[:, 1] / halves[:, 2]
    closed = true < 0.25
    return {
        "lid_gap_error": float(np.abs(predicted - true).mean()),
        "lid_gap_slope": float(np.polyfit(true, predicted, 1)[0]),
        "lid_gap_error_closed": _mean(np.abs(predicted - true)[closed]),
        "closed_eyes": int(closed.sum()),
    }


def _mean(values: Sequence[float] | np.ndarray) -> float:
    """NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


@dataclass(frozen=True)
class _Choice:
    """Which of the exact points, and of the landmarker's, are compared."""

    set_name: str
    exact: np.ndarray
    own_68: np.ndarray
    face: np.ndarray
    lids: np.ndarray
    head: Head

    @staticmethod
    def of(set_name: str) -> _Choice:
        head = load_head()
        exact = np.asarray(conversion_indices(EXACT_SET, set_name))
        groups = {name: np.asarray(members) for name, members in landmark_groups(set_name).items()}
        lids = set(groups["lids"].tolist())
        left = set(groups["left_eye"].tolist())
        pairs = [p for p in opening_pairs(head, set_name).tolist() if p[0] in lids and p[1] in lids]
        pairs.sort(key=lambda pair: pair[0] not in left)  # left eye first, as many on each side
        own_68 = np.asarray(conversion_indices(set_name, "ict68"))
        return _Choice(set_name, exact, own_68, groups["face"], np.array(pairs).reshape(-1, 2), head)

    def rest_points_px(self, face: ExactFace) -> np.ndarray:
        """Where the landmarks would be with the same person's face at rest."""
        at_rest = replace(face.parameters, expression=np.zeros_like(face.parameters.expression))
        vertices = self.head.landmark_set(self.set_name).vertices
        return face.camera.project(self.head.vertices_m(at_rest)[vertices])


def _measure_one(
    face: ExactFace, landmarker: Landmarker, choice: _Choice, size_px: float, rng: np.random.Generator
) -> MeasuredFace:
    exact_px = np.asarray(face.points_px, float)[choice.exact]
    scale = size_px / float(box_px(exact_px[choice.own_68][None])[0])
    picture, offset_px = _shown(face.picture, scale, rng)

    def moved(points_px: np.ndarray) -> np.ndarray:
        return (points_px + 0.5) * scale - 0.5 + offset_px

    true_px = moved(exact_px)
    region = region_from_points(true_px, choice.set_name)
    found = any(
        np.linalg.norm(region_from_points(each.points_px, each.set_name).center_px - region.center_px)
        < 0.2 * region.side_px
        for each in landmarker(picture)
    )
    # a face moves by a few hundredths of its region's side from one frame to the next
    before = Landmarks2D(
        true_px + rng.normal(0, 0.03, 2) * region.side_px, np.ones(len(true_px)), choice.set_name
    )
    seen = landmarker.track(picture, before)
    gaps = np.zeros((0, 3))
    if seen is None:
        empty = np.zeros(0)
        return MeasuredFace(
            size_px,
            face.yaw_rad,
            found,
            False,
            np.nan,
            empty,
            empty,
            np.zeros(0, np.uint8),
            gaps,
            person=face.person,
        )
    distances_px = np.linalg.norm(seen.points_px - true_px, axis=1)
    if abs(face.yaw_rad) < _MAX_YAW_OF_LIDS_RAD:
        rest_px = moved(choice.rest_points_px(face))
        gaps = np.stack(
            [
                np.linalg.norm(points[choice.lids[:, 0]] - points[choice.lids[:, 1]], axis=1)
                for points in (seen.points_px, true_px, rest_px)
            ],
            axis=1,
        )
    return MeasuredFace(
        size_px=size_px,
        yaw_rad=face.yaw_rad,
        found=found,
        tracked=True,
        error=float(distances_px[choice.own_68].mean() / size_px),
        ratios=(distances_px / seen.sigma_px)[choice.face],
        sigma=seen.sigma_px[choice.face] / size_px,
        visibility=np.asarray(face.visibility)[choice.exact][choice.face],
        gaps=gaps,
        person=face.person,
    )


def _shown(picture: np.ndarray, scale: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The picture at another size inside a wider one, noisy and compressed; and where its corner came to lie.

    Around it are its own blurred mirror images, so that no edge gives the face away.
    """
    import cv2

    height, width = (max(8, round(side * scale)) for side in picture.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(picture, (width, height), interpolation=way)
    margin = np.array([width, height]) // 2
    around = cv2.copyMakeBorder(
        small, int(margin[1]), int(margin[1]), int(margin[0]), int(margin[0]), cv2.BORDER_REFLECT_101
    )
    around = np.asarray(cv2.GaussianBlur(around, (0, 0), max(2.0, width / 12)))
    around[margin[1] : margin[1] + height, margin[0] : margin[0] + width] = small
    noisy = np.clip(around + rng.normal(0, 4, around.shape), 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)), margin.astype(float)
