"""Sending what is due, many at a time, each within a fixed time and to the very address that was checked."""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Any

from tanhui.kernel.errors import TanhuiError
from tanhui.registry.folder import timestamp
from tanhui.registry.store import Store
from tanhui.registry.webhooks import outbox
from tanhui.registry.webhooks.addresses import Resolve, Target, public_address, read_url, system_resolver
from tanhui.registry.webhooks.outbox import Delivery, Result, Subscription
from tanhui.registry.webhooks.signing import headers, subscription_secret

__all__ = ["Post", "deliver_due", "send_test"]

#: How long a delivery may take with all that belongs to it. All of a round are under way at once. [s]
DEADLINE_S = 10
#: How often it is looked whether the server ends. [s]
LOOK_S = 0.2


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
    key: bytes = field(repr=False)
    resolve: Resolve = system_resolver
    trust: SSLContext | None = None
    loopback: bool = False
    deadline_s: float = DEADLINE_S


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message to one receiver."""

    subscription: Subscription
    id: str
    body: bytes


def deliver_due(
    store: Store,
    post: Post,
    now: Callable[[], int],
    chance: Callable[[], float] = random.random,
    ended: Callable[[], bool] = lambda: False,
) -> list[Result]:
    """Plan, borrow, send and note one round of deliveries; empty when there is nothing to do, or others do it.

    Once ``ended`` says so, what is under way is broken off and given back. Not to be called from a running event loop:
    give it a thread.
    """
    with store.reading() as view:
        if not outbox.waiting(view, now()):
            return []
    holder = int.from_bytes(os.urandom(7))
    with store.writing() as tx:
        if not outbox.take_turn(tx.connection, holder, now()):
            return []
        outbox.plan(tx, now())
        borrowed = outbox.claim(tx.connection, now())
        letters = [_letter(post, delivery, tx.leaf(delivery.position)) for delivery in borrowed]
        if not borrowed:
            outbox.give_back(tx.connection, holder)
    if not borrowed:
        return []
    outcomes = asyncio.run(_send_all(post, letters, now, ended))
    results = [Result(*pair) for pair in zip(borrowed, outcomes, strict=True)]
    with store.writing() as tx:
        outbox.settle(tx.connection, results, now(), chance)
        outbox.give_back(tx.connection, holder)
    return results


def send_test(post: Post, subscription: Subscription, now: Callable[[], int]) -> str:
    """Send a message that tells of nothing; what it came to."""
    at = timestamp(datetime.fromtimestamp(now(), UTC))
    document = {"type": "registry.test", "timestamp": at, "origin": post.origin, "data": {}}
    letter = _Letter(subscription, f"{subscription.id}-test-{os.urandom(8).hex()}", _json(document))
    return asyncio.run(_send_all(post, [letter], now, lambda: False))[0]


def message(origin: str, leaf: bytes) -> bytes:
    """What is sent of an entry: the public leaf as it is in the log, and what kind of event that is."""
    entry = json.loads(leaf)
    return _json({"type": f"registry.{entry['kind']}", "timestamp": entry["at"], "origin": origin, "data": entry})


def _letter(post: Post, delivery: Delivery, leaf: bytes) -> _Letter:
    return _Letter(delivery.subscription, delivery.id(leaf), message(post.origin, leaf))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


async def _send_all(
    post: Post, letters: Sequence[_Letter], now: Callable[[], int], ended: Callable[[], bool]
) -> list[str]:
    """What became of each letter, all sent at once."""
    import httpx

    trust = post.trust or httpx.create_ssl_context(trust_env=False)
    addresses: dict[Target, asyncio.Task[str]] = {}
    tasks = [asyncio.create_task(_outcome(post, letter, trust, addresses, now)) for letter in letters]
    under_way: set[Any] = {*tasks}
    while under_way:
        _, under_way = await asyncio.wait(under_way, timeout=LOOK_S)
        if ended():
            for task in under_way:
                task.cancel()
    for task in addresses.values():
        task.cancel()
    return [outbox.INTERRUPTED if task.cancelled() else task.result() for task in tasks]


async def _outcome(
    post: Post, letter: _Letter, trust: SSLContext, addresses: dict[Target, asyncio.Task[str]], now: Callable[[], int]
) -> str:
    """The status that a receiver answered, or a word for why it did not; whatever it is, the other letters go on."""
    try:
        # One limit for everything, so that nobody holds us up by dripping an answer.
        async with asyncio.timeout(post.deadline_s):
            return await _send(post, letter, trust, addresses, now())
    except TimeoutError:
        return "timeout"
    except TanhuiError as error:
        return error.code
    except Exception as error:
        return type(error).__name__


async def _send(
    post: Post, letter: _Letter, trust: SSLContext, addresses: dict[Target, asyncio.Task[str]], now: int
) -> str:
    """The status that a receiver answers. What else it says is not read."""
    import httpx

    subscription = letter.subscription
    target = read_url(subscription.url, loopback=post.loopback)
    host = Target(target.scheme, target.host, target.port, "")
    if host not in addresses:
        looked_up = _aside(lambda: public_address(target, post.resolve, loopback=post.loopback))
        addresses[host] = asyncio.create_task(looked_up)
    address = await asyncio.shield(addresses[host])
    secrets = [subscription_secret(post.key, subscription.id, each) for each in subscription.generations(now)]
    named = {"host": target.authority, "content-type": "application/json", "user-agent": "tanhui-webhooks"}
    signed = headers(secrets, letter.id, now, letter.body)
    # The certificate must be the name's, though the connection goes to a number. So no two letters share a connection:
    # another name at the same number would go unchecked. No proxy from the environment: it would look the name up.
    extensions = {"sni_hostname": target.host.strip("[]")}
    async with (
        httpx.AsyncClient(verify=trust, trust_env=False, follow_redirects=False, timeout=post.deadline_s) as client,
        client.stream(
            "POST", target.at(address), content=letter.body, headers=named | signed, extensions=extensions
        ) as answer,
    ):
        return str(answer.status_code)


async def _aside(work: Callable[[], str]) -> str:
    """What blocks, in a thread that nobody waits for: a name server may be silent for longer than we have time."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def settle(value: str, error: Exception | None) -> None:
        if not answer.done():
            answer.set_exception(error) if error else answer.set_result(value)

    def run() -> None:
        value, error = "", None
        try:
            value = work()
        except Exception as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:  # the round is over
            return

    threading.Thread(target=run, name="tanhui-resolver", daemon=True).start()
    return await answer
