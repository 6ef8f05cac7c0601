"""What a server does by itself, over and over, each in a thread of its own: publish, let locks expire, deliver."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from tanhui.faces.api.service import Services
from tanhui.kernel.errors import TanhuiError

__all__ = ["Repeated", "deliverer", "keeper"]

log = logging.getLogger("tanhui.api")
#: How often acts are published, locks expire and webhooks are looked after, and how often what has ended is forgotten.
#: [s]
EVERY_S, TIDY_EVERY_S = 1.0, 3600.0


class Repeated:
    """Some work, again each second until the server ends.

    Parameters
    ----------
    name : str
        Of the thread.
    work : callable
        Takes the number of the round and a function that says whether the server ends.
    last : callable, optional
        What is done at the end, once.
    """

    def __init__(
        self, name: str, work: Callable[[int, Callable[[], bool]], None], last: Callable[[], Any] | None = None
    ) -> None:
        self._work, self._last = work, last
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tanhui-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Let it come to its end, without waiting for it."""
        self._end.set()

    def stop(self) -> None:
        """Wait until it has ended."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._end.wait(EVERY_S):
            attempt(self._work, number, self._end.is_set)
            number += 1
        if self._last is not None:
            attempt(self._last)


def attempt(work: Callable[..., Any], *arguments: Any) -> None:
    """Do what is tried again in a second if it fails. The log tells the kind of failure and nothing that was in it."""
    try:
        work(*arguments)
    except TanhuiError as error:
        log.warning("%s: %s", getattr(work, "__name__", "work"), error.code)
    except Exception as error:
        log.error("%s: %s", getattr(work, "__name__", "work"), type(error).__name__)


def keeper(services: Services) -> Repeated:
    """Let locks expire, publish what happened, and forget what has ended."""

    def publish() -> None:
        """A checkpoint, where the newest does not cover all."""
        with services.gate.reading() as view:
            newest = view.newest_checkpoint()
            behind = newest is None or newest[0] < view.size()
        if behind:
            services.registry.publish()

    def keep(number: int, _ended: Callable[[], bool]) -> None:
        attempt(services.registry.expire_due)
        attempt(publish)
        if number % int(TIDY_EVERY_S / EVERY_S) == 0:
            attempt(services.gate.tidy)

    return Repeated("keeper", keep, publish)


def deliverer(services: Services) -> Repeated:
    """Deliver webhooks, while there is something to deliver and the server does not end."""

    def deliver(_number: int, ended: Callable[[], bool]) -> None:
        while not ended() and (results := services.webhooks.deliver(ended)):
            for result in results:
                if result.failure:
                    # A URL may hold a secret of its receiver; the subscription's id says whose it is.
                    log.warning("webhook %s: %s", result.delivery.subscription.id, result.failure)

    return Repeated("deliverer", deliver)
