"""The registry's use cases: open accounts, issue, transfer, encumber, retire, prove.

A registry is a folder: ``registry.db`` (or the address of a PostgreSQL database), the operator's keys (readable by
their owner only) and ``trust.json``, the public file to hand out. Every act names a request id that the client made:
the same id again returns what the first one did and changes nothing. An act that is refused leaves no trace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, Self

from sqlalchemy import Connection

from tanhui.kernel.errors import InputError
from tanhui.kernel.signing import TrustedKey
from tanhui.kernel.time import Period
from tanhui.registry.acts import Order, expiry_request
from tanhui.registry.audit import audit_store
from tanhui.registry.certificate import build_certificate
from tanhui.registry.commitments import Opening
from tanhui.registry.entries import to_document
from tanhui.registry.errors import RegistryError, RequestReused
from tanhui.registry.folder import load_signers, make_folder, open_store, timestamp
from tanhui.registry.issuance import issuable
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.log.tree import consistency_proof, inclusion_proof
from tanhui.registry.model import (
    Account,
    Approval,
    Batch,
    Declaration,
    Encumbrance,
    Holding,
    Issuance,
    JournalEntry,
    Leg,
    Place,
)
from tanhui.registry.store import Reader, Store
from tanhui.registry.verdict import Verdict
from tanhui.registry.views import AccountView, Balance, Ending
from tanhui.registry.writing import Desk, Outcome, form_fault

__all__ = ["Registry"]

Now = Callable[[], datetime]
Entropy = Callable[[int], bytes]


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


class Registry:
    """One registry, opened. Clock and randomness are arguments so that tests can repeat them.

    Parameters
    ----------
    folder : Path
        Where its keys lie, and its database unless another one was named when it was made.
    publish_each : bool
        Sign a checkpoint with every act. A server signs one for all acts of a moment instead, by :meth:`publish`.
    """

    def __init__(
        self, folder: Path, *, publish_each: bool = True, now: Now = utc_now, entropy: Entropy = os.urandom
    ) -> None:
        self.folder, self._publish_each = folder, publish_each
        self._now, self._entropy = now, entropy
        self._store: Store = open_store(folder)
        with self._store.reading() as view:
            declared = view.entry(0).noun
        if not isinstance(declared, Declaration):
            raise InputError("registry.not_a_registry", path=str(folder))
        self.declaration = declared
        self._desk, self._lock = Desk(declared, entropy), RLock()

    @classmethod
    def init(
        cls,
        folder: Path,
        name: str,
        *,
        sandbox: bool = True,
        eyes: int | None = None,
        database: str | None = None,
        now: Now = utc_now,
        entropy: Entropy = os.urandom,
    ) -> Registry:
        """Make a new registry in an absent or empty folder.

        Parameters
        ----------
        folder : Path
            Where; it appears finished or not at all.
        name : str
            The origin of the log, a URL without scheme such as ``registry.example/forest``. A sandbox registry's
            origin ends in ``/sandbox``, so that every serial, checkpoint and signature says so.
        eyes : int, optional
            How many people of the operator it takes to issue, cancel or unfreeze: 2, in a sandbox 1, unless said.
        database : str, optional
            The address of an empty PostgreSQL database; by default a SQLite file in the folder.
        """
        if not name or not name.isprintable() or any(letter.isspace() or letter == "+" for letter in name):
            raise InputError("registry.name_wrong", name=name)
        origin = f"{name.removesuffix('/sandbox')}/sandbox" if sandbox else name
        if not sandbox and origin.endswith("/sandbox"):
            raise InputError("registry.name_wrong", name=name)
        eyes = (1 if sandbox else 2) if eyes is None else eyes
        if eyes not in (1, 2) or (eyes == 1 and not sandbox):
            raise InputError("registry.eyes_wrong", eyes=eyes)
        declaration = Declaration(origin, sandbox, (), eyes, "A" + entropy(8).hex(), "P" + entropy(8).hex())
        make_folder(folder, declaration, timestamp(now()), entropy, database)
        return cls(folder, now=now, entropy=entropy)

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.declaration.origin

    @property
    def sandbox(self) -> bool:
        """Whether indicative claims may be issued here, and nothing counts."""
        return self.declaration.sandbox

    def close(self) -> None:
        """Give the database back."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Acts -------------------------------------------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> list[Outcome]:
        """Do what can be done of some orders, each by itself, in one transaction that is on disk when this returns."""
        with self._lock, self._writing() as tx:
            outcomes = self._desk.carry_out(tx, orders, timestamp(self._now()))
            if self._publish_each and any(outcome.entry and not outcome.repeated for outcome in outcomes):
                self._publish(tx)
        return outcomes

    def do(self, act: str, request: str, by: Sequence[str] | None = None, /, **arguments: Any) -> JournalEntry:
        """One order, done or refused. Without ``by`` it is the first operator who asks."""
        return self.submit([self.order(act, request, by, **arguments)])[0].done()

    def order(self, act: str, request: str, by: Sequence[str] | None = None, /, **arguments: Any) -> Order:
        """An order of people known by a session; an argument that is ``None`` is left out."""
        people = [self.declaration.person] if by is None else by
        given = {name: value for name, value in arguments.items() if value is not None}
        return Order(request, act, given, tuple(Approval(person) for person in people))

    def propose(self, order: Order, *, agreed: bool = False) -> Outcome:
        """An order that may take another pair of eyes: done at once if its people are enough, else kept for others.

        ``agreed``: it must wait already, or somebody has taken it back meanwhile.

        Only people known by a session may propose and agree: a signed order speaks for itself.
        """
        fault = form_fault(order)
        if fault is not None:
            return Outcome(order, refused=fault)
        with self._lock, self._writing() as tx:
            shown = [other for other in tx.proposals() if other.request == order.request]
            if any((o.fingerprint(), o.secret()) != (order.fingerprint(), order.secret()) for o in shown):
                return Outcome(order, refused=RequestReused(order.request))
            if agreed and not shown:
                return Outcome(order, refused=RegistryError("registry.unknown_proposal", request=order.request))
            outcome = self._desk.carry_out(tx, [order], timestamp(self._now()))[0]
            waits = outcome.refused is not None and outcome.refused.code == "registry.not_permitted"
            if waits:
                tx.keep_proposal(order, timestamp(self._now()))
            else:
                tx.drop_proposal(order.request)
            if self._publish_each and outcome.entry is not None and not outcome.repeated:
                self._publish(tx)
        return outcome

    def agree(self, request: str, person: str) -> Outcome:
        """Somebody else agrees to a proposal.

        Raises
        ------
        RegistryError
            If nothing of that name waits.
        """
        order = self.proposal(request)
        if person in (approval.person for approval in order.by):
            return Outcome(order, refused=RegistryError("registry.agreed_already", person=person))
        return self.propose(replace(order, by=(*order.by, Approval(person))), agreed=True)

    def withdraw(self, request: str) -> bool:
        """Take a proposal back; whether there was one."""
        with self._lock, self._writing() as tx:
            found: bool = tx.drop_proposal(request)
        return found

    def proposals(self) -> list[Order]:
        """Orders that wait for another pair of eyes."""
        with self._store.reading() as view:
            return view.proposals()

    def proposal(self, request: str) -> Order:
        """One of them."""
        found = [order for order in self.proposals() if order.request == request]
        if not found:
            raise RegistryError("registry.unknown_proposal", request=request)
        return found[0]

    def publish(self) -> str:
        """Seal the state and sign a checkpoint over all acts so far; the newest one, if nothing happened since."""
        with self._lock, self._writing() as tx:
            return self._publish(tx)

    def open_account(
        self,
        name: str,
        *,
        request: str,
        roles: Sequence[str] | None = None,
        region: str = "",
        by: Sequence[str] | None = None,
    ) -> AccountView:
        """A new account. Its id is a pseudonym; the name is committed to, and can be erased."""
        wanted = list(roles) if roles is not None else None
        opened = self.do("open_account", request, by, name=name, roles=wanted, region=region)
        account: Account = opened.as_kind(Account)
        return AccountView(account.id, name, account.commitment, account.roles, account.region, self.sandbox)

    def issue_order(
        self,
        result: Mapping[str, Any],
        manifest: Mapping[str, Any],
        claim: Mapping[str, Any],
        *,
        owner: str,
        region: str,
        product: str = "",
        unit_kg: int = 1000,
        request: str,
        statement: Mapping[str, Any] | None = None,
        shares: Sequence[tuple[str, int | Mapping[str, int]]] = (),
        by: Sequence[str] | None = None,
    ) -> Order:
        """The order that turns a claim into batches. See :func:`tanhui.registry.issuance.issuable`.

        Parameters
        ----------
        result, manifest, claim : mapping
            ``result.json``, ``manifest.json`` and the claim in it.
        owner : str
            The account that receives the units, but for the ``shares``: pairs of a target and a part of 10,000, or the
            units of each vintage.
        statement : mapping, optional
            What a verifier signed, with a key of theirs in this registry; needed outside a sandbox.

        Raises
        ------
        NotIssuable
            If the claim must not be issued here, or its documents do not belong together.
        """
        issued, units = issuable(
            result,
            manifest,
            claim,
            region=region,
            product=product,
            unit_kg=unit_kg,
            sandbox=self.sandbox,
            registry=self.origin,
            statement=statement,
            verifiers=self.verifiers(),
        )
        arguments: dict[str, Any] = {"claim": to_document(issued), "owner": owner}
        arguments["units"] = {str(year): count for year, count in units.items()}
        if shares:
            arguments["shares"] = [[target, dict(it) if isinstance(it, Mapping) else it] for target, it in shares]
        return self.order("issue", request, by, **arguments)

    def verifiers(self) -> dict[str, TrustedKey]:
        """The keys of people who act for verifiers here."""
        with self._store.reading() as view:
            return view.verifiers()

    def issue_from_claim(self, *documents: Mapping[str, Any], **terms: Any) -> tuple[Batch, ...]:
        """Turn a claim into batches, one per vintage, in one entry; arguments as for :meth:`issue_order`.

        Raises
        ------
        RegistryError
            If the claim was issued before, or any day of its period was for this project.
        """
        entry = self.submit([self.issue_order(*documents, **terms)])[0].done()
        issuance: Issuance = entry.as_kind(Issuance)
        return issuance.batches

    def transfer(
        self, source: str, target: str, batch: str, units: int, *, request: str, by: Sequence[str] | None = None
    ) -> tuple[Holding, ...]:
        """Move units of a batch to another account, lowest serial first; returns what moved."""
        entry = self.do("transfer", request, by, source=source, target=target, batch=batch, units=units)
        return arrived(entry.legs)

    def retire(
        self,
        account: str,
        batch: str,
        units: int,
        *,
        beneficiary: str,
        purpose: str,
        period: Period | None = None,
        request: str,
        by: Sequence[str] | None = None,
    ) -> Ending:
        """Retire units for ever. The public log learns of the beneficiary only a commitment."""
        days = period.to_list() if period else None
        wanted = {"account": account, "batch": batch, "units": units, "purpose": purpose, "period": days}
        return Ending.of(self.do("retire", request, by, **wanted, beneficiary_name=beneficiary))

    def cancel(
        self,
        account: str,
        batch: str,
        units: int,
        *,
        reason: str,
        document: str = "",
        request: str,
        by: Sequence[str] | None = None,
    ) -> Ending:
        """Take units out of the world for ever without their being used."""
        wanted = {"account": account, "batch": batch, "units": units, "reason": reason, "document": document}
        return Ending.of(self.do("cancel", request, by, **wanted))

    def lock(
        self, kind: str, account: str, *, request: str, by: Sequence[str] | None = None, **what: Any
    ) -> Encumbrance:
        """Lay an encumbrance on units or an amount. See :func:`tanhui.registry.acts.lock` for what may be said."""
        entry = self.do("lock", request, by, kind=kind, account=account, **what)
        made: Encumbrance = entry.as_kind(Encumbrance)
        return made

    def expire_due(self) -> list[str]:
        """Lift every encumbrance whose time has run out, except under a court's order; which ones were lifted."""
        with self._store.reading() as view:
            due = view.due(timestamp(self._now()))
        outcomes = self.submit([Order(expiry_request(lock), "expire", {"lock": lock}) for lock in due])
        return [str(outcome.order.arguments["lock"]) for outcome in outcomes if outcome.refused is None]

    @contextmanager
    def transaction(self) -> Iterator[tuple[Connection, Callable[[Sequence[Order]], list[Outcome]]]]:
        """One transaction for other rooms: their rows and the ledger's entries are on disk together or not at all.

        Yields
        ------
        connection, submit
            A connection inside the transaction that holds the write lock, and how orders are carried out in it. An
            order that is refused raises, unless the room looks at the outcome itself.
        """
        with self._lock, self._writing() as tx:
            tx.head()  # takes PostgreSQL's write lock: what the room reads from here on stays so
            yield tx.connection, lambda orders: self._desk.carry_out(tx, orders, timestamp(self._now()))
            if self._publish_each:
                self._publish(tx)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One unmoving view of the database, for the questions of other rooms."""
        with self._store.reading() as view:
            yield view.connection

    def roles_of(self, account: str) -> tuple[str, ...]:
        """What an account may do."""
        with self._store.reading() as view:
            found = view.account(account)
        if found is None:
            raise RegistryError("registry.unknown_account", account=account)
        return found.roles

    def erase(self, commitment: str) -> bool:
        """Forget the name behind a commitment, for ever; whether there was one to forget. The log does not change."""
        with self._lock, self._store.writing() as tx:
            found = tx.erase_opening(commitment)
        self._store.scrub()
        return found

    # Questions --------------------------------------------------------------------------------------------------------

    def accounts(self) -> list[AccountView]:
        """Every account."""
        with self._store.reading() as view:
            found = [(account, view.opening(account.commitment)) for account in view.accounts()]
        return [
            AccountView(a.id, opening.value if opening else None, a.commitment, a.roles, a.region, self.sandbox)
            for a, opening in found
            if a.id != self.declaration.account
        ]

    def batches(self) -> list[Batch]:
        """Every batch, lowest serial first."""
        with self._store.reading() as view:
            return view.batches()

    def balance(self, account: str) -> list[Balance]:
        """What an account holds, by batch and encumbrance."""
        with self._store.reading() as view:
            _need_account(view, account)
            batches = {batch.id: batch for batch in view.batches()}
            rows = [(batches[name], place, units) for name, place, units in view.balances(account)]
        return [
            Balance(account, b.id, b.vintage, units, b.claim.unit_kg, place.locks, self.sandbox)
            for b, place, units in rows
        ]

    def amounts(self, account: str | None = None) -> list[tuple[str, Place, int]]:
        """Amounts by asset and place."""
        with self._store.reading() as view:
            return view.amounts(account)

    def holdings(self, owner: str | None = None, batch: str | None = None) -> list[Holding]:
        """Who holds which serials; retired ones belong to ``@retired``."""
        with self._store.reading() as view:
            return list(view.holdings(owner, batch))

    def encumbrances(self, account: str | None = None) -> list[Encumbrance]:
        """Encumbrances in order, those resolved too."""
        with self._store.reading() as view:
            return view.encumbrances(account)

    def retirements(self) -> list[Ending]:
        """Every retirement, in order."""
        return self._endings("retire")

    def cancellations(self) -> list[Ending]:
        """Every cancellation, in order."""
        return self._endings("cancel")

    def opening(self, commitment: str) -> Opening | None:
        """What a commitment hides, to hand to somebody who should know; nothing once it was erased."""
        with self._store.reading() as view:
            return view.opening(commitment)

    def checkpoint(self) -> str:
        """The newest signed checkpoint. Whoever keeps one can later prove a rewritten log wrong."""
        with self._store.reading() as view:
            return view.checkpoint()

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that a leaf is in the tree of ``size`` leaves."""
        with self._store.reading() as view:
            _need_size(view, size)
            return inclusion_proof(index, size, view.nodes(size))

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the tree of ``first`` leaves is the beginning of that of ``second``."""
        with self._store.reading() as view:
            _need_size(view, second)
            return consistency_proof(first, second, view.nodes(second))

    def certificate(self, retirement: str) -> dict[str, Any]:
        """The certificate of a retirement: one document that :func:`tanhui.registry.certificate.verify_certificate`
        checks offline. Write it with :func:`tanhui.kernel.canonical.canonical_bytes`."""
        with self._store.reading() as view:
            retired = view.entry(view.ending_position(retirement))
            issued = view.entry(view.batch_position(retired.legs[0].batch))
            note = view.checkpoint(retired.index + 1)
            size = int(note.split("\n")[1])
            proofs = [inclusion_proof(entry.index, size, view.nodes(size)) for entry in (issued, retired)]
            return build_certificate(self.origin, issued, retired, proofs, note)

    def audit(self) -> Verdict:
        """Rebuild the state from the log alone, compare the tables; check tiling, conservation and signatures."""
        with self._store.reading() as view:
            return audit_store(view, [signer.key for signer in self._signers])

    # ------------------------------------------------------------------------------------------------------------------

    def _endings(self, kind: str) -> list[Ending]:
        with self._store.reading() as view:
            return [Ending.of(view.entry(position)) for position in view.ending_positions(kind)]

    @contextmanager
    def _writing(self) -> Any:
        """A transaction; after one that did not end well nothing is taken from memory."""
        try:
            with self._store.writing() as tx:
                yield tx
        except BaseException:
            self._desk.forget()
            raise

    def _publish(self, tx: Any) -> str:
        moment = self._now()
        return self._desk.publish(tx, self._signers, timestamp(moment), int(moment.timestamp()))

    @cached_property
    def _signers(self) -> tuple[NoteSigner, ...]:
        """The keys that sign checkpoints, after a look that they are the declared ones."""
        signers = load_signers(self.folder)
        if tuple(str(signer.key) for signer in signers) != self.declaration.keys:
            raise RegistryError("registry.wrong_key", key=signers[0].name)
        return signers


def arrived(legs: Sequence[Leg]) -> tuple[Holding, ...]:
    """What legs brought, where it is now."""
    return tuple(Holding(leg.serials, leg.batch, leg.target) for leg in legs)


def _need_size(view: Reader, size: int) -> None:
    if not 0 <= size <= view.size():
        raise RegistryError("registry.not_yet_published", size=size)


def _need_account(view: Reader, account: str) -> None:
    if view.account(account) is None:
        raise RegistryError("registry.unknown_account", account=account)
