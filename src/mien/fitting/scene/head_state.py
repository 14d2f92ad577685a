"""Landmarks of a posed head in the picture, and their analytic derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.unknowns import Unknowns
from mien.geometry.rotations import left_jacobian, matrix_from_rotation_vector
from mien.heads.parameters import JOINT_PARENTS, HeadParameters

_FOLLOWS = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 1]], float)
"""Row j: the joint j and all joints that hang from it."""

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
        # With the identity free, what expression shapes owe to it is in the identity's own shapes.
        expression_m = model.expression_m
        if not unknowns.identity_count:
            expression_m = model.expression_of(self.base.identity)
        if not unknowns.expression_count:
            rest_m = rest_m + _combine(self.base.expression, expression_m)
        object.__setattr__(self, "expression_m", expression_m)
        # Frozen parts are summed up once; a frozen class fills derived fields this way.
        object.__setattr__(self, "fixed_rest_m", rest_m)
        object.__setattr__(self, "fixed_joints_m", head.joints_m(self.base.identity))
        object.__setattr__(self, "follows_root", 1 - model.skinning.sum(axis=0))
        turned = {joint for joint, vector in enumerate(self.base.joint_rotations) if vector.any()}
        object.__setattr__(self, "turning", frozenset(turned.union(unknowns.joints)))

    fixed_rest_m = np.zeros((3, 0))
    expression_m = np.zeros((0, 3, 0))
    fixed_joints_m = np.zeros((4, 3))
    follows_root = np.zeros(0)
    turning = frozenset[int]()


class HeadState:
    """The head at one point of the solver's vector.

    Attributes:
        scene: what is fixed.
        x: the solver's vector.
        focal_px: its focal length.
        points_px: (2, L) projected landmarks; NaN when one of them is behind the camera.
    """

    def __init__(self, scene: HeadScene, x: Float[np.ndarray, " unknowns"]) -> None:
        self.scene, self.x = scene, x
        unknowns, model, camera = scene.unknowns, scene.model, scene.camera
        self.focal_px = unknowns.unpack_focal_px(x, focal_px=camera.focal_px)
        self._pose_joints()

        rest_m = scene.fixed_rest_m
        expression = scene.base.expression
        if unknowns.expression_count:
            expression = x[unknowns.expression]
            rest_m = rest_m + _combine(expression, scene.expression_m)
        self._identity_m = model.identity_m
        if unknowns.identity_count:
            self._identity_m = model.identity_of(expression)
            rest_m = rest_m + _combine(x[unknowns.identity], self._identity_m)
        # What each joint adds to each landmark's place; what no joint moves follows the root.
        moved_m = (self._rotations.reshape(12, 3) @ rest_m).reshape(4, 3, -1)
        moved_m += self._translations_m[:, :, None]
        moved_m *= model.skinning[:, None]
        self._moved_m = moved_m
        self._posed_m = np.add.reduce(moved_m) + scene.follows_root * rest_m

        self._root = matrix_from_rotation_vector(x[unknowns.root_rotation])
        camera_from_world = camera.camera_from_world
        self._camera_from_head = camera_from_world[:3, :3] @ self._root
        origin_m = camera_from_world[:3, :3] @ x[unknowns.root_translation] + camera_from_world[:3, 3]
        self._local_m = local_m = self._camera_from_head @ self._posed_m + origin_m[:, None]
        self._plane = camera.intrinsics[:2, :2] * (self.focal_px / camera.focal_px)
        if local_m[2].min() > MIN_DEPTH_M:
            self._seen = self._plane @ (local_m[:2] / local_m[2])
            self.points_px = self._seen + camera.intrinsics[:2, 2:]
        else:
            self._seen = self.points_px = np.full((2, model.landmark_count), np.nan)

    @cached_property
    def parameters(self) -> HeadParameters:
        """The head at this point."""
        return self.scene.unknowns.unpack(self.x, self.scene.base)

    def _rotation_vector(self, joint: int) -> np.ndarray:
        unknowns = self.scene.unknowns
        if joint in unknowns.joints:
            return self.x[unknowns.joint(joint)]
        return self.scene.base.joint_rotations[joint]

    def _pose_joints(self) -> None:
        """Each joint's rigid motion, as `skinning.joint_transforms`; zero rotations are skipped."""
        scene = self.scene
        self._joints_m = scene.fixed_joints_m
        if scene.unknowns.identity_count:
            self._joints_m = scene.model.head.joints_m(self.x[scene.unknowns.identity])
        self._local_rotations: list[np.ndarray] = []
        self._motions: list[tuple[np.ndarray, np.ndarray]] = []
        for joint in range(len(JOINT_PARENTS)):
            motion, rotation = self._parent_motion(joint), _EYE
            if joint in scene.turning:
                rotation = matrix_from_rotation_vector(self._rotation_vector(joint))
                center_m = self._joints_m[joint]
                shift_m = center_m - rotation @ center_m
                parent_rotation, parent_shift_m = motion
                motion = rotation, shift_m
                if parent_rotation is not _EYE:
                    motion = parent_rotation @ rotation, parent_rotation @ shift_m + parent_shift_m
            self._local_rotations.append(rotation)
            self._motions.append(motion)
        self._rotations = np.array([rotation for rotation, _ in self._motions])
        self._translations_m = np.array([shift_m for _, shift_m in self._motions])

    def _parent_motion(self, joint: int) -> tuple[np.ndarray, np.ndarray]:
        """Rotation and translation; exactly `_EYE` where nothing above the joint turns."""
        parent = JOINT_PARENTS[joint]
        return (_EYE, _ZERO) if parent < 0 else self._motions[parent]

    @cached_property
    def _expression_m(self) -> np.ndarray:
        """(E, 3, L) how landmarks move with expression weights at this point."""
        unknowns = self.scene.unknowns
        if not unknowns.identity_count:
            return self.scene.expression_m
        return self.scene.model.expression_of(self.x[unknowns.identity])

    @cached_property
    def _blend(self) -> np.ndarray:
        """(3, 3, L): by how a landmark's posed place changes with its rest place."""
        blend = self._rotations.reshape(4, 9).T @ self.scene.model.skinning
        blend[0::4] += self.scene.follows_root
        return blend.reshape(3, 3, -1)

    @cached_property
    def _arms_m(self) -> np.ndarray:
        """(1 + J, 3, L): lever arms, in the head's frame, of the root's turn and of each free joint's.

        A turn ω of a joint moves a follower by ω × (its place − the joint's place).
        """
        joints = list(self.scene.unknowns.joints)
        arms_m = np.empty((1 + len(joints), *self._posed_m.shape))
        arms_m[0] = self._posed_m
        if joints:
            follows = _FOLLOWS[joints]
            np.matmul(follows, self._moved_m.reshape(4, -1), out=arms_m[1:].reshape(len(joints), -1))
            centers_m = np.empty((len(joints), 3))
            for row, joint in enumerate(joints):
                rotation, shift_m = self._parent_motion(joint)
                centers_m[row] = rotation @ self._joints_m[joint] + shift_m
            arms_m[1:] -= centers_m[:, :, None] * (follows @ self.scene.model.skinning)[:, None]
        return arms_m

    @cached_property
    def _turns(self) -> np.ndarray:
        """(1 + J, 3, 3): from torques in the head's frame to derivatives by the rotation vectors."""
        # For the root: what turns in the world, R⁻¹ J(v) = J(v)ᵀ, seen from the head.
        turns = [left_jacobian(self.x[self.scene.unknowns.root_rotation])]
        for joint in self.scene.unknowns.joints:
            turn = left_jacobian(self._rotation_vector(joint)).T
            turns.append(turn @ self._parent_motion(joint)[0].T)
        return np.array(turns)

    @cached_property
    def points_jacobian_t(self) -> Float[np.ndarray, "unknowns 2 landmarks"]:
        """Derivatives of `points_px` with respect to every unknown, transposed."""
        by_camera = self._by_camera()
        by_world = np.matmul(self.scene.camera.camera_from_world[:3, :3].T, by_camera)
        jacobian_t = self._pulled_back(by_world, np.matmul(self._camera_from_head.T, by_camera))
        if self.scene.unknowns.focal:
            jacobian_t[self.scene.unknowns.log_focal] = self._seen
        return jacobian_t

    def scaled_jacobian_t(
        self, scale: Float[np.ndarray, " landmarks"]
    ) -> Float[np.ndarray, "unknowns 2 landmarks"]:
        """Derivatives of scale · points_px with respect to every unknown, transposed.

        Args:
            scale: one factor per landmark, for example 1 / σ.
        """
        return self.points_jacobian_t * scale

    def pose_jacobian_t(self) -> Float[np.ndarray, "6 2 landmarks"]:
        """Derivatives of `points_px` by the root's rotation and translation alone, transposed."""
        by_camera = self._by_camera()
        by_head = np.matmul(self._camera_from_head.T, by_camera).transpose(1, 0, 2)
        torques = np.empty((3, *self.points_px.shape))
        _cross(self._posed_m[:, None], by_head, torques[None])
        turn = left_jacobian(self.x[self.scene.unknowns.root_rotation])
        jacobian_t = np.empty((6, *self.points_px.shape))
        np.matmul(turn, torques.reshape(3, -1), out=jacobian_t[:3].reshape(3, -1))
        np.matmul(self._root, by_head.reshape(3, -1), out=jacobian_t[3:].reshape(3, -1))
        return jacobian_t

    def gradient(self, by_point: Float[np.ndarray, "2 landmarks"]) -> Float[np.ndarray, " unknowns"]:
        """Derivatives of a function of `points_px` with respect to every unknown, without their Jacobian.

        Args:
            by_point: the function's derivatives by the points.
        """
        unknowns, model = self.scene.unknowns, self.scene.model
        by_camera = (self._by_camera() * by_point[:, None]).sum(axis=0)
        by_head = self._camera_from_head.T @ by_camera
        by_rest = (self._blend * by_head[:, None]).sum(axis=0).reshape(-1)
        gradient = np.empty(unknowns.size)
        moments = self._arms_m @ by_head.T
        torques = np.stack(
            [
                moments[:, 1, 2] - moments[:, 2, 1],
                moments[:, 2, 0] - moments[:, 0, 2],
                moments[:, 0, 1] - moments[:, 1, 0],
            ],
            axis=1,
        )
        by_rotation = np.matmul(self._turns, torques[:, :, None])[:, :, 0]
        gradient[unknowns.root_rotation] = by_rotation[0]
        gradient[unknowns.root_translation] = self._root @ by_head.sum(axis=1)
        gradient[unknowns.all_joints] = by_rotation[1:].reshape(-1)
        if unknowns.expression_count:
            shapes_m = self._expression_m.reshape(unknowns.expression_count, -1)
            gradient[unknowns.expression] = shapes_m @ by_rest
        if unknowns.focal:
            gradient[unknowns.log_focal] = (by_point * self._seen).sum()
        if unknowns.identity_count:
            shapes_m = self._identity_m.reshape(unknowns.identity_count, -1)
            gradient[unknowns.identity] = shapes_m @ by_rest
            if self.scene.turning:
                pulls = by_head @ model.skinning.T
                gradient[unknowns.identity] += np.einsum("kjc,cj->k", self._joints_by_identity(), pulls)
        return gradient

    @property
    def vertices_m(self) -> Float[np.ndarray, "3 landmarks"]:
        """The landmarks' places in the world."""
        return self._root @ self._posed_m + self.x[self.scene.unknowns.root_translation][:, None]

    def vertices_jacobian_t(self) -> Float[np.ndarray, "unknowns 3 landmarks"]:
        """Derivatives of `vertices_m` with respect to every unknown, transposed."""
        count = self.points_px.shape[1]
        jacobian_t = self._pulled_back(
            np.repeat(_EYE[:, :, None], count, axis=2), np.repeat(self._root[:, :, None], count, axis=2)
        )
        jacobian_t[self.scene.unknowns.log_focal] = 0
        return jacobian_t

    def _by_camera(self) -> np.ndarray:
        """(2, 3, L): gradients of both picture coordinates by the place in the camera's frame."""
        depth_m = self._local_m[2]
        by_camera = np.empty((2, 3, len(depth_m)))
        by_camera[:, :2] = self._plane[:, :, None] / depth_m
        by_camera[:, 2] = self._seen / -depth_m
        return by_camera

    def _pulled_back(
        self,
        by_world: Float[np.ndarray, "outputs 3 landmarks"],
        by_head: Float[np.ndarray, "outputs 3 landmarks"],
    ) -> Float[np.ndarray, "unknowns outputs landmarks"]:
        """Derivatives of functions of the landmarks' places by every unknown but the focal length's.

        Args:
            by_world, by_head: gradient of each function with respect to its landmark's place in the world,
                and with respect to its posed place in the head's frame.
        """
        unknowns, model = self.scene.unknowns, self.scene.model
        jacobian_t = np.empty((unknowns.size, len(by_world), model.landmark_count))
        torques = np.empty((len(self._arms_m), 3, *jacobian_t.shape[1:]))
        _cross(self._arms_m.transpose(1, 0, 2)[:, :, None], by_head.transpose(1, 0, 2)[:, None], torques)
        by_rotation = np.matmul(self._turns, torques.reshape(len(torques), 3, -1))
        by_rotation = by_rotation.reshape(-1, *jacobian_t.shape[1:])
        jacobian_t[unknowns.root_rotation] = by_rotation[:3]
        jacobian_t[unknowns.root_translation] = by_world.transpose(1, 0, 2)
        jacobian_t[unknowns.all_joints] = by_rotation[3:]
        by_rest = np.einsum("ail,ijl->ajl", by_head, self._blend)
        if unknowns.expression_count:
            rows = jacobian_t[unknowns.expression]
            np.einsum("abl,kbl->kal", by_rest, self._expression_m, out=rows)
        if unknowns.identity_count:
            rows = jacobian_t[unknowns.identity]
            np.einsum("abl,kbl->kal", by_rest, self._identity_m, out=rows)
            if self.scene.turning:
                moved = self._joints_by_identity().transpose(0, 2, 1).reshape(-1, 4) @ model.skinning
                rows += np.einsum("abl,kbl->kal", by_head, moved.reshape(len(rows), 3, -1))
        return jacobian_t

    def _joints_by_identity(self) -> np.ndarray:
        """(I, 4, 3): identity also moves the joints, and with them what hangs from each."""
        places_m = self.scene.model.head.joints_identity_m
        by_identity = np.empty((len(places_m), 4, 3))
        for joint, parent in enumerate(JOINT_PARENTS):
            swing = _EYE - self._local_rotations[joint]
            if parent < 0:
                by_identity[:, joint] = places_m[:, joint] @ swing.T
            else:
                turned = self._rotations[parent] @ swing
                by_identity[:, joint] = by_identity[:, parent] + places_m[:, joint] @ turned.T
        return by_identity


def _combine(weights: np.ndarray, shapes_m: np.ndarray) -> np.ndarray:
    return (weights @ shapes_m.reshape(len(shapes_m), -1)).reshape(shapes_m.shape[1:])


def _cross(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out[:, k] = a[k-th component] × b; several times quicker than numpy's own."""
    np.subtract(a[1] * b[2], a[2] * b[1], out=out[:, 0])
    np.subtract(a[2] * b[0], a[0] * b[2], out=out[:, 1])
    np.subtract(a[0] * b[1], a[1] * b[0], out=out[:, 2])
