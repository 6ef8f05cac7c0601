"""Webhooks end to end: from an act to a real receiver, once and again, signed, through failures and kills."""

from __future__ import annotations

import base64
import hmac
import json
import os
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tanhui.kernel.errors import InputError
from tanhui.registry.errors import RegistryError
from tanhui.registry.folder import open_store
from tanhui.registry.store import Store
from tanhui.registry.webhooks import outbox
from tanhui.registry.webhooks.deliver import Post, deliver_due
from tanhui.registry.webhooks.outbox import (
    LEASE_S,
    MOST_ATTEMPTS,
    Subscription,
    again,
    claim,
    close,
    deliveries_of,
    plan,
    subscribe,
    subscriptions_of,
    undelivered,
)
from tanhui.registry.webhooks.signing import WEBHOOK_KEY, headers, load_key, secret_text, subscription_secret
from tanhui.registry.webhooks.tables import deliveries
from tests.registry.conftest import World
from tests.registry.webhooks.receivers import Receiver, receiving

KEY = bytes(range(32))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


class Desk:
    """The webhooks of a world, with a clock that a test sets."""

    def __init__(self, world: World) -> None:
        self.world, self.store, self.now = world, open_store(world.folder), 1_700_000_000
        self.post = Post(world.registry.origin, KEY, loopback=True, deadline_s=5)

    def subscribe(self, url: str, *kinds: str) -> Subscription:
        with self.store.writing() as tx:
            return subscribe(tx, self.world.owner, url, kinds, self.now, os.urandom, loopback=True)

    def act(self, number: int, units: int = 1) -> None:
        self.world.registry.transfer(
            self.world.owner, self.world.buyer, self.world.batch, units, request=f"webhook-{number}"
        )

    def deliver(self, **other: Any) -> list[str]:
        post = Post(**{**{name: getattr(self.post, name) for name in Post.__slots__}, **other})
        return [result.failure for result in deliver_due(self.store, post, lambda: self.now, lambda: 1.0)]

    def rows(self, *states: str) -> list[Any]:
        """What is still to be delivered, or deliveries in some states."""
        with self.store.reading() as view:
            return [
                row for row in view.connection.execute(deliveries.select()) if row.state in (states or ("due", "dead"))
            ]


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    made = Desk(world)
    yield made
    made.store.close()


@pytest.fixture
def desks(worlds: World) -> Iterator[Desk]:
    made = Desk(worlds)
    yield made
    made.store.close()


def test_the_signature_is_that_of_standard_webhooks():
    # The example in the test suites of the reference libraries (github.com/standard-webhooks/standard-webhooks).
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert secret_text(secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_what_happens_is_told_once_signed_and_public(desks: Desk, receiver: Receiver):
    desks.act(0)  # before anybody asked to hear of it
    made = desks.subscribe(receiver.url, "transfer", "retire")
    desks.act(1)
    desks.world.registry.retire(
        desks.world.buyer, desks.world.batch, 1, beneficiary="张三", purpose="event", request="retired"
    )
    desks.world.registry.open_account("李四", request="opened")  # a kind that nobody asked for
    assert desks.deliver() == ["", ""]
    assert desks.deliver() == []
    assert desks.rows() == []
    assert [event["type"] for event in sorted(receiver.events, key=lambda event: int(event["data"]["index"]))] == [
        "registry.transfer",
        "registry.retire",
    ]
    secret = subscription_secret(KEY, made.id)
    for head, body in receiver.got:
        assert head["webhook-id"].startswith(f"{made.id}-{json.loads(body)['data']['index']}-")
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
        mine = base64.b64encode(hmac.new(secret, signed, "sha256").digest()).decode()
        assert head["webhook-signature"] == f"v1,{mine}"
        assert head["webhook-timestamp"] == str(desks.now)
        for name in ("张三", "李四", "湘林合作社"):
            assert name.encode() not in body


def test_an_act_that_was_rolled_back_is_told_to_nobody(desk: Desk, receiver: Receiver):
    desk.subscribe(receiver.url)
    orders = [desk.world.registry.order("record", "x", topic="t", subject="s", sha256="0" * 64)]
    with pytest.raises(ZeroDivisionError), desk.world.registry.transaction() as (_, submit):
        submit([*orders, 1 / 0])
    assert desk.deliver() == []
    assert receiver.got == []


def test_a_failure_is_tried_again_under_the_same_id_later_and_later_and_then_waits_for_a_person(
    desks: Desk, receiver: Receiver
):
    made = desks.subscribe(receiver.url, "transfer")
    desks.act(1)
    receiver.status = 503
    waits = []
    for attempt in range(MOST_ATTEMPTS):
        assert desks.deliver() == ["503"]
        (row,) = desks.rows()
        waits.append(row.due_at - desks.now)
        assert row.state == ("dead" if attempt == MOST_ATTEMPTS - 1 else "due")
        assert desks.deliver() == []  # not before its time
        desks.now = row.due_at
    # 30 s, doubled each time, six hours at most: by hand.
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, *[21600] * 6]
    assert len({head["webhook-id"] for head, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert len({head["webhook-signature"] for head, _ in receiver.got}) == MOST_ATTEMPTS
    desks.now += 10**6
    assert desks.deliver() == []
    with desks.store.writing() as tx:
        (letter,) = deliveries_of(tx.connection, made.id)
        assert (letter.state, letter.attempts, letter.outcome) == ("dead", MOST_ATTEMPTS, "503")
        assert undelivered(tx.connection) == {made.id: 1}
        assert again(tx.connection, made.id, desks.now) == 1
    receiver.status = 204
    assert desks.deliver() == [""]
    assert desks.rows() == []


def test_waits_differ_by_chance(desk: Desk, receiver: Receiver):
    desk.subscribe(receiver.url, "transfer")
    receiver.status = 500
    chances = iter([0.0, 0.5, 1.0])
    for number in range(3):
        desk.act(number)
    deliver_due(desk.store, desk.post, lambda: desk.now, lambda: next(chances))
    assert sorted(row.due_at - desk.now for row in desk.rows()) == [15, 22, 30]


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest/meta-data/", "/elsewhere", "https://example.com/"])
def test_redirects_are_not_followed(desk: Desk, receiver: Receiver, location: str):
    desk.subscribe(receiver.url, "transfer")
    desk.act(1)
    receiver.status, receiver.location = 307, location
    assert desk.deliver() == ["307"]
    assert len(receiver.got) == 1


def test_who_is_gone_is_left_alone(desk: Desk, receiver: Receiver):
    made = desk.subscribe(receiver.url, "transfer")
    desk.act(1)
    desk.act(2)
    receiver.status = 410
    assert set(desk.deliver()) == {"410"}
    assert desk.rows() == []
    desk.act(3)
    assert desk.deliver() == []
    with desk.store.writing() as tx:
        (found,) = subscriptions_of(tx.connection)
        assert (found.id, found.closed_at) == (made.id, desk.now)
        with pytest.raises(RegistryError):
            close(tx.connection, made.id, desk.now)


def test_a_closed_subscription_hears_nothing(desk: Desk, receiver: Receiver):
    made, other = desk.subscribe(receiver.url, "transfer"), desk.subscribe(receiver.url, "transfer")
    desk.act(1)
    with desk.store.writing() as tx:
        plan(tx, desk.now)
        close(tx.connection, made.id, desk.now)
        assert [found.id for found in subscriptions_of(tx.connection, desk.world.owner)] == sorted([made.id, other.id])
        assert subscriptions_of(tx.connection, desk.world.buyer) == []
    assert desk.deliver() == [""]
    assert receiver.got[0][0]["webhook-id"].startswith(other.id)


def test_an_answer_that_drips_is_cut_off(desk: Desk, receiver: Receiver):
    desk.subscribe(receiver.url, "transfer")
    desk.act(1)
    receiver.drip_s = 0.1
    start = time.monotonic()
    assert desk.deliver(deadline_s=0.5) == ["timeout"]
    assert time.monotonic() - start < 3


def test_a_slow_receiver_does_not_hold_up_the_others(desk: Desk, receiver: Receiver):
    with receiving() as slow:
        slow.drip_s = 0.1
        desk.subscribe(slow.url, "transfer")
        desk.subscribe(receiver.url, "transfer")
        desk.act(1)
        assert sorted(desk.deliver(deadline_s=1.0)) == ["", "timeout"]


def test_nothing_is_sent_to_a_name_that_leads_inside(desk: Desk, receiver: Receiver):
    port = receiver.url.rpartition(":")[2]
    with desk.store.writing() as tx:
        subscribe(tx, "", f"https://hooks.example.com:{port}", ["transfer"], desk.now, os.urandom)
    desk.act(1)
    assert desk.deliver(resolve=lambda *_: ["127.0.0.1"], loopback=False) == ["webhooks.host_refused"]
    assert receiver.got == []


def test_a_name_is_resolved_once_and_the_connection_goes_where_it_was_checked(desk: Desk, receiver: Receiver):
    """A name that answers with a public address first and with ours a moment later (DNS rebinding)."""
    port = receiver.url.rpartition(":")[2]
    with desk.store.writing() as tx:
        subscribe(tx, "", f"https://hooks.example.com:{port}", ["transfer"], desk.now, os.urandom)
    desk.act(1)
    answers = [["192.88.99.1"], ["127.0.0.1"], ["127.0.0.1"]]  # public by its number, and nobody is there any more
    asked = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    (failure,) = desk.deliver(resolve=resolve, loopback=False, deadline_s=1.0)
    assert failure in ("timeout", "ConnectError", "ConnectTimeout", "OSError")
    assert asked == ["hooks.example.com"]
    assert receiver.got == []


def test_a_subscription_to_the_inside_is_refused(desk: Desk):
    with desk.store.writing() as tx:
        for url in ("https://127.0.0.1/", "http://example.com/", "https://a.example/#x"):
            with pytest.raises(InputError):
                subscribe(tx, "", url, [], desk.now, os.urandom)
        for kind in ("seal", "rubbish"):
            with pytest.raises(InputError) as refused:
                subscribe(tx, "", "https://a.example.com/", [kind], desk.now, os.urandom)
            assert refused.value.code == "webhooks.unknown_kind"
        assert subscriptions_of(tx.connection) == []


def test_a_sender_that_died_gives_back_what_it_had_borrowed(desks: Desk, receiver: Receiver):
    desks.subscribe(receiver.url, "transfer")
    for number in range(3):
        desks.act(number)
    with desks.store.writing() as tx:
        plan(tx, desks.now)
        assert len(claim(tx.connection, desks.now)) == 3
        assert claim(tx.connection, desks.now) == []  # nobody else gets them meanwhile
    assert desks.deliver() == []
    desks.now += LEASE_S
    assert desks.deliver() == ["", "", ""]


def test_two_senders_at_once_send_everything_once(desks: Desk, receiver: Receiver):
    for _ in range(3):
        desks.subscribe(receiver.url, "transfer")
    for number in range(10):
        desks.act(number)
    with ThreadPoolExecutor(4) as pool:
        told = [failure for done in pool.map(lambda _: desks.deliver(), range(4)) for failure in done]
    assert told == [""] * 30
    assert len({head["webhook-id"] for head, _ in receiver.got}) == len(receiver.got) == 30


def test_a_plan_goes_through_a_long_log_in_steps(desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outbox, "MOST_PLANNED", 4)
    desk.subscribe(receiver.url, "transfer")
    for number in range(10):
        desk.act(number)
    done: list[str] = []
    for _ in range(6):
        done += desk.deliver()
    assert done == [""] * 10
    assert sorted(int(event["data"]["index"]) for event in receiver.events) == sorted(
        {int(event["data"]["index"]) for event in receiver.events}
    )


def test_the_key_is_made_once_and_is_its_owners_alone(world: World):
    first = load_key(world.folder, world.registry.origin)
    assert load_key(world.folder, world.registry.origin) == first
    assert (world.folder / WEBHOOK_KEY).stat().st_mode & 0o777 == 0o600
    # Two subscriptions have two secrets, and neither is in the database.
    assert subscription_secret(first, "W1") != subscription_secret(first, "W2")


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for a name, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "cert.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


@pytest.mark.parametrize(("named", "told"), [("hooks.example.com", [""]), ("other.example.com", ["ConnectError"])])
def test_the_certificate_must_be_the_names_though_the_connection_goes_to_a_number(
    desk: Desk, tmp_path: Path, named: str, told: list[str]
):
    server, trust = certificate(named, tmp_path)
    with receiving(server) as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        desk.subscribe(f"https://hooks.example.com:{port}/hook", "transfer")
        desk.act(1)
        assert desk.deliver(resolve=lambda *_: ["127.0.0.1"], trust=trust) == told
        assert [head["host"] for head, _ in receiver.got] == [f"hooks.example.com:{port}"][: told == [""]]


def test_a_stolen_database_signs_nothing(desk: Desk, receiver: Receiver):
    made = desk.subscribe(receiver.url, "transfer")
    secret = subscription_secret(KEY, made.id)
    everything = b"".join(path.read_bytes() for path in desk.world.folder.iterdir() if path.suffix != ".key")
    assert secret not in everything
    assert base64.b64encode(secret) not in everything
    assert isinstance(desk.store, Store)
