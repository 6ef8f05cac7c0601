"""The account of a region: how its carbon stocks changed between two dates. It has no owner and is never issued."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.nouns import Claim, YearShare
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.time import Period
from tanhui.mrv.methods.claims import claim_lines, leaf_reasons, share_by_days, year_shares
from tanhui.mrv.methods.ipcc.stock_difference import rules

__all__ = ["ID", "PoolChange", "StockDifferenceInputs", "account", "annual_change_c_t"]

ID = "ipcc/stock-difference"


@dataclass(frozen=True, slots=True)
class PoolChange:
    """The change of one pool over the period.

    Give either both stocks, or the change itself where it was measured as a change (re-measured plots).

    Attributes
    ----------
    pool : str
        For example ``agb``, ``bgb``, ``dead_wood``, ``litter``, ``soil``.
    start_c_t, end_c_t : float, optional
        Stocks at the two dates. [t C]
    change_c_t : float, optional
        Change over the period; positive where the stock grew. [t C]
    """

    pool: str
    start_c_t: float | None = None
    end_c_t: float | None = None
    change_c_t: float | None = None


@dataclass(frozen=True, slots=True)
class StockDifferenceInputs:
    """Pools of a region over a period.

    Attributes
    ----------
    period : Period
        From the earlier to the later date.
    pools : tuple of PoolChange
        Each pool once.
    day : date, optional
        The day whose rules are used; the last day of the period otherwise.
    equation_reasons : tuple of str
        Reasons of the tree models.
    """

    period: Period
    pools: tuple[PoolChange, ...]
    day: date | None = None
    equation_reasons: tuple[str, ...] = ()


def annual_change_c_t(pool: PoolChange, period: Period, *, day: date, p: Mapping[str, Dated]) -> float:
    """Yearly change of a pool, however it was given. [t C/yr]"""
    if pool.change_c_t is not None:
        return pool.change_c_t / period.years
    assert pool.start_c_t is not None
    assert pool.end_c_t is not None
    return rules.annual_change_c_t(pool.start_c_t, pool.end_c_t, period, day=day, p=p)


def account(inputs: StockDifferenceInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The account as a claim of kind removal with one line per pool, no credits and the reason why.

    Raises
    ------
    RefusedInput
        If there is no pool, one appears twice, or one has neither both stocks nor a change.
    """
    _refuse_impossible(inputs)
    p = parameters if isinstance(parameters, Recorder) else Recorder(parameters)
    day = inputs.day or inputs.period.last_day
    changes = [annual_change_c_t(x, inputs.period, day=day, p=p) * inputs.period.years for x in inputs.pools]
    pools = [
        (f"pool.{x.pool}", rules.removal_co2_t(change, day=day, p=p), rules.removal_co2_t.at(day).clause)
        for x, change in zip(inputs.pools, changes, strict=True)
    ]
    lines, net_kg = claim_lines(pools)
    total_t = rules.removal_co2_t(rules.stratum_change_c_t(changes, day=day, p=p), day=day, p=p)
    by_year_t = {year: share_by_days(total_t, inputs.period, span) for year, span in inputs.period.by_year()}
    return Claim(
        method=ID,
        kind="removal",
        period=inputs.period,
        lines=lines,
        by_year=tuple(YearShare(x.year, x.co2e_t, 0) for x in year_shares(by_year_t, net_kg)),
        credits_t=0,
        gwp="none",
        gas="CO2",
        indicative_reasons=(
            f"reason.methods.never_issued:{ID}",
            *leaf_reasons(p.used.values()),
            *inputs.equation_reasons,
        ),
    )


def _refuse_impossible(inputs: StockDifferenceInputs) -> None:
    faults = [] if inputs.pools else [Fault("methods.no_pools", column="pools")]
    names = [x.pool for x in inputs.pools]
    for i, pool in enumerate(inputs.pools):
        place = f"pools[{i}]"
        stocks = [x for x in (pool.start_c_t, pool.end_c_t) if x is not None]
        given = stocks if pool.change_c_t is None else [pool.change_c_t]
        if names.index(pool.pool) != i:
            faults.append(Fault("methods.pool_twice", column=place, value=pool.pool))
        if (pool.change_c_t is None and len(stocks) != 2) or (pool.change_c_t is not None and stocks):
            faults.append(Fault("methods.stocks_or_change", column=place, value=pool.pool))
        if not all(map(math.isfinite, given)):
            faults.append(Fault("methods.not_a_number", column=place, value=str(given)))
        if any(x < 0 for x in stocks):
            faults.append(Fault("methods.negative", column=place, value=str(stocks)))
    if faults:
        raise RefusedInput(faults)
