"""The webhooks of one registry: subscribe, deliver, look after what could not be delivered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tanhui.registry.errors import RegistryError
from tanhui.registry.folder import open_store
from tanhui.registry.model import Declaration
from tanhui.registry.store import Reader
from tanhui.registry.webhooks import outbox
from tanhui.registry.webhooks.addresses import Resolve, system_resolver
from tanhui.registry.webhooks.deliver import Post, deliver_due, send_test
from tanhui.registry.webhooks.outbox import Delivery, Result, Subscription
from tanhui.registry.webhooks.signing import load_key, secret_text, subscription_secret

__all__ = ["Webhooks"]


class Webhooks:
    """Webhooks of the registry in a folder. Clock and randomness are arguments so that tests can repeat them.

    Parameters
    ----------
    folder : Path
        The registry's.
    now : callable
        POSIX seconds.
    loopback : bool
        For tests only: this machine may be a receiver, by plain HTTP too. No face offers it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
        resolve: Resolve = system_resolver,
        loopback: bool = False,
    ) -> None:
        self._store = open_store(folder)
        self._clock, self._entropy, self._loopback = now, entropy, loopback
        with self._store.reading() as view:
            declared = view.entry(0).noun
        assert isinstance(declared, Declaration)
        self._post = Post(declared.origin, load_key(folder, declared.origin), resolve, loopback=loopback)

    def close(self) -> None:
        """Give the database back."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Subscriptions; with a transaction of the caller's, so that what belongs to it commits with it, or one of their own

    def subscribe(
        self, url: str, kinds: Sequence[str] = (), account: str = "", tx: Reader | None = None
    ) -> tuple[Subscription, str]:
        """A new subscription, from the next entry on, and its secret."""
        with self._within(tx) as view:
            made = outbox.subscribe(view, account, url, kinds, self._now(), self._entropy, loopback=self._loopback)
        return made, self._secret(made)

    def pause(self, subscription: str, tx: Reader | None = None) -> Subscription:
        """Send nothing until it is resumed; nothing is forgotten."""
        with self._within(tx) as view:
            return outbox.pause(view.connection, subscription, self._now())

    def resume(self, subscription: str, tx: Reader | None = None) -> Subscription:
        """Go on where it was paused."""
        with self._within(tx) as view:
            return outbox.resume(view.connection, subscription)

    def rotate(self, subscription: str, tx: Reader | None = None) -> tuple[Subscription, str]:
        """A new secret; for a day messages are signed with the old one too."""
        with self._within(tx) as view:
            made = outbox.rotate(view.connection, subscription, self._now())
        return made, self._secret(made)

    def end(self, subscription: str, tx: Reader | None = None) -> None:
        """End a subscription."""
        with self._within(tx) as view:
            outbox.close(view.connection, subscription, self._now())

    def again(self, subscription: str, tx: Reader | None = None) -> int:
        """Try a subscription's dead letters again; how many there are."""
        with self._within(tx) as view:
            return outbox.again(view.connection, subscription, self._now())

    # Questions --------------------------------------------------------------------------------------------------------

    def subscriptions(self, account: str | None = None) -> list[tuple[Subscription, int]]:
        """Every subscription, or an account's, with how much was given up."""
        with self._store.reading() as view:
            dead = outbox.undelivered(view.connection)
            return [(each, dead.get(each.id, 0)) for each in outbox.subscriptions_of(view.connection, account)]

    def deliveries(self, subscription: str, before: int | None = None, most: int = 100) -> list[Delivery]:
        """What a subscription was or is to be told, and what came of it; the newest entries first."""
        with self._store.reading() as view:
            return outbox.deliveries_of(view.connection, subscription, before, most)

    # Sending. Not from a running event loop: give it a thread ---------------------------------------------------------

    def deliver(self, ended: Callable[[], bool] = lambda: False) -> list[Result]:
        """One round of deliveries; empty when nothing is due, or another process delivers."""
        return deliver_due(self._store, self._post, self._now, ended=ended)

    def test(self, subscription: str) -> str:
        """Send a message that tells of nothing, paused or not; what it came to, as :class:`Result` says."""
        with self._store.reading() as view:
            found = outbox.subscription_of(view.connection, subscription)
        if found.state == "closed":
            raise RegistryError("webhooks.unknown_subscription", subscription=subscription)
        return send_test(self._post, found, self._now)

    @contextmanager
    def _within(self, tx: Reader | None) -> Iterator[Reader]:
        if tx is not None:
            yield tx
            return
        with self._store.writing() as own:
            yield own

    def _secret(self, of: Subscription) -> str:
        return secret_text(subscription_secret(self._post.key, of.id, of.generation))

    def _now(self) -> int:
        return int(self._clock())
