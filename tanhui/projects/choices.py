"""What a run must decide and no methodology text in hand decides for it: parameters of our own, dated and cited."""

from __future__ import annotations

from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Leaf, Parameters, load_parameters

__all__ = ["choice"]


@cache
def choices() -> Parameters:
    """All of them."""
    return load_parameters(data_path("projects", "choices.toml"), "projects/choices")


def choice(name: str, day: date) -> Leaf:
    """One choice as it stands on a day."""
    return choices()[name].at(day)
