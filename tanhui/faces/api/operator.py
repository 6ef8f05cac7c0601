"""What only the operator does: webhooks, names that are to be forgotten, and what kind of person an account is of."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tanhui.faces.api.answers import PRIVATE, json_answer
from tanhui.faces.api.bodies import AccountKindBody, ErasureBody, WebhookBody
from tanhui.faces.api.public import Limit, PathId
from tanhui.faces.api.rows import PAGE
from tanhui.faces.api.service import Known, Shared, route
from tanhui.faces.api.wire import pay
from tanhui.registry.access.persons import set_kind
from tanhui.registry.errors import RegistryError
from tanhui.registry.operations.erasure import erase_name, erasures_of
from tanhui.registry.webhooks.outbox import is_delivered

__all__ = ["router"]

router = APIRouter(tags=["operator"])

Before = Annotated[int | None, Query(ge=0, lt=2**62)]
#: Requests that a message which is sent at once counts for: it may take seconds, and goes to others.
TEST_COST = 20


@router.post("/webhooks", status_code=201, **route("add_webhook", 201))
def add_webhook(request: Request, body: WebhookBody, services: Shared, caller: Known) -> Response:
    """Subscribe; the secret is shown once."""
    with services.gate.administering(caller, "add_webhook", request.state.address) as tx:
        made, secret = services.webhooks.subscribe(body.url, body.kinds, body.account, tx)
    return json_answer(request, {**made.to_dict(), "secret": secret}, cache=PRIVATE, status=201)


@router.get("/webhooks", **route("list_webhooks", 200))
def list_webhooks(request: Request, services: Shared, caller: Known) -> Response:
    """Subscriptions, with how much was given up."""
    services.gate.need_operator(caller, "read", "read")
    items = [{**each.to_dict(), "dead": dead} for each, dead in services.webhooks.subscriptions()]
    return json_answer(request, {"items": items, "next": None}, cache=PRIVATE)


@router.get("/webhooks/{webhook}/deliveries", **route("list_deliveries", 200))
def list_deliveries(
    request: Request, webhook: PathId, services: Shared, caller: Known, before: Before = None, limit: Limit = PAGE
) -> Response:
    """What a receiver was or is to be told, and what came of it; the newest first."""
    services.gate.need_operator(caller, "read", "read")
    items = [each.to_dict() for each in services.webhooks.deliveries(webhook, before, limit)]
    following = items[-1]["index"] if len(items) == limit else None
    return json_answer(request, {"items": items, "next": following}, cache=PRIVATE)


@router.post("/webhooks/{webhook}/test", **route("test_webhook", 200))
def test_webhook(request: Request, webhook: PathId, services: Shared, caller: Known) -> Response:
    """Send a message that tells of nothing, and say what came of it."""
    pay(services.limiter, TEST_COST, **{caller.kind: caller.credential})
    with services.gate.administering(caller, "test_webhook", request.state.address, webhook):
        pass
    outcome = services.webhooks.test(webhook)
    return json_answer(request, {"delivered": is_delivered(outcome), "outcome": outcome}, cache=PRIVATE)


@router.post("/webhooks/{webhook}/pause", **route("pause_webhook", 200))
def pause_webhook(request: Request, webhook: PathId, services: Shared, caller: Known) -> Response:
    """Send nothing until it is resumed."""
    with services.gate.administering(caller, "pause_webhook", request.state.address, webhook) as tx:
        found = services.webhooks.pause(webhook, tx)
    return json_answer(request, found.to_dict(), cache=PRIVATE)


@router.post("/webhooks/{webhook}/resume", **route("resume_webhook", 200))
def resume_webhook(request: Request, webhook: PathId, services: Shared, caller: Known) -> Response:
    """Go on where it was paused."""
    with services.gate.administering(caller, "resume_webhook", request.state.address, webhook) as tx:
        found = services.webhooks.resume(webhook, tx)
    return json_answer(request, found.to_dict(), cache=PRIVATE)


@router.post("/webhooks/{webhook}/again", **route("retry_webhook", 200))
def retry_webhook(request: Request, webhook: PathId, services: Shared, caller: Known) -> Response:
    """Try again what was given up."""
    with services.gate.administering(caller, "retry_webhook", request.state.address, webhook) as tx:
        count = services.webhooks.again(webhook, tx)
    return json_answer(request, {"again": count}, cache=PRIVATE)


@router.post("/webhooks/{webhook}/secret", status_code=201, **route("rotate_webhook", 201))
def rotate_webhook(request: Request, webhook: PathId, services: Shared, caller: Known) -> Response:
    """A new secret, shown once."""
    with services.gate.administering(caller, "rotate_webhook", request.state.address, webhook) as tx:
        found, secret = services.webhooks.rotate(webhook, tx)
    return json_answer(request, {**found.to_dict(), "secret": secret}, cache=PRIVATE, status=201)


@router.delete("/webhooks/{webhook}", status_code=204, **route("end_webhook"))
def end_webhook(request: Request, webhook: PathId, services: Shared, caller: Known) -> Response:
    """End a subscription."""
    with services.gate.administering(caller, "end_webhook", request.state.address, webhook) as tx:
        services.webhooks.end(webhook, tx)
    return Response(status_code=204)


# Names and persons ----------------------------------------------------------------------------------------------------


@router.post("/erasures", **route("erase_name", 200, 202))
def erase(request: Request, body: ErasureBody, services: Shared, caller: Known) -> Response:
    """Forget a name for ever; where it takes two, the second asks for the same."""
    registry, address = services.registry, request.state.address
    with services.gate.administering(caller, "erase_name", address, body.commitment) as tx:
        eyes = registry.declaration.eyes
        found = erase_name(tx, body.commitment, body.document, caller.person, eyes, int(time.time()))
    if found.erased_at is None:
        return json_answer(request, found.to_dict(), cache=PRIVATE, status=202)
    registry.erase(body.commitment)  # overwrites it on disk; refused where somebody still reads, and can be asked again
    return json_answer(request, found.to_dict(), cache=PRIVATE)


@router.get("/erasures", **route("list_erasures", 200))
def list_erasures(request: Request, services: Shared, caller: Known) -> Response:
    """Names that were forgotten, and those that wait for another person."""
    services.gate.need_operator(caller, "read", "read")
    with services.gate.reading() as view:
        items = [found.to_dict() for found in erasures_of(view.connection)]
    return json_answer(request, {"items": items, "next": None}, cache=PRIVATE)


@router.post("/accounts/kind", **route("set_account_kind", 200))
def set_account_kind(request: Request, body: AccountKindBody, services: Shared, caller: Known) -> Response:
    """Say whether an account is a natural or a legal person's."""
    with services.gate.administering(caller, "set_account_kind", request.state.address, body.account) as tx:
        if tx.account(body.account) is None:
            raise RegistryError("registry.unknown_account", account=body.account)
        set_kind(tx.connection, body.account, body.kind)
    return json_answer(request, {"account": body.account, "kind": body.kind}, cache=PRIVATE)
