"""Facts of the claim: its lines, its years, what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact
from tanhui.projects.report.rows import both

__all__ = ["facts"]

WHERE = "result.json#/claims/0"


def facts(material: Material) -> Iterator[Fact]:
    """Every figure of the claim."""
    claim = material.claim
    if claim is None:
        return
    first, last = claim["period"]
    yield make_fact("claim.period_first", first, f"{WHERE}/period/0")
    yield make_fact("claim.period_last", last, f"{WHERE}/period/1")
    yield make_fact("claim.gwp", claim["gwp"], f"{WHERE}/gwp")
    yield make_fact("claim.credits_t", claim["credits_t"], f"{WHERE}/credits_t")
    yield make_fact("claim.deficit_t", claim["deficit_t"], f"{WHERE}/deficit_t")
    for number, line in enumerate(claim["lines"]):
        where = f"{WHERE}/lines/{number}/co2e_t"
        if line["line"] == "net":
            yield make_fact("claim.net", line["co2e_t"], where)
        else:
            name = both(f"report.line.{line['line']}") | {"key": line["line"]}
            yield make_fact("claim.line.*", line["co2e_t"], where, name)
    for number, year in enumerate(claim["by_year"]):
        where = f"{WHERE}/by_year/{number}"
        yield make_fact("claim.year.*.co2e_t", year["co2e_t"], f"{where}/co2e_t", str(year["year"]))
        yield make_fact("claim.year.*.credits_t", year["credits_t"], f"{where}/credits_t", str(year["year"]))
    for number, item in enumerate(claim["excluded"]):
        name = {**item["text"], "key": item["why"].rpartition(".")[2]}
        yield make_fact("claim.excluded.*", item["co2e_t"], f"{WHERE}/excluded/{number}/co2e_t", name)
