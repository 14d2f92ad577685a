"""Landmarks of a posed head in the picture, and their analytic derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.fit_model import FitModel
from mien.fitting.unknowns import Unknowns
from mien.geometry.rotations import left_jacobian, matrix_from_rotation_vector
from mien.heads.parameters import JOINT_PARENTS, HeadParameters

# For each joint, itself and all joints that hang from it.
_FOLLOWERS = ((0, 1, 2, 3), (1, 2, 3), (2,), (3,))

_EYE, _ZERO = np.eye(3), np.zeros(3)

MIN_DEPTH_M = 1e-3
"""Landmarks nearer than this to the camera make the state not finite: solvers then step shorter."""


@dataclass(frozen=True, eq=False)
class HeadScene:
    """What stays fixed while one head is fitted in one picture.

    Attributes:
        model: the head's landmarks.
        unknowns: what is free.
        base: values of all that is not free.
        camera: its focal length is a start when focal is free; pose and principal point are fixed.
    """

    model: FitModel
    unknowns: Unknowns
    base: HeadParameters
    camera: Camera

    def __post_init__(self) -> None:
        model, unknowns, head = self.model, self.unknowns, self.model.head
        rest_m = model.mean_m
        if not unknowns.identity_count:
            rest_m = rest_m + _combine(self.base.identity, model.identity_m)
        if not unknowns.expression_count:
            rest_m = rest_m + _combine(self.base.expression, model.expression_m)
        # Frozen parts are summed up once; a frozen class fills derived fields this way.
        object.__setattr__(self, "fixed_rest_m", rest_m)
        object.__setattr__(self, "fixed_joints_m", head.joints_m(self.base.identity))
        object.__setattr__(self, "follows_root", 1 - model.skinning.sum(axis=0))

    fixed_rest_m = np.zeros((3, 0))
    fixed_joints_m = np.zeros((4, 3))
    follows_root = np.zeros(0)


class HeadState:
    """The head at one point of the solver's vector.

    Attributes:
        scene: what is fixed.
        x: the solver's vector.
        parameters, focal_px: the same, unpacked.
        points_px: (2, L) projected landmarks; NaN when one of them is behind the camera.
    """

    def __init__(self, scene: HeadScene, x: Float[np.ndarray, " unknowns"]) -> None:
        self.scene, self.x = scene, x
        unknowns, model, camera = scene.unknowns, scene.model, scene.camera
        self.parameters = parameters = unknowns.unpack(x, scene.base)
        self.focal_px = unknowns.unpack_focal_px(x, focal_px=camera.focal_px)
        self._joint_motion()

        rest_m = scene.fixed_rest_m
        if unknowns.expression_count:
            rest_m = rest_m + _combine(parameters.expression, model.expression_m)
        if unknowns.identity_count:
            rest_m = rest_m + _combine(parameters.identity, model.identity_m)
        self._rest_m = rest_m
        # Skinning as one affine map per landmark: posed = blend @ rest + shift.
        blend = self._rotations.reshape(4, 9).T @ model.skinning
        blend[0::4] += scene.follows_root
        self._blend = blend.reshape(3, 3, -1)
        shift_m = self._translations_m.T @ model.skinning
        self._posed_m = (self._blend * rest_m).sum(axis=1) + shift_m

        self._root = matrix_from_rotation_vector(parameters.root_rotation)
        self._camera_from_head = camera.camera_from_world[:3, :3] @ self._root
        self._turned_m = self._root @ self._posed_m
        origin_m = camera.camera_from_world[:3, :3] @ parameters.root_translation_m
        local_m = self._camera_from_head @ self._posed_m
        local_m += (origin_m + camera.camera_from_world[:3, 3])[:, None]
        self._local_m = local_m
        self._plane = camera.intrinsics[:2, :2] * (self.focal_px / camera.focal_px)
        if local_m[2].min() > MIN_DEPTH_M:
            self._normalised = local_m[:2] / local_m[2]
            self.points_px = self._plane @ self._normalised + camera.intrinsics[:2, 2:]
        else:
            self.points_px = np.full((2, model.landmark_count), np.nan)

    def _joint_motion(self) -> None:
        """Each joint's rigid motion, as `skinning.joint_transforms`; zero rotations are skipped."""
        head, parameters = self.scene.model.head, self.parameters
        self._joints_m = (
            head.joints_m(parameters.identity)
            if self.scene.unknowns.identity_count
            else self.scene.fixed_joints_m
        )
        self._rotations = np.empty((4, 3, 3))
        self._translations_m = np.empty((4, 3))
        self._local_rotations = np.empty((4, 3, 3))
        for joint, parent in enumerate(JOINT_PARENTS):
            vector = parameters.joint_rotations[joint]
            parent_rotation = _EYE if parent < 0 else self._rotations[parent]
            parent_shift = _ZERO if parent < 0 else self._translations_m[parent]
            if vector.any():
                rotation = matrix_from_rotation_vector(vector)
                shift_m = self._joints_m[joint] - rotation @ self._joints_m[joint]
                self._local_rotations[joint] = rotation
                self._rotations[joint] = parent_rotation @ rotation
                self._translations_m[joint] = parent_rotation @ shift_m + parent_shift
            else:
                self._local_rotations[joint] = _EYE
                self._rotations[joint] = parent_rotation
                self._translations_m[joint] = parent_shift

    def scaled_jacobian_t(
        self, scale: Float[np.ndarray, " landmarks"]
    ) -> Float[np.ndarray, "unknowns 2 landmarks"]:
        """Derivatives of scale · points_px with respect to every unknown, transposed.

        Args:
            scale: one factor per landmark, for example 1 / σ.
        """
        # Gradients of the two picture coordinates with respect to a point in camera and world frame.
        depth = scale / self._local_m[2]
        by_camera = np.empty((2, 3, len(scale)))
        by_camera[:, :2] = self._plane[:, :, None] * depth
        by_camera[:, 2] = -(self._plane @ self._normalised) * depth
        by_world = np.matmul(self.scene.camera.camera_from_world[:3, :3].T, by_camera)
        jacobian_t = self._pulled_back(by_world)
        if self.scene.unknowns.focal:
            jacobian_t[self.scene.unknowns.log_focal] = (self._plane @ self._normalised) * scale
        return jacobian_t

    @property
    def vertices_m(self) -> Float[np.ndarray, "3 landmarks"]:
        """The landmarks' places in the world."""
        return self._turned_m + self.parameters.root_translation_m[:, None]

    def vertices_jacobian_t(self) -> Float[np.ndarray, "unknowns 3 landmarks"]:
        """Derivatives of `vertices_m` with respect to every unknown, transposed."""
        jacobian_t = self._pulled_back(np.repeat(np.eye(3)[:, :, None], self.points_px.shape[1], axis=2))
        jacobian_t[self.scene.unknowns.log_focal] = 0
        return jacobian_t

    def _pulled_back(
        self, by_world: Float[np.ndarray, "outputs 3 landmarks"]
    ) -> Float[np.ndarray, "unknowns outputs landmarks"]:
        """Derivatives of functions of the landmarks' places by every unknown but the focal length's.

        Args:
            by_world: gradient of each function with respect to its landmark's place in the world.
        """
        scene, unknowns, parameters = self.scene, self.scene.unknowns, self.parameters
        jacobian_t = np.empty((unknowns.size, len(by_world), scene.model.landmark_count))
        by_head = np.matmul(self._root.T, by_world)
        by_rest = (by_head[:, :, None] * self._blend).sum(axis=1)

        turn = left_jacobian(parameters.root_rotation)
        jacobian_t[unknowns.root_rotation] = np.matmul(turn.T, _cross(self._turned_m, by_world)).transpose(
            1, 0, 2
        )
        jacobian_t[unknowns.root_translation] = by_world.transpose(1, 0, 2)
        for joint in unknowns.joints:
            jacobian_t[unknowns.joint(joint)] = self._by_joint(joint, by_head)
        if unknowns.expression_count:
            _shape_rows(jacobian_t[unknowns.expression], scene.model.expression_m, by_rest)
        if unknowns.identity_count:
            _shape_rows(jacobian_t[unknowns.identity], scene.model.identity_m, by_rest)
            self._add_joint_places(jacobian_t[unknowns.identity], by_head)
        return jacobian_t

    def _by_joint(self, joint: int, by_head: np.ndarray) -> np.ndarray:
        """(3, 2, L): a turn ω of the joint moves a follower by ω × (its place − the joint's place)."""
        skinning, parent = self.scene.model.skinning, JOINT_PARENTS[joint]
        parent_rotation = _EYE if parent < 0 else self._rotations[parent]
        parent_shift = _ZERO if parent < 0 else self._translations_m[parent]
        centre_m = parent_rotation @ self._joints_m[joint] + parent_shift
        arm_m = np.zeros_like(self._posed_m)
        for follower in _FOLLOWERS[joint]:
            moved_m = self._rotations[follower] @ self._rest_m
            moved_m += (self._translations_m[follower] - centre_m)[:, None]
            arm_m += skinning[follower] * moved_m
        turn = parent_rotation @ left_jacobian(self.parameters.joint_rotations[joint])
        return np.matmul(turn.T, _cross(arm_m, by_head)).transpose(1, 0, 2)

    def _add_joint_places(self, rows: np.ndarray, by_head: np.ndarray) -> None:
        """Identity also moves the joints, and with them the centres about which the head is posed."""
        if not self.parameters.joint_rotations.any():
            return
        by_identity = np.empty((len(rows), 4, 3))
        places_m = self.scene.model.head.joints_identity_m
        for joint, parent in enumerate(JOINT_PARENTS):
            swing = _EYE - self._local_rotations[joint]
            if parent < 0:
                by_identity[:, joint] = places_m[:, joint] @ swing.T
            else:
                turned = self._rotations[parent] @ swing
                by_identity[:, joint] = by_identity[:, parent] + places_m[:, joint] @ turned.T
        moved = by_identity.transpose(0, 2, 1).reshape(-1, 4) @ self.scene.model.skinning
        moved = moved.reshape(len(rows), 3, -1)
        buffer = np.empty_like(rows)
        _shape_rows(buffer, moved, by_head)
        rows += buffer


def _combine(weights: np.ndarray, shapes_m: np.ndarray) -> np.ndarray:
    return (weights @ shapes_m.reshape(len(shapes_m), -1)).reshape(shapes_m.shape[1:])


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a × b with components on the second to last axis; numpy's own is several times slower."""
    result = np.empty(np.broadcast_shapes(a.shape, b.shape))
    a0, a1, a2 = a[..., 0, :], a[..., 1, :], a[..., 2, :]
    b0, b1, b2 = b[..., 0, :], b[..., 1, :], b[..., 2, :]
    result[..., 0, :] = a1 * b2 - a2 * b1
    result[..., 1, :] = a2 * b0 - a0 * b2
    result[..., 2, :] = a0 * b1 - a1 * b0
    return result


def _shape_rows(rows: np.ndarray, shapes_m: np.ndarray, gradients: np.ndarray) -> None:
    """rows[k, a] = Σ_b gradients[a, b] · shapes[k, b], all along landmarks, without large temporaries."""
    product = np.empty((len(shapes_m), shapes_m.shape[2]))
    for a in range(rows.shape[1]):
        row = rows[:, a]
        np.multiply(shapes_m[:, 0], gradients[a, 0], out=row)
        for b in (1, 2):
            np.multiply(shapes_m[:, b], gradients[a, b], out=product)
            row += product
