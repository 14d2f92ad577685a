"""How far long work is: the one report that everything which takes a while gives.

A function that takes a while has an argument `report: ProgressReport = silent` and calls it now and then.
`mien.commands.display.progress_bar` shows reports as a bar; a window or a notebook may do else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Progress:
    """How far the work is.

    Attributes:
        done: of `total`, in whatever the work is counted: frames, pictures, steps, the share that is over.
        total: when it is over; None where nobody knows.
        label: what is being done now, for a person; empty where it goes without saying.
        figures: values worth showing, for example {"psnr_db": 29.4}.
    """

    done: float
    total: float | None = None
    label: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Of the work that is over, in [0, 1]; None where the total is not known."""
        return None if self.total is None else min(1.0, self.done / self.total) if self.total else 1.0


ProgressReport = Callable[[Progress], None]
"""What is called with the progress."""


def silent(progress: Progress) -> None:
    """The report that shows nothing."""


def reported(
    items: Iterable[Item], report: ProgressReport, *, label: str = "", total: int | None = None
) -> Iterator[Item]:
    """The items, one after the other, with a report before the first and after each is done with.

    Args:
        total: how many there are; asked of `items` where they know.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    report(Progress(0, total, label))
    for done, item in enumerate(items, 1):
        yield item
        report(Progress(done, total, label))
