"""Connections: how many there may be, and that whoever opens one says what it wants."""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Prompt", "most_connections"]

#: How long the head of a request may take to arrive. [s]
HEAD_S = 20.0
#: Connections beyond which the server only says, in plain text, that it is busy; and open files kept for other ends.
MOST_CONNECTIONS, OTHER_FILES = 10_000, 200


class Prompt(HttpToolsProtocol):
    """A connection that is closed if the head of its next request does not come in time.

    Without it whoever opens many and stays silent, or sends a letter now and then, keeps everybody else out.
    """

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request is awaited."""
        super().connection_made(transport)
        self._hurry()

    def on_response_complete(self) -> None:
        """The next request is awaited."""
        super().on_response_complete()
        self._hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        super().connection_lost(exc)
        if self._late is not None:
            self._late.cancel()

    def _hurry(self) -> None:
        if self._late is not None:
            self._late.cancel()
        self._late = self.loop.call_later(HEAD_S, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def most_connections() -> int:
    """How many connections this process can hold, after it has asked for as many open files as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MOST_CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < files:
        files = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - OTHER_FILES, files // 2)
