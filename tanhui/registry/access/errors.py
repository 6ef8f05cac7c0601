"""What is refused before an act reaches the ledger."""

from __future__ import annotations

from tanhui.kernel.errors import TanhuiError

__all__ = ["AccessRefused", "NotRecognised"]


class AccessRefused(TanhuiError):
    """A request that is known for what it is and not let through."""

    code = "access.refused"


class NotRecognised(AccessRefused):
    """A credential that does not count. Whoever shows it is never told why.

    ``outcome`` says it to the audit trail: malformed, unknown, wrong, used, expired, idle, revoked, disabled. It is no
    fact of the message.
    """

    code = "access.not_recognised"

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        super().__init__()
