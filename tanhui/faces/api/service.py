"""What the routes of one application share, and how a request gets at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer

from tanhui.faces.api.bodies import REQUEST
from tanhui.faces.api.committer import Committer
from tanhui.faces.api.kept import Kept
from tanhui.faces.api.wire import pay
from tanhui.kernel.wording import say
from tanhui.registry.access.errors import NotRecognised
from tanhui.registry.access.limits import Limiter
from tanhui.registry.access.secrets import require_scope
from tanhui.registry.access.service import Caller, Gate
from tanhui.registry.service import Registry
from tanhui.registry.webhooks.service import Webhooks

__all__ = ["CallerOrNone", "Known", "Reading", "RequestId", "Services", "Shared", "route"]


@dataclass(frozen=True)
class Services:
    """One registry, its door, and what carries out."""

    registry: Registry
    gate: Gate
    committer: Committer
    limiter: Limiter
    webhooks: Webhooks
    kept: Kept = field(default_factory=Kept)


async def shared(request: Request) -> Services:
    """The application's parts."""
    services: Services = request.app.state.services
    return services


# What only looks is asynchronous, so that it runs at once; what asks the database runs in a thread.
Shared = Annotated[Services, Depends(shared)]
Token = Annotated[Any, Depends(HTTPBearer(auto_error=False, description=say("api.bearer")))]


def caller_or_none(request: Request, services: Shared, _: Token) -> Caller | None:
    """Who asks; nobody where no credential is shown."""
    shown = request.headers.get("authorization")
    if shown is None:
        return None
    kind, _, credential = shown.partition(" ")
    address = request.state.address
    try:
        if kind.lower() != "bearer" or not credential.isascii():
            raise NotRecognised("malformed")
        caller = services.gate.caller(credential.strip())
    except NotRecognised:
        pay(services.limiter, login=address)  # guessing is slow
        raise
    pay(services.limiter, 1, **{caller.kind: caller.credential})
    return caller


CallerOrNone = Annotated[Caller | None, Depends(caller_or_none)]


async def known(caller: CallerOrNone) -> Caller:
    """Who asks; somebody must."""
    if caller is None:
        raise NotRecognised("missing")
    return caller


Known = Annotated[Caller, Depends(known)]


async def reading(caller: Known) -> Caller:
    """Who asks, with a credential that may read."""
    require_scope(caller.scopes, "read")
    return caller


Reading = Annotated[Caller, Depends(reading)]
RequestId = Annotated[str, Header(alias="Idempotency-Key", pattern=REQUEST, description=say("api.idempotency_key"))]


def route(name: str, *statuses: int) -> dict[str, Any]:
    """What the documentation says of a route: a line of English, a line of Chinese, and how it may be refused."""
    refusals = dict.fromkeys((400, 401, 403, 404, 409, 422, 429, 503), PROBLEM_SCHEMA)
    return {
        "operation_id": name,
        "summary": say(f"api.route.{name}", "en"),
        "description": say(f"api.route.{name}", "zh"),
        "responses": {**refusals, **dict.fromkeys(statuses, DOCUMENT_SCHEMA)},
    }


_PROBLEM_FIELDS = {
    "type": {"type": "string"},
    "title": {"type": "string"},
    "status": {"type": "integer"},
    "detail": {"type": "string"},
    "code": {"type": "string"},
    "facts": {"type": "object"},
    "faults": {"type": "array", "items": {"type": "object"}},
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "description": say("api.problem"),
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": _PROBLEM_FIELDS,
                "required": ["type", "title", "status", "detail", "code"],
                "additionalProperties": False,
            }
        }
    },
}
DOCUMENT_SCHEMA: dict[str, Any] = {
    "description": say("api.done"),
    "content": {"application/json": {"schema": {"type": "object"}}},
}
