"""Brows and lashes laid on a finished head: they follow every identity and expression of the skin below."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mien.geometry.quads import triangulated
from mien.head_building.assembly import Assembly
from mien.head_building.brow_statistics import MODES, PEOPLE
from mien.head_building.brows import BrowLandmarks, BrowSkin, BrowsMesh, build_brows
from mien.head_building.lashes import LashesMesh, LidMargins, build_lashes
from mien.head_building.part_mesh import PartMesh
from mien.head_building.skin_binding import SkinBinding
from mien.heads.added_part import AddedPart, with_added_part
from mien.heads.model import Head

BROW_WEIGHT_NAMES = tuple(f"brow_{name}" for name in MODES)
"""The head's last identity components: what a person's brows are beyond the skin."""

BROW_SPREAD = 1.25
"""Deviation of the brows' modes over people: the portraits that a weight of 1 was measured on are of young
adults of one ancestry, and people differ more (on 102 mixed ones brows vary 1.4 to 1.8 times as much as the
skin below them)."""

LASH_ROOTS_OUTER = 6
"""Ring of the skin around the eye, some millimetres off the margin, that tells lashes where away is."""


@dataclass(frozen=True)
class CardedHead:
    """A head with brows, and where landmarks lie on these.

    Attributes:
        brows: where they lie on its brows.
    """

    head: Head
    brows: BrowLandmarks


def with_cards(head: Head, assembly: Assembly) -> CardedHead:
    """The head with brows and lashes; the brows' modes become its last identity components."""
    lashes, brows = build_cards(head.mean_m[assembly.starts["skin"]], assembly)
    head = with_bound_part(head, lashes.mesh, lashes.binding)
    first = head.vertex_count
    head = with_bound_part(head, brows.mesh, brows.binding)
    modes_m = np.zeros((len(MODES), head.vertex_count, 3))
    for row, name in enumerate(MODES):
        modes_m[row, first : first + len(brows.mesh.vertices)] = brows.modes_m[name]
    head = _with_modes(head, modes_m)
    return CardedHead(head, brows.landmarks.after(first))


def build_cards(skin_m: np.ndarray, assembly: Assembly) -> tuple[LashesMesh, BrowsMesh]:
    """Lashes and brows on the mean head's skin, (S, 3)."""
    return _lashes(skin_m, assembly), _brows(skin_m, assembly)


def _lashes(skin_m: np.ndarray, assembly: Assembly) -> LashesMesh:
    lids, margins = assembly.lids[0], assembly.skin.left_lid_margins
    outer = margins[LASH_ROOTS_OUTER]
    found = LidMargins(
        upper=lids.edge[lids.upper],
        upper_outer=outer[lids.upper],
        lower=lids.edge[lids.lower],
        lower_outer=outer[lids.lower],
    )
    return build_lashes(skin_m, assembly.skin.mirror, found)


def _brows(skin_m: np.ndarray, assembly: Assembly) -> BrowsMesh:
    lids = assembly.lids[0]
    corners = lids.edge[lids.upper[[0, -1]]]
    outside = triangulated(assembly.skin.quads[assembly.skin.quad_labels == 0])
    return build_brows(
        BrowSkin(
            vertices_m=skin_m,
            triangles=outside,
            mirror=assembly.skin.mirror,
            inner_corner_m=skin_m[corners[0]],
            outer_corner_m=skin_m[corners[1]],
        ),
        PEOPLE,
    )


def with_bound_part(head: Head, mesh: PartMesh, binding: SkinBinding) -> Head:
    """The head with one more part that is tied to its skin.

    Args:
        mesh: on the mean head; binding: ties its vertices to the head's (its skin comes first).
    """
    mean_m = binding.place(head.mean_m)

    def moved(shape_m: np.ndarray) -> np.ndarray:
        return binding.place(head.mean_m + shape_m) - mean_m

    def both_ways(shape_m: np.ndarray) -> np.ndarray:
        return (moved(shape_m) - moved(-shape_m)) / 2  # identity weights have either sign

    identity_m = np.stack([both_ways(shape_m) for shape_m in head.identity_basis_m])
    expression_m = np.stack([moved(shape_m) for shape_m in head.expression_basis_m])
    personal = []
    for one in head.personal_shapes:
        dense = np.zeros((len(one.identity_m), head.vertex_count, 3))
        dense[:, one.vertices] = one.identity_m
        touched = np.flatnonzero(np.isin(binding.triangles, one.vertices).any(axis=1))
        own_m = np.stack([both_ways(shape_m)[touched] for shape_m in dense])
        personal.append((touched, own_m))
    return with_added_part(
        head,
        AddedPart(
            mean_m=mean_m,
            quads=mesh.quads,
            uv=mesh.uv,
            uv_quads=mesh.uv_quads,
            parts=mesh.parts,
            mirror=mesh.mirror,
            identity_m=identity_m,
            expression_m=expression_m,
            skinning_weights=np.einsum(
                "pk,pkj->pj", binding.weights, head.skinning_weights[binding.triangles]
            ),
            personal=tuple(personal),
        ),
    )


def _with_modes(head: Head, modes_m: np.ndarray) -> Head:
    """The head with more identity components, independent of the others and normal."""
    more = len(modes_m)
    mixture = head.identity_mixture
    if mixture is not None:
        weights, means, covariances = mixture
        old = means.shape[1]
        grown = np.zeros((len(weights), old + more, old + more))
        grown[:, :old, :old] = covariances
        grown[:, old:, old:] = BROW_SPREAD**2 * np.eye(more)
        mixture = weights, np.pad(means, ((0, 0), (0, more))), grown
    return replace(
        head,
        identity_basis_m=np.concatenate([head.identity_basis_m, modes_m]),
        joints_identity_m=np.concatenate([head.joints_identity_m, np.zeros((more, 4, 3))]),
        personal_shapes=tuple(
            replace(one, identity_m=np.pad(one.identity_m, ((0, more), (0, 0), (0, 0))))
            for one in head.personal_shapes
        ),
        identity_mixture=mixture,
    )
