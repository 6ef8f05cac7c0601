"""Groups of trees that share all that is uncertain, so that a hundred thousand trees cost little.

Trees of one species, equation, setting, condition and phase are multiplied by the same factors. Their sizes are summed
once; when the frame moves a factor, only groups are multiplied anew. Growth is the one thing that has to go back to
the trees, and it is remembered for the factors it rests on.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tanhui.sinks.forest.equations import mean_biomass_kg
from tanhui.sinks.forest.model import Equation
from tanhui.sinks.urban.checks import Columns
from tanhui.sinks.urban.growth import curve_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Group", "Inventory", "Mass", "Rates", "Sums", "biomass_kg"]

#: Settings whose trees stand free, so that a forest's equation gives them too much.
OPEN_GROWN = ("open", "park")
#: A trunk that seems to shrink never loses more than this share of its diameter, whatever the years.
LEAST_SHARE = 0.5
#: Sums that are remembered: those of the factors as they are, and the last few moved ones.
REMEMBERED = 4


@dataclass(frozen=True, slots=True)
class Group:
    """What the trees of one group share.

    ``density_of`` names the taxon whose mean density enters, by ``density_power`` in the trees and ``young_power`` in
    those planted instead; empty where none does. ``age`` is in years since planting, up to what can matter.
    ``measured`` trees came with a mass or a volume of their own.
    """

    name: str
    equation: Equation
    density_of: str
    density_power: float
    young_power: float
    measured: bool
    setting: str
    condition: str
    age: int
    ancient: bool

    @property
    def dead(self) -> bool:
        """Whether its trees stand dead."""
        return self.condition == "dead"

    @property
    def mass(self) -> Mass:
        """What decides how its trees are weighed."""
        powers = (self.density_power, self.young_power)
        return Mass(self.equation, self.density_of, *powers, self.measured, self.setting in OPEN_GROWN)


@dataclass(frozen=True, slots=True)
class Mass:
    """How trees are weighed: the same for many groups. Fields as of :class:`Group`."""

    equation: Equation
    density_of: str
    density_power: float
    young_power: float
    measured: bool
    open_grown: bool

    def __hash__(self) -> int:
        """By the names; an equation holds arrays."""
        return hash((self.equation.id, self.density_of, self.density_power, self.measured, self.open_grown))


@dataclass(frozen=True, slots=True)
class Rates:
    """What growth rests on, and the size of trees planted instead of dead ones; the key of what is remembered."""

    base: tuple[float, ...]
    light: tuple[float, ...]
    condition: tuple[float, ...]
    years: int
    season: float
    planted_cm: float
    reading_se_cm: float


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over the trees of each group before any factor. Years are the rows, groups the columns. [kg]

    ``squares``, ``growth_squares`` and ``reading``, ``growth_reading`` are sums of squares: of single trees, of what
    they gain in all years, and of what an error of a reading does to both.
    """

    live: Array
    young: Array
    squares: Array
    growth_squares: Array
    reading: Array
    growth_reading: Array


@dataclass
class Inventory:
    """Trees of a table, checked, with the equation of each and the group it belongs to."""

    groups: tuple[Group, ...]
    group: NDArray[np.intp]
    count: Array
    dbh_cm: Array
    height_m: Array
    equation: NDArray[np.intp]
    library: tuple[Equation, ...]
    weight: Array
    young_weight: Array
    outside: NDArray[np.bool_]
    columns: Columns
    own_rate: Array
    reading_share: Array
    age: Array
    curves: Mapping[str, NDArray[np.bool_]]
    crown_m2: Array
    beyond: str
    digest: str
    facts: Mapping[str, int]
    remembered: dict[Rates, Sums] = field(default_factory=dict)

    @cached_property
    def masses(self) -> tuple[tuple[Mass, ...], NDArray[np.intp]]:
        """The ways trees are weighed, and that of each group."""
        return listed([group.mass for group in self.groups])

    @cached_property
    def settings(self) -> tuple[tuple[str, ...], NDArray[np.intp]]:
        """The settings that occur, and that of each group."""
        return listed([group.setting for group in self.groups])

    @cached_property
    def conditions(self) -> tuple[tuple[str, ...], NDArray[np.intp]]:
        """The conditions of living trees that occur, and that of each group."""
        return listed([group.condition for group in self.groups])

    @cached_property
    def kinds(self) -> tuple[tuple[tuple[str, str, bool, bool, bool], ...], NDArray[np.intp]]:
        """What is shown in a row of its own (name, equation, mass measured, ancient, dead), and that of each group."""
        return listed([(x.name, x.equation.id, x.measured, x.ancient, x.dead) for x in self.groups])

    @cached_property
    def dead(self) -> NDArray[np.bool_]:
        """Groups that stand dead."""
        return np.array([group.dead for group in self.groups])

    @cached_property
    def heritage(self) -> NDArray[np.bool_]:
        """Groups of ancient trees that live."""
        return np.array([group.ancient and not group.dead for group in self.groups])

    @cached_property
    def ages(self) -> NDArray[np.intp]:
        """Years since planting of each group."""
        return np.array([group.age for group in self.groups])

    @cached_property
    def trees(self) -> Array:
        """Trees of each group."""
        return self.by_group(self.count)

    @cached_property
    def by_base(self) -> dict[str, frozenset[int]]:
        """Of each column of words, those met on trees whose growth nobody measured."""
        here = np.isnan(self.own_rate) & ~self.columns.are("condition", "dead")
        for along in self.curves.values():
            here &= ~along
        return {column: frozenset(np.unique(code[here]).tolist()) for column, code in self.columns.codes.items()}

    def by_group(self, values: Array) -> Array:
        """Sums by group. shape (groups,)"""
        return np.bincount(self.group, weights=values, minlength=len(self.groups)).astype(float)

    def sums(self, rates: Rates) -> Sums:
        """What the trees of each group weigh over the years."""
        if rates not in self.remembered:
            if len(self.remembered) >= REMEMBERED:
                self.remembered.pop(list(self.remembered)[-1])
            self.remembered[rates] = self._sums(rates)
        return self.remembered[rates]

    def _sums(self, rates: Rates) -> Sums:
        rate = self._rate(rates)
        first = self._mass(self.dbh_cm) * self.weight
        shape = (rates.years + 1, len(self.groups))
        live, young = np.empty(shape), np.zeros(shape)
        mass = first
        for year in range(rates.years + 1):
            if year:
                mass = self._mass(np.maximum(self._thicker(rate, year), LEAST_SHARE * self.dbh_cm)) * self.weight
            live[year] = self.by_group(self.count * mass)
            if rates.planted_cm:
                grown = np.maximum(rates.planted_cm + rate * year, LEAST_SHARE * rates.planted_cm)
                young[year] = self.by_group(self.count * self._mass(grown) * self.young_weight)
        reading, growth_reading = self._reading(rates, first)
        return Sums(
            live,
            young,
            self.by_group(self.count * first**2),
            self.by_group(self.count * (mass - first) ** 2),
            reading,
            growth_reading,
        )

    def _rate(self, rates: Rates) -> Array:
        """Growth of each trunk in its first year; nothing of what is dead. [cm/yr]"""
        codes = self.columns.codes
        base = (
            np.array(rates.base)[codes["growth_class"]]
            * np.array(rates.light)[codes["setting"]]
            * np.array(rates.condition)[codes["condition"]]
            * rates.season
        )
        rate = np.where(np.isnan(self.own_rate), base, self.own_rate)
        for written, here in self.curves.items():
            rate[here] = self._along(written, here, 1)
        rate[self.columns.are("condition", "dead")] = 0.0
        return rate

    def _thicker(self, rate: Array, year: int) -> Array:
        dbh = self.dbh_cm + rate * year
        for written, here in self.curves.items():
            grows = here & ~self.columns.are("condition", "dead")
            dbh[grows] = self.dbh_cm[grows] + self._along(written, grows, year)
        return dbh

    def _along(self, written: str, here: NDArray[np.bool_], year: int) -> Array:
        """What the curve gains from the trees' age in some years; the trees keep the diameter they have."""
        curve = curve_of(written)
        assert curve is not None
        return curve(self.age[here] + year) - curve(self.age[here])

    def _mass(self, dbh: Array) -> Array:
        """Mass by each tree's equation at a density of one. [kg d.m.]"""
        mass = np.empty(len(dbh))
        for number, item in enumerate(self.library):
            here = self.equation == number
            mass[here] = biomass_kg(item, dbh[here], self.height_m[here], self.beyond)
        return mass

    def _reading(self, rates: Rates, first: Array) -> tuple[Array, Array]:
        """Squares of what an error of a reading does to the stock and, where growth was measured twice, to growth."""
        if not rates.reading_se_cm:
            return np.zeros(len(self.groups)), np.zeros(len(self.groups))
        slope = self._mass(self.dbh_cm + rates.reading_se_cm) * self.weight - first
        # A tree of its own mass has no diameter in it.
        slope[np.array([group.measured for group in self.groups])[self.group]] = 0.0
        twice = slope * math.sqrt(2) * np.nan_to_num(self.reading_share) * rates.years
        return self.by_group(self.count * slope**2), self.by_group(self.count * twice**2)


Kind = TypeVar("Kind", bound=Hashable)


def listed(items: Sequence[Kind]) -> tuple[tuple[Kind, ...], NDArray[np.intp]]:
    """The different ones in the order they come, and the place of each."""
    places = {item: place for place, item in enumerate(dict.fromkeys(items))}
    return tuple(places), np.array([places[item] for item in items], np.intp)


def biomass_kg(item: Equation, dbh: Array, height: Array, beyond: str = "extrapolate") -> Array:
    """Mass of trees by an equation at a density of one; ``linear`` goes on along the tangent beyond its diameters."""
    upto = item.d_max_cm
    if beyond != "linear" or upto is None:
        return mean_biomass_kg(item, dbh, height, 1.0)
    over = np.maximum(dbh - upto, 0.0)
    return mean_biomass_kg(item, np.minimum(dbh, upto), height, 1.0) + over * mean_biomass_kg(
        _derivative(item), np.full(len(dbh), upto), height, 1.0
    )


def _derivative(item: Equation) -> Equation:
    """The equation's derivative in D, again a sum of power laws."""
    terms = [
        replace(t, intercept=t.intercept + math.log(abs(t.d)), d=t.d - 1, sign=math.copysign(t.sign, t.sign * t.d))
        for t in item.terms
        if t.d
    ]
    return replace(item, terms=tuple(terms))
