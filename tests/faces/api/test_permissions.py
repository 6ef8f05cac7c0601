"""Every role at every endpoint: who may, who may not, computed here from the tables and not by the code under test."""

from __future__ import annotations

import base64
import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

import tanhui
from tanhui.faces.api.acts import ACT_PATHS
from tanhui.faces.client import Refused
from tanhui.registry.acts import ACTS
from tests.faces.api.conftest import EVERYBODY, HOLDERS, World, opened
from tests.registry.documents import run_documents

DATA = Path(tanhui.__file__).parent / "data" / "registry"
PERMISSIONS: dict[str, Any] = tomllib.loads((DATA / "permissions.toml").read_text(encoding="utf-8"))
KINDS: dict[str, Any] = tomllib.loads((DATA / "encumbrances.toml").read_text(encoding="utf-8"))
KEY = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqow"


@pytest.fixture(scope="module", params=[1, 2], ids=["one-pair-of-eyes", "two-pairs"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A registry with much to move, and how many pairs of eyes it wants."""
    with opened(tmp_path_factory.mktemp("roles") / "registry", eyes=request.param) as world:
        registry, issuer = world.registry, world.accounts["trader"]
        registry.do("define_asset", "asset", asset="CNY", unit="fen", issuer=issuer)
        registry.do("mint", "mint", [world.people["trader"]], asset="CNY", target=world.accounts["owner"], amount=100)
        # Enough for every encumbrance below to lie on a unit of its own.
        documents = run_documents("large", {2023: 1000})
        both = [world.people["operator"], world.people["operator2"]]
        owner = world.accounts["owner"]
        issued = registry.issue_from_claim(*documents, owner=owner, region="CN-HN", request="large", by=both)
        world.batches.insert(0, issued[0].id)
        for role in HOLDERS[1:]:
            by = [world.people["owner"]]
            registry.transfer(owner, world.accounts[role], world.batch, 10, request=f"large-{role}", by=by)
        yield world, request.param


def role_of(who: str) -> str:
    return who.removesuffix("2")


def by_table(kind: str, who: str, eyes: int, *, about: set[str], gives: set[str] = frozenset()) -> str:
    """``done``, ``proposed`` or ``refused`` for an act about some roles' accounts that takes from others."""
    rule, role = PERMISSIONS[kind.partition(" ")[0]], role_of(who)
    if kind.endswith(" end"):
        rule = rule["end"]
    if eyes == 1 and role == "operator":
        return "done"
    if rule.get("parties") and gives and gives <= {role}:
        return "done"
    if (rule.get("own") or rule.get("self")) and about == {role}:  # each role has one person, so it is about them
        return "done"
    if role in rule.get("roles", ()):
        return "done" if min(rule["eyes"], eyes) == 1 else "proposed"
    return "proposed" if rule.get("parties") and role in gives else "refused"


def by_kind(way: str, kind: str, who: str, eyes: int, named: dict[str, str]) -> str:
    """The same for an encumbrance whose account and beneficiary belong to roles."""
    entry, role = KINDS[kind], role_of(who)
    if eyes == 1 and role == "operator":
        return "done"
    if any(named.get(party) == role for party in entry[way]):
        return "done"
    if role in entry[way]:
        return "done" if min(entry["eyes"], eyes) == 1 else "proposed"
    return "refused"


def asked(world: World, who: str, path: str, body: dict[str, Any], request: str) -> str:
    """What the API says: ``done`` where the ledger took the person's part, whatever else it had to say."""
    answer = world.http.post(f"/v1{path}", json=body, headers=world.headers(who, request))
    assert answer.status_code in (200, 201, 202, 401, 403, 404, 409), answer.text
    if answer.status_code == 202:
        world.gate.withdraw(world.gate.caller(world.tokens[who]), answer.json()["proposal"]["id"])
        return "proposed"
    return "refused" if answer.status_code in (401, 403) else "done"


def cases(world: World, role: str) -> dict[str, tuple[dict[str, Any], set[str], set[str]]]:
    """For each act: arguments, the roles whose accounts it is about, and the roles it takes units from."""
    a, other = world.accounts, "trader" if role != "trader" else "owner"
    unit = {"batch": world.batch, "units": 1}
    leg = {"from": a["owner"], "to": a["insurer"], **unit}
    back = {"from": a["pledgee"], "to": a["insurer"], **unit}
    return {
        "open_account": ({"name": "戊"}, set(), set()),
        "set_standing": ({"account": a["verifier"], "roles": ["verifier"]}, {"verifier"}, set()),
        "add_person": ({"account": a["owner"], "name": "己"}, {"owner"}, set()),
        "add_key": ({"person": world.people["owner"], "public": KEY[:43] + "="}, {"owner"}, set()),
        "transfer": ({"source": a["owner"], "target": a["insurer"], **unit}, set(), {"owner"}),
        "reassign": (
            {"source": a["owner"], "target": a["insurer"], "reason": "court", "document": "0" * 64, **unit},
            set(),
            {"owner"},
        ),
        "exchange": ({"legs": [leg, back]}, set(), {"owner", "pledgee"}),
        "retire": ({"account": a["owner"], "beneficiary_name": "庚", "purpose": "voluntary", **unit}, set(), {"owner"}),
        "cancel": ({"account": a["owner"], "reason": "owner", **unit}, set(), {"owner"}),
        "define_asset": ({"asset": f"X-{role}", "unit": "1", "issuer": a[other]}, set(), set()),
        "mint": ({"asset": "CNY", "target": a["owner"], "amount": 1}, {"trader"}, set()),
        "redeem": ({"asset": "CNY", "source": a["owner"], "amount": 1}, {"trader"}, {"owner"}),
        "record": ({"topic": "notice", "subject": "p", "sha256": "0" * 64}, set(), set()),
    }


@pytest.mark.parametrize("who", EVERYBODY)
def test_acts(place, who: str):
    world, eyes = place
    for act, (body, about, gives) in cases(world, role_of(who)).items():
        expected = by_table(ACTS[act][0], who, eyes, about=about, gives=gives)
        assert asked(world, who, ACT_PATHS[act], body, f"{act}-{who}") == expected, act


@pytest.mark.parametrize("act", ["end_person", "end_key"])
@pytest.mark.parametrize("who", EVERYBODY)
def test_ending_somebody_or_a_key(place, who: str, act: str):
    """Each on a person and a key made for it: once ended, nobody could be refused."""
    world, eyes = place
    owner, name = world.accounts["owner"], f"{act}-{who}"
    by = [world.people["owner"]]
    person = world.registry.do("add_person", f"person-{name}", by, account=owner, name="辛").noun.id
    body = {"person": person}
    if act == "end_key":
        public = base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()
        key = world.registry.do("add_key", f"key-{name}", [person], person=person, public=public).noun.id
        body = {"key": key}
    expected = by_table(f"{act.removeprefix('end_')} end", who, eyes, about={"owner"})
    assert asked(world, who, ACT_PATHS[act], body, name) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_encumbrances(place, kind: str):
    world, eyes = place
    a = world.accounts
    named = {"account": "owner", "beneficiary": "pledgee"}
    unit = {"batch": world.batch, "units": 1}
    laid = {"kind": kind, "account": a["owner"], "beneficiary": a["pledgee"], **unit}
    people = {role: world.people[role] for role in ("owner", "pledgee", "operator", "operator2", "regulator")}
    for who in EVERYBODY:
        expected = by_kind("placed_by", kind, who, eyes, named)
        assert asked(world, who, "/encumbrances", laid, f"lay-{kind}-{who}") == expected, who
    for way, path in (("released_by", "/encumbrances/release"), ("posted_by", "/encumbrances/post")):
        for who in EVERYBODY:
            name = f"{way}-{kind}-{who}"
            lock = world.registry.lock(
                kind, a["owner"], beneficiary=a["pledgee"], request=name, by=list(people.values()), **unit
            ).id
            body = {"lock": lock} if way == "released_by" else {"locks": [lock], "target": a["insurer"]}
            assert asked(world, who, path, body, f"do-{name}") == by_kind(way, kind, who, eyes, named), name


PUBLIC = (
    "/batches",
    "/batches/{batch}",
    "/retirements",
    "/cancellations",
    "/assets",
    "/projects",
    "/projects/records",
    "/checkpoint",
    "/proofs/inclusion?index=0",
    "/proofs/consistency?first=1",
    "/tile/0/000.p/1",
    "/trust",
    "/health",
)
OWN = ("/sessions/current", "/api-keys", "/proposals", "/trail", "/accounts", "/people", "/keys")
#: About one account, or one person of it.
ONE = (
    "/accounts/{account}",
    "/holdings?account={account}",
    "/encumbrances?account={account}",
    "/amounts?account={account}",
    "/people?account={account}",
    "/keys?person={person}",
)


@pytest.mark.parametrize("who", [None, *EVERYBODY])
def test_reads(place, who: str | None):
    world, _ = place
    world.registry.publish()
    headers = world.headers(who)

    def status(path: str, role: str = "owner") -> int:
        path = path.format(account=world.accounts[role], person=world.people[role], batch=world.batch)
        return world.http.get(f"/v1{path}", headers=headers).status_code

    assert {path: status(path) for path in PUBLIC} == dict.fromkeys(PUBLIC, 200)
    assert {path: status(path) for path in OWN} == dict.fromkeys(OWN, 200 if who else 401)
    for role in HOLDERS:
        may = who is not None and role_of(who) in (role, "operator", "regulator")
        expected = 200 if may else 403 if who else 401
        assert {path: status(path, role) for path in ONE} == dict.fromkeys(ONE, expected), role


@pytest.mark.parametrize("who", EVERYBODY)
def test_lists_show_the_own_account_only_but_to_those_who_see_all(place, who: str):
    world, _ = place
    client, own = world.client(who), world.accounts[who]
    all_of_them = {*world.accounts.values()}
    seen = {row["id"] for row in client.every("/accounts")}
    assert seen >= all_of_them if role_of(who) in ("operator", "regulator") else seen == {own}
    if role_of(who) not in ("operator", "regulator"):
        assert {row["account"] for row in client.every("/people")} == {own}
        assert {row["owner"] for row in client.every("/holdings")} <= {own}


#: What only the operator does: what is sent, and what the operator is answered.
HOOK = {"url": "https://hooks.example.com/x", "kinds": ["transfer"]}
NAME = {"commitment": "0" * 64, "document": "1" * 64}
OPERATOR: list[tuple[str, str, dict[str, Any] | None, int]] = [
    ("GET", "/webhooks", None, 200),
    ("POST", "/webhooks", HOOK, 201),
    ("GET", "/webhooks/{webhook}/deliveries", None, 200),
    ("POST", "/webhooks/{webhook}/test", None, 200),
    ("POST", "/webhooks/{webhook}/pause", None, 200),
    ("POST", "/webhooks/{webhook}/resume", None, 200),
    ("POST", "/webhooks/{webhook}/again", None, 200),
    ("POST", "/webhooks/{webhook}/secret", None, 201),
    ("DELETE", "/webhooks/{webhook}", None, 204),
    ("GET", "/erasures", None, 200),
    ("POST", "/erasures", NAME, 422),  # there is no such name
    ("POST", "/accounts/kind", {"account": "A0", "kind": "natural"}, 404),
]


@pytest.mark.parametrize("who", [None, *EVERYBODY])
def test_what_only_the_operator_does(place, who: str | None):
    world, _ = place
    hook = world.client("operator").add_webhook("https://hooks.example.com/y")["id"]
    expected = 401 if who is None else None if role_of(who) == "operator" else 403
    for method, path, body, answered in OPERATOR:
        path = f"/v1{path.format(webhook=hook)}"
        answer = world.http.request(method, path, json=body, headers=world.headers(who))
        assert answer.status_code == (expected or answered), (method, path, answer.text)


def test_a_key_that_was_not_made_for_it_does_not_administer(place):
    world, _ = place
    reader = world.client()
    reader.use(world.client("operator").make_api_key(["read", "act"], 1)["key"])
    assert reader.webhooks() is not None
    for call in (lambda: reader.add_webhook(HOOK["url"]), lambda: reader.erase_name("0" * 64, "1" * 64)):
        with pytest.raises(Refused) as error:
            call()
        assert error.value.code == "access.scope_missing"


def test_every_route_is_one_of_these(place):
    """A new route has to be put into a list above, where its permission is tested."""
    world, _ = place
    routes = {
        (method.upper(), path.removeprefix("/v1"))
        for path, entry in world.app.openapi()["paths"].items()
        for method in entry
    }
    read = {path.split("?")[0] for path in (*PUBLIC, *OWN, *ONE)}
    tested = {("GET", path) for path in read} | {("POST", path) for path in ACT_PATHS.values()}
    elsewhere = {
        ("GET", "/proposals/{proposal}"),
        ("GET", "/tile/{path}"),
        ("GET", "/retirements/{retirement}"),
        ("GET", "/cancellations/{cancellation}"),
        ("GET", "/certificates/{retirement}"),
        ("GET", "/certificates/{retirement}/verdict"),
        ("POST", "/batches"),
        ("POST", "/orders"),
        ("POST", "/enrolments"),
        ("POST", "/sessions"),
        ("DELETE", "/sessions/current"),
        ("POST", "/api-keys"),
        ("DELETE", "/api-keys/{key}"),
        ("POST", "/people/{person}/code"),
        ("POST", "/proposals/{proposal}/agreement"),
        ("DELETE", "/proposals/{proposal}"),
    }
    tested |= {(method, path) for method, path, _, _ in OPERATOR}
    assert routes == (tested | elsewhere) - {("GET", "/tile/0/000.p/1")}


@pytest.mark.parametrize("who", [None, *EVERYBODY])
def test_issuing_and_inviting(place, who: str | None):
    world, eyes = place
    result, manifest, _claim = run_documents(f"project-{who}")
    body = {"result": result, "manifest": manifest, "owner": world.accounts["owner"], "region": "CN-HN"}
    expected = by_table("issue", who, eyes, about=set()) if who else "refused"
    assert asked(world, who, "/batches", body, f"issue-{who}") == expected
    whom = world.people["validator" if who == "operator2" else "verifier"]
    answer = world.http.post(f"/v1/people/{whom}/code", headers=world.headers(who))
    # Somebody who came in before gets a new code from the operator only, and where it takes two not from one alone.
    given = who is not None and role_of(who) == "operator" and eyes == 1
    assert answer.status_code == (401 if who is None else 201 if given else 403)


def test_two_pairs_of_eyes(four_eyes: World):
    """One proposes, the same cannot agree, a stranger neither sees nor agrees, a colleague's agreement does it."""
    a = four_eyes.accounts
    body = {"source": a["owner"], "target": a["insurer"], "batch": four_eyes.batch, "units": 2}
    body |= {"reason": "court", "document": "0" * 64}
    first, second = four_eyes.client("operator"), four_eyes.client("operator2")
    proposed = first.act("/transfers/reassign", "c1", **body)
    assert proposed["status"] == "proposed"
    name = proposed["proposal"]["id"]
    for who, status in (("operator", 409), ("owner", 404), ("trader", 404)):
        path = f"/v1/proposals/{name}/agreement"
        assert four_eyes.http.post(path, headers=four_eyes.headers(who)).status_code == status, who
    assert second.agree(name)["status"] == "done"
    assert sum(int(row["units"]) for row in first.every("/holdings", account=a["insurer"])) == 12
    assert first.get("/proposals")["items"] == []
    assert first.act("/transfers/reassign", "c1", **body)["status"] == "repeated"


def test_a_party_to_an_exchange_proposes_it_to_the_other(four_eyes: World):
    a = four_eyes.accounts
    legs = [
        {"from": a["owner"], "to": a["trader"], "batch": four_eyes.batch, "units": 3},
        {"from": a["trader"], "to": a["owner"], "batch": four_eyes.batch, "units": 1},
    ]
    proposed = four_eyes.client("owner").act("/exchanges", legs=legs)
    assert proposed["status"] == "proposed"
    name = proposed["proposal"]["id"]
    seen = {who: len(four_eyes.client(who).get("/proposals")["items"]) for who in ("trader", "insurer", "regulator")}
    assert seen == {"trader": 1, "insurer": 0, "regulator": 1}
    with pytest.raises(Refused) as error:  # it sees all, and has no part in it
        four_eyes.client("regulator").agree(name)
    assert error.value.code == "registry.not_permitted"
    assert four_eyes.client("trader").agree(name)["status"] == "done"
    with pytest.raises(Refused) as error:
        four_eyes.client("trader").agree(name)
    assert error.value.code == "registry.unknown_proposal"
