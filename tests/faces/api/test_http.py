"""The API over HTTP: forms, refusals, caches, pages, exports, proofs, and what attackers send."""

from __future__ import annotations

import base64
import csv
import io
import json
import logging
from urllib.parse import quote

import pytest

from tanhui.faces.api.bodies import ACT_BODIES, arguments
from tanhui.faces.api.rows import LISTINGS
from tanhui.faces.client import Refused
from tanhui.kernel.signing import load_trust
from tanhui.registry.access.limits import rates
from tanhui.registry.access.service import ORDERED_ACTS
from tanhui.registry.acts import ACTS, _arguments
from tanhui.registry.anchors import load_log_keys
from tanhui.registry.certificate import verify_certificate
from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.entries import decode_entry
from tanhui.registry.log.note import parse_note
from tanhui.registry.log.static import read_log
from tanhui.registry.log.tree import leaf_hash, verify_consistency, verify_inclusion
from tests.faces.api.conftest import PASSWORD, World, opened
from tests.registry.documents import run_documents

# The description


def test_every_route_says_what_it_is_for_in_both_languages(shared_world: World):
    document = shared_world.http.get("/openapi.json").json()
    for path, entry in document["paths"].items():
        for method, route in entry.items():
            assert route["summary"], path
            assert not route["summary"].startswith("api."), path
            assert any("\u4e00" <= letter <= "\u9fff" for letter in route["description"]), path
            assert "429" in route["responses"], path
            if method == "post" and "acts" in route["tags"] and "agreement" not in path and path != "/v1/orders":
                names = {entry["name"] for entry in route["parameters"] if entry["required"]}
                assert "Idempotency-Key" in names, path


def test_a_body_takes_what_its_act_takes():
    """The models say again what the ledger's acts say; here the two are compared."""
    assert set(ACT_BODIES) == set(ACTS) - {"issue", "take_in"} == ORDERED_ACTS
    for act, model in ACT_BODIES.items():
        fields = {name: field.is_required() for name, field in model.model_fields.items()}
        assert fields == {name: needed for name, (_, needed) in _arguments(act).items()}, act


def test_a_default_written_out_is_as_good_as_none():
    body = {"kind": "pledge", "account": "A1", "batch": "B1", "units": 1}
    written = {**body, "priority": 1, "expires": "", "over": ""}
    assert arguments(ACT_BODIES["lock"](**body)) == arguments(ACT_BODIES["lock"](**written)) == body


# Refusals


def test_a_problem_says_it_in_the_readers_language(shared_world: World):
    for lang, words in (("zh-CN,zh;q=0.9", "没有批次"), ("de, en;q=0.5", "There is no batch"), ("en;q=0, zh", "没有")):
        answer = shared_world.http.get("/v1/batches/B999999", headers={"Accept-Language": lang})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        document = answer.json()
        assert words in document["detail"]
        assert document["code"] == "registry.unknown_batch"
        assert document["type"] == "urn:tanhui:error:registry.unknown_batch"
        assert document["facts"] == {"batch": "B999999"}


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_repeated(shared_world: World):
    body = {"source": "a b", "target": 5, "units": "3", "secret": PASSWORD}
    answer = shared_world.http.post("/v1/transfers", json=body, headers=shared_world.headers("owner", "r"))
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["faults"]} == {"source", "target", "batch", "units", "secret"}
    assert PASSWORD not in answer.text


def test_in_a_group_one_malformed_order_refuses_all(shared_world: World):
    accounts = shared_world.accounts
    good = {"source": accounts["owner"], "target": accounts["trader"], "batch": shared_world.batch, "units": 1}
    orders = [
        {"request": "a", "act": "transfer", "arguments": good},
        {"request": "b", "act": "transfer", "arguments": {**good, "units": 0, "x": 1}},
        {"request": "c", "act": "record", "arguments": {}},
    ]
    size = shared_world.client().get("/health")["size"]
    answer = shared_world.http.post("/v1/orders", json={"orders": orders}, headers=shared_world.headers("owner"))
    assert answer.status_code == 422
    places = {(fault["row"], fault["field"]) for fault in answer.json()["faults"]}
    assert {(1, "arguments.units"), (1, "arguments.x"), (2, "arguments.sha256")} <= places
    assert shared_world.client().get("/health")["size"] == size


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "api.json_wrong"),
        (b"\xff\xfe{}", 400, None),
        (b"[" * 50_000, 400, None),
        (b'{"units": 1' + b"0" * 5000 + b"}", 400, None),
        (b"[]", 422, "input.refused"),
        (b"null", 422, "input.refused"),
        (b"x" * 70_000, 413, "api.body_too_large"),
    ],
)
def test_a_malformed_body_is_refused(shared_world: World, content: bytes, status: int, code: str | None):
    headers = {**shared_world.headers("owner", "r"), "Content-Type": "application/json"}
    answer = shared_world.http.post("/v1/transfers", content=content, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert code in (None, answer.json()["code"])


def test_a_body_without_a_length_is_counted_too(shared_world: World):
    def pieces():
        yield from [b" " * 10_000] * 8

    answer = shared_world.http.post("/v1/transfers", content=pieces(), headers=shared_world.headers("owner", "r"))
    assert answer.status_code == 413


@pytest.mark.parametrize("key", [None, "", "a b", "x" * 101, "' OR 1=1", "a/b"])
def test_an_act_needs_a_request_id(shared_world: World, key: str | None):
    body = {"topic": "t", "subject": "s", "sha256": "0" * 64}
    headers = shared_world.headers("owner") | ({} if key is None else {"Idempotency-Key": key})
    answer = shared_world.http.post("/v1/projects/records", json=body, headers=headers)
    assert answer.json()["code"] == "api.request_id_wrong"


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer tanhui_x_y", "Bearer é", "Bearer " + "a" * 5000]
)
def test_a_wrong_credential_is_never_explained(shared_world: World, shown: str):
    answer = shared_world.http.get("/v1/accounts", headers={"Authorization": shown.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["detail"] == "The credential is not recognised or no longer counts."


def test_too_many_requests_wait(tmp_path):
    """Ten attempts to log in at once, then two a minute: ``limits.toml``."""
    with opened(tmp_path / "r") as world:
        world.app.state.services.limiter._rates.update(rates(world.clock().date()))
        body = {"person": world.people["owner"], "password": "x" * 20}
        answers = [world.http.post("/v1/sessions", json=body) for _ in range(11)]
        assert [answer.status_code for answer in answers[:5]] == [401] * 5
        assert answers[-1].status_code == 429
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
        # A rate is counted by address; who has a session goes on.
        assert world.http.get("/v1/accounts", headers=world.headers("owner")).status_code == 200


def test_headers_keep_browsers_safe(shared_world: World):
    for path in ("/v1/batches", "/v1/accounts", "/nowhere", "/v1/certificates/R9"):
        headers = shared_world.http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    assert shared_world.http.get("/v1/accounts", headers=shared_world.headers("owner")).headers["cache-control"] == (
        "private, no-store"
    )


# Doing it once


def test_a_request_repeated_does_nothing_again(worlds: World):
    accounts = worlds.accounts
    client = worlds.client("owner")
    given = (accounts["owner"], accounts["trader"], worlds.batch)
    first = client.transfer(*given, 3, request="same")
    again = client.transfer(*given, 3, request="same")
    assert (first["status"], again["status"]) == ("done", "repeated")
    assert first["entry"] == again["entry"]
    with pytest.raises(Refused) as reused:
        client.transfer(*given, 4, request="same")
    assert (reused.value.status, reused.value.code) == (409, "registry.request_reused")
    # Another person's request of the same name is another one.
    other = worlds.client("trader").transfer(accounts["trader"], accounts["owner"], worlds.batch, 1, request="same")
    assert other["status"] == "done"


def test_many_orders_commit_together_each_by_itself(worlds: World):
    accounts = worlds.accounts
    given = {"source": accounts["owner"], "target": accounts["trader"], "batch": worlds.batch}
    orders = [
        {"request": f"g{units}", "act": "transfer", "arguments": {**given, "units": units}} for units in (1, 10**6, 2)
    ]
    client = worlds.client("owner")
    outcomes = client.orders(orders)
    assert [outcome["status"] for outcome in outcomes] == ["done", "refused", "done"]
    assert outcomes[1]["problem"]["code"] == "registry.insufficient_units"
    assert [outcome["status"] for outcome in client.orders(orders)] == ["repeated", "refused", "repeated"]
    too_many = [{"request": f"x{n}", "act": "transfer", "arguments": {**given, "units": 1}} for n in range(1001)]
    with pytest.raises(Refused) as error:
        client.orders(too_many)
    assert error.value.status == 422


# Caches, pages, exports


def test_an_unchanged_answer_is_not_sent_again(world: World):
    answer = world.http.get("/v1/batches")
    tag = answer.headers["etag"]
    for known, status in ((tag, 304), (f'"x", W/{tag}', 304), ("*", 304), ('"x"', 200)):
        again = world.http.get("/v1/batches", headers={"If-None-Match": known})
        assert again.status_code == status
        assert (again.content == b"") == (status == 304)
    client = world.client("operator")
    result, manifest, _claim = run_documents("another", {2023: 5})
    client.issue(result, manifest, owner=world.accounts["owner"], region="CN-HN")
    assert world.http.get("/v1/batches", headers={"If-None-Match": tag}).status_code == 200


def test_a_head_has_headers_and_no_body(shared_world: World):
    head, get = shared_world.http.head("/v1/batches"), shared_world.http.get("/v1/batches")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]


def test_pages_lose_and_repeat_nothing_while_others_write(worlds: World):
    owner, seen = worlds.client("owner"), []
    given = (worlds.accounts["owner"], worlds.batch)
    made = [owner.retire(*given, 1, beneficiary="壬", purpose="voluntary", request=f"r{n}") for n in range(7)]
    cursor = None
    for number in range(100):
        found = worlds.client().get("/retirements", limit=2, cursor=cursor)
        seen += [row["id"] for row in found["items"]]
        if number < 3:
            made.append(owner.retire(*given, 1, beneficiary="癸", purpose="event", request=f"later{number}"))
        cursor = found["next"]
        if cursor is None:
            break
    assert seen == made


def test_a_cursor_belongs_to_its_listing(shared_world: World):
    cursor = shared_world.client().get("/batches", limit=1)["next"]
    assert shared_world.client().get("/batches", limit=1, cursor=cursor)["items"]
    assert LISTINGS["batches"].key_in(cursor) == 1
    wrong = [["batches", -1], ["batches", "1"], ["batches", 2**70], ["batches", True], ["batches"], {"a": 1}, 5]
    forged = [base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=") for value in wrong]
    for path, given in [("/projects", cursor), *(("/batches", text) for text in (*forged, "AAAA", "a"))]:
        with pytest.raises(Refused) as error:
            shared_world.client().get(path, cursor=given)
        assert (error.value.status, error.value.code) == (400, "api.cursor_wrong"), given


def test_exports_hold_every_row_and_no_formula(world: World):
    from openpyxl import Workbook  # a spreadsheet's own idea of a formula

    names = ['=HYPERLINK("http://x","y")', "+1", "-2+3", "@SUM(A1)", "＝1", "harmless"]
    client = world.client("operator")
    for number, name in enumerate(names):
        client.open_account(name, request=f"formula-{number}")
    rows = list(csv.DictReader(io.StringIO(client.export("/accounts", "csv").decode("utf-8"))))
    shown = [row["name"] for row in rows if row["name"].lstrip("'") in names]
    assert sorted(shown) == sorted(["'" + name for name in names[:-1]] + ["harmless"])
    cell = Workbook().active.cell(1, 1, shown[0])
    assert cell.data_type == "s"
    assert len(rows) == len(list(client.every("/accounts")))


def test_parquet_and_csv_agree_with_the_pages(shared_world: World):
    import pyarrow.parquet as pq

    client = shared_world.client("operator")
    for path in ("/batches", "/projects", "/holdings", "/accounts", "/people"):
        table = pq.read_table(io.BytesIO(client.export(path, "parquet")))
        rows = list(csv.DictReader(io.StringIO(client.export(path, "csv").decode("utf-8"))))
        assert table.num_rows == len(rows) == len(list(client.every(path))), path
        assert table.column_names == list(rows[0]), path
    held = pq.read_table(io.BytesIO(client.export("/holdings", "parquet")))
    assert sum(held["units"].to_pylist()) == 100
    accepted = shared_world.http.get("/v1/batches", headers={"Accept": "text/csv;q=0.9, application/json;q=0.1"})
    assert accepted.headers["content-type"].startswith("text/csv")
    assert "attachment" in accepted.headers["content-disposition"]


# The log, and what can be proven with it


def test_the_log_can_be_read_and_checked_by_anybody(world: World):
    trust = load_log_keys(world.registry.folder / "trust.json")
    owner, public = world.client("owner"), world.client()
    world.registry.publish()
    old = parse_checkpoint(parse_note(public.checkpoint())[0])
    retirement = owner.retire(
        world.accounts["owner"],
        world.batch,
        2,
        beneficiary="某会议",
        purpose="event",
        period=("2025-01-01", "2025-12-31"),
    )
    certificate = public.certificate(retirement)
    assert verify_certificate(certificate, trust).holds
    assert public.get(f"/certificates/{retirement}/verdict")["verdict"]["verdict"] == "holds"
    new = parse_checkpoint(parse_note(public.checkpoint())[0])
    leaves = list(read_log(public.log_file, new))
    assert len(leaves) == new.size > old.size
    assert decode_entry(leaves[-2]).kind == "retire"
    proof = public.get("/proofs/inclusion", index=new.size - 2)
    path = [base64.b64decode(text) for text in proof["path"]]
    assert verify_inclusion(new.size - 2, new.size, leaf_hash(leaves[-2]), path, new.root)
    proof = public.get("/proofs/consistency", first=old.size)
    path = [base64.b64decode(text) for text in proof["path"]]
    assert verify_consistency(old.size, new.size, old.root, new.root, path)
    told = public.get("/trust")
    assert told["origin"] == world.registry.origin
    assert load_trust(world.registry.folder / "trust.json")


@pytest.mark.parametrize(
    "path",
    [
        "/proofs/inclusion?index=5000",
        "/proofs/inclusion?index=0&size=0",
        "/proofs/inclusion?index=0&size=5000",
        "/proofs/consistency?first=0",
        "/proofs/consistency?first=2&second=1",
        "/tile/0/001",
        "/tile/0/000.p/255",
        "/tile/0/000.p/256",
        "/tile/00/000",
        "/tile/64/000",
        "/tile/0/%2e%2e/%2e%2e/trust",
        "/tile/entries/x999/999",
        "/certificates/R999999",
        "/certificates/C000001",
        "/retirements/R999999",
    ],
)
def test_what_is_not_there_is_not_found(shared_world: World, path: str):
    assert shared_world.http.get(f"/v1{path}").status_code == 404


def test_a_complete_tile_may_be_kept_for_ever(world: World):
    given = {"topic": "notice", "subject": "p", "sha256": "0" * 64}
    orders = [{"request": f"n{n}", "act": "record", "arguments": given} for n in range(300)]
    world.client("owner").orders(orders)
    world.registry.publish()
    full, edge = world.http.get("/v1/tile/0/000"), world.http.get("/v1/tile/0/001.p/20")
    assert full.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(full.content) == 256 * 32
    assert "immutable" not in edge.headers["cache-control"]


# What attackers send


EVIL = [
    "' OR '1'='1",
    "B000001'; DROP TABLE holdings; --",
    "../../../etc/passwd",
    "%00",
    "\x00",
    "a\r\nX: y",
    "𝔟" * 200,
]


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_in_a_path_or_query_is_a_statement(shared_world: World, evil: str):
    http, headers = shared_world.http, shared_world.headers("operator")
    before = [len(list(shared_world.client("operator").every(path))) for path in ("/batches", "/holdings")]
    for path in ("/v1/batches", "/v1/accounts", "/v1/retirements", "/v1/certificates"):
        answer = http.get(f"{path}/{quote(evil, safe='')}", headers=headers)
        assert answer.status_code in (404, 422), path
    for path, name in (("/v1/batches", "project"), ("/v1/holdings", "account"), ("/v1/keys", "person")):
        answer = http.get(path, params={name: evil}, headers=headers)
        assert answer.status_code == 422 or answer.json()["items"] == [], path
        assert evil not in answer.text
    after = [len(list(shared_world.client("operator").every(path))) for path in ("/batches", "/holdings")]
    assert before == after


def test_names_are_kept_as_they_are_and_odd_signs_refused(world: World):
    client = world.client("operator")
    name = "Robert'); DROP TABLE accounts;-- <script>"
    account = client.open_account(name)
    assert client.get(f"/accounts/{account}")["name"] == name
    for wrong in ("a\x00b", "a\nb", "", "x" * 201, "\u202eabc", " "):
        with pytest.raises(Refused) as error:
            client.open_account(wrong)
        assert error.value.status == 422, repr(wrong)
    answer = world.http.post(
        "/v1/accounts",
        content=b'{"name": "\\ud800"}',
        headers={**world.headers("operator", "r"), "Content-Type": "application/json"},
    )
    assert answer.status_code == 422


def test_no_secret_and_no_name_reaches_the_log(world: World, caplog: pytest.LogCaptureFixture, monkeypatch):
    caplog.set_level(logging.DEBUG)
    world.client().log_in(world.people["owner"], PASSWORD)
    with pytest.raises(Refused):
        world.client().log_in(world.people["owner"], "wrong " + PASSWORD)
    key = world.client("owner").make_api_key(["read"], 1)["key"]
    client = world.client()
    client.use(key)
    client.me()

    def broken(*_: object) -> None:
        raise ValueError(f"a mistake that names {PASSWORD}")

    monkeypatch.setattr(world.gate, "proposals", broken)
    answer = world.http.get("/v1/proposals", headers=world.headers("owner"))
    assert (answer.status_code, answer.json()["code"]) == (500, "api.bug")
    assert PASSWORD not in answer.text
    assert "ValueError" in caplog.text
    said = caplog.text
    for secret in (PASSWORD, key, world.tokens["owner"], "甲"):
        assert secret not in said


def test_amounts_have_a_bound_that_every_database_holds(worlds: World):
    trader, account = worlds.client("trader"), worlds.accounts["trader"]
    worlds.client("operator").act("/assets", asset="CNY", unit="fen", issuer=account)
    with pytest.raises(Refused) as error:
        trader.act("/amounts/mint", asset="CNY", target=account, amount=2**70)
    assert error.value.status == 422
    for _ in range(3):
        trader.act("/amounts/mint", asset="CNY", target=account, amount=10**15)
    (amount,) = [row["amount"] for row in trader.get("/amounts")["items"]]
    assert amount == str(3 * 10**15)
