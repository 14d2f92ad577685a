"""What a person is told whose fit failed: solvers know no landmarks, so the drivers say what to check."""

from __future__ import annotations

from mien.errors import FitError
from mien.least_squares.solution import Solution, Status


def fit_error(status: Status, reason: str = "") -> FitError:
    """The error of a fit that ended so.

    Args:
        reason: why, where the status does not say it.
    """
    if reason:
        return FitError(f"the fit is implausible: {reason}")
    return FitError(
        f"the fit {status.value}; check that all landmarks are finite numbers, and that their deviations and "
        "the camera's focal length are positive"
    )


def usable_fit_or_raise(solution: Solution, *, throw: bool) -> Solution:
    """The solution itself.

    Raises:
        FitError: with `throw`, when it is not usable.
    """
    if throw and not solution.status.usable:
        raise fit_error(solution.status)
    return solution
