"""Errors for what its source prints without one: a general value is carried, never none (decision 0004)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Leaf, Parameters, load_parameters
from tanhui.sinks.forest.model import Equation, TreeMatch

__all__ = ["GENERAL", "general_error_needed", "general_errors", "unknown_error", "with_general_error"]

#: Marks an equation that was given the general error.
GENERAL = "general error"


@cache
def unknown_errors() -> Parameters:
    """The general errors."""
    return load_parameters(data_path("projects", "unknown_errors.toml"), "projects/unknown_errors")


def unknown_error(name: str) -> Leaf:
    """One general error, for what a source prints without any."""
    return unknown_errors()[name].at(date.max)


def general_error_needed(item: Equation) -> bool:
    """Whether an equation says nothing about how wrong it is as a whole."""
    return item.covariance is None and (item.sigma is None or item.note == GENERAL)


def with_general_error(match: TreeMatch) -> TreeMatch:
    """The match with a general error, shared by all trees of a class, where an equation has none of its own."""

    def given(item: Equation) -> Equation:
        if item.covariance is not None or item.site_sigma is not None:
            return item
        sd = unknown_error("equation_sd").number()
        return replace(item, sigma=max(item.sigma or 0.0, sd), site_sigma=sd, note=GENERAL)

    return replace(match, equations=tuple(given(item) for item in match.equations))


def general_errors(match: TreeMatch) -> list[str]:
    """Names of the general errors that biomass equations were given."""
    given = any(item.note == GENERAL for item in match.equations)
    return ["equation_sd"] * given + ["density_sd"] * any(item.needs_density for item in match.equations)
