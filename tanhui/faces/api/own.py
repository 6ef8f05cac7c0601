"""Reading with login: accounts and what they hold, for their own people, the operator and the regulator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tanhui.faces.api.answers import PRIVATE, json_answer
from tanhui.faces.api.bodies import ID
from tanhui.faces.api.public import Cursor, Format, Limit, PathId, listed
from tanhui.faces.api.rows import MOST_ROWS, PAGE
from tanhui.faces.api.service import Reading, Shared, route
from tanhui.registry.access.service import Caller
from tanhui.registry.errors import RegistryError
from tanhui.registry.store import Reader
from tanhui.registry.views import Balance

__all__ = ["router"]

router = APIRouter(tags=["own"])

AccountQuery = Annotated[str | None, Query(pattern=ID)]
After = Annotated[int, Query(ge=0, lt=2**62)]


def whose(caller: Caller, account: str | None) -> str | None:
    """The account a caller may see: the one asked for, else the own; nothing, which is all, for who sees all."""
    if account is None:
        return None if caller.sees_all else caller.account
    if not caller.sees(account):
        raise RegistryError("registry.not_permitted", act="read")
    return account


@router.get("/accounts", **route("list_accounts", 200))
def list_accounts(
    request: Request,
    services: Shared,
    caller: Reading,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
) -> Response:
    """Accounts with their names."""
    account = whose(caller, None)
    return listed(request, services, "accounts", cursor, limit, format, cache=PRIVATE, account=account)


@router.get("/accounts/{account}", **route("get_account", 200))
def get_account(request: Request, account: PathId, services: Shared, caller: Reading) -> Response:
    """One account with what it holds, by batch and encumbrance."""
    whose(caller, account)
    with services.gate.reading() as view:
        found = view.account(account)
        if found is None:
            raise RegistryError("registry.unknown_account", account=account)
        opening = view.opening(found.commitment)
        balances = _balances(view, account, services.registry.sandbox)
    document = {
        "id": found.id,
        "name": opening.value if opening else "",
        "roles": list(found.roles),
        "region": found.region,
        "balances": [balance.to_dict() for balance in balances],
    }
    return json_answer(request, document, cache=PRIVATE)


def _balances(view: Reader, account: str, sandbox: bool) -> list[Balance]:
    """As :meth:`tanhui.registry.service.Registry.balance`, in a view that is open, of the batches that are held."""
    rows = view.balances(account)
    batches = {name: batch for name in {name for name, _, _ in rows} if (batch := view.batch(name))}
    return [
        Balance(account, name, batches[name].vintage, units, batches[name].claim.unit_kg, place.locks, sandbox)
        for name, place, units in rows
    ]


@router.get("/holdings", **route("list_holdings", 200))
def list_holdings(
    request: Request,
    services: Shared,
    caller: Reading,
    account: AccountQuery = None,
    batch: AccountQuery = None,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
) -> Response:
    """Which serials an account holds."""
    kept = {"account": whose(caller, account), "batch": batch}
    return listed(request, services, "holdings", cursor, limit, format, cache=PRIVATE, **kept)


@router.get("/encumbrances", **route("list_encumbrances", 200))
def list_encumbrances(
    request: Request,
    services: Shared,
    caller: Reading,
    account: AccountQuery = None,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
) -> Response:
    """Encumbrances on an account or in its favour, those resolved too."""
    kept = {"account": whose(caller, account)}
    return listed(request, services, "encumbrances", cursor, limit, format, cache=PRIVATE, **kept)


@router.get("/amounts", **route("list_amounts", 200))
def list_amounts(request: Request, services: Shared, caller: Reading, account: AccountQuery = None) -> Response:
    """Amounts of an account."""
    rows = services.registry.amounts(whose(caller, account))
    items = [
        {"asset": asset, "account": place.owner, "locks": list(place.locks), "amount": str(amount)}
        for asset, place, amount in rows
    ]
    return json_answer(request, {"items": items, "next": None}, cache=PRIVATE)


@router.get("/people", **route("list_people", 200))
def list_people(
    request: Request,
    services: Shared,
    caller: Reading,
    account: AccountQuery = None,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
) -> Response:
    """Who acts for an account."""
    kept = {"account": whose(caller, account)}
    return listed(request, services, "people", cursor, limit, format, cache=PRIVATE, **kept)


@router.get("/keys", **route("list_keys", 200))
def list_keys(
    request: Request,
    services: Shared,
    caller: Reading,
    person: AccountQuery = None,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
) -> Response:
    """Keys with which people sign orders."""
    person = person or (None if caller.sees_all else caller.person)
    if person is not None:
        with services.gate.reading() as view:
            found = view.person(person)
        if found is None and caller.sees_all:
            raise RegistryError("registry.unknown_person", person=person)
        if found is None or not caller.sees(found.account):
            raise RegistryError("registry.not_permitted", act="read")
    return listed(request, services, "keys", cursor, limit, format, cache=PRIVATE, person=person)


@router.get("/trail", **route("read_trail", 200))
def read_trail(
    request: Request,
    services: Shared,
    caller: Reading,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = PAGE,
) -> Response:
    """Who tried what and what became of it: the own lines, or all."""
    lines = services.gate.trail(caller, after, limit)
    items = [
        {
            "position": position,
            "at": line.at,
            "who": line.who,
            "act": line.act,
            "outcome": line.outcome,
            "request": line.request,
            "address": line.address,
        }
        for position, line in lines
    ]
    following = items[-1]["position"] if len(items) == limit else None
    return json_answer(request, {"items": items, "next": following}, cache=PRIVATE)
