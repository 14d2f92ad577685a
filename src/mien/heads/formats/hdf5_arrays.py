"""Arrays of an HDF5 file as `.npy` files; run as a process, because damaged files can crash HDF5's library.

    python -m mien.heads.formats.hdf5_arrays FILE FOLDER NAME …

`FOLDER/0.npy` is the first of the names, and so on. Exit code 3: the reason is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from mien.reading.in_child import limit_memory

MAX_NUMBERS = 200_000_000
"""Of one array: 1.6 GB."""
MAX_RATIO = 1100
"""What deflate can shrink by."""


def main(path: str, folder: str, names: list[str]) -> int:
    """Write the arrays; the exit code."""
    import h5py

    limit_memory()
    size_bytes = Path(path).stat().st_size
    try:
        with h5py.File(path, "r") as file:
            for index, name in enumerate(names):
                if name not in file:
                    return _refused(
                        "is no BFM 2017 or 2019 file (.h5 with shape/model, expression/model and "
                        f"shape/representer): it has no array {name}"
                    )
                link = file.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):  # others lead to other files
                    return _refused(f"has no array {name}")
                dataset = file[name]
                if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "iuf":
                    return _refused(f"has no array of numbers {name}")
                if dataset.external or dataset.is_virtual:
                    return _refused(f"keeps {name} in another file")
                if (dataset.size or 0) > min(MAX_NUMBERS, MAX_RATIO * size_bytes):
                    return _refused(f"claims {dataset.size} numbers in {name}, more than it can hold")
                np.save(Path(folder) / f"{index}.npy", np.asarray(dataset[()], float))
    except Exception as error:  # h5py reports damage in many ways
        return _refused(f"is damaged ({type(error).__name__}); get it again")
    return 0


def _refused(reason: str) -> int:
    sys.stdout.write(reason + "\n")
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
