"""Sampling: what a sample of plots says about an area, how sure it is, and how many plots that takes.

``model`` holds the nouns; ``estimators``, ``regression`` and ``change`` the formulas; ``linear`` a model of the plots,
used by ``assisted`` (design-based) and ``model_based``; ``area`` areas from a map and a sample of it; ``refusals`` what
must hold before; ``efficiency`` what auxiliaries are worth; ``size``, ``draw`` and ``advice`` the planning; ``plots``
and ``remeasured`` lead from trees to plot values; ``agency`` runs a national evaluation.
"""

from tanhui.mrv.sampling.advice import Advice, Band, advice
from tanhui.mrv.sampling.agency import agency_estimates, carbon_change, carbon_stock, domain_text
from tanhui.mrv.sampling.area import AreaEstimates, area_estimates, area_sample_size, from_error_matrix
from tanhui.mrv.sampling.assisted import AssistedEstimate, difference, greg, small_area
from tanhui.mrv.sampling.change import independent_change, paired_change, partial_replacement
from tanhui.mrv.sampling.draw import DrawnPoints, PointFrame, grid_points, grid_spacing, point_frame, random_points
from tanhui.mrv.sampling.efficiency import Prices, cost_of_precision, relative_efficiency
from tanhui.mrv.sampling.estimators import post_stratified, ratio, satterthwaite_df, stratified, total_of
from tanhui.mrv.sampling.linear import Auxiliaries, LinearFit, fit_linear
from tanhui.mrv.sampling.model import ChangeEstimate, Layout, RatioEstimate, SampleEstimate
from tanhui.mrv.sampling.model_based import (
    Correlation,
    ModelEstimate,
    chained,
    hybrid,
    model_based,
    predicted_area,
    residual_variance,
)
from tanhui.mrv.sampling.plots import forest_shares, plot_values, tree_expansion
from tanhui.mrv.sampling.refusals import PlotRange, refuse_outside_auxiliaries, refuse_purposive
from tanhui.mrv.sampling.regression import double_sampling, regression
from tanhui.mrv.sampling.remeasured import remeasured_expansion, remeasured_forest, remeasured_values
from tanhui.mrv.sampling.size import allocation, sample_size
from tanhui.mrv.sampling.student import t_two_sided

__all__ = [
    "Advice",
    "AreaEstimates",
    "AssistedEstimate",
    "Auxiliaries",
    "Band",
    "ChangeEstimate",
    "Correlation",
    "DrawnPoints",
    "Layout",
    "LinearFit",
    "ModelEstimate",
    "PlotRange",
    "PointFrame",
    "Prices",
    "RatioEstimate",
    "SampleEstimate",
    "advice",
    "agency_estimates",
    "allocation",
    "area_estimates",
    "area_sample_size",
    "carbon_change",
    "carbon_stock",
    "chained",
    "cost_of_precision",
    "difference",
    "domain_text",
    "double_sampling",
    "fit_linear",
    "forest_shares",
    "from_error_matrix",
    "greg",
    "grid_points",
    "grid_spacing",
    "hybrid",
    "independent_change",
    "model_based",
    "paired_change",
    "partial_replacement",
    "plot_values",
    "point_frame",
    "post_stratified",
    "predicted_area",
    "random_points",
    "ratio",
    "refuse_outside_auxiliaries",
    "refuse_purposive",
    "regression",
    "relative_efficiency",
    "remeasured_expansion",
    "remeasured_forest",
    "remeasured_values",
    "residual_variance",
    "sample_size",
    "satterthwaite_df",
    "small_area",
    "stratified",
    "t_two_sided",
    "total_of",
    "tree_expansion",
]
