"""The account of residue: what its fates do against those before, and the average stock of the shrubs it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value
from tanhui.sinks.residue.checks import check, dry_t_yr, met
from tanhui.sinks.residue.coppice import average_t_ha, change_t, grown_t_yr
from tanhui.sinks.residue.fates import burnt_co2_t_t, carbon_t_t, effect_t_t

__all__ = ["account"]

#: Fates that residue is taken away for.
TAKEN = ("energy", "biochar")


def account(given: Given, factors: Factors) -> Outcome:
    """Lasting carbon and gases of the residue of all years, and once the change of the shrubs' average stock."""
    check(given)
    dry, years = dry_t_yr(given), int(given["years"])
    fates = given.rows("fates")
    shares = dict(zip(map(str, fates["fate"]), zip(fates["share"], fates["before_share"], strict=True), strict=True))
    lines = _fate_lines(given, shares, dry * years, factors)
    values = [
        Value("residue_dry_t_yr", dry),
        Value("residue_harvest_t_co2", dry * carbon_t_t(given, factors) * CO2_PER_C),
        Value("residue_net_t_t", sum(line.co2e_t for line in lines) / (dry * years)),
    ]
    if "burn" in met(given):
        burnt = burnt_co2_t_t(given, factors) * dry * years
        values += [Value("residue_burnt_t_co2", burnt * share, 0, when) for when, share in _pair(shares["burn"])]
    if given.has("coppice"):
        stands = given.rows("coppice")
        area = float(stands["area_ha"].sum())
        values.append(Value("residue_average_t_ha", float(average_t_ha(stands) @ stands["area_ha"]) / area))
        values.append(Value("residue_grown_t_yr", grown_t_yr(stands)))
        lines.append(Line("coppice", change_t(stands) * carbon_t_t(given, factors) * CO2_PER_C))
    rows: dict[str, list[Any]] = {
        "fate": list(shares),
        "dry_t": [dry * years * float(now) for now, _ in shares.values()],
    }
    return Outcome(values, lines, years, _notes(given, shares), rows)


def _pair(share: tuple[float, float]) -> Sequence[tuple[str, float]]:
    return (("", float(share[0])), ("before", float(share[1])))


def _fate_lines(given: Given, shares: dict[str, tuple[float, float]], dry_t: float, factors: Factors) -> list[Line]:
    """Lines of the fates now, and as one the sum of those before, taken off."""
    lines, before = [], 0.0
    for fate in met(given):
        now, then = shares[fate]
        effect = effect_t_t(fate, given, factors)
        before += sum(effect.values()) * then * dry_t
        if now > 0:
            lines += [Line(name, t * now * dry_t) for name, t in effect.items()]
    taken = sum(float(shares[fate][0]) for fate in TAKEN if fate in shares)
    if given.has("handling_co2e_t_t") and taken > 0:
        lines.append(Line("handling", -given["handling_co2e_t_t"] * taken * dry_t))
    return [*lines, Line("baseline", -before)]


def _notes(given: Given, shares: dict[str, tuple[float, float]]) -> list[str]:
    notes = ["note.residue.harvest"]
    now = {fate for fate, (share, _) in shares.items() if share > 0}
    if "energy" in now:
        notes.append("note.residue.substitution")
    if now & set(TAKEN) and not given.has("handling_co2e_t_t"):
        notes.append("note.residue.no_handling")
    if given["kind"] == "shrub" and not given.has("coppice"):
        notes.append("note.residue.no_stock")
    return notes
