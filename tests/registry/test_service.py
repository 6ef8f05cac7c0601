"""The use cases, and all of them in any order against a ledger that knows every unit by its number."""

from __future__ import annotations

import json
import stat
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tanhui.kernel.errors import InputError
from tanhui.kernel.parameters import Status
from tanhui.kernel.signing import SigningKey, TrustedKey, key_id, sign_document
from tanhui.kernel.time import Period
from tanhui.registry import store
from tanhui.registry.errors import InsufficientUnits, NotIssuable, RegistryError, RequestReused
from tanhui.registry.issuance import STATEMENT_PURPOSE, statement_body
from tanhui.registry.ledger import ledger_faults
from tanhui.registry.model import RETIRED
from tanhui.registry.service import Registry
from tests.registry.conftest import World
from tests.registry.documents import run_documents


def rows(registry: Registry) -> list[bytes]:
    """The whole log: two registries with the same log are the same."""
    with registry._store.reading() as view:
        return [leaf for _, leaf in view.leaves()]


def test_a_new_registry(world: World):
    assert sorted(p.name for p in world.folder.iterdir() if not p.name.startswith("registry.db")) == [
        "operator.key",
        "trust.json",
    ]
    assert stat.S_IMODE((world.folder / "operator.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(world.folder.stat().st_mode) == 0o700  # the database holds names
    trust = json.loads((world.folder / "trust.json").read_text(encoding="utf-8"))
    assert trust["origin"] == "registry.example/forest/sandbox"
    assert trust["notice"] == "sandbox 沙盒"
    assert SigningKey.load(world.folder / "operator.key").seed.hex() not in json.dumps(trust)
    assert world.registry.sandbox


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\there", "zero\u200bwidth", "line\nbreak"])
def test_impossible_names(tmp_path: Path, name: str):
    with pytest.raises(InputError):
        Registry.init(tmp_path / "r", name)
    assert not (tmp_path / "r").exists()


def test_an_earnest_registry_cannot_pass_for_a_sandbox(tmp_path: Path):
    with pytest.raises(InputError):
        Registry.init(tmp_path / "r", "registry.example/sandbox", sandbox=False)


def test_init_never_touches_a_folder_with_something_in_it(world: World, tmp_path: Path):
    with pytest.raises(InputError):
        Registry.init(world.folder, "registry.example/again")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError):
        Registry.init(tmp_path / "file", "registry.example/again")
    with pytest.raises(InputError):
        Registry(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    Registry.init(tmp_path / "empty", "registry.example/again").close()


def test_the_river(world: World):
    moved = world.registry.transfer(world.owner, world.buyer, world.batch, 20, request="t1")
    assert [str(holding.serials) for holding in moved] == ["1-20"]
    gone = world.registry.retire(
        world.buyer,
        world.batch,
        5,
        beneficiary="Buyer Ltd, flights of 2025",
        purpose="voluntary",
        period=Period.inclusive(date(2025, 1, 1), date(2025, 12, 31)),
        request="r1",
    )
    assert (gone.units, str(gone.serials[0]), gone.period.to_list()) == (5, "1-5", ["2025-01-01", "2025-12-31"])
    assert [(b.batch, b.vintage, b.units) for b in world.registry.balance(world.owner)] == [
        ("B000001", 2021, 40),
        ("B000002", 2022, 40),
    ]
    assert [b.units for b in world.registry.balance(world.buyer)] == [15]
    assert [(str(h.serials), h.owner) for h in world.registry.holdings(batch=world.batch)] == [
        ("1-5", RETIRED),
        ("6-20", world.buyer),
        ("21-60", world.owner),
    ]
    assert world.registry.retirements() == [gone]
    assert world.registry.opening(gone.beneficiary).value == "Buyer Ltd, flights of 2025"
    assert world.registry.audit().holds


def test_no_name_in_the_public_log(world: World):
    world.registry.retire(world.owner, world.batch, 5, beneficiary="张三", purpose="event", request="personal-张三")
    public = b"".join(rows(world.registry)).decode() + world.registry.checkpoint()
    for secret in ("湘林合作社", "Buyer Ltd", "张三", "personal"):
        assert secret not in public


def test_a_name_can_be_erased_and_the_log_stays(world: World):
    gone = world.registry.retire(world.owner, world.batch, 5, beneficiary="张三", purpose="event", request="r")
    before = rows(world.registry)
    assert world.registry.erase(gone.beneficiary)
    assert not world.registry.erase(gone.beneficiary)
    assert world.registry.opening(gone.beneficiary) is None
    assert rows(world.registry) == before
    # Not in the database file's free pages either, nor in its write-ahead log.
    assert "张三".encode() not in b"".join(path.read_bytes() for path in world.folder.iterdir())
    assert world.registry.audit().holds
    # The request still stands for the same act, though the name cannot be compared any more.
    assert world.registry.retire(world.owner, world.batch, 5, beneficiary="?", purpose="event", request="r") == gone


def test_an_account_without_its_name(world: World):
    (account,) = [view for view in world.registry.accounts() if view.name == "Buyer Ltd"]
    assert account.to_dict() | {"commitment": ""} == {
        "id": world.buyer,
        "name": "Buyer Ltd",
        "commitment": "",
        "sandbox": True,
    }
    assert world.registry.erase(account.commitment)
    assert {view.id: view.name for view in world.registry.accounts()} == {world.owner: "湘林合作社", world.buyer: None}
    assert world.registry.transfer(world.owner, world.buyer, world.batch, 1, request="t")


def test_an_erasure_that_a_reader_holds_up_says_so(world: World, monkeypatch: pytest.MonkeyPatch):
    gone = world.registry.retire(world.owner, world.batch, 5, beneficiary="张三", purpose="event", request="r")
    monkeypatch.setattr(store, "PRAGMAS", ("synchronous = FULL", "secure_delete = ON", "busy_timeout = 1"))
    with Registry(world.folder) as registry:
        with world.registry._store.reading() as view:
            assert view.size()
            with pytest.raises(RegistryError) as refused:
                registry.erase(gone.beneficiary)
        assert refused.value.code == "registry.erase_pending"
        assert not registry.erase(gone.beneficiary)
    assert "张三".encode() not in b"".join(path.read_bytes() for path in world.folder.iterdir())


def test_a_retry_never_acts_twice(world: World):
    r = world.registry
    first = [
        r.open_account("湘林合作社", request="open-1"),
        r.issue_from_claim(*world.documents, owner=world.owner, region="CN-HN", request="issue-1"),
        r.transfer(world.owner, world.buyer, world.batch, 7, request="t"),
        r.retire(world.owner, world.batch, 7, beneficiary="x", purpose="event", request="r"),
    ]
    before = rows(r)
    again = [
        r.open_account("湘林合作社", request="open-1"),
        r.issue_from_claim(*world.documents, owner=world.owner, region="CN-HN", request="issue-1"),
        r.transfer(world.owner, world.buyer, world.batch, 7, request="t"),
        r.retire(world.owner, world.batch, 7, beneficiary="x", purpose="event", request="r"),
    ]
    assert again == first
    assert rows(r) == before


def test_a_request_id_stands_for_one_act(world: World):
    r = world.registry
    r.transfer(world.owner, world.buyer, world.batch, 7, request="t")
    r.retire(world.owner, world.batch, 7, beneficiary="x", purpose="event", request="r")
    before = rows(r)
    with pytest.raises(RequestReused):
        r.transfer(world.owner, world.buyer, world.batch, 8, request="t")
    with pytest.raises(RequestReused):
        r.retire(world.owner, world.batch, 7, beneficiary="somebody else", purpose="event", request="r")
    with pytest.raises(RequestReused):
        r.open_account("another name", request="open-1")
    for request in ("", "x" * 201, "line\nbreak"):
        with pytest.raises(InputError):
            r.transfer(world.owner, world.buyer, world.batch, 7, request=request)
    assert rows(r) == before


def test_refused_acts_change_nothing(world: World):
    r, before, held = world.registry, rows(world.registry), world.registry.holdings()
    refusals = [
        (InsufficientUnits, lambda: r.transfer(world.owner, world.buyer, world.batch, 61, request="1")),
        (
            InsufficientUnits,
            lambda: r.retire(world.buyer, world.batch, 1, beneficiary="x", purpose="event", request="2"),
        ),
        (RegistryError, lambda: r.transfer(world.owner, world.owner, world.batch, 1, request="3")),
        (RegistryError, lambda: r.transfer(world.owner, RETIRED, world.batch, 1, request="4")),
        (RegistryError, lambda: r.transfer(RETIRED, world.buyer, world.batch, 1, request="5")),
        (RegistryError, lambda: r.transfer(world.owner, "Anobody", world.batch, 1, request="6")),
        (RegistryError, lambda: r.transfer(world.owner, world.buyer, "B9", 1, request="7")),
        (RegistryError, lambda: r.transfer(world.owner, world.buyer, world.batch, 0, request="8")),
        (RegistryError, lambda: r.transfer(world.owner, world.buyer, world.batch, -5, request="9")),
        (InputError, lambda: r.retire(world.owner, world.batch, 1, beneficiary="x", purpose="fun", request="10")),
        (InputError, lambda: r.open_account("  ", request="11")),
        (RegistryError, lambda: r.balance("Anobody")),
        (RegistryError, lambda: r.certificate("R000099")),
    ]
    for kind, act in refusals:
        with pytest.raises(kind) as refused:
            act()
        assert not refused.value.text("zh").startswith("error.")
    assert (rows(r), r.holdings()) == (before, held)


def test_the_same_claim_is_issued_once(world: World):
    r = world.registry
    issue = {"owner": world.owner, "region": "CN-HN"}
    with pytest.raises(RegistryError) as refused:
        r.issue_from_claim(*world.documents, **issue, request="again")
    assert refused.value.code == "registry.claim_issued"
    # The same project, another run, one shared year.
    with pytest.raises(RegistryError) as refused:
        r.issue_from_claim(*run_documents(by_year={2022: 9, 2023: 9}), **issue, request="overlap")
    assert refused.value.code == "registry.period_issued"
    # The same claim under another project's name.
    with pytest.raises(RegistryError) as refused:
        r.issue_from_claim(*run_documents("renamed"), **issue, request="renamed")
    assert refused.value.code == "registry.claim_issued"
    later = r.issue_from_claim(*run_documents(by_year={2023: 5}), **issue, request="later")
    assert [(b.id, b.vintage, str(b.serials)) for b in later] == [("B000003", 2023, "101-105")]
    assert r.audit().holds


def test_outside_a_sandbox(tmp_path: Path):
    verifier = SigningKey("verifier.example", bytes(range(32)))
    verifiers = {key_id(verifier.public): TrustedKey(verifier.name, verifier.public, ("verifier",))}
    with Registry.init(tmp_path / "r", "registry.example/forest", sandbox=False) as registry:
        owner = registry.open_account("owner", request="o").id
        issue = {"owner": owner, "region": "CN-HN", "verifiers": verifiers}
        for reasons, status in ((("test",), Status.PRIMARY), ((), Status.SECONDARY)):
            result, manifest, claim = run_documents(reasons=reasons, status=status)
            statement = sign_document(STATEMENT_PURPOSE, statement_body(manifest, claim), verifier)
            with pytest.raises(NotIssuable):
                registry.issue_from_claim(result, manifest, claim, **issue, statement=statement, request="i")
        result, manifest, claim = run_documents(reasons=())
        with pytest.raises(NotIssuable):
            registry.issue_from_claim(result, manifest, claim, **issue, request="i")
        statement = sign_document(STATEMENT_PURPOSE, statement_body(manifest, claim), verifier)
        (batch, _) = registry.issue_from_claim(result, manifest, claim, **issue, statement=statement, request="i")
        assert batch.claim.creditable
        assert not batch.claim.sandbox
        assert registry.audit().holds


def test_a_clock_set_back_does_not_turn_the_log_back(tmp_path: Path):
    times = iter(datetime(2026, 11, 22, tzinfo=UTC) - timedelta(days=n) for n in range(9))
    with Registry.init(tmp_path / "r", "registry.example/x", now=lambda: next(times)) as registry:
        registry.open_account("a", request="a")
        registry.open_account("b", request="b")
        assert {json.loads(leaf)["at"] for leaf in rows(registry)} == {"2026-11-22T00:00:00Z"}
        assert registry.audit().holds


def test_another_key_cannot_act(world: World, tmp_path: Path):
    (world.folder / "operator.key").unlink()
    SigningKey(world.registry.origin, bytes(32)).save(world.folder / "operator.key")
    with Registry(world.folder) as registry, pytest.raises(RegistryError) as refused:
        registry.open_account("x", request="x")
    assert refused.value.code == "registry.wrong_key"


def test_a_hundred_million_credits_are_one_row(tmp_path: Path):
    with Registry.init(tmp_path / "r", "registry.example/big") as registry:
        owner = registry.open_account("o", request="o").id
        documents = run_documents(by_year={2021: 100_000_000})
        registry.issue_from_claim(*documents, owner=owner, region="CN", unit_kg=1, request="i")
        assert [str(holding.serials) for holding in registry.holdings()] == ["1-100000000000"]


class Registries(RuleBasedStateMachine):
    """Acts in any order on a real registry, and on a dictionary from serial to owner."""

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.registry = Registry.init(Path(self.folder.name) / "r", "registry.example/any")
        self.accounts = [self.registry.open_account(name, request=name).id for name in ("a", "b", "c")]
        self.owner_of: dict[int, str] = {}
        self.batch_of: dict[int, str] = {}
        self.years = 0
        self.done: list[tuple[str, str, str, str, int]] = []

    @rule(owner=st.integers(0, 2), credits=st.lists(st.integers(0, 5), min_size=1, max_size=3))
    def issue(self, owner: int, credits: list[int]) -> None:
        by_year = {2021 + self.years + n: credit for n, credit in enumerate(credits)}
        documents, owner_id = run_documents(by_year=by_year), self.accounts[owner]
        act = {"owner": owner_id, "region": "CN-HN", "request": f"i{self.years}"}
        if not sum(credits):
            with pytest.raises(NotIssuable):
                self.registry.issue_from_claim(*documents, **act)
            return
        for batch in self.registry.issue_from_claim(*documents, **act):
            serials = range(batch.serials.first, batch.serials.end)
            assert serials.start == len(self.owner_of) + 1
            self.owner_of |= dict.fromkeys(serials, owner_id)
            self.batch_of |= dict.fromkeys(serials, batch.id)
        self.years += len(credits)

    @rule(source=st.integers(0, 2), to=st.integers(0, 3), batch=st.integers(1, 4), units=st.integers(0, 8))
    def move(self, source: int, to: int, batch: int, units: int) -> None:
        name, mine = f"B{batch:06d}", self.accounts[source]
        their = RETIRED if to == 3 else self.accounts[to]
        serials = sorted(n for n, who in self.owner_of.items() if who == mine and self.batch_of[n] == name)
        before, request = rows(self.registry), f"m{len(self.done)}"
        try:
            self.act(mine, their, name, units, request)
        except RegistryError:
            assert source == to or units < 1 or units > len(serials)
            assert rows(self.registry) == before
        else:
            assert source != to
            assert 1 <= units <= len(serials)
            self.owner_of |= dict.fromkeys(serials[:units], their)
            self.done.append((request, mine, their, name, units))

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        if self.done:
            request, mine, their, name, units = data.draw(st.sampled_from(self.done))
            before = rows(self.registry)
            self.act(mine, their, name, units, request)
            with pytest.raises(RequestReused):
                self.act(mine, their, name, units + 1, request)
            assert rows(self.registry) == before

    def act(self, mine: str, their: str, batch: str, units: int, request: str) -> None:
        if their == RETIRED:
            self.registry.retire(mine, batch, units, beneficiary="b", purpose="event", request=request)
        else:
            self.registry.transfer(mine, their, batch, units, request=request)

    @invariant()
    def same_owners_and_whole(self) -> None:
        holdings = self.registry.holdings()
        assert {n: h.owner for h in holdings for n in range(h.serials.first, h.serials.end)} == self.owner_of
        assert ledger_faults(self.registry.batches(), holdings) == []

    def teardown(self) -> None:
        if hasattr(self, "registry"):
            assert self.registry.audit().holds
            self.registry.close()
            self.folder.cleanup()


Registries.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestRegistries = Registries.TestCase
