"""Registry commands for rights that lie on units and amounts: pledge, freeze, pending transfer and the like."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.registry import AsOption, FolderArgument, RequestOption, commands, new_request
from tanhui.faces.cli.show import JsonOption, say_line, show_json, show_table

__all__ = ["add_to"]

LockArgument = Annotated[str, typer.Argument(metavar="LOCK", help=t("registry.lock.id"))]
SomeUnits = Annotated[int, typer.Option("--units", min=0, help=t("registry.lock.units"))]
DocumentOption = Annotated[str, typer.Option("--document", metavar="SHA256", help=t("registry.document"))]


def add_to(_app: typer.Typer) -> None:
    """Importing this module puts the commands beside the other registry commands."""


@commands.command("lock", help=t("registry.lock.help"))
def lock(
    folder: FolderArgument,
    kind: Annotated[str, typer.Option("--kind", help=t("registry.lock.kind"))],
    account: Annotated[str, typer.Option("--account", metavar="ACCOUNT", help=t("registry.from"))],
    batch: Annotated[str, typer.Option("--batch", help=t("registry.batch"))] = "",
    units: SomeUnits = 0,
    over: Annotated[str, typer.Option("--over", metavar="LOCK", help=t("registry.lock.over"))] = "",
    asset: Annotated[str, typer.Option("--asset", help=t("registry.asset"))] = "",
    amount: Annotated[int, typer.Option("--amount", min=0, help=t("registry.amount"))] = 0,
    beneficiary: Annotated[str, typer.Option("--beneficiary", help=t("registry.lock.beneficiary"))] = "",
    target: Annotated[str, typer.Option("--to", metavar="ACCOUNT", help=t("registry.to"))] = "",
    priority: Annotated[int, typer.Option("--priority", min=1, help=t("registry.lock.priority"))] = 1,
    expires: Annotated[str, typer.Option("--expires", metavar="TIME", help=t("registry.lock.expires"))] = "",
    terms: Annotated[str, typer.Option("--terms", metavar="SHA256", help=t("registry.lock.terms"))] = "",
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lay an encumbrance on units or an amount."""
    from tanhui.faces.opening import open_registry

    what = {"batch": batch, "units": units, "over": over, "asset": asset, "amount": amount, "terms": terms}
    more = {"beneficiary": beneficiary, "target": target, "priority": priority, "expires": expires}
    with open_registry(folder) as registry:
        made = registry.lock(kind, account, request=request or new_request(), by=people, **what, **more)
    show_encumbrances([made], as_json)


@commands.command("locks", help=t("registry.locks.help"))
def locks(
    folder: FolderArgument,
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help=t("registry.from"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Every encumbrance, those resolved too."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        show_encumbrances(registry.encumbrances(account), as_json)


@commands.command("post", help=t("registry.post.help"))
def post(
    folder: FolderArgument,
    names: Annotated[list[str], typer.Argument(metavar="LOCK", help=t("registry.lock.id"))],
    target: Annotated[str, typer.Option("--to", metavar="ACCOUNT", help=t("registry.to"))] = "",
    units: SomeUnits = 0,
    document: DocumentOption = "",
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """What an encumbrance was for happens."""
    wanted = {"locks": list(names), "target": target, "units": units, "document": document}
    carry_out(folder, "post", request, people, as_json, wanted)


@commands.command("release", help=t("registry.release.help"))
def release(
    folder: FolderArgument,
    name: LockArgument,
    units: SomeUnits = 0,
    document: DocumentOption = "",
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift an encumbrance."""
    carry_out(folder, "release", request, people, as_json, {"lock": name, "units": units, "document": document})


@commands.command("expire", help=t("registry.expire.help"))
def expire(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Lift every encumbrance whose time has run out."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        lifted = registry.expire_due()
    if as_json:
        show_json({"expired": lifted})
    else:
        say_line(t("registry.expire.done", count=len(lifted), locks=", ".join(lifted) or "–"))


def carry_out(
    folder: Any, act: str, request: str | None, people: list[str] | None, as_json: bool, wanted: dict[str, Any]
) -> None:
    """Do an act and show what moved."""
    from tanhui.faces.cli.registry import show_holdings
    from tanhui.faces.opening import open_registry
    from tanhui.registry.service import arrived

    with open_registry(folder) as registry:
        entry = registry.do(act, request or new_request(), people, **wanted)
    show_holdings(arrived(entry.legs), as_json)


def show_encumbrances(found: list[Any], as_json: bool) -> None:
    """Encumbrances with the words of their kind."""
    from tanhui.registry.entries import to_document
    from tanhui.registry.permissions import encumbrance_kind

    if as_json:
        show_json([to_document(row) for row in found])
        return
    keys = ["id", "kind", "account", "beneficiary", "priority", "expires"]
    rows: list[tuple[object, ...]] = [
        (r.id, getattr(encumbrance_kind(r.kind), LANG), r.account, r.beneficiary, r.priority, r.expires) for r in found
    ]
    if not any(row.expires for row in found):
        keys, rows = keys[:-1], [row[:-1] for row in rows]
    show_table([t(f"column.{key}") for key in keys], rows, whole=(0, 2, 3))
