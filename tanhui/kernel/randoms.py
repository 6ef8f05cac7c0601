"""Random numbers from counters: a stream is named, not advanced.

Stream ``(seed, *path)`` is the same numbers whoever asks, in whatever order, on any number of threads. ``path`` says
what the numbers are for, for example ``("diameter", 17)`` for block 17 of the trees.
"""

from __future__ import annotations

import hashlib
from operator import index
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["key64", "stream"]


def key64(seed: int, *path: str | int) -> int:
    """A 64-bit key for the stream ``path`` under ``seed``.

    Different paths have different names: the parts of a path are told apart by kind, and the separator is doubled
    where it stands inside a part. A whole number is the same part whatever type holds it.
    """
    name = "\x1f".join([str(index(seed)), *map(_part, path)])
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _part(part: str | int) -> str:
    return "str:" + part.replace("\x1f", "\x1f\x1f") if isinstance(part, str) else f"int:{index(part)}"


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """A numpy generator (Philox, counter-based) for the stream ``path`` under ``seed``."""
    import numpy as np

    return np.random.Generator(np.random.Philox(key=key64(seed, *path)))
