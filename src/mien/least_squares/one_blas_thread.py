"""One BLAS thread where matrices are small.

A fit multiplies and factorises matrices of about 150 × 150 some hundred times. BLAS libraries split even
those over all cores, and the threads then wait for each other: the same fit takes ten to forty times as long
on a machine at rest, and longer still on one that others use too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


class _OneBlasThread:
    """A limit on the process's BLAS libraries that holds while somebody is inside.

    The number of BLAS threads belongs to the process, not to a thread: were each block to put back what it
    found, two that overlap would leave the limit in place for good. So the first to enter limits, the last to
    leave restores.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._controller: ThreadpoolController | None = None
        self._before: list[int] = []
        self._limited = False

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                if self._controller is None:
                    self._controller = _controller()
                self._before = [library.num_threads for library in self._controller.lib_controllers]
                self._limited = any(number != 1 for number in self._before)
                if self._limited:
                    self._set([1] * len(self._before))
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limited:
                self._set(self._before)

    def _set(self, numbers: list[int]) -> None:
        assert self._controller is not None
        for library, number in zip(self._controller.lib_controllers, numbers, strict=True):
            # threadpoolctl ≥ 3.7 lets the thread that set a limit alone lift it; here the last to leave does.
            release = getattr(library, "clear_controlling_thread", lambda **_: None)
            release(force=True)
            library.set_num_threads(number)
            release(force=True)


def _controller() -> ThreadpoolController:
    """Of the BLAS libraries alone, so that the limit touches no one else's threads. Finding them takes
    milliseconds, setting their threads microseconds: so they are found once."""
    import numpy.linalg  # noqa: F401  (NumPy and SciPy bring a BLAS each; both must be loaded to be found)
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


_ONE = _OneBlasThread()


def one_blas_thread(work: Callable[P, R]) -> Callable[P, R]:
    """Run a function with one BLAS thread; the process's own number is back after the last such call."""

    @wraps(work)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with _ONE:
            return work(*args, **kwargs)

    return limited
