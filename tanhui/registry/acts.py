"""What people ask for, as journal entries: an order names an act and its arguments, an act chooses serials and ids.

Choosing is here, judging is in :mod:`tanhui.registry.rules`: every entry made here still has to pass there. An act is a
function of this module with its name; its arguments are plain JSON values, so that the same order comes from the
command line, over the network, out of a signed file or from somebody who approves it as the second pair of eyes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from tanhui.kernel.errors import InputError
from tanhui.kernel.signing import key_id
from tanhui.kernel.time import Period
from tanhui.registry.commitments import SALT_BYTES, Opening
from tanhui.registry.entries import from_document, is_hash, is_stamp, leaf_json
from tanhui.registry.errors import InsufficientUnits, RegistryError
from tanhui.registry.ledger import take
from tanhui.registry.model import (
    CANCELLED,
    ISSUANCE,
    PURPOSES,
    REASONS,
    RETIRED,
    RULINGS,
    Account,
    AmountLeg,
    Approval,
    Asset,
    Cancellation,
    Encumbrance,
    Holding,
    Interval,
    Issuance,
    IssuedClaim,
    JournalEntry,
    Key,
    Leg,
    Noun,
    Origin,
    Person,
    Piece,
    Place,
    Record,
    Resolution,
    Retirement,
    Ruling,
    Standing,
    place,
)
from tanhui.registry.permissions import BY_ITSELF, encumbrance_kind, raw_key
from tanhui.registry.rules import locked_place
from tanhui.registry.state import State

__all__ = ["ACTS", "Bench", "Order", "check_order", "make_entry"]

#: Letters of a name or beneficiary, and of a request id, which only has to be short and printable.
MAX_NAME = 200
MAX_REQUEST = 200
#: Letters of any other text: PostgreSQL keeps no key of more than 2,704 bytes in an index, and two texts may share one.
MAX_TEXT = 200
#: How deep lists and objects of an argument may lie in one another.
MAX_DEPTH = 8
#: Pieces of serials or amounts that one act may move: more than a leaf holds however short its names are.
MOST_LEGS = 1000
#: How the registry's own requests begin, so that nobody can take their names.
OWN_REQUEST = "@"
#: Shares of an issuance are counted in parts of this.
SHARE_OF = 10_000
YEAR = re.compile(r"[1-9][0-9]{3}")
#: Arguments that only a commitment to may become public.
SECRET = ("name", "beneficiary_name")


@dataclass(frozen=True, slots=True)
class Order:
    """One act that somebody wants. ``request`` is the client's name for it: the same one is never done twice."""

    request: str
    act: str
    arguments: Mapping[str, Any]
    by: tuple[Approval, ...] = ()

    def fingerprint(self) -> bytes:
        """By which a repeated request is known to be the same; without what may be erased one day."""
        public = {name: value for name, value in self.arguments.items() if name not in SECRET}
        return leaf_json([self.act, public])

    def secret(self) -> str | None:
        """The name that the order brings, if it brings one."""
        found = [self.arguments[name] for name in SECRET if name in self.arguments]
        return found[0] if found else None


@dataclass
class Bench:
    """Where an entry is made: the state, the place in the log, the hour, and what is kept beside the log."""

    state: State
    index: int
    at: str
    entropy: Callable[[int], bytes]
    openings: list[Opening] = field(default_factory=list)

    def commit(self, value: str) -> str:
        """A commitment to a name, whose opening is kept apart."""
        if not value.strip() or not value.isprintable() or len(value) > MAX_NAME:
            raise InputError("registry.account_name_wrong", most=MAX_NAME)
        opening = Opening(self.entropy(SALT_BYTES), value)
        self.openings.append(opening)
        return opening.commitment

    def pseudonym(self, letter: str) -> str:
        """An id that says nothing."""
        return letter + self.entropy(8).hex()

    def pieces(self, owner: str, batch: str, units: int) -> list[tuple[Interval, Place]]:
        """Free units of an owner, lowest serial first."""
        if self.state.accounts.get(owner) is None:
            raise RegistryError("registry.unknown_account", account=owner)
        if self.state.batches.get(batch) is None:
            raise RegistryError("registry.unknown_batch", batch=batch)
        held = self.state.book.free(owner, batch, units, MOST_LEGS)
        if len(held) > MOST_LEGS:
            raise RegistryError("registry.too_many_pieces", pieces=len(held))
        return list(take(held, batch, owner, units))

    def beneath(self, lock: str) -> tuple[Encumbrance, list[Holding]]:
        """An encumbrance and the holdings it lies on."""
        found = self.state.encumbrances.get(lock)
        if found is None:
            raise RegistryError("registry.unknown_encumbrance", lock=lock)
        return found, self.state.book.under(lock)


#: What an act makes: its noun, the serials and the amounts that move.
Made = tuple[Noun | None, list[Leg], list[AmountLeg]]


def make_entry(bench: Bench, order: Order) -> JournalEntry:
    """The journal entry that an order asks for, not yet judged."""
    kind, act = ACTS[order.act]
    noun, legs, amounts = act(bench, **order.arguments)
    # Time does it, whoever reminds the registry of it.
    by = () if kind in BY_ITSELF else order.by
    return JournalEntry(bench.index, bench.at, kind, noun, tuple(legs), tuple(amounts), by)


def check_order(order: Order) -> None:
    """Refuse an order whose form is wrong, naming everything that is.

    Raises
    ------
    InputError
        If the request id, the act, or an argument is not one.
    """
    expiry = order.act == "expire" and order.request == expiry_request(order.arguments.get("lock"))
    ours = order.request.startswith(OWN_REQUEST) and not expiry
    if not order.request or len(order.request) > MAX_REQUEST or not order.request.isprintable() or ours:
        raise InputError("registry.request_wrong", request=order.request[:MAX_REQUEST])
    if order.act not in ACTS:
        raise InputError("registry.unknown_act", act=order.act, known=", ".join(ACTS))
    wanted = _arguments(order.act)
    if not _plain(order.arguments):
        raise InputError("registry.arguments_wrong", act=order.act, detail="unprintable")
    missing = [name for name, (_, needed) in wanted.items() if needed and name not in order.arguments]
    unknown = [name for name in order.arguments if name not in wanted]
    wrong = [name for name, value in order.arguments.items() if name in wanted and not _fits(value, wanted[name][0])]
    if missing or unknown or wrong:
        detail = {"missing": missing, "unknown": unknown, "wrong": wrong}
        text = "; ".join(f"{what}: {', '.join(names)}" for what, names in detail.items() if names)
        raise InputError("registry.arguments_wrong", act=order.act, detail=text)


def expiry_request(lock: object) -> str:
    """The registry's own name for an expiry, which happens once."""
    return f"{OWN_REQUEST}expire-{lock}"


def _plain(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether a value is of whole numbers, flags and short texts of signs that can be seen, in lists and objects.

    Nothing else has a place in a ledger, and what could not be written as JSON would stop the orders beside it.
    """
    if isinstance(value, str):
        return len(value) <= MAX_TEXT and value.isprintable()
    if value is None or type(value) in (int, bool):
        return True
    if isinstance(value, list):
        return depth > 0 and all(_plain(item, depth - 1) for item in value)
    if not isinstance(value, Mapping) or not all(type(name) is str and _plain(name) for name in value):
        return False
    return depth > 0 and all(_plain(item, depth - 1) for item in value.values())


@cache
def _arguments(act: str) -> dict[str, tuple[str, bool]]:
    """What an act takes: the type of each argument, and whether it must be given."""
    parameters = list(inspect.signature(ACTS[act][1]).parameters.values())[1:]
    return {p.name: (str(p.annotation).split(" | ")[0], p.default is inspect.Parameter.empty) for p in parameters}


def _fits(value: Any, annotation: str) -> bool:
    """Whether a value is of the type that an act's signature names."""
    kind, _, inner = annotation.partition("[")
    if type(value).__name__ != kind:
        return False
    return inner != "str]" or all(type(item) is str for item in value)


# Who takes part -------------------------------------------------------------------------------------------------------


def open_account(bench: Bench, name: str, roles: list[str] | None = None, region: str = "") -> Made:
    """A new account."""
    commitment = bench.commit(name)
    account = Account(bench.pseudonym("A"), commitment, region=region)
    if roles is not None:
        account = Account(account.id, commitment, tuple(roles), region)
    return account, [], []


def set_standing(bench: Bench, account: str, roles: list[str]) -> Made:
    """Other roles for an account; none closes it."""
    return Standing(account, tuple(roles)), [], []


def add_person(bench: Bench, account: str, name: str) -> Made:
    """Somebody who acts for an account."""
    return Person(bench.pseudonym("P"), account, bench.commit(name)), [], []


def end_person(bench: Bench, person: str) -> Made:
    """Somebody no longer acts for an account."""
    found = bench.state.people.get(person)
    if found is None:
        raise RegistryError("registry.unknown_person", person=person)
    return Person(found.id, found.account, found.commitment, active=False), [], []


def add_key(bench: Bench, person: str, public: str) -> Made:
    """A key with which a person signs orders. [base64]"""
    raw = raw_key(public)
    if raw is None:
        raise InputError("registry.public_key_wrong")
    return Key(key_id(raw), person, public), [], []


def end_key(bench: Bench, key: str) -> Made:
    """A key that no longer signs."""
    found = bench.state.keys.get(key)
    if found is None:
        raise RegistryError("registry.signature_refused", key=key)
    return Key(found.id, found.person, found.public, active=False), [], []


# Units ----------------------------------------------------------------------------------------------------------------


def issue(
    bench: Bench, claim: dict[str, Any], units: dict[str, int], owner: str, shares: list[Any] | None = None
) -> Made:
    """Batches of a claim that was found issuable, one for each vintage.

    ``shares`` are pairs of a target and what goes to it of each vintage: a part of 10,000, rounded up to whole units as
    buffers and levies are, or the units themselves by vintage. The owner gets the rest.
    """
    issued: IssuedClaim = from_document(IssuedClaim, claim)
    unknown = {year for _, what in shares or [] if isinstance(what, Mapping) for year in what} - {*units}
    if unknown:
        raise InputError("registry.arguments_wrong", act="issue", detail=f"shares: {sorted(unknown)}"[:MAX_NAME])
    pieces, legs, serial = [], [], bench.state.next_serial
    for number, (vintage, size) in enumerate(sorted(units.items()), bench.state.batch_count + 1):
        if not YEAR.fullmatch(vintage) or type(size) is not int:
            raise InputError("registry.arguments_wrong", act="issue", detail=f"units: {vintage}: {size!r}"[:MAX_NAME])
        piece = Piece(f"B{number:06d}", int(vintage), Interval(serial, serial + size))
        pieces.append(piece)
        for target, count in [*_shares(shares or [], vintage, size), (owner, size)]:
            end = min(serial + count, piece.serials.end)  # parts that were rounded up may be more than there is
            if end > serial:
                legs.append(Leg(piece.id, Interval(serial, end), SOURCE, place(target)))
                serial = end
    return Issuance(issued, tuple(pieces)), legs, []


def _shares(shares: list[Any], vintage: str, size: int) -> list[tuple[str, int]]:
    """Units of a vintage that each share takes."""
    said = [what.get(vintage, 0) if isinstance(what, Mapping) else what for _, what in shares]
    wrong = any(type(count) is not int or count < 0 for count in said)
    units = [isinstance(what, Mapping) for _, what in shares]
    if wrong or sum(n for n, whole in zip(said, units, strict=True) if not whole) > SHARE_OF:
        raise InputError("registry.arguments_wrong", act="issue", detail=f"shares: {shares}"[:MAX_NAME])
    counts = [n if whole else -(-size * n // SHARE_OF) for n, whole in zip(said, units, strict=True)]
    if any(units) and sum(counts) > size:
        raise InputError("registry.arguments_wrong", act="issue", detail=f"shares: {sum(counts)} > {size}")
    return [(target, count) for (target, _), count in zip(shares, counts, strict=True)]


def take_in(
    bench: Bench,
    claim: dict[str, Any],
    units: dict[str, int],
    owner: str,
    registry: str,
    export: str,
    first: int,
    last: int,
    document: str = "",
) -> Made:
    """Units that another registry gave away: ``first`` to ``last`` on its own line, under its name for the export.

    ``document`` is the hash of what shows it.
    """
    issuance, legs, _ = issue(bench, claim, units, owner)
    assert isinstance(issuance, Issuance)
    origin = Origin(registry, export, Interval(first, last + 1), _hash(document) if document else "")
    return replace(issuance, origin=origin), legs, []


def transfer(bench: Bench, source: str, target: str, batch: str, units: int) -> Made:
    """Units to another account, lowest serial first."""
    _check_target(source, target)
    to = place(target)
    return None, [Leg(batch, serials, where, to) for serials, where in bench.pieces(source, batch, units)], []


def reassign(bench: Bench, source: str, target: str, batch: str, units: int, reason: str, document: str) -> Made:
    """Units change hands on a document, without their owner: a court, a merger, an inheritance."""
    ruling = _ruling(reason or "–", document)
    _, legs, _ = transfer(bench, source, target, batch, units)
    return ruling, legs, []


def exchange(bench: Bench, legs: list[dict[str, Any]]) -> Made:
    """Units and amounts between several accounts, all or nothing: delivery against payment."""
    units: list[Leg] = []
    amounts: list[AmountLeg] = []
    taken: set[tuple[str, str]] = set()
    for leg in legs:
        if {*leg} not in LEG_FIELDS:
            raise InputError("registry.arguments_wrong", act="exchange", detail=f"legs: {', '.join(leg)}"[:MAX_NAME])
        source, target = str(leg["from"]), str(leg["to"])
        _check_target(source, target)
        if "asset" in leg:
            amounts.append(AmountLeg(str(leg["asset"]), _number(leg, "amount"), Place(source), Place(target)))
            continue
        batch = str(leg["batch"])
        if (source, batch) in taken:
            raise InputError("registry.arguments_wrong", act="exchange", detail="one leg for each source and batch")
        taken.add((source, batch))
        pieces = bench.pieces(source, batch, _number(leg, "units"))
        units += [Leg(batch, serials, where, Place(target)) for serials, where in pieces]
    return None, units, amounts


def retire(
    bench: Bench,
    account: str,
    batch: str,
    units: int,
    beneficiary_name: str,
    purpose: str,
    period: list[str] | None = None,
) -> Made:
    """Units used up for ever."""
    if purpose not in PURPOSES:
        raise InputError("registry.purpose_wrong", purpose=purpose, known=", ".join(PURPOSES))
    legs = [Leg(batch, serials, where, Place(RETIRED)) for serials, where in bench.pieces(account, batch, units)]
    beneficiary = bench.commit(beneficiary_name)
    return Retirement(f"R{bench.index:06d}", beneficiary, purpose, _period(period)), legs, []


def cancel(bench: Bench, account: str, batch: str, units: int, reason: str, document: str = "") -> Made:
    """Units taken out of the world."""
    if reason not in REASONS:
        raise InputError("registry.reason_wrong", reason=reason, known=", ".join(REASONS))
    legs = [Leg(batch, serials, where, Place(CANCELLED)) for serials, where in bench.pieces(account, batch, units)]
    return Cancellation(f"C{bench.index:06d}", reason, _hash(document) if document else ""), legs, []


# Amounts --------------------------------------------------------------------------------------------------------------


def define_asset(bench: Bench, asset: str, unit: str, issuer: str) -> Made:
    """A kind of amount."""
    if not asset.isascii() or not asset.replace("-", "").isalnum():
        raise InputError("registry.asset_name_wrong", asset=asset)
    return Asset(asset, unit, issuer), [], []


def mint(bench: Bench, asset: str, target: str, amount: int, reason: str = "", document: str = "") -> Made:
    """An amount comes into circulation; on a document, without its issuer: a debt."""
    return _ruling(reason, document), [], [AmountLeg(asset, amount, SOURCE, Place(target))]


def redeem(bench: Bench, asset: str, source: str, amount: int, reason: str = "", document: str = "") -> Made:
    """An amount goes out of circulation; on a document, without its holder: a debt that was paid."""
    return _ruling(reason, document), [], [AmountLeg(asset, amount, Place(source), SOURCE)]


def _ruling(reason: str, document: str) -> Ruling | None:
    """The ruling that an act rests on, if it rests on one."""
    if not reason and not document:
        return None
    if reason not in RULINGS:
        raise InputError("registry.reason_wrong", reason=reason, known=", ".join(RULINGS))
    return Ruling(reason, _hash(document))


# Encumbrances ---------------------------------------------------------------------------------------------------------


def lock(
    bench: Bench,
    kind: str,
    account: str,
    batch: str = "",
    units: int = 0,
    over: str = "",
    asset: str = "",
    amount: int = 0,
    beneficiary: str = "",
    target: str = "",
    priority: int = 1,
    expires: str = "",
    terms: str = "",
) -> Made:
    """An encumbrance on free units and amounts, or on what lies under another one (``over``).

    Of what lies under another one it takes the units said, the amount said, or all there is.
    """
    encumbrance_kind(kind)
    if expires and not is_stamp(expires):
        raise InputError("registry.not_a_moment", moment=expires)
    terms = _hash(terms) if terms else ""
    made = Encumbrance(f"E{bench.index:06d}", kind, account, beneficiary, target, priority, expires, terms)
    pieces = [(batch, *piece) for piece in bench.pieces(account, batch, units)] if batch and not over else []
    money = [(asset, Place(account), amount)] if asset and not over else []
    if over:
        beneath, holdings = bench.beneath(over)
        held = [holding for holding in holdings if holding.owner == account]
        wanted = units or sum(holding.serials.units for holding in held)
        if units or (held and not asset):
            pieces = [(holding.batch, *piece) for holding, piece in _portion(held, account, wanted)]
        if asset or not units:
            money = _money_beneath(bench, beneath, asset, amount)
    legs = [Leg(name, serials, where, locked_place(bench.state, where, made)) for name, serials, where in pieces]
    amounts = [AmountLeg(name, much, where, locked_place(bench.state, where, made)) for name, where, much in money]
    return replace(made, assets=tuple(sorted({name for name, _, _ in money}))), legs, amounts


def post(bench: Bench, locks: list[str], target: str = "", units: int = 0, document: str = "") -> Made:
    """What encumbrances were for happens: all that lies under them, or the first ``units``, goes to the target.

    Several at once commit together. What is left under one that is resolved in one piece goes back.
    """
    legs: list[Leg] = []
    amounts: list[AmountLeg] = []
    for name in locks:
        found, held = bench.beneath(name)
        kind = encumbrance_kind(found.kind)
        to = Place(kind.final or found.target or target)
        wanted = units or sum(holding.serials.units for holding in held)
        for holding, (serials, where) in _portion(held, name, wanted) if held else ():
            legs.append(Leg(holding.batch, serials, where, to))
        if kind.once and held:
            legs += _left(held, legs, name)
        for asset, where, much in bench.state.amounts_under(found):
            if not units or kind.once:  # of a part of the units, money that is resolved with them whole goes back
                amounts.append(AmountLeg(asset, much, where, where.without(name) if units else to))
    return Resolution(tuple(locks), _hash(document) if document else ""), legs, amounts


def release(bench: Bench, lock: str, units: int = 0, document: str = "") -> Made:
    """An encumbrance is lifted from all it lies on, or from the first ``units``."""
    found, held = bench.beneath(lock)
    wanted = units or sum(holding.serials.units for holding in held)
    portion = _portion(held, lock, wanted) if held else ()
    legs = [Leg(holding.batch, serials, where, where.without(lock)) for holding, (serials, where) in portion]
    part = units and not encumbrance_kind(found.kind).once
    locked = [] if part else bench.state.amounts_under(found)
    amounts = [AmountLeg(asset, much, where, where.without(lock)) for asset, where, much in locked]
    return Resolution((lock,), _hash(document) if document else ""), legs, amounts


def expire(bench: Bench, lock: str) -> Made:
    """An encumbrance whose time has run out is lifted."""
    return release(bench, lock)


# ----------------------------------------------------------------------------------------------------------------------


def record(bench: Bench, topic: str, subject: str, sha256: str) -> Made:
    """Something of another room, by its hash."""
    return Record(topic, subject, _hash(sha256)), [], []


SOURCE = Place(ISSUANCE)
#: What a leg of an exchange says: of units, of an amount.
LEG_FIELDS = ({"from", "to", "batch", "units"}, {"from", "to", "asset", "amount"})
#: Every act: the kind of entry it makes, and how.
ACTS: dict[str, tuple[str, Callable[..., Made]]] = {
    "open_account": ("account", open_account),
    "set_standing": ("standing", set_standing),
    "add_person": ("person", add_person),
    "end_person": ("person", end_person),
    "add_key": ("key", add_key),
    "end_key": ("key", end_key),
    "issue": ("issue", issue),
    "take_in": ("import", take_in),
    "transfer": ("transfer", transfer),
    "reassign": ("reassign", reassign),
    "exchange": ("transfer", exchange),
    "retire": ("retire", retire),
    "cancel": ("cancel", cancel),
    "define_asset": ("asset", define_asset),
    "mint": ("mint", mint),
    "redeem": ("redeem", redeem),
    "lock": ("lock", lock),
    "post": ("post", post),
    "release": ("release", release),
    "expire": ("expire", expire),
    "record": ("record", record),
}


def _check_target(source: str, target: str) -> None:
    if target == source or target.startswith("@") or "/" in target:
        raise RegistryError("registry.target_wrong", account=target)


def _hash(text: str) -> str:
    if not is_hash(text):
        raise InputError("registry.not_a_hash", text=text[:80])
    return text


def _number(leg: Mapping[str, Any], name: str) -> int:
    value = leg.get(name)
    if type(value) is not int:
        raise InputError("registry.arguments_wrong", act="exchange", detail=f"{name}: {value!r}")
    return value


def _period(days: list[str] | None) -> Period | None:
    if not days:
        return None
    try:
        first, last = (date.fromisoformat(day) for day in days)
    except ValueError:
        raise InputError("registry.arguments_wrong", act="retire", detail=f"period: {days}") from None
    return Period.inclusive(first, last)


def _portion(held: list[Holding], whose: str, units: int) -> Iterable[tuple[Holding, tuple[Interval, Place]]]:
    """The first units of some holdings, each piece with its holding."""
    pieces = take(held, held[0].batch if held else "–", whose, units)
    # The pieces first: they say so when there are not enough.
    return ((holding, piece) for piece, holding in zip(pieces, held, strict=False))


def _left(held: list[Holding], legs: list[Leg], lock: str) -> list[Leg]:
    """What no leg takes of some holdings, back to where it was without the encumbrance."""
    taken = {leg.serials.first: leg.serials.end for leg in legs}
    rest = []
    for holding in held:
        first = taken.get(holding.serials.first, holding.serials.first)
        if first < holding.serials.end:
            serials = Interval(first, holding.serials.end)
            rest.append(Leg(holding.batch, serials, holding.place, holding.place.without(lock)))
    return rest


def _money_beneath(bench: Bench, lock: Encumbrance, asset: str, amount: int) -> list[tuple[str, Place, int]]:
    """An amount of what lies under an encumbrance, or all of it."""
    there = [(name, where, much) for name, where, much in bench.state.amounts_under(lock) if asset in ("", name)]
    missing = amount or sum(much for _, _, much in there)
    found = []
    for name, where, much in there:
        if missing > 0:
            found.append((name, where, min(much, missing)))
            missing -= much
    if missing > 0:
        raise InsufficientUnits(account=lock.account, batch=asset, asked=amount, held=amount - missing)
    return found
