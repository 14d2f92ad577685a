"""Results as tables: for the terminal, for Markdown, and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mien.evaluation.fitting.collisions import MAX_MM, CollisionsResult
from mien.evaluation.fitting.exact_landmarks import MEAN_HEAD, ExactLandmarksResult
from mien.evaluation.fitting.predicted_landmarks import PredictedLandmarksResult, Way
from mien.evaluation.fitting.rig_sequence import RigSequenceResult
from mien.evaluation.fitting.shape_error import ShapeErrors
from mien.evaluation.fitting.solvers import MAX_APART, SolverCase


@dataclass(frozen=True)
class Table:
    """Rows of text, and the same as plain data.

    Attributes:
        title, header, rows: for people.
        data: for JSON.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    data: dict[str, Any]

    def markdown(self) -> str:
        """The table alone, without its title."""
        lines = [self.header, tuple("---" for _ in self.header), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def summary(errors: Sequence[ShapeErrors]) -> dict[str, float]:
    """Median, mean and deviation over all scan points of all fits, as the NoW challenge reports, millimetres;
    and the median of the worst twentieth of the fits."""
    pooled = np.concatenate([error.distances_mm for error in errors])
    medians = [np.median(error.distances_mm) for error in errors]
    return {
        "median_mm": float(np.median(pooled)),
        "mean_mm": float(pooled.mean()),
        "std_mm": float(pooled.std()),
        "median_of_worst_mm": float(np.percentile(medians, 95)),
        "fits": len(errors),
    }


_SUMMARY_HEADER = ("median", "mean", "std", "median of the worst 5 %", "median, of the mean head's")


def _summary_cells(figures: dict[str, float], mean_head: dict[str, float]) -> tuple[str, ...]:
    share = figures["median_mm"] / mean_head["median_mm"]
    names = ("median_mm", "mean_mm", "std_mm", "median_of_worst_mm")
    return (*(f"{figures[name]:.2f}" for name in names), f"{100 * share:.0f} %")


def exact_landmarks_table(result: ExactLandmarksResult) -> Table:
    """Every way of fitting, for every group and for all."""
    groups = {"all": list(range(len(result.groups)))}
    if len(set(result.groups)) > 1:
        for name in dict.fromkeys(result.groups):
            groups[name] = [person for person, group in enumerate(result.groups) if group == name]
    rows, data = [], {}
    for group, members in groups.items():
        figures = {
            way: summary([errors[person] for person in members]) for way, errors in result.errors.items()
        }
        data[group] = figures
        for way, values in figures.items():
            label = f"{group} ({len(members)})" if way == MEAN_HEAD else ""
            rows.append((label, way, *_summary_cells(values, figures[MEAN_HEAD])))
    return Table(
        f"Exact {result.set_name} landmarks: scan-to-mesh error, mm",
        ("people", "shape", *_SUMMARY_HEADER),
        tuple(rows),
        {"study": "people", "landmarks": result.set_name, "groups": data},
    )


def predicted_landmarks_table(result: PredictedLandmarksResult) -> Table:
    """Every number of landmarks, one picture and several, with σ and without."""
    mean_head = summary(result.mean_head)
    figures = {way: summary(errors) for way, errors in result.errors.items()}
    rows = [("mean head", "", "", *_summary_cells(mean_head, mean_head))]
    ordered = sorted(figures, key=lambda way: (way.several, _size(way.set_name), not way.sigma))
    for way in ordered:
        pictures = "all together" if way.several else "one"
        sigma = "its own σ" if way.sigma else "one σ for all"
        cells = _summary_cells(figures[way], mean_head)
        rows.append((str(_size(way.set_name)), pictures, sigma, *cells))
    data = {
        "study": "pictures",
        "network": result.network,
        "pictures": result.pictures,
        "found": result.found,
        "landmark_error_px": result.landmark_error_px,
        "landmark_error_of_inter_ocular": result.landmark_share,
        "mean_head": mean_head,
        "ways": [{**_way_data(way), **figures[way]} for way in ordered],
        "differences": [_difference(result, *pair) for pair in _compared(ordered)],
    }
    return Table(
        f"Landmarks predicted by {result.network!r}: scan-to-mesh error, mm",
        ("landmarks", "pictures", "uncertainty", *_SUMMARY_HEADER),
        tuple(rows),
        data,
    )


def _compared(ways: list[Way]) -> list[tuple[Way, Way]]:
    """Each number of landmarks with the next larger one, and the largest with σ and without."""
    pairs = []
    for several in (False, True):
        own = [way for way in ways if way.several == several and way.sigma]
        pairs += list(zip(own[1:], own[:-1], strict=True))
        pairs += [(way, own[-1]) for way in ways if own and way == replace(own[-1], sigma=False)]
    return pairs


def _difference(result: PredictedLandmarksResult, way: Way, than: Way) -> dict[str, Any]:
    """How much larger the fits' own medians are than another way's, and the standard error of that, mm."""
    medians = [np.array([np.median(fit.distances_mm) for fit in result.errors[one]]) for one in (way, than)]
    more = medians[0] - medians[1]
    error_mm = float(more.std() / np.sqrt(len(more)))
    return {"of": _way_data(way), "over": _way_data(than), "mm": float(more.mean()), "error_mm": error_mm}


def _way_data(way: Way) -> dict[str, Any]:
    return {"landmarks": way.set_name, "sigma": way.sigma, "several_pictures": way.several}


def _size(set_name: str) -> int:
    from mien.heads.landmark_sets import set_size

    return set_size(set_name)


def solvers_table(cases: list[SolverCase]) -> Table:
    """Cost and time of each solver on each problem."""
    labels = list(cases[0].costs)
    rows = [
        (
            case.name,
            str(case.unknowns),
            *(f"{case.costs[label]:.4f} ({case.seconds[label]:.2f} s)" for label in labels),
            f"{100 * case.apart:.4f} %",
        )
        for case in cases
    ]
    worst = max(case.apart for case in cases)
    agree = sum(case.apart <= MAX_APART for case in cases)
    data = {
        "study": "solvers",
        "agree": agree,
        "cases": len(cases),
        "largest_difference": worst,
        "costs": [{"name": case.name, **case.costs} for case in cases],
        "seconds": {label: sum(case.seconds[label] for case in cases) for label in labels},
    }
    title = f"{agree} of {len(cases)} problems: all solvers within {100 * MAX_APART:g} % of each other's cost"
    return Table(title, ("problem", "unknowns", *labels, "apart"), tuple(rows), data)


def rig_sequence_table(result: RigSequenceResult) -> Table:
    """Size, time and memory of the joint solve."""
    rows = (
        ("size", f"{result.frames} frames × {result.cameras} cameras × {result.landmarks} landmarks"),
        ("time", f"{result.wall_s:.1f} s ({result.processor_s:.1f} s of processor, {result.cores} cores)"),
        ("memory", f"{result.peak_mib:.0f} MiB at most, {result.before_mib:.0f} MiB before the solve"),
        ("solve", f"{result.status.value}, {result.iterations} steps"),
        ("posed face", f"{result.vertex_error_mm:.3f} mm off on average (noise {result.noise_px:g} px)"),
    )
    data = {**asdict(result), "study": "sequence", "status": result.status.name}
    return Table("A recorded sequence, offline", ("", ""), rows, data)


def collisions_table(results: dict[str, CollisionsResult]) -> Table:
    """Depth of skin in eyeballs and teeth for each way of fitting."""
    rows, data = [], {}
    for name, result in results.items():
        eyes_mm, teeth_mm = result.eyeballs_mm, result.teeth_mm
        above = float(np.mean(eyes_mm > MAX_MM))
        data[name] = {
            "fits": len(eyes_mm),
            "eyeballs_median_mm": float(np.median(eyes_mm)),
            "eyeballs_deepest_mm": float(eyes_mm.max()),
            "eyeballs_share_above_limit": above,
            "teeth_median_mm": float(np.median(teeth_mm)),
            "teeth_deepest_mm": float(teeth_mm.max()),
            "residual_px": float(np.median(result.residual_px)),
            "fit_ms": result.fit_ms,
        }
        cells = (np.median(eyes_mm), eyes_mm.max(), teeth_mm.max())
        rows.append(
            (
                name,
                *(f"{value:.2f}" for value in cells),
                f"{100 * above:.0f} %",
                f"{data[name]['residual_px']:.2f} px",
                f"{result.fit_ms:.0f} ms",
            )
        )
    header = (
        "", "in eyeballs, median", "in eyeballs, deepest", "in teeth, deepest", f"fits above {MAX_MM:g} mm",
        "residual", "time",
    )  # fmt: skip
    count = len(next(iter(results.values())).eyeballs_mm)
    title = f"Skin deeper inside than on the mean head at rest, mm, over {count} fits"
    return Table(title, header, tuple(rows), {"study": "intersection", "limit_mm": MAX_MM, **data})
