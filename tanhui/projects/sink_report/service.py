"""Run a sink into a folder that appears finished or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import file_digest, readable_bytes, rounded
from tanhui.kernel.files import staged_folder, write_whole
from tanhui.kernel.manifest import software
from tanhui.kernel.wording import LANGS, Lang
from tanhui.projects.sink_report.page import render
from tanhui.sinks.frame import run_sink, sink

__all__ = ["write_answer"]

FORMAT = "tanhui-sink-1"


def write_answer(name: str, source: Path, out: Path, *, today: date, lang: Lang = "en") -> dict[str, Any]:
    """The answer of a sink on an input file, written to ``out``.

    Parameters
    ----------
    name : str
        The sink.
    source : Path
        The input file.
    out : Path
        The folder: ``result.json``, ``report.html``, ``rows.csv`` where there are details, ``certificate.zh.html`` and
        ``certificate.en.html`` of a sink that has a certificate, ``manifest.json``.

    Returns
    -------
    result : dict
        As :func:`tanhui.sinks.frame.run_sink` gives it.
    """
    told: dict[str, dict[str, Any]] = {each: run_sink(name, source, today=today, lang=each) for each in LANGS}
    result = told[lang]
    with staged_folder(out) as stage:
        write_whole(stage / "result.json", readable_bytes(rounded(result)))
        write_whole(stage / "report.html", render(told).encode("utf-8"))
        for each, page in _certificates(name, told).items():
            write_whole(stage / f"certificate.{each}.html", page.encode("utf-8"))
        if "rows" in result:
            write_whole(stage / "rows.csv", _csv(result["rows"]))
        manifest = {
            "format": FORMAT,
            "run": result["run"],
            "inputs": [{"name": source.name, "sha256": file_digest(source)}],
            "software": software(),
        }
        write_whole(stage / "manifest.json", readable_bytes(manifest))
    return result


def _certificates(name: str, told: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """A certificate in each language, of a sink that has one: a statement of the estimate, not a credit."""
    certificate = getattr(sink(name).module, "certificate", None)
    return {} if certificate is None else {lang: certificate(result, lang) for lang, result in told.items()}


def _csv(rows: Mapping[str, Sequence[Any]]) -> bytes:
    """The details as a table that spreadsheet programs read as UTF-8 and never as formulas."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(rows)
    for row in zip(*rows.values(), strict=True):
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell for cell in row])
    return made.getvalue().encode("utf-8-sig")
