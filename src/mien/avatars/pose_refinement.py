"""Poses that put the same skin in the same place on every frame, where landmarks only nearly do.

Direct alignment: Gauss-Newton on colours (Lucas, Kanade 1981) of the fitted head's own skin. How large the
head is, its outline says better, for a face whose jaw drops and whose brows rise is longer than the tracker
thinks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from mien.avatars.dataset import AvatarData
from mien.avatars.hair_shell import hairy, heights_at_the_edge_m
from mien.avatars.rig import AvatarControls, AvatarRig, rig_of
from mien.cameras import Camera
from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix

ROUNDS, STEPS = 3, 6
"""How often the skin's mean colours are taken, and steps of every frame towards them."""
COLOR_STD = 0.06
"""Beyond which a difference of colours counts less than its square."""
ALIKE = 12.0
"""As many vertices lie on skin of one colour and know no more than one."""
PRIOR_STD = np.array([0.008, 0.008, 0.008, 0.002, 0.002, 0.02])
"""How far off poses are: rotation vector (radians) and place (metres), in the camera's frame."""
MOVED_M = 0.002
"""Vertices that an expression moves this far are believed half as much."""
OUTLINE_STD_M = 0.003
"""Where a matte ends, and beyond which a difference counts less."""
INDEPENDENT_EDGES = 10
"""As many places along the outline err on their own."""
LEAST_LOOKS = 3
"""Frames that must have shown a vertex at the edge."""
_FACING = 0.35
_LEAST_VERTICES, _MOST_VERTICES = 150, 1500
_BLUR_PX = 0.8


def refine_poses(data: AvatarData) -> AvatarData:
    """The same frames with better cameras: on all of them the skin looks, and the hair ends, as on the mean
    of the frames that are learned from. Those held out have no say in that mean."""
    rig, controls = rig_of(data, points=1)
    frames = [_Frame.of(data, rig, controls[row], row) for row in range(len(data))]
    outline = _Outline(data, rig, controls)
    poses = data.camera_from_skull.copy()
    learned = np.flatnonzero(~data.test)
    for _ in range(ROUNDS):
        seen = [frames[row].seen(data.intrinsics[row], poses[row]) for row in learned]
        mean, known = _mean_colors(seen)
        edges = outline.edges(poses)
        for row, frame in enumerate(frames):
            told = data.intrinsics[row], data.camera_from_skull[row]
            poses[row] = _refined(frame, *told, poses[row], mean, known, edges[row])
    return replace(data, camera_from_skull=poses)


@dataclass(frozen=True, eq=False)
class _Edge:
    """Where a frame's matte ends beyond the head's own edge: vertices and outward normals in the skull's
    frame, how much further than on the mean frame at the pose at which it was looked, metres, and that pose.
    """

    vertices_m: Float[np.ndarray, "e 3"]
    normals: Float[np.ndarray, "e 3"]
    further_m: Float[np.ndarray, " e"]
    pose: Float[np.ndarray, "4 4"]

    def equations(
        self, pose: Float[np.ndarray, "4 4"], middle_m: Float[np.ndarray, " 3"]
    ) -> tuple[Float[np.ndarray, "6 6"], Float[np.ndarray, " 6"]]:
        """Normal equations and gradient of a step from a pose, see `_moved`."""
        places_m = self.vertices_m @ pose[:3, :3].T + pose[:3, 3]
        looked_m = self.vertices_m @ self.pose[:3, :3].T + self.pose[:3, 3]
        outward = self.normals @ pose[:3, :3].T
        # Towards the camera counts as far as it makes the head larger
        outward[:, 2] = -(outward[:, :2] * places_m[:, :2]).sum(axis=1) / places_m[:, 2]
        further_m = self.further_m - np.einsum("ei,ei->e", outward, places_m - looked_m)
        jacobian = -np.concatenate([np.cross(places_m - middle_m, outward), outward], axis=1)
        weight = 1 / (1 + (further_m / OUTLINE_STD_M) ** 2)
        share = INDEPENDENT_EDGES / max(len(weight), INDEPENDENT_EDGES)
        scaled = (share * weight / OUTLINE_STD_M**2)[:, None] * jacobian
        return scaled.T @ jacobian, scaled.T @ further_m


class _Outline:
    """The outline of the hair above the face, which no expression moves."""

    def __init__(self, data: AvatarData, rig: AvatarRig, controls: list[AvatarControls]) -> None:
        self._data, self._rig = data, rig
        self._vertices_m = [rig.vertices_m(one) for one in controls]
        landmarks_m = rig.landmarks_m(controls[0])
        self._where = hairy(rig) & (self._vertices_m[0][:, 1] > landmarks_m[30, 1])

    def edges(self, poses: Float[np.ndarray, "frames 4 4"]) -> list[_Edge]:
        """Of every frame, against the mean of those that are learned from."""
        data, rig = self._data, self._rig
        found = [
            heights_at_the_edge_m(
                data,
                rig,
                vertices_m,
                row,
                self._where,
                camera=replace(data.camera(row), camera_from_world=pose),
            )
            for row, (vertices_m, pose) in enumerate(zip(self._vertices_m, poses, strict=True))
        ]
        total, count = np.zeros((2, rig.head.vertex_count))
        for row in np.flatnonzero(~data.test):
            index, height_m = found[row]
            total[index] += height_m
            count[index] += 1
        edges = []
        for vertices_m, pose, (index, height_m) in zip(self._vertices_m, poses, found, strict=True):
            known = count[index] >= LEAST_LOOKS
            index, height_m = index[known], height_m[known]
            normals = vertex_normals(vertices_m, rig.triangles)[index]
            edges.append(
                _Edge(vertices_m[index], normals, height_m - total[index] / count[index], pose.copy())
            )
        return edges


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame's blurred colours in [0, 1], their slopes across and down, and how surely each pixel is the
    head's; and the head: vertices and normals in the skull's frame, and how much each is believed to stand
    where it should."""

    layers: tuple[np.ndarray, ...]
    vertices_m: Float[np.ndarray, "v 3"]
    normals: Float[np.ndarray, "v 3"]
    rigid: Float[np.ndarray, " v"]

    @staticmethod
    def of(data: AvatarData, rig: AvatarRig, controls: AvatarControls, row: int) -> _Frame:
        import cv2

        colors = cv2.GaussianBlur(data.rgba[row, ..., :3].astype(np.float32) / 255, (0, 0), _BLUR_PX)
        across = 0.5 * (np.roll(colors, -1, axis=1) - np.roll(colors, 1, axis=1))
        down = 0.5 * (np.roll(colors, -1, axis=0) - np.roll(colors, 1, axis=0))
        head = (data.rgba[row, ..., 3] > 200) & (data.known[row] > 127)
        head = cv2.erode(head.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        vertices_m = rig.vertices_m(controls)
        still_m = rig.vertices_m(replace(controls, weights=np.zeros_like(controls.weights)))
        moved_m = np.linalg.norm(vertices_m - still_m, axis=1)
        skin = rig.head.vertex_parts[rig.kept] == rig.head.part_names.index("skin")
        kept = rig.kept[skin]
        return _Frame(
            (colors, across, down, head),
            vertices_m[kept],
            vertex_normals(vertices_m, rig.triangles)[kept],
            1 / (1 + (moved_m[kept] / MOVED_M) ** 2),
        )

    def of_vertices(self, taken: Int[np.ndarray, " n"]) -> _Frame:
        """With some of the vertices alone."""
        return _Frame(self.layers, self.vertices_m[taken], self.normals[taken], self.rigid[taken])

    def seen(
        self, intrinsics: Float[np.ndarray, "3 3"], pose: Float[np.ndarray, "4 4"]
    ) -> tuple[Float[np.ndarray, "v 9"], Float[np.ndarray, " v"], Float[np.ndarray, "v 3"]]:
        """Colours and slopes at each vertex, how much they are believed, and where the vertices are before
        the camera, metres."""
        import cv2

        size = len(self.layers[0])
        places_m = self.vertices_m @ pose[:3, :3].T + pose[:3, 3]
        pixels = Camera(intrinsics, np.eye(4), size, size).project(places_m)
        at = np.nan_to_num(pixels, nan=-9.0).astype(np.float32).T[..., None]
        parts = [cv2.remap(layer, at[0], at[1], cv2.INTER_LINEAR)[:, 0] for layer in self.layers]
        found = np.concatenate([one.reshape(len(places_m), -1) for one in parts], axis=1)
        sight = places_m / np.linalg.norm(places_m, axis=1, keepdims=True)
        facing = -np.einsum("ij,ij->i", self.normals @ pose[:3, :3].T, sight)
        believed = np.clip((facing - _FACING) / (1 - _FACING), 0, 1) * (found[:, 9] > 0.9) * self.rigid
        return found[:, :9], believed, places_m


def _mean_colors(
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[Float[np.ndarray, "v 3"], Bool[np.ndarray, " v"]]:
    """Of each vertex over frames, and which are known."""
    weight = np.sum([believed for _, believed, _ in seen], axis=0)
    total = np.sum([believed[:, None] * found[:, :3] for found, believed, _ in seen], axis=0)
    return total / np.maximum(weight, 1e-6)[:, None], weight > 0.02 * len(seen)


def _refined(
    frame: _Frame,
    intrinsics: Float[np.ndarray, "3 3"],
    tracked: Float[np.ndarray, "4 4"],
    pose: Float[np.ndarray, "4 4"],
    mean: Float[np.ndarray, "v 3"],
    known: Bool[np.ndarray, " v"],
    edge: _Edge,
) -> Float[np.ndarray, "4 4"]:
    """A frame's pose nearer to the one at which its colours are the mean ones, all of them brighter or
    darker."""
    focal = np.array([intrinsics[0, 0], intrinsics[1, 1]])
    taken = np.flatnonzero(known & (frame.seen(intrinsics, pose)[1] > 0.1))
    if len(taken) < _LEAST_VERTICES:
        return tracked
    taken = taken[:: -(-len(taken) // _MOST_VERTICES)]
    frame, mean = frame.of_vertices(taken), mean[taken]
    for _ in range(STEPS):
        found, believed, places_m = frame.seen(intrinsics, pose)
        if (believed > 0.1).sum() < _LEAST_VERTICES / 2:
            return tracked
        middle_m = np.average(places_m, axis=0, weights=believed)
        residuals, weights, brightness = _differences(found[:, :3], mean, believed)
        x, y, depth_m = places_m.T
        slopes_x, slopes_y = found[:, 3:6] * focal[0], found[:, 6:9] * focal[1]
        by_place = np.stack(
            [slopes_x / depth_m[:, None], slopes_y / depth_m[:, None],
             -(slopes_x * (x / depth_m**2)[:, None] + slopes_y * (y / depth_m**2)[:, None])], axis=2
        )  # fmt: skip
        by_turn = np.cross((places_m - middle_m)[:, None], by_place)
        jacobian = np.concatenate([by_turn, by_place], axis=2)
        # Brightness explains its share first
        jacobian = jacobian - brightness.explained(jacobian)
        off = _difference(tracked, pose, middle_m)
        precision = 1 / PRIOR_STD**2
        alike = ALIKE * len(taken) / _MOST_VERTICES
        scaled = (weights[..., None] * jacobian).reshape(-1, 6) / (COLOR_STD**2 * alike)
        normal = scaled.T @ jacobian.reshape(-1, 6) + np.diag(precision)
        gradient = scaled.T @ residuals.ravel() + precision * off
        of_edge = edge.equations(pose, middle_m)
        normal, gradient = normal + of_edge[0], gradient + of_edge[1]
        step = -np.linalg.solve(normal, gradient)
        pose = _moved(pose, step, middle_m)
    return pose


class _Brightness:
    """What a gain and an offset of each channel explain of something, least squares.

    Args:
        mean: (V, 3) colours that are brightened; weights: (V, 3).
    """

    def __init__(self, mean: Float[np.ndarray, "v 3"], weights: Float[np.ndarray, "v 3"]) -> None:
        self._basis = np.stack([np.ones_like(mean), mean], axis=2).transpose(1, 0, 2)
        self._weighted = (weights.T[..., None] * self._basis).transpose(0, 2, 1)
        self._inverse = np.linalg.inv(self._weighted @ self._basis + 1e-6 * np.eye(2))

    def explained(self, values: Float[np.ndarray, "v 3 *more"]) -> Float[np.ndarray, "v 3 *more"]:
        flat = values.reshape(*values.shape[:2], -1).transpose(1, 0, 2)
        return (
            (self._basis @ (self._inverse @ (self._weighted @ flat))).transpose(1, 0, 2).reshape(values.shape)
        )


def _differences(
    colors: Float[np.ndarray, "v 3"], mean: Float[np.ndarray, "v 3"], believed: Float[np.ndarray, " v"]
) -> tuple[Float[np.ndarray, "v 3"], Float[np.ndarray, "v 3"], _Brightness]:
    """Of colours and the mean ones but for their brightness, with their weights, and that brightness."""
    weights = np.repeat(believed[:, None], 3, axis=1)
    off = colors - mean
    brightness = _Brightness(mean, weights)
    residuals = off - brightness.explained(off)
    weights = weights / (1 + (residuals / COLOR_STD) ** 2)
    brightness = _Brightness(mean, weights)
    residuals = off - brightness.explained(off)
    return residuals, believed[:, None] / (1 + (residuals / COLOR_STD) ** 2), brightness


def _moved(pose: np.ndarray, step: np.ndarray, middle_m: np.ndarray) -> np.ndarray:
    """A pose turned about a point and shifted, in the camera's frame."""
    turn, out = matrix_from_rotation_vector(step[:3]), pose.copy()
    out[:3, :3] = turn @ pose[:3, :3]
    out[:3, 3] = turn @ (pose[:3, 3] - middle_m) + middle_m + step[3:]
    return out


def _difference(tracked: np.ndarray, pose: np.ndarray, middle_m: np.ndarray) -> np.ndarray:
    """The step from a pose to another one, about a point."""
    turn = rotation_vector_from_matrix(pose[:3, :3] @ tracked[:3, :3].T)
    back_m = tracked[:3, :3] @ pose[:3, :3].T @ (middle_m - pose[:3, 3]) + tracked[:3, 3]
    return np.concatenate([turn, middle_m - back_m])
