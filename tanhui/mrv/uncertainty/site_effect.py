"""How much places differ: an equation fitted to harvested trees of several sites, with the spread between sites.

ln W = x' beta + u_site + e, u ~ N(0, tau^2), e ~ N(0, sigma^2), by restricted maximum likelihood [1]_. With one random
intercept the likelihood needs only sums by site and one unknown ratio, lambda = tau^2 / sigma^2.

References
----------
.. [1] H. D. Patterson, R. Thompson, Biometrika 58, 545-554, 1971. doi:10.1093/biomet/58.3.545
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.uncertainty.combine import quantile
from tanhui.mrv.uncertainty.totals import added
from tanhui.sinks.forest.model import Equation, Term

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["MixedFit", "equation_from_harvest", "fit_random_intercept"]


#: The interval for which the spread between sites is widened.
WIDENED_AT = 0.90


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """A fitted random-intercept model: coefficients, their covariance, sd within (sigma) and between sites (tau)."""

    beta: NDArray[np.float64]
    covariance: NDArray[np.float64]
    sigma: float
    tau: float
    n: int
    sites: int


def fit_random_intercept(y: ArrayLike, x: ArrayLike, site: ArrayLike) -> MixedFit:
    """Restricted maximum likelihood for one random intercept.

    Parameters
    ----------
    y : array_like, shape (n,)
    x : array_like, shape (n, p)
        Design matrix, its column of ones included.
    site : array_like, shape (n,)
        Labels of the sites.

    Raises
    ------
    DomainError
        With fewer than three sites, or no more rows than coefficients.
    """
    y, x = np.asarray(y, float), np.asarray(x, float)
    labels, index = np.unique(np.asarray(site), return_inverse=True)
    if len(labels) < 3:
        raise DomainError("uncertainty.too_few_sites", wanted=3, found=len(labels))
    if len(y) <= x.shape[1] + 1:
        raise DomainError("uncertainty.too_few_trees", wanted=x.shape[1] + 2, found=len(y))
    count = np.bincount(index).astype(float)
    site_y = added(index, y, len(labels))
    site_x = np.stack([added(index, column, len(labels)) for column in x.T], axis=1)
    sums = _Sums(x.T @ x, x.T @ y, float(y @ y), count, site_x, site_y, len(y))
    ratio = _best_ratio(sums)
    beta, inverse, sigma2, _ = sums.solve(ratio)
    return MixedFit(beta, sigma2 * inverse, math.sqrt(sigma2), math.sqrt(ratio * sigma2), len(y), len(labels))


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums over trees and over sites that the likelihood needs."""

    xx: NDArray[np.float64]
    xy: NDArray[np.float64]
    yy: float
    count: NDArray[np.float64]
    site_x: NDArray[np.float64]
    site_y: NDArray[np.float64]
    n: int

    def solve(self, ratio: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
        """Coefficients, inverse information, sigma^2 and minus the profiled log likelihood for a variance ratio."""
        pull = ratio / (1 + self.count * ratio)
        a = self.xx - (self.site_x * pull[:, None]).T @ self.site_x
        b = self.xy - self.site_x.T @ (pull * self.site_y)
        inverse = np.asarray(np.linalg.inv(a), float)
        beta = inverse @ b
        freedom = self.n - len(beta)
        sigma2 = max((self.yy - float(pull @ self.site_y**2) - float(beta @ b)) / freedom, 1e-300)
        _, log_determinant = np.linalg.slogdet(a)
        deviance = freedom * math.log(sigma2) + float(np.log1p(self.count * ratio).sum()) + float(log_determinant)
        return beta, inverse, sigma2, deviance / 2


def _best_ratio(sums: _Sums) -> float:
    """The variance ratio of greatest likelihood; 0 where sites do not differ more than chance."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: sums.solve(math.exp(log))[3], bounds=(-12, 8), method="bounded", options={"xatol": 1e-9}
    )
    ratio = math.exp(float(found.x))
    return ratio if sums.solve(ratio)[3] < sums.solve(0.0)[3] else 0.0


def equation_from_harvest(
    dbh_cm: ArrayLike,
    height_m: ArrayLike,
    density_g_cm3: ArrayLike,
    agb_kg: ArrayLike,
    site: ArrayLike,
    *,
    id: str = "harvest",
    with_site_effect: bool = True,
) -> Equation:
    """Fit ln W = a + b ln(rho D^2 H) to harvested trees, with covariance, residual and spread between sites.

    The spread between sites is itself estimated from a few of them. A new site then departs as Student's t, not as a
    normal number; ``site_sigma`` is the estimate widened to the 90 % quantile of t with (sites - 1) degrees of freedom.

    Without the site effect the same form is fitted as if all trees were independent, which is what most published
    equations do; its intervals are too narrow for any single place.
    """
    d, h, r, w = (np.asarray(v, float) for v in (dbh_cm, height_m, density_g_cm3, agb_kg))
    if not all((v > 0).all() for v in (d, h, r, w)):
        raise DomainError("uncertainty.not_positive", name="dbh_cm, height_m, wood_density, agb_kg")
    size = np.log(r * d**2 * h)
    x = np.stack([np.ones_like(size), size], axis=1)
    if with_site_effect:
        fit = fit_random_intercept(np.log(w), x, site)
        tau = fit.tau * quantile(WIDENED_AT, fit.sites - 1) / quantile(WIDENED_AT, math.inf)
        mean_sigma, total = math.hypot(fit.sigma, fit.tau), math.hypot(fit.sigma, tau)
        covariance, beta = fit.covariance, fit.beta
    else:
        inverse = np.linalg.inv(x.T @ x)
        beta = inverse @ x.T @ np.log(w)
        total = math.sqrt(float(((np.log(w) - x @ beta) ** 2).sum()) / (len(w) - 2))
        mean_sigma, tau, covariance = total, 0.0, total**2 * inverse
    # (a, b, sigma) -> (intercept, d, h, r, sigma): b acts on D twice, on H and on rho once
    spread = np.array([[1, 0, 0], [0, 2, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], float)
    joint = np.zeros((3, 3))
    joint[:2, :2] = covariance
    joint[2, 2] = total**2 / (2 * (len(w) - 2))
    a, b = float(beta[0]), float(beta[1])
    return Equation(
        id=id,
        quantity="agb",
        printed=f"ln W = {a:.5f} + {b:.5f} ln(rho D^2 H)",
        terms=(Term(a, 2 * b, b, b),),
        d_min_cm=float(d.min()),
        d_max_cm=float(d.max()),
        n=len(w),
        sigma=total,
        mean_correction=math.exp(mean_sigma**2 / 2),
        covariance=spread @ joint @ spread.T,
        site_sigma=tau or None,
    )
