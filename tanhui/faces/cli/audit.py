"""Commands of an audit: look, draw, measure again, say what was found, conclude."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import JsonOption, say_line, show_json, show_table

if TYPE_CHECKING:
    from tanhui.kernel.time import Period
    from tanhui.projects.audit.read_case import Beside
    from tanhui.projects.audit.service import Said

__all__ = ["add_to"]

commands = typer.Typer(no_args_is_help=True, help=t("audit.help"), rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(commands, name="audit")


def an_instant(value: str | None) -> str:
    """An instant with its zone; now where none is given."""
    if value is None:
        return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    try:
        if datetime.fromisoformat(value).tzinfo is not None:
            return value
    except ValueError:
        pass
    raise typer.BadParameter(t("audit.not_an_instant", value=value))


Folder = Annotated[Path, typer.Argument(metavar="AUDIT", help=t("audit.folder"))]
Number = Annotated[str, typer.Argument(metavar="FINDING", help=t("audit.finding"))]
Run = Annotated[Path, typer.Option("--run", metavar="OUT", help=t("audit.run"))]
Text = Annotated[str, typer.Option("--text", help=t("audit.text"))]
By = Annotated[str, typer.Option("--by", help=t("audit.by"))]
At = Annotated[str, typer.Option("--at", metavar="INSTANT", callback=an_instant, help=t("audit.at"))]
Tonnes = Annotated[float | None, typer.Option("--tonnes", help=t("audit.tonnes"))]
Files = Annotated[list[Path], typer.Option("--evidence", metavar="FILE", help=t("audit.evidence"))]
Project = Annotated[Path | None, typer.Option("--project", metavar="FOLDER", help=t("audit.project"))]
Map = Annotated[Path | None, typer.Option("--map", metavar="FILE.tif", help=t("audit.map"))]
Tenure = Annotated[Path | None, typer.Option("--tenure", metavar="FILE", help=t("audit.tenure"))]
Planting = Annotated[Path | None, typer.Option("--planting", metavar="FILE", help=t("audit.planting"))]
Documents = Annotated[list[Path], typer.Option("--document", metavar="FILE", help=t("audit.document"))]
Claimed = Annotated[list[str], typer.Option("--claimed", metavar="FIRST/LAST", help=t("audit.claimed"))]
NOW: Any = None


def a_period(value: str) -> Period:
    """``2016-01-01/2020-12-31``, both days included."""
    from tanhui.kernel.errors import DomainError
    from tanhui.kernel.time import Period

    first, _, last = value.partition("/")
    try:
        return Period.inclusive(date.fromisoformat(first), date.fromisoformat(last))
    except (ValueError, DomainError):
        raise typer.BadParameter(t("audit.not_a_period", value=value)) from None


def beside(
    project: Path | None,
    map_file: Path | None,
    tenure: Path | None,
    planting: Path | None,
    documents: list[Path],
    claimed: list[str],
) -> Beside:
    """What a run is held against."""
    from tanhui.projects.audit.read_case import Beside

    return Beside(project, map_file, tenure, planting, tuple(documents), tuple(map(a_period, claimed)))


def said(folder: Path, text: str, by: str, at: str) -> Said:
    """Who says it: the auditor where nobody is named."""
    from tanhui.projects.audit import journal
    from tanhui.projects.audit.service import Said

    return Said(by or journal.read(folder).subject.auditor, at, text)


@commands.command("begin", help=t("audit.begin.help"))
def begin(
    folder: Folder,
    run: Run,
    auditor: Annotated[str, typer.Option("--auditor", help=t("audit.auditor"))],
    task: Annotated[
        str, typer.Option("--task", metavar="validation|verification", help=t("audit.task"))
    ] = "verification",
    book: Annotated[str, typer.Option("--book", help=t("audit.book"))] = "ccer",
    materiality: Annotated[float | None, typer.Option("--materiality", help=t("audit.materiality"))] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help=t("audit.seed"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Begin an audit of a run's claim."""
    from tanhui.projects.audit.service import begin_audit, standing

    begin_audit(folder, run, auditor=auditor, task=task, book=book, materiality=materiality, seed=seed)
    found = standing(folder)
    if as_json:
        show_json(found)
    else:
        facts = {"net": f"{found['net_co2e_t']:,.0f}", "limit": f"{found['limit_co2e_t']:,.0f}"}
        say_line(t("audit.begun", folder=folder, project=found["project"], **facts))


@commands.command("scan", help=t("audit.scan.help"))
def scan(
    out: Annotated[Path, typer.Argument(metavar="OUT", help=t("audit.run"))],
    project: Project = None,
    map_file: Map = None,
    tenure: Tenure = None,
    planting: Planting = None,
    document: Documents = [],  # noqa: B006 typer reads the default
    claimed: Claimed = [],  # noqa: B006
    as_json: JsonOption = False,
) -> None:
    """What the checks suspect of a run."""
    from tanhui.projects.audit.service import scan_run

    found = scan_run(out, beside(project, map_file, tenure, planting, document, claimed))
    if as_json:
        show_json(found)
        return
    show_suspicions(found["suspicions"])
    absent = [t(f"audit.looked.{name}") for name, there in found["looked_at"].items() if not there]
    if absent:
        say_line(t("audit.not_looked", names=", ".join(absent)))
    say_line(t("audit.alarms", count=found["alarms"]))


def show_suspicions(rows: list[Mapping[str, Any]]) -> None:
    """Alarms and hints as a table."""
    shown = [
        (
            t(f"audit.level.{one['level']}"),
            "–" if one["misstatement_co2e_t"] is None else f"{one['misstatement_co2e_t']:+,.0f}",
            one["text"][LANG],
            one["clause"],
        )
        for one in rows
    ]
    if shown:
        show_table([t("audit.col.level"), "t CO2e", t("audit.col.what"), t("audit.col.clause")], shown)


@commands.command("sample", help=t("audit.sample.help"))
def sample(
    folder: Folder,
    run: Run,
    count: Annotated[int | None, typer.Option("--count", min=1, help=t("audit.count"))] = None,
    parcels: Annotated[bool, typer.Option("--parcels", help=t("audit.parcels"))] = False,
    project: Project = None,
    map_file: Map = None,
    tenure: Tenure = None,
    planting: Planting = None,
    document: Documents = [],  # noqa: B006
    claimed: Claimed = [],  # noqa: B006
    text: Text = "",
    by: By = "",
    at: At = NOW,
    as_json: JsonOption = False,
) -> None:
    """Draw the places to visit."""
    from tanhui.projects.audit.service import draw_sample

    known = beside(project, map_file, tenure, planting, document, claimed)
    words = said(folder, text or t("audit.sample.text"), by, at)
    _, drawn = draw_sample(folder, run, words, count=count, parcels=parcels, beside=known)
    if as_json:
        show_json(drawn)
        return
    rows = zip(drawn["drawn"], drawn["strata"], drawn["probabilities"], strict=True)
    risks = drawn["risks"]
    table = [(name, stratum, risks.get(name, 1), round(p, 4)) for name, stratum, p in rows]
    show_table([t("audit.col.site"), t("audit.col.stratum"), t("audit.col.risk"), t("audit.col.probability")], table)
    kind = t(f"audit.of.{drawn['of']}")
    say_line(t("audit.drawn", count=len(drawn["drawn"]), of=drawn["population"], kind=kind, seed=drawn["seed"]))


@commands.command("remeasure", help=t("audit.remeasure.help"))
def remeasure(
    folder: Folder,
    run: Run,
    project: Annotated[Path, typer.Option("--project", metavar="FOLDER", help=t("audit.project"))],
    survey: Annotated[Path, typer.Option("--survey", metavar="FILE.xlsx", help=t("audit.survey"))],
    text: Text = "",
    by: By = "",
    at: At = NOW,
    as_json: JsonOption = False,
) -> None:
    """Lay the verifier's survey beside the owner's."""
    from tanhui.projects.audit.service import measure_again

    words = said(folder, text or t("audit.remeasure.text"), by, at)
    _, found = measure_again(folder, run, project, survey, words)
    if as_json:
        show_json(found)
        return
    readings = [
        (
            t(f"audit.reading.{r['reading']}", unit=r["unit"]),
            r["n"],
            round(r["mean"], 3),
            round(r["sd"], 3),
            round(r["t_p"], 4),
            round(r["ranks_p"], 4),
            r["outside"],
        )
        for r in found["readings"]
    ]
    columns = ("reading", "n", "mean", "sd", "t", "ranks", "outside")
    show_table([t(f"audit.col.{name}") for name in columns], readings)
    plots = [
        (
            p["plot"],
            *(round(p[name], 1) + 0.0 for name in ("owner_t_ha", "verifier_t_ha", "difference_t_ha")),
            p["missing"],
            p["extra"],
            p["species"],
        )
        for p in found["plots"]
    ]
    columns = ("site", "owner", "verifier", "difference", "missing", "extra", "species")
    show_table([t(f"audit.col.{name}") for name in columns], plots)
    low, high = found["ci90"]
    value = found["misstatement_co2e_t"]
    facts = {key: f"{round(x) + 0:,}" for key, x in (("value", value), ("low", low), ("high", high))}
    say_line(t("audit.extrapolated", **facts))
    say_line(t("audit.proposes", kind=found["proposes"]) if found["proposes"] else t("audit.proposes_nothing"))


@commands.command("raise", help=t("audit.raise.help"))
def raise_finding(
    folder: Folder,
    kind: Annotated[str, typer.Option("--kind", metavar="NC|CL|FAR", help=t("audit.kind"))],
    clause: Annotated[str, typer.Option("--clause", help=t("audit.clause"))],
    text: Text,
    subject: Annotated[str, typer.Option("--subject", help=t("audit.subject"))] = "",
    tonnes: Tonnes = None,
    evidence: Files = [],  # noqa: B006
    by: By = "",
    at: At = NOW,
    as_json: JsonOption = False,
) -> None:
    """Raise a finding."""
    facts = {"kind": kind, "clause": clause, "subject": subject, "tonnes": tonnes, "evidence": evidence}
    done(folder, "raise", "", text, by, at, as_json, **facts)


@commands.command("answer", help=t("audit.answer.help"))
def answer(
    folder: Folder,
    finding: Number,
    text: Text,
    by: Annotated[str, typer.Option("--by", help=t("audit.by"))],
    evidence: Files = [],  # noqa: B006
    run: Annotated[Path | None, typer.Option("--run", metavar="OUT", help=t("audit.new_run"))] = None,
    at: At = NOW,
    as_json: JsonOption = False,
) -> None:
    """Answer a finding, perhaps with a corrected run."""
    done(folder, "answer", finding, text, by, at, as_json, evidence=evidence, run=run)


@commands.command("close", help=t("audit.close.help"))
def close(
    folder: Folder,
    finding: Number,
    text: Text,
    corrected: Annotated[bool, typer.Option("--corrected", help=t("audit.corrected"))] = False,
    tonnes: Tonnes = None,
    evidence: Files = [],  # noqa: B006
    by: By = "",
    at: At = NOW,
    as_json: JsonOption = False,
) -> None:
    """Close a finding."""
    done(folder, "close", finding, text, by, at, as_json, corrected=corrected, tonnes=tonnes, evidence=evidence)


@commands.command("reopen", help=t("audit.reopen.help"))
def reopen(
    folder: Folder,
    finding: Number,
    text: Text,
    tonnes: Tonnes = None,
    by: By = "",
    at: At = NOW,
    as_json: JsonOption = False,
) -> None:
    """Open a finding again."""
    done(folder, "reopen", finding, text, by, at, as_json, tonnes=tonnes)


@commands.command("withdraw", help=t("audit.withdraw.help"))
def withdraw(
    folder: Folder, finding: Number, text: Text, by: By = "", at: At = NOW, as_json: JsonOption = False
) -> None:
    """Withdraw a finding."""
    done(folder, "withdraw", finding, text, by, at, as_json)


def done(folder: Path, name: str, finding: str, text: str, by: str, at: str, as_json: bool, **facts: Any) -> None:
    """Write an act down and show the finding."""
    from tanhui.projects.audit.service import act, standing

    audit = act(folder, name, said(folder, text, by, at), finding=finding, **facts)
    number = finding or audit.findings[-1].number
    row = next(one for one in standing(folder)["findings"] if one["number"] == number)
    if as_json:
        show_json(row)
    else:
        say_line(f"{number}: {t('audit.standing.' + row['standing'])}")


@commands.command("status", help=t("audit.status.help"))
def status(folder: Folder, as_json: JsonOption = False) -> None:
    """Where the audit stands."""
    from tanhui.projects.audit.service import standing

    found = standing(folder)
    if as_json:
        show_json(found)
        return
    numbers = {key: f"{found[key]:,.0f}" for key in ("net_co2e_t", "misstatement_co2e_t", "limit_co2e_t")}
    say_line(t("audit.status.claim", project=found["project"], auditor=found["auditor"], **numbers))
    rows = [
        (
            one["number"],
            t(f"audit.standing.{one['standing']}"),
            "–" if one["misstatement_co2e_t"] is None else f"{one['misstatement_co2e_t']:+,.0f}",
            one["text"],
        )
        for one in found["findings"]
    ]
    if rows:
        show_table([t("audit.col.finding"), t("audit.col.standing"), "t CO2e", t("audit.col.what")], rows, whole=(0,))
    if found["opinion"]:
        say_line(t("audit.concluded", conclusion=found["opinion"]["conclusion"], at=found["opinion"]["at"]))
    elif found["waits_for"]:
        say_line(t("audit.waits", findings=", ".join(found["waits_for"])))
    elif not found["sampled"]:
        say_line(t("audit.waits_sample"))
    else:
        say_line(t("audit.ready"))
    say_line(t("audit.head", head=found["head"]))


@commands.command("opinion", help=t("audit.opinion.help"))
def opinion(
    folder: Folder,
    conclusion: Annotated[str, typer.Argument(metavar="CONCLUSION", help=t("audit.conclusion"))],
    text: Text,
    by: By = "",
    at: At = NOW,
    as_json: JsonOption = False,
) -> None:
    """Conclude."""
    from tanhui.projects.audit.service import act, standing

    act(folder, "opinion", said(folder, text, by, at), conclusion=conclusion)
    found = standing(folder)
    if as_json:
        show_json(found["opinion"])
    else:
        say_line(t("audit.concluded", conclusion=conclusion, at=found["opinion"]["at"]))


@commands.command("report", help=t("audit.report.help"))
def report(
    folder: Folder,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help=t("audit.report.out"))] = None,
    run: Annotated[Path | None, typer.Option("--run", metavar="OUT", help=t("audit.report.run"))] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help=t("audit.report.key"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report of the audit."""
    from tanhui.projects.audit.report import write_report

    written = write_report(folder, out or folder / "report", run=run, key=key, lang=LANG)
    if as_json:
        show_json(written)
        return
    say_line(t("audit.report.written", folder=written["folder"], files=", ".join(written["files"])))
    if written["signed_by"]:
        say_line(t("audit.report.signed", names=", ".join(written["signed_by"])))
