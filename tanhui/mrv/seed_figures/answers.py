"""What computes a reading: a sink, the chain from stem volume to carbon dioxide, a curve, or a number read somewhere.

Every answer carries its error. A sink is run as the frame runs it, with each factor and input moved by its standard
error; where a reading is a ratio or a percentage, it is formed before the errors are carried, so that what both sides
share cancels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import fmean, pvariance
from typing import Any

from tanhui.kernel.bibliography import glossary
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DataError
from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.parameters import Leaf, Parameters, Status, load_parameters, worst
from tanhui.kernel.species import species
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods import method
from tanhui.mrv.seed_figures.model import Answer, Reading
from tanhui.sinks.forest.growth import GrowthCurve
from tanhui.sinks.forest.published_curves import published_curve
from tanhui.sinks.forest.volume import BefParameters, bef_parameters
from tanhui.sinks.frame import Factors, Given, Outcome, Value, sink
from tanhui.sinks.frame.factors import LEVELS, factor_table, own_factor, standard_error, unpublished_error
from tanhui.sinks.frame.inputs import read_inputs
from tanhui.sinks.frame.spread import spread

__all__ = ["answer", "co2_t_per_m3"]

CO2E = "t CO2e"
ANSWER = "answer"
NOTHING = Value(ANSWER, 1.0)


def answer(reading: Reading, day: date) -> Answer:
    """What a reading gives on a day: parameters are those in force, an account begins in its year."""
    return {
        "sink": _of_sink,
        "forest": _of_forest,
        "curve": _of_curve,
        "parameter": _of_parameter,
        "published": _of_published,
    }[reading.kind](reading, day)


def _status(reading: Reading, *more: Status) -> Status:
    return worst([*more, *(x.status for x in reading.inputs if x.status is not None)])


# A sink


def _of_sink(reading: Reading, day: date) -> Answer:
    """``result`` [over ``per``, or over itself without the inputs named in ``without``] × ``times`` + ``plus``."""
    wanted = reading.settings
    asked = sink(wanted["sink"])
    plain = {**asked.aliases.get(wanted["sink"], {}), **{x.name: x.value for x in reading.inputs if not x.beside}}
    given = read_inputs(plain, asked, folder=Path(), year=day.year)
    left_out = {name: asked.inputs[name].default for name in wanted.get("without", ())}

    def account(now: Given, factors: Factors) -> Outcome:
        outcome = asked.module.account(now, factors)
        below = _found(outcome, wanted["per"]) if "per" in wanted else NOTHING
        if left_out:
            bare = replace(now, values={**now.values, **left_out})
            below = _found(asked.module.account(bare, factors), wanted["result"])
        above = _found(outcome, wanted["result"])
        scale = wanted.get("times", 1.0) / below.value
        own = {name: abs(se * scale) for name, se in above.own_se.items()}
        return Outcome([Value(ANSWER, above.value * scale + wanted.get("plus", 0.0), own_se=own)])

    own = {
        name: own_factor(asked.room, name, float(x["value"]), x.get("se"), x["source"], day)
        for name, x in given.own.items()
    }
    found = spread(account, given, Factors(asked.room, one_gwp_edition([given["gwp"]]), own))
    status = _status(reading, *(leaf.status for leaf in found.factors.used.values()))
    return Answer(found.values[0].value, wanted.get("unit") or _unit_of(wanted["result"]), found.values[0].se, status)


def _found(outcome: Outcome, key: str) -> Value:
    """A figure of an outcome by the name that worked cases use: ``quantity@year/domain``, ``line.<name>``."""
    if key == "line.net":
        errors: dict[str, float] = {}
        for line in outcome.lines:
            for name, se in line.own_se.items():
                errors[name] = math.hypot(errors.get(name, 0.0), se)
        return Value(key, math.fsum(line.co2e_t for line in outcome.lines), own_se=errors)
    named = {f"line.{x.line}": Value(x.line, x.co2e_t, own_se=x.own_se) for x in outcome.lines}
    for x in outcome.values:
        named[f"{x.quantity}{f'@{x.year}' if x.year else ''}{f'/{x.domain}' if x.domain else ''}"] = x
    if key not in named:
        raise DataError("data.unknown_quantity", key=key)
    return named[key]


def _unit_of(key: str) -> str:
    return CO2E if key.startswith("line.") else glossary()[key.split("/")[0].split("@")[0]].unit


# The chain from stem volume to carbon dioxide


def co2_t_per_m3(group: BefParameters) -> float:
    """Carbon dioxide in a whole tree for each cubic metre of its stem: D · BEF · (1 + R) · CF · 44/12. [t CO2/m3]"""
    dry_t = group.wood_density_t_m3 * group.bef * (1 + group.root_ratio)
    return dry_t * group.carbon_fraction * CO2_PER_C


def _of_forest(reading: Reading, day: date) -> Answer:
    """One species group, or the plain mean of several with their own errors and their scatter."""
    groups = [bef_parameters(name) for name in _groups(reading.settings["forest"])]
    each = [co2_t_per_m3(x) for x in groups]
    variance = fmean(_chain_variance(x, day) for x in groups) + pvariance(each)
    return Answer(
        fmean(each), "t CO2/m3", math.sqrt(variance / len(each)), _status(reading, *(x.status for x in groups))
    )


def _groups(wanted: str) -> list[str]:
    """A group by its name, or all groups that have species of a leaf type."""
    kinds: dict[str, set[str]] = {}
    for taxon in species().values():
        if taxon.cn_group and taxon.leaf_type:
            kinds.setdefault(taxon.leaf_type, set()).add(taxon.cn_group)
    kinds["any"] = set().union(*kinds.values())
    return sorted(kinds.get(wanted, {wanted}))


def _chain_variance(group: BefParameters, day: date) -> float:
    """The table prints no errors: those that a project carries for the same steps are carried here."""
    error = {name: dated.at(day).number() for name, dated in _general_errors().items()}
    relative = math.hypot(
        error["expansion_sd"],
        error["root_ratio_sd"] * group.root_ratio / (1 + group.root_ratio),
        error["carbon_fraction_sd"] / group.carbon_fraction,
    )
    return (co2_t_per_m3(group) * relative) ** 2


def _general_errors() -> Parameters:
    return load_parameters(data_path("projects", "unknown_errors.toml"), "projects/unknown_errors")


# A curve


def _of_curve(reading: Reading, day: date) -> Answer:
    """Years of a factor over the years that a growth curve takes to a share of what it tends to."""
    curve = published_curve(reading.settings["curve"])
    room, name, key = reading.settings["factor"]
    years = factor_table(room)[name, key]
    other = _age_at(curve, reading.settings["share"] * curve.asymptote)
    relative = math.hypot(standard_error(years) / years.number(), unpublished_error().number())
    ratio = years.number() / other
    return Answer(ratio, "1", ratio * relative, _status(reading, years.status, curve.status))


def _age_at(curve: GrowthCurve, stock: float) -> float:
    """The age at which a curve reaches a stock. [yr]"""
    from scipy.optimize import brentq

    return float(brentq(lambda age: float(curve.value(age)) - stock, 1e-6, 1e4))


# A number read somewhere


def _of_parameter(reading: Reading, day: date) -> Answer:
    """A parameter of a methodology, or of a data file, on a day: shown as it stands."""
    source, name = reading.settings["parameter"]
    leaf: Leaf = _parameters(source)[name].at(day)
    return Answer(leaf.number(), leaf.unit, None, leaf.status)


def _parameters(source: str) -> Parameters:
    if source.endswith(".toml"):
        return load_parameters(data_path(*source.split("/")), source.removesuffix(".toml"))
    return method(source).parameters


def _of_published(reading: Reading, day: date) -> Answer:
    """A printed number; it judges only where its error is printed too."""
    entry: Mapping[str, Any] = reading.settings["published"]
    se = (entry["high"] - entry["low"]) / LEVELS[entry["level"]] if "low" in entry else None
    return Answer(float(entry["value"]), entry["unit"], se, _status(reading, Status.parse(entry["status"])))
