"""Asking for something: one route for each act, many orders at once, and what waits for another pair of eyes.

Each act is a POST whose body is the act's arguments. Its ``Idempotency-Key`` is the request id: the same one again
gives the first answer and changes nothing. What is answered is on disk.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from tanhui.faces.api.answers import PRIVATE, json_answer
from tanhui.faces.api.bodies import (
    ACT_BODIES,
    Body,
    IssueBody,
    OrdersBody,
    PlainOrder,
    SignedOrderBody,
    arguments,
)
from tanhui.faces.api.negotiation import language
from tanhui.faces.api.problems import field_faults, problem_document
from tanhui.faces.api.public import PathRequest
from tanhui.faces.api.service import CallerOrNone, Known, Reading, RequestId, Services, Shared, route
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.wording import Lang
from tanhui.registry.access.errors import NotRecognised
from tanhui.registry.access.service import Ask
from tanhui.registry.acts import Order
from tanhui.registry.entries import entry_document
from tanhui.registry.writing import Outcome

__all__ = ["ACT_PATHS", "router"]

router = APIRouter(tags=["acts"])

#: Where each act is asked for.
ACT_PATHS = {
    "open_account": "/accounts",
    "set_standing": "/accounts/standing",
    "add_person": "/people",
    "end_person": "/people/end",
    "add_key": "/keys",
    "end_key": "/keys/end",
    "transfer": "/transfers",
    "reassign": "/transfers/reassign",
    "exchange": "/exchanges",
    "retire": "/retirements",
    "cancel": "/cancellations",
    "define_asset": "/assets",
    "mint": "/amounts/mint",
    "redeem": "/amounts/redeem",
    "lock": "/encumbrances",
    "post": "/encumbrances/post",
    "release": "/encumbrances/release",
    "expire": "/encumbrances/expire",
    "record": "/projects/records",
}
WAITS = "registry.not_permitted"


async def carried_out(services: Services, asks: Sequence[Ask]) -> list[Outcome]:
    """What became of some asks, once it is on disk. A client that goes away does not take its order with it."""
    return await asyncio.shield(asyncio.wrap_future(services.committer.submit(asks)))


async def one(request: Request, services: Services, ask: Ask) -> Response:
    """The answer to one ask: done, done before, or waiting for another pair of eyes."""
    outcome = (await carried_out(services, [ask]))[0]
    if ask.refused is not None:
        outcome.done()
    if waits(outcome):
        outcome = await run_in_threadpool(services.gate.propose, ask)
    return told(request, outcome)


def told(request: Request, outcome: Outcome) -> Response:
    """An outcome as an answer; a refusal is raised, unless it only waits for others."""
    if waits(outcome):
        answer = json_answer(request, proposed_document(outcome.order), cache=PRIVATE, status=202)
        answer.headers["Location"] = proposal_path(outcome.order)
        return answer
    outcome.done()
    return json_answer(request, done_document(outcome), cache=PRIVATE, status=200 if outcome.repeated else 201)


def waits(outcome: Outcome) -> bool:
    """Whether an order is refused only because its people are not enough."""
    return outcome.refused is not None and outcome.refused.code == WAITS


def proposed_document(order: Order) -> dict[str, Any]:
    """That an order waits for other people, and where to look what becomes of it."""
    return {"status": "proposed", "where": proposal_path(order), "proposal": proposal_document(order)}


def proposal_path(order: Order) -> str:
    """Where a proposal is looked at."""
    return f"/v1/proposals/{order.request}"


def done_document(outcome: Outcome) -> dict[str, Any]:
    """What was done: the entry of the log, and the id of what it made."""
    entry = outcome.done()
    return {
        "status": "repeated" if outcome.repeated else "done",
        "index": str(entry.index),
        "id": getattr(entry.noun, "id", ""),
        "entry": entry_document(entry),
    }


def proposal_document(order: Order) -> dict[str, Any]:
    """What waits, for those who may agree to it."""
    return {
        "id": order.request,
        "act": order.act,
        "arguments": dict(order.arguments),
        "agreed": [approval.person for approval in order.by],
    }


def add_act(act: str, path: str, model: type[Body]) -> None:
    """The route of an act."""

    async def endpoint(
        request: Request,
        services: Shared,
        caller: Known,
        key: RequestId,
        body: model,  # type: ignore[valid-type]
    ) -> Response:
        address = request.state.address
        wanted = [(key, act, arguments(body))]
        asks = await run_in_threadpool(services.gate.asks, caller, wanted, address)
        return await one(request, services, asks[0])

    router.post(path, status_code=201, **route(act, 200, 201, 202))(endpoint)


for _act, _path in ACT_PATHS.items():
    add_act(_act, _path, ACT_BODIES[_act])


@router.post("/batches", status_code=201, **route("issue", 200, 201, 202))
async def issue(request: Request, services: Shared, caller: Known, key: RequestId, body: IssueBody) -> Response:
    """Turn the claim of a run into batches."""
    claims = body.result.get("claims")
    if not isinstance(claims, list) or body.claim >= len(claims) or not isinstance(claims[body.claim], dict):
        raise InputError("registry.claim_not_in_result")
    documents = (body.result, body.manifest, claims[body.claim])
    ask = await run_in_threadpool(
        services.gate.ask_issue,
        caller,
        key,
        documents,
        body.owner,
        request.state.address,
        region=body.region,
        product=body.product,
        unit_kg=body.unit_kg,
        statement=body.statement,
    )
    return await one(request, services, ask)


@router.post("/orders", **route("orders", 200, 202))
async def orders(request: Request, services: Shared, caller: CallerOrNone, body: OrdersBody) -> Response:
    """Many orders, of whoever is logged in or signed, in one transaction; each is done, refused or waits by itself."""
    checked_arguments(body)
    asks = await run_in_threadpool(_asks, services, caller, body, request.state.address)
    outcomes = await carried_out(services, asks)
    told = await run_in_threadpool(_all_told, services, asks, outcomes, language(request.scope))
    proposed = any(outcome["status"] == "proposed" for outcome in told)
    return json_answer(request, {"outcomes": told}, cache=PRIVATE, status=202 if proposed else 200)


def _all_told(services: Services, asks: Sequence[Ask], outcomes: Sequence[Outcome], lang: Lang) -> list[dict[str, Any]]:
    """Each outcome as it is sent; what takes other people is kept until they agree, unless it was signed."""
    told = []
    for ask, outcome in zip(asks, outcomes, strict=True):
        if ask.refused is None and ask.signed is None and waits(outcome):
            outcome = services.gate.propose(ask)
            if waits(outcome):
                told.append({"request": _name(ask.order), **proposed_document(outcome.order)})
                continue
        told.append(_outcome(outcome, lang))
    return told


def checked_arguments(body: OrdersBody) -> None:
    """Bring the arguments of all orders into their form, or refuse with all that is wrong."""
    faults: list[Fault] = []
    for row, item in enumerate(body.orders):
        if isinstance(item, PlainOrder):
            act, given = item.act, item.arguments
        else:
            act, given = str(item.order.get("act")), item.order.get("arguments", {})
        model = ACT_BODIES.get(act)
        if model is None:
            faults.append(Fault("api.field", row=row, column="order.act", facts={"why": "unknown"}))
            continue
        try:
            checked = model.model_validate(given)
        except ValidationError as error:
            faults += field_faults(error.errors(include_input=False, include_url=False), row, "arguments")
            continue
        if isinstance(item, PlainOrder):
            item.arguments = arguments(checked)
    if faults:
        raise RefusedInput(faults)


def _asks(services: Services, caller: Any, body: OrdersBody, address: str) -> list[Ask]:
    """What the orders ask for, in their order."""
    plain = [(item.request, item.act, item.arguments) for item in body.orders if isinstance(item, PlainOrder)]
    signed = [item.model_dump() for item in body.orders if isinstance(item, SignedOrderBody)]
    if plain and caller is None:
        raise NotRecognised("missing")
    mine = iter(services.gate.asks(caller, plain, address) if plain else ())
    theirs = iter(services.gate.asks_signed(signed, address) if signed else ())
    return [next(mine) if isinstance(item, PlainOrder) else next(theirs) for item in body.orders]


def _outcome(outcome: Outcome, lang: Lang) -> dict[str, Any]:
    request = _name(outcome.order)
    if outcome.refused is not None:
        return {"request": request, "status": "refused", "problem": problem_document(outcome.refused, lang)}
    return {"request": request, **done_document(outcome)}


def _name(order: Order) -> str:
    """The client's own name for an order."""
    return order.request.partition(":")[2]


# Another pair of eyes -------------------------------------------------------------------------------------------------


@router.get("/proposals", **route("list_proposals", 200))
def list_proposals(request: Request, services: Shared, caller: Reading) -> Response:
    """What waits for another pair of eyes."""
    items = [proposal_document(order) for order in services.gate.proposals(caller)]
    return json_answer(request, {"items": items, "next": None}, cache=PRIVATE)


@router.get("/proposals/{proposal}", **route("get_proposal", 200))
def get_proposal(request: Request, proposal: PathRequest, services: Shared, caller: Reading) -> Response:
    """One of them."""
    return json_answer(request, proposal_document(services.gate.proposal(caller, proposal)), cache=PRIVATE)


@router.post("/proposals/{proposal}/agreement", status_code=201, **route("agree", 200, 201, 202))
def agree(request: Request, proposal: PathRequest, services: Shared, caller: Known) -> Response:
    """Agree to a proposal."""
    return told(request, services.gate.agree(caller, proposal, request.state.address))


@router.delete("/proposals/{proposal}", status_code=204, **route("withdraw"))
def withdraw(request: Request, proposal: PathRequest, services: Shared, caller: Known) -> Response:
    """Take a proposal back."""
    services.gate.withdraw(caller, proposal, request.state.address)
    return Response(status_code=204)
