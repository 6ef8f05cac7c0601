"""Small run documents for the registry's tests: as a run writes them, with figures chosen by the test."""

from __future__ import annotations

from datetime import date
from typing import Any

from tanhui.kernel.manifest import Manifest, result_digest
from tanhui.kernel.nouns import Claim, ClaimLine, YearShare
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.time import Period

Documents = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def claim_document(
    by_year: dict[int, int], *, reasons: tuple[str, ...] = ("test",), kind: Any = "removal"
) -> dict[str, Any]:
    """A claim whose net is the credits and a quarter tonne, over the whole calendar years named."""
    credits_t = sum(by_year.values())
    return Claim(
        method="ccer/14-001-v01",
        kind=kind,
        period=Period(date(min(by_year), 1, 1), date(max(by_year) + 1, 1, 1)),
        lines=(
            ClaimLine("gross_removal", credits_t + 10.25),
            ClaimLine("permanence", -10.0),
            ClaimLine("net", credits_t + 0.25),
        ),
        by_year=tuple(YearShare(year, float(credits), credits) for year, credits in by_year.items()),
        credits_t=credits_t,
        gwp="AR5",
        indicative_reasons=reasons,
    ).to_dict()


def run_documents(
    project: str = "hunan-1",
    by_year: dict[int, int] | None = None,
    *,
    reasons: tuple[str, ...] = ("test",),
    status: Status = Status.PRIMARY,
    kind: Any = "removal",
) -> Documents:
    """``result.json``, ``manifest.json`` and the claim of one run."""
    claim = claim_document(by_year or {2021: 60, 2022: 40}, reasons=reasons, kind=kind)
    result = {
        "project": project,
        "creditable": not reasons and status is Status.PRIMARY,
        "indicative_reasons": list(reasons),
        "estimates": [],
        "claims": [claim],
    }
    leaf = Leaf("ccer/k", 0.1, "1", "ref", status, date(2026, 11, 22))
    manifest = Manifest(project, 1, (), {"ccer/14-001-v01": "0"}, (leaf,), result_digest(result))
    return {**result, "run": manifest.run}, manifest.to_dict(), claim
