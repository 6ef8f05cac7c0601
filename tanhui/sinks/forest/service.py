"""What the forest room offers to a face: list, show and evaluate equations, as plain dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanhui.kernel.bibliography import references
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import resolve, species
from tanhui.sinks.forest.equations import (
    aliases,
    equation,
    equations,
    evaluate,
    gaps,
    matching,
    mean_biomass_kg,
    out_of_range,
)
from tanhui.sinks.forest.model import Equation
from tanhui.sinks.forest.selection import region_id

__all__ = ["evaluate_equation", "list_equations", "list_gaps", "show_equation"]


def list_equations(
    word: str | None = None,
    *,
    species_name: str | None = None,
    region: str | None = None,
    quantity: str | None = None,
    usable_only: bool = False,
    library: Mapping[str, Equation] | None = None,
) -> list[dict[str, Any]]:
    """Equations by a word, a species, a region or a quantity, in the order of their ids.

    Parameters
    ----------
    word : str, optional
        Held by the id, or by a name of the equation's taxon, in any case ("jenkins", "马尾松", "hunan").
    species_name, region, quantity : str, optional
        Exactly this taxon, this region or a part of it, this quantity.
    usable_only : bool
        Leave out what is quarantined or restricted by its licence.
    """
    library = equations() if library is None else library
    found = matching(
        library.values(),
        quantity=quantity,
        region=None if region is None else region_id(region),
        species=None if species_name is None else resolve(species_name).id,
    )
    shown = [
        item for item in found if _holds(item, word) and not (usable_only and (item.quarantine or item.restriction))
    ]
    return [_summary(item) for item in sorted(shown, key=lambda item: item.id)]


def show_equation(equation_id: str, library: Mapping[str, Equation] | None = None) -> dict[str, Any]:
    """Everything known of one equation: as printed, its terms, errors, range, source and what stands against it."""
    item = equation(equation_id, library)
    source = references().get(item.reference)
    return {
        **_summary(item),
        "aliases": sorted(name for name, target in aliases().items() if target == item.id),
        "place": item.place,
        "citation": source.cite() if source else item.reference,
        "licence": source.licence if source else "",
        "terms": [
            {"sign": t.sign, "intercept": t.intercept, "ln_d": t.d, "ln_h": t.h, "ln_rho": t.r} for t in item.terms
        ],
        "unit": "m3" if item.quantity == "stem_volume" else "kg d.m.",
        "mean_correction": item.mean_correction,
        "covariance": None if item.covariance is None else item.covariance.tolist(),
        "site_sigma": item.site_sigma,
        "note": item.note,
    }


def evaluate_equation(
    equation_id: str,
    dbh_cm: ArrayLike,
    height_m: ArrayLike | None = None,
    wood_density_g_cm3: ArrayLike | None = None,
    *,
    library: Mapping[str, Equation] | None = None,
) -> dict[str, Any]:
    """Values of one equation for trees of given sizes, with what a reader must know about them.

    ``mean`` is what adds up over trees, ``median`` the form before its correction for the logarithm (the same where
    none applies). A single tree gives single values, several give lists; a NaN gives None.
    """
    item = equation(equation_id, library)
    sizes = (dbh_cm, height_m, wood_density_g_cm3)
    value = evaluate(item, *sizes)
    return {
        "id": item.id,
        "quantity": item.quantity,
        "unit": "m3" if item.quantity == "stem_volume" else "kg d.m.",
        "printed": item.printed,
        "mean": _plain(mean_biomass_kg(item, *sizes)),
        "median": _plain(value),
        "sigma": item.sigma,
        "out_of_range": np.broadcast_to(out_of_range(item, *sizes), value.shape).tolist(),
        "indicative_reasons": _reasons(item),
    }


def list_gaps() -> list[dict[str, str]]:
    """The slots nobody has filled, and what may be used meanwhile."""
    return gaps()


def _summary(item: Equation) -> dict[str, Any]:
    taxon = species().get(item.species)
    return {
        "id": item.id,
        "quantity": item.quantity,
        "species": item.species,
        "species_latin": taxon.latin if taxon else "",
        "species_zh": taxon.zh if taxon else "",
        "region": item.region,
        "tier": item.tier,
        "printed": item.printed,
        "needs": ["dbh_cm", *(["height_m"] * item.needs_height), *(["wood_density_g_cm3"] * item.needs_density)],
        "d_min_cm": item.d_min_cm,
        "d_max_cm": item.d_max_cm,
        "n": item.n,
        "sigma": item.sigma,
        "reference": item.reference,
        "status": item.status.word,
        "restriction": item.restriction,
        "quarantine": item.quarantine,
        "indicative_reasons": _reasons(item),
    }


def _reasons(item: Equation) -> list[str]:
    """Why results of the equation are indicative, as stable words."""
    return [
        *(["status"] if item.status > Status.PRIMARY else []),
        *(["no_residual_error"] if item.sigma is None else []),
        *(["no_range"] if item.d_min_cm is None and item.d_max_cm is None else []),
        *(["quarantined"] if item.quarantine else []),
        *(["restricted"] if item.restriction else []),
    ]


def _plain(values: NDArray[np.float64]) -> list[float | None] | float | None:
    """As JSON can carry it: a list, or one value where there is one tree."""
    plain = [float(value) if np.isfinite(value) else None for value in values.ravel()]
    return plain if values.ndim else plain[0]


def _holds(item: Equation, word: str | None) -> bool:
    wanted = (word or "").strip().lower()
    taxon = species().get(item.species)
    return any(wanted in text.lower() for text in (item.id, *(taxon.names if taxon else ())))
