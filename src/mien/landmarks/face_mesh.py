"""The points of MediaPipe's Face Mesh: which they are, and which mirror each other.

468 points of a mesh over the face, and 5 of each iris behind them. Left and right are the subject's, as
everywhere in mien; MediaPipe's attention network calls them by their side of the picture.
"""

from __future__ import annotations

import numpy as np

MESH_POINTS = 468
"""Of the mesh alone."""
POINTS = 478
"""With the irises."""
RIGHT_IRIS = (468, 469, 470, 471, 472)
"""Centre, then four points of the edge."""
LEFT_IRIS = (473, 474, 475, 476, 477)
"""Centre, then four points of the edge."""
MIDDLE = (
    0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 94, 151, 152, 164, 168, 175, 195, 197,
    199, 200,
)  # fmt: skip
"""Points in the face's plane of symmetry."""
FIRST_LEFT = 248
"""Points from here on lie on the subject's left; those before it in the middle or on the right."""

LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,  # outer edge
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415,  # inner edge
    76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408,  # between them
    62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407,
)  # fmt: skip
"""The attention network's points of the lips, in its order."""
RIGHT_EYE = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173,  # edge of the lids
    130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190,  # rings around it
    226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189, 35, 124, 46, 53, 52, 65,
    143, 111, 117, 118, 119, 120, 121, 128, 245, 156, 70, 63, 105, 66, 107, 55, 193,
)  # fmt: skip
"""The attention network's points of the right eye and brow, in its order."""
LID_EDGE = 16
"""Of an eye's points, the first ones are the edge of the lids."""

BROWS = (
    276, 283, 282, 295, 285, 300, 293, 334, 296, 336,
    46, 53, 52, 65, 55, 70, 63, 105, 66, 107,
)  # fmt: skip
"""Lower and upper edge of the brows."""
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Outline of the face."""
NOSE = (1, 2, 4, 5, 6, 168, 195, 197, 48, 278, 64, 294, 98, 327, 240, 460)
"""Ridge, tip, wings."""
CHEEKS_AND_LIDS = (
    50, 280, 101, 330, 205, 425, 117, 346, 187, 411, 36, 266, 27, 257, 230, 450, 23, 253, 225, 445, 222, 442,
)  # fmt: skip
"""Of cheeks, folds of the upper lids, and below the eyes."""

IBUG68 = (
    127, 234, 93, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    6, 197, 5, 4, 240, 97, 2, 326, 460,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""The counterpart of every point of iBUG's 68: those in common use, and at the bridge and the wings of the
nose and the angles of the jaw the ones nearest to our own points over portraits. Along the jaw they are the
nearest of the mesh, up to a tenth of the distance between the eyes off; of the brows, the upper edge."""

LIP_EDGES = 40
"""Of the lips' points, the first ones are their outer and inner edge."""


def _mirror() -> np.ndarray:
    """Points off the middle are numbered in the same order on both sides."""
    partner = np.arange(POINTS)
    right = np.setdiff1d(np.arange(FIRST_LEFT), MIDDLE)
    left = np.arange(FIRST_LEFT, MESH_POINTS)
    irises = (np.array(RIGHT_IRIS), np.array(LEFT_IRIS)[list(IRIS_MIRROR)])
    for one, other in ((right, left), irises):
        partner[one], partner[other] = other, one
    return partner


IRIS_MIRROR = (0, 3, 2, 1, 4)
"""Of an iris's points, the one of the other iris that mirrors it: edges go around as the picture has them."""
MIRROR = _mirror()
"""The partner of every point, (478,); itself in the middle."""
LEFT_EYE = tuple(int(MIRROR[index]) for index in RIGHT_EYE)
"""The attention network's points of the left eye and brow, in its order."""

FINE_PLACES = (*LIPS[:LIP_EDGES], *RIGHT_EYE[:LID_EDGE], *LEFT_EYE[:LID_EDGE])
"""Points at which a read-out looks closely: edges of lips and lids."""
PLACES = (*FINE_PLACES, *BROWS, *OVAL, *NOSE, *CHEEKS_AND_LIDS)
"""Points at which a read-out looks."""
IRISES = (*RIGHT_IRIS, *LEFT_IRIS)
"""Points of both irises."""
