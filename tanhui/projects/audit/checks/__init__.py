"""Assisted verification: each module here has ``check(case)`` and is found by being there. Pure.

A check sees one thing that can be computed before anybody travels, says how likely it is on an honest project, and how
many tonnes of the claim it would be. What the case does not hold is not checked.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from tanhui.projects.audit.case import Case
from tanhui.projects.audit.chances import P_SHOWN
from tanhui.projects.audit.suspicion import Suspicion, ranked

__all__ = ["checks", "scan"]


@cache
def checks() -> tuple[ModuleType, ...]:
    """The modules of this folder, by their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


def scan(case: Case) -> tuple[Suspicion, ...]:
    """Everything that all checks suspect: alarms first, then hints, each by the tonnes it would be.

    What chance explains well is not said.
    """
    found = [one for module in checks() for one in module.check(case) if one.p is None or one.p <= P_SHOWN]
    return ranked(found, case.claim.net_co2e_t)
