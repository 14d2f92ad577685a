"""What a studio dresses heads with, read from the public assets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.head_building.ict_facekit import read_ict_facekit
from mien.head_building.makehuman import MakeHuman
from mien.head_building.onto_ict import ict_from_makehuman
from mien.head_building.template import build_skin_template
from mien.heads.model import Head
from mien.synthetic.scenes.wardrobe import Wardrobe, read_skins


@dataclass(frozen=True)
class Stock:
    """Garments, and skin pictures (S, S, 3) by name."""

    wardrobe: Wardrobe
    skins: dict[str, np.ndarray]


def read_stock(assets: Path, head: Head) -> Stock:
    """Everything in a folder that holds `ict_facekit/` and `makehuman/`, for a head with the built-in mean.

    Raises:
        InputError: the assets are not there.
    """
    makehuman = MakeHuman(assets / "makehuman")
    ict = read_ict_facekit(assets / "ict_facekit")
    template = build_skin_template(makehuman)
    wardrobe = Wardrobe(makehuman, template, ict_from_makehuman(template, ict), head)
    return Stock(wardrobe, read_skins(makehuman.folder / "skins"))
