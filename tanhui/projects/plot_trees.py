"""The trees of monitored plots: equation, height and factors of each, from what the workbooks and the project say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.species import Species, resolve_all
from tanhui.kernel.wording import LANGS, say
from tanhui.projects.choices import choice
from tanhui.projects.general_errors import GENERAL, general_errors, unknown_error, with_general_error
from tanhui.projects.model import Afforestation, TreeModel
from tanhui.projects.site import Site
from tanhui.projects.tree_carbon import ClassValue, TreeCarbon
from tanhui.sinks.forest.height import HeightModel, compare_height_models, impute_heights
from tanhui.sinks.forest.model import Equation, TreeMatch
from tanhui.sinks.forest.selection import match_trees
from tanhui.sinks.forest.user import load_user_equations
from tanhui.sinks.forest.volume import BefParameters, bef_parameters

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from tanhui.sensing.inventory.read_plots import PlotSurvey

__all__ = ["bef_leaves", "note", "tree_carbon"]


def note(key: str, **facts: Any) -> Mapping[str, str]:
    """What a reader must know, in both languages."""
    return {lang: say(f"note.projects.{key}", lang, **facts) for lang in LANGS}


def tree_carbon(project: Afforestation, folder: Path, site: Site) -> tuple[TreeCarbon, list[Mapping[str, str]]]:
    """Every live tree with a diameter, matched to its equation, its height measured or imputed; and what to know."""
    assert site.inventory is not None
    table = site.inventory.trees
    rows = np.flatnonzero((table["status"].eq("live") & table["dbh_cm"].notna()).to_numpy(bool))
    tallied = table.iloc[rows]
    names = tallied["species"].to_numpy(object)
    taxa = taxa_of(names)
    dbh = tallied["dbh_cm"].to_numpy(float)
    filled = heights(site, tallied, taxa)
    groups = [bef_parameters(taxon) for taxon in taxa]
    by_group = {bef.group: bef for bef in groups}
    order = sorted(by_group)
    group = np.array([order.index(bef.group) for bef in groups], np.intp)
    density = np.array([bef.wood_density_t_m3 for bef in groups])
    match = matched(project.trees, folder, names, dbh, filled.height_m, groups)
    ids = np.array([item.id for item in match.equations], object)
    volumes = project.trees.route == "volume"
    return (
        TreeCarbon(
            rows=rows,
            match=match,
            dbh_cm=dbh,
            height_m=filled.height_m,
            height_sd_m=filled.own_sd_m,
            density_g_cm3=density,
            density_sd_g_cm3=density * unknown_error("density_sd").number(),
            root_ratio=np.array([bef.root_ratio for bef in groups]),
            root_class=group,
            root_classes=tuple(root_class(by_group[name]) for name in order),
            carbon_class=group,
            carbon_classes=tuple(carbon_class(by_group[name], volumes) for name in order),
            error_class=ids[match.equation] if len(ids) else np.array([], object),
            height_curve=filled.curve,
            height_curves=filled.curves,
            error_leaves=error_leaves(match, volumes),
        ),
        filled.notes,
    )


def taxa_of(names: NDArray[np.object_]) -> list[Species]:
    """The taxon behind each name; readers have refused unknown ones already."""
    distinct = sorted(set(names))
    found, faults = resolve_all(distinct)
    if faults:
        raise RefusedInput(faults)
    by_name = {name: taxon for name, taxon in zip(distinct, found, strict=True) if taxon is not None}
    return [by_name[name] for name in names]


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """Heights of all trees, ``curve`` the one of ``curves`` that an imputed height is from, -1 for a measured one."""

    height_m: NDArray[np.float64]
    own_sd_m: NDArray[np.float64]
    curve: NDArray[np.intp]
    curves: tuple[HeightModel, ...]
    notes: list[Mapping[str, str]]


def heights(site: Site, tallied: pd.DataFrame, taxa: Sequence[Species]) -> Filled:
    """Measured heights as they are, the others by curves with their errors.

    A curve is that of the species in the stratum at the monitoring, because stands of another age or site have
    another curve; where too few heights were measured there, that of the species, then of all trees of the survey.

    Raises
    ------
    RefusedInput
        If a survey has too few measured heights for the trees that need one.
    """
    dbh, height = tallied["dbh_cm"].to_numpy(float), tallied["height_m"].to_numpy(float)
    visit = tallied["plot_id"].to_numpy(object)
    species = np.array([taxon.id for taxon in taxa], object)
    filled, sd, curve = height.copy(), np.zeros(len(height)), np.full(len(height), -1, np.intp)
    curves: list[HeightModel] = []
    notes: list[Mapping[str, str]] = []
    for survey in site.surveys:
        stratum = dict(zip(survey.inventory.plots["plot_id"], survey.inventory.plots["stratum"], strict=True))
        lies = np.array([stratum.get(plot, "") for plot in visit], object)
        needed = (lies != "") & np.isnan(height)
        for (of, name, place), mine in curve_groups(survey, stratum, species, lies, needed).items():
            pairs = pairs_of(survey, stratum, name, place)
            model = compare_height_models(pairs["dbh_cm"], pairs["height_m"]).best
            guess = impute_heights(dbh[mine], height[mine], model)
            filled[mine], sd[mine], curve[mine] = guess.height_m, guess.sd_residual_m, len(curves)
            curves.append(model)
            facts = {
                "file": survey.file,
                "species": tallied["species"].to_numpy(object)[mine][0],
                "stratum": place,
                "count": int(mine.sum()),
                "form": model.form,
                "pairs": model.n,
                "rse": f"{model.rse_m:.2f}",
                "outside": int(guess.out_of_range.sum()),
            }
            notes.append(note(f"heights.{of}", **facts))
    return Filled(filled, sd, curve, tuple(curves), notes)


def curve_groups(
    survey: PlotSurvey,
    stratum: Mapping[str, str],
    species: NDArray[np.object_],
    lies: NDArray[np.object_],
    needed: NDArray[np.bool_],
) -> dict[tuple[str, str, str], NDArray[np.bool_]]:
    """Which trees get their height from which curve: that of a stratum, a species or the survey, with their names."""
    least = choice("height_pairs_min", date.max).number()
    groups: dict[tuple[str, str, str], NDArray[np.bool_]] = {}
    for name, place in sorted(set(zip(species[needed], lies[needed], strict=True))):
        for key in (("stratum", name, place), ("species", name, ""), ("survey", "", "")):
            pairs = pairs_of(survey, stratum, *key[1:])
            if len(pairs) >= least and pairs["dbh_cm"].nunique() > 1:
                mine = needed & (species == name) & (lies == place)
                groups[key] = groups.get(key, np.zeros(len(species), bool)) | mine
                break
        else:
            facts = {"species": name, "pairs": len(survey.heights)}
            raise RefusedInput([Fault("project.too_few_heights", survey.file, value=str(name), facts=facts)])
    return groups


def pairs_of(survey: PlotSurvey, stratum: Mapping[str, str], species: str, place: str) -> pd.DataFrame:
    """Measured pairs of a species in a stratum; an empty name means any."""
    pairs = survey.heights
    taxon = np.array([taxon.id for taxon in taxa_of(pairs["species"].to_numpy(object))], object)
    lies = pairs["plot_id"].map(stratum).to_numpy(object)
    rows = np.flatnonzero(((taxon == species) | (species == "")) & ((lies == place) | (place == "")))
    return pairs.take(rows)


def matched(
    said: TreeModel,
    folder: Path,
    names: NDArray[np.object_],
    dbh: NDArray[np.float64],
    height: NDArray[np.float64],
    groups: Sequence[BefParameters],
) -> TreeMatch:
    """The aboveground equation of each tree: a biomass equation, or a volume table times density and expansion."""
    from tanhui.sinks.forest.equations import equations

    library = dict(equations())
    if said.own_equations:
        library |= load_user_equations(folder / said.own_equations)
    match = match_trees(
        list(names),
        dbh,
        region=said.region,
        height_m=height,
        wood_density_g_cm3=np.array([bef.wood_density_t_m3 for bef in groups]),
        quantity="agb" if said.route == "equation" else "stem_volume",
        overrides=said.equations or None,
        library=library,
    )
    return with_general_error(match) if said.route == "equation" else expanded(match, groups)


def expanded(match: TreeMatch, groups: Sequence[BefParameters]) -> TreeMatch:
    """Volume tables as biomass equations: V times basic density times BEF of each group, with a general error.

    Neither the tables nor the factors print an error, so both steps carry the general one.
    """
    sd = math.hypot(unknown_error("table_sd").number(), unknown_error("expansion_sd").number())
    pairs = list(zip(match.equation.tolist(), groups, strict=True))
    used = {(table, bef.group): bef for table, bef in pairs}
    order = sorted(used)
    place = {key: number for number, key in enumerate(order)}
    index = np.array([place[table, bef.group] for table, bef in pairs], np.intp)
    made = tuple(biomass_equation(match.equations[table], used[table, name], sd) for table, name in order)
    return replace(match, equations=made, equation=index)


def biomass_equation(table: Equation, bef: BefParameters, sd: float) -> Equation:
    """A volume table as a biomass equation of a species group. [kg d.m.]"""
    factor = bef.wood_density_t_m3 * bef.bef * 1000
    return replace(
        table,
        id=f"{table.id}*{bef.group}",
        quantity="agb",
        printed=f"{table.printed}; AGB = V * {bef.wood_density_t_m3:g} * {bef.bef:g} * 1000",
        terms=tuple(replace(term, intercept=term.intercept + math.log(factor)) for term in table.terms),
        sigma=sd,
        site_sigma=sd,
        status=max(table.status, bef.status),
        note=GENERAL,
    )


def bef_leaves(bef: BefParameters) -> dict[str, Leaf]:
    """The factors of a species group as parameters of the run, with the general errors nobody printed."""
    errors = {
        "root_ratio": unknown_error("root_ratio_sd"),
        "carbon_fraction": unknown_error("carbon_fraction_sd"),
        "bef": unknown_error("expansion_sd"),
    }
    units = {"wood_density": "t d.m./m3", "bef": "1", "root_ratio": "1", "carbon_fraction": "t C/t d.m."}
    names = {
        "wood_density": ("基本木材密度", "Basic wood density", bef.wood_density_t_m3),
        "bef": ("生物量扩展系数", "Biomass expansion factor", bef.bef),
        "root_ratio": ("根冠比", "Root to shoot ratio", bef.root_ratio),
        "carbon_fraction": ("含碳率", "Carbon fraction", bef.carbon_fraction),
    }
    found = {}
    for name, (zh, en, value) in names.items():
        error = errors.get(name)
        # Relative for factors, absolute for the carbon fraction.
        se = None if error is None else error.number() * (1.0 if name == "carbon_fraction" else value)
        found[name] = Leaf(
            id=f"forest/{bef.group}/{name}",
            value=value,
            unit=units[name],
            reference=bef.reference,
            status=Status(bef.status),
            checked_on=date(2026, 11, 22),
            place=bef.place,
            zh=f"{bef.group} {zh}",
            en=f"{en} ({bef.group})",
            se=se,
        )
    return found


def root_class(bef: BefParameters) -> ClassValue:
    """The root ratio of a species group with its general relative error."""
    error = unknown_error("root_ratio_sd")
    leaves = bef_leaves(bef)
    return ClassValue(bef.group, bef.root_ratio, error.number(), (leaves["root_ratio"], error))


def carbon_class(bef: BefParameters, volumes: bool) -> ClassValue:
    """The carbon fraction of a species group with its general error, and the factors that go with it."""
    error = unknown_error("carbon_fraction_sd")
    leaves = bef_leaves(bef)
    more = (leaves["wood_density"], leaves["bef"]) if volumes else ()
    return ClassValue(bef.group, bef.carbon_fraction, error.number(), (leaves["carbon_fraction"], error, *more))


def error_leaves(match: TreeMatch, volumes: bool) -> tuple[Leaf, ...]:
    """The general errors in use."""
    names = ["table_sd", "expansion_sd"] if volumes else general_errors(match)
    return tuple(unknown_error(name) for name in names)
