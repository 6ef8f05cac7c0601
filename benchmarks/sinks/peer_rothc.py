"""pyRothC on one site, for an environment that has it and nothing of ours.

Run: ``PYTHON benchmarks/sinks/peer_rothc.py``. pyRothC repeats twelve months for some years and solves the pools as
differential equations; each month it gives back counts.
"""

from __future__ import annotations

import time

import numpy as np
from pyRothC.RothC import RothC

YEARS, REPEATS = 500, 3


def main() -> None:
    """Print its speed."""
    month = np.arange(12)
    season = np.sin((month - 3) / 12 * 2 * np.pi)
    best = np.inf
    for _ in range(REPEATS):
        started = time.perf_counter()
        RothC(9 + 9 * season, np.full(12, 60.0), np.maximum(65 + 60 * season, 0), years=YEARS).compute()
        best = min(best, time.perf_counter() - started)
    print(f"pyRothC, one site: {12 * YEARS / best:,.0f} site-months/s")


if __name__ == "__main__":
    main()
