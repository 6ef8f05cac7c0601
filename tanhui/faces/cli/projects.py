"""Registry commands for projects: a step of a project's life, what may come next, its land, losses and income."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.registry import AsOption, FolderArgument, RequestOption, commands, day, new_request, read_json
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.wording import say

if TYPE_CHECKING:
    from tanhui.projects.land.model import Parcel
    from tanhui.projects.lifecycle import Deadline, LifecycleEvent, ProjectState, RuleBook, Step
    from tanhui.projects.registration import ProjectOffice, Tenure
    from tanhui.projects.tenure.sharing import Distribution
    from tanhui.registry.acts import Order

__all__ = ["add_to"]

Pairs = list[str] | None
ProjectOption = Annotated[str, typer.Option("--project", metavar="ID", help=t("projects.project"))]
DateOption = Annotated[str | None, typer.Option("--date", metavar="DATE", help=t("projects.date"))]
BookOption = Annotated[str | None, typer.Option("--book", metavar="BOOK", help=t("projects.book"))]
RoleOption = Annotated[str | None, typer.Option("--role", metavar="ROLE", help=t("projects.role"))]
AccountOption = Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help=t("projects.account"))]
EvidenceOption = Annotated[Pairs, typer.Option("--evidence", metavar="KIND=FILE", help=t("projects.evidence"))]
FactOption = Annotated[Pairs, typer.Option("--fact", metavar="NAME=VALUE", help=t("projects.fact"))]
BufferOption = Annotated[str, typer.Option("--buffer", metavar="ACCOUNT", help=t("projects.buffer"))]


def add_to(_app: typer.Typer) -> None:
    """Importing this module puts the commands beside the other registry commands."""


@commands.command("step", help=t("projects.step.help"))
def step(
    folder: FolderArgument,
    project: ProjectOption,
    act: Annotated[str, typer.Option("--act", metavar="ACT", help=t("projects.act"))],
    book: BookOption = None,
    role: RoleOption = None,
    account: AccountOption = None,
    evidence: EvidenceOption = None,
    facts: FactOption = None,
    on: DateOption = None,
    parcels: Annotated[Path | None, typer.Option("--parcels", metavar="FILE", help=t("projects.parcels"))] = None,
    area_unit: Annotated[str | None, typer.Option("--area-unit", metavar="UNIT", help=t("projects.area_unit"))] = None,
    crs: Annotated[str | None, typer.Option("--crs", metavar="CRS", help=t("projects.crs"))] = None,
    tenure: Annotated[Path | None, typer.Option("--tenure", metavar="FILE", help=t("projects.tenure"))] = None,
    proponent: Annotated[str, typer.Option("--proponent", metavar="NAME", help=t("projects.proponent"))] = "",
    run: Annotated[Path | None, typer.Option("--run", metavar="OUT", help=t("projects.run"))] = None,
    no_units: Annotated[bool, typer.Option("--no-units", help=t("projects.no_units"))] = False,
    region: Annotated[str, typer.Option("--region", help=t("registry.issue.region"))] = "",
    targets: Annotated[Pairs, typer.Option("--share", metavar="TAKER=ACCOUNT", help=t("projects.share"))] = None,
    buffer: BufferOption = "",
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """One event of a project's life, with its land or its credits."""
    from tanhui.faces.opening import open_registry

    if bool(tenure) != bool(proponent) or (tenure and not parcels):
        raise InputError("cli.tenure_incomplete")
    with open_registry(folder) as registry:
        office = open_office(registry)
        event = event_of(office, registry, project, act, book, role, account, evidence, facts, on)
        name, batches = request or new_request(), None
        if run or no_units:
            to = pairs(targets, "--share")
            order = issue_order(registry, office, event, run, region, to, buffer, name, people) if run else None
            state, batches = office.issue(event, order, request=name, by=people, targets=to)
        else:
            land = read_land(office, event, parcels, area_unit, crs)
            rights = read_rights(tenure, proponent)
            state = office.step(event, request=name, by=people, parcels=land, tenure=rights)
    show_state(state, batches, as_json)


@commands.command("settle", help=t("projects.settle.help"))
def settle(
    folder: FolderArgument,
    project: ProjectOption,
    evidence: EvidenceOption = None,
    on: DateOption = None,
    buffer: BufferOption = "",
    creditor: Annotated[str, typer.Option("--creditor", metavar="ACCOUNT", help=t("projects.creditor"))] = "",
    next_period_t: Annotated[int, typer.Option("--next-period-t", min=0, help=t("projects.next_period_t"))] = 0,
    deducted_t: Annotated[int, typer.Option("--deducted-t", min=0, help=t("projects.deducted_t"))] = 0,
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle a reported loss: buffer, owner, debt, notice."""
    from tanhui.faces.opening import open_registry
    from tanhui.projects.lifecycle import rule_book
    from tanhui.projects.registration import Means
    from tanhui.projects.reversal import LOSS

    with open_registry(folder) as registry:
        office = open_office(registry)
        acts = rule_book(office.state(project, legal_day(on)).book).acts.values()
        (act, *_) = (act.id for act in acts if act.closes == LOSS)
        event = event_of(office, registry, project, act, None, None, None, evidence, None, on)
        means = Means(buffer, creditor, next_period_t, deducted_t)
        settlement = office.reverse(event, request=request or new_request(), by=people, means=means)
        owed = office.debts(project)
    if as_json:
        show_json({**settlement.to_dict(), "owed_t": owed})
        return
    show_banner(rule_book(settlement.book))
    for measure in settlement.measures:
        say_line(measure.text(LANG))


@commands.command("pay", help=t("projects.pay.help"))
def pay(
    folder: FolderArgument,
    project: ProjectOption,
    amount: Annotated[int, typer.Option("--amount", min=1, metavar="FEN", help=t("projects.pay.amount"))],
    asset: Annotated[str, typer.Option("--asset", help=t("registry.asset"))],
    payer: Annotated[str, typer.Option("--from", metavar="ACCOUNT", help=t("projects.pay.from"))],
    first: Annotated[str, typer.Option("--from-day", metavar="DATE", help=t("projects.pay.first"))],
    last: Annotated[str, typer.Option("--to-day", metavar="DATE", help=t("projects.pay.last"))],
    scheme: Annotated[str, typer.Option("--scheme", help=t("projects.pay.scheme"))] = "contract",
    regions: Annotated[list[str] | None, typer.Option("--region", help=t("projects.pay.region"))] = None,
    withheld: Annotated[list[str] | None, typer.Option("--withhold", help=t("projects.pay.withhold"))] = None,
    least: Annotated[int, typer.Option("--least", min=1, metavar="FEN", help=t("projects.pay.least"))] = 1,
    scenario: Annotated[bool, typer.Option("--scenario", help=t("projects.pay.scenario"))] = False,
    deducted: Annotated[Pairs, typer.Option("--deduct", metavar="NAME=FEN", help=t("projects.pay.deduct"))] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=t("projects.pay.out"))] = None,
    handout: Annotated[
        Path | None, typer.Option("--statements", metavar="DIR", help=t("projects.pay.statements"))
    ] = None,
    people: AsOption = None,
    request: RequestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Share an income out over the tenure table and pay it."""
    from tanhui.faces.opening import open_registry
    from tanhui.kernel.files import write_whole
    from tanhui.kernel.time import Period
    from tanhui.projects.tenure.sharing import statements

    if day(first) > day(last):
        raise InputError("cli.days_out_of_order", first=first, last=last)
    with open_registry(folder) as registry:
        shared = open_office(registry).pay_benefits(
            project,
            amount,
            asset=asset,
            payer=payer,
            period=Period.inclusive(day(first), day(last)),
            request=request or new_request(),
            scheme=scheme,
            by=people,
            allow_scenario=scenario,
            regions=tuple(regions or ()),
            withheld=tuple(withheld or ()),
            least_fen=least,
            deducted=whole_fen(pairs(deducted, "--deduct")),
        )
    if out:
        write_whole(out, "\n\n".join(statement.text(LANG) for statement in statements(shared)).encode(), mode=0o600)
    show_paid(project, shared, handout, as_json)


def whole_fen(amounts: dict[str, str]) -> dict[str, int]:
    """Amounts in fen by name; all that are no whole numbers are refused at once."""
    faults = [Fault("cli.not_fen", column=name, value=text) for name, text in amounts.items() if not fen_text(text)]
    if faults:
        raise RefusedInput(faults)
    return {name: int(text) for name, text in amounts.items()}


def fen_text(text: str) -> bool:
    """Whether a text is a whole number of fen that a ledger may hold."""
    return text.isascii() and text.isdigit() and len(text) <= 15


def show_paid(project: str, shared: Distribution, handout: Path | None, as_json: bool) -> None:
    """What was paid from which pot, where the log knows it, and the statements where they are wanted."""
    import json
    from dataclasses import asdict

    from tanhui.projects.tenure.handout import write_handout
    from tanhui.projects.tenure.share_table import filed
    from tanhui.projects.tenure.sharing import yuan

    assert shared.recorded is not None
    files = {}
    if handout:
        with progress_bar() as report:
            files = write_handout(handout, json.loads(filed(project, shared)), LANG, report)
    totals = [(total.reason, total.fen, total.paid_fen, total.accounts) for total in shared.totals()]
    if as_json:
        names = ("pot", "fen", "paid_fen", "accounts")
        rows = [dict(zip(names, map(str, row), strict=True)) for row in totals]
        document = {"project": project, "status": shared.status.word, "totals": rows, "carried": shared.carried_out}
        show_json({**document, "recorded": asdict(shared.recorded), "files": files})
        return
    if shared.status.word == "scenario":
        say_line(t("projects.scenario"))
    headers = [t(f"column.{name}") for name in ("pot", "due", "paid", "accounts")]
    named = [(say(f"tenure.pot.{pot}", LANG), yuan(fen), yuan(paid), count) for pot, fen, paid, count in totals]
    show_table(headers, named)
    say_line(t("projects.pay.recorded", index=shared.recorded.index, sha256=shared.recorded.sha256))
    if handout:
        accounts = {stake.account for stake in shared.stakes} | {due.account for due in shared.dues}
        say_line(t("projects.pay.written", path=handout, count=len(accounts)))


@commands.command("projects", help=t("projects.projects.help"))
def projects(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Every project with its rule book and state."""
    from tanhui.faces.opening import open_registry
    from tanhui.projects.lifecycle import rule_book

    with open_registry(folder) as registry:
        found = [(name, rule_book(book), state) for name, book, state in open_office(registry).projects()]
    if as_json:
        rows = [{"project": name, "book": book.id, "mark": book.mark, "state": state} for name, book, state in found]
        show_json(rows)
        return
    headers = [t(f"column.{name}") for name in ("project", "book", "state", "mark")]
    shown = [(name, book.id, book.word(f"state.{state}", LANG), book.banner(LANG)) for name, book, state in found]
    show_table(headers, shown, whole=(0, 1))


@commands.command("next", help=t("projects.next.help"))
def next_steps(
    folder: FolderArgument, project: ProjectOption, on: DateOption = None, as_json: JsonOption = False
) -> None:
    """What may come next: who, on what, until when, and what is missing."""
    from tanhui.faces.opening import open_registry
    from tanhui.projects.lifecycle import rule_book

    with open_registry(folder) as registry:
        office = open_office(registry)
        state, steps = office.state(project, legal_day(on)), office.next_steps(project, legal_day(on))
        to_net = office.to_net(project, legal_day(on))
    book = rule_book(state.book)
    if as_json:
        marked = {"banner": book.banner(LANG)} if book.mark else {}
        steps_told = [found.to_dict(LANG) for found in steps]
        show_json({**state.to_dict(), **marked, "to_net_t": str(to_net), "next": steps_told})
        return
    show_banner(book)
    since = state.since.isoformat() if state.since else "–"
    say_line(t("projects.state", project=project, state=book.word(f"state.{state.state}", LANG), since=since))
    if to_net:
        say_line(t("losses.to_net", tonnes=to_net))
    for found in steps:
        for line in step_lines(book, found):
            say_line(line)


@commands.command("land", help=t("projects.land.help"))
def land(folder: FolderArgument, project: ProjectOption, as_json: JsonOption = False) -> None:
    """The parcels a project claims, with the areas that are credited."""
    from tanhui.faces.opening import open_registry
    from tanhui.kernel.units import convert

    with open_registry(folder) as registry:
        office = open_office(registry)
        office.state(project, date.today())  # a project that is not there is no project without land
        found, credited = office.land(project), {area.parcel: area for area in office.credited(project)}
    rows = []
    for parcel in found:
        first, last = parcel.period.to_list()
        area = credited.get(parcel.id)
        mu = round(convert(parcel.area_m2, "m2", "mu"), 2)
        row = {"parcel": parcel.id, "first": first, "last": last, "area_m2": round(parcel.area_m2, 1), "area_mu": mu}
        credited_m2, decided_by = (area.credited_m2, area.decided_by) if area else ("", "")
        rows.append({**row, "credited_m2": credited_m2, "decided_by": decided_by})
    if as_json:
        show_json(rows)
        return
    names: tuple[str, ...] = ("parcel", "from_day", "to_day", "area_m2", "area_mu", "credited_m2", "decided_by")
    for row in rows:
        row["decided_by"] = say(f"tenure.area.{row['decided_by']}", LANG) if row["decided_by"] else ""
    if not credited:  # without tenure nobody has said what counts
        names, rows = names[:5], [dict(list(row.items())[:5]) for row in rows]
    show_table([t(f"column.{name}") for name in names], [tuple(row.values()) for row in rows], whole=(0, 1, 2))


# What is read


def open_office(registry: Any) -> ProjectOffice:
    """The projects of a registry."""
    from tanhui.projects.registration import ProjectOffice

    return ProjectOffice(registry)


def legal_day(text: str | None) -> date:
    """The day on which an act counts; today unless said."""
    return day(text) if text else date.today()


def pairs(entries: Sequence[str] | None, option: str) -> dict[str, str]:
    """``NAME=VALUE`` entries; everything that is none, or comes twice, is refused at once."""
    split = [entry.partition("=") for entry in entries or ()]
    names = [name for name, _, _ in split]
    faults = [Fault("cli.not_a_pair", column=option, value="".join(parts)) for parts in split if not all(parts)]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults += [Fault("cli.given_twice", column=option, value=name) for name in twice]
    if faults:
        raise RefusedInput(faults)
    return {name: value for name, _, value in split}


def event_of(
    office: ProjectOffice,
    registry: Any,
    project: str,
    act: str,
    book_id: str | None,
    role: str | None,
    account: str | None,
    evidence: Sequence[str] | None,
    facts: Sequence[str] | None,
    on: str | None,
) -> LifecycleEvent:
    """The event a command line tells of: who acts follows from the project where it is known, hashes from the files."""
    from tanhui.projects.lifecycle import Evidence, LifecycleEvent, Party, rule_book

    known = any(name == project for name, _, _ in office.projects())
    state = office.state(project, legal_day(on)) if known else None
    book = rule_book(book_id or (state.book if state else "") or missing("--book"))
    who = book.acts[act].who if act in book.acts else ()
    role = role or (who[0] if who else missing("--role"))
    named = {**(state.named if state else {}), "registry_operator": registry.declaration.account, "public": "public"}
    account = account or named.get(role) or missing("--account")
    papers = tuple(Evidence(kind, sha256) for kind, sha256 in hashes(pairs(evidence, "--evidence")).items())
    return LifecycleEvent(project, book.id, legal_day(on), act, Party(role, account), papers, pairs(facts, "--fact"))


def missing(option: str) -> str:
    """An option that is needed here."""
    raise InputError("cli.option_needed", option=option)


def hashes(files: dict[str, str]) -> dict[str, str]:
    """The SHA-256 of each document; every file that cannot be read is named."""
    from tanhui.kernel.canonical import file_digest

    found, faults = {}, []
    for kind, name in files.items():
        try:
            found[kind] = file_digest(Path(name))
        except OSError as error:
            detail = {"detail": error.strerror or str(error)}
            faults.append(Fault("cli.no_document", column=kind, value=name, facts=detail))
    if faults:
        raise RefusedInput(faults)
    return found


def read_land(
    office: ProjectOffice, event: LifecycleEvent, path: Path | None, area_unit: str | None, crs: str | None
) -> Sequence[Parcel]:
    """The parcels of a file, claimed for the crediting period."""
    if path is None:
        return ()
    from tanhui.kernel.time import Period
    from tanhui.projects.land.outlines import parcels_of_frame
    from tanhui.sensing.inventory.read_xiaoban import Options, read_xiaoban

    facts = dict(event.facts)
    if not {"crediting_first", "crediting_last"} <= facts.keys():
        facts = {**office.state(event.project, event.at).facts, **facts}
    first, last = day(facts.get("crediting_first", "")), day(facts.get("crediting_last", ""))
    if first > last:
        raise InputError("cli.days_out_of_order", first=first, last=last)
    frame = read_xiaoban(path, Options(area_unit=area_unit, crs=crs)).frame
    return parcels_of_frame(frame, project=event.project, period=Period.inclusive(first, last), file=path.name)


def read_rights(path: Path | None, proponent: str) -> Tenure | None:
    """The tenure table, if one is named."""
    if path is None:
        return None
    from tanhui.projects.registration import Tenure
    from tanhui.projects.tenure import read_tenure

    return Tenure(read_tenure(path), proponent, file=path.name)


def issue_order(
    registry: Any,
    office: ProjectOffice,
    event: LifecycleEvent,
    run: Path,
    region: str,
    targets: dict[str, str],
    buffer: str,
    request: str,
    people: list[str] | None,
) -> Order:
    """The order that issues the claim of a run to the project's owner, shared as its rule book says."""
    result, manifest = read_json(run / "result.json"), read_json(run / "manifest.json")
    if not isinstance(result, dict) or not isinstance(manifest, dict) or not result.get("claims"):
        raise InputError("cli.no_claim", path=str(run))
    if not region:
        missing("--region")
    claim = result["claims"][0]
    credits = {str(share["year"]): int(share["credits_t"]) for share in claim["by_year"]}
    shares = office.shares(event.project, credits, event.at, targets=targets, buffer=buffer)
    owner = office.state(event.project, event.at).named["owner"]
    order: Order = registry.issue_order(
        result, manifest, claim, owner=owner, region=region, shares=shares, request=f"{request}/credits", by=people
    )
    return order


# What is shown


def show_banner(book: RuleBook) -> None:
    """What every screen under a rule book prints that is none in force."""
    if book.mark:
        say_line(book.banner(LANG))


def show_state(state: ProjectState, batches: Any, as_json: bool) -> None:
    """Where a project stands after a step, and what was issued."""
    from tanhui.projects.lifecycle import rule_book

    book = rule_book(state.book)
    if as_json:
        marked = {"banner": book.banner(LANG)} if book.mark else {}
        issued = {} if batches is None else {"batches": [batch.to_dict() for batch in batches]}
        show_json({**state.to_dict(), **marked, **issued})
        return
    show_banner(book)
    since = state.since.isoformat() if state.since else "–"
    say_line(t("projects.state", project=state.project, state=book.word(f"state.{state.state}", LANG), since=since))
    if batches:
        headers = [t(f"column.{key}") for key in ("batch", "vintage", "first", "last", "units")]
        rows = [(b.id, str(b.vintage), b.serials.first, b.serials.end - 1, b.serials.units) for b in batches]
        show_table(headers, rows, whole=(0,))


def step_lines(book: RuleBook, found: Step) -> list[str]:
    """One possible step in words."""

    def word(kind: str, name: str) -> str:
        return book.word(f"{kind}.{name}", LANG)

    key = "possible" if found.possible else "waits"
    lines = ["", t(f"projects.next.{key}", act=word("act", found.act), code=found.act, to=word("state", found.to))]
    who = [" ".join(filter(None, (word("role", party.role), party.account))) for party in found.who]
    listed = {
        "who": who,
        "evidence": [f"{word('evidence', kind)} ({kind})" for kind in found.evidence],
        "facts": [f"{word('fact', name)} ({name})" for name in found.facts],
        "missing": [fault.reason(LANG) for fault in found.missing],
    }
    lines += [t(f"projects.next.{name}", what="; ".join(entries)) for name, entries in listed.items() if entries]
    days: dict[str, Deadline | None] = {"earliest": found.earliest, "latest": found.latest, "due": found.due}
    lines += [t(f"projects.next.{name}", day=day_text(deadline)) for name, deadline in days.items() if deadline]
    if found.lapse:
        lines.append(t("projects.next.lapse", day=day_text(found.lapse), to=word("state", found.lapses_to)))
    return lines


def day_text(deadline: Deadline) -> str:
    """A day; one that rests on holidays not announced yet says so."""
    text = deadline.day.isoformat()
    return t("projects.provisional", day=text) if deadline.provisional else text
