"""One application for one registry: its parts, and when they begin and end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import APIRouter, FastAPI

from tanhui import __version__
from tanhui.faces.api import acts, entrance, operator, own, public
from tanhui.faces.api.background import deliverer, keeper
from tanhui.faces.api.committer import Committer
from tanhui.faces.api.problems import HANDLERS
from tanhui.faces.api.service import Services
from tanhui.faces.api.wire import MOST_AT_ONCE, Wire
from tanhui.kernel.wording import say
from tanhui.registry.access.limits import Limiter, Rate, rates
from tanhui.registry.access.service import Gate
from tanhui.registry.service import Registry
from tanhui.registry.webhooks.service import Webhooks

__all__ = ["create_app"]


def create_app(
    registry: Registry,
    *,
    gate: Gate | None = None,
    behind_proxy: bool = False,
    allowed: Mapping[str, Rate] | None = None,
    webhooks: Webhooks | None = None,
    at_once: int = MOST_AT_ONCE,
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
    allowed : mapping, optional
        Rates by kind, in place of those in ``data/registry_access/limits.toml``.
    webhooks : Webhooks, optional
        The registry's, where they were opened already; who opened them closes them.
    at_once : int
        Requests that are served at once.
    """
    gate = gate or Gate(registry)
    limiter = Limiter(rates(datetime.now(UTC).date()) if allowed is None else allowed)
    hooks = webhooks or Webhooks(registry.folder)
    services = Services(registry, gate, Committer(gate), limiter, hooks)
    background = (keeper(services), deliverer(services))

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        services.committer.start()
        for work in background:
            work.start()
        yield
        for work in background:
            work.end()
        services.committer.stop()
        for work in background:
            work.stop()
        if webhooks is None:
            hooks.close()

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
    app.add_middleware(Wire, limiter=limiter, behind_proxy=behind_proxy, at_once=at_once)
    routes = APIRouter(prefix="/v1")
    # Paths with a fixed word come before those with a name in its place.
    for part in (acts.router, entrance.router, operator.router, public.router, own.router):
        routes.include_router(part)
    app.include_router(routes)
    return app
