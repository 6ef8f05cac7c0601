"""Made-up projects for the proof of the audit's checks: honest ones.

An honest project has what honest projects have: plots that differ, readings that err, trees that die, a few plots that
are lost, tags that are missed, a rough map, a planned curve that is off by a tenth. ``made_up(seed)`` is the same
project each time; :mod:`benchmarks.projects.audit_faults` seeds faults into it before it is written down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely

from tanhui.kernel.randoms import stream
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods import methods
from tanhui.projects.audit.case import Case, Claimed, Layer, Stated
from tanhui.projects.field.survey import FieldSurvey

__all__ = ["CARBON", "POWER", "TREE_ARRAYS", "World", "made_up", "write_down"]

METHOD = "ccer/14-001-v01"
SPECIES = ("杉木", "马尾松", "湿地松")
#: kg C of a tree: k (D²H)^0.93.
CARBON = {"杉木": 0.0125, "马尾松": 0.0140, "湿地松": 0.0145, "木荷": 0.0175}
POWER = 0.93
SURVEYED = (date(2020, 9, 1), date(2025, 9, 1))
PLOT_M2, TALLY_CM = 400.0, 5.0
LON, LAT, M_PER_DEG = 110.0, 27.0, 111_320.0
#: Standard deviations: of a plot's and a parcel's stand [log diameter], of readings [cm], [1], of heights [log].
PLOT_SD, PARCEL_SD, READ_CM, READ_HEIGHT, PLOT_TALL, TREE_TALL = 0.10, 0.07, 0.10, 0.010, 0.04, 0.05
#: Of a map's pixel and whole level [log stock], of the planned curve's level, and the error that it states. [1]
MAP_SD, MAP_BIAS, PLAN_SD, PLAN_SE = 0.25, 0.10, 0.10, 0.15
#: Of what a plot's trees grow between the visits. [log diameter]
GROWTH_SD = 0.04
#: By how many per cent stock grows with one per cent of diameter.
STAND = 2.5
PIXELS = 600
CREWS = ("甲", "乙", "丙")
#: Arrays over stems; those of two visits have two columns.
READINGS = ("read_cm", "read_m", "second_cm", "second_m")
TREE_ARRAYS = ("plot", "species", "dbh", "height", "listed", "live", "measured", "seen", *READINGS)


@dataclass
class World:
    """A project before it is written down; faults change it.

    ``dbh`` and ``height`` are the truth; ``read_cm`` and ``read_m`` what a crew wrote, ``second_cm`` and ``second_m``
    what another team would; ``listed`` whether a stem is on the sheet, ``live`` what the sheet says of it, ``seen``
    whether there is anything to be seen by a second team.
    """

    random: np.random.Generator
    strata: list[dict[str, Any]]
    parcels: pd.DataFrame
    shapes: list[Any]
    plots: pd.DataFrame
    plot: np.ndarray
    species: np.ndarray
    dbh: np.ndarray
    height: np.ndarray
    listed: np.ndarray
    live: np.ndarray
    measured: np.ndarray
    read_cm: np.ndarray
    read_m: np.ndarray
    second_cm: np.ndarray
    second_m: np.ndarray
    seen: np.ndarray
    planned_t: tuple[float, float]
    plan_level: float
    stock_t_ha: dict[str, float]
    species_now: np.ndarray | None = None
    carbon_factor: dict[str, float] = field(default_factory=dict)
    credited: Callable[[pd.DataFrame], np.ndarray] = lambda table: np.minimum(
        table["area_declared_ha"], table["area_ha"]
    )
    claim_fault: Callable[[Claimed], Claimed] = lambda claim: claim
    stated_factor: float = 1.0


def made_up(seed: int, salt: str, fault: Callable[[World], None] | None = None, *, few_plots: bool = False) -> Case:
    """One project, with a fault if one is given."""
    world = honest_world(stream(seed, salt), few_plots=few_plots)
    world.random = stream(seed, salt, "fault")
    if fault is not None:
        fault(world)
    return write_down(world, f"made-up-{seed}", stream(seed, salt, "papers"))


# An honest project


def honest_world(random: np.random.Generator, *, few_plots: bool = False) -> World:
    """Strata, parcels, plots and stems."""
    strata = []
    for number in range(int(random.integers(2, 4))):
        year = int(random.integers(2013, 2016))
        pace = float(random.uniform(0.9, 1.15))
        strata.append(
            {
                "id": f"S{number + 1}",
                "species": SPECIES[number],
                "planted": date(year, 3, 10),
                "stems": float(random.choice([1667, 2000, 2500])),
                "final_cm": 17.0 * pace,
                "survival": float(random.uniform(0.86, 0.95)),
            }
        )
    parcels, shapes = made_parcels(random, strata)
    plots = made_plots(random, strata, parcels, shapes, few_plots=few_plots)
    return made_trees(random, strata, parcels, shapes, plots)


def made_parcels(random: np.random.Generator, strata: list[dict[str, Any]]) -> tuple[pd.DataFrame, list[Any]]:
    """Quadrangles that share their corners, in strips of one stratum each. [m from a corner]"""
    columns, rows, cell = int(random.integers(5, 9)), int(random.integers(4, 7)), float(random.uniform(180, 260))
    grid = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), axis=-1) * cell
    grid = grid + random.uniform(-0.18, 0.18, grid.shape) * cell
    table, shapes = [], []
    for i in range(columns):
        stratum = strata[i * len(strata) // columns]
        for j in range(rows):
            shape = shapely.Polygon([grid[i, j], grid[i + 1, j], grid[i + 1, j + 1], grid[i, j + 1]])
            shapes.append(shape)
            hectares = shape.area / 10_000
            table.append(
                {
                    "parcel_id": f"{len(table) + 1:04d}",
                    "stratum": stratum["id"],
                    "species": stratum["species"],
                    "planted_year": stratum["planted"].year,
                    "area_ha": hectares,
                    "area_declared_ha": round(hectares * 15 * (1 + 0.004 * random.standard_normal()), 1) / 15,
                    "certified_ha": hectares * (1 + abs(0.01 * random.standard_normal())),
                    "planted_per_ha": stratum["stems"] * (1 + 0.02 * random.standard_normal()),
                    "survival": stratum["survival"] + 0.01 * random.standard_normal(),
                    "effect": PARCEL_SD * random.standard_normal(),
                    "bare": float(np.clip(0.02 + 0.015 * random.standard_normal(), 0, 0.07)),
                    "map_noise": random.standard_normal(),
                    "felled": 1.0,
                    "right_ends": date(2060, 12, 31),
                }
            )
    return pd.DataFrame(table), shapes


def made_plots(
    random: np.random.Generator,
    strata: list[dict[str, Any]],
    parcels: pd.DataFrame,
    shapes: list[Any],
    *,
    few_plots: bool,
) -> pd.DataFrame:
    """Plots at random places, each measured by a crew on a day, one in eight again by another team."""
    rows = []
    for stratum in strata:
        mine = parcels.index[parcels["stratum"] == stratum["id"]].to_numpy()
        weight = parcels.loc[mine, "area_ha"].to_numpy() / parcels.loc[mine, "area_ha"].sum()
        count = 3 if few_plots else int(random.integers(10, 16))
        for _ in range(count):
            parcel = int(random.choice(mine, p=weight))
            x, y = inside(random, shapes[parcel], rows)
            sd = 2.0 * PLOT_SD if few_plots else PLOT_SD
            rows.append(
                {"stratum": stratum["id"], "parcel": parcel, "x": x, "y": y, "effect": sd * random.standard_normal()}
            )
    plots = pd.DataFrame(rows)
    order = random.permutation(len(plots))
    plots["crew"] = np.array(CREWS)[order % len(CREWS)]
    plots["day"] = order // len(CREWS) // 3
    plots["again"] = order % 8 == 0
    plots["lost"] = random.random(len(plots)) < (0.0 if few_plots else 0.03)
    plots["tall"] = PLOT_TALL * random.standard_normal(len(plots))
    plots["pace"] = GROWTH_SD * random.standard_normal(len(plots))
    plots["planted"] = 1 + 0.05 * random.standard_normal(len(plots))
    plots["map_noise"] = random.standard_normal(len(plots))
    plots["area_m2"] = PLOT_M2
    return plots


def inside(random: np.random.Generator, shape: Any, taken: list[dict[str, Any]]) -> tuple[float, float]:
    """A place well inside an outline, on no other plot."""
    x0, y0, x1, y1 = shape.bounds
    inner = shape.buffer(-15)
    while True:
        x, y = random.uniform(x0, x1), random.uniform(y0, y1)
        if shapely.contains_xy(inner, x, y) and all(np.hypot(x - one["x"], y - one["y"]) > 30 for one in taken):
            return float(x), float(y)


def made_trees(
    random: np.random.Generator,
    strata: list[dict[str, Any]],
    parcels: pd.DataFrame,
    shapes: list[Any],
    plots: pd.DataFrame,
) -> World:
    """Every stem that was planted on a plot: its true size at both visits, whether it lives, and what was read."""
    layer = plots["stratum"].map({s["id"]: k for k, s in enumerate(strata)}).to_numpy()
    stems = np.array([s["stems"] for s in strata])[layer] * plots["planted"].to_numpy() * PLOT_M2 / 10_000
    plot = np.repeat(np.arange(len(plots)), np.rint(stems).astype(int))
    n, mine = len(plot), layer[plot]
    effect = plots["effect"].to_numpy() + parcels["effect"].to_numpy()[plots["parcel"]]
    final = np.array([s["final_cm"] for s in strata])[mine] * np.exp(effect[plot] + 0.16 * random.standard_normal(n))
    ages = np.array([[(day - s["planted"]).days / 365.25 for day in SURVEYED] for s in strata])[mine]
    dbh = final[:, None] * (1 - np.exp(-0.16 * ages)) ** 1.7
    pace = np.exp(plots["pace"].to_numpy()[plot] + 0.03 * random.standard_normal(n))
    dbh[:, 1] = np.maximum(dbh[:, 1] * pace, dbh[:, 0] + 0.2)
    tall = np.exp(plots["tall"].to_numpy()[plot] + TREE_TALL * random.standard_normal(n))
    height = 1.3 + 1.35 * dbh**0.75 * tall[:, None]
    first = random.random(n) < np.array([s["survival"] for s in strata])[mine]
    live = np.column_stack([first, first & (random.random(n) < 0.97)])
    listed = (dbh >= TALLY_CM) & np.column_stack([np.ones(n, bool), first | (dbh[:, 0] >= TALLY_CM)])
    listed &= random.random((n, 2)) > 0.0003  # a tag that was missed
    readings = [dbh + READ_CM * random.standard_normal((n, 2)) for _ in range(2)]
    heights = [height * (1 + READ_HEIGHT * random.standard_normal((n, 2))) for _ in range(2)]
    species = np.array([s["species"] for s in strata], object)[mine]
    planned, level = true_stocks(plot, species, dbh, height, live & listed, plots, parcels)
    return World(
        random=random,
        strata=strata,
        parcels=parcels,
        shapes=shapes,
        plots=plots,
        plot=plot,
        species=species,
        dbh=dbh,
        height=height,
        listed=listed,
        live=live,
        measured=random.random((n, 2)) < 0.2,
        read_cm=readings[0],
        read_m=heights[0],
        second_cm=readings[1],
        second_m=heights[1],
        seen=np.ones((n, 2), bool),
        planned_t=planned,
        plan_level=float(np.exp(PLAN_SD * random.standard_normal())),
        stock_t_ha=level,
    )


def true_stocks(
    plot: np.ndarray,
    species: np.ndarray,
    dbh: np.ndarray,
    height: np.ndarray,
    there: np.ndarray,
    plots: pd.DataFrame,
    parcels: pd.DataFrame,
) -> tuple[tuple[float, float], dict[str, float]]:
    """What the whole project holds at both visits, and each stratum per hectare at the second. [t CO2e]"""
    k = np.array([CARBON[name] for name in species])[:, None]
    kg = k * (dbh**2 * height) ** POWER * there
    per_ha = (
        np.column_stack([np.bincount(plot, kg[:, v], minlength=len(plots)) for v in (0, 1)]) / PLOT_M2 * 10 * CO2_PER_C
    )
    mean = pd.DataFrame(per_ha).groupby(plots["stratum"]).mean()
    area = parcels.groupby("stratum")["area_ha"].sum().reindex(mean.index)
    total = (mean.to_numpy() * area.to_numpy()[:, None]).sum(axis=0)
    return (float(total[0]), float(total[1])), mean[1].to_dict()


# Written down


def write_down(world: World, name: str, random: np.random.Generator) -> Case:
    """What crews, offices and a map make of a world, and the claim that follows."""
    visits = [visit_tables(world, visit, random) for visit in (0, 1)]
    surveys = tuple(FieldSurvey(f"survey-{day.year}.xlsx", *one) for day, one in zip(SURVEYED, visits, strict=True))
    parcels = world.parcels.assign(area_credited_ha=world.credited(world.parcels))
    area = parcels.groupby("stratum")["area_credited_ha"].sum()
    layers = {s["id"]: Layer(s["species"], s["planted"], float(area.get(s["id"], 0.0))) for s in world.strata}
    outlines = list(zip(world.shapes, parcels["stratum"], strict=True))
    rights = parcels.assign(first_day=date(2008, 1, 1), last_day=parcels["right_ends"], authorised=True)
    case = Case(
        project=name,
        run="0" * 64,
        claim=unclaimed(),
        layers=layers,
        plots=pd.concat([one[0] for one in visits], ignore_index=True),
        trees=pd.concat([one[1] for one in visits], ignore_index=True),
        parcels=parcels,
        surveys=surveys,
        outlines=world.shapes,
        rights=rights,
        planting=parcels[["parcel_id", "planted_per_ha", "survival"]],
        land={s["id"]: [degrees(shape) for shape, of in outlines if of == s["id"]] for s in world.strata},
    )
    return with_claim(with_map(case, world, random), world)


def visit_tables(
    world: World, visit: int, random: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Plots, trees and second readings of a visit."""
    day, count, n = SURVEYED[visit], len(world.plots), len(world.plot)
    found = ~world.plots["lost"].to_numpy(bool) if visit else np.ones(count, bool)
    names = np.array([f"Y{k + 1:02d}" for k in range(count)], object)
    gnss = random.normal(0, 3.0, (count, 2))
    plots = pd.DataFrame(
        {
            "plot_id": [f"{name}@{day}" for name in names],
            "location_id": names,
            "visit": visit,
            "stratum": world.plots["stratum"],
            "parcel_id": world.parcels["parcel_id"].to_numpy()[world.plots["parcel"]],
            "visited": [pd.Timestamp(day + timedelta(days=int(d))) for d in world.plots["day"]],
            "crew": world.plots["crew"],
            "plot_area_m2": world.plots["area_m2"],
            "lon": LON + (world.plots["x"] + gnss[:, 0]) / (M_PER_DEG * np.cos(np.radians(LAT))),
            "lat": LAT + (world.plots["y"] + gnss[:, 1]) / M_PER_DEG,
            "plot_status": "measured",
        }
    )
    starts = np.concatenate([[0], np.cumsum(np.bincount(np.sort(world.plot), minlength=count))])
    order = np.empty(n, int)
    order[np.argsort(world.plot, kind="stable")] = np.arange(n)
    tags = (order - starts[world.plot] + 1).astype(str)
    species = world.species if world.species_now is None or not visit else world.species_now
    read, live = np.round(world.read_cm[:, visit], 1), world.live[:, visit]
    heights = np.where(world.measured[:, visit], np.round(world.read_m[:, visit], 1), np.nan)
    listed = world.listed[:, visit] & found[world.plot]
    filled = filled_heights(read, heights, world.plots["stratum"].to_numpy(object)[world.plot], listed & live)
    kg = np.array([CARBON[name] for name in species]) * (read**2 * filled) ** POWER
    trees = pd.DataFrame(
        {
            "plot_id": plots["plot_id"].to_numpy(object)[world.plot],
            "location_id": names[world.plot],
            "tree_id": tags,
            "species": species,
            "dbh_cm": read,
            "height_m": heights,
            "status": np.where(live, "live", "dead"),
            "trees_per_ha": 10_000 / world.plots["area_m2"].to_numpy()[world.plot],
            "recomputed_kg": np.where(live, kg, np.nan),
            "tree_kg": np.where(live, kg, np.nan) * [world.carbon_factor.get(name, 1.0) for name in species],
        }
    )
    again = listed & world.plots["again"].to_numpy(bool)[world.plot] & world.seen[:, visit]
    second = pd.DataFrame(
        {
            "location_id": names[world.plot],
            "tree_id": tags,
            "dbh_cm": np.round(world.second_cm[:, visit], 1),
            "height_m": np.where(world.measured[:, visit], np.round(world.second_m[:, visit], 1), np.nan),
            "remeasured_on": pd.Timestamp(day + timedelta(days=20)),
            "crew": "复测组",
        }
    )
    return plots[found], trees[listed].reset_index(drop=True), second[again].reset_index(drop=True)


def filled_heights(read: np.ndarray, given: np.ndarray, layer: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Heights as a run fills them: measured ones as they are, the rest from the stratum's curve of this visit."""
    filled = given.copy()
    for name in sorted(set(layer)):
        mine = layer == name
        known, missing = mine & good & np.isfinite(given), mine & ~np.isfinite(given)
        slope, level = np.polyfit(np.log(read[known]), np.log(given[known]), 1)
        filled[missing] = np.exp(level + slope * np.log(np.maximum(read[missing], 0.1)))
    return filled


def degrees(shape: Any) -> Any:
    """An outline in degrees."""
    scale = np.array([M_PER_DEG * np.cos(np.radians(LAT)), M_PER_DEG])
    return shapely.transform(shape, lambda xy: xy / scale + [LON, LAT])


def with_map(case: Case, world: World, random: np.random.Generator) -> Case:
    """A map of stock at the last visit: rough, off as a whole, in the right order on the whole."""
    bias = float(np.exp(MAP_BIAS * random.standard_normal()))
    parcel, effect = world.parcels, world.parcels["effect"].to_numpy()
    place = STAND * (world.plots["effect"].to_numpy() + effect[world.plots["parcel"]])
    shown = bias * np.exp(place + MAP_SD * world.plots["map_noise"].to_numpy())
    rank = np.empty(len(shown))
    for s in world.strata:
        mine = np.flatnonzero(parcel["stratum"] == s["id"])
        weight = parcel["area_ha"].to_numpy()[mine] / parcel["area_ha"].to_numpy()[mine].sum()
        pixels = effect[random.choice(mine, PIXELS, p=weight)] + PLOT_SD * random.standard_normal(PIXELS)
        values = bias * np.exp(STAND * pixels + MAP_SD * random.standard_normal(PIXELS))
        here = (world.plots["stratum"] == s["id"]).to_numpy()
        rank[here] = (values[:, None] < shown[here]).mean(axis=0)
    level = parcel["stratum"].map(world.stock_t_ha).to_numpy(float)
    noise = 0.08 * parcel["map_noise"].to_numpy()
    parcels = case.parcels.assign(
        map_t_ha=level * bias * np.exp(STAND * effect + noise) * parcel["felled"].to_numpy(float),
        map_bare_share=parcel["bare"],
    )
    at = case.plots["location_id"].str[1:].astype(int).to_numpy() - 1
    level = world.plots["stratum"].map(world.stock_t_ha).to_numpy(float)
    return replace(case, parcels=parcels, plots=case.plots.assign(map_rank=rank[at], map_t_ha=(shown * level)[at]))


def unclaimed() -> Claimed:
    """A claim before it is computed."""
    period = Period.inclusive(date(2021, 1, 1), SURVEYED[1])
    measured = Period(SURVEYED[0], SURVEYED[1] + timedelta(days=1))
    return Claimed(
        METHOD,
        period,
        measured,
        {"net": 0.0},
        (),
        0,
        0.0,
        Period.inclusive(date(2016, 1, 1), date(2035, 12, 31)),
        (),
        date(2026, 3, 1),
    )


def with_claim(case: Case, world: World) -> Case:
    """The claim by the rules of the methodology, the plan, and a report that prints it."""
    known, sample = methods()[METHOD], case.sampled_change
    assert sample is not None
    change, half = float(sample.value), float(sample.relative_half_width())
    claim = case.claim
    gross = change * claim.period.days / claim.change_period.days
    bands = known.parameters["uncertainty_bands"].at(claim.applied).value  # type: ignore[arg-type]
    share = next((float(cut) for most, cut in bands if half <= most), float(bands[-1][1]))
    taken = -share * gross
    held = -known.parameters["k_risk"].at(claim.applied).number() * (gross + taken)  # type: ignore[arg-type]
    lines = {"gross_removal": gross, "uncertainty_deduction": taken, "permanence": held, "net": gross + taken + held}
    years = by_year(claim.period, lines["net"])
    claim = replace(claim, change_co2e_t=change, lines=lines, years=years, credits_t=sum(year[2] for year in years))
    claim = world.claim_fault(claim)
    hectares = sum(layer.area_ha for layer in case.layers.values())
    stated = round(lines["net"] * world.stated_factor)
    start, end = (world.plan_level * t for t in world.planned_t)
    plan = tuple((year, t, PLAN_SE * t) for year, t in ((2020.668, start), (2025.67, end), (2035.0, 2 * end)))
    return replace(
        case,
        claim=claim,
        plan=plan,
        stated=(
            Stated("核算报告.docx", "claim.net", stated, round(lines["net"])),
            Stated("项目设计文件.docx", "land.area_ha", round(hectares, 1), hectares),
        ),
    )


def by_year(period: Period, net: float) -> tuple[tuple[int, float, int], ...]:
    """The net over calendar years, whole credits that add up."""
    parts = [(year, net * part.days / period.days) for year, part in period.by_year()]
    ends = np.floor(np.cumsum([t for _, t in parts]) + 1e-9).astype(int)
    whole = np.diff(np.concatenate([[0], ends]))
    return tuple((year, t, int(n)) for (year, t), n in zip(parts, whole, strict=True))
