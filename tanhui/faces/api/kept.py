"""Answers that never change, kept in memory: proofs, certificates, complete tiles, pages of a log of one size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

__all__ = ["Kept"]


class Kept:
    """The answers that were asked for last, up to a size. [bytes]"""

    def __init__(self, most: int = 64 * 1024 * 1024) -> None:
        self._most, self._size = most, 0
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """An answer, made where it is not kept. What cannot be made is not kept either."""
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
                return known
        made = make()
        with self._lock:
            if key not in self._answers:
                self._answers[key] = made
                self._size += len(made)
            while self._size > self._most:
                self._size -= len(self._answers.popitem(last=False)[1])
        return made
