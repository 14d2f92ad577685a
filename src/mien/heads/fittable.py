"""Anybody's head made ready for fitting: with the built-in head's landmark sets, which networks predict."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from mien.errors import check_type
from mien.heads.correspondence import LANDMARK_PART, with_landmark_sets
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.reading.regular_files import exists

_PUBLISHERS_SETS = {"ibug68"}
"""What other people's files name themselves."""


def fittable_head(head: Head | str | Path | None = None) -> Head:
    """A head that landmarks can be fitted with.

    A head without landmark sets of its own, other than its publisher's 68, is given those of the built-in
    head (`mien.heads.correspondence`), which takes a second or two. The two last heads are kept in memory,
    and nothing anywhere else: `mien head convert` keeps a head in a file.

    Args:
        head: a head, or its file as for `mien.load_head`; the built-in one when None.

    Raises:
        InputError: the file is missing or holds no head, or its surface cannot be laid over the built-in's.
        MissingExtraError: it is a BFM and h5py is not installed.
    """
    if not isinstance(head, Head):
        check_type(head, (str, Path, type(None)), argument="head", call='head="flame.pkl", or a mien.Head')
        head = load_head(head) if head is None else _loaded(*_state_of(Path(head)))
    return head if set(head.landmark_sets) - _PUBLISHERS_SETS else _with_built_in_landmarks(head)


@lru_cache(maxsize=2)
def _with_built_in_landmarks(head: Head) -> Head:
    carried = with_landmark_sets(head, load_head()).head
    _PUBLISHED[carried] = head
    return carried


_PUBLISHED: WeakKeyDictionary[Head, Head] = WeakKeyDictionary()
"""The head behind each one that was given landmarks here."""


def _state_of(path: Path) -> tuple[Path, tuple[tuple[str, int, int], ...]]:
    """A file or folder and what tells whether it has changed: names, sizes, times."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    stats = [(each.name, each.stat()) for each in files if exists(each)]
    return Path(os.path.realpath(path)), tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


@lru_cache(maxsize=2)
def _loaded(path: Path, _: tuple[tuple[str, int, int], ...]) -> Head:
    return load_head(path)


def without_landmark_points(head: Head) -> Head:
    """The head as its publisher has it: without the points and sets that were added for landmarks.

    Files for other programs then have exactly the publisher's vertices. Heads without such points are
    returned as they are.
    """
    if LANDMARK_PART not in head.part_names:
        return head
    return _PUBLISHED[head] if head in _PUBLISHED else _bare(head)


@lru_cache(maxsize=2)
def _bare(head: Head) -> Head:
    part = head.part_names.index(LANDMARK_PART)
    count = int(np.count_nonzero(head.vertex_parts != part))
    assert (head.vertex_parts[count:] == part).all(), "landmark points come last"
    return replace(
        head,
        mean_m=head.mean_m[:count],
        identity_basis_m=np.ascontiguousarray(head.identity_basis_m[:, :count]),
        expression_basis_m=np.ascontiguousarray(head.expression_basis_m[:, :count]),
        skinning_weights=head.skinning_weights[:count],
        part_names=head.part_names[:part],
        vertex_parts=head.vertex_parts[:count],
        mirror_vertices=head.mirror_vertices[:count],
        landmark_sets={},
    )
