"""The root of the ledger's state: one hash for all rows, kept up to date row by row, whatever their order. Pure.

LtHash16 of [1]_: each row is stretched to 1,024 numbers of 16 bits, and the sum of all rows, number by number modulo
2**16, is the state. A row that comes is added, one that goes is subtracted, so a transfer costs the same in a registry
of ten rows and of a hundred million. Finding two different states with one sum is as hard as a short-vector problem of
more than 200 bits. Whoever rebuilds the rows from the public log must arrive at the same sum.

References
----------
.. [1] K. Lewi, W. Kim, I. Maykov, S. Weis, Securing Update Propagation with Homomorphic Hashing, 2019.
   IACR eprint 2019/227.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["EMPTY_STATE", "StateSum"]

LANES = 1024
LANE_BYTES = 2
SUM_BYTES = LANES * LANE_BYTES
EMPTY_STATE = bytes(SUM_BYTES)


class StateSum:
    """The running sum over the rows of a state."""

    def __init__(self, lanes: bytes = EMPTY_STATE) -> None:
        import numpy as np

        self._lanes = np.frombuffer(lanes, dtype="<u2").copy()

    def change(self, gone: Iterable[bytes], come: Iterable[bytes]) -> None:
        """Take rows out and put rows in, each as its one canonical spelling."""
        import numpy as np

        for row in gone:
            self._lanes -= np.frombuffer(_stretched(row), dtype="<u2")
        for row in come:
            self._lanes += np.frombuffer(_stretched(row), dtype="<u2")

    def to_bytes(self) -> bytes:
        """The sum itself, to go on from later."""
        return self._lanes.tobytes()

    def root(self) -> bytes:
        """The root of the state, 32 bytes."""
        return hashlib.sha256(b"tanhui-state-1\n" + self.to_bytes()).digest()


def _stretched(row: bytes) -> bytes:
    return hashlib.shake_128(row).digest(SUM_BYTES)
