"""The nouns of the forest room: an equation with its range and errors, and trees matched to equations.

Every published tree equation in the library can be written as a sum of power laws

    W = sum_k  sign_k * exp(t_k0 + t_k1 ln D + t_k2 ln H + t_k3 ln rho)

with D in cm, H in m, rho in g/cm3, and W in kg of dry matter (or m3 of stem volume). That one form is what the fast
kernels of ``mrv.uncertainty`` understand; the equation as printed is kept beside it for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.parameters import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Equation", "Quantity", "Term", "TreeMatch"]

Quantity = Literal["agb", "bgb", "total", "stem", "branch", "leaf", "bark", "stem_volume"]


@dataclass(frozen=True, slots=True)
class Term:
    """One power law: sign * exp(intercept + d ln D + h ln H + r ln rho)."""

    intercept: float
    d: float = 0.0
    h: float = 0.0
    r: float = 0.0
    sign: float = 1.0


@dataclass(frozen=True, slots=True)
class Equation:
    """A published tree equation: what it gives, for which trees, and how wrong it may be.

    Attributes
    ----------
    terms : tuple of Term
        The equation in natural logarithms of D [cm], H [m], rho [g/cm3]; result in kg dry matter or m3.
    mean_correction : float
        Factor that turns the printed (often median) value into the mean; 1 where the printed form gives the mean,
        exp(sigma**2 / 2) where it was fitted in logarithms without correction (Baskerville 1972).
    sigma : float or None
        Residual standard deviation of ln W for one tree; None where the source gives none: results are indicative.
    covariance : ndarray of float, shape (5, 5), or None
        Covariance of (intercept, d, h, r, sigma) of a one-term equation, shared by all trees and both dates.
    site_sigma : float or None
        Standard deviation between sites of ln W, where the source has it. Shared by all trees of a site.
    tier : str
        Where the equation stands in the selection order: ``annex`` of a methodology, ``national`` standard,
        ``sector`` species model, ``provincial``, ``general``.
    restriction : str
        What the licence forbids (``non-commercial``); such a row is chosen only where a person asks for it.
    quarantine : str
        Why the row must not be used without a person's decision; empty where it may.

    Notes
    -----
    The mean of one tree is ``exp(ln W) * mean_correction``. A draw that keeps that mean is
    ``exp(ln W + sigma * z - sigma**2 / 2) * mean_correction`` with z standard normal: for a median form corrected by
    exp(sigma**2 / 2) this is ``exp(ln W + sigma * z)``.
    """

    id: str
    quantity: Quantity
    printed: str
    terms: tuple[Term, ...]
    species: str = ""
    region: str = ""
    d_min_cm: float | None = None
    d_max_cm: float | None = None
    n: int | None = None
    sigma: float | None = None
    mean_correction: float = 1.0
    covariance: NDArray[np.float64] | None = None
    site_sigma: float | None = None
    reference: str = ""
    place: str = ""
    status: Status = Status.RECALLED
    tier: str = "general"
    restriction: str = ""
    quarantine: str = ""
    note: str = ""

    @property
    def needs_height(self) -> bool:
        """Whether H enters."""
        return any(term.h for term in self.terms)

    @property
    def needs_density(self) -> bool:
        """Whether wood density enters."""
        return any(term.r for term in self.terms)

    @property
    def may_be_negative(self) -> bool:
        """Whether a term is subtracted, so that small trees come out below zero and are set to it, with a flag."""
        return any(term.sign < 0 for term in self.terms)


@dataclass(frozen=True, slots=True)
class TreeMatch:
    """Trees and the equation each was given, with what went into the choice.

    ``equation[i]`` indexes ``equations``; ``out_of_range[i]`` says that the tree lies outside the range its equation
    was made for. The result for such a tree is a flagged extrapolation, never a silent one.
    """

    equations: tuple[Equation, ...]
    equation: NDArray[np.intp]
    out_of_range: NDArray[np.bool_]
    reasons: tuple[str, ...] = ()
