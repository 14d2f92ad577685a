"""Rotations: matrices at boundaries, rotation vectors (axis times angle, radians) as parameters."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float


def cross_matrix(vector: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """The matrix K with K @ x = vector × x."""
    x, y, z = vector.tolist()  # Python floats: several times quicker here than numpy scalars
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def matrix_from_rotation_vector(rotation: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """Rodrigues' formula; accurate to machine precision near zero."""
    return np.array(rotation_rows(rotation.tolist()))


def rotation_rows(rotation: list[float]) -> list[list[float]]:
    """`matrix_from_rotation_vector` in Python floats, for those who go on computing with them."""
    x, y, z = rotation
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < 1e-4:
        a, b = 1 - angle**2 / 6, 0.5 - angle**2 / 24
    else:
        a, b = math.sin(angle) / angle, (1 - math.cos(angle)) / angle**2
    return _polynomial_of_cross_matrix(x, y, z, a, b)


def rotation_vector_from_matrix(matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " 3"]:
    """Inverse of `matrix_from_rotation_vector`; angle in [0, π].

    By way of the quaternion, from its largest component (Shepperd 1978): accurate at all angles. Written out,
    since scipy.spatial takes a third of a second to be imported.
    """
    rows = matrix.tolist()
    diagonal = rows[0][0], rows[1][1], rows[2][2]
    trace = sum(diagonal)
    largest = max(range(3), key=lambda axis: diagonal[axis])
    turn = [rows[2][1] - rows[1][2], rows[0][2] - rows[2][0], rows[1][0] - rows[0][1]]
    if trace >= diagonal[largest]:
        real, vector = 1 + trace, turn
    else:
        real = turn[largest]
        vector = [rows[axis][largest] + rows[largest][axis] for axis in range(3)]
        vector[largest] = 1 - trace + 2 * diagonal[largest]
    if real < 0:
        real, vector = -real, [-value for value in vector]
    length = math.sqrt(sum(value * value for value in vector))
    factor = 2 * math.atan2(length, real) / length if length else 0.0
    return np.array([factor * value for value in vector])


def left_jacobian(rotation: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """J with exp(rotation + δ) ≈ exp(J δ) exp(rotation), the left Jacobian of SO(3).

    So d(R x)/d(rotation) = -[R x]ₓ J.
    """
    a, b = _left_jacobian_factors(math.sqrt(rotation @ rotation))
    x, y, z = rotation.tolist()
    return np.array(_polynomial_of_cross_matrix(x, y, z, a, b))


def left_jacobian_product(
    rotation: Float[np.ndarray, " 3"], vector: Float[np.ndarray, " 3"], *, transposed: bool = False
) -> tuple[float, float, float]:
    """`left_jacobian` times a vector, without the matrix."""
    x, y, z = rotation.tolist()
    p, q, r = vector.tolist()
    a, b = _left_jacobian_factors(math.sqrt(x * x + y * y + z * z))
    if transposed:
        a = -a
    u, v, w = y * r - z * q, z * p - x * r, x * q - y * p
    return (
        p + a * u + b * (y * w - z * v),
        q + a * v + b * (z * u - x * w),
        r + a * w + b * (x * v - y * u),
    )


def _left_jacobian_factors(angle: float) -> tuple[float, float]:
    if angle < 1e-3:
        return 0.5 - angle**2 / 24, 1 / 6 - angle**2 / 120
    return (1 - math.cos(angle)) / angle**2, (angle - math.sin(angle)) / angle**3


def _polynomial_of_cross_matrix(x: float, y: float, z: float, a: float, b: float) -> list[list[float]]:
    """I + a K + b K² for the cross matrix K; in Python floats, which for so few is quicker than numpy."""
    xx, yy, zz = x * x, y * y, z * z
    xy, xz, yz = b * x * y, b * x * z, b * y * z
    ax, ay, az = a * x, a * y, a * z
    return [
        [1 - b * (yy + zz), xy - az, xz + ay],
        [xy + az, 1 - b * (xx + zz), yz - ax],
        [xz - ay, yz + ax, 1 - b * (xx + yy)],
    ]


def quaternions_from_rotation_vectors(rotations: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 4"]:
    """(N, 4) unit quaternions x, y, z, w; accurate near zero."""
    angles = np.sqrt((rotations * rotations).sum(axis=1, keepdims=True))
    # sin(angle / 2) / angle, which numpy's sinc (with π) gives at zero too
    return np.concatenate([0.5 * np.sinc(angles / (2 * np.pi)) * rotations, np.cos(angles / 2)], axis=1)


def rotation_vectors_from_quaternions(quaternions: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 3"]:
    """(N, 3) rotation vectors of quaternions x, y, z, w of any length; angles in [0, π]."""
    shorter = np.where(quaternions[:, 3:] < 0, -quaternions, quaternions)
    sines = np.sqrt((shorter[:, :3] ** 2).sum(axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        factors = np.where(sines > 0, 2 * np.arctan2(sines, shorter[:, 3:]) / sines, 0.0)
    return factors * shorter[:, :3]


def quaternion_product(
    one: Float[np.ndarray, " 4"], others: Float[np.ndarray, "n 4"]
) -> Float[np.ndarray, "n 4"]:
    """(N, 4) the other rotations followed by the one; x, y, z, w."""
    x, y, z, w = one.tolist()
    return others @ np.array([[w, z, -y, -x], [-z, w, x, -y], [y, -x, w, -z], [x, y, z, w]])


def nearest_rotation(matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation nearest to a matrix (least squares): the rotation part of a similarity."""
    u, _, vt = np.linalg.svd(matrix)
    return u @ np.diag([1.0, 1.0, float(np.linalg.det(u @ vt))]) @ vt


def random_rotation(
    rng: np.random.Generator, *, largest_rad: float, smallest_rad: float = 0.0
) -> Float[np.ndarray, "3 3"]:
    """About a random axis, by an angle that is spread evenly."""
    axis = rng.normal(size=3)
    return matrix_from_rotation_vector(axis / np.linalg.norm(axis) * rng.uniform(smallest_rad, largest_rad))
