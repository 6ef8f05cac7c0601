"""Signed confirmations: a named expert or verifier read the document itself and found the number there.

A confirmation file is a signed document (purpose ``tanhui-confirmations-1``) whose body lists, for each parameter,
``{"id", "value", "citation", "place", "checked_on", "decision": "confirmed" | "wrong" | "unread"}``. Only
``confirmed`` entries under a trusted key with the role ``expert`` or ``verifier`` raise a parameter to ``primary``;
a key that is
also a project's proponent (role ``proponent``) is never one of them. One confirmation serves all projects.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.parameters import Value
from tanhui.kernel.signing import TrustedKey, verify_document

__all__ = ["CONFIRMING_ROLES", "PURPOSE", "confirmed_values", "read_confirmations"]

PURPOSE = "tanhui-confirmations-1"
CONFIRMING_ROLES = ("expert", "verifier")


def confirmed_values(document: Mapping[str, Any], trust: Mapping[str, TrustedKey]) -> list[tuple[str, Value]]:
    """Parameter ids and values that a trusted expert or verifier confirmed.

    Raises
    ------
    IntegrityError
        If nobody trusted signed it, or the signature does not fit the content.
    """
    signers = [key for role in CONFIRMING_ROLES for key in verify_document(PURPOSE, document, trust, role)]
    if not any("proponent" not in key.roles for key in signers):
        raise IntegrityError("confirmation.not_trusted")
    try:
        return [(e["id"], e["value"]) for e in document["body"]["entries"] if e["decision"] == "confirmed"]
    except (KeyError, TypeError):
        raise IntegrityError("signature.malformed") from None


def read_confirmations(paths: list[Path], trust: Mapping[str, TrustedKey]) -> list[tuple[str, Value]]:
    """All confirmed values of several files."""
    import json

    found: list[tuple[str, Value]] = []
    for path in paths:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError("confirmation.unreadable", path=str(path), detail=str(error)) from None
        found += confirmed_values(document, trust)
    return found
