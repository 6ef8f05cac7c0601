"""The error model of ``data/mrv_uncertainty/error_model.toml``, and the leaves it was made from."""

from __future__ import annotations

from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Parameters, Recorder, load_parameters
from tanhui.mrv.uncertainty.model import DiameterError, ErrorModel, Limits, Ratio

__all__ = ["default_error_model", "interval_skew_limit", "uncertainty_parameters"]


@cache
def uncertainty_parameters(name: str = "error_model") -> Parameters:
    """The parameters of ``<name>.toml`` in this room's data folder."""
    return load_parameters(data_path("mrv_uncertainty", f"{name}.toml"), "mrv_uncertainty")


def default_error_model(
    day: date | None = None,
    *,
    root_ratios: tuple[Ratio, ...] | None = None,
    carbon_fractions: tuple[Ratio, ...] | None = None,
) -> ErrorModel:
    """The error model of the field, with one root ratio and one carbon fraction for all trees unless given.

    Parameters
    ----------
    day : date, optional
        The parameters in force on that day; the newest where absent.
    root_ratios, carbon_fractions : tuple of Ratio, optional
        One per class, in the order that ``Trees.root_class`` and ``Trees.carbon_class`` index.
    """
    recorder = Recorder(uncertainty_parameters())

    def number(name: str) -> float:
        return recorder[name].at(day or date.max).number()

    diameter = DiameterError(
        number("diameter_error_slope"),
        number("diameter_error_intercept_cm"),
        number("diameter_gross_sd_cm"),
        number("diameter_gross_share"),
    )
    limits = Limits(
        number("dbh_min_cm"),
        number("dbh_max_cm"),
        number("height_min_m"),
        number("height_margin_m"),
        number("density_min_g_cm3"),
        number("density_max_g_cm3"),
    )
    if root_ratios is None:
        root_ratios = (Ratio("default", number("root_ratio"), number("root_ratio_sd")),)
    if carbon_fractions is None:
        carbon_fractions = (Ratio("default", number("carbon_fraction"), number("carbon_fraction_sd")),)
    return ErrorModel(diameter, limits, root_ratios, carbon_fractions, tuple(recorder.used.values()))


def interval_skew_limit() -> float:
    """Largest ratio of half-width to value for which a symmetric interval is used."""
    return uncertainty_parameters()["interval_skew_limit"].at(date.max).number()
