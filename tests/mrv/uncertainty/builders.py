"""Trees and equations for the tests of this room, and the same error model written a second time in plain numpy."""

import numpy as np

from tanhui.mrv.uncertainty.model import DiameterError, ErrorModel, Limits, Ratio, Trees
from tanhui.sinks.forest.model import Equation, Term, TreeMatch

#: Moments of the 1,001 posterior draws of (a, b, s) of Chave 2014, eq. 4, published with the R package BIOMASS.
CHAVE_MEAN = (-2.76155067, 0.97577658, 0.35743895)
CHAVE_COVARIANCE = np.array(
    [
        [4.61196605e-04, -5.68984121e-05, -9.11e-07],
        [-5.68984121e-05, 7.54517103e-06, 1.28e-07],
        [-9.11e-07, 1.28e-07, 1.59719773e-05],
    ]
)
SPREAD = np.array([[1, 0, 0], [0, 2, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], float)


def chave(site_sigma=None, id="chave", covariance=True):
    a, b, s = CHAVE_MEAN
    return Equation(
        id,
        "agb",
        "",
        (Term(a, 2 * b, b, b),),
        sigma=s,
        mean_correction=float(np.exp(s**2 / 2)),
        covariance=SPREAD @ CHAVE_COVARIANCE @ SPREAD.T if covariance else None,
        site_sigma=site_sigma,
    )


def error_model(root_sd=0.0, carbon_sd=0.0, gross_share=0.05):
    return ErrorModel(
        DiameterError(0.0062, 0.0904, 4.64, gross_share),
        Limits(0.1, 500, 1.3, 15, 0.08, 1.39),
        (Ratio("root", 0.25, root_sd),),
        (Ratio("carbon", 0.47, carbon_sd),),
    )


def forest(n=400, seed=1, groups=4, equation=None, **extra):
    """A forest with many small trees, as any tally has them."""
    rng = np.random.default_rng(seed)
    dbh = np.clip(5 + rng.exponential(14, n), 5, 150)
    match = TreeMatch((equation or chave(),), np.zeros(n, np.intp), np.zeros(n, bool))
    fields = {
        "dbh_cm": dbh,
        "match": match,
        "height_m": 1.3 + 40 * (1 - np.exp(-0.03 * dbh)),
        "height_sd_m": np.full(n, 2.5),
        "density_g_cm3": np.clip(rng.normal(0.6, 0.1, n), 0.25, 1.0),
        "density_sd_g_cm3": np.full(n, 0.07),
        "group": np.arange(n, dtype=np.intp) * groups // n,
        "groups": groups,
    }
    return Trees(**{**fields, **extra})


def truncated(rng, mean, sd, low, high):
    """Normal numbers redrawn until they lie within the limits."""
    values = rng.normal(mean, sd)
    for _ in range(1000):
        outside = (values < low) | (values > high)
        if not outside.any():
            return values
        values[outside] = rng.normal(
            np.broadcast_to(mean, values.shape)[outside], np.broadcast_to(sd, values.shape)[outside]
        )
    raise AssertionError("limits too narrow for redrawing")


def plain_numpy(trees, draws, seed, gross_share=0.05):
    """Aboveground biomass by group in t, shape (groups, draws): the model of R's AGBmonteCarlo, by redrawing."""
    rng = np.random.default_rng(seed)
    tallest = trees.height_m.max() + 15
    sums = np.zeros((trees.groups, draws))
    parameters = rng.multivariate_normal(CHAVE_MEAN, CHAVE_COVARIANCE, size=draws)
    for j, (a, b, s) in enumerate(parameters):
        gross = rng.random(len(trees)) < gross_share
        d = truncated(rng, trees.dbh_cm, np.where(gross, 4.64, 0.0062 * trees.dbh_cm + 0.0904), 0.1, 500)
        h = truncated(rng, trees.height_m, trees.height_sd_m, 1.3, tallest)
        r = truncated(rng, trees.density_g_cm3, trees.density_sd_g_cm3, 0.08, 1.39)
        kg = np.exp(a + b * np.log(r * d**2 * h) + rng.normal(0, s, len(trees)))
        sums[:, j] = np.bincount(trees.group, kg, minlength=trees.groups) / 1000
    return sums
