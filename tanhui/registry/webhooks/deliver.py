"""Sending what is due, many at a time, each within a fixed time and to the very address that was checked."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import TYPE_CHECKING

from tanhui.kernel.errors import TanhuiError
from tanhui.registry.store import Store
from tanhui.registry.webhooks.addresses import Resolve, public_address, read_url, system_resolver
from tanhui.registry.webhooks.outbox import Delivery, Result, claim, plan, settle
from tanhui.registry.webhooks.signing import headers, subscription_secret

if TYPE_CHECKING:
    import httpx

__all__ = ["Post", "deliver_due"]

#: Deliveries under way at once, and how long each may take with all that belongs to it. [s]
AT_ONCE, DEADLINE_S = 20, 10
#: What a receiver answers that does not want to hear from us any more.
GONE = 410


@dataclass(frozen=True, slots=True)
class Post:
    """How messages are sent.

    Attributes
    ----------
    origin : str
        The registry.
    key : bytes
        The key of its webhooks.
    resolve : callable
        Names to addresses.
    trust : ssl.SSLContext, optional
        Whose certificates count; the usual authorities by default.
    loopback : bool
        For tests only: this machine may be a receiver.
    deadline_s : float
        How long one delivery may take. [s]
    """

    origin: str
    key: bytes
    resolve: Resolve = system_resolver
    trust: SSLContext | None = None
    loopback: bool = False
    deadline_s: float = DEADLINE_S


def deliver_due(
    store: Store, post: Post, now: Callable[[], int], chance: Callable[[], float] = random.random
) -> list[Result]:
    """Plan, borrow, send and note one round of deliveries; empty when there is nothing to do.

    Not to be called from a running event loop: give it a thread.
    """
    with store.writing() as tx:
        plan(tx, now())
        borrowed = claim(tx.connection, now())
        leaves = {delivery.position: tx.leaf(delivery.position) for delivery in borrowed}
    if not borrowed:
        return []
    results = asyncio.run(_send_all(post, [(found, leaves[found.position]) for found in borrowed], now))
    with store.writing() as tx:
        settle(tx.connection, results, now(), chance)
    return results


def message(origin: str, leaf: bytes) -> bytes:
    """What is sent of an entry: the public leaf as it is in the log, and what kind of event that is."""
    entry = json.loads(leaf)
    document = {"type": f"registry.{entry['kind']}", "timestamp": entry["at"], "origin": origin, "data": entry}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


async def _send_all(post: Post, letters: Sequence[tuple[Delivery, bytes]], now: Callable[[], int]) -> list[Result]:
    import httpx

    turn = asyncio.Semaphore(AT_ONCE)
    # No proxy from the environment: it would resolve the name again, out of our sight.
    settings = {"verify": True if post.trust is None else post.trust, "trust_env": False, "follow_redirects": False}
    async with httpx.AsyncClient(**settings, timeout=post.deadline_s) as client:  # type: ignore[arg-type]

        async def one(delivery: Delivery, leaf: bytes) -> Result:
            async with turn:
                try:
                    # One limit for everything, so that nobody holds us up by dripping an answer.
                    async with asyncio.timeout(post.deadline_s):
                        status = await _send(client, post, delivery, leaf, now())
                except TimeoutError:
                    return Result(delivery, "timeout")
                except TanhuiError as error:
                    return Result(delivery, error.code)
                except (httpx.HTTPError, OSError) as error:
                    return Result(delivery, type(error).__name__)
            return Result(delivery, "" if 200 <= status < 300 else str(status), gone=status == GONE)

        return list(await asyncio.gather(*(one(*letter) for letter in letters)))


async def _send(client: httpx.AsyncClient, post: Post, delivery: Delivery, leaf: bytes, now: int) -> int:
    """The status that a receiver answers. What else it says is not read."""
    target = read_url(delivery.subscription.url, loopback=post.loopback)
    address = await asyncio.to_thread(public_address, target, post.resolve, loopback=post.loopback)
    secret = subscription_secret(post.key, delivery.subscription.id)
    named = {"host": target.authority, "content-type": "application/json", "user-agent": "tanhui-webhooks"}
    # The certificate must be the name's, though the connection goes to a number.
    extensions = {"sni_hostname": target.host.strip("[]")}
    body = message(post.origin, leaf)
    signed = headers(secret, delivery.id(leaf), now, body)
    url = target.at(address)
    async with client.stream("POST", url, content=body, headers=named | signed, extensions=extensions) as answer:
        return int(answer.status_code)
