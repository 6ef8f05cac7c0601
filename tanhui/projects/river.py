"""What a project's river delivers: the one thing that every kind of project hands to the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tanhui.kernel.nouns import Observation
from tanhui.kernel.parameters import Leaf

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["River"]


@dataclass(frozen=True, slots=True)
class River:
    """What a project's river delivers before anything is written."""

    result: Mapping[str, Any]
    inputs: tuple[Observation, ...]
    parameters: tuple[Leaf, ...]
    methods: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
