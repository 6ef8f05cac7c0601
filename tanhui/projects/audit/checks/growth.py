"""Growth against what is planned, what the age allows, and what the plots beside it do; plots that were given up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tanhui.projects.audit.case import Case
from tanhui.projects.audit.chances import P_SHOWN, centred, fisher, standing_out, student
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion
from tanhui.projects.field.chance import binomial_upper, normal_upper
from tanhui.sensing.inventory.limits import limit as inventory_limit
from tanhui.sensing.inventory.remeasurement import dbh_tolerance_cm

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check"]

DAYS_PER_YEAR = 365.2425
#: Fewest plots that a second team measured for a comparison with the rest.
WATCHED_LEAST = 3


def check(case: Case) -> Iterator[Suspicion]:
    """Every comparison of growth that the case allows."""
    yield from against_plan(case)
    yield from too_old(case)
    yield from given_up(case)
    pairs = case.pairs.assign(growth=case.dbh_growth)
    pairs = pairs[np.isfinite(pairs["growth"].to_numpy(float))]
    if len(pairs) > 2:
        logs = centred(pairs["growth"].to_numpy(float), pairs["stratum"].to_numpy(object))
        yield from fast_plots(case, pairs, logs)
        yield from fast_crews(case, pairs, logs)
        yield from unwatched(case, pairs, logs)


def against_plan(case: Case) -> Iterator[Suspicion]:
    """The measured change against that of the planned curve, with the errors of both."""
    if not case.plan:
        return
    years, stock, se = (np.array(column, float) for column in zip(*case.plan, strict=True))
    ends = (decimal_year(case.claim.change_period.start), decimal_year(case.claim.change_period.end))
    first, last = np.interp(ends, years, stock)
    planned = last - first
    if planned <= 0 or ends[1] > years[-1]:
        return
    level = float(np.interp(ends[1], years, se)) / last  # the error of the curve is one of its level
    over = case.computed_change_t - planned
    sample = case.sampled_change
    sd = float(np.hypot(level * planned, sample.se if sample else 0.0))
    p = float(normal_upper(over / sd))
    facts = {"measured": f"{case.computed_change_t:,.0f}", "planned": f"{planned:,.0f}", "z": f"{over / sd:.1f}"}
    yield Suspicion("above_plan", (), over * case.claim.share, p, facts)


def decimal_year(day: object) -> float:
    """A day as a year with its fraction."""
    start = day.timetuple().tm_yday - 1  # type: ignore[attr-defined]
    return float(day.year + start / 365.25)  # type: ignore[attr-defined]


def too_old(case: Case) -> Iterator[Suspicion]:
    """Trees thicker than anything grows in the years since planting: they stood there before."""
    planted = case.plots["stratum"].map({name: np.datetime64(layer.planted) for name, layer in case.layers.items()})
    age = ((case.plots["visited"] - planted).dt.days / DAYS_PER_YEAR).to_numpy(float)
    dbh = case.trees["dbh_cm"].to_numpy(float)
    with np.errstate(invalid="ignore"):
        most = np.maximum(age[np.maximum(case.tree_plot, 0)], 0.0) * inventory_limit("dbh_growth_max_cm_yr")
        old = (case.tree_plot >= 0) & (dbh > most + dbh_tolerance_cm(dbh))
    if old.any():
        names = case.plots["location_id"].to_numpy(object)[np.maximum(case.tree_plot, 0)]
        tags = names + "/" + case.trees["tree_id"].to_numpy(object)
        # What was too old at one visit counts with what it grew between both.
        size = float(case.signed_tonnes[np.isin(tags, tags[old])].sum())
        facts = {"trees": len(set(tags[old])), "largest": f"{np.nanmax(dbh[old]):.1f}"}
        yield Suspicion("too_old", tuple(sorted(set(names[old]))), size, None, facts)


def fast_plots(case: Case, pairs: pd.DataFrame, logs: np.ndarray) -> Iterator[Suspicion]:
    """Plots whose trees grew more than the spread of their stratum explains."""
    at, p = standing_out(logs, strata=pairs["stratum"].nunique())
    if len(at):
        names = tuple(pairs.index[at])
        facts = {"more": percent(float(logs[at].max()))}
        yield Suspicion("fast_plots", names, case.of_plots(names), p, facts)


def fast_crews(case: Case, pairs: pd.DataFrame, logs: np.ndarray) -> Iterator[Suspicion]:
    """A crew whose trees grow more in girth than the others', and are too short for it: two signs of one thing.

    On plots that no second team came to; both chances together by Fisher's method.
    """
    unseen = ~watched_plots(case, pairs)
    pairs, logs = pairs[unseen], logs[unseen]
    crews, strata = pairs["crew"].to_numpy(object), pairs["stratum"].to_numpy(object)
    shape = case.shape[pairs["now"].to_numpy(int)]
    given = np.isfinite(shape)
    short = np.where(given, -centred(np.where(given, shape, 0.0), strata), np.nan)
    known = sorted(set(crews))
    for crew in known if len(known) > 1 else ():
        mine = crews == crew
        growth, flat = student(logs[mine], logs[~mine]), student(short[mine & given], short[~mine & given])
        p = min(fisher(growth, flat) * len(known), 1.0)
        if p < P_SHOWN and growth < P_SHOWN:
            more = float(logs[mine].mean() - logs[~mine].mean())
            facts = {"crew": crew or "–", "more": percent(more)}
            yield Suspicion("fast_crew", tuple(pairs.index[mine]), thicker_t(case, pairs, mine, more), p, facts)


def unwatched(case: Case, pairs: pd.DataFrame, logs: np.ndarray) -> Iterator[Suspicion]:
    """Plots that no second team measured, growing more than those that one did."""
    watched = watched_plots(case, pairs)
    if min(watched.sum(), (~watched).sum()) < WATCHED_LEAST:
        return
    p = student(logs[~watched], logs[watched])
    if p < P_SHOWN:
        more = float(logs[~watched].mean() - logs[watched].mean())
        facts = {"more": percent(more), "watched": int(watched.sum())}
        yield Suspicion("unwatched", (), thicker_t(case, pairs, ~watched, more), p, facts)


def watched_plots(case: Case, pairs: pd.DataFrame) -> np.ndarray:
    """Whether a second team measured each plot."""
    names = set(case.surveys[-1].remeasured["location_id"]) if case.surveys else set()
    return np.asarray(pairs.index.isin(names))


def percent(log: float) -> str:
    """A difference of logarithms as people say it."""
    return f"{100 * float(np.expm1(log)):.0f}"


def thicker_t(case: Case, pairs: pd.DataFrame, mine: np.ndarray, more: float) -> float:
    """Tonnes of the claim if the trees of some plots were thinner by so much. [t CO2e]"""
    stock = case.stock_t_ha[pairs["now"].to_numpy(int)] * pairs["weight_ha"].to_numpy(float)
    return float(stock[mine].sum()) * -float(np.expm1(-case.elasticity * more)) * case.claim.share


def given_up(case: Case) -> Iterator[Suspicion]:
    """Plots of the visit before that were not found again: more than get lost, and the poorer ones.

    Two chances, that of so many by a binomial and that of such poor ones by the sum of their ranks within strata,
    together by Fisher's method.
    """
    if not case.last:
        return
    before = case.plots["visit"] == case.last - 1
    places = case.plots.loc[before, "location_id"].to_numpy(object)
    gone = ~np.isin(places, case.plots.loc[case.plots["visit"] == case.last, "location_id"].to_numpy(object))
    if gone.sum() < 2 or gone.all():
        return
    stock, strata = case.stock_t_ha[before.to_numpy()], case.plots.loc[before, "stratum"].to_numpy(object)
    seen, mean, variance, lost_t = 0.0, 0.0, 0.0, {}
    for name in sorted(set(strata)):
        mine = strata == name
        n, k = int(mine.sum()), int(gone[mine].sum())
        rank = np.argsort(np.argsort(stock[mine])) + 1.0
        seen += rank[gone[mine]].sum()
        mean += k * (n + 1) / 2
        variance += k * (n - k) * (n + 1) / 12
        if 0 < k < n and name in case.layers:
            poorer = float(1 - stock[mine].mean() / stock[mine & ~gone].mean())
            lost_t[name] = poorer * case.layers[name].area_ha
    if variance <= 0:
        return
    poor = float(normal_upper((mean - seen - 0.5) / np.sqrt(variance)))
    many = float(binomial_upper(gone.sum(), len(places), audit_limit("lost_share_usual")))
    p = fisher(poor, many)
    if p < P_SHOWN and poor < P_SHOWN:
        facts = {"of": len(places)}
        yield Suspicion("given_up", tuple(places[gone]), case.of_area(lost_t), p, facts)
