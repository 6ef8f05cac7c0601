"""Facts of the monitorings: plots, trees, quality, and every estimate with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact
from tanhui.projects.report.numbers import digits_for
from tanhui.projects.report.rows import both, quantity_names, share_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["facts"]


def facts(material: Material) -> Iterator[Fact]:
    """Surveys, their quality, and what they came to."""
    yield from _surveys(material)
    for number, survey in enumerate(material.result["quality"]):
        where, name = f"result.json#/quality/{number}", survey["survey"]
        yield make_fact("quality.*.share", 100 * survey["share"], f"{where}/share", name)
        yield make_fact("quality.*.dbh_sd_cm", survey["dbh_sd_cm"], f"{where}/dbh_sd_cm", name)
        yield make_fact("quality.*.height_sd_m", survey["height_sd_m"], f"{where}/height_sd_m", name)
    newest: dict[str, tuple[Mapping[str, Any], str]] = {}
    for number, row in enumerate(material.result["estimates"]):
        if row["source"] != "tanhui":
            continue
        where = f"result.json#/estimates/{number}"
        yield from _estimate(row, where)
        if row["domain"] == material.result["domain"]:
            newest[row["quantity"]] = (row, f"{where}/value")
    for key, quantity in (("stock_co2e_t", "tree_co2e_t"), ("change_co2e_t", "tree_change_co2e_t")):
        if quantity in newest:
            row, where = newest[quantity]
            yield make_fact(f"estimate.{key}", row["value"], where)
    for row in share_rows(material.result):
        name = {**row["label"], "key": f"{row['quantity']}"}
        for source, share in row["variance_shares"].items():
            part = both(f"report.error.{source}") | {"key": source}
            where = f"result.json#/estimates: {row['quantity']} {row['year']}, variance_shares/{source}"
            yield make_fact("share.*.*", 100 * share, where, name, part)


def _surveys(material: Material) -> Iterator[Fact]:
    plots, trees = material.tables.get("plots"), material.tables.get("trees")
    if plots is None or trees is None:
        return
    file = "plots.parquet"
    years = sorted(plots["year"].unique().tolist())
    yield make_fact("monitoring.visits", len(years), f"{file}: year")
    yield make_fact("monitoring.first", f"{plots['visited'].min():%Y-%m-%d}", f"{file}: least of visited")
    yield make_fact("monitoring.last", f"{plots['visited'].max():%Y-%m-%d}", f"{file}: greatest of visited")
    yield make_fact("monitoring.plots", int((plots["year"] == years[-1]).sum()), f"{file}: year = {years[-1]}, rows")
    yield from _positions(plots[plots["year"] == years[-1]])
    year_of = plots.set_index("plot_id")["year"]
    tallied = trees["plot_id"].map(year_of)
    for year in years:
        where = f"year = {year}, rows"
        yield make_fact("monitoring.*.plots", int((plots["year"] == year).sum()), f"{file}: {where}", str(year))
        yield make_fact("monitoring.*.trees", int((tallied == year).sum()), f"trees.parquet: {where}", str(year))


def _positions(plots: pd.DataFrame) -> Iterator[Fact]:
    """Where the plots of the last monitoring lie, and how large and steep they are."""
    columns = {"lon": "lon", "lat": "lat", "area_m2": "plot_area_m2", "slope_deg": "slope_deg"}
    for name, column in columns.items():
        for plot, value in zip(plots["location_id"].astype(str), plots[column].astype(float), strict=True):
            if value == value:
                where = f"plots.parquet: location_id = {plot}, {column}"
                yield make_fact(f"plot.*.{name}", value, where, plot)


def _estimate(row: Mapping[str, Any], where: str) -> Iterator[Fact]:
    """An estimate and the ends of its interval, with as many digits as its error allows."""
    quantity = quantity_names(row["quantity"]) | {"key": row["quantity"]}
    domain = both(f"report.domain.{row['domain']}", default=row["domain"]) | {"key": row["domain"]}
    names = (quantity, str(row["year"]), domain)
    digits = digits_for(row["value"], row["se"])
    how: dict[str, Any] = {"unit": row["unit"], "digits": -1 if digits is None else digits}
    yield make_fact("estimate.*.*.*", row["value"], f"{where}/value", *names, **how)
    yield make_fact("estimate.*.*.*.low", row["ci90"][0], f"{where}/ci90/0", *names, **how)
    yield make_fact("estimate.*.*.*.high", row["ci90"][1], f"{where}/ci90/1", *names, **how)
