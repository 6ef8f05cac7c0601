"""Which equation serves which tree, in an order anybody can follow.

United States: the general equation of the species' group (Jenkins 2003). Tropics: Chave 2014. China: methodology
annex, national standard, sector species model, provincial, general; within a step the species before its genus
before its group. Slots whose coefficients nobody has read stay empty and are simply passed over; a user who has the
document fills them with :func:`.user.load_user_equations`.

One species gets one equation for the whole call, so that a tree is not measured by two rulers at two dates; where
the dates are matched in separate calls, pass the first call's choice as ``overrides``. Quarantined rows and rows of
a restricted licence are never chosen here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError, InputError, RefusedInput
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import Species, genus_of, resolve, resolve_all
from tanhui.kernel.wording import Lang, say
from tanhui.sinks.forest.equations import equation, equations, matching, out_of_range
from tanhui.sinks.forest.model import Equation, TreeMatch

__all__ = ["TIERS", "candidates", "match_trees", "region_id", "regions"]

#: Selection order of China, first choice first.
TIERS = ("annex", "national", "sector", "provincial", "general")
#: How near the equation's taxon is to the tree's, nearest first.
LEVELS = ("species", "genus", "group", "any")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An equation that could serve, and how well it fits."""

    equation: Equation
    level: str
    at_home: bool

    @property
    def rank(self) -> tuple[int, int, bool, bool, int, bool, int, str]:
        """Smaller is better: tier, taxon, place, then residual error, variables, range, sample size; id decides."""
        item = self.equation
        tier = TIERS.index(item.tier)
        return (
            # What another province's document says ranks with the provincial ones, whatever its kind.
            tier if self.at_home else max(tier, TIERS.index("provincial")),
            LEVELS.index(self.level),
            not self.at_home,
            item.sigma is None,
            -int(item.needs_height),
            item.d_max_cm is None,
            -(item.n or 0),
            item.id,
        )


def match_trees(
    species: Sequence[str],
    dbh_cm: ArrayLike,
    *,
    region: str,
    height_m: ArrayLike | None = None,
    wood_density_g_cm3: ArrayLike | None = None,
    quantity: str = "agb",
    overrides: Mapping[str, str] | str | None = None,
    library: Mapping[str, Equation] | None = None,
    lang: Lang = "en",
) -> TreeMatch:
    """Give every tree its equation.

    Parameters
    ----------
    species : sequence of str, shape (n,)
        Names in any form :func:`tanhui.kernel.species.resolve` knows.
    dbh_cm : array_like of float, shape (n,)
        Diameter at breast height. [cm]
    region : str
        ``us``, ``tropics``, ``cn``, a province such as ``cn/hunan``, or ``kr``.
    height_m, wood_density_g_cm3 : array_like of float, shape (n,), optional
        Decide which equations can be used: one that needs heights [m] serves a species only if all its trees have
        one. They are not used for a value here.
    quantity : str
        What is wanted: ``agb``, ``total``, ``stem_volume`` ...
    overrides : str or mapping, optional
        One equation id for every tree, or species (any name) -> id. A quarantined or restricted row may be named:
        the reasons say so.
    library : mapping, optional
        Equations by id; :func:`.equations.equations` by default.

    Returns
    -------
    TreeMatch
        ``reasons`` say in ``lang`` what was chosen and what weakens it.

    Raises
    ------
    RefusedInput
        With every name that is not known.
    DomainError
        ``forest.no_equation`` for a species nothing serves.
    """
    library = equations() if library is None else library
    region = region_id(region)
    dbh = np.atleast_1d(np.asarray(dbh_cm, float))
    codes, taxa = _codes(species)
    named = _named(overrides, library, quantity)
    heights, densities = _given(height_m, dbh.shape), _given(wood_density_g_cm3, dbh.shape)

    chosen: list[Equation] = []
    reasons: list[str] = []
    index = np.zeros(dbh.shape, np.intp)
    for code, taxon in enumerate(taxa):
        trees = codes == code
        has = (bool(heights[trees].all()), bool(densities[trees].all()))
        item, why = _choose(taxon, region, quantity, has, named, library, lang, int(trees.sum()))
        if item not in chosen:
            chosen.append(item)
            reasons += _weaknesses(item, lang)
        index[trees] = chosen.index(item)
        reasons.append(why)
    outside = _outside(chosen, index, dbh, height_m, wood_density_g_cm3)
    reasons += _extrapolated(chosen, index, outside, lang)
    return TreeMatch(tuple(chosen), index, outside, tuple(reasons))


def candidates(
    taxon: Species,
    region: str,
    quantity: str = "agb",
    *,
    has_height: bool = True,
    has_density: bool = True,
    library: Mapping[str, Equation] | None = None,
) -> list[Equation]:
    """Every equation that may serve a taxon in a region, best first: the order :func:`match_trees` follows."""
    library = equations() if library is None else library
    found = _candidates(taxon, region_id(region), quantity, (has_height, has_density), library)
    return [candidate.equation for candidate in found]


@cache
def regions() -> dict[str, tuple[str, str]]:
    """Every region by its id, with its Chinese and English name."""
    with data_path("forest", "regions.csv").open(encoding="utf-8", newline="") as table:
        return {row["id"]: (row["zh"], row["en"]) for row in csv.DictReader(table)}


def region_id(name: str) -> str:
    """The id of a region by its id, Chinese or English name ("cn/hunan", "湖南", "湖南省", "Hunan")."""
    wanted = name.strip().lower()
    for known, (zh, en) in regions().items():
        if wanted in (known, zh, en.lower()):
            return known
    for known, (zh, _) in regions().items():
        if known.count("/") == 1 and wanted.startswith(zh):  # 湖南省, 内蒙古自治区
            return known
    raise InputError("forest.unknown_region", region=name, known=", ".join(regions()))


def _codes(species: Sequence[str]) -> tuple[NDArray[np.intp], list[Species]]:
    """Each tree's taxon as a code; every unknown name is refused together."""
    distinct = list(dict.fromkeys(str(name) for name in species))
    taxa, faults = resolve_all(distinct)
    if faults:
        first = {name: row for row, name in reversed(list(enumerate((str(n) for n in species), 2)))}
        raise RefusedInput(replace(fault, row=first[fault.value]) for fault in faults if fault.value in first)
    known = [taxon for taxon in taxa if taxon is not None]
    order = list(dict.fromkeys(taxon.id for taxon in known))
    by_name = {name: order.index(taxon.id) for name, taxon in zip(distinct, known, strict=True)}
    codes = np.array([by_name[str(name)] for name in species], np.intp)
    by_id = {taxon.id: taxon for taxon in known}
    return codes, [by_id[species_id] for species_id in order]


def _named(
    overrides: Mapping[str, str] | str | None, library: Mapping[str, Equation], quantity: str
) -> Callable[[Species], Equation | None]:
    """The equation a person named for a taxon, if any."""
    if overrides is None:
        return lambda taxon: None
    if isinstance(overrides, str):
        one = _of_quantity(equation(overrides, library), quantity)
        return lambda taxon: one
    by_taxon = {
        resolve(name).id: _of_quantity(equation(target, library), quantity) for name, target in overrides.items()
    }
    return lambda taxon: by_taxon.get(taxon.id)


def _of_quantity(item: Equation, quantity: str) -> Equation:
    if item.quantity != quantity:
        raise DomainError("forest.wrong_quantity", id=item.id, found=item.quantity, wanted=quantity)
    return item


def _choose(
    taxon: Species,
    region: str,
    quantity: str,
    has: tuple[bool, bool],
    named: Callable[[Species], Equation | None],
    library: Mapping[str, Equation],
    lang: Lang,
    trees: int,
) -> tuple[Equation, str]:
    name = (taxon.zh if lang == "zh" else "") or taxon.latin
    item = named(taxon)
    if item is not None:
        return item, say("forest.reason.override", lang, species=name, id=item.id)
    found = _candidates(taxon, region, quantity, has, library)
    if not found:
        facts = {"height_given": has[0], "density_given": has[1]}
        raise DomainError("forest.no_equation", species=name, region=region, quantity=quantity, **facts)
    best = found[0]
    level = say(f"forest.level.{best.level if best.at_home else 'elsewhere'}", lang)
    tier = say(f"forest.tier.{best.equation.tier}", lang)
    return best.equation, say(
        "forest.reason.chosen", lang, species=name, id=best.equation.id, tier=tier, level=level, trees=trees
    )


def _candidates(
    taxon: Species, region: str, quantity: str, has: tuple[bool, bool], library: Mapping[str, Equation]
) -> list[_Candidate]:
    if region == "us" and quantity == "agb":
        item = library.get(f"us/jenkins2003/{taxon.jenkins_group}")
        return [_Candidate(item, "group", True)] if item is not None else []
    country, home = region.split("/", 1)[0], _home(region)
    found = []
    for item in matching(library.values(), quantity=quantity, region=country):
        level = _level(taxon, item.species)
        usable = not item.quarantine and not item.restriction and (has[0] or not item.needs_height)
        usable = usable and (has[1] or not item.needs_density)
        at_home = item.region in home
        # A table of a mountain range or half a province serves only where it is asked for by name.
        usable = usable and (at_home or item.region.count("/") < 2)
        # Another province's equation serves only its own species: its genus and groups are local means.
        if usable and level and (at_home or level == "species"):
            found.append(_Candidate(item, level, at_home))
    return sorted(found, key=lambda candidate: candidate.rank)


def _home(region: str) -> set[str]:
    """A region and the larger ones that hold it: cn/hunan and cn."""
    parts = region.split("/")
    return {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}


def _level(taxon: Species, wanted: str) -> str:
    """How an equation's taxon relates to a tree's; empty where it does not."""
    if not wanted:
        return "any"
    if wanted == taxon.id:
        return "species"
    genus = genus_of(taxon)
    if genus is not None and wanted == genus.id:
        return "genus"
    return "group" if wanted in {taxon.leaf_type, _soft_or_hard(taxon)} - {""} else ""


def _soft_or_hard(taxon: Species) -> str:
    """The group row a Chinese inventory would lump the species into."""
    return {"软阔类": "soft-broadleaf", "硬阔类": "hard-broadleaf"}.get(taxon.cn_group, "")


def _given(values: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if values is None:
        return np.zeros(shape, bool)
    given: NDArray[np.bool_] = np.isfinite(np.broadcast_to(np.asarray(values, float), shape))
    return given


def _outside(
    chosen: Sequence[Equation],
    index: NDArray[np.intp],
    dbh: NDArray[np.float64],
    height_m: ArrayLike | None,
    density: ArrayLike | None,
) -> NDArray[np.bool_]:
    outside = np.zeros(dbh.shape, bool)
    for number, item in enumerate(chosen):
        trees = index == number
        sized = [
            None if x is None else np.broadcast_to(np.asarray(x, float), dbh.shape)[trees] for x in (height_m, density)
        ]
        outside[trees] = out_of_range(item, dbh[trees], *sized)
    return outside


def _weaknesses(item: Equation, lang: Lang) -> Iterable[str]:
    """What a reader must know about an equation that was chosen."""
    if item.quarantine:
        yield say("error.forest.quarantined", lang, id=item.id, why=item.quarantine)
    if item.restriction:
        yield say("forest.reason.restricted", lang, id=item.id, restriction=item.restriction)
    if item.sigma is None:
        yield say("forest.reason.indicative", lang, id=item.id)
    if item.d_min_cm is None and item.d_max_cm is None:
        yield say("forest.reason.no_range", lang, id=item.id)
    if item.status > Status.PRIMARY:
        yield say("forest.reason.status", lang, id=item.id, status=item.status.word)


def _extrapolated(
    chosen: Sequence[Equation], index: NDArray[np.intp], outside: NDArray[np.bool_], lang: Lang
) -> Iterable[str]:
    for number, item in enumerate(chosen):
        count = int(outside[index == number].sum())
        if count:
            yield say("forest.reason.out_of_range", lang, id=item.id, count=count)
