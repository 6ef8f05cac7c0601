"""US national forest inventory tables (FIADB), any state: to the product's plots, trees and designs in SI units.

A folder holds ``TREE.csv`` (or ``.csv.gz``, or ``RI_TREE.csv`` as the agency names them) and the tables of
:data:`TABLES`. What the agency's rules say, and this reader keeps:

- An evaluation whose EVALID ends in 01 is a sample for stocks, one that ends in 03 for change on re-measured plots.
- Forest is COND_STATUS_CD 1; plots without forest are part of the sample. Live is STATUSCD 1.
- A tree stands for TPA_UNADJ trees per acre. It was tallied on the microplot below 5 inches, on the macroplot from
  MACRO_BREAKPOINT_DIA up where that is set, on the subplot otherwise; the stratum's ADJ_FACTOR of that plot kind
  makes up for plot parts that nobody could enter.
- CARBON_AG and CARBON_BG are the agency's own tree carbon, kept beside whatever we compute; here half of DRYBIO_AG
  and DRYBIO_BG, for live trees from 1 inch up, also for saplings whose height was not recorded.
- A tree record without TPA_UNADJ counts in no estimate: the agency's sums skip empty cells. In the tables seen these
  are live trees on land that ceased to be forest, trees lost from sight, and dead trees that no longer stand; none
  has a diameter or carbon. A live forest tree with TPA_UNADJ but without agency carbon adds nothing to the agency's
  carbon for the same reason; it is counted in ``notes`` and stays NaN in the table, never silently zero.

Keys (CN) have up to 15 digits and more and are read as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import file_digest
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.inventory import Design, Inventory
from tanhui.kernel.nouns import Observation
from tanhui.kernel.parameters import load_parameters
from tanhui.kernel.tables import listed_faults, read_table, table_spec
from tanhui.kernel.units import conversion_factor
from tanhui.kernel.wording import say

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "read_fia"]

#: Table -> the columns that name a row.
TABLES: dict[str, tuple[str, ...]] = {
    "PLOT": ("CN",),
    "COND": ("PLT_CN", "CONDID"),
    "TREE": ("CN",),
    "POP_EVAL": ("CN",),
    "POP_ESTN_UNIT": ("CN",),
    "POP_STRATUM": ("CN",),
    "POP_PLOT_STRATUM_ASSGN": ("STRATUM_CN", "PLT_CN"),
}
#: Row, partner's column and table: each left key must exist on the right.
PARTNERS = (
    ("COND", "PLT_CN", "PLOT", "CN"),
    ("TREE", "PLT_CN", "PLOT", "CN"),
    ("POP_ESTN_UNIT", "EVAL_CN", "POP_EVAL", "CN"),
    ("POP_STRATUM", "ESTN_UNIT_CN", "POP_ESTN_UNIT", "CN"),
    ("POP_PLOT_STRATUM_ASSGN", "STRATUM_CN", "POP_STRATUM", "CN"),
    ("POP_PLOT_STRATUM_ASSGN", "PLT_CN", "PLOT", "CN"),
)
PURPOSES = {"01": "stocks", "03": "change"}
STATUS = {"0": "lost", "1": "live", "2": "dead", "3": "cut"}
LAND = {"1": "forest", "2": "nonforest", "3": "water", "4": "water", "5": "nonsampled"}
#: Shares of a plot are printed with six decimals; their sum may miss 1 by this much.
SHARE_TOLERANCE = 1e-3


def read_fia(folder: Path, *, evaluations: Sequence[str] | None = None) -> tuple[Inventory, list[Design]]:
    """Read a folder of FIA tables.

    Parameters
    ----------
    folder : Path
        Holds the tables of one state as CSV, plain or gzipped, under the agency's column names and units.
    evaluations : sequence of str, optional
        EVALIDs wanted; otherwise every one that ends in 01 or 03.

    Returns
    -------
    inventory : Inventory
        ``plots``: ``plot_id``, ``location_id``, ``visited``, ``year``, ``lat``, ``lon``, ``prev_plot_id``,
        ``interval_yr``, ``forest_share``, ``nonsampled_share`` [1] and ``area_basis``. ``trees``: ``tree_id``,
        ``plot_id``, ``prev_tree_id``, ``species``, ``species_code``, ``dbh_cm``, ``height_m``, ``height_code``,
        ``status``, ``trees_per_ha``, ``basis`` (microplot, subplot, macroplot), ``subplot``, ``condition``, ``land``
        (forest, nonforest, water, nonsampled), ``reconcile``, ``agency_agc_kg``, ``agency_bgc_kg``. Missing text is
        empty, missing numbers are NaN. A visit or tree that stands twice with the same content counts once.
    designs : list of Design
        One per evaluation, by purpose and year. ``strata``: ``unit``, ``stratum``, ``area_ha``, ``adj_microplot``,
        ``adj_subplot``, ``adj_macroplot``. ``options``: ``purpose`` ("stocks" or "change"), ``start_year``,
        ``end_year``, ``method``.

    Raises
    ------
    InputError
        If there is no such folder.
    RefusedInput
        With every fault of every table: missing tables and columns, cut files, keys without partner, repeated keys
        with different content, strata without all their plots, plots whose conditions do not add up.
    """
    if not folder.is_dir():
        raise InputError("fia.no_folder", path=str(folder))
    tables, files, faults = _load(folder)
    if faults:
        raise RefusedInput(faults)
    notes: list[str] = []
    for name, key in TABLES.items():
        tables[name], found = _unique(tables[name], name, key, notes)
        faults += found + _damaged_keys(tables[name], name)
    tables = _wanted(tables, evaluations)
    faults += _without_partner(tables) + _without_condition(tables)
    if tables["POP_EVAL"].empty:
        faults.append(Fault("fia.no_evaluation", "POP_EVAL", column="EVALID"))
    faults += _incomplete_strata(tables) + _condition_faults(tables)
    if faults:
        raise RefusedInput(faults)
    plots, trees = _plots(tables), _trees(tables)
    faults = _change_faults(tables, plots) + _tree_faults(tables, trees)
    if faults:
        raise RefusedInput(faults)
    seen = tuple(Observation(path.name, file_digest(path), path.stat().st_size, "fiadb") for path in files)
    return Inventory(plots, trees, seen, (*notes, *_notes(trees))), _designs(tables)


def _load(folder: Path) -> tuple[dict[str, pd.DataFrame], list[Path], list[Fault]]:
    """Every table checked against its description, which names no column that FIADB lacks, and all faults."""
    tables: dict[str, pd.DataFrame] = {}
    files: list[Path] = []
    faults: list[Fault] = []
    for name in TABLES:
        found = sorted(
            {p for end in (".csv", ".csv.gz") for p in (*folder.glob(name + end), *folder.glob(f"??_{name}{end}"))}
        )
        if len(found) > 1:
            faults.append(
                Fault("fia.several_files", name, value=name, facts={"found": ", ".join(p.name for p in found)})
            )
            continue
        path = found[0] if found else folder / f"{name}.csv"
        spec = table_spec("inventory_fia", name.lower())
        try:
            table = read_table(path, spec)
        except RefusedInput as refusal:
            faults += refusal.faults
            continue
        faults += [
            Fault("table.missing_column", path.name, "", 1, column.name, facts={"zh": column.zh, "en": column.en})
            for column in spec.columns.values()
            if column.name not in table
        ]
        tables[name] = table[[column for column in spec.columns if column in table]]
        files.append(path)
    return tables, files, faults


def _unique(table: pd.DataFrame, name: str, key: tuple[str, ...], notes: list[str]) -> tuple[pd.DataFrame, list[Fault]]:
    """The table with exact repetitions left out; repetitions that differ are faults."""
    once = table.drop_duplicates()
    if len(once) < len(table):
        notes.append(_both("note.fia.repeated_rows", table=name, count=len(table) - len(once)))
    wrong = once.duplicated(list(key))
    keys = once[key[0]].astype(str)
    for column in key[1:]:
        keys = keys + "/" + once[column].astype(str)
    return once, listed_faults("fia.repeated_key", keys, wrong, name, "", "/".join(key))


def _damaged_keys(table: pd.DataFrame, name: str) -> list[Fault]:
    """Keys that a spreadsheet turned into floats, such as 6.2189E+13."""
    faults: list[Fault] = []
    for column in (c for c in table if c == "CN" or str(c).endswith("_CN")):
        text = table[column].astype(str)
        faults += listed_faults("fia.damaged_key", text, ~text.str.fullmatch(r"\d*"), name, "", str(column))
    return faults


def _wanted(tables: dict[str, pd.DataFrame], evaluations: Sequence[str] | None) -> dict[str, pd.DataFrame]:
    """The population tables cut to the evaluations wanted; a row without partner stays, to be found later."""
    evals = tables["POP_EVAL"]
    known = set(evals["CN"])
    evals = evals[evals["EVALID"].str[-2:].isin(list(PURPOSES))]
    if evaluations is not None:
        evals = evals[evals["EVALID"].isin([str(e) for e in evaluations])]
    others = known - set(evals["CN"])
    units = tables["POP_ESTN_UNIT"]
    left_units = set(units["CN"][units["EVAL_CN"].isin(others)])
    strata = tables["POP_STRATUM"]
    left_strata = set(strata["CN"][strata["ESTN_UNIT_CN"].isin(left_units)])
    plots = tables["POP_PLOT_STRATUM_ASSGN"]
    return tables | {
        "POP_EVAL": evals,
        "POP_ESTN_UNIT": units[~units["CN"].isin(left_units)],
        "POP_STRATUM": strata[~strata["CN"].isin(left_strata)],
        "POP_PLOT_STRATUM_ASSGN": plots[~plots["STRATUM_CN"].isin(left_strata)],
    }


def _without_partner(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    faults: list[Fault] = []
    for left, column, right, key in PARTNERS:
        missing = ~tables[left][column].isin(set(tables[right][key]))
        faults += listed_faults("fia.no_partner", tables[left][column], missing, left, "", column, table=right)
    return faults


def _without_condition(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    """Trees on conditions, and sample plots, that COND does not know."""
    trees, conds = _pairs(tables["TREE"]), _pairs(tables["COND"])
    faults = listed_faults("fia.no_partner", trees, ~trees.isin(set(conds)), "TREE", "", "PLT_CN/CONDID", table="COND")
    sample = tables["POP_PLOT_STRATUM_ASSGN"]["PLT_CN"]
    missing = ~sample.isin(set(tables["COND"]["PLT_CN"])) & ~sample.duplicated()
    return faults + listed_faults(
        "fia.no_partner", sample, missing, "POP_PLOT_STRATUM_ASSGN", "", "PLT_CN", table="COND"
    )


def _incomplete_strata(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    """Strata without all their plots and units without all their strata: the mark of a cut population table."""
    strata, units, sample = tables["POP_STRATUM"], tables["POP_ESTN_UNIT"], tables["POP_PLOT_STRATUM_ASSGN"]
    plots, points = sample["STRATUM_CN"].value_counts(), strata.groupby("ESTN_UNIT_CN")["P1POINTCNT"].sum()
    faults = []
    for code, table, column, name, found in (
        ("fia.stratum_count", strata, "P2POINTCNT", "POP_STRATUM", plots),
        ("fia.unit_points", units, "P1PNTCNT_EU", "POP_ESTN_UNIT", points),
    ):
        for row, key, wanted in zip(table.index, table["CN"], table[column], strict=True):
            if abs(wanted - found.get(key, 0)) > 0.5:
                facts = {"wanted": int(wanted), "found": int(found.get(key, 0))}
                faults.append(Fault(code, name, "", int(row), column, str(key), facts))
    return faults


def _condition_faults(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    """Sample plots whose conditions do not cover them, or mix the bases their shares refer to."""
    conds = tables["COND"][tables["COND"]["PLT_CN"].isin(set(tables["POP_PLOT_STRATUM_ASSGN"]["PLT_CN"]))]
    cover = conds.groupby("PLT_CN")["CONDPROP_UNADJ"].sum()
    faults = [
        Fault("fia.conditions", "COND", column="CONDPROP_UNADJ", value=str(plot), facts={"found": round(share, 6)})
        for plot, share in cover[(cover - 1).abs() > SHARE_TOLERANCE].items()
    ]
    bases = conds[conds["PROP_BASIS"] != ""].groupby("PLT_CN")["PROP_BASIS"].nunique()
    return faults + [
        Fault("fia.mixed_basis", "COND", column="PROP_BASIS", value=str(plot)) for plot in bases.index[bases > 1]
    ]


def _plots(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The product's plot table, index = row in PLOT."""
    import pandas as pd

    plot, cond = tables["PLOT"], tables["COND"]
    place = plot[["STATECD", "UNITCD", "COUNTYCD", "PLOT"]].astype(int).astype(str).agg("_".join, axis=1)
    day = pd.DataFrame({"year": plot["MEASYEAR"], "month": plot["MEASMON"], "day": plot["MEASDAY"]})
    day = day.fillna({"month": 7, "day": 15})

    def share(*codes: str) -> pd.Series:
        of_plot = cond[cond["COND_STATUS_CD"].isin(codes)].groupby("PLT_CN")["CONDPROP_UNADJ"].sum()
        return plot["CN"].map(of_plot).astype(float).fillna(0.0)

    basis = cond[cond["PROP_BASIS"] != ""].groupby("PLT_CN")["PROP_BASIS"].first()
    return pd.DataFrame(
        {
            "plot_id": plot["CN"],
            "location_id": place,
            "visited": pd.to_datetime(day, errors="coerce"),
            "year": plot["INVYR"].astype(int),
            "lat": plot["LAT"],
            "lon": plot["LON"],
            "prev_plot_id": plot["PREV_PLT_CN"].astype(str),
            "interval_yr": plot["REMPER"],
            "forest_share": share("1"),
            "nonsampled_share": share("5"),
            "area_basis": plot["CN"].map(basis).map({"MACR": "macroplot"}).fillna("subplot"),
        }
    )


def _trees(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The product's tree table, index = row in TREE."""
    import pandas as pd

    from tanhui.kernel.species import species

    tree, plot, cond = tables["TREE"], tables["PLOT"], tables["COND"]
    latin = {taxon.fia_code: taxon.latin for taxon in species().values() if taxon.fia_code is not None}
    code = tree["SPCD"].astype(int)
    macro_from = pd.Series(plot["MACRO_BREAKPOINT_DIA"].fillna(float("inf")).to_numpy(), plot["CN"])
    on_macroplot = tree["DIA"] >= tree["PLT_CN"].map(macro_from).astype(float)
    basis = pd.Series("subplot", tree.index).mask(on_macroplot, "macroplot")
    land = pd.Series(cond["COND_STATUS_CD"].map(LAND).to_numpy(), _pairs(cond))
    lb = conversion_factor("lb", "kg")
    return pd.DataFrame(
        {
            "tree_id": tree["CN"],
            "plot_id": tree["PLT_CN"],
            "prev_tree_id": tree["PREV_TRE_CN"].astype(str),
            "species": code.map(latin).fillna(code.astype(str)),
            "species_code": code,
            "dbh_cm": tree["DIA"] * conversion_factor("in", "cm"),
            "height_m": tree["HT"] * conversion_factor("ft", "m"),
            "height_code": tree["HTCD"].astype(str),
            "status": tree["STATUSCD"].map(STATUS),
            "trees_per_ha": tree["TPA_UNADJ"] * conversion_factor("1/acre", "1/ha"),
            "basis": basis.mask(tree["DIA"] < microplot_below_in(), "microplot"),
            "subplot": tree["SUBP"].astype(int),
            "condition": tree["CONDID"].astype(int),
            "land": _pairs(tree).map(land),
            "reconcile": tree["RECONCILECD"].astype(str),
            "agency_agc_kg": tree["CARBON_AG"] * lb,
            "agency_bgc_kg": tree["CARBON_BG"] * lb,
        }
    )


def _tree_faults(tables: dict[str, pd.DataFrame], trees: pd.DataFrame) -> list[Fault]:
    """Trees that count but have no size, and tallies on plot kinds without an adjustment factor."""
    counts = (trees["status"] == "live") & trees["trees_per_ha"].notna()
    wrong = counts & trees["dbh_cm"].isna()
    faults = listed_faults("fia.tree_without_size", trees["tree_id"], wrong, "TREE", "", "DIA")
    strata, sample = tables["POP_STRATUM"], tables["POP_PLOT_STRATUM_ASSGN"]
    for basis, column in (("microplot", "ADJ_FACTOR_MICR"), ("macroplot", "ADJ_FACTOR_MACR")):
        used = sample["STRATUM_CN"][sample["PLT_CN"].isin(trees["plot_id"][counts & (trees["basis"] == basis)])]
        wrong = strata["CN"].isin(set(used)) & ~(strata[column] > 0)
        faults += listed_faults("fia.no_adjustment", strata["CN"], wrong, "POP_STRATUM", "", column)
    return faults


def _change_faults(tables: dict[str, pd.DataFrame], plots: pd.DataFrame) -> list[Fault]:
    """Visits on days that do not exist, and plots for change whose earlier visit or interval is not there."""
    known = set(plots["plot_id"])
    paired = plots["plot_id"][plots["prev_plot_id"].isin(known) & (plots["interval_yr"] > 0)]
    days = tables["PLOT"]["MEASDAY"].astype(str)
    faults = listed_faults("table.not_a_date", days, plots["visited"].isna(), "PLOT", "", "MEASDAY")
    for design in (d for d in _designs(tables) if d.options["purpose"] == "change"):
        sample = design.assignment["plot_id"]
        alone = ~sample.isin(set(paired))
        faults += listed_faults(
            "fia.no_earlier_visit", sample, alone, "PLOT", "", "PREV_PLT_CN", evaluation=design.name
        )
    return faults


def _designs(tables: dict[str, pd.DataFrame]) -> list[Design]:
    """One design per evaluation, by purpose and year."""
    evals, units = tables["POP_EVAL"], tables["POP_ESTN_UNIT"]
    joined = tables["POP_STRATUM"].merge(units, left_on="ESTN_UNIT_CN", right_on="CN", suffixes=("", "_unit"))
    acres = joined["AREA_USED"] * joined["P1POINTCNT"] / joined["P1PNTCNT_EU"]
    joined = joined.assign(
        unit=joined["ESTN_UNIT"],
        stratum=joined["STRATUMCD"],
        area_ha=acres * conversion_factor("acre", "ha"),
        adj_microplot=joined["ADJ_FACTOR_MICR"],
        adj_subplot=joined["ADJ_FACTOR_SUBP"],
        adj_macroplot=joined["ADJ_FACTOR_MACR"],
    )
    wanted = ["unit", "stratum", "area_ha", "adj_microplot", "adj_subplot", "adj_macroplot"]
    sample = tables["POP_PLOT_STRATUM_ASSGN"].merge(joined, left_on="STRATUM_CN", right_on="CN", suffixes=("", "_s"))
    designs = []
    for row in evals.to_dict("records"):
        strata = joined[joined["EVAL_CN"] == row["CN"]].sort_values(["unit", "stratum"])
        plots = sample[sample["EVAL_CN"] == row["CN"]].sort_values("PLT_CN").rename(columns={"PLT_CN": "plot_id"})
        options: dict[str, object] = {
            "purpose": PURPOSES[row["EVALID"][-2:]],
            "start_year": int(row["START_INVYR"]),
            "end_year": int(row["END_INVYR"]),
            "method": str(row.get("ESTN_METHOD", "")),
        }
        assigned = plots[["plot_id", "unit", "stratum"]].reset_index(drop=True)
        year = int(row["END_INVYR"])
        designs.append(Design(str(row["EVALID"]), year, strata[wanted].reset_index(drop=True), assigned, options))
    return sorted(designs, key=lambda d: (str(d.options["purpose"]) == "change", d.year, d.name))


def _notes(trees: pd.DataFrame) -> Iterable[str]:
    live = trees["status"] == "live"
    counted = live & (trees["land"] == "forest") & trees["trees_per_ha"].notna()
    for code, which in (
        ("note.fia.live_without_weight", live & trees["trees_per_ha"].isna()),
        ("note.fia.live_without_carbon", counted & trees["agency_agc_kg"].isna()),
        ("note.fia.heights_missing", counted & trees["height_m"].isna()),
    ):
        if which.any():
            yield _both(code, count=int(which.sum()))


@cache
def microplot_below_in() -> float:
    """Trees below this diameter are tallied on the microplot. [in]"""
    rules = load_parameters(data_path("inventory_fia", "parameters.toml"), "inventory_fia")
    return rules["microplot_below"].leaves[0].number()


def _pairs(table: pd.DataFrame) -> pd.Series:
    """Plot visit and condition as one key."""
    return table["PLT_CN"].astype(str) + "/" + table["CONDID"].astype(int).astype(str)


def _both(code: str, **facts: Any) -> str:
    """A note in both languages: notes have no reader yet whose language we know."""
    return f"{say(code, 'zh', **facts)} / {say(code, 'en', **facts)}"
