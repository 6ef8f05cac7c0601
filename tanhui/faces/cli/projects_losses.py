"""Registry commands for losses: from burnt ground to tonnes and to what the rule book asks for; paying what is owed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.projects import (
    AccountOption,
    BufferOption,
    DateOption,
    ProjectOption,
    RoleOption,
    event_of,
    legal_day,
    open_office,
    show_banner,
)
from tanhui.faces.cli.registry import AsOption, FolderArgument, RequestOption, commands, day, new_request, read_json
from tanhui.faces.cli.show import JsonOption, say_line, show_json
from tanhui.kernel.errors import InputError

if TYPE_CHECKING:
    from tanhui.projects.permanence import Loss, ReversalEvent, Settlement

__all__ = ["add_to"]


def add_to(_app: typer.Typer) -> None:
    """Importing this module puts the commands beside the other registry commands."""


@commands.command("loss", help=t("losses.loss.help"))
def loss(
    folder: FolderArgument,
    project: ProjectOption,
    burnt: Annotated[Path, typer.Option("--burnt", metavar="FILE", help=t("losses.burnt"))],
    run: Annotated[Path, typer.Option("--run", metavar="OUT", help=t("losses.run"))],
    event_day: Annotated[str, typer.Option("--day", metavar="DATE", help=t("losses.day"))],
    cause: Annotated[str, typer.Option("--cause", metavar="CAUSE", help=t("losses.cause"))],
    share_lost: Annotated[float, typer.Option("--share-lost", min=0, max=1, help=t("losses.share_lost"))],
    area_rse: Annotated[float, typer.Option("--area-rse", min=0, help=t("losses.area_rse"))],
    report: Annotated[Path, typer.Option("--report", metavar="FILE", help=t("losses.report"))],
    correlation: Annotated[float, typer.Option("--correlation", min=0, max=1, help=t("losses.correlation"))] = 1.0,
    crs: Annotated[str | None, typer.Option("--crs", metavar="CRS", help=t("projects.crs"))] = None,
    buffer: BufferOption = "",
    creditor: Annotated[str, typer.Option("--creditor", metavar="ACCOUNT", help=t("projects.creditor"))] = "",
    next_period_t: Annotated[int, typer.Option("--next-period-t", min=0, help=t("projects.next_period_t"))] = 0,
    deducted_t: Annotated[int, typer.Option("--deducted-t", min=0, help=t("projects.deducted_t"))] = 0,
    submit: Annotated[bool, typer.Option("--submit", help=t("losses.submit"))] = False,
    role: RoleOption = None,
    account: AccountOption = None,
    on: DateOption = None,
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tonnes lost to burnt ground and what the rule book says of them; reported only where asked for."""
    from tanhui.faces.opening import open_registry
    from tanhui.kernel.files import write_whole
    from tanhui.projects.permanence import loss_report
    from tanhui.projects.registration import Means

    assumed = {"share_lost": share_lost, "area_rse": area_rse, "correlation": correlation}
    found, basis = compute(burnt, run, crs, project, assumed)
    reversal, text = loss_report(project, day(event_day), cause, found, basis)
    means = Means(buffer, creditor, next_period_t, deducted_t)
    with open_registry(folder) as registry:
        office = open_office(registry)
        foreseen = office.foresee(reversal, legal_day(on), means)
        write_whole(report, text)
        if submit:
            act, told = reporting_act(foreseen.book), [f"{name}={value}" for name, value in reversal.facts().items()]
            paper = [f"loss_report={report}"]
            event = event_of(office, registry, project, act, None, role, account, paper, told, on)
            office.step(event, request=request or new_request(), by=people)
    show_loss(found, reversal, foreseen, submitted=submit, as_json=as_json)


@commands.command("repay", help=t("losses.repay.help"))
def repay(
    folder: FolderArgument,
    project: ProjectOption,
    kind: Annotated[str, typer.Option("--kind", metavar="debt|refill", help=t("losses.kind"))],
    source: Annotated[str, typer.Option("--from", metavar="ACCOUNT", help=t("losses.from"))],
    creditor: Annotated[str, typer.Option("--creditor", metavar="ACCOUNT", help=t("losses.creditor"))],
    batch: Annotated[str, typer.Option("--batch", help=t("registry.batch"))],
    units: Annotated[int, typer.Option("--units", min=1, help=t("registry.units"))],
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pay what a project's owner owes after a loss."""
    from tanhui.faces.opening import open_registry

    paid: dict[str, Any] = {"source": source, "creditor": creditor, "batch": batch, "units": units}
    with open_registry(folder) as registry:
        owed = open_office(registry).repay(project, kind, **paid, request=request or new_request(), by=people)
    if as_json:
        show_json({"project": project, "kind": kind, "owed_t": str(owed)})
        return
    say_line(t("losses.owed", project=project, tonnes=owed))


def compute(
    burnt: Path, run: Path, crs: str | None, project: str, assumed: Mapping[str, float]
) -> tuple[Loss, dict[str, Any]]:
    """The loss, and from what it was computed."""
    from tanhui.kernel.canonical import file_digest
    from tanhui.projects.permanence import burnt_loss, read_burnt, strata_of_run

    result = read_json(run / "result.json")
    if not isinstance(result, dict) or result.get("project") != project:
        raise InputError("permanence.other_run", path=str(run), project=project)
    ground = read_burnt(burnt, crs=crs)
    found = burnt_loss(ground, strata_of_run(result), **assumed)
    return found, {"burnt_sha256": file_digest(burnt), "run": str(result.get("run", "")), **assumed}


def reporting_act(book: str) -> str:
    """The act of a rule book by which a loss is reported."""
    from tanhui.projects.lifecycle import rule_book
    from tanhui.projects.reversal import LOSS

    return next(act.id for act in rule_book(book).acts.values() if act.opens == LOSS)


def show_loss(found: Loss, reversal: ReversalEvent, foreseen: Settlement, *, submitted: bool, as_json: bool) -> None:
    """Tonnes with their interval, hectares by stratum, and the measures in the rule book's order."""
    from tanhui.projects.lifecycle import rule_book

    low, high = found.ci90_co2_t
    if as_json:
        told = {"lost_t": str(reversal.lost_t), "co2_t": found.co2_t, "se_co2_t": found.se_co2_t}
        told |= {"ci90_co2_t": [low, high], "burnt_ha": dict(found.burnt_ha), "reported": submitted}
        show_json({**told, "foreseen": foreseen.to_dict()})
        return
    show_banner(rule_book(foreseen.book))
    area = sum(found.burnt_ha.values())
    interval = {"low": f"{low:,.0f}", "high": f"{high:,.0f}"}
    say_line(t("losses.lost", project=reversal.project, tonnes=f"{reversal.lost_t:,}", **interval, ha=f"{area:,.2f}"))
    for stratum, hectares in found.burnt_ha.items():
        if hectares:
            say_line(f"  {stratum}  {hectares:,.2f} ha")
    say_line(t("losses.foreseen", book=foreseen.book))
    for number, measure in enumerate(foreseen.measures, 1):
        say_line(f"  {number}. {measure.text(LANG)}")
    say_line(t("losses.reported" if submitted else "losses.dry_run", report=reversal.report_sha256[:12]))
