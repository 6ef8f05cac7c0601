"""What a verifier signs for a claim, and whether a leaf shows that one did: the log proves it to anybody.

The statement names everything of the claim that becomes units: whose project, by which method, for which days, how many
tonnes in which year. So nobody can issue more, or something else, under a signature that was given for less. Pure.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tanhui.kernel.canonical import hash_json, rounded
from tanhui.kernel.signing import signed_bytes, verify_signature
from tanhui.registry.model import IssuedClaim, Piece

__all__ = ["STATEMENT_PURPOSE", "claim_hash", "is_vouched", "statement_body"]

STATEMENT_PURPOSE = "tanhui-verification-1"
KG_PER_T = 1000
#: What statement, claim and leaf say in the same words.
SAID = ("method", "kind", "gas", "gwp", "credits_t")


def claim_hash(claim: Mapping[str, Any]) -> str:
    """The name of a claim: the hash of its rounded canonical form."""
    return hash_json(rounded(dict(claim)))


def statement_body(manifest: Mapping[str, Any], claim: Mapping[str, Any], registry: str) -> dict[str, Any]:
    """What a verifier signs (purpose ``tanhui-verification-1``) for a claim that is to be issued in earnest.

    ``registry`` is the origin of the one registry that may issue it.
    """
    return {
        "registry": registry,
        "manifest_sha256": hash_json(manifest),
        "claim_sha256": claim_hash(claim),
        "decision": "verified",
        "project": manifest["project"],
        "period": list(claim["period"]),
        "by_year": {str(row["year"]): row["credits_t"] for row in claim["by_year"] if row["credits_t"]},
        **{name: claim[name] for name in SAID},
    }


def is_vouched(claim: IssuedClaim, pieces: Sequence[Piece], registry: str, public: str) -> bool:
    """Whether a key signed the statement that belongs to these batches of a registry.

    ``registry`` is its origin, ``public`` an Ed25519 key in base64.
    """
    body = {
        "registry": registry,
        "manifest_sha256": claim.manifest_sha256,
        "claim_sha256": claim.claim_sha256,
        "decision": "verified",
        "project": claim.project,
        "period": claim.period.to_list(),
        "by_year": {str(piece.vintage): piece.serials.units * claim.unit_kg // KG_PER_T for piece in pieces},
        **{name: getattr(claim, name) for name in SAID},
    }
    try:
        signature = base64.b64decode(claim.voucher, validate=True)
    except ValueError:
        return False
    if base64.b64encode(signature).decode() != claim.voucher:  # another spelling would be another leaf
        return False
    return verify_signature(base64.b64decode(public), signature, signed_bytes(STATEMENT_PURPOSE, body))
