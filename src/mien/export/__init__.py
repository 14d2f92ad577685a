"""Files for other programs: glTF, OBJ, Live Link Face CSV, and plain data that mien reads back."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from mien.export.files import SUFFIXES, export
from mien.export.saved import read_fit, read_track
from mien.fitting.results import HeadFit, HeadTrack
from mien.heads.model import Head

__all__ = ["SUFFIXES", "export", "read_fit", "read_track"]


class _CallableModule(ModuleType):
    """`mien.export` names this package and the public function: whichever import ran last, calling works."""

    def __call__(
        self, result: HeadFit | HeadTrack | Head, path: str | Path, *, head: Head | None = None
    ) -> Path:
        return export(result, path, head=head)


sys.modules[__name__].__class__ = _CallableModule
