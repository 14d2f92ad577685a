"""Writing files so that nothing is lost: neither what was there nor what others keep beside it.

Everything that mien writes goes through here. A file or folder is made under a temporary name beside its
place, brought to the disk, and renamed: at every moment, a loss of power included, its own name shows the old
one or the new one, whole. Temporary names are random, so that no two writers meet, be they on two machines;
what a killed run left under one is removed by the next run that writes to the same folder.
"""

from __future__ import annotations

from mien.files.atomic import atomic_path, new_folder, write_bytes, write_text
from mien.files.places import (
    OutputFile,
    OutputFolder,
    check_file_place,
    check_folder_could_be_made,
    check_folder_place,
)
from mien.files.row_store import RowStore
from mien.files.stopping import Stopped, stop_asked, stopped_cleanly
from mien.files.temporary import remove_stale

__all__ = [
    "OutputFile",
    "OutputFolder",
    "RowStore",
    "Stopped",
    "atomic_path",
    "check_file_place",
    "check_folder_could_be_made",
    "check_folder_place",
    "new_folder",
    "remove_stale",
    "stop_asked",
    "stopped_cleanly",
    "write_bytes",
    "write_text",
]
