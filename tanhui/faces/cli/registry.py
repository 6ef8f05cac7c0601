"""The first registry commands, and ``tanhui verify``: every tonne once, provable by a stranger."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import JsonOption, say_line, show_json, show_table
from tanhui.kernel.errors import InputError

__all__ = ["add_to"]

commands = typer.Typer(no_args_is_help=True, help=t("registry.help"), rich_markup_mode=None)

FolderArgument = Annotated[Path, typer.Argument(metavar="REGISTRY", help=t("registry.folder"))]
RequestOption = Annotated[str | None, typer.Option("--request", metavar="ID", help=t("registry.request"))]
UnitsOption = Annotated[int, typer.Option("--units", min=1, help=t("registry.units"))]
BatchOption = Annotated[str, typer.Option("--batch", help=t("registry.batch"))]
AsOption = Annotated[list[str] | None, typer.Option("--as", metavar="PERSON", help=t("registry.as"))]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(commands, name="registry")
    app.command("verify", help=t("verify.help"))(verify)


def new_request() -> str:
    """An id for a call whose maker gave none: such a call is not protected against being sent twice."""
    import uuid

    return f"cli-{uuid.uuid4()}"


@commands.command("init", help=t("registry.init.help"))
def init(
    folder: FolderArgument,
    name: Annotated[str, typer.Option("--name", metavar="ORIGIN", help=t("registry.name"))],
    live: Annotated[bool, typer.Option("--live", help=t("registry.live"))] = False,
    eyes: Annotated[int | None, typer.Option("--eyes", help=t("registry.eyes"))] = None,
    database: Annotated[str | None, typer.Option("--database", metavar="URL", help=t("registry.database"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a registry."""
    from tanhui.faces.opening import make_registry
    from tanhui.registry.folder import TRUST

    with make_registry(folder, name, sandbox=not live, eyes=eyes, database=database) as registry:
        document = {"registry": registry.origin, "sandbox": registry.sandbox, "trust": str(folder / TRUST)}
        document |= {"operator": registry.declaration.account, "person": registry.declaration.person}
    if as_json:
        show_json(document)
    else:
        say_line(t("registry.init.done", origin=document["registry"], trust=document["trust"]))


@commands.command("account", help=t("registry.account.help"))
def account(
    folder: FolderArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("registry.account.name"))],
    roles: Annotated[list[str] | None, typer.Option("--role", metavar="ROLE", help=t("registry.role"))] = None,
    region: Annotated[str, typer.Option("--region", help=t("registry.account.region"))] = "",
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open an account."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        opened = registry.open_account(name, request=request or new_request(), roles=roles, region=region, by=people)
    show_json(opened.to_dict()) if as_json else say_line(t("registry.account.done", id=opened.id, name=name))


@commands.command("accounts", help=t("registry.accounts.help"))
def accounts(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Every account with what it holds."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        rows = [
            {**view.to_dict(), "balances": [b.to_dict() for b in registry.balance(view.id)]}
            for view in registry.accounts()
        ]
    if as_json:
        show_json(rows)
        return
    table = [
        (row["id"], row["name"] or "", b["batch"], str(b["vintage"]), b["units"])
        for row in rows
        for b in row["balances"] or [{"batch": "", "vintage": "", "units": 0}]
    ]
    show_table([t(f"column.{key}") for key in ("account", "name", "batch", "vintage", "units")], table, whole=(0, 2))


def read_claim(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Result and manifest of a run that has a claim."""
    result, manifest = read_json(run / "result.json"), read_json(run / "manifest.json")
    if not isinstance(result, dict) or not isinstance(manifest, dict) or not result.get("claims"):
        raise InputError("cli.no_claim", path=str(run))
    return result, manifest


@commands.command("vouch", help=t("registry.vouch.help"))
def vouch(
    run: Annotated[Path, typer.Option("--run", metavar="OUT", help=t("registry.issue.run"))],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help=t("registry.vouch.key"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("registry.vouch.out"))],
    registry: Annotated[str, typer.Option("--registry", metavar="NAME", help=t("registry.vouch.registry"))],
    as_json: JsonOption = False,
) -> None:
    """Sign, as the verifier, that the claim of a run is right."""
    from tanhui.kernel.canonical import readable_bytes
    from tanhui.kernel.files import write_whole
    from tanhui.kernel.signing import SigningKey, sign_document
    from tanhui.registry.vouching import STATEMENT_PURPOSE, statement_body

    result, manifest = read_claim(run)
    if out.exists():
        raise InputError("cli.file_exists", path=str(out))
    body = statement_body(manifest, result["claims"][0], registry)
    write_whole(out, readable_bytes(sign_document(STATEMENT_PURPOSE, body, SigningKey.load(key))))
    if as_json:
        show_json({"file": str(out), **body})
        return
    years = ", ".join(f"{year}: {tonnes}" for year, tonnes in body["by_year"].items())
    say_line(t("registry.vouch.done", path=out, project=body["project"], credits=body["credits_t"], years=years))


@commands.command("issue", help=t("registry.issue.help"))
def issue(
    folder: FolderArgument,
    run: Annotated[Path, typer.Option("--run", metavar="OUT", help=t("registry.issue.run"))],
    owner: Annotated[str, typer.Option("--owner", metavar="ACCOUNT", help=t("registry.issue.owner"))],
    region: Annotated[str, typer.Option("--region", help=t("registry.issue.region"))],
    product: Annotated[str, typer.Option("--product", help=t("registry.issue.product"))] = "",
    statement: Annotated[Path | None, typer.Option("--statement", help=t("registry.issue.statement"))] = None,
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn the claim of a run into serial-numbered batches."""
    from tanhui.faces.opening import open_registry

    result, manifest = read_claim(run)
    with open_registry(folder) as registry:
        batches = registry.issue_from_claim(
            result,
            manifest,
            result["claims"][0],
            owner=owner,
            region=region,
            product=product,
            request=request or new_request(),
            statement=read_json(statement) if statement else None,
            by=people,
        )
    if as_json:
        show_json([batch.to_dict() for batch in batches])
        return
    headers = [t(f"column.{key}") for key in ("batch", "vintage", "first", "last", "units")]
    show_table(
        headers,
        [(b.id, str(b.vintage), b.serials.first, b.serials.end - 1, b.serials.units) for b in batches],
        whole=(0,),
    )


@commands.command("transfer", help=t("registry.transfer.help"))
def transfer(
    folder: FolderArgument,
    source: Annotated[str, typer.Option("--from", metavar="ACCOUNT", help=t("registry.from"))],
    target: Annotated[str, typer.Option("--to", metavar="ACCOUNT", help=t("registry.to"))],
    batch: BatchOption,
    units: UnitsOption,
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move units to another account, lowest serial first."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        moved = registry.transfer(source, target, batch, units, request=request or new_request(), by=people)
    show_holdings(moved, as_json)


@commands.command("reassign", help=t("registry.reassign.help"))
def reassign(
    folder: FolderArgument,
    source: Annotated[str, typer.Option("--from", metavar="ACCOUNT", help=t("registry.from"))],
    target: Annotated[str, typer.Option("--to", metavar="ACCOUNT", help=t("registry.to"))],
    batch: BatchOption,
    units: UnitsOption,
    reason: Annotated[str, typer.Option("--reason", help=t("registry.reassign.reason"))],
    document: Annotated[str, typer.Option("--document", metavar="SHA256", help=t("registry.document"))],
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move units on a document, without their owner."""
    from tanhui.faces.opening import open_registry
    from tanhui.registry.service import arrived

    what = {"source": source, "target": target, "batch": batch, "units": units, "reason": reason, "document": document}
    with open_registry(folder) as registry:
        entry = registry.do("reassign", request or new_request(), people, **what)
    show_holdings(arrived(entry.legs), as_json)


@commands.command("retire", help=t("registry.retire.help"))
def retire(
    folder: FolderArgument,
    account_id: Annotated[str, typer.Option("--account", metavar="ACCOUNT", help=t("registry.from"))],
    batch: BatchOption,
    units: UnitsOption,
    beneficiary: Annotated[str, typer.Option("--beneficiary", help=t("registry.retire.beneficiary"))],
    purpose: Annotated[str, typer.Option("--purpose", help=t("registry.retire.purpose"))] = "voluntary",
    first: Annotated[str | None, typer.Option("--from-day", metavar="DATE", help=t("registry.retire.first"))] = None,
    last: Annotated[str | None, typer.Option("--to-day", metavar="DATE", help=t("registry.retire.last"))] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help=t("registry.retire.certificate"))
    ] = None,
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retire units for ever and write the certificate."""
    from tanhui.faces.opening import open_registry
    from tanhui.kernel.files import write_whole
    from tanhui.kernel.time import Period
    from tanhui.registry.certificate import certificate_bytes

    if bool(first) != bool(last):
        raise InputError("cli.half_a_period")
    period = Period.inclusive(day(first), day(last)) if first and last and day(first) <= day(last) else None
    if first and last and period is None:
        raise InputError("cli.days_out_of_order", first=first, last=last)
    with open_registry(folder) as registry:
        retirement = registry.retire(
            account_id,
            batch,
            units,
            beneficiary=beneficiary,
            purpose=purpose,
            period=period,
            request=request or new_request(),
            by=people,
        )
        document = registry.certificate(retirement.id)
    if certificate:
        write_whole(certificate, certificate_bytes(document))
    if as_json:
        show_json({**retirement.to_dict(), "certificate": str(certificate) if certificate else document})
    else:
        say_line(t("registry.retire.done", id=retirement.id, path=certificate or "-"))


@commands.command("cancel", help=t("registry.cancel.help"))
def cancel(
    folder: FolderArgument,
    account_id: Annotated[str, typer.Option("--account", metavar="ACCOUNT", help=t("registry.from"))],
    batch: BatchOption,
    units: UnitsOption,
    reason: Annotated[str, typer.Option("--reason", help=t("registry.cancel.reason"))],
    document: Annotated[str, typer.Option("--document", metavar="SHA256", help=t("registry.document"))] = "",
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take units out of the world without their being used."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        ended = registry.cancel(
            account_id,
            batch,
            units,
            reason=reason,
            document=document,
            request=request or new_request(),
            by=people,
        )
    show_json(ended.to_dict()) if as_json else say_line(t("registry.cancel.done", id=ended.id, units=ended.units))


@commands.command("certificate", help=t("registry.certificate.help"))
def certificate(
    folder: FolderArgument,
    retirement: Annotated[str, typer.Argument(metavar="RETIREMENT", help=t("registry.certificate.id"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("registry.retire.certificate"))],
    page: Annotated[Path | None, typer.Option("--page", metavar="HTML", help=t("registry.certificate.page"))] = None,
    address: Annotated[str, typer.Option("--address", metavar="URL", help=t("registry.certificate.address"))] = "",
    as_json: JsonOption = False,
) -> None:
    """Write the certificate of a retirement again."""
    from tanhui.faces.opening import open_registry
    from tanhui.kernel.files import write_whole
    from tanhui.registry.certificate import certificate_bytes

    with open_registry(folder) as registry:
        document = registry.certificate(retirement)
    if page is not None:
        from tanhui.registry.certificate_page.page import certificate_page

        write_whole(page, certificate_page(document, LANG, address or f"https://{document['registry']}").encode())
    write_whole(out, certificate_bytes(document))
    show_json(document) if as_json else say_line(t("template.written", path=out))


@commands.command("holdings", help=t("registry.holdings.help"))
def holdings(
    folder: FolderArgument,
    owner: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help=t("registry.from"))] = None,
    batch: Annotated[str | None, typer.Option("--batch", help=t("registry.batch"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Who holds which serials."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        show_holdings(registry.holdings(owner, batch), as_json)


@commands.command("audit", help=t("registry.audit.help"))
def audit(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Rebuild the state from the log and compare."""
    from tanhui.faces.opening import open_registry

    with open_registry(folder) as registry:
        show_verdict(registry.audit(), as_json)


def verify(
    file: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help=t("verify.file"))],
    trust: Annotated[Path | None, typer.Option("--trust", metavar="FILE", help=t("verify.trust"))] = None,
    run: Annotated[Path | None, typer.Option("--run", metavar="OUT", help=t("verify.run"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a tonne's passport, a run's folder or a registry's, offline."""
    from tanhui.registry.anchors import load_anchors
    from tanhui.registry.verify import verify_certificate_file, verify_run_folder

    anchors = load_anchors(trust) if trust else None
    if (file / "trust.json").is_file():
        from tanhui.registry.audit import verify_log

        verdict = verify_log(file, anchors.log if anchors else None)
    elif file.is_dir():
        if not (file / "manifest.json").is_file() or not (file / "result.json").is_file():
            raise InputError("cli.nothing_to_verify", path=str(file))
        verdict = verify_run_folder(file)
    else:
        verdict = verify_certificate_file(file, anchors, run_folder=run)
    show_verdict(verdict, as_json)


def show_verdict(verdict: Any, as_json: bool) -> None:
    """A verdict in words or JSON, and its exit code."""
    if as_json:
        show_json(verdict.to_dict(LANG))
    else:
        for line in verdict.lines(LANG):
            say_line(line)
    raise typer.Exit(verdict.exit_code)


def show_holdings(found: Any, as_json: bool) -> None:
    """Serial intervals with their owners."""
    if as_json:
        show_json([holding.to_dict() for holding in found])
        return
    if not found:
        say_line(t("registry.nothing_held"))
        return
    headers = [t(f"column.{key}") for key in ("account", "batch", "first", "last", "units", "locks")]
    rows = [(h.owner, h.batch, h.serials.first, h.serials.end - 1, h.serials.units, h.place.locks) for h in found]
    show_table(headers, [(*row, ", ".join(locks)) for *row, locks in rows], whole=(0, 1))


def read_json(path: Path) -> Any:
    """A JSON file of ours."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("cli.unreadable_json", path=str(path), detail=str(error)) from None


def day(text: str) -> date:
    """A date on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("cli.not_a_date", entry=text) from None
