"""Every interval drawn again in plain numpy: plots, height curves, equations, roots and carbon, from the rows alone.

The draws take the result's own tables as data and know the equations, factors and errors by their published or stated
values. Plots are drawn with replacement; within a fixed stratum of n plots, n - 1 of them, each counted n / (n - 1)
times, which makes the spread of the draws the usual s2 / n (Rao & Wu 1988). The whole height regression is done anew
on the plots of each draw.
"""

import json

import numpy as np
import pandas as pd
import pytest

from tanhui.faces.demo import ILLUSTRATIVE, REAL, example_folder
from tanhui.mrv.sampling import remeasured_expansion
from tanhui.sensing.inventory.read_fia import read_fia
from tests.projects.test_afforestation import FACTORS, VOLUME

DRAWS = 3000
CO2_PER_C = 44 / 12
#: The general errors of data/projects/unknown_errors.toml: volume table, volume to biomass, roots, carbon fraction.
TABLE, EXPANSION, ROOTS, CARBON = 0.07, 0.25, 0.20, 0.02
#: RMSE of ln W, Jenkins et al. 2003, Table 4.
JENKINS = {
    "aspen-alder-cottonwood-willow": 0.507441,
    "soft-maple-birch": 0.491685,
    "mixed-hardwood": 0.360458,
    "hard-maple-oak-hickory-beech": 0.236483,
    "cedar-larch": 0.294574,
    "pine": 0.253781,
    "true-fir-hemlock": 0.182329,
    "spruce": 0.250424,
}


def lognormal(random, sd, shape):
    return np.exp(sd * random.standard_normal(shape) - np.square(sd) / 2)


def pick(result, quantity, year, domain, source="tanhui"):
    (found,) = (
        e
        for e in result["estimates"]
        if (e["quantity"], e["year"], e["domain"], e["source"]) == (quantity, year, domain, source)
    )
    return found


def check(estimate, drawn, parts, rel=0.06):
    """Standard error and shares of an estimate against draws of it all and of each source alone."""
    assert estimate["se"] == pytest.approx(drawn.std(ddof=1), rel=rel)
    total = sum(part.var(ddof=1) for part in parts.values())
    shares = dict(estimate["variance_shares"])
    # A curve fitted to the plots' own trees is drawn with the plots.
    shares["sampling"] += shares.pop("measurement", 0.0)
    for source, part in parts.items():
        assert shares.pop(source) == pytest.approx(part.var(ddof=1) / total, abs=0.02), source
    assert sum(shares.values()) < 1e-4  # single trees' own errors average out over a forest


# --- Hunan: stratified plots, heights by curves, volume tables


class Hunan:
    """Stock of each year by species and draw of plots, [t d.m.] above ground, shape (draws, 2 years, 2 species)."""

    def __init__(self, folder):
        read = {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("trees", "plots", "parcels")}
        plots, areas = read["plots"], read["parcels"].groupby("stratum")["area_credited_ha"].sum()
        trees = read["trees"]
        trees = trees[(trees["status"] == "live") & trees["dbh_cm"].notna()]
        trees = trees.merge(plots[["plot_id", "location_id", "stratum", "year"]], on="plot_id")
        self.places = sorted(set(plots["location_id"]))
        lies = plots.drop_duplicates("location_id").set_index("location_id")["stratum"].reindex(self.places)
        self.stratum = lies.to_numpy()
        counts = lies.value_counts()
        self.hectares = np.array([areas[name] / counts[name] for name in self.stratum])
        self.trees = trees
        self.place = trees["location_id"].map({name: i for i, name in enumerate(self.places)}).to_numpy()

    def weights(self, random):
        """How often each plot counts in each draw, shape (draws, plots)."""
        found = np.zeros((DRAWS, len(self.places)))
        for name in set(self.stratum):
            at = np.flatnonzero(self.stratum == name)
            n = len(at)
            drawn = random.integers(0, n, (DRAWS, n - 1))
            for k in range(n):
                found[:, at[k]] = (drawn == k).sum(axis=1) * n / (n - 1)
        return found

    def biomass(self, weights):
        found = np.zeros((len(weights), 2, 2))
        for y, year in enumerate((2020, 2025)):
            for s, species in enumerate(VOLUME):
                rows = ((self.trees["year"] == year) & (self.trees["species"] == species)).to_numpy()
                found[:, y, s] = self.of_species(rows, species, weights)
        return found

    def of_species(self, rows, species, weights):
        """Measured heights as they are, the others by ln H = p + q ln D of the stratum, of the species where few."""
        a, b, c = VOLUME[species]
        density, bef, *_ = FACTORS[species]
        trees, place = self.trees[rows], self.place[rows]
        dbh, height = trees["dbh_cm"].to_numpy(), trees["height_m"].to_numpy()
        known = ~np.isnan(height)
        stands = trees["trees_per_ha"].to_numpy() * self.hectares[place] * a * dbh**b * density * bef  # t per m^c
        total = self.by_plot(place[known], (stands * height**c)[known]) @ weights.T
        lies = trees["stratum"].to_numpy()
        for name in set(lies[~known]):
            pairs = known & (lies == name)
            pairs = pairs if pairs.sum() >= 15 else known
            p, q, s2 = self.fit(place[pairs], np.log(dbh[pairs]), np.log(height[pairs]), weights)
            mine = ~known & (lies == name)
            for i in np.flatnonzero(np.bincount(place[mine], minlength=len(self.places))):
                here = mine & (place == i)
                guess = np.exp(p[:, None] + q[:, None] * np.log(dbh[here]) + s2[:, None] / 2)
                total = total + weights[:, i] * (guess**c @ stands[here])
        return total

    def by_plot(self, place, values):
        return np.bincount(place, values, minlength=len(self.places))

    def fit(self, place, x, y, weights):
        """A weighted regression for every draw at once, from sums by plot."""
        n, sx, sy, sxx, sxy, syy = (
            weights @ self.by_plot(place, v) for v in (np.ones_like(x), x, y, x * x, x * y, y * y)
        )
        q = (n * sxy - sx * sy) / (n * sxx - sx**2)
        p = (sy - q * sx) / n
        return p, q, (syy - p * sy - q * sxy) / (n - 2)


def test_hunan_drawn_again(demo):
    result = json.loads((demo / ILLUSTRATIVE / "result.json").read_text())
    hunan, random = Hunan(demo / ILLUSTRATIVE), np.random.default_rng(20261122)
    drawn = hunan.biomass(hunan.weights(random))
    one = hunan.biomass(np.ones((1, len(hunan.places))))
    roots = np.array([FACTORS[name][2] for name in VOLUME])
    carbon = np.array([FACTORS[name][3] for name in VOLUME])
    # One draw per species for all trees and both dates.
    wrong = {
        "allometry": lognormal(random, np.hypot(TABLE, EXPANSION), (DRAWS, 1, 2)),
        "root_ratio": (1 + roots * (1 + ROOTS * random.standard_normal((DRAWS, 1, 2)))) / (1 + roots),
        "carbon_fraction": (carbon + CARBON * random.standard_normal((DRAWS, 1, 2))) / carbon,
    }
    factor = (1 + roots) * carbon * CO2_PER_C
    parts = {"sampling": drawn, **{source: one * error for source, error in wrong.items()}}
    parts = {source: (biomass * factor).sum(axis=2) for source, biomass in parts.items()}
    everything = drawn * wrong["allometry"] * wrong["root_ratio"] * wrong["carbon_fraction"]
    whole = (everything * factor).sum(axis=2)
    for y, year in enumerate((2020, 2025)):
        estimate = pick(result, "tree_co2e_t", year, "project")
        # Their curves are of four forms, these of one: the same within half a per cent.
        assert estimate["value"] == pytest.approx((one * factor).sum(axis=2)[0, y], rel=5e-3)
        check(estimate, whole[:, y], {source: part[:, y] for source, part in parts.items()})
    check(
        pick(result, "tree_change_co2e_t", 2025, "project"),
        whole[:, 1] - whole[:, 0],
        {source: part[:, 1] - part[:, 0] for source, part in parts.items()},
    )


# --- Rhode Island: post-stratified plots, a ratio, two visits


def drawn_plots(design, random):
    """Hectares that each plot stands for, by draw and as estimated, shapes (draws, plots) and (plots,).

    A plot of a draw falls into a stratum by the stratum's share of the unit, and is then one of those observed there:
    the model of post-stratification (Bechtold & Patterson 2005, chapter 4).
    """
    area = design.strata.set_index(["unit", "stratum"])["area_ha"]
    keys = list(zip(design.assignment["unit"], design.assignment["stratum"], strict=True))
    found, middle = np.zeros((DRAWS, len(keys))), np.zeros(len(keys))
    for unit in {key[0] for key in keys}:
        strata = sorted({key for key in keys if key[0] == unit})
        shares = np.array([area[key] for key in strata])
        n = sum(key[0] == unit for key in keys)
        counts = np.maximum(random.multinomial(n, shares / shares.sum(), DRAWS), 1)
        for number, key in enumerate(strata):
            at = np.flatnonzero([k == key for k in keys])
            middle[at] = area[key] / len(at)
            share = random.multinomial(counts[:, number], np.full(len(at), 1 / len(at))) / counts[:, [number]]
            # Plots drawn with replacement spread by (n - 1) / n of s2.
            found[:, at] = middle[at] + area[key] * (share - 1 / len(at)) * np.sqrt(len(at) / (len(at) - 1))
    return found, middle


def species_sums(trees, expansion, plot, plots):
    """Carbon above ground [t/ha of plot] and below, by plot and species."""
    use = expansion != 0
    names = sorted(set(trees["species"][use]))
    at = trees["species"].map({name: i for i, name in enumerate(names)}).to_numpy()
    found = []
    for pool in ("agc_kg", "bgc_kg"):
        sums = np.zeros((plots, len(names)))
        np.add.at(sums, (plot[use], at[use].astype(int)), (expansion * trees[pool].to_numpy() / 1000)[use])
        found.append(sums)
    group = trees[use].drop_duplicates("species").set_index("species")["equation"].reindex(names)
    softwood = np.array([g.rsplit("/", 1)[1] in {"pine", "spruce", "true-fir-hemlock", "cedar-larch"} for g in group])
    sd = np.array([JENKINS[g.rsplit("/", 1)[1]] for g in group])
    return found, sd, softwood


def drawn_carbon(trees, expansion, plot, design, random):
    """Total of tree carbon by draw, all errors and each alone; the weights of the plots by draw. [t C]"""
    weights, middle = drawn_plots(design, random)
    (above, below), sd, softwood = species_sums(trees, expansion, plot, len(middle))
    equation = lognormal(random, sd, (DRAWS, len(sd)))
    # IPCC 2006 Table 4.3: broadleaf 0.48 (0.46-0.50), conifer 0.51 (0.47-0.55), each range taken as 95 %.
    carbon_sd = np.where(softwood, 0.04 / 1.96 / 0.51, 0.02 / 1.96 / 0.48)
    carbon = 1 + carbon_sd * random.standard_normal((DRAWS, 2))[:, softwood.astype(int)]
    roots = 1 + ROOTS * random.standard_normal((DRAWS, 2))[:, softwood.astype(int)]
    up, down = middle @ above, middle @ below
    parts = {
        "sampling": weights @ (above + below).sum(axis=1),
        "allometry": equation @ (up + down),
        "carbon_fraction": carbon @ (up + down),
        "root_ratio": roots @ down,
    }
    whole = ((weights @ above + weights @ below * roots) * equation * carbon).sum(axis=1)
    return whole, parts, weights, middle


def test_rhode_island_drawn_again(demo):
    result = json.loads((demo / REAL / "result.json").read_text())
    trees = pd.read_parquet(demo / REAL / "trees.parquet")
    inventory, designs = read_fia(example_folder(REAL) / "data")
    random = np.random.default_rng(44)
    design = next(d for d in designs if d.year == 2018 and d.options["purpose"] == "stocks")
    order = {name: i for i, name in enumerate(design.assignment["plot_id"])}
    plot = trees["plot_id"].map(order).fillna(-1).to_numpy(int)
    table = design.assignment.merge(design.strata, on=["unit", "stratum"])
    adjust = np.where(
        trees["basis"] == "microplot", table["adj_microplot"].to_numpy()[plot], table["adj_subplot"].to_numpy()[plot]
    )
    counts = (plot >= 0) & (trees["status"] == "live") & (trees["land"] == "forest") & trees["agc_kg"].notna()
    expansion = np.where(counts, trees["trees_per_ha"].fillna(0.0) * adjust, 0.0)
    whole, parts, weights, middle = drawn_carbon(trees, expansion, plot, design, random)
    share = inventory.plots.set_index("plot_id")["forest_share"].reindex(design.assignment["plot_id"]).to_numpy()
    forest = share * table["adj_subplot"].to_numpy()
    check(pick(result, "tree_t", 2018, "forest"), whole, parts)
    per_ha = {source: part / (middle @ forest) for source, part in parts.items()}
    per_ha["sampling"] = parts["sampling"] / (weights @ forest)
    estimate = pick(result, "tree_t_ha", 2018, "forest")
    assert estimate["value"] == pytest.approx(float(np.median(per_ha["sampling"])), rel=5e-3)
    check(estimate, whole / (weights @ forest), per_ha)


def test_rhode_island_change_drawn_again(demo):
    result = json.loads((demo / REAL / "result.json").read_text())
    trees = pd.read_parquet(demo / REAL / "trees.parquet")
    inventory, designs = read_fia(example_folder(REAL) / "data")
    design = next(d for d in designs if d.year == 2018 and d.options["purpose"] == "change")
    order = {name: i for i, name in enumerate(design.assignment["plot_id"])}
    before = inventory.plots.set_index("plot_id")["prev_plot_id"]
    order |= {before[name]: i for name, i in list(order.items())}
    plot = trees["plot_id"].map(order).fillna(-1).to_numpy(int)
    random = np.random.default_rng(45)
    _, middle = drawn_plots(design, random)
    # Which trees a change compares is tested elsewhere; here they are given, as trees per hectare of plot and year.
    total = remeasured_expansion(inventory, design)
    expansion = np.where(total != 0, total / middle[plot], 0.0)
    whole, parts, *_ = drawn_carbon(trees, expansion, plot, design, random)
    estimate = pick(result, "tree_change_t_yr", 2018, "forest_either")
    by_hand = float(np.nansum(total * (trees["agc_kg"] + trees["bgc_kg"]))) / 1000
    assert estimate["value"] == pytest.approx(by_hand, rel=1e-9)
    check(estimate, whole, parts)
