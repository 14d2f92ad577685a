"""`mien lift views`: people of a 3D generator from known cameras."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_written, progress_bar
from mien.datasets.lifting.config import ViewsConfig


@dataclass(frozen=True)
class LiftViewsConfig:
    """Draw people of a 3D generator from a fixed set of views and from random cameras.

    A folder can be continued, and grown with a larger --count.
    """

    views: Flat[ViewsConfig]
    """Generator, how many latents and views."""


def run(arguments: list[str]) -> int:
    """Draw; returns the exit code."""
    config = parse(LiftViewsConfig, arguments, prog="mien lift views").views
    from mien.datasets.lifting.drawing import draw_views

    with progress_bar("setting up") as bar:
        draw_views(config, report=bar)
    print_written([config.out], next_step=f"label them: mien lift labels --views {config.out}")
    return 0
