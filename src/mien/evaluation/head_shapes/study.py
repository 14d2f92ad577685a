"""Study: every shape, blinks of many people, and random mixtures of shapes, judged by numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mien.evaluation.head_shapes.surfaces import JudgedSurface
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.progress import ProgressReport, reported, silent

PASSED_MM = 0.3
"""What may pass through at most."""
REST_GAP_MM = 0.1
"""How far lips at rest may be from touching."""
STEPS = (0.25, 0.5, 0.75, 1.0)
"""Weights at which lids are judged on the way."""


@dataclass(frozen=True)
class ShapeFigures:
    """One face.

    Attributes:
        name: the shape's, or of what the face is made.
        lips_gap_mm: largest gap of the lips; lips_through_mm: how deep one is in the other.
        lids_slit_mm: largest gap of the lids along their edge, of the eye that blinks; 0 where none does.
        lids_through_mm: how far the lids' edges pass through each other.
        skin_in_eyes_mm: the most on the way to this face; inside_out_mm: what of the mouth stands out
            of the skin around the lips; folds: edges; spikes: vertices.
        asymmetry_mm: largest distance of the shape from its partner's mirror image; 0 for mixtures.
    """

    name: str
    lips_gap_mm: float
    lips_through_mm: float
    lids_slit_mm: float
    lids_through_mm: float
    skin_in_eyes_mm: float
    inside_out_mm: float
    folds: int
    spikes: int
    asymmetry_mm: float = 0.0

    @property
    def faults(self) -> tuple[str, ...]:
        """What lies above the bars, in words."""
        found = []
        if self.lips_through_mm > PASSED_MM:
            found.append(f"lips {self.lips_through_mm:.2f} mm through each other")
        if self.lids_slit_mm > REST_GAP_MM:
            found.append(f"a slit of {self.lids_slit_mm:.2f} mm")
        if self.lids_through_mm > PASSED_MM:
            found.append(f"lids {self.lids_through_mm:.2f} mm through each other")
        if self.skin_in_eyes_mm > PASSED_MM:
            found.append(f"skin {self.skin_in_eyes_mm:.2f} mm in an eye")
        if self.inside_out_mm > 0:
            found.append(f"the mouth's inside {self.inside_out_mm:.2f} mm out of the skin")
        if self.folds:
            found.append(f"{self.folds} folded edges")
        if self.spikes:
            found.append(f"{self.spikes} spikes")
        if self.asymmetry_mm > PASSED_MM:
            found.append(f"sides differ by {self.asymmetry_mm:.2f} mm")
        return tuple(found)


@dataclass(frozen=True)
class HeadShapesResult:
    """rest: the mean face; shapes: each shape alone at 1 on it; blinks: of random people with both eyes shut;
    mixtures: random people with two to five shapes, drawn as `random_faces` does."""

    rest: ShapeFigures
    shapes: tuple[ShapeFigures, ...]
    blinks: tuple[ShapeFigures, ...]
    mixtures: tuple[ShapeFigures, ...]


def random_faces(head: Head, *, count: int, seed: int = 5) -> list[tuple[str, HeadParameters]]:
    """Random people with two to five shapes; mouthClose never more than jawOpen."""
    rng = np.random.default_rng(seed)
    faces = []
    for number in range(count):
        chosen = rng.choice(head.expression_count, size=rng.integers(2, 6), replace=False)
        expression = np.zeros(head.expression_count)
        expression[chosen] = rng.uniform(0.3, 1.0, size=len(chosen))
        names = list(head.expression_names)
        if "mouthClose" in names and "jawOpen" in names:
            close, jaw = names.index("mouthClose"), names.index("jawOpen")
            expression[close] = min(expression[close], expression[jaw])
        parts = "+".join(f"{names[i]} {expression[i]:.1f}" for i in chosen if expression[i])
        identity = rng.normal(size=head.identity_count)
        faces.append(
            (f"{number}: {parts}", replace(head.neutral(), identity=identity, expression=expression))
        )
    return faces


def study_head_shapes(
    head: Head, *, people: int = 50, mixtures: int = 40, seed: int = 5, report: ProgressReport = silent
) -> HeadShapesResult:
    """Judge a head.

    Args:
        people: how many blink; mixtures: how many random faces are judged.

    Raises:
        InputError: the head has no quads, or no parts called "mouth_interior" and "eye_sockets".
    """
    surface = JudgedSurface.of(head)
    neutral = head.neutral()
    rng = np.random.default_rng(seed)
    blinking = [name.startswith("eyeBlink") for name in head.expression_names]
    shut = np.array(blinking, float)
    blinks = [
        (f"person {i}", replace(neutral, identity=rng.normal(size=head.identity_count), expression=shut))
        for i in range(people)
    ]
    alone = [
        (name, replace(neutral, expression=np.eye(head.expression_count)[i]))
        for i, name in enumerate(head.expression_names)
    ]
    groups = [[("rest", neutral)], alone, blinks, random_faces(head, count=mixtures, seed=seed)]
    faces = [face for group in groups for face in group]
    judged = [
        _judge(surface, name, parameters)
        for name, parameters in reported(faces, report, label="judging faces", total=len(faces))
    ]
    ends = np.cumsum([len(group) for group in groups]).tolist()
    shapes = tuple(
        replace(figures, asymmetry_mm=_asymmetry_mm(head, i))
        for i, figures in enumerate(judged[ends[0] : ends[1]])
    )
    return HeadShapesResult(
        judged[0], shapes, tuple(judged[ends[1] : ends[2]]), tuple(judged[ends[2] : ends[3]])
    )


def _judge(surface: JudgedSurface, name: str, parameters: HeadParameters) -> ShapeFigures:
    head = surface.head
    rest_m = head.rest_vertices_m(parameters.identity, np.zeros(head.expression_count))
    moved_m = head.rest_vertices_m(parameters.identity, parameters.expression)
    centres_m = head.joints_m(parameters.identity)[2:]
    lips = surface.seams[0].gaps_mm(moved_m)
    slit, through = 0.0, 0.0
    for seam, blink in zip(surface.seams[1:], ("eyeBlinkLeft", "eyeBlinkRight"), strict=True):
        if blink in head.expression_names:
            weight = parameters.expression[head.expression_names.index(blink)]
            if weight >= 1 and np.count_nonzero(parameters.expression) <= 2:
                gaps = seam.gaps_mm(moved_m)[3:-3]
                slit, through = max(slit, float(gaps.max())), max(through, float(-gaps.min()))
    out = "tongueOut" in head.expression_names and bool(
        parameters.expression[head.expression_names.index("tongueOut")]
    )
    steps = STEPS if parameters.expression.any() else (0.0,)
    in_eyes = max(
        surface.skin_in_eyes_mm(
            head.rest_vertices_m(parameters.identity, step * parameters.expression), centres_m
        )
        for step in steps
    )
    return ShapeFigures(
        name=name,
        lips_gap_mm=float(lips.max()),
        lips_through_mm=surface.lips_through_mm(moved_m),
        lids_slit_mm=max(slit, 0.0),
        lids_through_mm=max(through, 0.0),
        skin_in_eyes_mm=in_eyes,
        inside_out_mm=surface.inside_out_mm(moved_m, tongue=not out),
        folds=surface.folds(rest_m, moved_m),
        spikes=len(surface.spikes(rest_m, moved_m)),
    )


def _asymmetry_mm(head: Head, shape: int) -> float:
    name = head.expression_names[shape]
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            name = name[: -len(side)] + other
            break
    partner = head.expression_basis_m[head.expression_names.index(name)]
    away = head.expression_basis_m[shape] - partner[head.mirror_vertices] * [-1, 1, 1]
    return 1000 * float(np.linalg.norm(away, axis=1).max())
