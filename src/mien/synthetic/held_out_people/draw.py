"""Random MakeHuman people whom no seed of the head's build drew, photographed from several sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.geometry.alignment import align_rigid
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.head_building.assembly import MakeHumanPeople, assemble
from mien.head_building.cards import BROW_WEIGHT_NAMES
from mien.head_building.completion import HeadCompletion
from mien.head_building.ict_facekit import read_ict_facekit
from mien.head_building.makehuman import ArkitTargets, MakeHuman
from mien.head_building.people import FACE_ABOVE_M, makehuman_displacement, random_makehuman_weights
from mien.head_building.rig import place_joints
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.region import region_from_points
from mien.progress import Progress, ProgressReport, reported, silent
from mien.synthetic.held_out_people.crowd import OF_PERSON, Crowd
from mien.synthetic.scenes.expressions import eye_joints, random_expression

GROUPS = {"as learned from": 0.42, "wider": 0.7}
"""Kinds of people and the strength of their facial details: the head was learned from the first kind."""
FACE_SIDES = (0.5, 0.75)
"""Side of the face's region over the picture's."""
FOCAL_SHARES = (0.7, 2.0)
"""Focal length over the picture's diagonal: from a phone's main lens to a portrait lens."""
SIDE_YAW_RAD = 0.55
"""How far the head turns in the shots from the sides."""


def draw_crowd(
    assets: Path,
    *,
    count: int,
    shots: int,
    seed: int,
    size_px: int = 512,
    report: ProgressReport = silent,
) -> Crowd:
    """Fresh people, the groups in turns, each with a neutral shot and others with expressions.

    Args:
        assets: folder that holds `ict_facekit/`, `makehuman/` and `makehuman_arkit/`.
        seed: anything but the seed of the head's build gives people that it was not learned from.

    Raises:
        InputError: the assets are not there, or the built-in head is not the one that they make.
    """
    head = load_head()
    makehuman, ict = MakeHuman(assets / "makehuman"), read_ict_facekit(assets / "ict_facekit")
    report(Progress(0, None, "laying the mesh onto the assets"))
    assembly = assemble(makehuman, ArkitTargets(assets / "makehuman_arkit"), ict)
    completion, people = HeadCompletion.of(assembly, head), MakeHumanPeople(assembly, makehuman)
    face = np.flatnonzero((assembly.mesh.parts == 0) & (assembly.mesh.vertices[:, 1] > FACE_ABOVE_M))
    rng = np.random.default_rng([seed, 4])
    groups = tuple(list(GROUPS)[person % len(GROUPS)] for person in range(count))
    brow_rng = np.random.default_rng([seed, 5])
    brows_m = head.identity_basis_m[head.identity_count - len(BROW_WEIGHT_NAMES) :]
    displacements_m, eyes_m = np.empty((count, head.vertex_count, 3)), np.empty((count, 2, 3))
    for person, group in enumerate(reported(groups, report, label="drawing people")):
        weights = random_makehuman_weights(makehuman, rng, strength=GROUPS[group])
        whole_m, centres_m = assembly.vertices_m(people.person(makehuman_displacement(makehuman, weights)))
        upright = align_rigid(whole_m[face], head.mean_m[face])
        own_brows_m = np.tensordot(brow_rng.normal(size=len(brows_m)), brows_m, axes=1)
        vertices_m = completion.vertices_m(upright.apply(whole_m)) + own_brows_m
        displacements_m[person] = vertices_m - head.mean_m
        eyes_m[person] = upright.apply(centres_m) - head.joints_mean_m[2:]
    _, spine_m = place_joints(assembly, makehuman, head.mean_m, displacements_m)
    crowd = Crowd(
        displacements_m=displacements_m,
        joints_m=np.concatenate([spine_m, eyes_m], axis=1),
        groups=groups,
        expression=np.zeros((count, shots, head.expression_count)),
        joint_rotations=np.zeros((count, shots, 4, 3)),
        root_rotation=np.zeros((count, shots, 3)),
        root_translation_m=np.zeros((count, shots, 3)),
        focal_px=np.ones((count, shots)),
        size_px=size_px,
        head_name=head.name,
        head_version=head.version,
        seed=seed,
    )
    for person in range(count):
        for shot in range(shots):
            _pose(crowd, head, person, shot, rng)
    return crowd


def _pose(crowd: Crowd, head: Head, person: int, shot: int, rng: np.random.Generator) -> None:
    """Fill in one shot: who looks where with which face, and a camera that frames it."""
    if shot:
        crowd.expression[person, shot], gaze = random_expression(head, rng)
        crowd.joint_rotations[person, shot, 2:] = eye_joints(head, crowd.expression[person, shot], gaze)
        crowd.joint_rotations[person, shot, 1] = rng.normal(0, [0.06, 0.08, 0.04])
    side = (0.0, 0.0, 1.0, -1.0)[shot % 4]
    yaw = rng.normal(side * SIDE_YAW_RAD, 0.15 if shot else 0.1)
    pitch, roll = rng.normal(0, [0.12, 0.08])
    turn = (
        matrix_from_rotation_vector(np.array([0, 0, -roll]))
        @ matrix_from_rotation_vector(np.array([-pitch, 0, 0]))
        @ matrix_from_rotation_vector(np.array([0, yaw, 0]))
    )
    crowd.root_rotation[person, shot] = rotation_vector_from_matrix(turn)
    focal_px = float(np.exp(rng.uniform(*np.log(FOCAL_SHARES)))) * np.sqrt(2) * crowd.size_px
    crowd.focal_px[person, shot] = focal_px
    wanted_px = float(rng.uniform(*FACE_SIDES)) * crowd.size_px
    shift_px = rng.uniform(-0.06, 0.06, 2) * crowd.size_px
    points = head.landmark_set("dense703").vertices
    alone = replace(crowd, **{name: getattr(crowd, name)[person : person + 1] for name in OF_PERSON})
    alone = alone.as_head(head).subset(points)
    # The distance that gives the face its size, and the place that brings it to the middle, by fixed point.
    place_m = np.array([0.0, 0.0, -0.2 * focal_px / wanted_px])
    for _ in range(6):
        parameters = HeadParameters(
            identity=np.ones(1),
            expression=crowd.expression[person, shot],
            joint_rotations=crowd.joint_rotations[person, shot],
            root_rotation=crowd.root_rotation[person, shot],
            root_translation_m=place_m,
        )
        camera = Camera.from_focal(
            focal_px,
            width_px=crowd.size_px,
            height_px=crowd.size_px,
            camera_from_world=PICTURE_CAMERA_FROM_WORLD,
        )
        region = region_from_points(camera.project(alone.vertices_m(parameters)), "dense703")
        off_px = region.center_px - (crowd.size_px - 1) / 2 - shift_px
        metres_per_px = -place_m[2] / focal_px
        place_m = place_m + metres_per_px * np.array([-off_px[0], off_px[1], 0.0])
        place_m = place_m * (region.side_px / wanted_px)
    crowd.root_translation_m[person, shot] = place_m
