"""What a studio dresses heads with, read from the public assets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.head_building.albedo import corners_on_skins
from mien.head_building.ict_facekit import read_ict_facekit
from mien.head_building.makehuman import MakeHuman
from mien.head_building.onto_ict import ict_from_makehuman
from mien.head_building.quad_skin import build_quad_skin
from mien.heads.model import Head
from mien.synthetic.scenes.wardrobe import Wardrobe, read_skins


@dataclass(frozen=True)
class Stock:
    """Garments, and skins.

    Attributes:
        skins: pictures (S, S, 3) by name.
        skin_places: (T, 3, 2) where the corners of the head's triangles lie in them, v up.
    """

    wardrobe: Wardrobe
    skins: dict[str, np.ndarray]
    skin_places: np.ndarray


def read_stock(assets: Path, head: Head) -> Stock:
    """Everything in a folder that holds `ict_facekit/` and `makehuman/`, for a head with the built-in mean.

    Raises:
        InputError: the assets are not there, or the head has another skin than the built-in one.
    """
    makehuman = MakeHuman(assets / "makehuman")
    ict = read_ict_facekit(assets / "ict_facekit")
    skin = build_quad_skin(makehuman)
    wardrobe = Wardrobe(makehuman, skin, ict_from_makehuman(skin, ict), head)
    return Stock(wardrobe, read_skins(makehuman.folder / "skins"), corners_on_skins(head, skin))
