"""From a person's skin, eyes and teeth to the whole built-in head: lashes and brows too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.head_building.assembly import Assembly
from mien.head_building.cards import build_cards
from mien.head_building.skin_binding import SkinBinding
from mien.heads.model import Head


@dataclass(frozen=True, eq=False)
class HeadCompletion:
    """What follows from the assembly's vertices on every head, as when the head was built.

    Attributes:
        cards: ties lashes, then brows, to the skin.
    """

    cards: SkinBinding

    @staticmethod
    def of(assembly: Assembly, head: Head) -> HeadCompletion:
        """The completion of a head that was built on this assembly.

        Raises:
            InputError: the head was built otherwise.
        """
        lashes, brows = build_cards(head.mean_m[assembly.starts["skin"]], assembly)
        cards = SkinBinding.joined(lashes.binding, brows.binding)
        whole = len(assembly.mesh.vertices) + len(cards.triangles)
        if whole != head.vertex_count:
            raise InputError(
                f"the head {head.name} {head.version} is not the one that this mien builds: it has "
                f"{head.vertex_count} vertices instead of {whole}; build it first: mien head build"
            )
        return HeadCompletion(cards)

    def vertices_m(self, assembly_m: Float[np.ndarray, "assembly 3"]) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) the whole head around the vertices that `Assembly.vertices_m` gives."""
        return np.concatenate([assembly_m, self.cards.place(assembly_m)])
