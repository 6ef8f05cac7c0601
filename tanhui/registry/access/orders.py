"""Orders that a client signs: the public log can carry the proof of who ordered while the order itself stays private.

The signature is over ``"tanhui-order-1\\n"`` and the SHA-256 of the order's canonical JSON. With key id, hash and
signature alone anybody can check that this key signed something with this hash; with the order too, what it was. The
order carries a random salt, for without one its few possible contents could be tried until one fits the hash.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.errors import DomainError, Fault, RefusedInput
from tanhui.kernel.signing import SigningKey, key_id, verify_signature
from tanhui.registry.access.errors import AccessRefused

__all__ = [
    "FORMAT",
    "OPEN_SESSION",
    "Order",
    "OrderProof",
    "SignedOrder",
    "check_window",
    "parse_order",
    "sign_order",
    "signatures_right",
]

FORMAT, SESSION_FORMAT = "tanhui-order-1", "tanhui-session-1"
#: The act that opens a session. It is signed as what it is: its signature must be worth nothing in a ledger.
OPEN_SESSION = "open_session"
#: Below this many signatures threads cost more than they save.
FEW = 32
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
#: What each field of an order must look like. The salt: 16 random bytes at least.
FIELDS = {
    "registry": re.compile(r"[!-~]{1,200}"),
    "account": re.compile(r"[!-~]{1,200}"),
    "act": re.compile(r"[a-z][a-z0-9_.]{0,63}"),
    "request": re.compile(r"[!-~]{1,200}"),
    "not_before": MOMENT,
    "not_after": MOMENT,
    "salt": re.compile(r"[0-9a-f]{32,64}"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asks for: in which registry, for which account, and when it may be done.

    ``request`` is the client's own name for it, so that doing it twice is doing it once.
    """

    registry: str
    account: str
    act: str
    arguments: Mapping[str, Any]
    request: str
    not_before: int
    not_after: int
    salt: str = field(repr=False)

    def body(self) -> dict[str, Any]:
        """The order as JSON."""
        return {
            "format": order_format(self.act),
            "registry": self.registry,
            "account": self.account,
            "act": self.act,
            "arguments": self.arguments,
            "request": self.request,
            "not_before": _text(self.not_before),
            "not_after": _text(self.not_after),
            "salt": self.salt,
        }

    def digest(self) -> bytes:
        """SHA-256 of the canonical body: what the public log carries."""
        return hashlib.sha256(canonical_bytes(self.body())).digest()


@dataclass(frozen=True, slots=True)
class OrderProof:
    """That the key of this id signed an order with this hash. It may be public."""

    key_id: str
    digest: bytes
    signature: bytes
    purpose: str = FORMAT

    def right(self, public: bytes) -> bool:
        """Whether the key did."""
        return key_id(public) == self.key_id and verify_signature(public, self.signature, self.message())

    def message(self) -> bytes:
        """What was signed."""
        return _message(self.purpose, self.digest)


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order and the proof of who gave it."""

    order: Order
    proof: OrderProof

    def to_dict(self) -> dict[str, Any]:
        """As a client sends it."""
        signature = base64.b64encode(self.proof.signature).decode()
        return {"order": self.order.body(), "key_id": self.proof.key_id, "signature": signature}


def sign_order(order: Order, key: SigningKey) -> SignedOrder:
    """An order signed by its client."""
    digest = order.digest()
    purpose = order_format(order.act)
    signature = key.sign(_message(purpose, digest))
    return SignedOrder(order, OrderProof(key_id(key.public), digest, signature, purpose))


def order_format(act: str) -> str:
    """What the signature of an order begins with."""
    return SESSION_FORMAT if act == OPEN_SESSION else FORMAT


def parse_order(document: Any) -> SignedOrder:
    """The order in a document as a client sends it; its signature is not looked at yet.

    Raises
    ------
    RefusedInput
        With every field that is missing, wrong or not expected.
    """
    document = document if isinstance(document, Mapping) else {}
    body = document.get("order")
    body = body if isinstance(body, Mapping) else {}
    faults = [_fault(name, body) for name, shape in FIELDS.items() if not shape.fullmatch(_string(body.get(name)))]
    moments = {name: _moment(_string(body.get(name))) for name in ("not_before", "not_after")}
    faults += [
        _fault(name, body) for name, at in moments.items() if at is None and MOMENT.fullmatch(_string(body.get(name)))
    ]
    if body.get("format") != order_format(_string(body.get("act"))):
        faults.append(_fault("format", body))
    arguments = body.get("arguments")
    if not isinstance(arguments, Mapping) or not _is_json(arguments):
        faults.append(Fault("access.order_field", column="arguments"))
    faults += [Fault("access.order_field", column=str(name)) for name in body if name not in _KNOWN]
    signer, signature = _string(document.get("key_id")), _base64(document.get("signature"))
    if not re.fullmatch(r"[0-9a-f]{16}", signer):
        faults.append(_fault("key_id", document))
    if len(signature) != 64:
        faults.append(Fault("access.order_field", column="signature"))
    if faults:
        raise RefusedInput(faults)
    order = Order(
        **{name: body[name] for name in ("registry", "account", "act", "request", "salt")},
        arguments=dict(body["arguments"]),
        not_before=moments["not_before"] or 0,
        not_after=moments["not_after"] or 0,
    )
    return SignedOrder(order, OrderProof(signer, order.digest(), signature, order_format(order.act)))


_KNOWN = {*FIELDS, "format", "arguments"}


def check_window(order: Order, now: int, longest_s: int, skew_s: int) -> None:
    """Refuse an order before its time, after it, or open for longer than a replay can be remembered.

    ``skew_s`` forgives a client whose clock is ahead; nothing forgives an order whose time has passed.
    """
    if not 0 < order.not_after - order.not_before <= longest_s:
        raise AccessRefused("access.order_window", longest_s=longest_s)
    if now + skew_s < order.not_before:
        raise AccessRefused("access.order_early", moment=_text(order.not_before))
    if now >= order.not_after:
        raise AccessRefused("access.order_late", moment=_text(order.not_after))


def signatures_right(proofs: Sequence[tuple[bytes, OrderProof]], threads: int | None = None) -> list[bool]:
    """For each public key and proof, whether the key signed it. Many at once: the library lets threads run beside."""
    threads = threads or os.cpu_count() or 1
    if threads == 1 or len(proofs) < FEW:
        return [proof.right(public) for public, proof in proofs]
    share = -(-len(proofs) // threads)
    parts = [proofs[at : at + share] for at in range(0, len(proofs), share)]
    with ThreadPoolExecutor(threads) as pool:
        return [answer for part in pool.map(lambda part: signatures_right(part, 1), parts) for answer in part]


def _message(purpose: str, digest: bytes) -> bytes:
    return purpose.encode() + b"\n" + digest


def _fault(name: str, body: Mapping[str, Any]) -> Fault:
    return Fault("access.order_field", column=name, value=_string(body.get(name))[:80] if name != "salt" else "")


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _base64(value: Any) -> bytes:
    try:
        return base64.b64decode(_string(value), validate=True)
    except ValueError:
        return b""


def _is_json(value: Any) -> bool:
    try:
        canonical_bytes(value)
    except DomainError:
        return False
    return True


def _text(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> int | None:
    try:
        at = int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
    return at if _text(at) == text else None
