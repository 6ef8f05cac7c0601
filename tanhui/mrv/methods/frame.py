"""Methodologies found by being there: a folder with ``method.toml`` under ``mrv/methods/<standard>/``.

A method's folder holds::

    method.toml       what it is: id, titles, dates, scope, documents it wants, which clauses were read, gaps
    parameters.toml   its numbers, dated and cited (kernel.parameters)
    rules.py          one function per clause, in the order of the standard, holding no number
    eligibility.py    the same for the conditions a project must meet (where there are any)
    __init__.py       ``Inputs``, ``account(inputs, parameters) -> Claim`` and perhaps ``eligibility``
    cases/*.toml      worked cases a verifier can read; one test runs them all
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import read_toml
from tanhui.kernel.errors import DataError, InputError
from tanhui.kernel.gwp import gwp_parameters
from tanhui.kernel.nouns import Claim, ClaimKind
from tanhui.kernel.parameters import Dated, Leaf, Parameters, Status, load_parameters
from tanhui.kernel.wording import Lang
from tanhui.mrv.methods.build import build
from tanhui.mrv.methods.claims import reason_text
from tanhui.mrv.methods.rule import Rule
from tanhui.mrv.methods.verdict import Verdict

__all__ = ["Document", "Gap", "Method", "evaluate", "method", "methods", "show"]

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Gap:
    """A clause or part of the document that is not in our hands, and what that leaves open."""

    clause: str
    zh: str
    en: str

    def words(self, lang: Lang) -> str:
        """What is unread."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the rule book wants; ``key`` is what a project's evidence is filed under."""

    key: str
    zh: str
    en: str
    per_parcel: bool = False


@dataclass(frozen=True)
class Method:
    """One version of one methodology."""

    id: str
    standard: str
    version: str
    zh: str
    en: str
    scope_zh: str
    scope_en: str
    kind: ClaimKind
    issuable: bool
    reference: str
    valid_from: date
    valid_to: date | None
    checked_on: date
    folder: Path
    documents: tuple[Document, ...] = ()
    gaps: tuple[Gap, ...] = ()
    gases: tuple[str, ...] = ()
    clauses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def title(self, lang: Lang = "en") -> str:
        """Its name."""
        return self.zh if lang == "zh" else self.en

    def scope(self, lang: Lang = "en") -> str:
        """What it is for, and what not."""
        return self.scope_zh if lang == "zh" else self.scope_en

    @cached_property
    def module(self) -> ModuleType:
        """Its Python package."""
        path = self.folder.relative_to(HERE).parts
        return importlib.import_module(".".join(("tanhui.mrv.methods", *path)))

    @cached_property
    def rules(self) -> tuple[Rule[..., Any], ...]:
        """Its clauses in the order of the standard: conditions first, then accounting."""
        found: list[Rule[..., Any]] = []
        for name in ("eligibility", "rules"):
            if (self.folder / f"{name}.py").is_file():
                module = importlib.import_module(f"{self.module.__name__}.{name}")
                found += [x for x in vars(module).values() if isinstance(x, Rule) and x.module == module.__name__]
        return tuple(found)

    @cached_property
    def parameters(self) -> Parameters:
        """Its numbers, its clauses as leaves of text, and the warming potentials."""
        numbers = load_parameters(self.folder / "parameters.toml", self.id)
        clauses = {rule.parameter: self._clause(rule) for rule in self.rules}
        return Parameters(self.id, {**numbers, **clauses, **gwp_parameters()})

    def _clause(self, rule: Rule[..., Any]) -> Dated:
        leaves = []
        for version in rule.versions:
            read = self.clauses.get(version.clause, {})
            several = f"@{version.valid_from}" if len(rule.versions) > 1 and version.valid_from else ""
            leaves.append(
                Leaf(
                    id=f"{self.id}/{rule.parameter}{several}",
                    value=version.en,
                    unit="text",
                    reference=reference(read.get("reference", self.reference)).key,
                    status=Status.parse(read.get("status", "recalled")),
                    checked_on=read.get("checked_on", self.checked_on),
                    place=version.clause,
                    valid_from=version.valid_from,
                    valid_to=version.valid_to,
                    zh=version.zh,
                    en=version.en,
                )
            )
        return Dated(f"{self.id}/{rule.parameter}", tuple(leaves))

    def inputs(self, data: Mapping[str, Any], *, file: str = "") -> Any:
        """Its inputs from plain data; every fault is named."""
        return build(self.module.Inputs, data, file=file)

    def account(self, inputs: Any, parameters: Mapping[str, Dated] | None = None) -> Claim:
        """Inputs to a claim. Give a ``Recorder`` to learn which parameters were used."""
        claim: Claim = self.module.account(inputs, self.parameters if parameters is None else parameters)
        return claim

    def claims(self, inputs: Any, parameters: Mapping[str, Dated] | None = None) -> tuple[Claim, ...]:
        """Every claim of the inputs: a method may split one period into removals and reductions."""
        split = getattr(self.module, "claims", None)
        given = self.parameters if parameters is None else parameters
        return (self.account(inputs, given),) if split is None else tuple(split(inputs, given))

    def eligibility(self, inputs: Any, parameters: Mapping[str, Dated] | None = None) -> tuple[Verdict, ...]:
        """Every condition with its verdict; empty where the method has none."""
        ask = getattr(self.module, "eligibility", None)
        return () if ask is None else tuple(ask(inputs, self.parameters if parameters is None else parameters))

    def cases(self) -> list[Path]:
        """Its worked cases."""
        return sorted((self.folder / "cases").glob("*.toml"))


def _load(path: Path) -> Method:
    entry = read_toml(path)
    for listed, cls in (("documents", Document), ("gaps", Gap)):
        entry[listed] = tuple(cls(**row) for row in entry.get(listed, ()))
    entry["gases"] = tuple(entry.get("gases", ()))
    entry.setdefault("valid_to", None)
    try:
        return Method(folder=path.parent, **entry)
    except TypeError as error:
        raise DataError("methods.broken_method", path=str(path), detail=str(error)) from None


@cache
def methods() -> dict[str, Method]:
    """Every methodology the product knows, by id."""
    found = [_load(path) for path in sorted(HERE.glob("*/*/method.toml"))]
    return {m.id: m for m in sorted(found, key=lambda m: m.id)}


def method(method_id: str) -> Method:
    """One methodology; an unknown id is refused with what may be meant."""
    known = methods()
    if method_id in known:
        return known[method_id]
    near = get_close_matches(method_id.lower(), known, n=3, cutoff=0.4) or list(known)
    raise InputError("methods.unknown", id=method_id, near=", ".join(near))


def show(method_id: str, lang: Lang = "en") -> dict[str, Any]:
    """Everything about a methodology as plain data in one language."""
    m = method(method_id)
    clauses = [leaf for rule in m.rules for leaf in m.parameters[rule.parameter].leaves]
    numbers = [leaf for leaf in m.parameters.leaves() if leaf.id.startswith(m.id) and leaf not in clauses]
    return {
        "id": m.id,
        "title": m.title(lang),
        "standard": m.standard,
        "version": m.version,
        "kind": m.kind,
        "issuable": m.issuable,
        "valid_from": m.valid_from.isoformat(),
        "valid_to": m.valid_to.isoformat() if m.valid_to else None,
        "source": reference(m.reference).cite(),
        "scope": m.scope(lang),
        "clauses": [_row(leaf, lang) | {"clause": leaf.place} for leaf in clauses],
        "parameters": [_row(leaf, lang) | {"value": leaf.value, "unit": leaf.unit} for leaf in numbers],
        "gaps": [{"clause": gap.clause, "unread": gap.words(lang)} for gap in m.gaps],
        "documents": [{"key": d.key, "title": d.zh if lang == "zh" else d.en} for d in m.documents],
        "cases": [path.stem for path in m.cases()],
    }


def evaluate(
    method_id: str, data: Mapping[str, Any], *, lang: Lang = "en", parameters: Mapping[str, Dated] | None = None
) -> dict[str, Any]:
    """A methodology applied to inputs written by hand: the claim, its eligibility and why it is indicative."""
    m = method(method_id)
    inputs = m.inputs(data)
    claim = m.account(inputs, parameters)
    return {
        "claim": claim.to_dict(),
        "claims": [each.to_dict() for each in m.claims(inputs, parameters)],
        "eligibility": [verdict.to_dict(lang) for verdict in m.eligibility(inputs, parameters)],
        "reasons": [reason_text(reason, lang) for reason in claim.indicative_reasons],
    }


def _row(leaf: Leaf, lang: Lang) -> dict[str, Any]:
    return {
        "id": leaf.id,
        "words": leaf.zh if lang == "zh" else leaf.en,
        "status": leaf.status.word,
        "reference": leaf.reference,
        "place": leaf.place,
    }
