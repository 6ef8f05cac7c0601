"""The rules of the ledger, one function for each kind of entry: what must hold, and what it changes. Pure.

There is one door, :func:`apply`. Acts go through it before they are written, a replay goes through it after they were
published, so a registry cannot accept what an auditor would refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tanhui.kernel.signing import key_id
from tanhui.registry.entries import is_hash, is_stamp
from tanhui.registry.errors import RegistryError
from tanhui.registry.ledger import move
from tanhui.registry.model import (
    CANCELLED,
    ISSUANCE,
    MOST_PRIORITIES,
    PURPOSES,
    REASONS,
    RETIRED,
    RULINGS,
    Account,
    AmountLeg,
    Asset,
    Cancellation,
    Declaration,
    Encumbrance,
    Issuance,
    JournalEntry,
    Key,
    Leg,
    Person,
    Place,
    Record,
    Resolution,
    Retirement,
    Ruling,
    Seal,
    Standing,
)
from tanhui.registry.permissions import (
    BY_ITSELF,
    authorise,
    check_roles,
    encumbrance_kind,
    may_hold,
    ordinary,
    raw_key,
)
from tanhui.registry.state import State
from tanhui.registry.vouching import is_vouched

__all__ = ["apply"]

KG_PER_T = 1000
LAST_YEAR = 9999
#: Encumbrances on one place, but for a court's. Every leg names them all, and so does a key of the database.
MOST_LOCKS = 64
#: What may move: serials, amounts. Of all other entries nothing does.
BRINGS = frozenset({"issue", "import"})
MOVES_AMOUNTS = frozenset({"transfer", "reassign", "mint", "redeem", "lock", "post", "release", "expire"})
MOVES_UNITS = frozenset({*BRINGS, *MOVES_AMOUNTS, "retire", "cancel"} - {"mint", "redeem"})


def apply(state: State, entry: JournalEntry) -> None:
    """Check an entry against the rules and carry it out; a refused one leaves the state as it was.

    Raises
    ------
    RegistryError
        If a rule forbids it.
    """
    mark = state.undo.mark()
    try:
        _need(entry.at == state.at or (entry.at > state.at and is_stamp(entry.at)), "order")
        _need(not entry.legs or entry.kind in MOVES_UNITS, "legs")
        _need(not entry.amounts or entry.kind in MOVES_AMOUNTS, "amounts")
        _need(not entry.by or entry.kind not in BY_ITSELF, "people")
        authorise(state, entry)
        RULES[entry.kind](state, entry)
        _use_orders(state, entry)
    except BaseException:
        state.undo.back_to(mark)
        raise
    state.at = entry.at


def _need(right: bool, what: str) -> None:
    """A rule that only a wrong program or a forged log breaks."""
    if not right:
        raise RegistryError("registry.rule_broken", what=what)


def _use_orders(state: State, entry: JournalEntry) -> None:
    """A signed order is good for one entry: its signature is public from then on, and anybody could show it again."""
    for order in entry.orders():
        if state.orders.get(order) is not None:
            raise RegistryError("registry.order_used", order=order)
        state.orders.put(order, entry.index)


def _registry(state: State, entry: JournalEntry) -> None:
    declaration = entry.as_kind(Declaration)
    _need(state.registry is None and entry.index == 0, "declaration")
    _need(declaration.eyes == 2 or (declaration.eyes == 1 and declaration.sandbox), "eyes")
    _need(declaration.sandbox == declaration.origin.endswith("/sandbox") and bool(declaration.keys), "declaration")
    _need(bool(declaration.account and declaration.person) and ordinary(declaration.account), "declaration")
    state.registry = declaration
    state.accounts.put(declaration.account, Account(declaration.account, "", ("operator",)))
    _engage(state, Person(declaration.person, declaration.account, ""))


def _account(state: State, entry: JournalEntry) -> None:
    account = entry.as_kind(Account)
    _need(ordinary(account.id) and "/" not in account.id and account.id != "", "account")
    _need(state.accounts.get(account.id) is None, "account twice")
    _need(is_hash(account.commitment), "commitment")
    check_roles(account.roles)
    _need(bool(account.roles), "account")
    state.accounts.put(account.id, account)


def _standing(state: State, entry: JournalEntry) -> None:
    standing = entry.as_kind(Standing)
    check_roles(standing.roles)
    account = _known_account(state, standing.account)
    _need(account.id != _declared(state).account or "operator" in standing.roles, "operator")
    if standing.roles and not may_hold(standing.roles) and state.owns(account.id):
        raise RegistryError("registry.roles_apart", role=", ".join(standing.roles), other=", ".join(account.roles))
    state.accounts.put(account.id, replace(account, roles=standing.roles))


def _person(state: State, entry: JournalEntry) -> None:
    person = entry.as_kind(Person)
    known = state.people.get(person.id)
    _known_account(state, person.account)
    _need(person.id != "" and (known is None or replace(known, active=person.active) == person), "person")
    # Who left does not come back under the same name, nor do the keys that went along.
    _need(is_hash(person.commitment) if known is None else known.active or not person.active, "person")
    before = len(_operators(state))
    _engage(state, person)
    if len(_operators(state)) < min(before, _declared(state).eyes):
        raise RegistryError("registry.too_few_operators", eyes=_declared(state).eyes)


def _operators(state: State) -> tuple[str, ...]:
    """The people of the first operator."""
    return state.staff.get(_declared(state).account) or ()


def _engage(state: State, person: Person) -> None:
    """Somebody begins or ends acting for an account."""
    others = {*(state.staff.get(person.account) or ())} - {person.id}
    state.people.put(person.id, person)
    state.staff.put(person.account, tuple(sorted(others | {person.id} if person.active else others)) or None)


def _key(state: State, entry: JournalEntry) -> None:
    key = entry.as_kind(Key)
    known = state.keys.get(key.id)
    raw = raw_key(key.public)
    _need(state.people.get(key.person) is not None and raw is not None and key.id == key_id(raw), "key")
    # A key that ended does not come back.
    _need(key.active if known is None else known.active and known == replace(key, active=True), "key")
    state.keys.put(key.id, key)


def _asset(state: State, entry: JournalEntry) -> None:
    asset = entry.as_kind(Asset)
    _known_account(state, asset.issuer)
    _need(state.assets.get(asset.id) is None and asset.id != "", "asset twice")
    state.assets.put(asset.id, asset)


def _issue(state: State, entry: JournalEntry) -> None:
    claim = entry.as_kind(Issuance).claim
    _need(entry.as_kind(Issuance).origin is None, "origin")
    earlier = state.periods.get(claim.project) or ()
    if state.claims.get(claim.claim_sha256) is None and any(period.overlap(claim.period) for period in earlier):
        raise RegistryError("registry.period_issued")
    if not claim.sandbox:
        _need_voucher(state, entry.as_kind(Issuance))
    _bring_in(state, entry)
    state.periods.put(claim.project, (*earlier, claim.period))


def _need_voucher(state: State, issuance: Issuance) -> None:
    """In earnest a verifier known here has signed for just this: the log shows it to everybody."""
    key = state.keys.get(issuance.claim.verifier)
    person = state.people.get(key.person) if key else None
    account = state.accounts.get(person.account) if person else None
    known = key and person and account and key.active and person.active and "verifier" in account.roles
    if not known or not is_vouched(issuance.claim, issuance.pieces, _declared(state).origin, key.public):  # type: ignore[union-attr]
        raise RegistryError("registry.not_verified")


def _import(state: State, entry: JournalEntry) -> None:
    """Units that another registry gave away: once for each export, and no serial of its line twice."""
    origin = entry.as_kind(Issuance).origin
    if origin is None or not origin.registry or origin.registry == _declared(state).origin:
        raise RegistryError("registry.rule_broken", what="origin")
    earlier = state.foreign.get(origin.registry) or ()
    if any(other.id == origin.id or other.serials.overlaps(origin.serials) for other in earlier):
        raise RegistryError("registry.imported_already", registry=origin.registry, serials=str(origin.serials))
    # In earnest somebody can be shown what an import rests on.
    if not is_hash(origin.document) and (origin.document or not _declared(state).sandbox):
        raise RegistryError("registry.import_unproven", registry=origin.registry, export=origin.id)
    _bring_in(state, entry)
    state.foreign.put(origin.registry, (*earlier, origin))
    state.imports.put((origin.registry, origin.id), origin)


def _bring_in(state: State, entry: JournalEntry) -> None:
    """New batches at the end of the line, each given out whole."""
    claim, registry = entry.as_kind(Issuance).claim, _declared(state)
    pieces = entry.as_kind(Issuance).pieces
    if state.claims.get(claim.claim_sha256) is not None:
        raise RegistryError("registry.claim_issued", claim=claim.claim_sha256)
    _need(claim.sandbox == registry.sandbox, "sandbox")
    _need(claim.creditable == (claim.open_points == 0), "creditable")
    _need(claim.sandbox or (claim.creditable and claim.verifier != ""), "indicative outside a sandbox")
    _need(claim.unit_kg in (1, KG_PER_T), "unit")
    units = sum(piece.serials.units for piece in pieces)
    _need(units * claim.unit_kg == claim.credits_t * KG_PER_T, "units are not the credits")
    _need(bool(pieces) and len({piece.vintage for piece in pieces}) == len(pieces), "vintage twice")
    _need(all(1 <= piece.vintage <= LAST_YEAR for piece in pieces), "vintage")
    _need(_tile(entry.legs, [(piece.id, piece.serials.first, piece.serials.end) for piece in pieces]), "legs")
    for leg in entry.legs:
        _need(leg.source == Place(ISSUANCE), "legs")
        _need_holder(state, leg.target, CANCELLED)
    serial = state.next_serial
    for batch in entry.as_kind(Issuance).batches:
        _need(batch.serials.first == serial and state.batches.get(batch.id) is None, "line")
        state.batches.put(batch.id, batch)
        serial = batch.serials.end
    state.issue_up_to(serial, state.batch_count + len(pieces))
    state.claims.put(claim.claim_sha256, claim)
    move(state, entry.legs)


def _tile(legs: tuple[Leg, ...], pieces: list[tuple[str, int, int]]) -> bool:
    """Whether legs cover pieces end to end, in order."""
    rest = list(legs)
    for batch, first, end in pieces:
        while first < end:
            if not rest or rest[0].batch != batch or rest[0].serials.first != first or rest[0].serials.end > end:
                return False
            first = rest.pop(0).serials.end
    return not rest


def _transfer(state: State, entry: JournalEntry) -> None:
    _need(bool(entry.legs or entry.amounts), "legs")
    for leg in entry.moves:
        _need(leg.source.free and leg.target.free and ordinary(leg.source.owner), "places")
        _need(leg.source != leg.target, "parties")
        _need_holder(state, leg.target)
    move(state, entry.legs, entry.amounts)


def _reassign(state: State, entry: JournalEntry) -> None:
    """Units of one account change hands on a document, without its people."""
    entry.as_kind(Ruling)
    _need_ruling(entry)
    _need(len({leg.source.owner for leg in entry.moves}) == 1, "legs")
    _transfer(state, entry)


def _need_ruling(entry: JournalEntry) -> None:
    """Where there is a ruling, it says why, and names the document that it rests on."""
    if isinstance(entry.noun, Ruling):
        _need(entry.noun.reason in RULINGS and is_hash(entry.noun.document), "ruling")


def _mint(state: State, entry: JournalEntry) -> None:
    _need_ruling(entry)
    _need(bool(entry.amounts), "legs")
    for leg in entry.amounts:
        _need(leg.source == Place(ISSUANCE) and leg.target.free, "places")
        _need_asset(state, leg.asset)
        _need_holder(state, leg.target)
    move(state, (), entry.amounts)


def _redeem(state: State, entry: JournalEntry) -> None:
    _need_ruling(entry)
    _need(bool(entry.amounts), "legs")
    for leg in entry.amounts:
        _need(leg.target == Place(ISSUANCE) and leg.source.free and ordinary(leg.source.owner), "places")
        _need_asset(state, leg.asset)
    move(state, (), entry.amounts)


def _retire(state: State, entry: JournalEntry) -> None:
    retirement = entry.as_kind(Retirement)
    _need(retirement.id == f"R{entry.index:06d}" and retirement.purpose in PURPOSES, "retirement")
    _need(is_hash(retirement.beneficiary), "commitment")
    _use_up(state, entry, RETIRED)


def _cancel(state: State, entry: JournalEntry) -> None:
    cancellation = entry.as_kind(Cancellation)
    _need(cancellation.id == f"C{entry.index:06d}" and cancellation.reason in REASONS, "cancellation")
    _need(not cancellation.document or is_hash(cancellation.document), "cancellation")
    _use_up(state, entry, CANCELLED)


def _use_up(state: State, entry: JournalEntry, end: str) -> None:
    """Units of one account and one batch go where nothing comes back from."""
    _need(len({(leg.source, leg.batch) for leg in entry.legs}) == 1, "legs")
    for leg in entry.legs:
        _need(leg.source.free and ordinary(leg.source.owner) and leg.target == Place(end), "legs")
    move(state, entry.legs)


def _lock(state: State, entry: JournalEntry) -> None:
    lock = entry.as_kind(Encumbrance)
    kind = encumbrance_kind(lock.kind)
    _need(lock.id == f"E{entry.index:06d}" and 1 <= lock.priority <= MOST_PRIORITIES, "encumbrance")
    _need(not lock.terms or is_hash(lock.terms), "terms")
    _known_account(state, lock.account)
    if lock.beneficiary:
        _known_account(state, lock.beneficiary)
    if lock.target:
        _need_holder(state, Place(lock.target))
    _need(not lock.target or not kind.final, "target")
    _need(not lock.expires or (kind.expires and is_stamp(lock.expires) and lock.expires > entry.at), "expiry")
    if not lock.beneficiary and {*kind.released_by} <= {"beneficiary"}:
        raise RegistryError("registry.beneficiary_missing", kind=lock.kind)
    _need(bool(entry.legs or entry.amounts), "legs")
    for leg in entry.moves:
        _need(leg.source.owner == lock.account and ordinary(lock.account), "places")
        _need(leg.target == locked_place(state, leg.source, lock), "places")
    _need(lock.assets == tuple(sorted({leg.asset for leg in entry.amounts})), "assets")
    state.encumbrances.put(lock.id, lock)
    move(state, entry.legs, entry.amounts)


def _age(lock: str) -> int:
    """How late an encumbrance came: its place in the log, which its name says. As texts, E1000000 is before E999999."""
    return int(lock[1:])


def locked_place(state: State, source: Place, lock: Encumbrance) -> Place:
    """Where units are once an encumbrance lies on them beside what lies there already: the strongest first.

    Raises
    ------
    RegistryError
        If it cannot lie beside one of the others.
    """
    kind = encumbrance_kind(lock.kind)
    if len(source.locks) >= MOST_LOCKS and not kind.overrides:
        raise RegistryError("registry.too_many_locks", most=MOST_LOCKS)
    ranked = [(kind.precedence, lock.priority, _age(lock.id), lock.id)]
    for name in source.locks:
        other = state.encumbrances.get(name)
        if other is None:
            raise RegistryError("registry.unknown_encumbrance", lock=name)
        there = encumbrance_kind(other.kind)
        beside = not kind.exclusive and not there.exclusive and there.precedence == kind.precedence
        if not kind.overrides and not (beside and other.priority < lock.priority):
            raise RegistryError("registry.encumbered", lock=name, kind=other.kind)
        ranked.append((there.precedence, other.priority, _age(other.id), other.id))
    return Place(source.owner, tuple(name for *_, name in sorted(ranked)))


def _post(state: State, entry: JournalEntry) -> None:
    """What an encumbrance was for happens: its units go to whom they were meant for."""
    for lock, legs in _by_lock(state, entry):
        kind = encumbrance_kind(lock.kind)
        if kind.needs_document and not is_hash(entry.as_kind(Resolution).document):
            raise RegistryError("registry.document_missing", lock=lock.id, kind=lock.kind)
        for leg in legs:
            if leg.target == leg.source.without(lock.id):
                _need(kind.once, "places")
                continue
            _need_strongest(leg.source, lock.id)
            _need(leg.target.free and leg.target.owner != lock.account, "places")
            _need(not lock.target or leg.target.owner == lock.target, "target")
            _need(not kind.final or leg.target.owner == kind.final, "target")
            _need_holder(state, leg.target, kind.final)
        _need(any(leg.target != leg.source.without(lock.id) for leg in legs), "legs")
    _resolve(state, entry)


def _release(state: State, entry: JournalEntry) -> None:
    for lock, legs in _by_lock(state, entry):
        for leg in legs:
            _need(leg.target == leg.source.without(lock.id), "places")
    _resolve(state, entry)


def _expire(state: State, entry: JournalEntry) -> None:
    for lock, legs in _by_lock(state, entry):
        if not lock.expires or lock.expires > entry.at:
            raise RegistryError("registry.not_expired", lock=lock.id, expires=lock.expires or "–")
        for leg in legs:
            _need(leg.target == leg.source.without(lock.id), "places")
            strongest = state.encumbrances.get(leg.source.locks[0])
            if strongest is None:
                raise RegistryError("registry.unknown_encumbrance", lock=leg.source.locks[0])
            # Time does not run out under a court's order.
            if encumbrance_kind(strongest.kind).precedence < encumbrance_kind(lock.kind).precedence:
                raise RegistryError("registry.encumbered", lock=strongest.id, kind=strongest.kind)
    _resolve(state, entry, whole=True)


def _by_lock(state: State, entry: JournalEntry) -> list[tuple[Encumbrance, list[Leg | AmountLeg]]]:
    """The legs of each encumbrance that an entry resolves. Each leg comes from under exactly one of them."""
    names, document = entry.as_kind(Resolution).locks, entry.as_kind(Resolution).document
    _need(not document or is_hash(document), "document")
    _need(len(set(names)) == len(names) > 0, "locks")
    found: list[tuple[Encumbrance, list[Leg | AmountLeg]]] = []
    legs = entry.moves
    for name in names:
        lock = state.encumbrances.get(name)
        if lock is None:
            raise RegistryError("registry.unknown_encumbrance", lock=name)
        own = [leg for leg in legs if leg.source.under(name)]
        if not own:
            raise RegistryError("registry.nothing_under", lock=name)
        found.append((lock, own))
    _need(all(sum(leg.source.under(name) for name in names) == 1 for leg in legs), "legs")
    return found


def _resolve(state: State, entry: JournalEntry, *, whole: bool = False) -> None:
    """Carry out the legs; afterwards nothing is left under an encumbrance that ends in one piece."""
    move(state, entry.legs, entry.amounts)
    for name in entry.as_kind(Resolution).locks:
        lock = state.encumbrances.get(name)
        assert lock is not None
        if whole or encumbrance_kind(lock.kind).once:
            _need(not state.book.under(name), "not resolved whole")
            _need(not state.amounts_under(lock), "amounts")


def _need_strongest(source: Place, lock: str) -> None:
    """What is weaker waits."""
    if source.locks[0] != lock:
        raise RegistryError("registry.weaker", lock=lock, stronger=source.locks[0])


def _record(state: State, entry: JournalEntry) -> None:
    _need(is_hash(entry.as_kind(Record).sha256), "record")


def _seal(state: State, entry: JournalEntry) -> None:
    """Whether it names the state as it is: who seals has just computed it, a replay compares."""
    _need(is_hash(entry.as_kind(Seal).state), "state root")


def _known_account(state: State, account: str) -> Account:
    found = state.accounts.get(account)
    if found is None:
        raise RegistryError("registry.unknown_account", account=account)
    return found


def _declared(state: State) -> Declaration:
    assert state.registry is not None
    return state.registry


def _need_asset(state: State, asset: str) -> None:
    if state.assets.get(asset) is None:
        raise RegistryError("registry.unknown_asset", asset=asset)


def _need_holder(state: State, target: Place, end: str = "") -> None:
    """Units and amounts come to an account that may hold them, or to an end that the act allows."""
    if end and target == Place(end):
        return
    if not target.free or not ordinary(target.owner):
        raise RegistryError("registry.target_wrong", account=str(target))
    if not may_hold(_known_account(state, target.owner).roles):
        raise RegistryError("registry.target_wrong", account=str(target))


RULES: dict[str, Callable[[State, JournalEntry], None]] = {
    "registry": _registry,
    "account": _account,
    "standing": _standing,
    "person": _person,
    "key": _key,
    "asset": _asset,
    "issue": _issue,
    "import": _import,
    "transfer": _transfer,
    "reassign": _reassign,
    "mint": _mint,
    "redeem": _redeem,
    "retire": _retire,
    "cancel": _cancel,
    "lock": _lock,
    "post": _post,
    "release": _release,
    "expire": _expire,
    "record": _record,
    "seal": _seal,
}
