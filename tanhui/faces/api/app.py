"""One application for one registry: its parts, and when they begin and end."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, FastAPI

from tanhui import __version__
from tanhui.faces.api import acts, entrance, own, public
from tanhui.faces.api.committer import Committer
from tanhui.faces.api.problems import HANDLERS
from tanhui.faces.api.service import Services
from tanhui.faces.api.wire import Wire
from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.signing import TrustedKey
from tanhui.kernel.wording import say
from tanhui.registry.access.limits import Limiter, Rate, rates
from tanhui.registry.access.service import Gate
from tanhui.registry.service import Registry

__all__ = ["create_app"]

log = logging.getLogger("tanhui.api")
#: How often acts are published and locks expire, and how often what has ended is forgotten. [s]
EVERY_S, TIDY_EVERY_S = 1.0, 3600.0


def create_app(
    registry: Registry,
    *,
    gate: Gate | None = None,
    behind_proxy: bool = False,
    verifiers: Mapping[str, TrustedKey] | None = None,
    allowed: Mapping[str, Rate] | None = None,
) -> FastAPI:
    """The application of a registry that was opened with ``publish_each=False``.

    Parameters
    ----------
    registry : Registry
        Stays open as long as the application runs; who opened it closes it.
    gate : Gate, optional
        Its door, where one was made already.
    behind_proxy : bool
        Whether a proxy in front says whose request it is (``X-Forwarded-For``) and ends TLS.
    verifiers : mapping, optional
        Whose statements count where a claim is issued.
    allowed : mapping, optional
        Rates by kind, in place of those in ``data/registry_access/limits.toml``.
    """
    gate = gate or Gate(registry)
    limiter = Limiter(rates(datetime.now(UTC).date()) if allowed is None else allowed)
    services = Services(registry, gate, Committer(gate), limiter, verifiers or {})
    keeper = Keeper(services)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        services.committer.start()
        keeper.start()
        yield
        services.committer.stop()
        keeper.stop()

    app = FastAPI(
        title="tanhui",
        version=__version__,
        description=say("api.description"),
        openapi_url="/openapi.json",
        docs_url=None,  # its page would ask others for scripts
        redoc_url=None,
        lifespan=running,
        exception_handlers=HANDLERS,
        separate_input_output_schemas=False,
    )
    app.state.services = services
    app.add_middleware(Wire, limiter=limiter, behind_proxy=behind_proxy)
    routes = APIRouter(prefix="/v1")
    # Paths with a fixed word come before those with a name in its place.
    for part in (acts.router, entrance.router, public.router, own.router):
        routes.include_router(part)
    app.include_router(routes)
    return app


class Keeper:
    """What a server does by itself, each second: let locks expire, and publish what happened."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tanhui-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what is left, and end."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        ticks = 0
        while not self._end.wait(EVERY_S):
            self._try(self._services.registry.expire_due)
            self._try(self._publish)
            if ticks % int(TIDY_EVERY_S / EVERY_S) == 0:
                self._try(self._services.gate.tidy)
            ticks += 1
        self._try(self._publish)

    def _publish(self) -> None:
        """A checkpoint, where the newest does not cover all."""
        with self._services.gate.reading() as view:
            newest = view.newest_checkpoint()
            behind = newest is None or newest[0] < view.size()
        if behind:
            self._services.registry.publish()

    def _try(self, work: Any) -> None:
        """Whatever fails is tried again in a second."""
        try:
            work()
        except TanhuiError as error:
            log.warning("%s: %s", getattr(work, "__name__", "work"), error.code)
        except Exception as error:
            log.error("%s: %s", getattr(work, "__name__", "work"), type(error).__name__)
