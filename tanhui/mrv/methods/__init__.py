"""Methodologies as code: ``method(id)`` finds one, ``methods()`` all; each is a folder under ``<standard>/<id>/``."""

from __future__ import annotations

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.mrv.methods.claims import reason_text
from tanhui.mrv.methods.confirm import checklist, read_checklist, sign_checklist, write_checklist
from tanhui.mrv.methods.frame import Method, evaluate, method, methods, show
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Verdict, worst_outcome

__all__ = [
    "Method",
    "Verdict",
    "checklist",
    "evaluate",
    "method",
    "methods",
    "one_gwp_edition",
    "read_checklist",
    "reason_text",
    "rule",
    "show",
    "sign_checklist",
    "worst_outcome",
    "write_checklist",
]
