"""Names kept out of the public log: the log holds a salted commitment, the opening lies in an erasable table.

Who has the opening can prove to anyone what was committed to; once the opening is erased, the commitment says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tanhui.kernel.errors import InputError

__all__ = ["SALT_BYTES", "Opening"]

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opening:
    """A value and the salt that hides it."""

    salt: bytes
    value: str

    @property
    def commitment(self) -> str:
        """What the log carries: SHA-256 of purpose, salt and value, in hexadecimal."""
        return hashlib.sha256(b"tanhui-commitment-1\n" + self.salt + self.value.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """To hand to somebody who should know."""
        return {"salt": self.salt.hex(), "value": self.value}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Opening:
        """The inverse of :meth:`to_dict`."""
        try:
            salt, value = bytes.fromhex(entry["salt"]), entry["value"]
        except (KeyError, TypeError, ValueError):
            raise InputError("registry.opening_malformed") from None
        if len(salt) != SALT_BYTES or not isinstance(value, str):
            raise InputError("registry.opening_malformed")
        return cls(salt, value)
