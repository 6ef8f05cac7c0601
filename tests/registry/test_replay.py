"""A published log in which one leaf is forged does not replay, whatever is forged: each kind, each way, at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.signing import SigningKey
from tanhui.registry.entries import decode_entry, encode_entry
from tanhui.registry.model import (
    Account,
    AmountLeg,
    Approval,
    Asset,
    Cancellation,
    Declaration,
    Encumbrance,
    Interval,
    JournalEntry,
    Key,
    Leg,
    Person,
    Place,
    Record,
    Resolution,
    Retirement,
    Seal,
    Standing,
)
from tanhui.registry.replay import Replay
from tanhui.registry.service import Registry
from tests.registry.conftest import Clock
from tests.registry.evidence import approval, at, log_of, order, piece
from tests.registry.test_entries import mutated
from tests.registry.test_permissions import SHA, Town, a_key, an_act, make_town

LATE = "2030-01-01T00:00:00Z"


@dataclass
class Log:
    """A log of a registry with two pairs of eyes, and one right next entry of each kind."""

    town: Town
    leaves: list[bytes]
    root: str
    good: dict[str, JournalEntry]
    pledge: str
    second: str
    pending: str

    @property
    def subject(self) -> Place:
        return Place(self.town.account("subject"))

    @property
    def creditor(self) -> Place:
        return Place(self.town.account("creditor"))

    def next(self, kind: str, **changes: Any) -> JournalEntry:
        """The right entry of a kind, changed."""
        return replace(self.good[kind], **changes)

    def leg(self, first: int, last: int, source: Place | str, target: Place | str) -> Leg:
        return Leg("B000001", piece(first, last), place_of(source), place_of(target))

    def replay(self, entry: JournalEntry) -> Replay:
        return Replay().add([*self.leaves, encode_entry(entry)])


def place_of(what: Place | str) -> Place:
    return at(what) if isinstance(what, str) else what


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """Units 1-10 are pledged, 1-4 of them a second time; 11-20 pend for the creditor; the rest up to 100000 is free."""
    clock, folder = Clock(), Path(tmp_path_factory.mktemp("replay")) / "r"
    with Registry.init(folder, "registry.example/town", eyes=2, now=clock) as registry:
        town = make_town(registry, 2)
        subject, creditor = town.account("subject"), town.account("creditor")
        terms = {"account": subject, "batch": "B000001", "beneficiary": creditor}
        pledge = town.do("lock", **terms, kind="pledge", units=10, expires="2027-01-01T00:00:00Z").noun.id
        over = {key: value for key, value in terms.items() if key != "batch"} | {"over": pledge, "priority": 2}
        second = town.do("lock", **over, kind="lien", units=4).noun.id
        pending = town.do("lock", **terms, kind="pending", units=10, target=creditor).noun.id
        town.do("mint", asset="CNY", target=creditor, amount=50)
        leaves = log_of(registry)
        good = {name: made_by(town, leaves, *what) for name, what in acts(town, pledge, pending).items()}
        root = Replay().add(leaves).root().hex()
        index = len(leaves)
        good["seal"] = JournalEntry(index, clock_text(leaves), "seal", Seal(root))
        lift = (Leg("B000001", piece(1, 4), at(f"{subject}/{pledge}/{second}"), at(f"{subject}/{second}")),)
        lift += (Leg("B000001", piece(5, 10), at(f"{subject}/{pledge}"), at(subject)),)
        good["expire"] = JournalEntry(index, LATE, "expire", Resolution((pledge,)), lift)
        yield Log(town, leaves, root, good, pledge, second, pending)


def clock_text(leaves: list[bytes]) -> str:
    return decode_entry(leaves[-1]).at


def acts(town: Town, pledge: str, pending: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """One act of each kind that stands as it is."""
    subject, creditor = town.account("subject"), town.account("creditor")
    some = {"kind": "pledge", "account": subject, "batch": "B000001", "units": 5, "beneficiary": creditor}
    deal = [
        {"from": subject, "to": creditor, "batch": "B000001", "units": 5},
        {"from": creditor, "to": subject, "asset": "CNY", "amount": 7},
    ]
    kinds = ["account", "standing", "person", "key", "asset", "issue", "import", "mint", "redeem"]
    kinds += ["transfer", "reassign", "retire", "cancel", "record"]
    return {kind: an_act(town, kind) for kind in kinds} | {
        "lock": ("lock", some),
        "lock money": ("lock", some | {"batch": "", "units": 0, "asset": "CNY", "amount": 5}),
        "exchange": ("exchange", {"legs": deal}),
        "post": ("post", {"locks": [pledge], "target": town.account("trader"), "units": 4, "document": SHA}),
        "post pending": ("post", {"locks": [pending], "units": 3}),
        "release": ("release", {"lock": pledge}),
    }


def made_by(town: Town, leaves: list[bytes], act: str, arguments: dict[str, Any]) -> JournalEntry:
    """What the registry itself would write next, had it not been asked by so many that it may be written."""
    from tanhui.registry.acts import Bench, make_entry

    replay = Replay().add(leaves)
    everybody = [*town.operators, *town.people["subject"][:1], *town.people["creditor"][:1]]
    bench = Bench(replay.state, len(leaves), clock_text(leaves), lambda n: bytes([len(act)] * n))
    return make_entry(bench, order(town.registry, "r", act, everybody, **arguments))


def refused_at_once(log: Log, entry: JournalEntry) -> None:
    """At that very leaf, not only where the next seal does not fit."""
    before = Replay().add(log.leaves)
    with pytest.raises(IntegrityError) as caught:
        before.add([encode_entry(entry)])
    assert (caught.value.code, caught.value.facts["index"]) == ("registry.replay_refused", len(log.leaves))
    assert before.root().hex() == log.root


GOOD = ["account", "standing", "person", "key", "asset", "issue", "import", "mint", "redeem", "transfer", "reassign"]
GOOD += [
    "retire",
    "cancel",
    "record",
    "lock",
    "lock money",
    "exchange",
    "post",
    "post pending",
    "release",
    "expire",
    "seal",
]


@pytest.mark.parametrize("kind", GOOD)
def test_what_is_right_replays(log: Log, kind: str):
    assert log.replay(log.good[kind]).size == len(log.leaves) + 1


def test_every_kind_was_tried(log: Log):
    assert {*GOOD} == {*log.good}


# By whom --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in GOOD if kind not in ("seal", "expire")])
def test_nobody_asked(log: Log, kind: str):
    refused_at_once(log, log.next(kind, by=()))


@pytest.mark.parametrize("kind", [kind for kind in GOOD if kind not in ("seal", "expire")])
def test_the_wrong_people_asked(log: Log, kind: str):
    stranger = (Approval(log.town.people["insurer"][0]),)
    refused_at_once(log, log.next(kind, by=stranger))
    refused_at_once(log, log.next(kind, by=(*log.good[kind].by, Approval("Pnobody"))))
    if kind in ("issue", "import", "standing", "reassign"):
        refused_at_once(log, log.next(kind, by=log.good[kind].by[:1]))


@pytest.mark.parametrize("kind", ["transfer", "exchange", "post", "lock", "retire"])
def test_a_forged_signature(log: Log, kind: str):
    secret = SigningKey("mallory", bytes(range(32)))
    signed = [approval(one.person, "0" * 16, secret, "order") for one in log.good[kind].by]
    refused_at_once(log, log.next(kind, by=tuple(signed)))


@pytest.mark.parametrize("kind", ["seal", "expire"])
def test_what_happens_by_itself_is_in_nobodys_name(log: Log, kind: str):
    refused_at_once(log, log.next(kind, by=(Approval(log.town.people["subject"][0]),)))


# Place and time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", GOOD)
def test_out_of_place_or_time(log: Log, kind: str):
    entry = log.good[kind]
    for index in (0, entry.index - 1, entry.index + 1):
        refused_at_once(log, replace(entry, index=index))
    refused_at_once(log, replace(entry, at="2025-12-31T23:59:59Z"))


@pytest.mark.parametrize("kind", ["account", "person", "key", "asset", "issue", "import", "post pending", "release"])
def test_the_same_twice(log: Log, kind: str):
    entry = log.good[kind]
    if kind in ("person", "key"):
        return  # said again, it changes nothing
    with pytest.raises(IntegrityError):
        Replay().add([*log.leaves, encode_entry(entry), encode_entry(replace(entry, index=entry.index + 1))])


def test_a_second_declaration(log: Log):
    first = decode_entry(log.leaves[0])
    refused_at_once(log, replace(first, index=len(log.leaves)))
    with pytest.raises(IntegrityError):
        Replay().add(log.leaves[1:])
    with pytest.raises(IntegrityError):
        Replay().add([encode_entry(replace(decode_entry(log.leaves[1]), index=0))])


@pytest.mark.parametrize(
    "change", [{"sandbox": False}, {"origin": "registry.example/town"}, {"keys": ()}, {"eyes": 0}, {"account": ""}]
)
def test_a_declaration_that_contradicts_itself(log: Log, change: dict[str, Any]):
    first = decode_entry(log.leaves[0])
    assert isinstance(first.noun, Declaration)
    with pytest.raises(IntegrityError):
        Replay().add([encode_entry(replace(first, noun=replace(first.noun, **change)))])


def test_a_seal_of_another_state(log: Log):
    refused_at_once(log, log.next("seal", noun=Seal("00" * 32)))
    refused_at_once(log, log.next("seal", noun=Seal(log.root.upper())))
    refused_at_once(log, log.next("seal", noun=Seal("")))
    # A seal that fitted before the last act.
    moved = encode_entry(log.good["transfer"])
    with pytest.raises(IntegrityError):
        Replay().add([*log.leaves, moved, encode_entry(log.next("seal", index=len(log.leaves) + 1))])


# Legs -----------------------------------------------------------------------------------------------------------------

WITH_LEGS = ["issue", "import", "transfer", "reassign", "retire", "cancel", "lock", "exchange", "post", "post pending"]
WITH_LEGS += ["release", "expire", "mint", "redeem", "lock money"]
STOLEN = [kind for kind in GOOD if kind not in ("account", "standing", "person", "key", "asset", "issue", "import")]
UNREAD = ["account", "standing", "person", "key", "asset"]


@pytest.mark.parametrize("kind", WITH_LEGS)
def test_a_leg_too_few_or_twice(log: Log, kind: str):
    entry = log.good[kind]
    if (len(entry.legs) == 1 and not entry.amounts) or kind in ("issue", "import"):
        refused_at_once(log, replace(entry, legs=()))
    if entry.legs:
        refused_at_once(log, replace(entry, legs=(*entry.legs, entry.legs[0])))
    if kind in ("post pending", "release", "expire"):
        short = replace(entry, legs=entry.legs[1:])
        if kind != "release":  # a release by halves is one that may be
            refused_at_once(log, short)


@pytest.mark.parametrize("kind", ["seal", "record", *STOLEN, "issue", "import"])
def test_an_extra_leg_that_takes_somebodys_units(log: Log, kind: str):
    """The thief's leg rides along with something that is right; without an approval of whom it robs."""
    entry = log.good[kind]
    theft = Leg("B000001", piece(99_000, 99_000), log.subject, Place(log.town.account("trader")))
    by = tuple(one for one in entry.by if log.town.account_of[one.person] != log.subject.owner)
    if kind != "reassign":  # the operators may do just that, on a document
        refused_at_once(log, replace(entry, legs=(*entry.legs, theft), by=by))
    final = replace(theft, source=Place("@retired"))
    refused_at_once(log, replace(entry, legs=(*entry.legs, final)))


@pytest.mark.parametrize("kind", UNREAD)
def test_legs_where_nothing_moves(log: Log, kind: str):
    theft = Leg("B000001", piece(99_000, 99_000), log.subject, Place(log.town.account("trader")))
    refused_at_once(log, log.next(kind, legs=(theft,)))


@pytest.mark.parametrize("kind", [kind for kind in STOLEN if kind not in ("mint", "redeem")])
def test_an_extra_amount_from_nowhere(log: Log, kind: str):
    made = AmountLeg("CNY", 5, Place("@issuance"), log.creditor)
    refused_at_once(log, log.next(kind, amounts=(*log.good[kind].amounts, made)))


@pytest.mark.parametrize("kind", [*UNREAD, "issue", "import"])
def test_amounts_where_no_money_moves(log: Log, kind: str):
    refused_at_once(log, log.next(kind, amounts=(AmountLeg("CNY", 5, Place("@issuance"), log.creditor),)))


@pytest.mark.parametrize("kind", ["transfer", "exchange", "reassign", "retire", "cancel", "lock"])
@pytest.mark.parametrize(
    "change",
    [
        lambda log, leg: replace(leg, batch="B000002"),
        lambda log, leg: replace(leg, serials=piece(1, 1)),  # what is pledged
        lambda log, leg: replace(leg, serials=piece(20, 21)),  # half of it pends
        lambda log, leg: replace(leg, serials=Interval(99_999, 100_002)),  # beyond the batch
        lambda log, leg: replace(leg, source=log.creditor),
        lambda log, leg: replace(leg, source=Place("@issuance")),
        lambda log, leg: replace(leg, source=Place("@exported")),
        lambda log, leg: replace(leg, target=leg.source),
        lambda log, leg: replace(leg, target=Place("@issuance")),
        lambda log, leg: replace(leg, target=Place("@exported")),
        lambda log, leg: replace(leg, target=Place("")),
        lambda log, leg: replace(leg, target=Place("Anobody")),
        lambda log, leg: replace(leg, target=Place(log.town.account("verifier"))),
        lambda log, leg: replace(leg, target=at(f"{log.creditor}/{log.pledge}")),
        lambda log, leg: replace(leg, source=at(f"{log.subject}/{log.pledge}")),
    ],
)
def test_a_leg_that_may_not_be(log: Log, kind: str, change: Callable[[Log, Leg], Leg]):
    entry = log.good[kind]
    refused_at_once(log, replace(entry, legs=(change(log, entry.legs[0]), *entry.legs[1:])))


@pytest.mark.parametrize("kind", ["exchange", "mint", "redeem", "lock money"])
@pytest.mark.parametrize(
    "change",
    [
        lambda log, leg: replace(leg, amount=0),
        lambda log, leg: replace(leg, amount=10**9) if leg.source != Place("@issuance") else replace(leg, amount=0),
        lambda log, leg: replace(leg, asset="USD"),
        lambda log, leg: replace(leg, target=leg.source),
        lambda log, leg: replace(leg, target=Place("@retired")),
        lambda log, leg: replace(leg, target=at(f"{log.creditor}/{log.pledge}")),
        lambda log, leg: replace(leg, source=at(f"{log.subject}/{log.pledge}")),
        lambda log, leg: replace(leg, source=Place("@exported")),
    ],
)
def test_an_amount_that_may_not_be(log: Log, kind: str, change: Callable[[Log, AmountLeg], AmountLeg]):
    entry = log.good[kind]
    refused_at_once(log, replace(entry, amounts=(change(log, entry.amounts[0]),)))


def test_money_is_made_and_unmade_only_where_it_should_be(log: Log):
    mint, redeem, exchange = (log.good[kind] for kind in ("mint", "redeem", "exchange"))
    refused_at_once(log, replace(exchange, amounts=mint.amounts))
    refused_at_once(log, replace(exchange, amounts=redeem.amounts))
    refused_at_once(log, replace(redeem, amounts=mint.amounts))
    refused_at_once(log, replace(mint, amounts=exchange.amounts))
    refused_at_once(log, replace(mint, amounts=()))
    refused_at_once(log, replace(mint, legs=log.good["transfer"].legs))


# Issues ---------------------------------------------------------------------------------------------------------------


def an_issue(log: Log, **changes: Any) -> JournalEntry:
    """The right issue of one unit, with its claim or its one piece changed."""
    entry = log.good["issue"]
    noun: Any = entry.noun
    claim = replace(noun.claim, **{name: value for name, value in changes.items() if hasattr(noun.claim, name)})
    pieces = (replace(noun.pieces[0], **{name: value for name, value in changes.items() if name in ("id", "vintage")}),)
    if "serials" in changes:
        pieces = (replace(pieces[0], serials=changes["serials"]),)
    legs = tuple(replace(leg, batch=pieces[0].id, serials=pieces[0].serials) for leg in entry.legs)
    return replace(entry, noun=replace(noun, claim=claim, pieces=pieces), legs=changes.get("legs", legs))


def test_an_issue_that_is_right_after_all(log: Log):
    assert log.replay(an_issue(log)).size


def test_issues_that_may_not_be(log: Log):
    line = log.good["issue"].legs[0].serials
    wrong = [
        {"serials": Interval(line.first + 1, line.end + 1)},  # a gap in the line
        {"serials": Interval(line.first - 1, line.end - 1)},  # a serial that is issued
        {"serials": Interval(line.first, line.end + 1)},  # more units than credits
        {"credits_t": 2},
        {"unit_kg": 1},
        {"unit_kg": 0},
        {"id": "B000001"},
        {"sandbox": False},
        {"creditable": True},
        {"open_points": 0},
        {"claim_sha256": first_claim(log)},
        {"project": first_project(log), "period": first_period(log)},
        {"legs": ()},
    ]
    for change in wrong:
        refused_at_once(log, an_issue(log, **change))


def first_claim(log: Log) -> str:
    return str(issues(log)[0].claim.claim_sha256)


def first_project(log: Log) -> str:
    return str(issues(log)[0].claim.project)


def first_period(log: Log) -> Any:
    return issues(log)[0].claim.period


def issues(log: Log) -> list[Any]:
    return [entry.noun for entry in map(decode_entry, log.leaves) if entry.kind == "issue"]


def test_an_issue_that_does_not_tile(log: Log):
    """Two vintages of which the legs leave a unit out, give it twice, or mix the batches up."""
    entry = log.good["issue"]
    noun: Any = entry.noun
    first, source, target = entry.legs[0].serials.first, Place("@issuance"), log.subject
    pieces = tuple(
        replace(noun.pieces[0], id=f"B{n:06d}", vintage=n, serials=Interval(first + 3 * i, first + 3 * i + 3))
        for i, n in enumerate((7, 8))
    )
    issue = replace(noun, claim=replace(noun.claim, credits_t=6), pieces=pieces)

    def legs(*spans: tuple[str, int, int]) -> JournalEntry:
        made = tuple(Leg(batch, Interval(first + begin, first + end), source, target) for batch, begin, end in spans)
        return replace(entry, noun=issue, legs=made)

    assert log.replay(legs(("B000007", 0, 3), ("B000008", 3, 6))).size
    assert log.replay(legs(("B000007", 0, 1), ("B000007", 1, 3), ("B000008", 3, 6))).size
    for wrong in (
        [("B000007", 0, 3)],
        [("B000007", 0, 2), ("B000008", 3, 6)],
        [("B000007", 0, 3), ("B000008", 4, 6)],
        [("B000007", 0, 3), ("B000007", 0, 3), ("B000008", 3, 6)],
        [("B000007", 0, 3), ("B000007", 3, 6)],
        [("B000007", 0, 4), ("B000008", 4, 6)],
        [("B000008", 3, 6), ("B000007", 0, 3)],
        [("B000007", 0, 3), ("B000008", 3, 7)],
        [("B000007", 0, 3), ("B000008", 3, 6), ("B000008", 6, 7)],
    ):
        refused_at_once(log, legs(*wrong))
    same = replace(issue, pieces=(pieces[0], replace(pieces[1], vintage=pieces[0].vintage)))
    refused_at_once(log, replace(legs(("B000007", 0, 3), ("B000008", 3, 6)), noun=same))


def test_imports_that_may_not_be(log: Log):
    entry = log.good["import"]
    noun: Any = entry.noun
    ours = replace(noun.origin, registry="registry.example/town/sandbox")
    for origin in (None, ours, replace(noun.origin, registry="")):
        refused_at_once(log, replace(entry, noun=replace(noun, origin=origin)))
    refused_at_once(log, replace(log.good["issue"], noun=replace(log.good["issue"].noun, origin=noun.origin)))  # type: ignore[arg-type]


# Encumbrances ---------------------------------------------------------------------------------------------------------


def test_locks_that_may_not_be(log: Log):
    entry = log.good["lock"]
    lock: Any = entry.noun
    assert isinstance(lock, Encumbrance)
    (leg,) = entry.legs
    mine = lock.id
    nouns = [
        replace(lock, id="E999999"),
        replace(lock, kind="nothing"),
        replace(lock, account=log.creditor.owner),
        replace(lock, account="Anobody"),
        replace(lock, beneficiary="Anobody"),
        replace(lock, target="Anobody"),
        replace(lock, target="@retired"),
        replace(lock, priority=0),
        replace(lock, priority=10**6),
        replace(lock, expires="2026-01-01T00:00:00Z"),
        replace(lock, expires="for ever"),
        replace(lock, kind="export", expires=LATE),
        replace(lock, terms="a contract"),
        replace(lock, assets=("CNY",)),
    ]
    for noun in nouns:
        refused_at_once(log, replace(entry, noun=noun))
    pledged = log.leg(5, 10, f"{log.subject}/{log.pledge}", f"{log.subject}/{log.pledge}/{mine}")
    for wrong in (
        replace(leg, target=log.subject),
        replace(leg, target=at(f"{log.subject}/{log.pledge}")),
        replace(leg, target=at(f"{log.subject}/{mine}/{mine}")),
        replace(leg, target=at(f"{log.creditor}/{mine}")),
        pledged,  # of the same rank
        replace(pledged, target=at(f"{log.subject}/{mine}/{log.pledge}")),  # before the one that was there
        replace(pledged, target=at(f"{log.subject}/{mine}")),  # in its place
    ):
        refused_at_once(log, replace(entry, legs=(wrong,)))
    later = replace(entry, noun=replace(lock, priority=2), legs=(pledged,))
    assert log.replay(later).size
    refused_at_once(log, replace(later, legs=(replace(pledged, target=at(f"{log.subject}/{mine}/{log.pledge}")),)))


def test_posts_that_may_not_be(log: Log):
    post, pending = log.good["post"], log.good["post pending"]
    trader = Place(log.town.account("trader"))
    both = f"{log.subject}/{log.pledge}/{log.second}"
    for wrong in (
        replace(post, noun=Resolution((log.pledge,), "")),
        replace(post, noun=Resolution((log.second,), SHA)),  # the second in rank
        replace(post, noun=Resolution((log.pledge, log.second), SHA)),  # one leg from under two
        replace(post, noun=Resolution((log.pledge, log.pledge), SHA)),
        replace(post, noun=Resolution((log.pledge, "E999999"), SHA)),
        replace(post, noun=Resolution((log.pending,), SHA)),
        replace(post, noun=Resolution((), SHA)),
        replace(post, legs=(log.leg(1, 4, both, log.subject),)),  # to the debtor
        replace(post, legs=(log.leg(1, 4, both, f"{log.subject}/{log.second}"),)),  # a release
        replace(post, legs=(log.leg(1, 4, both, "@retired"),)),
        replace(post, legs=(log.leg(1, 4, both, f"{trader}/{log.second}"),)),
        replace(
            post, legs=(log.leg(5, 10, f"{log.subject}/{log.pledge}", trader), log.leg(50, 50, log.subject, trader))
        ),
        replace(pending, legs=pending.legs[:1]),  # the rest must go back
        replace(pending, legs=pending.legs[1:]),  # nothing is posted
        replace(pending, legs=(replace(pending.legs[0], target=trader), *pending.legs[1:])),  # not who it was meant for
    ):
        refused_at_once(log, wrong)


def test_releases_and_expiries_that_may_not_be(log: Log):
    release, expiry = log.good["release"], log.good["expire"]
    for entry in (release, expiry):
        first = entry.legs[0]
        for target in (
            log.subject,
            log.creditor,
            f"{log.subject}/{log.pledge}",
            f"{log.creditor}/{log.second}",
            "@retired",
        ):
            refused_at_once(log, replace(entry, legs=(replace(first, target=place_of(target)), *entry.legs[1:])))
        refused_at_once(log, replace(entry, noun=Resolution((log.second,))))
    refused_at_once(log, replace(expiry, at=release.at))  # before its time
    refused_at_once(log, replace(expiry, legs=expiry.legs[:1]))  # by halves
    refused_at_once(log, replace(expiry, noun=Resolution((log.pending,))))  # one without an end


def test_encumbrances_that_do_not_exist(log: Log):
    lock, expiry = log.good["lock"], log.good["expire"]
    strange = f"{log.subject}/E999999"
    refused_at_once(log, replace(lock, legs=(log.leg(50, 50, strange, f"{strange}/{lock.noun.id}"),)))  # type: ignore[union-attr]
    under = Leg("B000001", piece(50, 50), at(f"{strange}/{log.pledge}"), at(strange))
    refused_at_once(log, replace(expiry, legs=(*expiry.legs, under)))


# Nouns ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "noun"),
    [
        ("account", Account("@retired", "c")),
        ("account", Account("A/B", "c")),
        ("account", Account("", "c")),
        ("account", Account("Anew", "c", ())),
        ("account", Account("Anew", "c", ("king",))),
        ("account", Account("Anew", "c", ("owner", "verifier"))),
        ("standing", Standing("Anobody", ("owner",))),
        ("standing", Standing("{operator}", ())),
        ("standing", Standing("{operator}", ("owner",))),
        ("standing", Standing("{subject}", ("king",))),
        ("person", Person("Pnew", "Anobody", "c")),
        ("person", Person("", "{subject}", "c")),
        ("person", Person("{person}", "{creditor}", "c")),
        ("person", Person("{person}", "{subject}", "another name")),
        ("key", Key("0" * 16, "{person}", a_key(9))),
        ("key", Key("0" * 16, "Pnobody", a_key(9))),
        ("asset", Asset("CNY", "fen", "{subject}")),
        ("asset", Asset("", "fen", "{subject}")),
        ("asset", Asset("new", "fen", "Anobody")),
        ("retire", Retirement("R000001", "c", "voluntary")),
        ("retire", Retirement("{id}", "c", "fun")),
        ("cancel", Cancellation("C000001", "owner")),
        ("cancel", Cancellation("{id}", "fun")),
        ("cancel", Cancellation("{id}", "owner", "a letter")),
        ("record", Record("topic", "subject", "a letter")),
        ("record", Record("topic", "subject", "")),
    ],
)
def test_nouns_that_may_not_be(log: Log, kind: str, noun: Any):
    entry = log.good[kind]
    facts = {"{operator}": log.town.registry.declaration.account, "{subject}": log.subject.owner}
    facts |= {"{creditor}": log.creditor.owner, "{person}": log.town.people["subject"][0]}
    facts["{id}"] = f"{'R' if kind == 'retire' else 'C'}{entry.index:06d}"
    given = {one.name: getattr(noun, one.name) for one in fields(noun)}
    values = {name: facts.get(value, value) if isinstance(value, str) else value for name, value in given.items()}
    everybody = (*entry.by, *(Approval(people[0]) for people in log.town.people.values()))
    refused_at_once(log, replace(entry, noun=replace(noun, **values), by=everybody))


@pytest.mark.parametrize("public", ["!", "", "A", "{padded}"])
def test_keys_that_are_none(log: Log, public: str):
    right: Any = log.good["key"].noun
    spelled = right.public[:-2] + chr(ord(right.public[-2]) + 1) + "=" if public == "{padded}" else public
    refused_at_once(log, log.next("key", noun=replace(right, public=spelled)))


def test_retired_again(log: Log):
    """What was retired cannot be retired again, sold, or brought back, by nobody."""
    gone = log.good["retire"]
    leaves = [*log.leaves, encode_entry(gone)]
    again = replace(gone, index=len(leaves), noun=replace(gone.noun, id=f"R{len(leaves):06d}"))  # type: ignore[type-var]
    for source in (gone.legs[0].source, Place("@retired")):
        legs = tuple(replace(leg, source=source) for leg in gone.legs)
        with pytest.raises(IntegrityError):
            Replay().add([*leaves, encode_entry(replace(again, legs=legs))])
        back = tuple(replace(leg, source=source, target=log.creditor) for leg in gone.legs)
        with pytest.raises(IntegrityError):
            Replay().add([*leaves, encode_entry(log.next("transfer", index=len(leaves), legs=back))])


# Any leaf -------------------------------------------------------------------------------------------------------------


def test_any_two_leaves_in_the_wrong_order_do_not_replay(log: Log):
    for number in range(len(log.leaves) - 1):
        swapped = [*log.leaves[:number], log.leaves[number + 1], log.leaves[number], *log.leaves[number + 2 :]]
        with pytest.raises(IntegrityError):
            Replay().add(swapped)
        with pytest.raises(IntegrityError):
            Replay().add([*log.leaves[:number], *log.leaves[number + 1 :]])


def test_mutated_logs_never_crash_a_replay(log: Log):
    """Bytes changed anywhere in a leaf: refused, unless it says something that may be so, and then only it is so."""
    dice, stood = random.Random(11), 0
    prefix = Replay().add(log.leaves)
    for entry in log.good.values():
        leaf = encode_entry(entry)
        for _ in range(60):
            changed = mutated(leaf, dice)
            mark, size = prefix.state.undo.mark(), prefix.size
            try:
                prefix.add([changed])
            except IntegrityError:
                assert prefix.root().hex() == log.root
            else:
                assert encode_entry(decode_entry(changed)) == changed
                stood += 1
                prefix = Replay().add(log.leaves)
            assert prefix.size == size
            assert prefix.state.undo.mark() <= mark
    assert stood < 60


def test_a_replay_in_pieces_is_the_same(log: Log):
    whole, pieces = Replay().add(log.leaves), Replay()
    for number in range(0, len(log.leaves), 7):
        pieces.add(log.leaves[number : number + 7])
    assert (pieces.root(), pieces.sealed, pieces.size) == (whole.root(), whole.sealed, whole.size)
    assert Replay().size == 0
