"""Registry commands for people, their keys, and orders that wait for another pair of eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tanhui.faces.cli.language import t
from tanhui.faces.cli.registry import AsOption, FolderArgument, RequestOption, commands, new_request
from tanhui.faces.cli.show import JsonOption, say_line, show_json, show_table

__all__ = ["add_to"]


def add_to(_app: typer.Typer) -> None:
    """Importing this module puts the commands beside the other registry commands."""


@commands.command("person", help=t("registry.person.help"))
def person(
    folder: FolderArgument,
    account: Annotated[str, typer.Option("--account", metavar="ACCOUNT", help=t("registry.person.account"))],
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("registry.account.name"))],
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Somebody who acts for an account."""
    from tanhui.faces.opening import open_registry
    from tanhui.registry.entries import to_document
    from tanhui.registry.model import Person

    with open_registry(folder) as registry:
        made = registry.do("add_person", request or new_request(), people, account=account, name=name).as_kind(Person)
    show_json(to_document(made)) if as_json else say_line(t("registry.person.done", id=made.id, account=account))


@commands.command("key", help=t("registry.key.help"))
def key(
    folder: FolderArgument,
    of: Annotated[str, typer.Option("--person", metavar="PERSON", help=t("registry.key.person"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("registry.key.out"))],
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """A new key with which a person signs orders."""
    import base64

    from tanhui.faces.opening import open_registry
    from tanhui.kernel.signing import SigningKey
    from tanhui.registry.entries import to_document
    from tanhui.registry.model import Key

    fresh = SigningKey.generate(of)
    with open_registry(folder) as registry:
        fresh.save(out)
        try:
            public = base64.b64encode(fresh.public).decode()
            made = registry.do("add_key", request or new_request(), people, person=of, public=public).as_kind(Key)
        except BaseException:
            out.unlink()
            raise
    show_json(to_document(made)) if as_json else say_line(t("registry.key.done", id=made.id, path=out))


@commands.command("proposals", help=t("registry.proposals.help"))
def proposals(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Orders that wait for another pair of eyes."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        found = registry.proposals()
    if as_json:
        people = [[approval.person for approval in order.by] for order in found]
        rows = zip(found, people, strict=True)
        show_json([{"request": o.request, "act": o.act, "arguments": dict(o.arguments), "by": by} for o, by in rows])
        return
    headers = [t(f"column.{name}") for name in ("request", "act", "people")]
    show_table(headers, [(o.request, o.act, ", ".join(a.person for a in o.by)) for o in found], whole=(0,))


@commands.command("agree", help=t("registry.agree.help"))
def agree(
    folder: FolderArgument,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help=t("registry.request"))],
    who: Annotated[str, typer.Option("--as", metavar="PERSON", help=t("registry.as"))],
    as_json: JsonOption = False,
) -> None:
    """Agree to an order as another pair of eyes."""
    from tanhui.faces.opening import open_registry
    from tanhui.registry.entries import entry_document

    with open_registry(folder) as registry:
        entry = registry.agree(request, who).done()
    show_json(entry_document(entry)) if as_json else say_line(
        t("registry.agree.done", index=entry.index, kind=entry.kind)
    )
