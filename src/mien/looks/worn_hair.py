"""A head that wears a hair style in the person's colour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import UInt8

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.heads.added_part import AddedPart, with_added_part
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.looks.colors import srgb_from_linear
from mien.looks.hair import HairColor
from mien.looks.hair_styles import hair_style
from mien.looks.head_look import PersonLook
from mien.looks.materials import vertices_of

HAIR_PART = "hair"


@dataclass(frozen=True, eq=False)
class HeadWithHair:
    """A head with hair and its look; its parameters are those of the head without.

    Attributes:
        head: has a last part "hair".
        look: its cards show brows, lashes and, below them, the hair.
    """

    head: Head
    look: HeadLook


@checked_call
def with_hair_style(head: Head, person: PersonLook, *, style: str) -> HeadWithHair:
    """The built-in head with a hair style in a person's colour.

    The cards follow the skin through identity, expression and pose. Fits and tracks of the head without hair
    are those of this one: pass it as `head=` to `mien.export` and `mien.draw_look`.

    Args:
        head: the built-in head.
        person: how somebody looks, from `mien.person_look`.
        style: one of `mien.hair_style_names()`.

    Raises:
        InputError: no such style, or another head than the built-in one.
    """
    chosen, look = hair_style(style), person.look
    cards = cards_with_hair(look.cards, tinted(chosen.picture, person.hair))
    above = 0 if look.cards is None else len(look.cards)
    rows = (above / len(cards), (above + len(chosen.picture)) / len(cards))
    return HeadWithHair(_haired(head, style, rows), replace(look, cards=cards))


def tinted(
    picture: UInt8[np.ndarray, "height width 2"], hair: HairColor
) -> UInt8[np.ndarray, "height width 4"]:
    """(h, w, 4) sRGB and coverage of hair in a person's colour; of a bald person in that of the brows."""
    color = hair.color if hair.coverage > 0 else hair.brows
    ramp = np.arange(256, dtype=np.float32)[:, None] / 128 * color.astype(np.float32)  # (256, 3)
    return np.concatenate([srgb_from_linear(ramp)[picture[..., 0]], picture[..., 1:]], axis=2)


def cards_with_hair(
    cards: UInt8[np.ndarray, "height width 4"] | None, hair: UInt8[np.ndarray, "_ _ 4"]
) -> UInt8[np.ndarray, "_ _ 4"]:
    """One picture: the cards above, the hair below, as wide as the wider; its height is a power of two, as
    viewers of old want textures."""
    import cv2

    pictures = [hair] if cards is None else [cards, hair]
    width = max(each.shape[1] for each in pictures)
    scaled = [
        each
        if each.shape[1] == width
        else cv2.resize(each, (width, each.shape[0]), interpolation=cv2.INTER_LINEAR)
        for each in pictures
    ]
    used = sum(map(len, scaled))
    return np.concatenate([*scaled, np.zeros((2 ** (used - 1).bit_length() - used, width, 4), np.uint8)])


@lru_cache(maxsize=4)
def _haired(head: Head, style: str, rows: tuple[float, float]) -> Head:
    """The head with the style's cards, kept for the last ones: exporters remember heads.

    Args:
        rows: where in the picture, from its top, the hair begins, below brows and lashes, and ends.
    """
    check_wears_hair(head)
    hair, count = hair_style(style), len(hair_style(style).offsets_m)
    moved, of_cards = head.uv.copy(), _card_uv(head)
    moved[of_cards, 1] = 1 - rows[0] * (1 - moved[of_cards, 1])
    grown = with_added_part(
        replace(head, uv=moved, part_names=(*head.part_names, HAIR_PART)),
        AddedPart(
            mean_m=hair.followed(head.mean_m) + hair.offsets_m,
            quads=hair.quads,
            uv=hair.uv * [1, rows[1] - rows[0]] + [0, 1 - rows[1]],
            uv_quads=hair.uv_quads,
            parts=np.full(count, len(head.part_names), head.vertex_parts.dtype),
            mirror=np.arange(count),  # hair is nobody's mirror image
            identity_m=hair.followed(head.identity_basis_m),
            expression_m=hair.followed(head.expression_basis_m) * (1 - hair.looseness[:, None]),
            skinning_weights=hair.followed(head.skinning_weights),
        ),
    )
    # A quad's two halves one after the other, so that what lies outside is drawn after what lies within.
    own = slice(len(head.quads), None)
    return replace(
        grown,
        triangles=np.concatenate([head.triangles, _halves(grown.quads[own])]),
        uv_triangles=np.concatenate([head.uv_triangles, _halves(grown.uv_quads[own])]),
    )


def check_wears_hair(head: Head) -> None:
    """Complain about a head that hair styles were not made for.

    Raises:
        InputError: it is not the built-in one.
    """
    from mien.heads.library import load_head

    built_in = load_head()
    if not built_in.takes_parameters_of(head.name, head.version) or not len(head.quads):
        raise InputError(
            f"hair styles are cards for the head {built_in.name} {built_in.version}, not for {head.name} "
            f"{head.version}; leave the hair away"
        )


def _card_uv(head: Head) -> np.ndarray:
    """Texture coordinates that refer to the cards' picture."""
    members = vertices_of(head, "hair")[head.triangles[:, 0]]
    return np.unique(head.uv_triangles[members])


def _halves(quads: np.ndarray) -> np.ndarray:
    """(T, 3) triangles, those of a quad side by side."""
    halves = np.stack([quads[:, :3], quads[:, [0, 2, 3]]], axis=1)
    return halves.reshape(-1, 3)[np.stack([quads[:, 3] >= -1, quads[:, 3] >= 0], axis=1).ravel()]
