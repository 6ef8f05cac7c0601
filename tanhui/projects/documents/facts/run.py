"""Facts of the run itself: its number, what went in, what was used, which conditions are met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tanhui.kernel.wording import LANGS
from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Both, Fact
from tanhui.projects.report.numbers import compact

__all__ = ["facts"]


def facts(material: Material) -> Iterator[Fact]:
    """The run, its parameters and its verdicts."""
    result, manifest = material.result, material.manifest
    yield make_fact("run.id", manifest["run"], "manifest.json#/run")
    yield make_fact("run.seed", manifest["seed"], "manifest.json#/seed")
    yield make_fact("run.software", manifest["software"]["tanhui"], "manifest.json#/software/tanhui")
    yield make_fact("run.creditable", result["creditable"], "result.json#/creditable")
    reasons = dict.fromkeys(result["indicative_reasons"])
    yield make_fact("run.reasons", len(reasons), "result.json#/indicative_reasons")
    yield make_fact("run.inputs", len(manifest["inputs"]), "manifest.json#/inputs")
    yield make_fact("run.parameters", len(manifest["parameters"]), "manifest.json#/parameters")
    primary = sum(row["status"] == "primary" for row in manifest["parameters"])
    yield make_fact("run.primary", primary, "manifest.json#/parameters")
    for number, row in enumerate(result["parameters"]):
        source = f"result.json#/parameters/{number}/value"
        names = {lang: row[lang] or row["id"] for lang in LANGS} | {"key": row["id"]}
        words: Both = {lang: row[lang] if row["unit"] == "text" else compact(row["value"]) for lang in LANGS}
        yield make_fact("parameter.*", row["value"], source, names, text=words, unit=row["unit"])
    for number, row in enumerate(result["equations"]):
        for name in ("trees", "out_of_range"):
            yield make_fact(f"equation.*.{name}", row[name], f"result.json#/equations/{number}/{name}", row["id"])
    for number, row in enumerate(manifest["inputs"]):
        yield make_fact("input.*.bytes", row["size_bytes"], f"manifest.json#/inputs/{number}/size_bytes", row["name"])
    verdicts = Counter(row["verdict"] for row in result["eligibility"])
    if verdicts:
        for verdict in ("met", "open", "not_met"):
            yield make_fact(f"eligibility.{verdict}", verdicts[verdict], "result.json#/eligibility")
