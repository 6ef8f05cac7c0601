"""Sampling: what a sample of plots says about an area, how sure it is, and how many plots that takes.

``model`` holds the nouns; ``estimators``, ``regression`` and ``change`` the formulas; ``size``, ``draw`` and ``advice``
the planning; ``plots`` and ``remeasured`` lead from trees to plot values; ``agency`` runs a national evaluation.
"""

from tanhui.mrv.sampling.advice import Advice, Band, advice
from tanhui.mrv.sampling.agency import agency_estimates, carbon_change, carbon_stock, domain_text
from tanhui.mrv.sampling.change import independent_change, paired_change, partial_replacement
from tanhui.mrv.sampling.draw import DrawnPoints, PointFrame, grid_points, grid_spacing, point_frame, random_points
from tanhui.mrv.sampling.estimators import post_stratified, ratio, satterthwaite_df, stratified, total_of
from tanhui.mrv.sampling.model import ChangeEstimate, Layout, RatioEstimate, SampleEstimate
from tanhui.mrv.sampling.plots import forest_shares, plot_values, tree_expansion
from tanhui.mrv.sampling.regression import double_sampling, regression
from tanhui.mrv.sampling.remeasured import remeasured_expansion, remeasured_forest, remeasured_values
from tanhui.mrv.sampling.size import allocation, sample_size
from tanhui.mrv.sampling.student import t_two_sided

__all__ = [
    "Advice",
    "Band",
    "ChangeEstimate",
    "DrawnPoints",
    "Layout",
    "PointFrame",
    "RatioEstimate",
    "SampleEstimate",
    "advice",
    "agency_estimates",
    "allocation",
    "carbon_change",
    "carbon_stock",
    "domain_text",
    "double_sampling",
    "forest_shares",
    "grid_points",
    "grid_spacing",
    "independent_change",
    "paired_change",
    "partial_replacement",
    "plot_values",
    "point_frame",
    "post_stratified",
    "random_points",
    "ratio",
    "regression",
    "remeasured_expansion",
    "remeasured_forest",
    "remeasured_values",
    "sample_size",
    "satterthwaite_df",
    "stratified",
    "t_two_sided",
    "total_of",
    "tree_expansion",
]
