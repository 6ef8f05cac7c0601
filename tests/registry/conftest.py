"""A sandbox registry with two accounts and 100 units issued to the first, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tanhui.faces.opening import make_registry
from tanhui.registry.anchors import load_log_keys
from tanhui.registry.log.note import NoteKey
from tanhui.registry.model import Batch
from tanhui.registry.service import Registry
from tests.registry.documents import Documents, run_documents


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@dataclass(frozen=True)
class World:
    """What a test starts from."""

    registry: Registry
    folder: Path
    owner: str
    buyer: str
    batches: tuple[Batch, ...]
    documents: Documents
    trust: tuple[NoteKey, ...]
    clock: Clock

    @property
    def batch(self) -> str:
        """The larger batch, 60 units of 2021."""
        return self.batches[0].id


def make_world(folder: Path, database: str | None = None, **settings: object) -> World:
    """A registry with a little in it."""
    documents, clock = run_documents(), Clock()
    registry = make_registry(folder, "registry.example/forest", database=database, now=clock, **settings)
    owner = registry.open_account("湘林合作社", request="open-1").id
    buyer = registry.open_account("Buyer Ltd", request="open-2").id
    batches = registry.issue_from_claim(*documents, owner=owner, region="CN-HN", request="issue-1")
    return World(registry, folder, owner, buyer, batches, documents, load_log_keys(folder / "trust.json"), clock)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """In a file."""
    made = make_world(tmp_path / "登记簿 registry")
    yield made
    made.registry.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Once in a file, once in PostgreSQL."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = make_world(tmp_path / "登记簿 registry", database)
    yield made
    made.registry.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[..., World]:
    """A registry made as a test wants it."""
    return lambda **settings: make_world(tmp_path / "fresh", **settings)
