"""Several terms that are quadratic in the solver's vector, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from jaxtyping import Float

from mien.fitting.scene.head_problem import Term
from mien.fitting.scene.head_state import HeadState
from mien.fitting.terms.expression_prior import ExpressionTerm
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True, eq=False)
class QuadraticTerm:
    """½ xᵀ Q x: priors that are added up once instead of at every point.

    Attributes:
        matrix: (N, N) Q, symmetric.
    """

    matrix: Float[np.ndarray, "n n"]
    name: str = "quadratic priors"

    @staticmethod
    def merged(terms: Sequence[Term], state: HeadState) -> list[Term]:
        """The same terms, those that call themselves `quadratic` as one.

        Args:
            state: any, of the scene that they are for.
        """
        normal = NormalEquations.zeros(len(state.x))
        rest: list[Term] = []
        for term in chain.from_iterable(map(_parts, terms)):
            if getattr(term, "quadratic", False):
                term.add_to(normal, state)
            else:
                rest.append(term)
        return [QuadraticTerm(normal.sparse), *rest]

    def cost(self, state: HeadState) -> float:
        return 0.5 * float(state.x @ (self.matrix @ state.x))

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        slope = self.matrix @ state.x
        normal.gradient += slope
        normal.sparse += self.matrix
        normal.cost += 0.5 * float(state.x @ slope)


def _parts(term: Term) -> tuple[Term, ...]:
    return term.parts() if isinstance(term, ExpressionTerm) else (term,)
