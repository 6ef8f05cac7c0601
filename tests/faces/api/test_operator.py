"""What only the operator does over HTTP: webhooks, erasures, kinds of persons and the rules that ask for them."""

from __future__ import annotations

import base64
import hmac
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tanhui.faces.client import Refused
from tanhui.registry.anchors import load_log_keys
from tanhui.registry.log.cosignature import COSIGNATURE_V1
from tanhui.registry.log.note import NoteSigner, open_note
from tanhui.registry.operations.witnesses import Witness, ask_witnesses
from tanhui.registry.webhooks.outbox import OVERLAP_S
from tests.faces.api.conftest import PASSWORD, World, opened
from tests.registry.documents import run_documents
from tests.registry.operations.servers import WitnessServer, handler, serving
from tests.registry.webhooks.receivers import Receiver, receiving

PILOT = "scenario/personal-gba"
DOCUMENT = "ab" * 32


def code(call, *arguments, **more) -> tuple[int, str]:
    """How a call is refused."""
    with pytest.raises(Refused) as error:
        call(*arguments, **more)
    return error.value.status, error.value.code


# Webhooks


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A registry that may tell this machine, on both databases."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with opened(tmp_path / "registry", database, loopback=True) as made:
        yield made


def signs(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a message carries the signature of Standard Webhooks 1.0 under a secret, calculated here."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = f"v1,{base64.b64encode(hmac.new(key, text, 'sha256').digest()).decode()}"
    return mine in headers["webhook-signature"].split(" ")


def test_a_webhook_from_its_first_message_to_its_end(worlds: World, receiver: Receiver):
    client, hooks = worlds.client("operator"), worlds.app.state.services.webhooks
    made = client.add_webhook(receiver.url, ["transfer"])
    name, secret = made["id"], made["secret"]
    assert client.webhooks() == [{**{k: v for k, v in made.items() if k != "secret"}, "dead": 0}]
    assert client.test_webhook(name) == {"delivered": True, "outcome": "200"}
    headers, body = receiver.got.pop()
    assert json.loads(body)["type"] == "registry.test"
    assert signs(secret, headers, body)
    transfer = (worlds.accounts["owner"], worlds.accounts["trader"], worlds.batch, 1)
    worlds.client("owner").transfer(*transfer)
    while hooks.deliver():
        pass
    (told,) = [each for each in receiver.got if json.loads(each[1])["type"] == "registry.transfer"]
    assert signs(secret, *told)
    (row,) = client.deliveries(name)
    assert (row["state"], row["attempts"], row["outcome"]) == ("done", 1, "200")
    # Paused, nothing is sent; resumed, nothing is missing.
    assert client.pause_webhook(name)["state"] == "paused"
    worlds.client("owner").transfer(*transfer)
    while hooks.deliver():
        pass
    assert len(client.deliveries(name)) == 1
    assert client.resume_webhook(name)["state"] == "open"
    receiver.status = 500
    while hooks.deliver():
        pass
    assert [row["outcome"] for row in client.deliveries(name)] == ["500", "200"]
    assert client.test_webhook(name) == {"delivered": False, "outcome": "500"}
    client.end_webhook(name)
    assert client.webhooks()[0]["state"] == "closed"
    for call in (client.end_webhook, client.pause_webhook, client.test_webhook, client.rotate_webhook):
        assert code(call, name) == (404, "webhooks.unknown_subscription")
    acts = [line["act"] for line in client.get("/trail", limit=500)["items"] if line["request"] == name]
    assert acts[:3] == ["test_webhook", "pause_webhook", "resume_webhook"]


def test_a_secret_changes_without_a_message_that_nobody_can_check(worlds: World, receiver: Receiver):
    client = worlds.client("operator")
    made = client.add_webhook(receiver.url)
    new = client.rotate_webhook(made["id"])["secret"]
    assert new != made["secret"]
    client.test_webhook(made["id"])
    assert signs(made["secret"], *receiver.got[-1])
    assert signs(new, *receiver.got[-1])
    worlds.clock.forward(minutes=29)
    client.me()
    hooks = worlds.app.state.services.webhooks
    then = int(worlds.clock().timestamp()) + OVERLAP_S
    hooks._clock = lambda: then
    client.test_webhook(made["id"])
    assert not signs(made["secret"], *receiver.got[-1])
    assert signs(new, *receiver.got[-1])


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "http://example.com/",
        "https://user:word@example.com/",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_subscribed_that_leads_inside(world: World, url: str):
    assert code(world.client("operator").add_webhook, url)[0] == 422
    assert world.client("operator").webhooks() == []


def test_a_secret_is_in_no_list_no_trail_and_no_log(world: World, caplog: pytest.LogCaptureFixture):
    client = world.client("operator")
    with caplog.at_level(logging.DEBUG):
        made = client.add_webhook("https://hooks.example.com/x?token=tell-nobody")
        new = client.rotate_webhook(made["id"])["secret"]
        world.client("owner").transfer(world.accounts["owner"], world.accounts["trader"], world.batch, 1)
        while world.app.state.services.webhooks.deliver():
            pass
        client.test_webhook(made["id"])
    shown = json.dumps([client.webhooks(), client.deliveries(made["id"]), client.get("/trail", limit=500)])
    said = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    for secret in (made["secret"], new):
        assert secret not in shown + said
    assert "tell-nobody" not in said


# Names


def test_a_name_is_forgotten_by_two_people(four_eyes: World):
    first, second = four_eyes.client("operator"), four_eyes.client("operator2")
    account = four_eyes.accounts["owner"]
    (row,) = [row for row in first.every("/accounts") if row["id"] == account]
    name = row["commitment"]
    assert first.erase_name(name, DOCUMENT)["status"] == "proposed"
    assert first.erase_name(name, DOCUMENT)["status"] == "proposed"  # the same person is not another one
    assert first.get(f"/accounts/{account}")["name"]
    assert code(second.erase_name, name, "cd" * 32) == (422, "operations.erasure_other_document")
    done = second.erase_name(name, DOCUMENT)
    assert (done["status"], done["asked_by"], done["agreed_by"]) == (
        "done",
        four_eyes.people["operator"],
        four_eyes.people["operator2"],
    )
    assert first.get(f"/accounts/{account}")["name"] == ""
    assert first.erase_name(name, DOCUMENT)["status"] == "done"  # once more, should the disk still hold it
    assert first.get("/erasures")["items"] == [done]
    acts = [(line["who"], line["act"], line["request"]) for line in first.get("/trail", limit=500)["items"]]
    assert (four_eyes.people["operator2"], "erase_name", name) in acts
    assert four_eyes.registry.audit().failures() == []


def test_where_one_pair_of_eyes_is_enough_a_name_goes_at_once_and_its_bytes_with_it(world: World):
    client = world.client("operator")
    account = client.open_account("再也不见的名字")
    (row,) = [row for row in client.every("/accounts") if row["id"] == account]
    assert client.erase_name(row["commitment"], DOCUMENT)["status"] == "done"
    everything = b"".join(path.read_bytes() for path in world.registry.folder.iterdir())
    assert "再也不见的名字".encode() not in everything
    assert code(client.erase_name, "0" * 64, DOCUMENT) == (422, "operations.no_such_name")


# Rules on people and regions. The limit of 50,000 yuan and the regions are the request's; sums are by hand.


@pytest.fixture
def pilot(tmp_path: Path) -> Iterator[World]:
    """A sandbox with the pilot's rules; the buyer is a natural person in Hong Kong, the issuer of yuan the insurer."""
    with opened(tmp_path / "registry", rule_sets=[PILOT, "ccer"]) as world:
        operator = world.client("operator")
        buyer = operator.open_account("个人", roles=["trader"], region="HK")
        world.accounts["person"] = buyer
        operator.set_account_kind(buyer, "natural")
        operator.set_account_kind(world.accounts["owner"], "legal")
        operator.act("/assets", asset="CNY", unit="fen", issuer=world.accounts["insurer"])
        operator.act("/amounts/mint", asset="CNY", target=buyer, amount=10_000_000)
        world.people["person"] = operator.add_person(buyer, "某人")
        yield world


def buys(world: World, yuan: float, request: str, who: str = "operator") -> str:
    """The person buys a unit of the owner for so much; what comes of it."""
    a = world.accounts
    legs = [
        {"from": a["owner"], "to": a["person"], "batch": world.batch, "units": 1},
        {"from": a["person"], "to": a["owner"], "asset": "CNY", "amount": round(yuan * 100)},
    ]
    answer = world.http.post("/v1/exchanges", json={"legs": legs}, headers=world.headers(who, request))
    document = answer.json()
    return str(document["status"]) if answer.status_code != 403 else str(document["detail"])


def test_a_persons_year_is_full_at_fifty_thousand_yuan(pilot: World):
    assert buys(pilot, 30_000, "a") == "done"
    assert buys(pilot, 30_000, "a") == "repeated"  # asked for again, it is not bought again
    assert "60000.00" in buys(pilot, 30_000, "b")
    assert "scenario" in buys(pilot, 20_000.01, "c")
    assert buys(pilot, 20_000, "d") == "done"
    assert buys(pilot, 30_000, "a") == "repeated"
    assert buys(pilot, 0.01, "e").startswith("The year's total")
    # What the person sells counts too: it is a trade of theirs.
    a = pilot.accounts
    back = [
        {"from": a["person"], "to": a["owner"], "batch": pilot.batch, "units": 1},
        {"from": a["owner"], "to": a["person"], "asset": "CNY", "amount": 1},
    ]
    assert code(pilot.client("operator").act, "/exchanges", legs=back)[0] == 403
    pilot.clock.forward(days=365)  # from 2026-01-01 on; a new year, and new credentials
    pilot.tokens["operator"] = pilot.gate.log_in(pilot.people["operator"], PASSWORD).reveal()
    assert buys(pilot, 50_000, "f") == "done"


def test_two_trades_in_one_request_do_not_slip_past_together(pilot: World):
    a = pilot.accounts
    legs = [
        {"from": a["owner"], "to": a["person"], "batch": pilot.batch, "units": 1},
        {"from": a["person"], "to": a["owner"], "asset": "CNY", "amount": 3_000_000},
    ]
    orders = [{"request": f"o{n}", "act": "exchange", "arguments": {"legs": legs}} for n in range(3)]
    assert [told["status"] for told in pilot.client("operator").orders(orders)] == ["done", "refused", "refused"]


def test_a_trade_that_two_agree_on_is_judged_when_the_second_agrees(tmp_path: Path):
    with opened(tmp_path / "registry", eyes=2, rule_sets=[PILOT]) as world:
        registry, a = world.registry, world.accounts
        both = [world.people["operator"], world.people["operator2"]]
        person = registry.do("open_account", "p", both, name="个人", roles=["trader"], region="CN-GD").noun.id
        member = registry.do("add_person", "m", both, account=person, name="某人").noun.id
        registry.do("define_asset", "cny", both, asset="CNY", unit="fen", issuer=a["insurer"])
        registry.do("mint", "money", [world.people["insurer"]], asset="CNY", target=person, amount=9_000_000)
        world.gate.enrol(world.gate._new_code(member).reveal(), password=PASSWORD)
        world.tokens["person"] = world.gate.log_in(member, PASSWORD).reveal()
        world.client("operator").set_account_kind(person, "natural")
        waiting = []
        for fen in (4_000_000, 2_000_000, 1_000_000):  # each alone is within the limit
            legs = [
                {"from": a["owner"], "to": person, "batch": world.batch, "units": 1},
                {"from": person, "to": a["owner"], "asset": "CNY", "amount": fen},
            ]
            waiting.append(world.client("owner").act("/exchanges", legs=legs)["proposal"]["id"])
        headers = world.headers("person")
        paths = [f"/v1/proposals/{name}/agreement" for name in waiting]
        assert [world.http.post(path, headers=headers).status_code for path in paths] == [201, 403, 201]
        assert [each["id"] for each in world.client("person").proposals()] == waiting[1:2]


def test_a_region_outside_the_pilot_and_a_company_have_no_such_limit(pilot: World):
    operator = pilot.client("operator")
    operator.set_account_kind(pilot.accounts["person"], "legal")
    assert buys(pilot, 60_000, "a") == "done"


def test_under_ccer_nothing_is_issued_to_a_natural_person(pilot: World):
    result, manifest, _ = run_documents("another-project", {2023: 7})
    with pytest.raises(Refused) as refused:
        pilot.client("operator").issue(result, manifest, owner=pilot.accounts["person"], region="CN-HN")
    assert refused.value.status == 403
    pilot.client("operator").issue(result, manifest, owner=pilot.accounts["owner"], region="CN-HN")


def test_money_under_an_encumbrance_counts_when_it_is_posted(pilot: World):
    """Delivery against payment by two pending encumbrances that are posted together."""
    a, operator = pilot.accounts, pilot.client("operator")
    goods = operator.act(
        "/encumbrances", kind="pending", account=a["owner"], target=a["person"], batch=pilot.batch, units=1
    )["id"]
    for fen, wanted in ((5_000_001, 403), (5_000_000, 201)):
        money = operator.act(
            "/encumbrances", kind="pending", account=a["person"], target=a["owner"], asset="CNY", amount=fen
        )["id"]
        answer = pilot.http.post(
            "/v1/encumbrances/post", json={"locks": [goods, money]}, headers=pilot.headers("operator", f"post-{fen}")
        )
        assert answer.status_code == wanted, answer.text
        if wanted == 403:
            operator.act("/encumbrances/release", lock=money)


# Orders that take somebody else


def test_an_order_among_many_that_takes_another_person_waits_for_one(four_eyes: World):
    a = four_eyes.accounts
    given = {"source": a["owner"], "target": a["insurer"], "batch": four_eyes.batch, "units": 2}
    ruling = {"request": "r", "act": "reassign", "arguments": {**given, "reason": "court", "document": "0" * 64}}
    notice = {"request": "n", "act": "record", "arguments": {"topic": "t", "subject": "s", "sha256": "0" * 64}}
    stranger = {"request": "s", "act": "transfer", "arguments": given}
    body, headers = {"orders": [ruling, notice, stranger]}, four_eyes.headers("operator")
    answer = four_eyes.http.post("/v1/orders", json=body, headers=headers)
    assert answer.status_code == 202
    told = answer.json()["outcomes"]
    assert [outcome["status"] for outcome in told] == ["proposed", "done", "refused"]
    where = told[0]["where"]
    assert four_eyes.http.get(where, headers=headers).json() == told[0]["proposal"]
    assert [each["id"] for each in four_eyes.client("operator2").proposals()] == [told[0]["proposal"]["id"]]
    assert four_eyes.http.get(where, headers=four_eyes.headers("trader")).status_code == 404
    # The same request again proposes the same thing again, and nothing else.
    assert four_eyes.http.post("/v1/orders", json=body, headers=headers).json()["outcomes"][0] == told[0]
    assert four_eyes.client("operator2").agree(told[0]["proposal"]["id"])["status"] == "done"
    assert four_eyes.http.post("/v1/orders", json=body, headers=headers).json()["outcomes"][0]["status"] == "repeated"
    single = four_eyes.http.post(
        "/v1/transfers/reassign", json=ruling["arguments"], headers=four_eyes.headers("operator", "single")
    )
    assert single.status_code == 202
    assert single.headers["location"] == single.json()["where"]


# Checkpoints


def test_a_checkpoint_is_handed_out_with_the_signatures_of_witnesses(world: World, tmp_path: Path):
    world.registry.publish()
    signer = NoteSigner("witness.example", bytes(32), COSIGNATURE_V1)
    trust = load_log_keys(world.registry.folder / "trust.json")
    server = WitnessServer(tmp_path, signer, {world.registry.origin: trust})
    with serving(handler(server.answer)) as url:
        (answer,) = ask_witnesses(world.registry.folder, [Witness(url, signer.key)])
    assert answer.refused is None
    note = world.client().checkpoint()
    assert note.startswith(world.registry.checkpoint())
    assert open_note(note, [signer.key])
