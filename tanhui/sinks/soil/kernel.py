"""The compiled loops of RothC: one pass over the months of each site, its pools kept in registers.

Sites do not know each other, so a caller may cut them into blocks and threads as it likes: results are the same to the
last bit. A table has a row for each site or one row for all; inputs may also have one column for all months. What is
the same for all is so read again and again and never copied. A deficit is zero in wet soil and negative below.
Constants of the model are arguments: :mod:`.rothc` reads them from their table.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

__all__ = ["decompose", "modify"]

#: Years of plain repetition before the steady deficit is searched for, and halvings of that search.
_PLAIN_YEARS, _HALVINGS = 3, 60


@njit(error_model="numpy", inline="always")
def _step(length: Any) -> Any:  # pragma: no cover - compiled
    """How far the next place is: nowhere, where one value serves all."""
    return 1 if length > 1 else 0


@njit(error_model="numpy", inline="always")
def _next_deficit(
    deficit: Any, surplus: Any, covered: Any, deepest: Any, bare: Any
) -> Any:  # pragma: no cover - compiled
    """The deficit a month later. Bare soil stops drying at its own share of the limit, unless it is drier already."""
    wetted = min(0.0, deficit + surplus)
    floor = deepest if covered else min(bare * deepest, deficit)
    return max(floor, wetted)


@njit(error_model="numpy")
def _after_cycle(
    deficit: Any, surplus: Any, covered: Any, deepest: Any, bare: Any
) -> Any:  # pragma: no cover - compiled
    for m in range(surplus.size):
        deficit = _next_deficit(deficit, surplus[m], covered[m], deepest, bare)
    return deficit


@njit(error_model="numpy")
def _steady_deficit(surplus: Any, covered: Any, deepest: Any, bare: Any) -> Any:  # pragma: no cover - compiled
    """The wettest deficit that a cycle of months leads back to.

    Nearly every climate forgets its start within a year. Where none does, the change over a cycle never grows with
    the deficit it starts from (each month is a shift or a stop), so halving finds where it becomes zero.
    """
    deficit = 0.0
    for _ in range(_PLAIN_YEARS):
        after = _after_cycle(deficit, surplus, covered, deepest, bare)
        if after == deficit:
            return deficit
        deficit = after
    dry, wet = deepest, deficit
    for _ in range(_HALVINGS):
        middle = 0.5 * (dry + wet)
        if _after_cycle(middle, surplus, covered, deepest, bare) >= middle:
            dry = middle
        else:
            wet = middle
    return _after_cycle(dry, surplus, covered, deepest, bare)


@njit(cache=True, nogil=True, error_model="numpy")
def modify(
    temperature: Any,
    rain: Any,
    evaporation: Any,
    covered: Any,
    deepest: Any,
    constants: Any,
    start: Any,
    factor: Any,
    deficit: Any,
) -> None:  # pragma: no cover - compiled
    """Write the product of the three rate modifiers, and the deficit, of each month.

    ``constants`` are those of :func:`tanhui.sinks.soil.rothc.modifier_constants`, in that order. A ``start`` of NaN
    begins with the deficit that the months, repeated, lead back to.
    """
    top, scale, shift, frozen, soil_per_pan, one_bar, bare, driest, under_plants = constants
    sites, months = factor.shape
    by_t, by_r = _step(temperature.shape[0]), _step(rain.shape[0])
    by_e, by_c = _step(evaporation.shape[0]), _step(covered.shape[0])
    for i in range(sites):
        lowest = deepest[i]
        warmth, rainfall = temperature[i * by_t], rain[i * by_r]
        drawn, cover = evaporation[i * by_e], covered[i * by_c]
        for m in range(months):
            # Kept in the result's own place, until it is written over below.
            deficit[i, m] = rainfall[m] - soil_per_pan * drawn[m]
        now = start[i]
        if math.isnan(now):
            now = _steady_deficit(deficit[i], cover, lowest, bare)
        for m in range(months):
            now = _next_deficit(now, deficit[i, m], cover[m], lowest, bare)
            deficit[i, m] = now
            warm = warmth[m]
            rate = 0.0 if warm < frozen else top / (1.0 + math.exp(scale / (warm + shift)))
            if now <= one_bar * lowest:
                rate *= driest + (1.0 - driest) * (lowest - now) / (lowest - one_bar * lowest)
            factor[i, m] = rate * under_plants if cover[m] else rate


@njit(cache=True, nogil=True, error_model="numpy")
def decompose(
    factor: Any,
    plant: Any,
    manure: Any,
    dpm_share: Any,
    kept: Any,
    rates: Any,
    split: Any,
    start: Any,
    every: int,
    pools: Any,
    co2: Any,
) -> None:  # pragma: no cover - compiled
    """Decompose, then add the month's inputs; write pools, and the CO2-C since, after each ``every`` months.

    ``kept`` is the share of decomposed carbon that stays as BIO and as HUM, by site; ``rates`` are k/12 of the four
    pools; ``split`` is manure to DPM, RPM, HUM.
    """
    sites, months = factor.shape
    plant_row, plant_month = _step(plant.shape[0]), _step(plant.shape[1])
    manure_row, manure_month = _step(manure.shape[0]), _step(manure.shape[1])
    share_row, share_month = _step(dpm_share.shape[0]), _step(dpm_share.shape[1])
    k_dpm, k_rpm, k_bio, k_hum = rates[0], rates[1], rates[2], rates[3]
    for i in range(sites):
        to_bio, to_hum = kept[i, 0], kept[i, 1]
        lost = 1.0 - to_bio - to_hum
        dpm, rpm, bio, hum, inert = start[i, 0], start[i, 1], start[i, 2], start[i, 3], start[i, 4]
        gone = 0.0
        for m in range(months):
            f = -factor[i, m]
            dpm_left = dpm * math.exp(f * k_dpm)
            rpm_left = rpm * math.exp(f * k_rpm)
            bio_left = bio * math.exp(f * k_bio)
            hum_left = hum * math.exp(f * k_hum)
            turned = (dpm - dpm_left) + (rpm - rpm_left) + (bio - bio_left) + (hum - hum_left)
            fresh, dung = plant[i * plant_row, m * plant_month], manure[i * manure_row, m * manure_month]
            soft = dpm_share[i * share_row, m * share_month]
            dpm = dpm_left + soft * fresh + split[0] * dung
            rpm = rpm_left + (1.0 - soft) * fresh + split[1] * dung
            bio = bio_left + to_bio * turned
            hum = hum_left + to_hum * turned + split[2] * dung
            gone += lost * turned
            if (m + 1) % every == 0:
                j = m // every
                pools[i, j, 0], pools[i, j, 1], pools[i, j, 2], pools[i, j, 3] = dpm, rpm, bio, hum
                pools[i, j, 4] = inert
                co2[i, j] = gone
                gone = 0.0
