"""A head laid over many pictures of a video: quicker than `draw_mesh`, and meant to be seen through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int, UInt8

from mien.cameras import Camera
from mien.drawing.edges import surface_edges
from mien.drawing.mesh import overlay_colors, solid_triangles
from mien.drawing.raster import AMBIENT, LIGHTS
from mien.drawing.viewport import Viewport
from mien.geometry.rasterization import rasterize
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.heads.skinning import joint_transforms

_SHADED_HEIGHT_PX = 240
"""Height at which the head is shaded: more shows no more of so smooth a surface."""
_WIRED_HEIGHT_PX = 450
"""Height of a head from which its edges are drawn; of smaller ones they would cover the face."""
_EDGE_COLOR, _EDGE_OPACITY = (40, 70, 110), 0.35


@dataclass(frozen=True, eq=False)
class SeenHead:
    """A posed head as a camera sees it, in single precision.

    Attributes:
        camera_m: (3, V) its opaque vertices in the camera's frame, metres.
        points_px: (2, V) in the picture; NaN at or behind the camera.
    """

    camera_m: Float[np.ndarray, "3 vertices"]
    points_px: Float[np.ndarray, "2 vertices"]

    def bounds_px(self) -> tuple[Float[np.ndarray, 2], Float[np.ndarray, 2]] | None:
        """Least and largest place in the picture; None when all of the head is behind the camera."""
        x, y = self.points_px
        if not np.isfinite(np.dot(x, x) + np.dot(y, y)):
            finite = np.isfinite(x) & np.isfinite(y)
            x, y = x[finite], y[finite]
        return (np.array([x.min(), y.min()]), np.array([x.max(), y.max()])) if len(x) else None


class LaidOver:
    """A head's surface with everything ready that stays the same from frame to frame.

    From array to array, in single precision: a picture of a head has a few ten thousand pixels.
    """

    def __init__(self, head: Head) -> None:
        triangles = solid_triangles(head)
        used, local = np.unique(triangles, return_inverse=True)
        self._triangles = local.reshape(triangles.shape)
        self._albedo = overlay_colors(head)[triangles].mean(axis=1).astype(np.float32)
        self._edges = surface_edges(self._triangles, _local_quads(head, used))
        self._used = used
        shapes = head.expression_basis_m[:, used].transpose(0, 2, 1).reshape(head.expression_count, -1)
        self._expression = np.ascontiguousarray(shapes, np.float32)
        self._weights = np.ascontiguousarray(head.skinning_weights[used].T, np.float32)
        self._personal = [(shape.shape, *_shared(used, shape.vertices)) for shape in head.personal_shapes]
        self._person: _Person | None = None

    def seen_by(self, camera: Camera, head: Head, parameters: HeadParameters) -> SeenHead:
        """The posed head in a picture."""
        person = self._person
        if person is None or not np.array_equal(person.identity, parameters.identity):
            self._person = person = self._person_of(head, parameters.identity)
        rest_m = person.rest_m + (parameters.expression.astype(np.float32) @ self._expression)
        rest_m = rest_m.reshape(3, -1)
        for (shape, columns, _), change_m in zip(self._personal, person.changes_m, strict=True):
            weight = float(parameters.expression[shape])
            if weight:
                rest_m[:, columns] += np.float32(weight) * change_m
        change = joint_transforms(person.joints_m, parameters.joint_rotations)
        change[:, :, :3] -= np.eye(3)
        blended = change.reshape(len(change), 12).T.astype(np.float32) @ self._weights
        blended = blended.reshape(3, 4, -1)
        posed_m = rest_m + blended[:, 3]
        for axis in range(3):
            posed_m += blended[:, axis] * rest_m[axis]
        world = camera.camera_from_world[:3, :3]
        turn = (world @ matrix_from_rotation_vector(parameters.root_rotation)).astype(np.float32)
        shift_m = world @ parameters.root_translation_m + camera.camera_from_world[:3, 3]
        camera_m = turn @ posed_m + shift_m.astype(np.float32)[:, None]
        depth_m = np.where(camera_m[2] > 1e-6, camera_m[2], np.float32(np.nan))
        intrinsics = camera.intrinsics.astype(np.float32)
        points_px = intrinsics[:2, :2] @ (camera_m[:2] / depth_m) + intrinsics[:2, 2:]
        return SeenHead(camera_m, points_px)

    def draw(
        self, image: UInt8[np.ndarray, "height width 3"], seen: SeenHead, *, opacity: float
    ) -> UInt8[np.ndarray, "height width 3"]:
        """The picture with the head laid over it, each triangle in one colour, its edges smooth."""
        import cv2

        out = image.copy()
        bounds = seen.bounds_px()
        if bounds is None:
            return out
        low, high = bounds
        height_px, width_px = image.shape[:2]
        # Only the head's box is drawn: a face in a large frame costs no more than one in a small frame.
        left, top = np.clip(np.floor(low).astype(int) - 1, 0, (width_px, height_px)).tolist()
        right, bottom = np.clip(np.ceil(high).astype(int) + 2, 0, (width_px, height_px)).tolist()
        if right <= left or bottom <= top:
            return out
        width, height = right - left, bottom - top
        factor = min(1.0, _SHADED_HEIGHT_PX / height)
        small = max(round(width * factor), 1), max(round(height * factor), 1)
        view = Viewport(left, top, width, height, *small)
        raster = rasterize(
            view.points(seen.points_px.T).astype(np.float32),
            seen.camera_m[2],
            self._triangles,
            width_px=small[0],
            height_px=small[1],
        )
        visible, of_pixel = _numbered(raster.triangle, len(self._triangles))
        shown = np.zeros((len(visible) + 1, 4), np.uint8)  # the first is for pixels without a triangle
        shown[0, 3] = 255
        shown[1:, :3] = np.round(255 * opacity * self._colors(seen, visible))
        shown[1:, 3] = round(255 * (1 - opacity))
        picture = np.take(shown.view(np.uint32)[:, 0], of_pixel).view(np.uint8).reshape(*of_pixel.shape, 4)
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        picture = picture.reshape(height, width, 4)
        under = cv2.cvtColor(cv2.extractChannel(picture, 3), cv2.COLOR_GRAY2RGB)
        mixed = cv2.multiply(image[top:bottom, left:right], under, scale=1 / 255)
        mixed = cv2.add(mixed, cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB))
        if high[1] - low[1] > _WIRED_HEIGHT_PX:
            moved_px = seen.points_px - np.array([[left], [top]], np.float32)
            _draw_edges(mixed, moved_px, self._edges.around(visible))
        out[top:bottom, left:right] = mixed
        return out

    def _colors(self, seen: SeenHead, visible: np.ndarray) -> Float[np.ndarray, "visible 3"]:
        """Colour of each triangle under the lamps, at most 1."""
        first, second, third = (
            np.take(seen.camera_m, corner, axis=1) for corner in self._triangles[visible].T
        )
        a, b = second - first, third - first
        normal = np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
        length = np.sqrt((normal * normal).sum(axis=0))
        lamps = np.array([direction for direction, _ in LIGHTS], np.float32)
        lamps /= np.linalg.norm(lamps, axis=1, keepdims=True)
        towards = np.maximum(lamps @ normal, 0) / np.maximum(length, 1e-15)
        light = AMBIENT + np.array([strength for _, strength in LIGHTS], np.float32) @ towards
        return np.minimum(self._albedo[visible] * light[:, None], 1)

    def _person_of(self, head: Head, identity: np.ndarray) -> _Person:
        rest_m = head.rest_vertices_m(identity, np.zeros(head.expression_count))[self._used]
        changes_m = [
            shape.change_m(identity)[rows].T.astype(np.float32)
            for shape, (_, _, rows) in zip(head.personal_shapes, self._personal, strict=True)
        ]
        flat = np.ascontiguousarray(rest_m.T, np.float32).reshape(-1)
        return _Person(np.array(identity), flat, changes_m, head.joints_m(identity))


@dataclass(frozen=True, eq=False)
class _Person:
    """What stays the same as long as somebody is the same."""

    identity: np.ndarray
    rest_m: np.ndarray  # (3 V,) axis by axis
    changes_m: list[np.ndarray]
    joints_m: np.ndarray


@lru_cache(maxsize=4)
def laid_over(head: Head) -> LaidOver:
    """A head prepared for being laid over pictures; the last few are kept."""
    return LaidOver(head)


def _shared(used: np.ndarray, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where those `vertices` that are used lie among all used ones, and which of them they are."""
    rows = np.flatnonzero(np.isin(vertices, used))
    return np.searchsorted(used, vertices[rows]), rows


def _local_quads(head: Head, used: np.ndarray) -> np.ndarray:
    """Those quads whose vertices are all used, numbered as these are."""
    number = np.full(head.vertex_count + 1, -2)
    number[used], number[-1] = np.arange(len(used)), -1
    quads = number[head.quads]
    return quads[(quads > -2).all(axis=1)]


def _numbered(triangle: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The triangles that are seen, and each pixel's triangle's number among them, from 1; 0 for none."""
    marks = np.zeros(count + 1, bool)
    marks[triangle] = True  # -1, no triangle, marks the last
    marks[count] = False
    numbers = np.cumsum(marks, dtype=np.int32)
    numbers[count] = 0
    return np.flatnonzero(marks), np.take(numbers, triangle, mode="wrap")


def _draw_edges(
    image: UInt8[np.ndarray, "height width 3"],
    points_px: Float[np.ndarray, "2 vertices"],
    edges: Int[np.ndarray, "edges 2"],
) -> None:
    """Draw thin lines, seen through, in place: one pixel at every step along the longer side."""
    import cv2

    height_px, width_px = image.shape[:2]
    (x, x_end), (y, y_end) = (np.take(along, edges.T) for along in points_px)
    along_x, along_y = x_end - x, y_end - y
    longer = np.maximum(np.abs(along_x), np.abs(along_y))
    steps = np.where(longer < 2 * max(height_px, width_px), np.ceil(longer), 0).astype(np.int32)  # nor NaN
    step = 1 / np.maximum(steps, 1).astype(np.float32)
    owner = np.repeat(np.arange(len(steps), dtype=np.int32), steps)
    number = np.arange(len(owner), dtype=np.int32) - np.repeat(
        np.cumsum(steps, dtype=np.int32) - steps, steps
    )
    column, row = (
        (np.take(begin + 0.5, owner) + number * np.take(along * step, owner)).astype(np.int32)
        for begin, along in ((x, along_x), (y, along_y))
    )
    within = (column >= 0) & (column < width_px) & (row >= 0) & (row < height_px)
    marks = np.zeros(height_px * width_px, np.uint8)
    marks[(row * np.int32(width_px) + column)[within]] = 255
    color = _edge_colored(-(-height_px // 128), -(-width_px // 128))[:height_px, :width_px]
    mixed = cv2.addWeighted(image, 1 - _EDGE_OPACITY, color, _EDGE_OPACITY, 0)
    cv2.copyTo(mixed, marks.reshape(height_px, width_px), image)


@lru_cache(maxsize=4)
def _edge_colored(rows: int, columns: int) -> UInt8[np.ndarray, "height width 3"]:
    """So many squares of 128 pixels in the edges' colour. Kept from frame to frame: the head's size changes
    little, and numpy takes as long to fill such a picture as all else takes about edges."""
    color = np.full((128 * rows, 128 * columns, 3), _EDGE_COLOR, np.uint8)
    color.flags.writeable = False
    return color
