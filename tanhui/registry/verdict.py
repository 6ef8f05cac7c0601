"""A verdict with its reasons: the checks made, those that could not be, what is proven and what is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.wording import Lang, say

__all__ = ["HOLDS", "REFUSED", "UNAUTHENTICATED", "Check", "Verdict"]

HOLDS = "holds"
UNAUTHENTICATED = "consistent, issuer not authenticated"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer; ``ok`` is None where it could not be asked, ``cause`` says why it is no."""

    key: str
    ok: bool | None
    detail: str = ""
    cause: TanhuiError | None = None

    def text(self, lang: Lang = "en") -> str:
        """What was checked, in words."""
        return say(f"check.registry.{self.key}", lang)

    def why(self, lang: Lang = "en") -> str:
        """What there is to add."""
        return self.cause.text(lang) if self.cause else self.detail

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """As faces show it."""
        return {"key": self.key, "ok": self.ok, "text": self.text(lang), "detail": self.why(lang)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "is this so?". Only ``holds`` is a yes."""

    subject: str
    checks: tuple[Check, ...]
    proven: tuple[str, ...] = ()
    not_proven: tuple[str, ...] = ()
    sandbox: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """``holds``, ``consistent, issuer not authenticated``, or ``refused``."""
        if not self.checks or any(check.ok is False for check in self.checks):
            return REFUSED
        authenticated = any(check.key == "signature" and check.ok for check in self.checks)
        return HOLDS if authenticated else UNAUTHENTICATED

    @property
    def holds(self) -> bool:
        """Whether everything checked is right and the issuer is one that was trusted beforehand."""
        return self.status == HOLDS

    @property
    def exit_code(self) -> int:
        """What a command line returns."""
        return 0 if self.holds else 1

    def failures(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.ok is False]

    def lines(self, lang: Lang = "en") -> list[str]:
        """The verdict for people."""
        marks = {True: "✓", False: "✗", None: "–"}
        head = say(f"verdict.registry.{self.status.split(',')[0]}", lang)
        lines = [f"{say('verdict.registry.sandbox', lang)} {head}" if self.sandbox else head]
        lines += [
            f"  {marks[check.ok]} {check.text(lang)}" + (f": {check.why(lang)}" if check.why(lang) else "")
            for check in self.checks
        ]
        for title, keys in (("proven", self.proven), ("not_proven", self.not_proven)):
            if keys and self.status != REFUSED:
                lines.append(say(f"verdict.registry.{title}", lang))
                lines += [f"  {say(f'verdict.registry.{key}', lang)}" for key in keys]
        return lines

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """As faces show it with ``--json``."""
        return {
            "subject": self.subject,
            "verdict": self.status,
            "sandbox": self.sandbox,
            "checks": [check.to_dict(lang) for check in self.checks],
            "proven": [say(f"verdict.registry.{key}", lang) for key in self.proven],
            "not_proven": [say(f"verdict.registry.{key}", lang) for key in self.not_proven],
            "facts": self.facts,
        }
