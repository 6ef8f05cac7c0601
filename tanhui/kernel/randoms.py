"""Random numbers from counters: a stream is named, not advanced.

Stream ``(seed, *path)`` is the same numbers whoever asks, in whatever order, on any number of threads. ``path`` says
what the numbers are for, for example ``("diameter", 17)`` for block 17 of the trees.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["key64", "stream"]


def key64(seed: int, *path: str | int) -> int:
    """A 64-bit key for the stream ``path`` under ``seed``."""
    name = "\x1f".join([str(seed), *(f"{type(part).__name__}:{part}" for part in path)])
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """A numpy generator (Philox, counter-based) for the stream ``path`` under ``seed``."""
    import numpy as np

    return np.random.Generator(np.random.Philox(key=key64(seed, *path)))
