"""A sandbox registry with two accounts and 100 units issued to the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tanhui.kernel.signing import TrustedKey, load_trust
from tanhui.registry.model import Batch
from tanhui.registry.service import Registry
from tests.registry.documents import Documents, run_documents


@dataclass(frozen=True)
class World:
    """What a test starts from."""

    registry: Registry
    folder: Path
    owner: str
    buyer: str
    batches: tuple[Batch, ...]
    documents: Documents
    trust: dict[str, TrustedKey]

    @property
    def batch(self) -> str:
        """The larger batch, 60 units of 2021."""
        return self.batches[0].id


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "登记簿 registry"
    documents = run_documents()
    with Registry.init(folder, "registry.example/forest") as registry:
        owner = registry.open_account("湘林合作社", request="open-1").id
        buyer = registry.open_account("Buyer Ltd", request="open-2").id
        batches = registry.issue_from_claim(*documents, owner=owner, region="CN-HN", request="issue-1")
        yield World(registry, folder, owner, buyer, batches, documents, load_trust(folder / "trust.json"))
