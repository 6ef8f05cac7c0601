"""Digit preference: last digits of readings that are not as even as nature's. Pure.

The last of three digits of a diameter is as good as uniform whatever the trees are. A reader who rounds prefers 0 and
5; one who invents numbers avoids them. Each crew is looked at alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tanhui.projects.field.chance import benjamini_hochberg, binomial_upper, uniform_digits
from tanhui.projects.field.limits import limit
from tanhui.projects.field.model import Finding, Tested

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["digit_findings", "last_digits"]

#: 0 and 5 are two of ten.
HEAPED, HEAPED_SHARE = [0, 5], 0.2


def last_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each digit stands in the first decimal; shape (10,)."""
    tenths = np.rint(values[np.isfinite(values)] * 10).astype(np.int64) % 10
    return np.bincount(tenths, minlength=10).astype(float)


def digit_findings(survey: FieldSurvey) -> Iterator[tuple[Tested, list[Finding]]]:
    """Uneven digits and heaps at 0 and 5, in diameters and in heights, by crew."""
    crew = survey.trees["location_id"].map(survey.plots.set_index("location_id")["crew"]).fillna("").to_numpy(object)
    for name, column in (("dbh", "dbh_cm"), ("height", "height_m")):
        values = survey.trees[column].to_numpy(float)
        groups = {who: last_digits(values[crew == who]) for who in sorted(set(crew))}
        groups = {who: counts for who, counts in groups.items() if counts.sum() >= limit("digits_least")}
        yield _judged(f"digits_{name}", groups, [uniform_digits(c, name, who) for who, c in groups.items()])
        heaps = [float(binomial_upper(c[HEAPED].sum(), c.sum(), HEAPED_SHARE)) for c in groups.values()]
        yield _judged(f"heaping_{name}", groups, heaps)


def _judged(check: str, groups: dict[str, NDArray[np.float64]], p: list[float]) -> tuple[Tested, list[Finding]]:
    q = benjamini_hochberg(p)
    found = [
        Finding(
            check,
            value=float(counts[HEAPED].sum() / counts.sum())
            if check.startswith("heaping")
            else float(counts.max() / counts.sum()),
            limit=HEAPED_SHARE if check.startswith("heaping") else 0.1,
            p=one,
            q=float(adjusted),
            facts={
                "crew": who or "–",
                "n": int(counts.sum()),
                "share": f"{100 * counts[HEAPED].sum() / counts.sum():.0f}",
                "digits": " ".join(f"{digit}:{count:.0f}" for digit, count in enumerate(counts)),
            },
        )
        for (who, counts), one, adjusted in zip(groups.items(), p, q, strict=True)
        if adjusted <= limit("alpha")
    ]
    return Tested(check, len(groups), len(found), min(p, default=None)), found
