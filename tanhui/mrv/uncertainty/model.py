"""The nouns of the room: trees with their errors, the error model, draws, and totals with their variance by source.

The sources of error carry the names of ``docs/architecture.md``. What one draw shares:

=================  ===========================================  =======================================
source             one draw for                                 key of its stream under the seed
=================  ===========================================  =======================================
measurement        one tree (its diameter, its height)          tree number, occasion
density            one tree, or one density class (species)     tree number, occasion; or the class
residual           one tree                                     tree number, occasion
allometry          all trees of an equation, at all dates       equation id
site               all trees of a site, at all dates            site id
root_ratio         all trees of a root class, at all dates      class id
carbon_fraction    all trees of a carbon class, at all dates    class id
=================  ===========================================  =======================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.sinks.forest.model import TreeMatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanhui.kernel.parameters import Leaf

__all__ = ["SOURCES", "DiameterError", "ErrorModel", "Limits", "Ratio", "Sharing", "Trees"]

#: The sources this room draws, in the order every table shows them.
SOURCES = ("measurement", "density", "allometry", "site", "residual", "root_ratio", "carbon_fraction")


@dataclass(frozen=True, slots=True)
class DiameterError:
    """A mixture of two normal errors: mostly small ones that grow with the tree, now and then a gross one.

    sd = ``slope`` * D + ``intercept_cm`` for most trees; ``gross_sd_cm`` with probability ``gross_share``. [cm; 1]
    """

    slope: float
    intercept_cm: float
    gross_sd_cm: float
    gross_share: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Values beyond which no draw goes: the normal errors are truncated there."""

    dbh_min_cm: float
    dbh_max_cm: float
    height_min_m: float
    height_margin_m: float
    density_min_g_cm3: float
    density_max_g_cm3: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """A factor with its error, shared by all trees of a class: a root:shoot ratio or a carbon fraction."""

    id: str
    value: float
    sd: float


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """Everything the draws need besides the trees; ``leaves`` are the parameters it was made from."""

    diameter: DiameterError
    limits: Limits
    root_ratios: tuple[Ratio, ...]
    carbon_fractions: tuple[Ratio, ...]
    leaves: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sharing:
    """Which trees share one draw: ``index[i]`` names a row of ``ids``, or is -1 where tree i shares with none."""

    index: NDArray[np.intp]
    ids: tuple[str, ...]

    @classmethod
    def none(cls, count: int) -> Sharing:
        """Nobody shares."""
        return cls(np.full(count, -1, np.intp), ())

    @classmethod
    def of(cls, labels: NDArray[np.object_] | list[str]) -> Sharing:
        """Trees with the same label share; an empty label shares with none."""
        ids, index = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        named = ids != ""
        moved = np.where(named, np.cumsum(named) - 1, -1)
        return cls(moved[index].astype(np.intp), tuple(str(x) for x in ids[named]))


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Trees with their errors, their equations and what they are summed to.

    Attributes
    ----------
    dbh_cm : ndarray of float, shape (n,)
        Diameter at breast height. [cm]
    match : TreeMatch
        The equation of each tree.
    height_m, height_sd_m, density_g_cm3, density_sd_g_cm3 : ndarray of float, shape (n,), optional
        Needed where an equation of the trees uses them; an absent sd is zero. [m, m, g/cm3, g/cm3]
    dbh_sd_cm : ndarray of float, shape (n,), optional
        Replaces the mixture of the error model by one normal error; NaN keeps the mixture. [cm]
    weight : ndarray of float, shape (n,), optional
        Trees (or trees per hectare) that the row stands for; 1 where absent. The row is one tree, drawn once.
    group : ndarray of int, shape (n,), optional
        The sum each tree goes to, 0 <= group < groups; all to one where absent.
    groups : int
        Number of sums.
    site, density_class, root_class, carbon_class
        Which trees share the site effect, the density error (a species mean), the root ratio and carbon fraction. The
        last two index the ratios of the error model and are 0 where absent.
    number : ndarray of int, shape (n,), optional
        The name of the tree's random stream, its row number where absent. A table worked through in blocks gives the
        rows their numbers in the whole table and gets the same draws.
    height_max_m : float, optional
        The greatest height of the whole table where ``height_m`` is only a block of it. [m]
    """

    dbh_cm: NDArray[np.float64]
    match: TreeMatch
    height_m: NDArray[np.float64] | None = None
    height_sd_m: NDArray[np.float64] | None = None
    density_g_cm3: NDArray[np.float64] | None = None
    density_sd_g_cm3: NDArray[np.float64] | None = None
    dbh_sd_cm: NDArray[np.float64] | None = None
    weight: NDArray[np.float64] | None = None
    group: NDArray[np.intp] | None = None
    groups: int = 1
    site: Sharing | None = None
    density_class: Sharing | None = None
    root_class: NDArray[np.intp] | None = None
    carbon_class: NDArray[np.intp] | None = None
    number: NDArray[np.uint64] | None = None
    height_max_m: float | None = None

    def __len__(self) -> int:
        return len(self.dbh_cm)

    def take(self, rows: NDArray[np.intp], group: NDArray[np.intp], groups: int) -> Trees:
        """Some of the trees, summed to other groups; each keeps its number and so its draws."""

        def part(array: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if array is None else array[rows]

        def sharing(whole: Sharing | None) -> Sharing | None:
            return None if whole is None else Sharing(whole.index[rows], whole.ids)

        names = ("height_m", "height_sd_m", "density_g_cm3", "density_sd_g_cm3", "dbh_sd_cm", "weight")
        number = np.arange(len(self), dtype=np.uint64) if self.number is None else self.number
        tallest = self.height_max_m
        if tallest is None and self.height_m is not None:
            tallest = float(np.max(self.height_m, initial=0.0))
        match = self.match
        return Trees(
            dbh_cm=self.dbh_cm[rows],
            match=TreeMatch(match.equations, match.equation[rows], match.out_of_range[rows], match.reasons),
            **{name: part(getattr(self, name)) for name in names},
            group=group,
            groups=groups,
            site=sharing(self.site),
            density_class=sharing(self.density_class),
            root_class=part(self.root_class),
            carbon_class=part(self.carbon_class),
            number=number[rows],
            height_max_m=tallest,
        )

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths, values that are not positive, and sizes an equation lacks."""
        n = len(self.dbh_cm)
        for name in ("height_m", "height_sd_m", "density_g_cm3", "density_sd_g_cm3", "dbh_sd_cm", "weight", "group"):
            array = getattr(self, name)
            if array is not None and np.shape(array) != (n,):
                raise DomainError("uncertainty.wrong_length", name=name, wanted=n, found=np.size(array))
        used = self.match.equations
        needs = {
            "dbh_cm": np.ones(len(used), bool),
            "height_m": np.array([e.needs_height for e in used], bool),
            "density_g_cm3": np.array([e.needs_density for e in used], bool),
        }
        for name, needed in needs.items():
            rows = needed[self.match.equation] if len(used) else np.zeros(n, bool)
            array = getattr(self, name)
            if array is None and rows.any():
                raise DomainError("uncertainty.size_missing", name=name, count=int(rows.sum()))
            if array is not None and not (np.asarray(array)[rows] > 0).all():
                raise DomainError("uncertainty.not_positive", name=name)
        for name in ("height_sd_m", "density_sd_g_cm3", "weight"):
            array = getattr(self, name)
            if array is not None and not (np.asarray(array) >= 0).all():
                raise DomainError("uncertainty.negative", name=name)
        if self.group is not None and n and not (self.group.min() >= 0 and self.group.max() < self.groups):
            raise DomainError("uncertainty.no_such_group", groups=self.groups)
