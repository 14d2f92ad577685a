"""Random people and their rendered pictures, from the cache or made now: for several benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.commands.display import progress_bar
from mien.commands.options import HeldOutPeopleOptions
from mien.errors import InputError
from mien.synthetic.held_out_people.picture_files import PEOPLE_FILE

if TYPE_CHECKING:
    from mien.synthetic.held_out_people.crowd import Photographer


def photographer_of(
    options: HeldOutPeopleOptions, *, count: int, at_least: int = 0, quiet: bool
) -> Photographer:
    """The first people of this seed.

    Args:
        count: how many.
        at_least: when they must be drawn, so many, if the options ask for fewer.
        quiet: show no progress.

    Raises:
        InputError: they are not drawn and there are no assets, or the cache holds others.
    """
    from mien.heads.library import load_head
    from mien.synthetic.held_out_people.crowd import Photographer, load_crowd, save_crowd

    path = options.cache / PEOPLE_FILE
    if not path.exists():
        if options.assets is None:
            raise InputError("the people are not drawn yet; add --assets FOLDER", source=path)
        from mien.synthetic.held_out_people.draw import draw_crowd

        everybody = max(options.people, at_least)
        with progress_bar(quiet=quiet) as report:
            crowd = draw_crowd(
                options.assets, count=everybody, shots=options.shots, seed=options.seed, report=report
            )
        save_crowd(crowd, path)
    crowd = load_crowd(path)
    if crowd.seed != options.seed or len(crowd) < count or crowd.shot_count != options.shots:
        raise InputError(
            f"holds {len(crowd)} people of seed {crowd.seed} with {crowd.shot_count} pictures each, not what "
            "was asked for; choose another --cache folder",
            source=path,
        )
    return Photographer(crowd.first(count), load_head())


def render_pictures(options: HeldOutPeopleOptions, photographer: Photographer, *, quiet: bool) -> None:
    """Draw the people's pictures where some are missing and assets are there."""
    from mien.synthetic.held_out_people.picture_files import picture_path

    crowd = photographer.crowd
    last = picture_path(options.cache, len(crowd) - 1, crowd.shot_count - 1)
    if options.assets is not None and not last.exists():
        from mien.synthetic.held_out_people.pictures import render_crowd

        with progress_bar("rendering", quiet=quiet) as report:
            render_crowd(crowd, options.assets, options.cache, report=report)
