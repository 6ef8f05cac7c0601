"""Certificates of two retirements in one log, what it takes to check them, and the second implementation."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tanhui.kernel.time import Period
from tanhui.registry.log.note import NoteSigner
from tests.registry.conftest import World, make_world

VERIFIER = Path(__file__).parents[3] / "examples" / "verifier" / "verify_certificate.py"

Document = dict[str, Any]


def load_second() -> ModuleType:
    """The stand-alone verifier, which knows nothing of ours."""
    spec = importlib.util.spec_from_file_location("standalone_verifier", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def second() -> ModuleType:
    return load_second()


@dataclass(frozen=True)
class Passport:
    """A certificate of one piece, one of four pieces under a later checkpoint, and the public trust file."""

    document: Document
    later: Document
    trust: Document
    world: World


def make_passport(folder: Path) -> Passport:
    world = make_world(folder)
    registry, owner, buyer, batch = world.registry, world.owner, world.buyer, world.batch
    third = registry.open_account("third", request="third").id
    for number in range(4):  # in turns, so that the buyer's units lie in pieces
        registry.transfer(owner, buyer, batch, 5 + number, request=f"bought-{number}")
        registry.transfer(owner, third, batch, 2, request=f"other-{number}")
    year = Period.inclusive(date(2025, 1, 1), date(2025, 12, 31))
    retire = {"beneficiary": "Buyer Ltd", "purpose": "voluntary"}
    first = registry.retire(buyer, batch, 3, **retire, period=year, request="r1")
    document = registry.certificate(first.id)
    second = registry.retire(buyer, batch, 20, **retire, request="r2")
    trust = json.loads((folder / "trust.json").read_text(encoding="utf-8"))
    return Passport(document, registry.certificate(second.id), trust, world)


@pytest.fixture(scope="module")
def passport(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passport]:
    made = make_passport(tmp_path_factory.mktemp("passport") / "registry")
    yield made
    made.world.registry.close()


@pytest.fixture
def earnest() -> Callable[[Any], None]:
    """Turns the leaves of a sandbox into those of a registry whose units count."""

    def change(entry: Document) -> None:
        if entry["kind"] == "issue":
            claim = entry["issuance"]["claim"]
            claim |= {"sandbox": False, "creditable": True, "open_points": "0", "verifier": "0123456789abcdef"}

    return change


def signers_of(origin: str, like: tuple[NoteSigner, ...]) -> list[NoteSigner]:
    """The same keys under another name."""
    return [NoteSigner(origin, signer.seed, signer.suite) for signer in like]
