"""The signature of a webhook, by which its receiver knows the sender (Standard Webhooks 1.0, [1]_).

``v1`` is HMAC-SHA256 over id, time and body. A subscription's secret follows from one key of the registry, so the
database holds no secret and a stolen copy of it signs nothing.

References
----------
.. [1] Standard Webhooks, version 1.0. github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tanhui.kernel.errors import InputError
from tanhui.kernel.signing import SigningKey

__all__ = ["WEBHOOK_KEY", "headers", "load_key", "secret_text", "subscription_secret"]

#: In the folder of a registry: what the secrets of its subscriptions follow from.
WEBHOOK_KEY = "webhook.key"


def load_key(folder: Path, origin: str) -> bytes:
    """The key of a registry's webhooks, made the first time."""
    path = folder / WEBHOOK_KEY
    if not path.exists():
        with suppress(InputError):  # another process may be first
            SigningKey.generate(origin).save(path)
    return SigningKey.load(path).seed


def subscription_secret(key: bytes, subscription: str, generation: int = 0) -> bytes:
    """The secret that a subscriber and we share, the first or one that came after it."""
    return hmac.digest(key, f"tanhui-webhook-1\n{subscription}\n{generation}".encode(), "sha256")


def secret_text(secret: bytes) -> str:
    """A secret as it is handed out."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def headers(secrets: Sequence[bytes], delivery: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a message sent at a time, with a signature under each secret. [POSIX seconds]"""
    signed = [hmac.digest(secret, f"{delivery}.{at}.".encode() + body, "sha256") for secret in secrets]
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in signed),
    }
