"""Webhooks from a server as people start it: receivers that hang, servers that are killed, two of them at once."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tanhui.registry.webhooks.service import Webhooks
from tests.faces.api.conftest import PASSWORD
from tests.faces.api.test_server import START, come_in, folder, serving, simple  # noqa: F401 (fixtures)
from tests.registry.webhooks.receivers import Receiver, receiving

#: A server that may tell this machine, and that soon gives up what a killed one had borrowed.
LOOPBACK = f"""
from tanhui.registry.webhooks import outbox, service
service.Webhooks.__init__.__kwdefaults__["loopback"] = True
outbox.LEASE_S = LEASE
{START}
"""


def starting(folder: Path, lease_s: int = 120):  # noqa: F811
    return serving(folder, program=LOOPBACK.replace("LEASE\n", f"{lease_s}\n"))


def until(what: Callable[[], object]) -> None:
    """Wait for something that happens in another process."""
    for _ in range(600):
        if what():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen")


def subscribed(folder: Path, *receivers: Receiver) -> list[str]:  # noqa: F811
    with Webhooks(folder, loopback=True) as hooks:
        return [hooks.subscribe(receiver.url, ["transfer"])[0].id for receiver in receivers]


def states(folder: Path, subscription: str) -> list[str]:  # noqa: F811
    with Webhooks(folder) as hooks:
        return [each.state for each in hooks.deliveries(subscription)]


def names(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"] for headers, _ in receiver.got]


def test_who_hangs_holds_up_nobody_and_not_the_end(folder: Path):  # noqa: F811
    with receiving() as quick, receiving() as hanging, starting(folder) as server:
        client, owner, buyer, batch = come_in(server)
        hanging.drip_s = 0.5
        slow, _ = subscribed(folder, hanging, quick)
        for _ in range(5):
            client.transfer(owner, buyer, batch, 1)
        until(lambda: len(quick.got) == 5 and hanging.got)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=8) == 0
        hanging.drip_s = 0.0
        with starting(folder) as other:
            until(lambda: states(folder, slow) == ["done"] * 5)
            assert other.end() == 0
        assert len({*names(hanging)}) == len(names(quick)) == 5
        said = server.said.read_text()
        assert hanging.url not in said
        assert PASSWORD not in said


def test_a_message_whose_sender_was_killed_comes_again_under_its_name(simple: Path):  # noqa: F811
    with receiving() as receiver:
        with starting(simple, lease_s=2) as server:
            client, owner, buyer, batch = come_in(server)
            receiver.drip_s = 0.5  # it was delivered, and the server does not know yet
            (made,) = subscribed(simple, receiver)
            client.transfer(owner, buyer, batch, 1)
            until(lambda: receiver.got)
            server.end(signal.SIGKILL)
        receiver.drip_s = 0.0
        with starting(simple, lease_s=2) as server:
            until(lambda: len(receiver.got) > 1)
            time.sleep(1.5)
            assert server.end() == 0
    assert len({*names(receiver)}) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert states(simple, made) == ["done"]


def test_of_two_servers_on_one_database_one_delivers(folder: Path):  # noqa: F811
    with receiving() as receiver, starting(folder) as one, starting(folder) as two:
        client, owner, buyer, batch = come_in(one)
        subscribed(folder, receiver)
        token = client._http.headers["Authorization"].split()[1]
        others = [client, two.client(token)]
        for number in range(30):
            others[number % 2].transfer(owner, buyer, batch, 1)
        until(lambda: len({*names(receiver)}) == 30)
        assert (one.end(), two.end()) == (0, 0)
    assert len(receiver.got) == 30


def test_where_nobody_subscribed_nothing_is_written(simple: Path):  # noqa: F811
    with starting(simple) as server:
        come_in(server)
        assert server.end() == 0
    assert "webhook" not in server.said.read_text()
