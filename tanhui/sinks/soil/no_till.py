"""No-till: what Tier 1 adds to the carbon of 0-30 cm when a field is no longer tilled, and what it does not say.

The factor was fitted on paired fields to 30 cm. Carbon can move up in the profile without any coming to it, so deeper
layers are a question of their own: a measured change below 30 cm is added, and where there is none the result says
that it is missing. A field that is tilled now and then is no no-till, and is refused; the IPCC's own factor is for
fields that stay untilled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tanhui.kernel.errors import DomainError
from tanhui.sinks.soil import checks
from tanhui.sinks.soil.tier1 import Condition, Tier1Stock, stock_after_t_ha, tier1_stock

__all__ = ["NO_TILLAGE", "NoTillChange", "no_till_change"]

NO_TILLAGE = "no_tillage"


@dataclass(frozen=True, slots=True)
class NoTillChange:
    """Stocks to 30 cm before and under no-till, and what the years so far made of the difference. [t C/ha]"""

    before: Tier1Stock
    under_no_till: Tier1Stock
    years: int
    subsoil_change_t_ha: float | None

    @property
    def topsoil_t_ha(self) -> float:
        """Change of 0-30 cm after these years. [t C/ha]"""
        return stock_after_t_ha(self.before, self.under_no_till, self.years) - self.before.t_ha

    @property
    def change_t_ha(self) -> float:
        """Change of 0-30 cm and, where it was measured, of what lies below. [t C/ha]"""
        return self.topsoil_t_ha + (self.subsoil_change_t_ha or 0.0)

    @property
    def cautions(self) -> tuple[str, ...]:
        """Wording keys of what the number does not say."""
        return self.under_no_till.cautions + (("soil.note.subsoil",) if self.subsoil_change_t_ha is None else ())


def no_till_change(
    before: Condition,
    edition: str,
    tillage: Sequence[str],
    *,
    depth_cm: float | None = None,
    subsoil_change_t_ha: float | None = None,
) -> NoTillChange:
    """What leaving the plough has added, by Tier 1 of one edition.

    Parameters
    ----------
    before : Condition
        The field as it was managed until then, tillage included.
    tillage : sequence of str
        The tillage of each year since, the first year first; every one must be ``no_tillage``.
    depth_cm : float, optional
        Depth the result is wanted for; only that of the factor is possible. [cm]
    subsoil_change_t_ha : float, optional
        Measured change below that depth on equal soil mass, see :func:`.measured.change_at_equal_mass`. [t C/ha]

    Raises
    ------
    DomainError
        If a year was tilled (``soil.tilled_between``) or another depth is asked for (``soil.not_this_depth``).
    """
    tilled = [(year, kind) for year, kind in enumerate(tillage, start=1) if kind != NO_TILLAGE]
    if tilled:
        years, practices = zip(*tilled, strict=True)
        raise DomainError(
            "soil.tilled_between", years=", ".join(map(str, years)), practice=", ".join(sorted(set(practices)))
        )
    valid = checks.limit("tier1_depth_cm")
    if depth_cm is not None and depth_cm != valid:
        raise DomainError("soil.not_this_depth", valid=f"{valid:g}", depth=f"{depth_cm:g}")
    if subsoil_change_t_ha is not None:
        checks.number("subsoil_change_t_ha", subsoil_change_t_ha)
    after = replace(before, management=NO_TILLAGE)
    return NoTillChange(tier1_stock(before, edition), tier1_stock(after, edition), len(tillage), subsoil_change_t_ha)
