"""How a figure came about: from a result folder back to strata, plots, trees, equations, parameters and files.

Nothing is computed here that the run did not compute: the folder's own documents and tables are read, checked
against the manifest, and laid out in order. A figure goes by the name of a quantity, by that of a line of the claim, or
by the key under which documents print it (``claim.year.2024.credits_t``, ``land.stratum.CL-2014.area_ha``). A folder of
documents is a result folder too: it holds its run, and facts of the project file and the registry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.bibliography import glossary
from tanhui.kernel.canonical import digest
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.manifest import result_digest
from tanhui.kernel.wording import Lang, say

if TYPE_CHECKING:
    import pandas as pd

    from tanhui.projects.documents.model import Fact

__all__ = ["Derivation", "explain"]

#: What a result and a manifest hold at least.
RESULT_KEYS = {"estimates", "claims", "domain", "equations", "tables"}
MANIFEST_KEYS = {"result_sha256", "parameters", "inputs", "run", "seed"}
#: Trees shown of the many behind a figure: the ones that weigh most.
TREES_SHOWN = 10
#: Names shown where nothing is like what was asked for.
NAMES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Derivation:
    """One figure with everything behind it; ``rows`` is the number of tree rows, ``heaviest`` the largest of them.

    ``fact`` is what documents print under a key, with the place where it stands; ``parcels`` are the rows of an area.
    """

    quantity: str
    figures: tuple[Mapping[str, Any], ...]
    lines_of_claim: tuple[Mapping[str, Any], ...]
    by_stratum: tuple[Mapping[str, Any], ...]
    rows: int
    heaviest: tuple[Mapping[str, Any], ...]
    equations: tuple[Mapping[str, Any], ...]
    parameters: tuple[Mapping[str, Any], ...]
    inputs: tuple[Mapping[str, Any], ...]
    run: str
    seed: str
    fact: Fact | None = None
    parcels: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As ``tanhui explain --json`` prints it."""
        return {
            "quantity": self.quantity,
            "figures": list(self.figures),
            "claim_lines": list(self.lines_of_claim),
            "by_stratum": list(self.by_stratum),
            "tree_rows": self.rows,
            "heaviest_trees": list(self.heaviest),
            "equations": list(self.equations),
            "parameters": list(self.parameters),
            "inputs": list(self.inputs),
            "run": self.run,
            "seed": self.seed,
            **({"fact": self.fact.to_dict()} if self.fact else {}),
            **({"parcels": list(self.parcels)} if self.parcels else {}),
        }

    def lines(self, lang: Lang) -> list[str]:
        """The derivation for a person, from the figure down."""
        term = glossary().get(self.quantity)
        name = (term.zh if lang == "zh" else term.en) if term else self.quantity
        found = [f"{self.quantity}: {name}"] if self.fact is None else fact_lines(self.fact, lang)
        found += [f"  {parcel_line(row, lang)}" for row in self.parcels]
        for e in self.figures:
            low, high = e["ci90"]
            found.append(
                f"  {e['year']} {e['domain']} ({e['source']}): {e['value']:,.6g} {e['unit']}, "
                f"{say('explain.interval', lang)} {low:,.6g} – {high:,.6g}, n = {e['n']}"
            )
            parts = ", ".join(f"{say(f'report.error.{s}', lang)} {x:.1%}" for s, x in e["variance_shares"].items() if x)
            found.append(f"    {say('explain.shares', lang)}: {parts}")
        found += [f"  {x['line']}: {x['co2e_t']:+,.3f} t CO2e  {x['clause']}" for x in self.lines_of_claim]
        if self.by_stratum:
            found.append(say("explain.strata", lang))
            found += [f"  {x['domain']}: {x['value']:,.6g} ± {x['se']:,.4g} {x['unit']}" for x in self.by_stratum]
        if self.rows:
            found.append(say("explain.trees", lang, count=self.rows))
            found += ["  " + tree_line(x, lang) for x in self.heaviest]
        if self.equations:
            found.append(say("explain.equations", lang))
            found += [f"  {x['id']}: {x['printed']} [{x['status']}] {x['reference']}" for x in self.equations]
        if self.parameters:
            found.append(say("explain.parameters", lang))
        found += [
            f"  {x['id']} = {x['value']} {x['unit']} [{x['status']}] {x['reference']} {x['place']}"
            for x in self.parameters
        ]
        found.append(say("explain.inputs", lang))
        found += [f"  {x['name']}  sha256 {x['sha256']}" for x in self.inputs]
        found.append(say("explain.run", lang, run=self.run, seed=self.seed))
        return found


def tree_line(tree: Mapping[str, Any], lang: Lang) -> str:
    """One tree of those that weigh most."""
    mark = "，" if lang == "zh" else ", "
    shown = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in tree.items()}
    return mark.join(f"{say(f'explain.column.{key}', lang, default=key)} {value}" for key, value in shown.items())


def fact_lines(fact: Fact, lang: Lang) -> list[str]:
    """A fact as documents print it, and where it stands."""
    unit = "" if fact.unit in ("1", "text", "date") else fact.unit
    head = f"{fact.key}: {fact.name[lang]} = {fact.text[lang]} {unit}".rstrip()
    return [head, "  " + say("explain.fact", lang, source=fact.source)]


def parcel_line(parcel: Mapping[str, Any], lang: Lang) -> str:
    """One parcel of an area."""
    return f"{parcel['parcel_id']} {parcel['stratum']}: {parcel['area_credited_ha']:,.4f} ha"


def explain(out: Path, quantity: str) -> Derivation:
    """The derivation of a quantity, of a line of the claim, or of any figure of a document, from a folder.

    Parameters
    ----------
    out : Path
        A result folder, or a folder of documents.
    quantity : str
        A quantity (``tree_co2e_t``), a line (``net``), ``claim``, or the key of a figure (``claim.net``).

    Raises
    ------
    InputError
        If the folder is no result, or nothing of that name is in it (with what may be meant).
    IntegrityError
        If result or tables are not what the manifest names.
    """
    noted, folder = documents_of(out)
    result, manifest = read_run(folder)
    figures = tuple(e for e in result["estimates"] if e["quantity"] == quantity)
    lines = tuple(x for claim in result["claims"] for x in claim["lines"] if quantity in (x["line"], "claim"))
    if not figures and not lines:
        return explain_fact(folder, quantity, result, manifest, noted)
    last = max((e["year"] for e in figures), default=None)
    whole = tuple(e for e in figures if e["domain"] == result["domain"]) or figures
    strata = tuple(e for e in figures if e["domain"] != result["domain"] and e["year"] == last)
    rows, heaviest = trees_behind(folder, quantity)
    return Derivation(
        quantity=quantity,
        figures=whole,
        lines_of_claim=tuple(x for claim in result["claims"] for x in claim["lines"]) if lines else (),
        by_stratum=strata,
        rows=rows,
        heaviest=heaviest,
        equations=tuple(result["equations"]),
        parameters=tuple(manifest["parameters"]),
        inputs=tuple(manifest["inputs"]),
        run=manifest["run"],
        seed=manifest["seed"],
    )


def explain_fact(
    folder: Path, key: str, result: Mapping[str, Any], manifest: Mapping[str, Any], noted: Mapping[str, Fact]
) -> Derivation:
    """The derivation of one figure of a document: the rows, lines and parameters that it rests on, and no others."""
    from tanhui.projects.documents.facts import collect
    from tanhui.projects.documents.material import read_material

    material = read_material(folder)
    facts = {**collect(material), **noted}
    if key not in facts:
        known = sorted({e["quantity"] for e in result["estimates"]} | line_names(result) | facts.keys())
        near = get_close_matches(key, known, n=4, cutoff=0.3) or known[:NAMES_SHOWN]
        raise InputError("explain.unknown", quantity=key, known=", ".join(near))
    kind, _, rest = key.partition(".")
    figures = estimates_behind(result, facts[key])
    measured = kind in ("estimate", "share", "claim", "comparison")
    rows, heaviest = trees_behind(folder, figures[0]["quantity"] if figures else key) if measured else (0, ())
    return Derivation(
        quantity=key,
        figures=figures,
        lines_of_claim=tuple(x for claim in result["claims"] for x in claim["lines"]) if kind == "claim" else (),
        by_stratum=(),
        rows=rows,
        heaviest=heaviest,
        equations=tuple(
            e for e in result["equations"] if measured or (kind == "equation" and rest.startswith(e["id"]))
        ),
        parameters=parameters_behind(kind, rest, manifest),
        inputs=tuple(manifest["inputs"]),
        run=manifest["run"],
        seed=manifest["seed"],
        fact=facts[key],
        parcels=parcels_behind(material.tables.get("parcels"), facts[key]) if kind == "land" else (),
    )


def documents_of(out: Path) -> tuple[dict[str, Fact], Path]:
    """The facts that a folder of documents notes beside its run, and the run; a result folder is its own run."""
    if not (out / "documents.json").is_file():
        return {}, out
    from tanhui.projects.documents.ledger import RUN, read_ledger
    from tanhui.projects.documents.model import Fact

    ledger = read_ledger(out) or {}
    try:
        return {key: Fact.from_dict(entry) for key, entry in ledger["facts"].items()}, out / RUN
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("explain.no_run", path=str(out), detail=str(error)) from None


def estimates_behind(result: Mapping[str, Any], fact: Fact) -> tuple[Mapping[str, Any], ...]:
    """The estimate that a fact is a part of."""
    found = re.match(r"result\.json#/estimates/(\d+)/", fact.source)
    return (result["estimates"][int(found[1])],) if found else ()


def parameters_behind(kind: str, rest: str, manifest: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The parameters that a kind of figure rests on."""
    rows = tuple(manifest["parameters"])
    if kind == "parameter":
        return tuple(row for row in rows if row["id"] == rest)
    return () if kind in ("project", "run", "land", "registry", "tenure", "input", "plot", "monitoring") else rows


def parcels_behind(parcels: pd.DataFrame | None, fact: Fact) -> tuple[Mapping[str, Any], ...]:
    """The largest parcels of an area."""
    if parcels is None:
        return ()
    said = re.search(r"(stratum|parcel_id) = (.+?)(?:, |$)", fact.source)
    chosen = parcels[parcels[said[1]].astype(str) == said[2]] if said else parcels
    largest = chosen.nlargest(TREES_SHOWN, "area_credited_ha")
    return tuple(plain(largest[["parcel_id", "stratum", "area_ha", "area_credited_ha"]]))


def read_run(out: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Result and manifest of a folder, found to belong together with their tables."""
    try:
        result, manifest = (
            json.loads((out / name).read_text(encoding="utf-8")) for name in ("result.json", "manifest.json")
        )
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("explain.no_run", path=str(out), detail=str(error)) from None
    for document, keys, name in ((result, RESULT_KEYS, "result.json"), (manifest, MANIFEST_KEYS, "manifest.json")):
        if not isinstance(document, dict) or not keys <= document.keys():
            raise IntegrityError("explain.changed", file=name)
    if manifest["result_sha256"] != result_digest(result):
        raise IntegrityError("explain.changed", file="result.json")
    for name, sha256 in result["tables"].items():
        if not (out / name).is_file() or digest((out / name).read_bytes()) != sha256:
            raise IntegrityError("explain.changed", file=name)
    return result, manifest


def line_names(result: Mapping[str, Any]) -> set[str]:
    """The lines of all claims."""
    return {line["line"] for claim in result["claims"] for line in claim["lines"]}


def trees_behind(out: Path, quantity: str) -> tuple[int, tuple[Mapping[str, Any], ...]]:
    """How many tree rows carry carbon, and the ones that weigh most per hectare in the pool of the quantity."""
    import pandas as pd

    path = out / "trees.parquet"
    if not path.is_file():
        return 0, ()
    trees = pd.read_parquet(path)
    pool = next((p for p in ("agc_kg", "bgc_kg") if quantity.startswith(p[:3])), "tree_kg")
    used = trees[trees[pool].notna() & trees["trees_per_ha"].notna()]
    weight = used[pool] * used["trees_per_ha"]
    top = used.loc[weight.nlargest(TREES_SHOWN).index]
    columns = [
        c
        for c in ("plot_id", "tree_id", "species", "dbh_cm", "height_used_m", "trees_per_ha", "equation", pool)
        if c in top
    ]
    return len(used), tuple(plain(top[columns]))


def plain(frame: pd.DataFrame) -> Sequence[Mapping[str, Any]]:
    """Rows as plain Python."""
    records: Sequence[Mapping[str, Any]] = json.loads(frame.to_json(orient="records", force_ascii=False))
    return records
