"""The manifest of a run: what went in, what was used, what came out, each by its hash.

The run's id is the hash of the manifest's canonical bytes. Same inputs, lock, seed and kind of processor give the
same manifest; the clock and the machine's name are not in it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

import tanhui
from tanhui.kernel.canonical import hash_json, rounded
from tanhui.kernel.nouns import Observation
from tanhui.kernel.parameters import Leaf

__all__ = ["Manifest", "result_digest", "software"]

#: Distributions whose version can change a result.
NUMERIC = ("numpy", "scipy", "numba", "pandas", "pyarrow", "shapely", "pyproj", "geopandas", "openpyxl")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything needed to repeat a run and to check that it was this one."""

    project: str
    seed: int
    inputs: tuple[Observation, ...]
    methods: Mapping[str, str]
    parameters: tuple[Leaf, ...]
    result_sha256: str
    software: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The manifest without its own id."""
        return {
            "format": "tanhui-manifest-1",
            "project": self.project,
            "seed": str(self.seed),
            "options": rounded(dict(self.options)),
            "inputs": sorted((x.to_dict() for x in self.inputs), key=lambda x: (x["name"], x["sha256"])),
            "methods": dict(sorted(self.methods.items())),
            "parameters": sorted((rounded(x.to_dict()) for x in self.parameters), key=lambda x: x["id"]),
            "result_sha256": self.result_sha256,
            "software": dict(sorted(self.software.items())),
        }

    @property
    def run(self) -> str:
        """The id of the run: the hash of the body."""
        return hash_json(self.body())

    def to_dict(self) -> dict[str, Any]:
        """``manifest.json``."""
        return {**self.body(), "run": self.run}


@cache
def software() -> dict[str, str]:
    """Versions that can change a result, and the kind of processor."""
    versions = {name: metadata.version(name) for name in NUMERIC}
    return {
        "tanhui": tanhui.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        **versions,
    }


def result_digest(result: Mapping[str, Any]) -> str:
    """The hash of a result as the manifest binds it: rounded, and without ``run``, which is made from the manifest."""
    return hash_json(rounded({key: value for key, value in result.items() if key != "run"}))


def unique_leaves(leaves: Iterable[Leaf]) -> tuple[Leaf, ...]:
    """Leaves by id, each once, in the order of their ids."""
    return tuple(sorted({leaf.id: leaf for leaf in leaves}.values(), key=lambda leaf: leaf.id))
