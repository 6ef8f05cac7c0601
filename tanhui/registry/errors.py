"""What the registry refuses. The sentence of each code is in ``data/registry/wording.toml``."""

from __future__ import annotations

from tanhui.kernel.errors import TanhuiError

__all__ = ["InsufficientUnits", "NotIssuable", "RegistryError", "RequestReused"]


class RegistryError(TanhuiError):
    """An act that a rule of the ledger forbids; nothing was changed."""

    code = "registry.refused"


class InsufficientUnits(RegistryError):
    """An account was asked for more of a batch than it holds."""

    code = "registry.insufficient_units"

    def __init__(self, account: str, batch: str, asked: int, held: int) -> None:
        super().__init__(account=account, batch=batch, asked=asked, held=held)


class NotIssuable(RegistryError):
    """A claim that must not become credits here."""

    code = "registry.not_issuable"


class RequestReused(RegistryError):
    """A request id that already stands for another act."""

    code = "registry.request_reused"

    def __init__(self, request: str) -> None:
        super().__init__(request=request)
