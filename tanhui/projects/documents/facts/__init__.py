"""Providers of facts, found by being there: every module of this folder has ``facts(material)``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

from tanhui.kernel.errors import DataError
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact

__all__ = ["collect", "providers"]


@cache
def providers() -> tuple[ModuleType, ...]:
    """The modules of this folder, by their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


def collect(material: Material) -> Mapping[str, Fact]:
    """Every fact by its key; two providers that give the same one are a mistake of ours."""
    found: dict[str, Fact] = {}
    for provider in providers():
        facts: Iterator[Fact] = provider.facts(material)
        for fact in facts:
            if fact.key in found:
                raise DataError("documents.fact_twice", key=fact.key)
            found[fact.key] = fact
    return found
