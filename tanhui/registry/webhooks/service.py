"""The webhooks of one registry: subscribe, deliver, look after what could not be delivered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from tanhui.registry.folder import open_store
from tanhui.registry.model import Declaration
from tanhui.registry.webhooks import outbox
from tanhui.registry.webhooks.addresses import Resolve, system_resolver
from tanhui.registry.webhooks.deliver import Post, deliver_due
from tanhui.registry.webhooks.outbox import Delivery, Result, Subscription
from tanhui.registry.webhooks.signing import load_key, secret_text, subscription_secret
from tanhui.registry.webhooks.tables import create

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
        with self._store.writing() as tx:
            create(tx.connection)
            declared = tx.entry(0).noun
        assert isinstance(declared, Declaration)
        self._post = Post(declared.origin, load_key(folder, declared.origin), resolve, loopback=loopback)

    def close(self) -> None:
        """Give the database back."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def subscribe(self, url: str, kinds: Sequence[str] = (), account: str = "") -> tuple[Subscription, str]:
        """A new subscription, from the next entry on, and its secret."""
        with self._store.writing() as tx:
            made = outbox.subscribe(tx, account, url, kinds, self._now(), self._entropy, loopback=self._loopback)
        return made, secret_text(subscription_secret(self._post.key, made.id))

    def end(self, subscription: str) -> None:
        """End a subscription."""
        with self._store.writing() as tx:
            outbox.close(tx.connection, subscription, self._now())

    def subscriptions(self, account: str | None = None) -> list[Subscription]:
        """Every subscription, or an account's."""
        with self._store.reading() as view:
            return outbox.subscriptions_of(view.connection, account)

    def dead_letters(self, subscription: str | None = None) -> list[Delivery]:
        """What was given up."""
        with self._store.reading() as view:
            return outbox.dead_letters(view.connection, subscription)

    def again(self, subscription: str) -> int:
        """Try a subscription's dead letters again; how many there are."""
        with self._store.writing() as tx:
            return outbox.again(tx.connection, subscription, self._now())

    def deliver(self) -> list[Result]:
        """One round of deliveries; empty when nothing is due. A server calls this over and over, in a thread."""
        return deliver_due(self._store, self._post, self._now)

    def _now(self) -> int:
        return int(self._clock())
