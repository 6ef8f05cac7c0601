"""The use cases. All of them in any order: ``test_machine``; who may do them: ``test_permissions``."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.parameters import Status
from tanhui.kernel.signing import SigningKey, sign_document
from tanhui.kernel.time import Period
from tanhui.registry import engines
from tanhui.registry.errors import InsufficientUnits, NotIssuable, RegistryError, RequestReused
from tanhui.registry.model import CANCELLED, RETIRED
from tanhui.registry.service import Registry
from tanhui.registry.vouching import STATEMENT_PURPOSE, statement_body
from tests.registry.conftest import World
from tests.registry.documents import run_documents
from tests.registry.evidence import add_key, add_person, database_of, holds, log_of, open_account, order, refused


def test_a_new_registry(worlds: World):
    elsewhere = worlds.registry._store.dialect == "postgresql"
    private = ["operator-ml-dsa-44.key", "operator.key", *(["database.url"] if elsewhere else [])]
    found = {path.name for path in worlds.folder.iterdir() if not path.name.startswith("registry.db")}
    assert found == {*private, "trust.json"}
    assert (worlds.folder / "registry.db").exists() != elsewhere
    for name in private:
        assert stat.S_IMODE((worlds.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(worlds.folder.stat().st_mode) == 0o700  # the database holds names
    trust = json.loads((worlds.folder / "trust.json").read_text(encoding="utf-8"))
    assert trust["origin"] == "registry.example/forest/sandbox"
    assert trust["notice"] == "sandbox 沙盒"
    for name in private[:2]:
        seed = SigningKey.load(worlds.folder / name).seed
        assert seed.hex() not in json.dumps(trust)
        assert base64.b64encode(seed).decode() not in json.dumps(trust)
    # The verifier keys of c2sp.org/signed-note: plain Ed25519 is type 1, the ML-DSA-44 cosignature type 6.
    types = [base64.b64decode(key.split("+", 2)[2])[0] for key in trust["log"]]
    assert types == [1, 6]
    declared = json.loads(log_of(worlds.registry)[0])["registry"]
    assert declared["keys"] == trust["log"]
    assert (declared["origin"], declared["sandbox"], declared["eyes"]) == (trust["origin"], True, "1")
    assert worlds.registry.sandbox


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


def test_the_river(worlds: World):
    moved = worlds.registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 20, request="t1")
    assert [str(holding.serials) for holding in moved] == ["1-20"]
    gone = worlds.registry.retire(
        worlds.buyer,
        worlds.batch,
        5,
        beneficiary="Buyer Ltd, flights of 2025",
        purpose="voluntary",
        period=Period.inclusive(date(2025, 1, 1), date(2025, 12, 31)),
        request="r1",
    )
    assert (gone.units, str(gone.serials[0]), gone.period.to_list()) == (5, "1-5", ["2025-01-01", "2025-12-31"])
    assert [(b.batch, b.vintage, b.units) for b in worlds.registry.balance(worlds.owner)] == [
        ("B000001", 2021, 40),
        ("B000002", 2022, 40),
    ]
    assert [b.units for b in worlds.registry.balance(worlds.buyer)] == [15]
    assert [(str(h.serials), h.owner) for h in worlds.registry.holdings(batch=worlds.batch)] == [
        ("1-5", RETIRED),
        ("6-20", worlds.buyer),
        ("21-60", worlds.owner),
    ]
    assert worlds.registry.retirements() == [gone]
    assert worlds.registry.opening(gone.beneficiary).value == "Buyer Ltd, flights of 2025"
    assert holds(worlds.registry)


def test_no_name_in_the_public_log(world: World):
    world.registry.retire(world.owner, world.batch, 5, beneficiary="张三", purpose="event", request="personal-张三")
    public = b"".join(log_of(world.registry)).decode() + world.registry.checkpoint()
    for secret in ("湘林合作社", "Buyer Ltd", "张三", "personal"):
        assert secret not in public


def test_a_name_can_be_erased_and_the_log_stays(worlds: World):
    gone = worlds.registry.retire(worlds.owner, worlds.batch, 5, beneficiary="张三", purpose="event", request="r")
    before = log_of(worlds.registry)
    assert worlds.registry.erase(gone.beneficiary)
    assert not worlds.registry.erase(gone.beneficiary)
    assert worlds.registry.opening(gone.beneficiary) is None
    assert log_of(worlds.registry) == before
    if worlds.registry._store.dialect == "sqlite":
        # Not in the database file's free pages either, nor in its write-ahead log.
        assert "张三".encode() not in b"".join(path.read_bytes() for path in worlds.folder.iterdir())
    assert holds(worlds.registry)
    # The request still stands for the same act, though the name cannot be compared any more.
    assert worlds.registry.retire(worlds.owner, worlds.batch, 5, beneficiary="?", purpose="event", request="r") == gone


def test_an_account_without_its_name(world: World):
    (account,) = [view for view in world.registry.accounts() if view.name == "Buyer Ltd"]
    assert account.to_dict() | {"commitment": ""} == {
        "id": world.buyer,
        "name": "Buyer Ltd",
        "commitment": "",
        "roles": ["owner", "trader"],
        "region": "",
        "sandbox": True,
    }
    assert world.registry.erase(account.commitment)
    assert {view.id: view.name for view in world.registry.accounts()} == {
        world.owner: "湘林合作社",
        world.buyer: None,
    }
    assert world.registry.transfer(world.owner, world.buyer, world.batch, 1, request="t")


def test_an_erasure_that_a_reader_holds_up_says_so(world: World, monkeypatch: pytest.MonkeyPatch):
    gone = world.registry.retire(world.owner, world.batch, 5, beneficiary="张三", purpose="event", request="r")
    monkeypatch.setattr(engines, "PRAGMAS", ("synchronous = FULL", "secure_delete = ON", "busy_timeout = 1"))
    with Registry(world.folder) as registry:
        with world.registry._store.reading() as view:
            assert view.size()
            with pytest.raises(RegistryError) as refused:
                registry.erase(gone.beneficiary)
        assert refused.value.code == "registry.erase_pending"
        assert not registry.erase(gone.beneficiary)
    assert "张三".encode() not in b"".join(path.read_bytes() for path in world.folder.iterdir())


def test_a_retry_never_acts_twice(worlds: World):
    r = worlds.registry
    first = [
        r.open_account("湘林合作社", request="open-1"),
        r.issue_from_claim(*worlds.documents, owner=worlds.owner, region="CN-HN", request="issue-1"),
        r.transfer(worlds.owner, worlds.buyer, worlds.batch, 7, request="t"),
        r.retire(worlds.owner, worlds.batch, 7, beneficiary="x", purpose="event", request="r"),
    ]
    before = log_of(r)
    again = [
        r.open_account("湘林合作社", request="open-1"),
        r.issue_from_claim(*worlds.documents, owner=worlds.owner, region="CN-HN", request="issue-1"),
        r.transfer(worlds.owner, worlds.buyer, worlds.batch, 7, request="t"),
        r.retire(worlds.owner, worlds.batch, 7, beneficiary="x", purpose="event", request="r"),
    ]
    assert again == first
    assert log_of(r) == before


def test_a_request_id_stands_for_one_act(world: World):
    r = world.registry
    r.transfer(world.owner, world.buyer, world.batch, 7, request="t")
    r.retire(world.owner, world.batch, 7, beneficiary="x", purpose="event", request="r")
    before = log_of(r)
    with pytest.raises(RequestReused):
        r.transfer(world.owner, world.buyer, world.batch, 8, request="t")
    with pytest.raises(RequestReused):
        r.retire(world.owner, world.batch, 7, beneficiary="somebody else", purpose="event", request="r")
    with pytest.raises(RequestReused):
        r.open_account("another name", request="open-1")
    for request in ("", "x" * 201, "line\nbreak"):
        with pytest.raises(InputError):
            r.transfer(world.owner, world.buyer, world.batch, 7, request=request)
    assert log_of(r) == before


def test_refused_acts_change_nothing(worlds: World):
    r, before, held = worlds.registry, database_of(worlds.registry), worlds.registry.holdings()
    refusals = [
        (InsufficientUnits, lambda: r.transfer(worlds.owner, worlds.buyer, worlds.batch, 61, request="1")),
        (
            InsufficientUnits,
            lambda: r.retire(worlds.buyer, worlds.batch, 1, beneficiary="x", purpose="event", request="2"),
        ),
        (RegistryError, lambda: r.transfer(worlds.owner, worlds.owner, worlds.batch, 1, request="3")),
        (RegistryError, lambda: r.transfer(worlds.owner, RETIRED, worlds.batch, 1, request="4")),
        (RegistryError, lambda: r.transfer(RETIRED, worlds.buyer, worlds.batch, 1, request="5")),
        (RegistryError, lambda: r.transfer(worlds.owner, "Anobody", worlds.batch, 1, request="6")),
        (RegistryError, lambda: r.transfer(worlds.owner, worlds.buyer, "B9", 1, request="7")),
        (RegistryError, lambda: r.transfer(worlds.owner, worlds.buyer, worlds.batch, 0, request="8")),
        (RegistryError, lambda: r.transfer(worlds.owner, worlds.buyer, worlds.batch, -5, request="9")),
        (InputError, lambda: r.retire(worlds.owner, worlds.batch, 1, beneficiary="x", purpose="fun", request="10")),
        (InputError, lambda: r.open_account("  ", request="11")),
        (InputError, lambda: r.cancel(worlds.owner, worlds.batch, 1, reason="fun", request="12")),
        (RegistryError, lambda: r.cancel(worlds.buyer, worlds.batch, 1, reason="owner", request="13")),
        (RegistryError, lambda: r.balance("Anobody")),
        (RegistryError, lambda: r.certificate("R000099")),
    ]
    for kind, act in refusals:
        with pytest.raises(kind) as refused:
            act()
        assert not refused.value.text("zh").startswith("error.")
    assert (database_of(r), r.holdings()) == (before, held)


def test_the_same_claim_is_issued_once(worlds: World):
    r = worlds.registry
    issue = {"owner": worlds.owner, "region": "CN-HN"}
    with pytest.raises(RegistryError) as refused:
        r.issue_from_claim(*worlds.documents, **issue, request="again")
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
    assert holds(r)


def test_outside_a_sandbox(tmp_path: Path):
    verifier = SigningKey("verifier.example", bytes(range(32)))
    with Registry.init(tmp_path / "r", "registry.example/forest", sandbox=False) as registry:
        owner = registry.open_account("owner", request="o").id
        second = add_person(registry, registry.declaration.account, "second pair of eyes")
        both = [registry.declaration.person, second]
        body = open_account(registry, "verification body", ["verifier"], both)
        expert = add_person(registry, body, "expert", both)
        key = add_key(registry, expert, verifier, by=[expert])
        issue = {"owner": owner, "region": "CN-HN"}
        for reasons, status in ((("test",), Status.PRIMARY), ((), Status.SECONDARY)):
            result, manifest, claim = run_documents(reasons=reasons, status=status)
            statement = sign_document(STATEMENT_PURPOSE, statement_body(manifest, claim, registry.origin), verifier)
            with pytest.raises(NotIssuable):
                registry.issue_from_claim(result, manifest, claim, **issue, statement=statement, request="i")
        result, manifest, claim = run_documents(reasons=())
        with pytest.raises(NotIssuable):
            registry.issue_from_claim(result, manifest, claim, **issue, request="i")
        statement = sign_document(STATEMENT_PURPOSE, statement_body(manifest, claim, registry.origin), verifier)
        issue |= {"statement": statement, "request": "i"}
        with pytest.raises(RegistryError) as alone:
            registry.issue_from_claim(result, manifest, claim, **issue)
        assert alone.value.code == "registry.not_permitted"
        registry.do("end_key", "lost", key=key)
        with pytest.raises(NotIssuable) as unknown:
            registry.issue_from_claim(result, manifest, claim, **issue, by=both)
        assert unknown.value.code == "registry.not_verified"
        verifier = SigningKey("verifier.example", bytes(range(1, 33)))
        add_key(registry, expert, verifier, "new key", by=[expert])
        issue["statement"] = sign_document(
            STATEMENT_PURPOSE, statement_body(manifest, claim, registry.origin), verifier
        )
        more = registry.issue_order(result, manifest, claim, **issue, by=both)
        for change in ({"units": {"2021": 61, "2022": 40}}, {"claim": {**more.arguments["claim"], "gas": "CH4"}}):
            # What is more than the verifier signed, or something else, is refused by the ledger itself.
            refused(registry, lambda change=change: registry.do("issue", "x", both, **{**more.arguments, **change}))
        (batch, _) = registry.issue_from_claim(result, manifest, claim, **issue, by=both)
        assert batch.claim.creditable
        assert not batch.claim.sandbox
        assert holds(registry)


def test_a_clock_set_back_does_not_turn_the_log_back(tmp_path: Path):
    times = iter(datetime(2026, 11, 22, tzinfo=UTC) - timedelta(days=n) for n in range(9))
    with Registry.init(tmp_path / "r", "registry.example/x", now=lambda: next(times)) as registry:
        registry.open_account("a", request="a")
        registry.open_account("b", request="b")
        assert {json.loads(leaf)["at"] for leaf in log_of(registry)} == {"2026-11-22T00:00:00Z"}
        assert holds(registry)


@pytest.mark.parametrize("name", ["operator.key", "operator-ml-dsa-44.key"])
def test_another_key_cannot_act(world: World, name: str):
    (world.folder / name).unlink()
    SigningKey(world.registry.origin, bytes(32)).save(world.folder / name)
    with Registry(world.folder) as registry, pytest.raises(RegistryError) as refused:
        registry.open_account("x", request="x")
    assert refused.value.code == "registry.wrong_key"


def test_a_hundred_million_credits_are_one_row(tmp_path: Path):
    with Registry.init(tmp_path / "r", "registry.example/big") as registry:
        owner = registry.open_account("o", request="o").id
        documents = run_documents(by_year={2021: 100_000_000})
        registry.issue_from_claim(*documents, owner=owner, region="CN", unit_kg=1, request="i")
        assert [str(holding.serials) for holding in registry.holdings()] == ["1-100000000000"]


def test_units_are_cancelled_for_a_reason_and_not_retired(world: World):
    gone = world.registry.cancel(world.owner, world.batch, 7, reason="over_issue", document="ab" * 32, request="c")
    assert (gone.units, gone.noun.reason, gone.period, gone.beneficiary) == (7, "over_issue", None, "")
    assert world.registry.cancellations() == [gone]
    assert world.registry.retirements() == []
    with pytest.raises(IntegrityError):
        world.registry.certificate(gone.id)  # nobody may boast of what was cancelled
    assert [(str(h.serials), h.owner) for h in world.registry.holdings(batch=world.batch)] == [
        ("1-7", CANCELLED),
        ("8-60", world.owner),
    ]
    assert holds(world.registry)


def test_money_comes_goes_and_is_exchanged_for_units(worlds: World):
    """Delivery versus payment is one entry: both or neither."""
    r, bank = worlds.registry, open_account(worlds.registry, "bank")
    r.do("define_asset", "a", asset="CNY", unit="fen", issuer=bank)
    r.do("mint", "m", asset="CNY", target=worlds.buyer, amount=1000)
    deal = [
        {"from": worlds.owner, "to": worlds.buyer, "batch": worlds.batch, "units": 8},
        {"from": worlds.buyer, "to": worlds.owner, "asset": "CNY", "amount": 600},
    ]
    entry = r.do("exchange", "deal", legs=deal)
    assert (entry.kind, entry.units, [leg.amount for leg in entry.amounts]) == ("transfer", 8, [600])
    before = database_of(r)
    for number, change in enumerate(({"amount": 401}, {"asset": "USD"}, {"to": bank + "x"}, {"from": "@issuance"})):
        with pytest.raises(RegistryError):
            r.do("exchange", f"bad {number}", legs=[deal[0], deal[1] | change])
    assert database_of(r) == before
    r.do("redeem", "r", asset="CNY", source=worlds.owner, amount=100)
    assert {(where.owner, much) for _, where, much in r.amounts()} == {
        ("@issuance", -900),
        (worlds.buyer, 400),
        (worlds.owner, 500),
    }
    assert holds(r)


def test_an_issue_is_shared_out_and_buffers_are_rounded_up(worlds: World):
    buffer = open_account(worlds.registry, "pool", ["buffer"])
    documents = run_documents("shared", by_year={2031: 101, 2032: 3})
    shares = [(buffer, 1000), (CANCELLED, 200)]
    worlds.registry.issue_from_claim(*documents, owner=worlds.owner, region="CN", request="i", shares=shares)
    # By hand: 10 % of 101 is 10.1, so 11; 2 % is 2.02, so 3; the owner has 87. Of 3: 0.3 -> 1, 0.06 -> 1, 1.
    assert [(str(h.serials), h.owner) for h in worlds.registry.holdings() if h.serials.first > 100] == [
        ("101-111", buffer),
        ("112-114", CANCELLED),
        ("115-201", worlds.owner),
        ("202-202", buffer),
        ("203-203", CANCELLED),
        ("204-204", worlds.owner),
    ]
    assert holds(worlds.registry)


def test_shares_of_more_than_the_whole_are_refused(world: World):
    documents = run_documents("shared", by_year={2031: 100})
    issue = {"owner": world.owner, "region": "CN", "request": "i"}
    shares = [(world.buyer, 9000), (CANCELLED, 2000)]
    refused(world.registry, lambda: world.registry.issue_from_claim(*documents, **issue, shares=shares))


def test_a_share_that_is_no_whole_number_is_refused(world: World):
    documents = run_documents("shared", by_year={2031: 100})
    issue = {"owner": world.owner, "region": "CN", "request": "i"}
    refused(
        world.registry, lambda: world.registry.issue_from_claim(*documents, **issue, shares=[(world.buyer, 2500.0)])
    )


def test_shares_in_units_by_vintage(world: World):
    documents = run_documents("shared", by_year={2031: 101, 2032: 3})
    issue = {"owner": world.owner, "region": "CN", "request": "i"}
    wrong = [{"2031": 102}, {"2031": -1}, {"2031": True}, {"2033": 1}, {"2031": 1.0}]
    for what in [*wrong, {"2032": 3}]:  # with the levy, the last is more than there is
        shares = [(world.buyer, what), (CANCELLED, 2000)]
        refused(world.registry, lambda it=shares: world.registry.issue_from_claim(*documents, **issue, shares=it))
    shares = [(world.buyer, {"2031": 7}), (CANCELLED, {"2031": 94, "2032": 1})]
    world.registry.issue_from_claim(*documents, **issue, shares=shares)
    assert [(str(h.serials), h.owner) for h in world.registry.holdings() if h.serials.first > 100] == [
        ("101-107", world.buyer),
        ("108-201", CANCELLED),
        ("202-202", CANCELLED),
        ("203-204", world.owner),
    ]


def test_acts_of_a_moment_share_one_checkpoint(worlds: World):
    """A server signs once for all acts of a moment; who asks twice gets the same note."""
    size = len(log_of(worlds.registry))
    with Registry(worlds.folder, publish_each=False, now=worlds.clock) as server:
        for number in range(5):
            server.transfer(worlds.owner, worlds.buyer, worlds.batch, 1, request=f"t{number}")
        gone = server.retire(worlds.buyer, worlds.batch, 5, beneficiary="x", purpose="event", request="r")
        assert len(log_of(server)) == size + 6
        with pytest.raises(RegistryError) as early:
            server.certificate(gone.id)
        assert early.value.code == "registry.not_yet_published"
        note = server.publish()
        assert note.split("\n")[1] == str(size + 7)
        before = database_of(server)
        assert server.publish() == note == server.checkpoint()
        assert database_of(server) == before
        assert server.certificate(gone.id)
        assert holds(server)


def test_the_seal_and_the_checkpoint_say_the_same_state(world: World):
    leaf, note = json.loads(log_of(world.registry)[-1]), world.registry.checkpoint()
    (line,) = [line for line in note.split("\n") if line.startswith("state ")]
    assert leaf["seal"]["state"] == base64.b64decode(line.removeprefix("state ")).hex()


def test_rows_of_another_room_and_entries_commit_together(worlds: World):
    r = worlds.registry
    move = order(r, "t", "transfer", source=worlds.owner, target=worlds.buyer, batch=worlds.batch, units=3)
    with r.transaction() as (connection, _submit):
        connection.exec_driver_sql("CREATE TABLE parcels (id INTEGER)")
    before = database_of(r)

    def both(fail: bool) -> None:
        with r.transaction() as (connection, submit):
            connection.exec_driver_sql("INSERT INTO parcels VALUES (7)")
            assert submit([move])[0].done().units == 3
            if fail:
                raise RegistryError("registry.overlap")

    with pytest.raises(RegistryError):
        both(fail=True)
    assert database_of(r) == before
    both(fail=False)
    both(fail=False)  # the order is a retry now; the room's rows are the room's business
    with r._store.reading() as view:
        assert view.connection.exec_driver_sql("SELECT count(*) FROM parcels").scalar() == 2
    assert [h.serials.units for h in r.holdings(worlds.buyer)] == [3]
    assert holds(r)


def test_a_second_registry_in_one_database_is_refused(worlds: World, tmp_path: Path):
    if worlds.registry._store.dialect != "postgresql":
        pytest.skip("a SQLite file lies in its folder")
    url = worlds.registry._store.url.render_as_string(hide_password=False)
    refused(worlds.registry, lambda: Registry.init(tmp_path / "again", "registry.example/again", database=url))
    assert not (tmp_path / "again").exists()
    assert holds(worlds.registry)


def test_questions_about_what_is_not_there(world: World):
    size = len(log_of(world.registry))
    for ask in (
        lambda: world.registry.inclusion(size, size),
        lambda: world.registry.inclusion(-1, size),
        lambda: world.registry.consistency(5, 4),
        lambda: world.registry.certificate("C000001"),
        lambda: world.registry.balance("@retired"),
    ):
        refused(world.registry, ask)
    assert world.registry.encumbrances(world.owner) == []
    assert world.registry.amounts("Anobody") == []
