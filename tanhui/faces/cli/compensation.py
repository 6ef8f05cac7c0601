"""``tanhui compensation``: check a contract, say what is due, pay it, make statements again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.registry import AsOption, FolderArgument, RequestOption, day, new_request
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table

if TYPE_CHECKING:
    from tanhui.projects.compensation import Account, Said
    from tanhui.projects.compensation.service import Payment

__all__ = ["add_to"]

commands = typer.Typer(no_args_is_help=True, help=t("compensation.help"), rich_markup_mode=None)

ContractArgument = Annotated[Path, typer.Argument(metavar="CONTRACT", help=t("compensation.contract"))]
RunOption = Annotated[Path | None, typer.Option("--run", metavar="OUT", help=t("compensation.run"))]
OnOption = Annotated[str | None, typer.Option("--on", metavar="DAY", help=t("compensation.on"))]
CorrectOption = Annotated[bool, typer.Option("--correct", help=t("compensation.correct"))]
CauseOption = Annotated[str, typer.Option("--cause", metavar="NAME", help=t("compensation.cause"))]
PageOption = Annotated[Path | None, typer.Option("--out", metavar="FILE.html", help=t("compensation.out"))]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(commands, name="compensation")


@commands.command("check", help=t("compensation.check.help"))
def check(contract: ContractArgument, run: RunOption = None, as_json: JsonOption = False) -> None:
    """Everything that is wrong with a contract, and with its land in a run."""
    from tanhui.kernel.errors import RefusedInput
    from tanhui.kernel.wording import say
    from tanhui.projects.compensation.contract import land_faults, read_contract
    from tanhui.projects.compensation.measured import read_measured

    found = read_contract(contract)
    faults = land_faults(found, read_measured(run)) if run else []
    if faults:
        raise RefusedInput(faults)
    status = found.status.word
    if as_json:
        show_json({"contract": found.id, "amendment": found.amendment, "sha256": found.sha256, "status": status})
        return
    say_line(t("compensation.good", contract=found.id, status=say(f"compensation.status.{status}", LANG)))


@commands.command("due", help=t("compensation.due.help"))
def due(
    contract: ContractArgument,
    run: RunOption = None,
    on: OnOption = None,
    registry: Annotated[
        Path | None, typer.Option("--registry", metavar="FOLDER", help=t("compensation.registry"))
    ] = None,
    correct: CorrectOption = False,
    cause: CauseOption = "",
    out: PageOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is due on a day."""
    from contextlib import nullcontext

    from tanhui.faces.opening import open_registry
    from tanhui.projects.compensation import due as account_due
    from tanhui.projects.compensation import read_contract

    found = read_contract(contract)
    with open_registry(registry) if registry else nullcontext() as opened:
        account = account_due(found, legal_day(on), run=run, registry=opened, said=said(correct, cause, None))
    show_account(account, out, as_json)


@commands.command("pay", help=t("compensation.pay.help"))
def pay(
    folder: FolderArgument,
    contract: ContractArgument,
    run: RunOption = None,
    on: OnOption = None,
    correct: CorrectOption = False,
    cause: CauseOption = "",
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="FILE", help=t("compensation.evidence"))
    ] = None,
    withheld: Annotated[list[str] | None, typer.Option("--withhold", help=t("compensation.withhold"))] = None,
    least: Annotated[int, typer.Option("--least", min=1, metavar="FEN", help=t("compensation.least"))] = 1,
    scenario: Annotated[bool, typer.Option("--scenario", help=t("compensation.scenario"))] = False,
    handout: Annotated[
        Path | None, typer.Option("--statements", metavar="DIR", help=t("compensation.statements"))
    ] = None,
    out: PageOption = None,
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pay what is due on a day."""
    from tanhui.faces.opening import open_registry
    from tanhui.projects.compensation import pay as pay_due
    from tanhui.projects.compensation import read_contract

    found = read_contract(contract)
    with open_registry(folder) as registry:
        payment = pay_due(
            registry,
            found,
            legal_day(on),
            request=request or new_request(),
            run=run,
            said=said(correct, cause, evidence),
            by=people,
            withheld=tuple(withheld or ()),
            least_fen=least,
            allow_scenario=scenario,
        )
    files = write_handouts(payment, handout)
    show_account(payment.account, out, as_json, payment, files)


@commands.command("statements", help=t("compensation.statements.help"))
def statements(
    shares: Annotated[Path, typer.Argument(metavar="SHARES", help=t("compensation.shares"))],
    registry: Annotated[Path, typer.Option("--registry", metavar="FOLDER", help=t("compensation.registry"))],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=t("compensation.statements"))],
    as_json: JsonOption = False,
) -> None:
    """Statements from a table of shares that the registry recorded."""
    from tanhui.faces.opening import open_registry
    from tanhui.projects.payments import recorded
    from tanhui.projects.tenure.handout import check_recorded, write_handout
    from tanhui.projects.tenure.share_table import read_filed

    document = read_filed(shares)
    with open_registry(registry) as opened, opened.reading() as connection:
        known = recorded(connection, document["log"]["sha256"])
        check_recorded(document, known, opened.origin)
    with progress_bar() as report:
        files = write_handout(out, document, LANG, report)
    if as_json:
        show_json({"log": document["log"], "files": files})
        return
    say_line(t("compensation.written", path=out, count=len(files)))


# What is read


def legal_day(text: str | None) -> date:
    """The day of the account; today unless said."""
    return day(text) if text else date.today()


def said(correct: bool, cause: str, evidence: Path | None) -> Said:
    """What the command line says of a measurement."""
    from tanhui.kernel.canonical import file_digest
    from tanhui.kernel.errors import Fault, RefusedInput
    from tanhui.projects.compensation import Said

    if evidence is not None and not evidence.is_file():
        raise RefusedInput([Fault("file.missing", str(evidence))])
    return Said(correct, cause, file_digest(evidence) if evidence else "")


# What is shown


def write_handouts(payment: Payment, handout: Path | None) -> dict[str, str]:
    """The statements of everybody who was paid; one folder for each period where several were paid at once."""
    import json

    from tanhui.projects.tenure.handout import write_handout
    from tanhui.projects.tenure.share_table import filed

    files: dict[str, str] = {}
    if handout is None:
        return files
    for shared in payment.shared:
        folder = handout if len(payment.shared) == 1 else handout / shared.source["for"]
        document = json.loads(filed(shared.source["subject"], shared))
        with progress_bar() as report:
            written = write_handout(folder, document, LANG, report)
        files |= {str((folder / name).relative_to(handout)): sha256 for name, sha256 in written.items()}
    return files


def show_account(
    account: Account,
    out: Path | None,
    as_json: bool,
    payment: Payment | None = None,
    files: dict[str, str] | None = None,
) -> None:
    """The account in a few tables, or as a document; the page where it is wanted."""
    from tanhui.kernel.files import write_whole
    from tanhui.projects.compensation.document import account_document
    from tanhui.projects.compensation.page import account_page, signed_yuan

    document = account_document(account)
    if out:
        write_whole(out, account_page(document, LANG).encode())
    if as_json:
        made = {"request": payment.request, "index": payment.index, "sha256": payment.sha256} if payment else {}
        show_json({**document, **({"recorded": made, "files": files} if payment else {})})
        return
    show_tables(document)
    if payment:
        facts = {"cny": signed_yuan(document["payable_fen"]), "index": payment.index, "sha256": payment.sha256}
        say_line(t("compensation.paid", **facts))
    if out:
        say_line(t("compensation.page", path=out))


def show_tables(document: dict[str, Any]) -> None:
    """What each period earned by which formula, what falls due when, and what is payable."""
    from tanhui.kernel.wording import say
    from tanhui.projects.compensation.page import item_name, signed_yuan

    def words(key: str, **facts: Any) -> str:
        return say(f"compensation.{key}", LANG, **facts)

    if document["scenario"]:
        say_line(words("scenario"))
    for period in document["earned"]:
        say_line(words("period", first=period["period"][0], last=period["period"][1]))
        value, low, high = (f"{number:,.1f}" for number in period["readings"][document["pay_for"]])
        measured = words(f"measured_{document['pay_for']}", value=value, low=low, high=high)
        say_line(f"{measured} {words('used_' + period['used'], tonnes=format(period['used_t'], ',.1f'))}")
        if period["illustrative"] or period["indicative"]:
            say_line(f"  {words('illustrative' if period['illustrative'] else 'indicative')}")
        for line in period["groups"]:
            factors = "".join(f" × {factor:g}" for _, factor in line["coefficients"])
            formula = f"{line['tonnes']:,.3f} t × {line['part']:.6g} × {line['cny_t']:.6g} {words('cny_t')}{factors}"
            parcels = words("parcels", count=line["parcels"], mu=f"{line['area_mu']:,.2f}")
            say_line(f"  {line['stratum']} ({parcels}): {formula} = {signed_yuan(line['fen'])}")
        for name, fen in period["steps"][1:]:
            say_line(f"  {words('step.' + name)}: {signed_yuan(fen)}")
        ends = {"low": signed_yuan(period["low_fen"]), "high": signed_yuan(period["high_fen"])}
        say_line(f"  {words('earned')}: {signed_yuan(period['fen'])}. {words('interval', **ends)}")
    headers = [words(name) for name in ("item", "day", "amount", "recovered", "net", "state")]
    rows = [
        (
            item_name(item, LANG),
            item["day"],
            *(signed_yuan(item[name]) for name in ("fen", "recovered_fen", "net_fen")),
            words(f"state.{item['state']}"),
        )
        for item in document["items"]
    ]
    show_table(headers, rows, whole=(1, 2, 3, 4))
    for name, fen in (("owed", "owed_fen"), ("paid_before", "paid_fen"), ("overpaid", "overpaid_fen")):
        if document[fen] != "0":
            say_line(f"{words(name)}: {signed_yuan(document[fen])} {words('yuan')}")
    say_line(f"{words('payable')}: {signed_yuan(document['payable_fen'])} {words('yuan')}")
