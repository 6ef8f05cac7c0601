"""A server as people start it: another process, a real port, the real client."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tanhui.faces.client import Client, Refused
from tanhui.faces.opening import make_registry
from tanhui.kernel.errors import TanhuiError
from tanhui.registry.service import Registry
from tanhui.registry.store import Reader
from tests.faces.api.conftest import PASSWORD, opened
from tests.registry.documents import run_documents

START = """
import sys
from tanhui.faces.cli import serve
from tanhui.faces.cli.app import app, run
if "serve" not in {command.name for command in app.registered_commands}:
    serve.add_to(app)
sys.exit(run(sys.argv[1:]))
"""


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str
    code: Path | None
    said: Path

    def client(self, credential: str | None = None) -> Client:
        return Client(self.url, credential)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait()


@contextmanager
def serving(folder: Path, *options: str, program: str = START) -> Iterator[Server]:
    said = folder.parent / "server.log"
    with said.open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", str(folder), "--port", "0", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "TANHUI_LANG": "en"},
        )
    try:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line.rstrip() == "}":
                break
        assert text, said.read_text()
        told = json.loads(text)
        code = Path(told["enrolment"]) if told["enrolment"] else None
        yield Server(process, told["url"], code, said)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    make_registry(tmp_path / "registry", "registry.example/forest", database=database).close()
    return tmp_path / "registry"


@pytest.fixture
def simple(tmp_path: Path) -> Path:
    make_registry(tmp_path / "registry", "registry.example/forest").close()
    return tmp_path / "registry"


def come_in(server: Server) -> tuple[Client, str, str, str]:
    """The operator, two accounts and a batch of 60."""
    assert server.code is not None
    client = server.client()
    client.log_in(client.enrol(server.code.read_text(), password=PASSWORD), PASSWORD)
    owner, buyer = client.open_account("业主"), client.open_account("买方")
    result, manifest, _ = run_documents()
    client.issue(result, manifest, owner=owner, region="CN-HN")
    return client, owner, buyer, next(client.every("/batches"))["id"]


def test_from_the_first_code_to_a_certificate_and_a_clean_end(folder: Path):
    with serving(folder) as server:
        client, owner, buyer, batch = come_in(server)
        client.transfer(owner, buyer, batch, 20)
        retirement = client.retire(buyer, batch, 5, beneficiary="某会议", purpose="voluntary")
        certificate = server.client().certificate(retirement)
        assert certificate["chain"]["project"] == "hunan-1"
        client.transfer(owner, buyer, batch, 1)
        token = client._http.headers["Authorization"].split()[1]
        assert server.end() == 0
    with Registry(folder, publish_each=False) as registry:
        assert registry.audit().failures() == []
        with registry.reading() as connection:
            # What happened last was published before the end.
            assert int(registry.checkpoint().split("\n")[1]) == Reader(connection).size()
        assert sum(balance.units for balance in registry.balance(buyer)) == 16
    said = server.said.read_text()
    for secret in (PASSWORD, token, "某会议", "业主"):
        assert secret not in said
    with serving(folder) as server:
        assert server.code is None
        again = server.client(token)
        assert again.me()["roles"] == ["operator"]


def test_two_operators_race_for_the_last_unit_and_each_unit_goes_once(folder: Path):
    with serving(folder) as server:
        first, owner, buyer, batch = come_in(server)
        account = first.me()["account"]
        person = first.add_person(account, "另一人")
        second = server.client()
        second.log_in(second.enrol(first.invite(person), password=PASSWORD), PASSWORD)
        done: list[int] = []
        refused: list[str] = []

        def race(credential: str, name: str) -> None:
            with server.client(credential) as client:
                for number in range(20):
                    try:
                        client.transfer(owner, buyer, batch, 1, request=f"{name}-{number}")
                        done.append(1)
                    except Refused as error:
                        refused.append(error.code)

        tokens = [client._http.headers["Authorization"].split()[1] for client in (first, second)]
        threads = [threading.Thread(target=race, args=(tokens[n % 2], f"t{n}")) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(done), set(refused), len(refused)) == (60, {"registry.insufficient_units"}, 20)
        held = {row["batch"]: row["units"] for row in first.get(f"/accounts/{buyer}")["balances"]}
        assert held == {batch: 60}
        assert server.end() == 0
    with Registry(folder) as registry:
        assert registry.audit().failures() == []


def test_what_was_acknowledged_survives_a_kill(simple: Path):
    acknowledged: list[str] = []
    with serving(simple) as server:
        client, owner, buyer, batch = come_in(server)
        token = client._http.headers["Authorization"].split()[1]
        enough = threading.Event()

        def write(name: str) -> None:
            with server.client(token) as writer:
                for number in range(20):
                    try:
                        entry = writer._http.post(
                            "/transfers",
                            json={"source": owner, "target": buyer, "batch": batch, "units": 1},
                            headers={"Idempotency-Key": f"{name}-{number}"},
                        )
                    except Exception:
                        return
                    if entry.status_code == 201:
                        acknowledged.append(entry.json()["index"])
                    if len(acknowledged) > 12:
                        enough.set()

        threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        enough.wait()
        server.end(signal.SIGKILL)
        for thread in threads:
            thread.join()
    with serving(simple) as server:
        again = server.client(token)
        (balance,) = again.get(f"/accounts/{buyer}")["balances"]
        assert balance["units"] >= len(acknowledged) > 12
        assert server.end() == 0
    with Registry(simple) as registry:
        assert registry.audit().failures() == []


# To whom it speaks


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_it_speaks_to_others_only_by_tls_or_behind_a_proxy(host: str):
    from tanhui.faces.cli.serve import check_exposure

    with pytest.raises(TanhuiError) as error:
        check_exposure(host, None, None, False)
    assert (error.value.code, error.value.exit_code) == ("serve.exposed", 2)
    check_exposure(host, None, None, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_it_speaks_to_this_machine(host: str):
    from tanhui.faces.cli.serve import check_exposure

    check_exposure(host, None, None, False)


def test_an_exposed_start_is_refused_before_anything_is_opened(tmp_path: Path):
    command = [sys.executable, "-c", START, "serve", str(tmp_path / "none"), "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--behind-proxy" in done.stderr


def certificate_files(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "registry")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, private


def test_by_tls_it_stays_by_tls(simple: Path, tmp_path: Path):
    cert, key = certificate_files(tmp_path)
    with serving(simple, "--tls-cert", str(cert), "--tls-key", str(key)) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(cert))
        with Client(server.url, verify=context) as client:
            assert client.get("/health")["sandbox"] is True
            assert "max-age" in client._http.get("/health").headers["strict-transport-security"]


def test_behind_a_proxy_the_last_address_counts(tmp_path: Path):
    with opened(tmp_path / "registry", behind_proxy=True) as world:
        for forwarded in ("192.0.2.1", "203.0.113.9, 192.0.2.1", "192.0.2.1, 203.0.113.9"):
            body = {"person": world.people["owner"], "password": PASSWORD}
            world.http.post("/v1/sessions", json=body, headers={"X-Forwarded-For": forwarded})
        one, same, other = [line["address"] for line in world.client("operator").get("/trail", limit=500)["items"]][-3:]
        assert one == same != other
        assert "192.0.2.1" not in one


# Too many at once, and too slow


def test_beyond_what_it_serves_at_once_it_says_so_in_a_problem(tmp_path: Path):
    with opened(tmp_path / "registry", at_once=0) as world:
        answer = world.http.get("/v1/health", headers={"Accept-Language": "zh"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "registry.busy"


def test_who_opens_connections_and_stays_silent_keeps_nobody_out(simple: Path):
    hasty = f"from tanhui.faces.api import connection\nconnection.HEAD_S = 1.0\n{START}"
    with serving(simple, program=hasty) as server, ExitStack() as stack:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        idle = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(600)]
        for one in idle[::2]:
            one.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        with server.client() as client:
            assert client.get("/health")["sandbox"] is True
            assert {one.recv(1) for one in idle} == {b""}
            assert client.get("/health")["sandbox"] is True
        assert server.end() == 0


def test_a_rule_set_that_is_none_is_refused(simple: Path):
    command = [sys.executable, "-c", START, "serve", str(simple), "--rules", "scenario/personal"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "scenario/personal-gba" in done.stderr
