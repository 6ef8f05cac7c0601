"""What the name of a land class by itself says about forest, wetland and planning: ``data/projects_history``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tanhui.kernel.data import data_path

__all__ = ["LandClass", "land_class", "land_classes"]

ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class LandClass:
    """A land class; None where its name does not tell."""

    word: str
    forest: bool | None
    wetland: bool | None
    planned: bool | None
    purpose: str


@cache
def land_classes() -> Mapping[str, LandClass]:
    """Every class by its name, and by its code where it has one."""
    found: dict[str, LandClass] = {}
    with data_path("projects_history", "land_classes.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            forest, wetland, planned = (ANSWERS.get(row[name]) for name in ("forest", "wetland", "planned"))
            one = LandClass(row["word"], forest, wetland, planned, row["purpose"])
            found[row["word"]] = one
            if row["code"]:
                found[row["code"]] = one
    return found


def land_class(word: str) -> LandClass | None:
    """The class a cell means, or None where nobody knows the word."""
    return land_classes().get("".join(str(word).split()).casefold())
