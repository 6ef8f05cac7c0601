"""What facts are made of: a run folder, the project file, and the project in the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import InputError
from tanhui.projects.audit.model import Audit
from tanhui.projects.explain import read_run
from tanhui.projects.lifecycle import ProjectState, rule_book
from tanhui.projects.model import Afforestation

if TYPE_CHECKING:
    import pandas as pd

    from tanhui.projects.lifecycle import RuleBook
    from tanhui.projects.registration import ProjectOffice
    from tanhui.projects.tenure import CreditedArea

__all__ = ["Filed", "Material", "read_filed", "read_material", "read_study"]

#: Tables of a run that documents print, and of the largest only the columns that are counted.
TABLES: Mapping[str, list[str] | None] = {"parcels": None, "plots": None, "trees": ["plot_id"]}


@dataclass(frozen=True, slots=True)
class Filed:
    """A project as the registry knows it on a day."""

    state: ProjectState
    areas: Sequence[CreditedArea]
    to_net_t: int

    @property
    def book(self) -> RuleBook:
        """The rule book it goes by."""
        return rule_book(self.state.book)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything a fact may be made from. What is left out has no facts."""

    result: Mapping[str, Any]
    manifest: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    project: Afforestation | None = None
    filed: Filed | None = None
    audit: Audit | None = None
    study: Mapping[str, Any] | None = None

    @property
    def claim(self) -> Mapping[str, Any] | None:
        """The claim of the run, where there is one."""
        return self.result["claims"][0] if self.result["claims"] else None


def read_material(
    out: Path,
    project: Afforestation | None = None,
    filed: Filed | None = None,
    audit: Audit | None = None,
    study: Mapping[str, Any] | None = None,
) -> Material:
    """The material in a run folder; changed files are refused as by ``tanhui explain``.

    Raises
    ------
    InputError
        If the audit is of another run.
    """
    import pandas as pd

    result, manifest = read_run(out)
    tables = {
        name: pd.read_parquet(out / f"{name}.parquet", columns=columns)
        for name, columns in TABLES.items()
        if (out / f"{name}.parquet").is_file()
    }
    if audit is not None and audit.run != manifest["run"]:
        raise InputError("documents.audit_other_run", audited=audit.run[:12], run=str(manifest["run"])[:12])
    return Material(result, manifest, tables, project, filed, audit, study)


def read_study(folder: Path) -> dict[str, Any]:
    """The pre-feasibility study in a folder that ``tanhui scout`` wrote.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        study = json.loads((folder / "scout.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        study = None
    if not isinstance(study, dict) or study.get("format") != "tanhui-scout-1":
        raise InputError("documents.no_study", path=str(folder))
    return study


def read_filed(office: ProjectOffice, project: str, on: date) -> Filed:
    """What the registry says of a project on a day.

    Raises
    ------
    DomainError
        If the registry does not know it.
    """
    return Filed(office.state(project, on), tuple(office.credited(project)), office.to_net(project, on))
