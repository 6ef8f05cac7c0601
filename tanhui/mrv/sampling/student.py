"""Student's t without importing scipy.stats, which takes seconds."""

from __future__ import annotations

import math

from tanhui.kernel.errors import DomainError

__all__ = ["t_two_sided"]


def t_two_sided(confidence: float, df: float) -> float:
    """The t value that bounds a two-sided interval, for example 1.645 at 0.90 and infinite ``df``.

    Raises
    ------
    DomainError
        If ``confidence`` is not between 0 and 1 or there are no degrees of freedom.
    """
    if not 0 < confidence < 1:
        raise DomainError("sampling.confidence", confidence=confidence)
    if df < 1:
        raise DomainError("sampling.too_few_plots", df=df)
    from scipy import special

    tail = (1 + confidence) / 2
    return float(special.ndtri(tail) if math.isinf(df) else special.stdtrit(df, tail))
