"""Checklists that a named expert or verifier works through with the document at hand, and signs.

:func:`checklist` lists every clause and every number of a method, with a blank decision. The expert reads the document
itself, fills in page, day and decision in the JSON or the workbook, and :func:`sign_checklist` makes the signed
confirmation that :mod:`tanhui.kernel.confirmations` reads: each ``confirmed`` entry raises that leaf to ``primary``
for all projects. A clause counts like a number: its value is our wording of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tanhui.kernel.bibliography import reference
from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.confirmations import PURPOSE
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.files import write_whole
from tanhui.kernel.parameters import Leaf
from tanhui.kernel.signing import SigningKey, sign_document
from tanhui.kernel.wording import say
from tanhui.mrv.methods.frame import Method, method

__all__ = ["COLUMNS", "DECISIONS", "checklist", "read_checklist", "sign_checklist", "write_checklist"]

FORMAT = "tanhui-checklist-1"
DECISIONS = ("confirmed", "wrong", "unread")
#: What the expert fills in.
BLANKS = ("page", "checked_on", "decision", "found")
COLUMNS = ("clause", "table", "id", "zh", "en", "value", "unit", "citation", "place", "status", *BLANKS)


def checklist(method_id: str) -> dict[str, Any]:
    """Every clause and number of a method, with blanks for page, day and decision."""
    m = method(method_id)
    return {
        "format": FORMAT,
        "method": m.id,
        "title": {"zh": m.zh, "en": m.en},
        "entries": [_entry(leaf) for leaf in wanted_leaves(m)],
    }


def wanted_leaves(m: Method) -> list[Leaf]:
    """The leaves a method stands on: its clauses in order, its numbers, the warming potentials of its gases."""
    clauses = {rule.parameter for rule in m.rules}
    dated = m.parameters["gwp_edition"].leaves if "gwp_edition" in m.parameters else ()
    editions = {str(leaf.value) for leaf in dated} if m.gases else set()
    potentials = {f"gwp/{edition}/{gas}" for edition in editions for gas in m.gases}
    numbers = [name for name in m.parameters if name not in clauses and not name.startswith("gwp/")]
    names = [rule.parameter for rule in m.rules] + numbers + sorted(potentials)
    return [leaf for name in names for leaf in m.parameters[name].leaves]


def _entry(leaf: Leaf) -> dict[str, Any]:
    is_clause = "/clause/" in leaf.id
    table = "rules" if is_clause else "gwp.csv" if leaf.id.startswith("gwp/") else "parameters.toml"
    return {
        "clause": leaf.place,
        "table": table,
        "id": leaf.id,
        "zh": leaf.zh,
        "en": leaf.en,
        "value": leaf.value,
        "unit": leaf.unit,
        "citation": reference(leaf.reference).cite(),
        "place": leaf.place,
        "status": leaf.status.word,
        **dict.fromkeys(BLANKS, ""),
    }


def write_checklist(document: Mapping[str, Any], path: Path) -> None:
    """Write a checklist as ``.json`` or as a workbook ``.xlsx`` with a drop-down for the decision."""
    if path.suffix == ".xlsx":
        write_whole(path, _workbook(document))
    else:
        write_whole(path, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode())


def _workbook(document: Mapping[str, Any]) -> bytes:
    from io import BytesIO

    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    page = book.active
    page.title = "checklist"
    page.append(list(COLUMNS))
    page.append([f"{say(f'checklist.methods.{c}', 'zh')} / {say(f'checklist.methods.{c}', 'en')}" for c in COLUMNS])
    for entry in document["entries"]:
        page.append([json.dumps(v, ensure_ascii=False) if isinstance(v, list) else v for v in map(entry.get, COLUMNS)])
    rows = page.max_row
    choice = DataValidation(type="list", formula1=f'"{",".join(DECISIONS)}"', allow_blank=True)
    page.add_data_validation(choice)
    for i, column in enumerate(COLUMNS, start=1):
        letter = page.cell(1, i).column_letter
        page.column_dimensions[letter].width = {"zh": 50, "en": 50, "value": 30, "citation": 40, "id": 36}.get(
            column, 16
        )
        for cell in page[letter]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if column in BLANKS and cell.row > 2:
                cell.fill = PatternFill("solid", fgColor="FFF6D5")
        if column == "decision":
            choice.add(f"{letter}3:{letter}{rows}")
    for row in (1, 2):
        for cell in page[row]:
            cell.font = Font(bold=True)
    page.freeze_panes = "D3"
    about = book.create_sheet("about")
    for key in ("format", "method"):
        about.append([key, document[key]])
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def read_checklist(path: Path) -> dict[str, Any]:
    """A filled checklist, from JSON or from the workbook.

    Raises
    ------
    InputError
        If the file is not a checklist of a known method.
    """
    try:
        if path.suffix == ".xlsx":
            return _from_workbook(path)
        document = json.loads(path.read_text(encoding="utf-8"))
        method(document["method"])
        return dict(document)
    except (InputError, RefusedInput):
        raise
    except Exception as error:  # openpyxl and zipfile raise many kinds for a broken file
        raise InputError("methods.unreadable_checklist", path=str(path), detail=str(error)[:200]) from None


def _from_workbook(path: Path) -> dict[str, Any]:
    from tanhui.kernel.tables.excel_file import bounded_rows, open_workbook

    book = open_workbook(path)
    about = {str(row[0]): str(row[1]) for row in bounded_rows(book["about"], path.name) if row and row[0]}
    fresh = checklist(about["method"])
    own = {entry["id"]: entry["value"] for entry in fresh["entries"]}
    rows = list(bounded_rows(book["checklist"], path.name))
    book.close()
    header = [str(cell) for cell in rows[0]]
    missing = [column for column in ("id", "value", *BLANKS) if column not in header]
    if missing:
        raise RefusedInput([Fault("methods.checklist_column", path.name, "checklist", 1, c, c) for c in missing])
    entries = []
    for row in rows[2:]:
        entry = {column: _text(cell) for column, cell in zip(header, row, strict=True)}
        if not entry["id"]:
            continue
        cell = dict(zip(header, row, strict=True))["value"]
        entry["value"] = _own_form(cell, own.get(entry["id"]))
        entries.append(entry)
    return {**fresh, "entries": entries}


def _text(cell: Any) -> str:
    """A cell as text; a date as people write it in TOML."""
    if cell is None:
        return ""
    return cell.strftime("%Y-%m-%d") if isinstance(cell, date) else str(cell).strip()


def _own_form(cell: Any, own: Any) -> Any:
    """A spreadsheet's value in the product's own form where they are equal: 20 for 20.0, a list for its text."""
    if isinstance(own, list) and isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError:
            return cell
    return own if cell == own else cell


def sign_checklist(document: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """The signed confirmation of a filled checklist; a blank decision means ``unread``.

    Raises
    ------
    RefusedInput
        With every fault: an entry the method does not have, a value that is not the product's, an unknown decision,
        a confirmed entry without page or day.
    InputError
        If nothing was decided: there is nothing to sign yet.
    """
    own = {entry["id"]: entry for entry in checklist(document["method"])["entries"]}
    faults: list[Fault] = []
    entries = []
    for row, entry in enumerate(document["entries"], start=3):
        faults += _entry_faults(entry, own, row)
        entries.append(
            {
                "id": entry["id"],
                "value": entry["value"],
                "citation": entry.get("citation", ""),
                "place": entry.get("page", ""),
                "checked_on": entry.get("checked_on", ""),
                "decision": entry.get("decision") or "unread",
                "found": entry.get("found", ""),
            }
        )
    if not faults and not any(entry.get("decision") for entry in document["entries"]):
        raise InputError("methods.nothing_decided")
    if faults:
        raise RefusedInput(faults)
    return sign_document(PURPOSE, {"format": FORMAT, "method": document["method"], "entries": entries}, key)


def _entry_faults(entry: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]], row: int) -> list[Fault]:
    if entry["id"] not in own:
        return [Fault("methods.not_in_checklist", row=row, column="id", value=str(entry["id"]))]
    faults = []
    if canonical_bytes([entry["value"]]) != canonical_bytes([own[entry["id"]]["value"]]):
        faults.append(Fault("methods.value_changed", row=row, column="value", value=str(entry["value"])[:80]))
    decision = entry.get("decision") or "unread"
    if decision not in DECISIONS:
        faults.append(Fault("methods.no_decision", row=row, column="decision", value=str(decision)))
    if decision == "confirmed":
        if not entry.get("page"):
            faults.append(Fault("methods.no_place", row=row, column="page"))
        try:
            date.fromisoformat(str(entry.get("checked_on", "")))
        except ValueError:
            faults.append(
                Fault("methods.no_date", row=row, column="checked_on", value=str(entry.get("checked_on", "")))
            )
    return faults
