"""The report of an audit: one JSON that can be signed, one page that can be printed, both from the journal alone.

What an auditor concluded is the events that led there, so nothing is typed twice; the hash of the journal's last line
stands in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import readable_bytes, rounded
from tanhui.kernel.errors import InputError
from tanhui.kernel.files import write_whole
from tanhui.kernel.signing import SigningKey, sign_document
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.audit import journal
from tanhui.projects.audit.rules import finding_kinds
from tanhui.projects.audit.service import standing
from tanhui.projects.explain import read_run

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from tanhui.projects.report.canvas import Width

__all__ = ["PURPOSE", "report_document", "write_report"]

FORMAT = "tanhui-audit-report-1"
#: What a verifier's signature on a report says; no signature for anything else fits it.
PURPOSE = "tanhui.audit.report"
JSON, PAGE = "audit.json", "audit.html"
#: Suspicions named on the page; all are in the JSON.
NAMED = 30
OWNER, VERIFIER = "#d1892b", "#1b7f5c"
INK = "#1f2a2e"
#: Markers of plots that were drawn, and of the others.
DRAWN: dict[str, Any] = {
    "marker": "o",
    "markersize": 11,
    "markerfacecolor": "white",
    "markeredgecolor": INK,
    "markeredgewidth": 2.5,
    "linewidth": 0,
}
OTHER: dict[str, Any] = {
    "marker": "o",
    "markersize": 4.5,
    "markerfacecolor": INK,
    "markeredgecolor": "white",
    "markeredgewidth": 0.7,
    "linewidth": 0,
}


def report_document(folder: Path) -> dict[str, Any]:
    """Everything an audit says, in the order in which it was said."""
    audit = journal.read(folder)
    events = {act: [e for e in audit.events if e.act == act] for act in ("sample", "remeasure")}
    document: dict[str, Any] = {
        "format": FORMAT,
        "subject": asdict(audit.subject),
        **standing(folder),
        "draws": [{"at": e.at, "by": e.by, **e.detail} for e in events["sample"]],
        "remeasured": [
            {"at": e.at, "by": e.by, "survey": [asdict(one) for one in e.evidence], **e.detail}
            for e in events["remeasure"]
        ],
        "dialogue": [
            {
                "number": one.number,
                "said": [
                    {
                        "act": e.act,
                        "at": e.at,
                        "by": e.by,
                        "text": e.text,
                        "misstatement_co2e_t": e.misstatement_co2e_t,
                        "run": e.detail.get("run", ""),
                        "evidence": [asdict(file) for file in e.evidence],
                    }
                    for e in one.events
                ],
            }
            for one in audit.findings
        ],
    }
    return dict(rounded(document))


def write_report(
    folder: Path, out: Path, *, run: Path | None = None, key: Path | None = None, lang: Lang = "zh"
) -> dict[str, Any]:
    """Write ``audit.json``, signed where a key is given, and ``audit.html``.

    Parameters
    ----------
    folder : Path
        The audit.
    out : Path
        Where they go.
    run : Path, optional
        The run that is audited: with it the page has a map of the plots drawn.
    key : Path, optional
        The verifier's key.
    """
    document = report_document(folder)
    land = map_of(run, document) if run is not None else None
    signer = SigningKey.load(key) if key is not None else None
    signed = sign_document(PURPOSE, document, *([signer] if signer else []))
    write_whole(out / JSON, readable_bytes(signed))
    write_whole(out / PAGE, render(document, land, [signer.name] if signer else [], lang).encode())
    return {
        "folder": str(out),
        "files": [JSON, PAGE],
        "signed_by": [signer.name] if signer else [],
        "head": document["head"],
    }


def map_of(run: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Outlines of a run and its plots, those that were drawn and those that were not."""
    import pandas as pd

    result, manifest = read_run(run)
    if manifest["run"] not in (document["run"], document["first_run"]):
        raise InputError("audit.report_other_run", run=str(manifest["run"])[:16], wanted=document["run"][:16])
    if not (result.get("map") or {}).get("parcels") or not (run / "plots.parquet").is_file():
        return {}
    plots = pd.read_parquet(run / "plots.parquet")
    plots = plots[plots["year"] == plots["year"].max()]
    plots = plots[plots["lon"].notna() & plots["lat"].notna()]
    drawn = set(document["sampled"])
    places = [
        {
            "id": str(p["location_id"]),
            "lon": float(p["lon"]),
            "lat": float(p["lat"]),
            "drawn": p["location_id"] in drawn,
        }
        for p in plots.to_dict("records")
    ]
    return {"parcels": result["map"]["parcels"], "plots": places}


def render(document: Mapping[str, Any], land: Mapping[str, Any] | None, signers: Sequence[str], lang: Lang) -> str:
    """The page as HTML, in both languages."""
    from tanhui.projects.report.canvas import draw_all

    again = document["remeasured"][-1] if document["remeasured"] else None
    return (
        environment()
        .get_template("report.html")
        .render(
            doc=document,
            lang=lang,
            kinds=finding_kinds(),
            dialogue={one["number"]: one["said"] for one in document["dialogue"]},
            again=again,
            named=NAMED,
            suspicions=document["draws"][-1]["suspicions"] if document["draws"] else [],
            map=draw_all(map_figure, land) if land else None,
            paired=draw_all(paired_figure, again) if again and any(r["n"] for r in again["readings"]) else None,
            scale=draw_all(scale_figure, document),
            signers=signers,
        )
    )


@cache
def environment() -> Environment:
    """Jinja2 with our words and the report's style."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from tanhui.projects.report.numbers import number
    from tanhui.projects.report.page import any_unread, clause_mark, spans, switchable_figure

    here = Path(__file__).parent
    made = Environment(
        loader=FileSystemLoader([here, here.parent / "report"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"t": in_both, "both": spans, "any_unread": any_unread}
    made.filters |= {
        "num": number,
        "t": tonnes,
        "chance": chance,
        "figure": switchable_figure,
        "clause": clause_mark,
        "day": day,
    }
    return made


def day(at: str) -> str:
    """The day of an instant, as it was written."""
    return at[:10]


def tonnes(value: float, digits: int = 0) -> str:
    """A difference with its sign; nothing has none."""
    from tanhui.projects.report.canvas import plain_number

    text = plain_number(value, digits)
    return f"+{text}" if float(f"{value:.{digits}f}") > 0 else text


def chance(p: float) -> str:
    """A p-value as tables print it."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def in_both(key: str, **facts: Any) -> Markup:
    """The sentence ``audit.page.<key>`` in both languages."""
    from tanhui.projects.report.page import spans

    return spans({lang: say(f"audit.page.{key}", lang, **facts) for lang in LANGS})


# Figures


def map_figure(land: Mapping[str, Any], *, lang: Lang, width: Width) -> str:
    """Parcels, all plots, and those that were drawn with their names."""
    from matplotlib.lines import Line2D

    from tanhui.projects.report.canvas import legend_below, new_figure, to_svg, write
    from tanhui.projects.report.map import draw_parcels, frame, local_projection, scale_bar

    corners = [corner for parcel in land["parcels"] for ring in parcel["rings"] for corner in ring]
    corners += [[plot["lon"], plot["lat"]] for plot in land["plots"]]
    project = local_projection(corners)
    window, height_px = frame(project(corners), width)
    figure, axes = new_figure(width, height_px + 26)
    axes.grid(visible=False)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    handles = dict(draw_parcels(axes, land["parcels"], project))
    places = project([[plot["lon"], plot["lat"]] for plot in land["plots"]])
    for plot, (x, y) in zip(land["plots"], places, strict=True):
        style = DRAWN if plot["drawn"] else OTHER
        axes.plot([x], [y], zorder=5 if plot["drawn"] else 4, **style)
        if plot["drawn"]:
            write(axes, x, y, plot["id"], width, xytext=(9, 4), fontweight="bold", zorder=6)
    handles[say("audit.page.drawn", lang)] = Line2D([], [], **DRAWN)
    handles[say("audit.page.not_drawn", lang)] = Line2D([], [], **OTHER)
    axes.set_xlim(window[0], window[1])
    axes.set_ylim(window[2], window[3])
    scale_bar(axes, width)
    legend_below(figure, handles, width)
    return to_svg(figure, say("audit.page.h.sample", lang))


def paired_figure(again: Mapping[str, Any], *, lang: Lang, width: Width) -> str:
    """Differences of each reading over its mean (Bland and Altman), with their mean and where 95 % of them lie."""
    from tanhui.projects.report.canvas import GRID, headed, new_figure, to_svg, write

    readings = [one for one in again["readings"] if one["n"]]
    figure, axes = new_figure(width, 250 if not width.narrow else 230)
    figure.delaxes(axes)
    grid = figure.add_gridspec(1, len(readings))
    for place, one in enumerate(readings):
        part = figure.add_subplot(grid[0, place])
        for side in ("top", "right", "left"):
            part.spines[side].set_visible(False)
        part.spines["bottom"].set_color(GRID)
        part.tick_params(length=0, labelsize=width.font_px * 0.9)
        part.grid(axis="y", color=GRID, linewidth=0.8)
        first = [pair[0] for pair in one["pairs"]]
        second = [pair[1] for pair in one["pairs"]]
        middle = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
        part.scatter(
            middle, [a - b for a, b in zip(first, second, strict=True)], s=9, color=VERIFIER, alpha=0.55, linewidths=0
        )
        part.axhline(0, color=INK, linewidth=0.8)
        part.axhline(one["mean"], color=OWNER, linewidth=1.6)
        for bound in (one["mean"] - 1.96 * one["sd"], one["mean"] + 1.96 * one["sd"]):
            part.axhline(bound, color=OWNER, linewidth=0.9, linestyle=(0, (4, 3)))
        unit = one["unit"]
        part.set_title(say(f"audit.page.reading.{one['reading']}", lang, unit=unit), loc="left", fontsize=width.font_px)
        part.set_xlabel(say("audit.page.axis.mean", lang, unit=unit), fontsize=width.font_px * 0.9)
        write(part, max(middle), one["mean"], f"{one['mean']:+.2f}", width, xytext=(0, 3), ha="right", color="#8a5a00")
    headed(figure, say("audit.page.axis.difference", lang), width)
    return to_svg(figure, say("audit.page.h.remeasured", lang))


def scale_figure(document: Mapping[str, Any], *, lang: Lang, width: Width) -> str:
    """Every uncorrected misstatement and their sum, against the limit of materiality."""
    from tanhui.projects.report.canvas import MUTED, new_figure, plain_number, to_svg, write

    rows = [
        (one["number"], one["misstatement_co2e_t"])
        for one in document["findings"]
        if one["misstatement_co2e_t"] and not one["corrected"] and one["standing"] != "withdrawn"
    ]
    rows.append((say("audit.page.sum", lang), document["misstatement_co2e_t"]))
    limit = document["limit_co2e_t"]
    figure, axes = new_figure(width, 44 + 26 * len(rows))
    axes.grid(visible=False)
    reach = max(limit, *(abs(value) for _, value in rows), 1.0) * 1.25
    for place, (name, value) in enumerate(rows):
        y = len(rows) - 1 - place
        over = abs(value) > limit
        axes.barh([y], [value], height=0.55, color="#c2563a" if over else VERIFIER)
        write(axes, -reach, y, name, width, xytext=(0, -4), color=INK)
        text = f"{plain_number(value)} t"
        write(axes, value, y, text, width, xytext=(5 if value >= 0 else -5, -4), ha="left" if value >= 0 else "right")
    axes.axvline(0, color=INK, linewidth=0.8)
    for side in (-limit, limit):
        axes.axvline(side, color="#c2563a", linewidth=1.2, linestyle=(0, (5, 3)))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_yticks([])
    axes.set_xticks([-limit, 0, limit], [f"{plain_number(-limit)} t", "0", f"{plain_number(limit)} t"], color=MUTED)
    return to_svg(figure, say("audit.page.h.materiality", lang))
