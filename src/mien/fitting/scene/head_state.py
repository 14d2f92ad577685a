"""Landmarks of a posed head in the picture, and their analytic derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.scene.fit_model import FitModel, PersonalPoints
from mien.fitting.scene.joint_motions import JointMotions
from mien.fitting.scene.unknowns import Unknowns
from mien.geometry.rotations import left_jacobian, left_jacobian_product, matrix_from_rotation_vector
from mien.heads.parameters import JOINT_PARENTS, HeadParameters

_FOLLOWS = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 1]], float)
"""Row j: the joint j and all joints that hang from it."""

_EYE = np.eye(3)

_ROUGH_WEIGHT = 0.2
"""Weight of an expression shape below which a rough Jacobian leaves out what the shape owes to identity."""

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
        expression_m = model.expression_m
        # Many a scene is of the mean head at rest, to which weights add nothing.
        if not unknowns.identity_count and self.base.identity.any():
            rest_m = rest_m + _combine(self.base.identity, model.identity_m)
            # With the identity free, what expression shapes owe to it is added at every point.
            expression_m = model.expression_of(self.base.identity)
        if not unknowns.expression_count and self.base.expression.any():
            rest_m = rest_m + _combine(self.base.expression, expression_m)
        turned = {joint for joint, vector in enumerate(self.base.joint_rotations) if vector.any()}
        # Frozen parts are summed up once; a frozen class fills derived fields this way.
        for name, value in {
            "expression_m": expression_m,
            "fixed_rest_m": rest_m,
            "fixed_joints_m": head.joints_m(self.base.identity),
            "follows_root": 1 - model.skinning.sum(axis=0),
            "turning": frozenset(turned.union(unknowns.joints)),
        }.items():
            object.__setattr__(self, name, value)

    fixed_rest_m = np.zeros((3, 0))
    expression_m = np.zeros((0, 3, 0))
    fixed_joints_m = np.zeros((4, 3))
    follows_root = np.zeros(0)
    turning = frozenset[int]()

    @cached_property
    def expression_rough_m(self) -> np.ndarray:
        """`expression_m` in single precision, which is enough for a Hessian."""
        return self.expression_m.astype(np.float32)

    @cached_property
    def followers(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the free joints: which joints hang from each, (F, 4), and how much of each landmark, (F, L)."""
        follows = _FOLLOWS[list(self.unknowns.joints)]
        return follows, follows @ self.model.skinning


class HeadState:
    """The head at one point of the solver's vector.

    Attributes:
        scene: what is fixed.
        x: the solver's vector.
        focal_px: its focal length.
        points_px: (2, L) projected landmarks; NaN when one of them is behind the camera.
        depth_m: of the head's origin before the camera.
    """

    def __init__(
        self, scene: HeadScene, x: Float[np.ndarray, " unknowns"], *, posed: HeadState | None = None
    ) -> None:
        """
        Args:
            posed: a state of this scene that differs in the root's pose and the focal length alone: what the
                head is in its own frame is taken over.
        """
        self.scene, self.x = scene, x
        unknowns, model, camera = scene.unknowns, scene.model, scene.camera
        self.focal_px = unknowns.unpack_focal_px(x, focal_px=camera.focal_px)
        if posed is None:
            self._joints = self._joint_motions()
            self._moved_m, self._posed_m = self._in_own_frame()
        else:
            self._joints, self._moved_m, self._posed_m = posed._joints, posed._moved_m, posed._posed_m

        self._root = matrix_from_rotation_vector(x[unknowns.root_rotation])
        turn, shift_m = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
        self._camera_from_head = turn @ self._root
        origin_m = turn @ x[unknowns.root_translation] + shift_m
        self._ratio = self.focal_px / camera.focal_px if unknowns.dolly else 1.0
        origin_m[2] *= self._ratio
        self.depth_m = float(origin_m[2])
        self._local_m = local_m = self._camera_from_head @ self._posed_m + origin_m[:, None]
        self._plane = camera.intrinsics[:2, :2] * (self.focal_px / camera.focal_px)
        if local_m[2].min() > MIN_DEPTH_M:
            self._seen = self._plane @ (local_m[:2] / local_m[2])
            self.points_px = self._seen + camera.intrinsics[:2, 2:]
        else:
            self._seen = self.points_px = np.full((2, model.landmark_count), np.nan)

    def _in_own_frame(self) -> tuple[np.ndarray, np.ndarray]:
        """(4, 3, L): what each joint adds to each landmark's place; (3, L): the places."""
        scene, x, unknowns, model = self.scene, self.x, self.scene.unknowns, self.scene.model
        rest_m = scene.fixed_rest_m
        if unknowns.expression_count:
            rest_m = rest_m + _combine(x[unknowns.expression], scene.expression_m)
        if unknowns.identity_count:
            rest_m = rest_m + _combine(x[unknowns.identity], model.identity_m)
            for points, own_m, weight in self._own_shapes:
                rest_m[:, points.landmarks] += weight * own_m
        moved_m = (self._joints.rotations.reshape(12, 3) @ rest_m).reshape(4, 3, -1)
        moved_m += self._joints.shifts_m[:, :, None]
        moved_m *= model.skinning[:, None]
        # What no joint moves follows the root.
        return moved_m, np.add.reduce(moved_m) + scene.follows_root * rest_m

    @cached_property
    def parameters(self) -> HeadParameters:
        """The head at this point."""
        found = self.scene.unknowns.unpack(self.x, self.scene.base)
        if not self.scene.unknowns.dolly:
            return found
        return replace(found, root_translation_m=self.place_m)

    @cached_property
    def place_m(self) -> Float[np.ndarray, " 3"]:
        """The root's translation in the world."""
        place_m = self.x[self.scene.unknowns.root_translation]
        if self._ratio == 1:
            return place_m
        axis = self.scene.camera.camera_from_world[2, :3]
        return place_m + axis * (self.depth_m * (1 - 1 / self._ratio))

    @cached_property
    def by_place(self) -> Float[np.ndarray, "3 3"]:
        """From derivatives by places in the camera's frame to those by the vector's translation, (3, 3)."""
        by_place = self.scene.camera.camera_from_world[:3, :3].T.copy()
        by_place[:, 2] *= self._ratio
        return by_place

    def _rotation_vector(self, joint: int) -> np.ndarray:
        unknowns = self.scene.unknowns
        if joint in unknowns.joints:
            return self.x[unknowns.joint(joint)]
        return self.scene.base.joint_rotations[joint]

    def _joint_motions(self) -> JointMotions:
        scene, joints_m = self.scene, self.scene.fixed_joints_m
        if scene.unknowns.identity_count:
            joints_m = scene.model.head.joints_m(self.x[scene.unknowns.identity])
        return JointMotions.of(
            joints_m, {joint: self._rotation_vector(joint) for joint in sorted(scene.turning)}
        )

    @cached_property
    def _own_shapes(self) -> list[tuple[PersonalPoints, np.ndarray, float]]:
        """Where the identity is free, what expression shapes owe to it: (3, K) at weight 1; the weight."""
        unknowns = self.scene.unknowns
        if not unknowns.identity_count:
            return []
        expression = self.scene.base.expression
        if unknowns.expression_count:
            expression = self.x[unknowns.expression]
        identity = self.x[unknowns.identity]
        return [
            (points, _combine(identity, points.identity_m), float(expression[points.shape]))
            for points in self.scene.model.personal
        ]

    @cached_property
    def _blend(self) -> np.ndarray:
        """(3, 3, L): by how a landmark's posed place changes with its rest place."""
        blend = self._joints.rotations.reshape(4, 9).T @ self.scene.model.skinning
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
            follows, followed = self.scene.followers
            np.matmul(follows, self._moved_m.reshape(4, -1), out=arms_m[1:].reshape(len(joints), -1))
            arms_m[1:] -= self._joints.centers_m[joints][:, :, None] * followed[:, None]
        return arms_m

    @cached_property
    def _turns(self) -> np.ndarray:
        """(1 + J, 3, 3): from torques in the head's frame to derivatives by the rotation vectors."""
        # For the root: what turns in the world, R⁻¹ J(v) = J(v)ᵀ, seen from the head.
        turns = [left_jacobian(self.x[self.scene.unknowns.root_rotation])]
        for joint in self.scene.unknowns.joints:
            turn = left_jacobian(self._rotation_vector(joint)).T
            turns.append(turn @ self._joints.parent_rotation(joint).T)
        return np.array(turns)

    @cached_property
    def points_jacobian_t(self) -> Float[np.ndarray, "unknowns 2 landmarks"]:
        """Derivatives of `points_px` with respect to every unknown, transposed."""
        return self._points_jacobian_t(np.float64)

    @cached_property
    def rough_jacobian_t(self) -> Float[np.ndarray, "unknowns 2 landmarks"]:
        """`points_jacobian_t` in single precision: good enough for the Hessian of a step, in half the time.
        Gradients come from `gradient`."""
        return self._points_jacobian_t(np.float32)

    def _points_jacobian_t(self, dtype: type[np.floating]) -> np.ndarray:
        by_camera = self._by_camera
        by_world = np.matmul(self.by_place, by_camera)
        by_head = np.matmul(self._camera_from_head.T, by_camera)
        jacobian_t = self._pulled_back(by_world, by_head, dtype)
        if self.scene.unknowns.focal:
            jacobian_t[self.scene.unknowns.log_focal] = self._by_log_focal
        return jacobian_t

    def pose_jacobian_t(self) -> Float[np.ndarray, "6 2 landmarks"]:
        """Derivatives of `points_px` by the root's rotation and translation alone, transposed."""
        by_head = np.matmul(self._camera_from_head.T, self._by_camera).transpose(1, 0, 2)
        torques = np.empty((3, *self.points_px.shape))
        _cross(self._posed_m[:, None], by_head, torques[None])
        turn = left_jacobian(self.x[self.scene.unknowns.root_rotation])
        jacobian_t = np.empty((6, *self.points_px.shape))
        np.matmul(turn, torques.reshape(3, -1), out=jacobian_t[:3].reshape(3, -1))
        by_camera = self._by_camera.transpose(1, 0, 2)
        np.matmul(self.by_place, by_camera.reshape(3, -1), out=jacobian_t[3:].reshape(3, -1))
        return jacobian_t

    def gradient(self, by_point: Float[np.ndarray, "2 landmarks"]) -> Float[np.ndarray, " unknowns"]:
        """Derivatives of a function of `points_px` with respect to every unknown, without their Jacobian.

        Args:
            by_point: the function's derivatives by the points.
        """
        unknowns, model = self.scene.unknowns, self.scene.model
        by_camera = (self._by_camera * by_point[:, None]).sum(axis=0)
        by_head = self._camera_from_head.T @ by_camera
        by_rest = (self._blend * by_head[:, None]).sum(axis=0).reshape(-1)
        gradient = np.empty(unknowns.size)
        moments = self._arms_m @ by_head.T
        torques = moments[:, (1, 2, 0), (2, 0, 1)] - moments[:, (2, 0, 1), (1, 2, 0)]
        # For the root: what turns in the world, R⁻¹ J(v) = J(v)ᵀ, seen from the head.
        gradient[:3] = left_jacobian_product(self.x[unknowns.root_rotation], torques[0])
        for row, joint in enumerate(unknowns.joints, 1):
            torque = torques[row]
            if JOINT_PARENTS[joint] >= 0:
                torque = self._joints.parent_rotation(joint).T @ torque
            gradient[unknowns.joint(joint)] = left_jacobian_product(
                self._rotation_vector(joint), torque, transposed=True
            )
        gradient[unknowns.root_translation] = self.by_place @ by_camera.sum(axis=1)
        own = [(points, own_m, weight, by_rest.reshape(3, -1)[:, points.landmarks].reshape(-1))
               for points, own_m, weight in self._own_shapes]  # fmt: skip
        if unknowns.expression_count:
            shapes_m = self.scene.expression_m.reshape(unknowns.expression_count, -1)
            gradient[unknowns.expression] = shapes_m @ by_rest
            for points, own_m, _, pulled in own:
                gradient[unknowns.expression][points.shape] += own_m.reshape(-1) @ pulled
        if unknowns.focal:
            gradient[unknowns.log_focal] = (by_point * self._by_log_focal).sum()
        if unknowns.identity_count:
            shapes_m = model.identity_m.reshape(unknowns.identity_count, -1)
            gradient[unknowns.identity] = shapes_m @ by_rest
            for points, _, weight, pulled in own:
                flat_m = points.identity_m.reshape(unknowns.identity_count, -1)
                gradient[unknowns.identity] += weight * (flat_m @ pulled)
            if self.scene.turning:
                pulls = (model.skinning @ by_head.T).reshape(-1)
                gradient[unknowns.identity] += self._joints_by_identity.reshape(-1, 12) @ pulls
        return gradient

    @property
    def vertices_m(self) -> Float[np.ndarray, "3 landmarks"]:
        """The landmarks' places in the world."""
        return self._root @ self._posed_m + self.place_m[:, None]

    def vertices_jacobian_t(self) -> Float[np.ndarray, "unknowns 3 landmarks"]:
        """Derivatives of `vertices_m` with respect to every unknown, transposed."""
        count = self.points_px.shape[1]
        jacobian_t = self._pulled_back(
            np.repeat(
                (self.by_place @ self.scene.camera.camera_from_world[:3, :3])[:, :, None], count, axis=2
            ),
            np.repeat(self._root[:, :, None], count, axis=2),
            np.float64,
        )
        if self.scene.unknowns.focal:
            axis = self.scene.camera.camera_from_world[2, :3]
            by_focal = axis * self.depth_m if self.scene.unknowns.dolly else np.zeros(3)
            jacobian_t[self.scene.unknowns.log_focal] = by_focal[:, None]
        return jacobian_t

    @cached_property
    def _by_log_focal(self) -> np.ndarray:
        """(2, L): derivatives of the points by the logarithm of the focal length."""
        if not self.scene.unknowns.dolly:
            return self._seen
        return self._seen * (1 - self.depth_m / self._local_m[2])

    @cached_property
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
        dtype: type[np.floating],
    ) -> Float[np.ndarray, "unknowns outputs landmarks"]:
        """Derivatives of functions of the landmarks' places by every unknown but the focal length's.

        Args:
            by_world, by_head: gradient of each function with respect to its landmark's place in the world,
                and with respect to its posed place in the head's frame.
            dtype: of the result.
        """
        scene, unknowns, model = self.scene, self.scene.unknowns, self.scene.model
        rough = dtype is np.float32
        jacobian_t = np.empty((unknowns.size, len(by_world), model.landmark_count), dtype)
        by_rest = np.einsum("ail,ijl->ajl", by_head, self._blend).astype(dtype, copy=False)
        by_head = by_head.astype(dtype, copy=False)
        arms_m = self._arms_m.astype(dtype, copy=False)
        torques = np.empty((len(arms_m), 3, *jacobian_t.shape[1:]), dtype)
        _cross(arms_m.transpose(1, 0, 2)[:, :, None], by_head.transpose(1, 0, 2)[:, None], torques)
        by_rotation = np.matmul(
            self._turns.astype(dtype, copy=False), torques.reshape(len(torques), 3, -1)
        ).reshape(-1, *jacobian_t.shape[1:])
        jacobian_t[unknowns.root_rotation] = by_rotation[:3]
        jacobian_t[unknowns.root_translation] = by_world.transpose(1, 0, 2)
        jacobian_t[unknowns.all_joints] = by_rotation[3:]
        if unknowns.expression_count:
            rows = jacobian_t[unknowns.expression]
            shapes_m = scene.expression_rough_m if rough else scene.expression_m
            np.einsum("abl,kbl->kal", by_rest, shapes_m, out=rows)
            for points, own_m, _ in self._own_shapes:
                own_rest = by_rest[:, :, points.landmarks]
                rows[points.shape][:, points.landmarks] += (own_rest * own_m).sum(axis=1)
        if unknowns.identity_count:
            rows = jacobian_t[unknowns.identity]
            np.einsum(
                "abl,kbl->kal", by_rest, model.identity_rough_m if rough else model.identity_m, out=rows
            )
            for points, _, weight in self._own_shapes:
                if abs(weight) > (_ROUGH_WEIGHT if rough else 0):
                    own_rest = np.ascontiguousarray(weight * by_rest[:, :, points.landmarks])
                    shapes_m = points.identity_rough_m if rough else points.identity_m
                    rows[:, :, points.landmarks] += np.einsum("abl,kbl->kal", own_rest, shapes_m)
            if scene.turning:
                # By the joints' places: first what each landmark owes to each of their coordinates.
                pulls = by_head[:, None] * model.skinning[:, None].astype(dtype, copy=False)
                by_joint = pulls.transpose(1, 2, 0, 3).reshape(12, -1)
                places_m = self._joints_by_identity.reshape(-1, 12).astype(dtype, copy=False)
                rows += (places_m @ by_joint).reshape(rows.shape)
        return jacobian_t

    @cached_property
    def _joints_by_identity(self) -> np.ndarray:
        """(I, 4, 3): identity also moves the joints, and with them what hangs from each."""
        places_m = self.scene.model.head.joints_identity_m
        by_identity = np.empty((len(places_m), 4, 3))
        for joint, parent in enumerate(JOINT_PARENTS):
            swing = _EYE - self._joints.own[joint]
            if parent < 0:
                by_identity[:, joint] = places_m[:, joint] @ swing.T
            else:
                turned = self._joints.rotations[parent] @ swing
                by_identity[:, joint] = by_identity[:, parent] + places_m[:, joint] @ turned.T
        return by_identity


def _combine(weights: np.ndarray, shapes_m: np.ndarray) -> np.ndarray:
    return (weights @ shapes_m.reshape(len(shapes_m), -1)).reshape(shapes_m.shape[1:])


def _cross(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out[:, k] = a[k-th component] × b; several times quicker than numpy's own."""
    np.subtract(a[1] * b[2], a[2] * b[1], out=out[:, 0])
    np.subtract(a[2] * b[0], a[0] * b[2], out=out[:, 1])
    np.subtract(a[0] * b[1], a[1] * b[0], out=out[:, 2])
