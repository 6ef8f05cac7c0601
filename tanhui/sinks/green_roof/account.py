"""Stock of a green roof since planting and the payback of its embodied carbon (Getter et al. 2009).

What was measured is a stock after two seasons. It is never divided by the two years: a roof that stands for twenty does
not hold ten times as much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import load_parameters
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value

__all__ = ["account", "payback_yr", "stock_g_m2"]

KG_PER_T = 1000.0
G_PER_T = 1e6


def account(given: Given, factors: Factors) -> Outcome:
    """Stock, balance and payback of a roof."""
    if given.has("plateau_g_m2") != given.has("plateau_years"):
        raise DomainError("green_roof.plateau_without_year")
    if given.has("energy_kwh_m2_yr") != given.has("grid_kg_kwh"):
        raise DomainError("green_roof.energy_needs_grid")
    area, years = given["area_m2"], given["years"]
    established, upto = _established(given, factors), factors("establishment_years")
    plateau = (given["plateau_g_m2"], given["plateau_years"]) if given.has("plateau_g_m2") else None
    if plateau is not None and plateau[1] <= upto:
        raise DomainError("green_roof.plateau_without_year")
    stock = stock_g_m2(years, established, upto, plateau)
    lines = [
        Line("stock", stock * area / G_PER_T * CO2_PER_C),
        Line("embodied", -given["embodied_kg_m2"] * area / KG_PER_T),
    ]
    if given.has("care_kg_m2_yr"):
        lines.append(Line("care", -given["care_kg_m2_yr"] * area * years / KG_PER_T))
    values = [
        Value("green_roof_stock_g_m2", stock, years),
        Value("green_roof_stock_t", stock * area / G_PER_T, years),
        *_payback(given, max(stock_g_m2(1e9, established, upto, plateau), 0.0)),
    ]
    cap = _cap_t(given, factors)
    if cap is not None:
        values.append(Value("green_roof_cap_t", min(max(sum(line.co2e_t for line in lines), 0.0), cap)))
    return Outcome(values, lines, float(max(years, 1)), [*_notes(given, cap)])


def stock_g_m2(years: float, established: float, upto: float, plateau: tuple[float, float] | None = None) -> float:
    """Carbon gathered since planting. [g C/m2]

    Parameters
    ----------
    years : float
        Since planting. [yr]
    established, upto : float
        What was measured [g C/m2], and how long after planting. [yr]
    plateau : tuple of float, optional
        What the roof comes to [g C/m2], and when. [yr] Without it nothing is added to what was measured.
    """
    first = established * min(years / upto, 1.0)
    if plateau is None or years <= upto:
        return first if plateau is None else min(first, plateau[0])
    final, when = plateau
    begun = min(established, final)
    return begun + (final - begun) * min((years - upto) / (when - upto), 1.0)


def payback_yr(embodied: float, stock: float, saved_yr: float) -> float:
    """Years until a stock, counted once, and what is saved in each year make up for what was emitted. [yr]

    All in one unit; ``saved_yr`` must be positive.
    """
    return max(embodied - stock, 0.0) / saved_yr


def _established(given: Given, factors: Factors) -> float:
    species = given["species"]
    for organ in ("shoots", "roots"):
        if not factors.has(organ, species):
            known = ", ".join(factors.keys(organ))
            raise DomainError("green_roof.no_species", organ=organ, species=species, known=known)
    return factors("shoots", species) + factors("roots", species) + factors("substrate_gain")


def _saved(given: Given) -> float:
    """Emissions of energy saved in a year. [kg CO2e/m2]"""
    return float((given["energy_kwh_m2_yr"] or 0.0) * (given["grid_kg_kwh"] or 0.0))


def _payback(given: Given, final_g_m2: float) -> Iterator[Value]:
    embodied, stock = given["embodied_kg_m2"], final_g_m2 / KG_PER_T * CO2_PER_C
    if embodied > 0:
        yield Value("green_roof_covered", stock / embodied)
    if given.has("energy_kwh_m2_yr"):
        yield Value("green_roof_avoided_t", _saved(given) * given["area_m2"] * given["years"] / KG_PER_T)
        saved = _saved(given) - (given["care_kg_m2_yr"] or 0.0)
        if saved <= 0:
            raise DomainError("green_roof.never_paid")
        yield Value("green_roof_payback_yr", payback_yr(embodied, stock, saved))


def _cap_t(given: Given, factors: Factors) -> float | None:
    """The most that one project may count in the year of the account, where a scenario is asked for. [t CO2e]"""
    if given["scheme"] == "none":
        return None
    rules = load_parameters(data_path("green_roof", "scheme_parameters.toml"), "green_roof")
    rule = rules["project_cap_t"].at(date(given["year"], 1, 1))
    # A rule is a rule and has no error.
    return factors.take(replace(rule, se=0.0))


def _notes(given: Given, cap: float | None) -> Iterator[str]:
    yield "note.green_roof.stock_not_rate"
    yield "note.green_roof.imported"
    if cap is not None:
        yield f"note.green_roof.scenario:{cap:,.0f}"
    yield "note.green_roof.avoided" if given.has("energy_kwh_m2_yr") else "note.green_roof.no_energy"
