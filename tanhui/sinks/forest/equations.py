"""The library of tree equations: rows of ``data/forest/equations*.csv`` as :class:`~.model.Equation`, and their values.

A row carries the formula as printed; :mod:`.formula` turns it into terms, so a new equation is a row and nothing
else. The file of the non-commercial collection may be deleted; a row that is quarantined stays visible and is chosen
by nobody. Choosing an equation for a tree is next door, in :mod:`.selection`; bringing one's own, in :mod:`.user`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError, DomainError, InputError
from tanhui.kernel.parameters import Status
from tanhui.sinks.forest.formula import parse_formula, scaled
from tanhui.sinks.forest.model import Equation, Quantity, Term

__all__ = [
    "agb_chave2014",
    "agb_jenkins2003",
    "agb_zeng2018",
    "equation",
    "equations",
    "evaluate",
    "gaps",
    "mean_biomass_kg",
    "out_of_range",
    "read_equations",
]

#: Printed unit of a result -> factor to the library's own unit (kg of dry matter, m3).
UNIT_FACTORS = {"kg d.m.": 1.0, "g d.m.": 1e-3, "m3": 1.0}
QUANTITIES: tuple[str, ...] = get_args(Quantity)
FloatArray = NDArray[np.float64]


@cache
def equations() -> Mapping[str, Equation]:
    """Every equation of the library by its id, quarantined ones included."""
    found: dict[str, Equation] = {}
    for path in sorted(data_path("forest").glob("equations*.csv")):
        for item in read_equations(path):
            if found.setdefault(item.id, item) is not item:
                raise DataError("forest.equation_twice", id=item.id)
    return found


def equation(equation_id: str, library: Mapping[str, Equation] | None = None) -> Equation:
    """One equation by its id or short name (``chave2014``).

    Raises
    ------
    InputError
        ``forest.unknown_equation``, with the ids nearest to it.
    """
    import difflib

    library = equations() if library is None else library
    known = aliases().get(equation_id.strip(), equation_id.strip())
    if known not in library:
        near = difflib.get_close_matches(known, [*library, *aliases()], n=4, cutoff=0.4)
        raise InputError("forest.unknown_equation", id=equation_id, near=", ".join(near) or "-")
    return library[known]


@cache
def aliases() -> dict[str, str]:
    """Short names people type -> ids."""
    return {name: str(target) for name, target in read_toml(data_path("forest", "aliases.toml")).items()}


@cache
def gaps() -> list[dict[str, str]]:
    """Slots without coefficients: what is missing, why, and what may be used meanwhile."""
    with data_path("forest", "gaps.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def evaluate(
    item: Equation, dbh_cm: ArrayLike, height_m: ArrayLike | None = None, wood_density_g_cm3: ArrayLike | None = None
) -> FloatArray:
    """The sum of the equation's terms: for a form corrected afterwards this is the median, not the mean.

    Parameters
    ----------
    item : Equation
        The equation.
    dbh_cm : array_like of float, shape (n,) or ()
        Diameter at breast height. [cm]
    height_m, wood_density_g_cm3 : array_like of float, shape (n,) or (), optional
        Total height [m] and basic wood density [g cm⁻³]; needed only where the equation uses them.

    Returns
    -------
    ndarray of float, shape (n,) or ()
        Oven-dry mass [kg], or volume [m³] for a ``stem_volume``. NaN where an input is NaN. A form with a subtracted
        term gives 0 below its root; :func:`out_of_range` flags those trees.

    Raises
    ------
    DomainError
        If a diameter, height or density is zero or negative, or one that is needed was not given.
    """
    logs = _logarithms(item, dbh_cm, height_m, wood_density_g_cm3)
    value = sum((term.sign * np.exp(_exponent(term, logs)) for term in item.terms), start=np.zeros_like(logs[0]))
    return np.maximum(value, 0.0) if item.may_be_negative else value


def mean_biomass_kg(
    item: Equation, dbh_cm: ArrayLike, height_m: ArrayLike | None = None, wood_density_g_cm3: ArrayLike | None = None
) -> FloatArray:
    """The mean of trees of these sizes: :func:`evaluate` times the equation's correction for the logarithm.

    Arguments, shapes and errors as :func:`evaluate`. [kg]
    """
    return evaluate(item, dbh_cm, height_m, wood_density_g_cm3) * item.mean_correction


def out_of_range(
    item: Equation, dbh_cm: ArrayLike, height_m: ArrayLike | None = None, wood_density_g_cm3: ArrayLike | None = None
) -> NDArray[np.bool_]:
    """Whether each tree lies outside the diameters its equation was made from, or below the root of a linear form.

    A limit the source does not state flags nothing; a NaN diameter is not flagged.
    """
    dbh = np.asarray(dbh_cm, float)
    outside = np.zeros(dbh.shape, bool)
    if item.d_min_cm is not None:
        outside |= dbh < item.d_min_cm
    if item.d_max_cm is not None:
        outside |= dbh > item.d_max_cm
    if item.may_be_negative:
        outside = outside | (evaluate(item, dbh_cm, height_m, wood_density_g_cm3) <= 0)
    return outside


def agb_chave2014(dbh_cm: ArrayLike, height_m: ArrayLike, wood_density_g_cm3: ArrayLike) -> FloatArray:
    """Aboveground biomass of tropical trees from diameter, height and wood density: 0.0673 (rho D² H)^0.976. [kg]

    Eq. (4) of Chave et al., Glob. Change Biol. 20, 3177-3190, 2014. doi:10.1111/gcb.12629. The mean of trees of one
    size; the residual of a single tree is ``equation("chave2014").sigma``.
    """
    return mean_biomass_kg(equation("chave2014"), dbh_cm, height_m, wood_density_g_cm3)


def agb_jenkins2003(dbh_cm: ArrayLike, group: str) -> FloatArray:
    """Aboveground biomass of US trees by species group: exp(b0 + b1 ln D). [kg]

    Jenkins et al., Forest Science 49, 12-35, 2003, Table 4. ``group`` as in the last part of the ids
    ``us/jenkins2003/...``, for example ``pine``.
    """
    return mean_biomass_kg(equation(f"us/jenkins2003/{group}"), dbh_cm)


def agb_zeng2018(dbh_cm: ArrayLike, wood_density_g_cm3: ArrayLike) -> FloatArray:
    """Aboveground biomass of Chinese trees from diameter and wood density: 0.3 rho D^(7/3). [kg]

    Zeng et al. 2018, 34 species; the source states the error of the mean, none for one tree.
    """
    return mean_biomass_kg(equation("zeng2018"), dbh_cm, wood_density_g_cm3=wood_density_g_cm3)


def read_equations(path: Path) -> list[Equation]:
    """The equations of one table of the library. A broken row is a fault of the data."""
    with path.open(encoding="utf-8", newline="") as table:
        rows = {row["id"]: row for row in csv.DictReader(table)}
    return [_checked(row, rows, path.name) for row in rows.values()]


def from_row(row: Mapping[str, str], siblings: Mapping[str, Mapping[str, str]]) -> Equation:
    """One row of the library as an equation; ``siblings`` are the rows a sum may name."""
    sigma = _number(row["sigma"])
    shift, mean_correction = _correction(row["correction"], sigma)
    terms = scaled(_terms(row, siblings), UNIT_FACTORS[row["unit"]] * shift)
    return Equation(
        id=row["id"],
        quantity=row["quantity"],  # type: ignore[arg-type]
        printed=printed(row),
        terms=terms,
        species=row["species"],
        region=row["region"],
        d_min_cm=_number(row["d_min_cm"]),
        d_max_cm=_number(row["d_max_cm"]),
        n=int(row["n"]) if row["n"] else None,
        sigma=sigma,
        mean_correction=mean_correction,
        covariance=_covariance(row["id"]),
        site_sigma=_number(row["site_sigma"]),
        reference=row["reference"],
        place=row["place"],
        status=Status.parse(row["status"]),
        tier=row["tier"],
        restriction=row["restriction"],
        quarantine=row["quarantine"],
        note=row["note"],
    )


def printed(row: Mapping[str, str]) -> str:
    """The formula with its coefficients as the source prints them."""
    values = {letter: row[letter] for letter in "abc" if row.get(letter)}
    return re.sub(r"\b([abc])\b", lambda found: values.get(found[1], found[1]), row["formula"])


def coefficients(row: Mapping[str, str]) -> dict[str, float]:
    """The letters of a row and their values."""
    return {letter: float(row[letter]) for letter in "abc" if row.get(letter)}


def _checked(row: Mapping[str, str], siblings: Mapping[str, Mapping[str, str]], file: str) -> Equation:
    try:
        reference(row["reference"])
        item = from_row(row, siblings)
        if item.quantity not in QUANTITIES:
            raise ValueError(item.quantity)
    except (InputError, KeyError, ValueError) as error:
        raise DataError("forest.bad_equation_row", id=row["id"], file=file, detail=str(error)) from None
    return item


def _terms(row: Mapping[str, str], siblings: Mapping[str, Mapping[str, str]]) -> tuple[Term, ...]:
    def part(name: str) -> tuple[Term, ...]:
        sibling = siblings[f"{row['id'].rsplit('/', 1)[0]}/{name}"]
        return scaled(_terms(sibling, siblings), UNIT_FACTORS[sibling["unit"]])

    return parse_formula(row["formula"], coefficients(row), part)


def _correction(kind: str, sigma: float | None) -> tuple[float, float]:
    """Factor on the printed coefficient that gives the median form, and factor from there to the mean."""
    if kind in ("none", "unknown"):
        return 1.0, 1.0
    if kind not in ("printed", "baskerville") or sigma is None:
        raise ValueError(f"correction {kind!r} without sigma")
    to_mean = math.exp(sigma**2 / 2)
    return (1 / to_mean if kind == "printed" else 1.0), to_mean


def _covariance(equation_id: str) -> FloatArray | None:
    """Covariance of (intercept, d, h, r, sigma) from the published one of (ln a, b, s)."""
    entry = _covariances().get(equation_id)
    if entry is None:
        return None
    spread = np.zeros((5, 3))
    spread[0, 0] = spread[4, 2] = 1.0
    spread[1:4, 1] = [entry["exponents"].get(variable, 0.0) for variable in "dhr"]
    matrix: FloatArray = spread @ np.array(entry["matrix"], float) @ spread.T
    return matrix


@cache
def _covariances() -> dict[str, Any]:
    entries = read_toml(data_path("forest", "covariances.toml"))
    for entry in entries.values():
        reference(entry["reference"])
    return entries


def _logarithms(
    item: Equation, dbh_cm: ArrayLike, height_m: ArrayLike | None, wood_density_g_cm3: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """ln D, ln H, ln rho, broadcast; a variable the equation does not use is zero."""
    if item.needs_height and height_m is None:
        raise DomainError("forest.height_needed", id=item.id)
    if item.needs_density and wood_density_g_cm3 is None:
        raise DomainError("forest.density_needed", id=item.id)
    used = (
        ("dbh_cm", dbh_cm),
        ("height_m", height_m if item.needs_height else 1.0),
        ("wood_density_g_cm3", wood_density_g_cm3 if item.needs_density else 1.0),
    )
    d, h, r = np.broadcast_arrays(*(np.log(_positive(name, value)) for name, value in used))
    return d, h, r


def _positive(name: str, value: ArrayLike | None) -> FloatArray:
    found = np.asarray(value, float)
    if (found <= 0).any() or np.isinf(found).any():
        raise DomainError("forest.not_positive", name=name)
    return found


def _exponent(term: Term, logs: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    """ln of one term. Variables that do not enter are left out, so that their NaN does not spread."""
    total = np.full(logs[0].shape, term.intercept)
    for power, log in zip((term.d, term.h, term.r), logs, strict=True):
        if power:
            total = total + power * log
    return total


def _number(text: str) -> float | None:
    return float(text) if text else None


def matching(
    library: Iterable[Equation], *, quantity: str | None = None, region: str | None = None, species: str | None = None
) -> Iterator[Equation]:
    """Equations of a quantity, of a region or a part of it, and of a taxon."""
    for item in library:
        inside = region is None or item.region == region or item.region.startswith(f"{region}/")
        if inside and quantity in (None, item.quantity) and species in (None, item.species):
            yield item
