"""A registry behind the application: an account and a person for each role, everybody logged in."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tanhui.faces.api.app import create_app
from tanhui.faces.client import Client
from tanhui.faces.opening import make_registry, open_registry
from tanhui.kernel.keystore import Argon2
from tanhui.registry.access import secrets
from tanhui.registry.access.service import Gate
from tanhui.registry.service import Registry
from tanhui.registry.webhooks.service import Webhooks
from tests.registry.conftest import Clock
from tests.registry.documents import run_documents

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

CHEAP = Argon2(memory_kib=32, passes=1, lanes=4)
PASSWORD = "correct horse battery staple"
#: One account each, the operator's is there; `operator2` is another person of it.
ROLES = ("owner", "trader", "pledgee", "insurer", "buffer", "validator", "verifier", "regulator")
EVERYBODY = ("operator", "operator2", *ROLES)
HOLDERS = ("owner", "trader", "pledgee", "insurer", "buffer")


@dataclass
class World:
    """What a test starts from."""

    registry: Registry
    gate: Gate
    app: FastAPI
    http: Any
    clock: Clock
    accounts: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    batches: list[str] = field(default_factory=list)

    @property
    def batch(self) -> str:
        """The larger batch, 60 units of 2021."""
        return self.batches[0]

    def client(self, who: str | None = None) -> Client:
        """A client of the application in this process."""
        token = self.tokens[who] if who else None
        return Client("http://registry", token, transport=self.http._transport)

    def headers(self, who: str | None = None, request: str | None = None) -> dict[str, str]:
        """What a request of somebody carries."""
        shown = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return shown | ({"Idempotency-Key": request} if request else {})


@pytest.fixture(autouse=True)
def cheap_decoy(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown person costs as much as a known one; here both cost little."""
    decoy = secrets.hash_password("nobody", bytes(16), CHEAP)
    monkeypatch.setattr(secrets, "_decoy", lambda: decoy)


@contextmanager
def opened(
    folder: Path,
    database: str | None = None,
    eyes: int = 1,
    rule_sets: Sequence[str] = (),
    loopback: bool = False,
    **settings: Any,
) -> Iterator[World]:
    """A registry with everybody in it, each holder with ten units of the first batch."""
    clock = Clock()
    make_registry(folder, "registry.example/forest", eyes=eyes, database=database, now=clock).close()
    registry = open_registry(folder, publish_each=False, now=clock)
    gate = Gate(registry, now=clock, cost=CHEAP, rule_sets=rule_sets)
    with ExitStack() as stack:
        stack.callback(registry.close)
        # No name leads anywhere: whatever a test subscribes, nothing leaves this machine.
        here = {"resolve": lambda host, _: [host] if host == "127.0.0.1" else [], "loopback": loopback}
        hooks = Webhooks(folder, now=lambda: clock().timestamp(), **here)
        stack.enter_context(hooks)
        app = create_app(registry, gate=gate, allowed={}, webhooks=hooks, **settings)
        world = World(registry, gate, app, stack.enter_context(TestClient(app)), clock)
        fill(world)
        yield world


def fill(world: World) -> None:
    """Accounts, people, sessions, units."""
    registry, operator = world.registry, world.registry.declaration.account
    world.accounts = {"operator": operator, "operator2": operator}
    world.people = {"operator": registry.declaration.person}
    both = [registry.declaration.person]  # as soon as there are two: who gets a role of weight takes both
    for who in ("operator2", *ROLES):
        if who in ROLES:
            wanted = {"name": f"账户 {who}", "roles": [who]}
            world.accounts[who] = registry.do("open_account", f"open-{who}", both, **wanted).noun.id
        account = world.accounts[who]
        world.people[who] = registry.do("add_person", f"person-{who}", both, account=account, name=f"甲 {who}").noun.id
        if who == "operator2":
            both.append(world.people[who])
    for who, person in world.people.items():
        world.gate.enrol(world.gate._new_code(person).reveal(), password=PASSWORD)
        world.tokens[who] = world.gate.log_in(person, PASSWORD).reveal()
    issued = registry.issue_from_claim(
        *run_documents(), owner=world.accounts["owner"], region="CN-HN", request="issue", by=both
    )
    world.batches = [batch.id for batch in issued]
    for role in HOLDERS[1:]:
        owner = [world.people["owner"]]
        registry.transfer(world.accounts["owner"], world.accounts[role], world.batch, 10, request=role, by=owner)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """In a file, one pair of eyes."""
    with opened(tmp_path / "registry") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Once in a file, once in PostgreSQL."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with opened(tmp_path / "registry", database) as made:
        yield made


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests of a module, which do not disturb one another."""
    with opened(tmp_path_factory.mktemp("shared") / "registry") as made:
        yield made


@pytest.fixture
def four_eyes(tmp_path: Path) -> Iterator[World]:
    """A registry that wants two pairs of eyes."""
    with opened(tmp_path / "registry", eyes=2) as made:
        yield made
