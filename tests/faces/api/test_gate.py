"""The door, on SQLite and PostgreSQL: codes, sessions, keys, signed orders, and the trail."""

from __future__ import annotations

import base64
import secrets as random
import stat
import threading
from dataclasses import replace

import pytest

from tanhui.faces.client import Refused
from tanhui.faces.opening import make_registry
from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.signing import SigningKey, key_id
from tanhui.registry.access.orders import Order, SignedOrder, sign_order
from tanhui.registry.access.service import Gate
from tests.faces.api.conftest import CHEAP, PASSWORD, World

KEY = SigningKey("client", bytes(range(32)))


def signed(world: World, act: str, arguments: dict, request: str = "order-1", **changed: object) -> SignedOrder:
    """An order of the owner, open for an hour from now."""
    now = int(world.clock().timestamp())
    order = Order(
        world.registry.origin, world.accounts["owner"], act, arguments, request, now, now + 3600, random.token_hex(16)
    )
    return sign_order(replace(order, **changed), KEY)


def with_key(world: World) -> World:
    """The owner's person gets the key."""
    public = base64.b64encode(KEY.public).decode()
    world.client("owner").act("/keys", person=world.people["owner"], public=public)
    return world


def trail(world: World) -> list[tuple[str, str, str]]:
    """Who did what with which outcome, newest last."""
    lines = world.client("operator").get("/trail", limit=500)["items"]
    return [(line["who"], line["act"], line["outcome"]) for line in lines]


def refusal(call, *arguments, **more) -> str:
    with pytest.raises(TanhuiError) as error:
        call(*arguments, **more)
    return error.value.code


# Codes


def test_the_first_operator_comes_in_once_by_a_file_that_only_its_owner_reads(tmp_path):
    with make_registry(tmp_path / "r", "registry.example/forest") as registry:
        gate = Gate(registry, cost=CHEAP)
        path = gate.begin()
        assert path == tmp_path / "r" / "enrolment.code"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        old = path.read_text()
        assert gate.begin() == path
        code = path.read_text()
        assert refusal(gate.enrol, old, password=PASSWORD) == "access.not_recognised"  # the newest code only
        assert refusal(gate.enrol, code) == "access.credential_needed"
        assert refusal(gate.enrol, code, password="short") == "access.password_length"
        assert gate.enrol(code, password=PASSWORD) == registry.declaration.person
        assert not path.exists()
        assert gate.begin() is None
        assert refusal(gate.enrol, code, password=PASSWORD) == "access.not_recognised"
        caller = gate.caller(gate.log_in(registry.declaration.person, PASSWORD).reveal())
        assert caller.roles == {"operator"}


def test_there_is_no_default_password(tmp_path):
    with make_registry(tmp_path / "r", "registry.example/forest") as registry:
        gate = Gate(registry, cost=CHEAP)
        for password in ("", "admin", "operator", registry.declaration.person):
            assert refusal(gate.log_in, registry.declaration.person, password) == "access.not_recognised"


def test_of_two_who_use_a_code_at_once_one_comes_in(worlds: World):
    person = worlds.registry.do("add_person", "p", account=worlds.accounts["owner"], name="乙").noun.id
    code = worlds.gate.invite(worlds.gate.caller(worlds.tokens["operator"]), person).reveal()
    came: list[str] = []

    def come(name: str) -> None:
        try:
            worlds.gate.enrol(code, password=f"{name} {PASSWORD}")
            came.append(name)
        except TanhuiError:
            pass

    threads = [threading.Thread(target=come, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == 1
    worlds.gate.log_in(person, f"{came[0]} {PASSWORD}")


def test_a_code_ends_and_a_wrong_one_is_never_explained(world: World):
    person = world.people["owner"]
    code = world.gate.invite(world.gate.caller(world.tokens["operator"]), person).reveal()
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    with pytest.raises(TanhuiError) as one:
        world.gate.enrol(wrong, password=PASSWORD)
    world.clock.forward(hours=25)
    with pytest.raises(TanhuiError) as two:
        world.gate.enrol(code, password=PASSWORD)
    assert str(one.value) == str(two.value)


def test_one_of_two_operators_cannot_become_the_other(four_eyes: World):
    operator, second = (four_eyes.gate.caller(four_eyes.tokens[who]) for who in ("operator", "operator2"))
    assert refusal(four_eyes.gate.invite, operator, second.person) == "access.needs_second"
    # Nor anybody else who came in before; two of the operator may let somebody in again.
    assert refusal(four_eyes.gate.invite, operator, four_eyes.people["owner"]) == "access.needs_second"
    assert four_eyes.gate.invite(second, four_eyes.people["owner"])
    owner = four_eyes.gate.caller(four_eyes.tokens["owner"])
    assert refusal(four_eyes.gate.invite, owner, second.person) == "registry.not_permitted"


# Sessions and keys


def test_a_session_ends_idle_at_last_and_by_logging_out(worlds: World):
    client = worlds.client("owner")
    worlds.clock.forward(minutes=29)
    client.me()
    worlds.clock.forward(minutes=29)
    client.me()
    worlds.clock.forward(minutes=31)
    assert refusal(client.me) == "access.not_recognised"
    client.log_in(worlds.people["owner"], PASSWORD)
    for _ in range(24):
        worlds.clock.forward(minutes=29)
        client.me()
    worlds.clock.forward(minutes=29)
    assert refusal(client.me) == "access.not_recognised"  # twelve hours are over
    client.log_in(worlds.people["owner"], PASSWORD)
    token = client._http.headers["Authorization"].split()[1]
    client.log_out()
    client.use(token)
    assert refusal(client.me) == "access.not_recognised"


def test_whoever_ends_in_the_ledger_is_out_at_once(worlds: World):
    client = worlds.client("owner")
    client.me()
    worlds.client("operator").act("/people/end", person=worlds.people["owner"])
    assert refusal(client.me) == "access.not_recognised"
    assert refusal(worlds.client().log_in, worlds.people["owner"], PASSWORD) == "access.not_recognised"
    trader = worlds.client("trader")
    worlds.client("operator").act("/accounts/standing", account=worlds.accounts["trader"], roles=[])
    assert refusal(trader.me) == "access.not_recognised"


def test_an_api_key_does_what_it_was_made_for_until_it_ends(worlds: World):
    owner = worlds.client("owner")
    reader, actor = (owner.make_api_key(scopes, 30) for scopes in (["read"], ["act"]))
    transfer = (worlds.accounts["owner"], worlds.accounts["trader"], worlds.batch, 1)
    client = worlds.client()
    client.use(reader["key"])
    assert client.me()["scopes"] == ["read"]
    assert refusal(client.transfer, *transfer) == "access.scope_missing"
    assert refusal(client.make_api_key, ["read"], 1) == "access.scope_missing"
    client.use(actor["key"])
    client.transfer(*transfer)
    assert refusal(client.me) == "access.scope_missing"
    assert refusal(client.add_person, worlds.accounts["owner"], "丁") == "access.scope_missing"
    owner._send("DELETE", f"/api-keys/{actor['id']}")
    assert refusal(client.transfer, *transfer) == "access.not_recognised"
    client.use(reader["key"])
    worlds.clock.forward(days=30)
    assert refusal(client.me) == "access.not_recognised"
    assert refusal(worlds.client("owner").make_api_key, ["read"], 3000) == "access.not_recognised"  # idle by now


def test_a_key_of_somebody_else_is_not_there(world: World):
    key = world.client("owner").make_api_key(["read"], 1)
    assert refusal(world.client("trader")._send, "DELETE", f"/api-keys/{key['id']}") == "access.unknown_key"
    assert world.client("trader").get("/api-keys")["items"] == []


# Signed orders


def test_a_signed_order_is_done_once_and_its_proof_is_in_the_log(worlds: World):
    with_key(worlds)
    arguments = {"source": worlds.accounts["owner"], "target": worlds.accounts["trader"], "batch": worlds.batch}
    order = signed(worlds, "transfer", {**arguments, "units": 3})
    client = worlds.client()
    first, second = client.orders([order])[0], client.orders([order])[0]
    assert (first["status"], second["status"]) == ("done", "repeated")
    assert first["entry"] == second["entry"]
    (by,) = first["entry"]["by"]
    assert by["key"] == key_id(KEY.public)
    assert by["order"] == order.order.digest().hex()
    assert KEY.sign(b"tanhui-order-1\n" + order.order.digest()) == base64.b64decode(by["signature"])
    other = signed(worlds, "transfer", {**arguments, "units": 4})
    (refused,) = client.orders([other])
    assert refused["problem"]["code"] == "access.order_reused"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"registry": "registry.example/other"}, "access.order_elsewhere"),
        ({"account": "A0000000000000000"}, "access.order_elsewhere"),
        ({"not_before": 4_000_000_000, "not_after": 4_000_000_060}, "access.order_early"),
        ({"not_before": 1_000_000_000, "not_after": 1_000_000_060}, "access.order_late"),
        ({"not_before": 1_000_000_000}, "access.order_window"),
    ],
)
def test_an_order_for_elsewhere_or_another_time_is_refused(world: World, changed: dict, code: str):
    with_key(world)
    given = {"source": world.accounts["owner"], "target": world.accounts["trader"], "batch": world.batch, "units": 1}
    (outcome,) = world.client().orders([signed(world, "transfer", given, **changed)])
    assert outcome["problem"]["code"] == code
    assert trail(world)[-1] == (world.people["owner"], "transfer", code)


def test_a_forged_order_is_nobodys(world: World):
    with_key(world)
    given = {"source": world.accounts["owner"], "target": world.accounts["trader"], "batch": world.batch, "units": 1}
    order = signed(world, "transfer", given).to_dict()
    order["order"]["arguments"]["units"] = 9
    (outcome,) = world.client()._post("/orders", {"orders": [order]})["outcomes"]
    assert outcome["problem"]["code"] == "access.not_recognised"
    assert trail(world)[-1] == ("", "transfer", "wrong")


def test_a_signed_order_opens_a_session_once(world: World):
    with_key(world)
    client = world.client()
    order = signed(world, "open_session", {})
    client.log_in_signed(order)
    assert client.me()["person"] == world.people["owner"]
    assert refusal(world.client().log_in_signed, order) == "access.not_recognised"
    another = signed(world, "transfer", {}, request="x")
    assert refusal(world.client().log_in_signed, another) == "registry.unknown_act"


def test_issuing_cannot_be_ordered_without_its_documents(world: World):
    ask = world.gate.asks(world.gate.caller(world.tokens["operator"]), [("r", "issue", {"owner": "x"})])[0]
    assert ask.refused.code == "registry.unknown_act"


# The trail, and what a refusal tells


def test_every_ask_leaves_its_line_done_or_refused(worlds: World):
    owner, trader = worlds.client("owner"), worlds.client("trader")
    transfer = (worlds.accounts["owner"], worlds.accounts["trader"], worlds.batch)
    owner.transfer(*transfer, 1, request="one")
    owner.transfer(*transfer, 1, request="one")
    assert refusal(owner.transfer, *transfer, 10**9) == "registry.insufficient_units"
    assert refusal(trader.transfer, *transfer, 1) == "registry.not_permitted"
    assert refusal(worlds.client().log_in, worlds.people["owner"], "wrong " + PASSWORD) == "access.not_recognised"
    who = worlds.people
    assert trail(worlds)[-5:] == [
        (who["owner"], "transfer", "done"),
        (who["owner"], "transfer", "repeated"),
        (who["owner"], "transfer", "registry.insufficient_units"),
        (who["trader"], "transfer", "registry.not_permitted"),
        (who["owner"], "log_in", "wrong"),
    ]
    mine = {line["who"] for line in owner.get("/trail", limit=500)["items"]}
    assert mine == {who["owner"]}


def test_a_refusal_does_not_tell_what_others_hold(world: World):
    owner, trader = world.accounts["owner"], world.accounts["trader"]
    client = world.client("trader")
    with pytest.raises(Refused) as stranger:
        client.transfer(owner, trader, world.batch, 10**9)
    legs = [
        {"from": owner, "to": trader, "batch": world.batch, "units": 10**9},
        {"from": trader, "to": owner, "batch": world.batch, "units": 1},
    ]
    with pytest.raises(Refused) as partner:
        client.act("/exchanges", legs=legs)
    for error in (stranger.value, partner.value):
        assert "60" not in str(error.problem)
        assert "20" not in str(error.problem)
    assert stranger.value.code == "registry.not_permitted"
    with pytest.raises(Refused, match="20"):  # the own holding may be told
        world.client("owner").transfer(owner, trader, world.batch, 10**9)
