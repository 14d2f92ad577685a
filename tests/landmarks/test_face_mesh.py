"""What is known of Face Mesh's points does not contradict itself."""

from __future__ import annotations

import numpy as np

from mien.landmarks import face_mesh


def test_mirroring_twice_changes_nothing():
    mirror = face_mesh.MIRROR
    assert mirror.shape == (478,)
    np.testing.assert_array_equal(mirror[mirror], np.arange(478))
    np.testing.assert_array_equal(np.flatnonzero(mirror == np.arange(478)), face_mesh.MIDDLE)
    assert set(mirror[list(face_mesh.RIGHT_IRIS)]) == set(face_mesh.LEFT_IRIS)


def test_well_known_pairs_mirror_each_other():
    """Corners of the eyes and the mouth, ends of the brows, ears, wings of the nose."""
    for right, left in ((33, 263), (133, 362), (61, 291), (70, 300), (127, 356), (98, 327), (159, 386)):
        assert face_mesh.MIRROR[right] == left


def test_parts_are_whole_and_symmetric():
    assert (len(face_mesh.LIPS), len(face_mesh.RIGHT_EYE), len(face_mesh.LEFT_EYE)) == (80, 71, 71)
    for part in (face_mesh.LIPS, face_mesh.RIGHT_EYE, face_mesh.LEFT_EYE):
        assert len(set(part)) == len(part)
    assert set(face_mesh.MIRROR[list(face_mesh.LIPS)]) == set(face_mesh.LIPS)
    assert not set(face_mesh.RIGHT_EYE) & set(face_mesh.LEFT_EYE)


def test_counterparts_of_ibug_mirror_as_ibug_does():
    pairs = [*((i, 16 - i) for i in range(9)), *((17 + i, 26 - i) for i in range(5)), (31, 35), (32, 34)]
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (27, 27), (30, 30), (33, 33)]
    pairs += [(48, 54), (49, 53), (50, 52), (51, 51), (59, 55), (58, 56), (57, 57)]
    pairs += [(60, 64), (61, 63), (62, 62), (67, 65), (66, 66)]
    assert len(set(face_mesh.IBUG68)) == 68
    for one, other in pairs:
        assert face_mesh.MIRROR[face_mesh.IBUG68[one]] == face_mesh.IBUG68[other], (one, other)
