"""From a person's skin, eyes and teeth to the whole built-in head: lashes, brows and landmark points too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.head_building.assembly import Assembly
from mien.head_building.cards import CardedHead, build_cards
from mien.head_building.landmark_places import PlacedLandmarks, place_landmark_sets, with_landmarks
from mien.head_building.skin_binding import SkinBinding
from mien.heads.model import Head


@dataclass(frozen=True, eq=False)
class HeadCompletion:
    """What follows from the assembly's vertices on every head, as when the head was built.

    Attributes:
        cards: ties lashes, then brows, to the skin.
        rest: the mean head without identities, expressions and landmarks.
        landmarks: and the points that they need.
    """

    cards: SkinBinding
    rest: Head
    landmarks: PlacedLandmarks

    @staticmethod
    def of(assembly: Assembly, head: Head) -> HeadCompletion:
        """The completion of a head that was built on this assembly.

        Raises:
            InputError: the head was built otherwise.
        """
        lashes, brows = build_cards(head.mean_m[assembly.starts["skin"]], assembly)
        cards = SkinBinding.joined(lashes.binding, brows.binding)
        count = len(assembly.mesh.vertices) + len(cards.triangles)
        rest = replace(
            head.subset(np.arange(count)),
            mirror_vertices=head.mirror_vertices[:count],
            identity_basis_m=np.zeros((0, count, 3)),
            joints_identity_m=np.zeros((0, 4, 3)),
            expression_basis_m=np.zeros((0, count, 3)),
            expression_names=(),
            personal_shapes=(),
            identity_mixture=None,
        )
        landmarks = place_landmark_sets(assembly, CardedHead(rest, brows.ibug, brows.wflw))
        whole = with_landmarks(rest, landmarks).vertex_count
        if whole != head.vertex_count:
            raise InputError(
                f"the head {head.name} {head.version} is not the one that this mien builds: it has "
                f"{head.vertex_count} vertices instead of {whole}; build it first: mien head build"
            )
        return HeadCompletion(cards, rest, landmarks)

    def vertices_m(self, assembly_m: Float[np.ndarray, "assembly 3"]) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) the whole head around the vertices that `Assembly.vertices_m` gives."""
        with_cards = np.concatenate([assembly_m, self.cards.place(assembly_m)])
        return with_landmarks(replace(self.rest, mean_m=with_cards), self.landmarks).mean_m
