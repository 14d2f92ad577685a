"""The priors that a set of unknowns calls for."""

from __future__ import annotations

from mien.fitting.config import FitConfig
from mien.fitting.scene.head_problem import Term
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.expression_prior import ExpressionTerm
from mien.fitting.terms.identity_prior import identity_term
from mien.fitting.terms.joints_prior import EyesAlikeTerm, JointsTerm, LidsFollowTerm
from mien.fitting.terms.lid_gap import LidGapTerm
from mien.fitting.terms.skin_eyeball_intersection import SkinEyeballTerm
from mien.fitting.terms.skin_teeth_intersection import SkinTeethTerm
from mien.heads.model import Head


def prior_terms(head: Head, unknowns: Unknowns, config: FitConfig, *, identity: bool = True) -> list[Term]:
    """The priors on a frame's unknowns; the focal length's is left to the caller, who knows what it is near.

    Args:
        identity: False in all but one of several frames that share an identity.
    """
    terms: list[Term] = []
    if unknowns.identity_count and identity:
        terms.append(identity_term(head, deviation=config.identity_std))
    if unknowns.expression_count:
        terms.append(ExpressionTerm.of(head, config))
    if unknowns.joints:
        terms.append(JointsTerm(config, head.shapes_turn_eyes))
    eyes = [EyesAlikeTerm.of(unknowns, head, config), LidsFollowTerm.of(unknowns, head, config)]
    collisions = _collision_terms(head, config) if unknowns.expression_count else []
    return terms + [term for term in (*eyes, *collisions) if term is not None]


def _collision_terms(head: Head, config: FitConfig) -> list[Term | None]:
    """Terms that the settings turn on, None for those that the head has no parts for."""
    terms: list[Term | None] = []
    if config.skin_eyeball_std_m > 0:
        terms.append(SkinEyeballTerm.of(head, deviation_m=config.skin_eyeball_std_m))
    if config.skin_teeth_std_m > 0:
        terms.append(SkinTeethTerm.of(head, deviation_m=config.skin_teeth_std_m))
    if config.lid_gap_std_m > 0:
        terms.append(LidGapTerm.of(head, deviation_m=config.lid_gap_std_m))
    return terms
