"""The state, rebuilt from the log alone: every rule of the ledger checked again on the way. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.registry.entries import decode_entry
from tanhui.registry.errors import RegistryError
from tanhui.registry.ledger import Book
from tanhui.registry.model import ISSUANCE, RETIRED, Account, Batch, Declaration, IssuedClaim, JournalEntry, Retirement

__all__ = ["State", "replay"]

KG_PER_T = 1000


@dataclass
class State:
    """What the entries of a log add up to."""

    registry: Declaration
    at: str
    accounts: dict[str, Account] = field(default_factory=dict)
    claims: dict[str, IssuedClaim] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    retirements: dict[str, Retirement] = field(default_factory=dict)
    book: Book = field(default_factory=Book)
    next_serial: int = 1


def replay(leaves: Iterable[bytes]) -> State:
    """Carry out every leaf in order.

    Raises
    ------
    IntegrityError
        At the first leaf that is malformed, out of place, or breaks a rule.
    """
    state: State | None = None
    for index, leaf in enumerate(leaves):
        try:
            entry = decode_entry(leaf)
            _check(entry.index == index, "index")
            if state is None:
                _check(entry.kind == "registry" and entry.registry is not None and not entry.legs, "declaration")
                assert entry.registry is not None
                state = State(entry.registry, entry.at)
                continue
            _check(entry.at >= state.at and entry.kind != "registry", "order")
            state.at = entry.at
            _STEP[entry.kind](state, entry)
        except TanhuiError as error:
            raise IntegrityError("registry.replay_refused", index=index, why=error.text()) from None
    if state is None:
        raise IntegrityError("registry.replay_refused", index=0, why="empty log")
    return state


def _check(right: bool, what: str) -> None:
    if not right:
        raise RegistryError("registry.rule_broken", what=what)


def _account(state: State, entry: JournalEntry) -> None:
    assert entry.account is not None
    _check(entry.account.id not in state.accounts and not entry.account.id.startswith("@"), "account")
    _check(not entry.legs, "legs")
    state.accounts[entry.account.id] = entry.account


def _issue(state: State, entry: JournalEntry) -> None:
    claim = entry.claim
    assert claim is not None
    _check(claim.claim_sha256 not in state.claims, "claim issued twice")
    earlier = [other.period for other in state.claims.values() if other.project == claim.project]
    _check(not any(period.overlap(claim.period) for period in earlier), "period issued twice")
    _check(claim.sandbox == state.registry.sandbox, "sandbox")
    _check(claim.creditable == (claim.open_points == 0), "creditable")
    _check(claim.sandbox or (claim.creditable and claim.verifier != ""), "indicative outside a sandbox")
    units = sum(batch.serials.units for batch in entry.batches)
    _check(units * claim.unit_kg == claim.credits_t * KG_PER_T, "units are not the credits")
    _check(len({batch.vintage for batch in entry.batches}) == len(entry.batches), "vintage twice")
    _check([(leg.batch, leg.serials) for leg in entry.legs] == [(b.id, b.serials) for b in entry.batches], "legs")
    _check({leg.source for leg in entry.legs} == {ISSUANCE} and len({leg.target for leg in entry.legs}) == 1, "legs")
    _check(entry.legs[0].target in state.accounts, "owner")
    state.claims[claim.claim_sha256] = claim
    for batch in entry.batches:
        _check(batch.serials.first == state.next_serial and batch.id not in state.batches, "line")
        state.batches[batch.id], state.next_serial = batch, batch.serials.end
    state.book.apply(entry.legs)


def _transfer(state: State, entry: JournalEntry) -> None:
    _check(bool(entry.legs), "legs")
    for leg in entry.legs:
        _check(leg.source in state.accounts and leg.target in state.accounts and leg.source != leg.target, "parties")
    state.book.apply(entry.legs)


def _retire(state: State, entry: JournalEntry) -> None:
    retirement = entry.retirement
    assert retirement is not None
    _check(retirement.id == f"R{entry.index:06d}", "retirement id")
    _check(retirement.account in state.accounts, "account")
    _check({leg.target for leg in entry.legs} == {RETIRED}, "legs")
    state.retirements[retirement.id] = retirement
    state.book.apply(entry.legs)


_STEP = {"account": _account, "issue": _issue, "transfer": _transfer, "retire": _retire}
