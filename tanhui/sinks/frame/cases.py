"""Worked cases of a sink: a TOML file anybody can recompute.

::

    name = "…"                        # what it shows
    kind = "published"                # or "by hand", "other implementation"
    source = "…"                      # who worked it out, and where it is printed
    reference = "rice_ipcc2019"       # a key of references.toml, where there is one
    tolerance = 0.001                 # of every number, relative
    [inputs]                          # as in an input file
    [outputs]                         # "quantity", "quantity@3" (three years on), "quantity/domain"; "line.<name>",
                                      # "line.net"; or refused = ["sinks.percent_for_fraction"] (codes)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tanhui.kernel.data import read_toml
from tanhui.kernel.errors import RefusedInput, TanhuiError
from tanhui.sinks.frame.model import Sink
from tanhui.sinks.frame.service import run_sink

__all__ = ["KINDS", "case_outputs", "differences"]

KINDS = ("published", "other implementation", "by hand")
#: The first year of a case that names none.
CASE_DAY = date(2026, 1, 1)


def differences(sink: Sink, path: Path) -> list[str]:
    """What a worked case says otherwise than the sink; empty where they agree."""
    case = read_toml(path)
    found = case_outputs(sink, case.get("inputs", {}), path)
    return [line for key, wanted in case["outputs"].items() for line in _compare(key, wanted, found, case["tolerance"])]


def case_outputs(sink: Sink, inputs: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Everything a case may state, computed; or ``refused`` with the codes."""
    try:
        result = run_sink(sink.id, _Case(inputs, path).content, today=CASE_DAY)
    except RefusedInput as error:
        return {"refused": sorted({fault.code for fault in error.faults})}
    except TanhuiError as error:
        return {"refused": [error.code]}
    found = {}
    for x in result["estimates"]:
        year = f"@{x['year'] - result['year']}" if x["year"] != result["year"] else ""
        domain = f"/{x['domain']}" if x["domain"] else ""
        found[f"{x['quantity']}{year}{domain}"] = x["value"]
        found[f"{x['quantity']}{year}{domain}.se"] = x["se"]
    return found | {f"line.{x['line']}": x["co2e_t"] for x in result["lines"]}


class _Case:
    """Inputs of a case whose tables lie beside it."""

    def __init__(self, inputs: Mapping[str, Any], path: Path) -> None:
        beside = {p.name for p in path.parent.iterdir()}
        self.content = {
            key: str(path.parent / value) if isinstance(value, str) and value in beside else value
            for key, value in inputs.items()
        }


def _compare(key: str, wanted: Any, found: Mapping[str, Any], tolerance: float) -> list[str]:
    if key not in found:
        return [f"{key}: {wanted} wanted, nothing found among {', '.join(sorted(found))}"]
    got = found[key]
    if key == "refused":
        return [] if sorted(wanted) == got else [f"refused: {sorted(wanted)} wanted, {got} found"]
    return (
        [] if math.isclose(got, wanted, rel_tol=tolerance, abs_tol=1e-12) else [f"{key}: {wanted} wanted, {got} found"]
    )
