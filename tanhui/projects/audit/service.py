"""Use cases of an audit: begin, look, draw, measure again, and everything that is said about a finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tanhui.kernel.canonical import file_digest, rounded
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.projects.audit import journal
from tanhui.projects.audit.model import Act, Audit, Event, Evidence, Subject, Task
from tanhui.projects.audit.opinion import open_findings, weigh
from tanhui.projects.audit.rules import AuditRefused, audit_limit, finding_kinds
from tanhui.projects.explain import read_run

if TYPE_CHECKING:
    from tanhui.projects.audit.case import Case
    from tanhui.projects.audit.read_case import Beside
    from tanhui.projects.audit.suspicion import Suspicion

__all__ = ["Said", "act", "begin_audit", "draw_sample", "evidence_of", "measure_again", "scan_run", "standing"]


@dataclass(frozen=True, slots=True)
class Said:
    """Who says something, when, and in which words."""

    by: str
    at: str
    text: str = ""


def begin_audit(
    folder: Path,
    out: Path,
    *,
    auditor: str,
    task: str = "verification",
    book: str = "ccer",
    materiality: float | None = None,
    seed: int | None = None,
) -> Audit:
    """A new audit of the claim of a run.

    Raises
    ------
    InputError
        If the run holds no claim, the task is none, or the folder holds an audit already.
    """
    result, manifest = read_run(out)
    if task not in ("validation", "verification"):
        raise InputError("audit.unknown_task", task=task)
    net = claimed_net(result, out)
    subject = Subject(
        task=cast(Task, task),
        project=str(result["project"]),
        run=str(manifest["run"]),
        book=book,
        auditor=auditor,
        net_co2e_t=net,
        materiality=audit_limit("materiality") if materiality is None else materiality,
        seed=int(manifest["seed"]) if seed is None else seed,
    )
    return journal.begin(folder, subject)


def claimed_net(result: Mapping[str, Any], out: Path) -> float:
    """The net of a run's claim. [t CO2e]"""
    if not result["claims"]:
        raise InputError("audit.no_claim", path=str(out))
    return float(next(line["co2e_t"] for line in result["claims"][0]["lines"] if line["line"] == "net"))


def scan_run(out: Path, beside: Beside | None = None) -> dict[str, Any]:
    """What the checks suspect of a run, alarms first, each with the tonnes it would be."""
    from tanhui.projects.audit.checks import checks, scan
    from tanhui.projects.audit.read_case import read_case

    case = read_case(out, beside)
    found = scan(case)
    net = case.claim.net_co2e_t
    listed = [one.to_dict(net) for one in found]
    return {
        "project": case.project,
        "run": case.run,
        "net_co2e_t": net,
        "checks": [module.__name__.rpartition(".")[2] for module in checks()],
        "looked_at": looked_at(case),
        "alarms": sum(one["level"] == "alarm" for one in listed),
        "suspicions": listed,
    }


def looked_at(case: Case) -> dict[str, bool]:
    """What there was to look at: what is not there was not checked."""
    return {
        "outlines": case.outlines is not None,
        "crews": any(one.plots["crew"].ne("").any() for one in case.surveys),
        "second_team": any(len(one.remeasured) for one in case.surveys),
        "recomputed": "recomputed_kg" in case.trees,
        "plan": bool(case.plan),
        "map": "map_rank" in case.plots,
        "tenure": case.rights is not None,
        "planting": case.planting is not None,
        "documents": bool(case.stated),
    }


def draw_sample(
    folder: Path,
    out: Path,
    said: Said,
    *,
    count: int | None = None,
    parcels: bool = False,
    beside: Beside | None = None,
) -> tuple[Audit, dict[str, Any]]:
    """Draw the plots (or parcels) to visit by size and risk, and write the draw down.

    The stream is that of the audit's seed and of how many draws there were before, so a second draw is another one.
    """
    from tanhui.projects.audit.checks import scan
    from tanhui.projects.audit.read_case import read_case
    from tanhui.projects.audit.sample import draw_sites, sites_wanted

    audit = journal.read(folder)
    case = read_case(out, beside)
    check_run(audit, case.run, out)
    found = scan(case)
    sites = sites_of(case, found, parcels=parcels)
    strata = len({one.stratum for one in sites})
    number = sum(event.act == "sample" for event in audit.events) + 1
    wanted = sites_wanted(len(sites), strata) if count is None else count
    draw = draw_sites(sites, wanted, audit.subject.seed, "audit", "parcels" if parcels else "plots", str(number))
    detail = rounded(
        {
            **draw.to_dict(),
            "of": "parcels" if parcels else "plots",
            "risks": {one.id: one.risk for one in sites if one.risk > 1},
            "suspicions": [one.to_dict(case.claim.net_co2e_t) for one in found],
        }
    )
    event = event_of("sample", said, detail=detail)
    return journal.append(folder, event), detail


def sites_of(case: Case, found: Sequence[Suspicion], *, parcels: bool) -> list[Any]:
    """Plots or parcels with the tonnes that rest on them and the risk of what is suspected of them."""
    from tanhui.projects.audit.sample import Site

    net = case.claim.net_co2e_t
    risk: dict[str, float] = {}
    for one in found:
        weight = audit_limit("risk_alarm") if one.is_alarm(net) else audit_limit("risk_hint")
        for subject in one.subjects:
            for part in subject.replace("∩", "=").split("="):
                name = part.split("/")[0].strip()
                risk[name] = max(risk.get(name, 1.0), weight)
    if parcels:
        mean = case.pairs.groupby("stratum")["change_t_ha"].mean()
        rows = zip(
            case.parcels["parcel_id"].astype(str),
            case.parcels["stratum"],
            case.parcels["area_credited_ha"],
            strict=True,
        )
        sizes = [
            (name, stratum, abs(float(mean.get(stratum, 0.0) * area * case.claim.share)))
            for name, stratum, area in rows
        ]
    else:
        tonnes = (case.pairs["change_t_ha"] * case.pairs["weight_ha"] * case.claim.share).abs()
        sizes = [(str(name), str(case.pairs.at[name, "stratum"]), float(t)) for name, t in tonnes.items()]
    return [Site(name, stratum, size, risk.get(name, 1.0)) for name, stratum, size in sizes]


def measure_again(folder: Path, out: Path, project: Path, survey: Path, said: Said) -> tuple[Audit, dict[str, Any]]:
    """Lay the verifier's survey beside the owner's, and write the comparison down with the survey as evidence."""
    from tanhui.projects.audit.read_case import Beside, read_case
    from tanhui.projects.audit.remeasured import height_ratio, matched_trees, plot_carbon, weigh_plots
    from tanhui.projects.audit.sample import drawn_sites
    from tanhui.projects.field.survey import field_survey
    from tanhui.projects.model import Afforestation, load_project
    from tanhui.projects.site import read_site
    from tanhui.sensing.inventory.read_plots import read_plots

    audit = journal.read(folder)
    drawn = drawn_sites([e.detail for e in audit.events if e.act == "sample" and e.detail.get("of") == "plots"])
    if not drawn:
        raise AuditRefused("audit.nothing_visited")
    case = read_case(out, Beside(project=project))
    check_run(audit, case.run, out)
    loaded = load_project(project)
    assert isinstance(loaded, Afforestation)  # the case above was read from it
    site = read_site(loaded, project)
    theirs = read_plots(survey, planted_on=site.planted)
    plots = theirs.inventory.plots.set_index(theirs.inventory.plots["location_id"].astype(str))
    first = case.surveys[-1].trees
    both = matched_trees(first[first["location_id"].isin(plots.index)], field_survey(theirs).trees)
    ratio = height_ratio(both)
    verifier = plots[["visited"]].assign(t_ha=plot_carbon(loaded, project, site, theirs, ratio))
    owner = case.pairs.assign(now_t_ha=case.stock_t_ha[case.pairs["now"]])
    found = weigh_plots(drawn, owner, verifier, both, case.claim.share)
    limit = audit.subject.materiality * abs(audit.net_co2e_t)
    detail: dict[str, Any] = rounded({**found.to_dict(), "proposes": found.kind(limit), "height_ratio": ratio})
    event = event_of("remeasure", said, evidence=evidence_of([survey]), detail=detail)
    return journal.append(folder, event), detail


def check_run(audit: Audit, run: str, out: Path) -> None:
    """Refuse a run that is not what is audited."""
    if run not in (audit.subject.run, audit.run):
        raise RefusedInput([Fault("audit.other_run", str(out), value=run[:16], facts={"wanted": audit.run[:16]})])


def evidence_of(files: Sequence[Path]) -> tuple[Evidence, ...]:
    """Documents by name and hash; every one that cannot be read is named.

    Raises
    ------
    RefusedInput
        With every file that is not there.
    """
    faults = [Fault("file.missing", str(path)) for path in files if not path.is_file()]
    if faults:
        raise RefusedInput(faults)
    return tuple(Evidence(path.name, file_digest(path)) for path in files)


def event_of(name: Act, said: Said, **facts: Any) -> Event:
    """An event before the journal numbers it."""
    return Event(number=0, at=said.at, by=said.by, act=name, text=said.text, **facts)


def act(
    folder: Path,
    name: str,
    said: Said,
    *,
    finding: str = "",
    kind: str = "",
    clause: str = "",
    subject: str = "",
    tonnes: float | None = None,
    corrected: bool | None = None,
    conclusion: str = "",
    evidence: Sequence[Path] = (),
    run: Path | None = None,
) -> Audit:
    """Raise, answer, close, reopen, withdraw, or conclude; ``run`` is that by which an answer puts the claim right."""
    detail: dict[str, Any] = {"conclusion": conclusion} if conclusion else {}
    if run is not None:
        result, manifest = read_run(run)
        if result["project"] != journal.read(folder).subject.project:
            raise RefusedInput([Fault("audit.other_project", str(run), value=str(result["project"]))])
        detail |= {"run": str(manifest["run"]), "net_co2e_t": claimed_net(result, run)}
    event = event_of(
        cast(Act, name),
        said,
        finding=finding,
        kind=kind,
        clause=clause,
        subject=subject,
        misstatement_co2e_t=tonnes,
        corrected=corrected,
        evidence=evidence_of(evidence),
        detail=detail,
    )
    return journal.append(folder, event)


def standing(folder: Path) -> dict[str, Any]:
    """Where an audit stands: open findings, what an opinion waits for, and the misstatement against materiality."""
    audit = journal.read(folder)
    weighed = weigh(audit)
    kinds = finding_kinds()
    return {
        "project": audit.subject.project,
        "task": audit.subject.task,
        "auditor": audit.subject.auditor,
        "run": audit.run,
        "first_run": audit.subject.run,
        "net_co2e_t": audit.net_co2e_t,
        "materiality": audit.subject.materiality,
        "limit_co2e_t": weighed.limit_co2e_t,
        "misstatement_co2e_t": weighed.misstatement_co2e_t,
        "largest_co2e_t": weighed.largest_co2e_t,
        "material": weighed.material,
        "unknown": list(weighed.unknown),
        "sampled": list(audit.sampled),
        "waits_for": list(open_findings(audit)),
        "findings": [
            {
                "number": one.number,
                "kind": one.kind,
                "blocks": kinds[one.kind].blocks,
                "standing": one.standing,
                "clause": one.clause,
                "subject": one.subject,
                "text": one.text,
                "misstatement_co2e_t": one.misstatement_co2e_t,
                "corrected": one.corrected,
            }
            for one in audit.findings
        ],
        "opinion": None
        if audit.opinion is None
        else {name: getattr(audit.opinion, name) for name in audit.opinion.__slots__},
        "events": len(audit.events),
        "head": journal.head(folder),
    }
