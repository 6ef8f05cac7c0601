"""Who is asking: one-time codes, sessions, API keys."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tanhui.faces.api.answers import PRIVATE, json_answer
from tanhui.faces.api.bodies import ApiKeyBody, EnrolBody, LogInBody
from tanhui.faces.api.public import PathId
from tanhui.faces.api.service import Known, Reading, Shared, route
from tanhui.faces.api.wire import pay
from tanhui.kernel.errors import InputError
from tanhui.registry.access.orders import FORMAT
from tanhui.registry.access.secrets import ApiKey

__all__ = ["router"]

router = APIRouter(tags=["entrance"])


@router.post("/enrolments", status_code=201, **route("enrol", 201))
def enrol(request: Request, body: EnrolBody, services: Shared) -> Response:
    """Come in by a one-time code."""
    pay(services.limiter, login=request.state.address)
    person = services.gate.enrol(body.code, password=body.password, public=body.public, address=request.state.address)
    return json_answer(request, {"person": person}, cache=PRIVATE, status=201)


@router.post("/people/{person}/code", status_code=201, **route("invite", 201))
def invite(request: Request, person: PathId, services: Shared, caller: Known) -> Response:
    """A one-time code for somebody."""
    code = services.gate.invite(caller, person, request.state.address)
    return json_answer(request, {"person": person, "code": code.reveal()}, cache=PRIVATE, status=201)


@router.post("/sessions", status_code=201, **route("log_in", 201))
def log_in(request: Request, body: LogInBody, services: Shared) -> Response:
    """Open a session."""
    address = request.state.address
    pay(services.limiter, login=address)
    if body.signed is not None:
        token = services.gate.log_in_signed(body.signed.model_dump(), address)
    elif body.person and body.password:
        pay(services.limiter, login=f"person {body.person}")
        token = services.gate.log_in(body.person, body.password, address)
    else:
        raise InputError("access.credential_needed")
    return json_answer(request, {"token": token.reveal()}, cache=PRIVATE, status=201)


@router.get("/sessions/current", **route("who_am_i", 200))
def who_am_i(request: Request, services: Shared, caller: Reading) -> Response:
    """Whose credential it is, and what it may be used for."""
    document = {
        "person": caller.person,
        "account": caller.account,
        "roles": sorted(caller.roles),
        "scopes": sorted(caller.scopes),
        "registry": services.registry.origin,
        "order_format": FORMAT,
    }
    return json_answer(request, document, cache=PRIVATE)


@router.delete("/sessions/current", status_code=204, **route("log_out"))
def log_out(request: Request, services: Shared, caller: Known) -> Response:
    """End a session."""
    services.gate.log_out(request.headers["authorization"].partition(" ")[2].strip())
    return Response(status_code=204)


@router.post("/api-keys", status_code=201, **route("make_api_key", 201))
def make_api_key(request: Request, body: ApiKeyBody, services: Shared, caller: Known) -> Response:
    """A key for programs, shown once."""
    secret, key = services.gate.make_key(caller, body.scopes, body.days)
    return json_answer(request, {"key": secret.reveal(), **told(key)}, cache=PRIVATE, status=201)


@router.get("/api-keys", **route("list_api_keys", 200))
def list_api_keys(request: Request, services: Shared, caller: Reading) -> Response:
    """The caller's keys."""
    return json_answer(request, {"items": [told(key) for key in services.gate.keys(caller)]}, cache=PRIVATE)


@router.delete("/api-keys/{key}", status_code=204, **route("end_api_key"))
def end_api_key(key: PathId, services: Shared, caller: Known) -> Response:
    """Revoke a key."""
    services.gate.end_key(caller, key)
    return Response(status_code=204)


def told(key: ApiKey) -> dict[str, object]:
    """What may be told of a key."""
    return {
        "id": key.id,
        "scopes": sorted(key.scopes),
        "made_at": key.made_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
