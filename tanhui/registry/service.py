"""The registry's use cases: open accounts, issue, transfer, retire, prove.

A registry is a folder: ``registry.db``, ``operator.key`` (readable by its owner only) and ``trust.json``, the public
file to hand out. Every act names a request id that the client made: the same id again returns what the first one did
and changes nothing. An act that is refused leaves no trace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import InputError
from tanhui.kernel.signing import SigningKey, TrustedKey
from tanhui.kernel.time import Period
from tanhui.registry import ledger, tables
from tanhui.registry.audit import audit_store
from tanhui.registry.certificate import build_certificate
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint, verifier_key
from tanhui.registry.commitments import SALT_BYTES, Opening
from tanhui.registry.errors import RegistryError, RequestReused
from tanhui.registry.folder import DATABASE, OPERATOR_KEY, make_folder, timestamp
from tanhui.registry.issuance import issuable
from tanhui.registry.log import inclusion_proof, root_hash
from tanhui.registry.model import (
    PURPOSES,
    Account,
    Batch,
    Declaration,
    Holding,
    Interval,
    IssuedClaim,
    JournalEntry,
    Purpose,
    Retirement,
)
from tanhui.registry.store import Reader, Store, Writer
from tanhui.registry.verdict import Verdict
from tanhui.registry.views import AccountView, Balance

__all__ = ["Registry"]

#: A request id is the client's; it only has to be short and printable.
MAX_REQUEST = 200
#: Letters of an account's name.
MAX_NAME = 200


class Registry:
    """One registry, opened. Clock and randomness are arguments so that tests can repeat them."""

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if not (folder / DATABASE).is_file():
            raise InputError("registry.not_a_registry", path=str(folder))
        self.folder = folder
        self._now, self._entropy = now, entropy
        self._store = Store(folder / DATABASE)
        with self._store.reading() as view:
            declared = view.entry(0).registry
        if declared is None:
            raise InputError("registry.not_a_registry", path=str(folder))
        self.declaration: Declaration = declared

    @classmethod
    def init(
        cls,
        folder: Path,
        name: str,
        *,
        sandbox: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> Registry:
        """Make a new registry in an absent or empty folder.

        Parameters
        ----------
        folder : Path
            Where; it appears finished or not at all.
        name : str
            The origin of the log, a URL without scheme such as ``registry.example/forest``. A sandbox registry's
            origin ends in ``/sandbox``, so that every serial, checkpoint and signature says so.
        """
        if not name or not name.isprintable() or any(letter.isspace() or letter == "+" for letter in name):
            raise InputError("registry.name_wrong", name=name)
        origin = f"{name.removesuffix('/sandbox')}/sandbox" if sandbox else name
        if not sandbox and origin.endswith("/sandbox"):
            raise InputError("registry.name_wrong", name=name)
        make_folder(folder, SigningKey(origin, entropy(32)), sandbox, timestamp(now()))
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

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Acts -------------------------------------------------------------------------------------------------------------

    def open_account(self, name: str, *, request: str) -> AccountView:
        """A new account. Its id is a pseudonym; the name is committed to, and can be erased."""
        if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
            raise InputError("registry.account_name_wrong", most=MAX_NAME)

        def act(tx: Writer, index: int, at: str) -> JournalEntry:
            opening = self._opening(tx, name)
            account = Account("A" + self._entropy(8).hex(), opening.commitment)
            return JournalEntry(index, at, "account", account=account)

        entry = self._act(request, ["account"], act, secret=name)
        assert entry.account is not None
        return AccountView(entry.account.id, name, entry.account.commitment, self.sandbox)

    def issue_from_claim(
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
        verifiers: Mapping[str, TrustedKey] | None = None,
    ) -> tuple[Batch, ...]:
        """Turn a claim into batches, one per vintage, in one entry. See :func:`tanhui.registry.issuance.issuable`.

        Raises
        ------
        NotIssuable
            If the claim must not be issued here, or its documents do not belong together.
        RegistryError
            If the claim was issued before, or any day of its period was for this project.
        """
        issued, units = issuable(
            result,
            manifest,
            claim,
            region=region,
            product=product,
            unit_kg=unit_kg,
            sandbox=self.sandbox,
            statement=statement,
            verifiers=verifiers,
        )

        def act(tx: Writer, index: int, at: str) -> JournalEntry:
            _need_account(tx, owner)
            if tx.claim_position(issued.claim_sha256) is not None:
                raise RegistryError("registry.claim_issued", claim=issued.claim_sha256)
            batches = _batches(*tx.next_serial(), issued, units)
            return JournalEntry(index, at, "issue", ledger.issue(batches, owner), claim=issued, batches=batches)

        return self._act(request, ["issue", issued.to_dict(), owner], act).batches

    def transfer(self, source: str, target: str, batch: str, units: int, *, request: str) -> tuple[Holding, ...]:
        """Move units of a batch to another account, lowest serial first; returns what moved."""

        def act(tx: Writer, index: int, at: str) -> JournalEntry:
            _need_account(tx, source)
            _need_account(tx, target)
            tx.batch_position(batch)
            legs = ledger.transfer(tx.holdings(source, batch), batch, source, target, units)
            return JournalEntry(index, at, "transfer", legs)

        entry = self._act(request, ["transfer", source, target, batch, str(units)], act)
        return tuple(Holding(leg.serials, leg.batch, leg.target) for leg in entry.legs)

    def retire(
        self,
        account: str,
        batch: str,
        units: int,
        *,
        beneficiary: str,
        purpose: Purpose,
        period: Period | None = None,
        request: str,
    ) -> Retirement:
        """Retire units for ever. The public log learns of the beneficiary only a commitment."""
        if purpose not in PURPOSES:
            raise InputError("registry.purpose_wrong", purpose=purpose, known=", ".join(PURPOSES))

        def act(tx: Writer, index: int, at: str) -> JournalEntry:
            _need_account(tx, account)
            tx.batch_position(batch)
            legs = ledger.retire(tx.holdings(account, batch), batch, account, units)
            commitment = self._opening(tx, beneficiary).commitment
            serials = tuple(leg.serials for leg in legs)
            retirement = Retirement(f"R{index:06d}", account, batch, serials, commitment, purpose, period)
            return JournalEntry(index, at, "retire", legs, retirement=retirement)

        days = period.to_list() if period else []
        entry = self._act(request, ["retire", account, batch, str(units), purpose, days], act, secret=beneficiary)
        assert entry.retirement is not None
        return entry.retirement

    def erase(self, commitment: str) -> bool:
        """Forget the name behind a commitment, for ever; whether there was one to forget. The log does not change."""
        with self._store.writing() as tx:
            found = tx.erase_opening(commitment)
        self._store.scrub()
        return found

    # Questions --------------------------------------------------------------------------------------------------------

    def accounts(self) -> list[AccountView]:
        """Every account."""
        with self._store.reading() as view:
            found = [(account, view.opening(account.commitment)) for account in view.accounts()]
        return [
            AccountView(a.id, opening.value if opening else None, a.commitment, self.sandbox) for a, opening in found
        ]

    def batches(self) -> list[Batch]:
        """Every batch, lowest serial first."""
        with self._store.reading() as view:
            return _all_batches(view)

    def balance(self, account: str) -> list[Balance]:
        """What an account holds, by batch."""
        with self._store.reading() as view:
            _need_account(view, account)
            batches = {batch.id: batch for batch in _all_batches(view)}
            rows = [(batches[name], units) for name, units in view.balances(account)]
        return [Balance(account, b.id, b.vintage, units, b.claim.unit_kg, self.sandbox) for b, units in rows]

    def holdings(self, owner: str | None = None, batch: str | None = None) -> list[Holding]:
        """Who holds which serials; retired ones belong to ``@retired``."""
        with self._store.reading() as view:
            return list(view.holdings(owner, batch))

    def retirements(self) -> list[Retirement]:
        """Every retirement, in order."""
        with self._store.reading() as view:
            entries = [view.entry(position) for position in view.positions(tables.retirements)]
        return [entry.retirement for entry in entries if entry.retirement]

    def opening(self, commitment: str) -> Opening | None:
        """What a commitment hides, to hand to somebody who should know; nothing once it was erased."""
        with self._store.reading() as view:
            return view.opening(commitment)

    def checkpoint(self) -> str:
        """The newest signed checkpoint. Whoever keeps one can later prove a rewritten log wrong."""
        with self._store.reading() as view:
            return view.checkpoint()

    def certificate(self, retirement: str) -> dict[str, Any]:
        """The certificate of a retirement: one document that :func:`tanhui.registry.certificate.verify_certificate`
        checks offline. Write it with :func:`tanhui.kernel.canonical.canonical_bytes`."""
        with self._store.reading() as view:
            retired = view.entry(view.retirement_position(retirement))
            assert retired.retirement is not None
            issued = view.entry(view.batch_position(retired.retirement.batch))
            size = view.size()
            proofs = [inclusion_proof(entry.index, size, view.node) for entry in (issued, retired)]
            return build_certificate(self.origin, issued, retired, proofs, view.checkpoint())

    def audit(self) -> Verdict:
        """Rebuild the state from the log alone, compare the tables; check tiling, conservation and signatures."""
        key = SigningKey.load(self.folder / OPERATOR_KEY)
        with self._store.reading() as view:
            return audit_store(view, [TrustedKey(key.name, key.public, ("registry",))])

    # ------------------------------------------------------------------------------------------------------------------

    def _act(
        self,
        request: str,
        asked: list[Any],
        act: Callable[[Writer, int, str], JournalEntry],
        *,
        secret: str | None = None,
    ) -> JournalEntry:
        """One act in one transaction: entry, tables, request id and signed checkpoint, or nothing."""
        if not request or len(request) > MAX_REQUEST or not request.isprintable():
            raise InputError("registry.request_wrong", request=request[:MAX_REQUEST])
        key, fingerprint = self._operator, hash_json(asked)
        with self._store.writing() as tx:
            if (done := tx.request(request)) is not None:
                return _repeated(tx, request, fingerprint, secret, *done)
            index = tx.size()
            # A clock that was set back must not make the log run backwards.
            entry = act(tx, index, max(timestamp(self._now()), tx.entry(index - 1).at))
            tx.append(entry)
            tx.carry_out(entry)
            tx.remember(request, fingerprint, index)
            head = Checkpoint(self.origin, index + 1, root_hash(index + 1, tx.node))
            tx.keep_checkpoint(index + 1, sign_checkpoint(head, key))
        return entry

    @cached_property
    def _operator(self) -> SigningKey:
        """The key that signs checkpoints, after a look that it is the declared one."""
        key = SigningKey.load(self.folder / OPERATOR_KEY)
        if verifier_key(key.name, key.public) != self.declaration.operator:
            raise RegistryError("registry.wrong_key", key=key.name)
        return key

    def _opening(self, tx: Writer, value: str) -> Opening:
        opening = Opening(self._entropy(SALT_BYTES), value)
        tx.keep_opening(opening)
        return opening


def _repeated(
    tx: Reader, request: str, fingerprint: str, secret: str | None, first_fingerprint: str, position: int
) -> JournalEntry:
    """The entry that a request id stands for, if it is asked for the same thing again."""
    entry = tx.entry(position)
    noun = entry.account.commitment if entry.account else entry.retirement.beneficiary if entry.retirement else ""
    opening = tx.opening(noun)
    # An erased name cannot be compared any more; the public part of the request still is.
    if fingerprint != first_fingerprint or (opening is not None and opening.value != secret):
        raise RequestReused(request)
    return entry


def _need_account(view: Reader, account: str) -> None:
    if not view.has_account(account):
        raise RegistryError("registry.unknown_account", account=account)


def _batches(count: int, serial: int, claim: IssuedClaim, units: Mapping[int, int]) -> tuple[Batch, ...]:
    """Batches that continue the line, one per vintage."""
    batches = []
    for number, (vintage, size) in enumerate(units.items(), count + 1):
        batches.append(Batch(f"B{number:06d}", vintage, Interval(serial, serial + size), claim))
        serial += size
    return tuple(batches)


def _all_batches(view: Reader) -> list[Batch]:
    return [batch for position in view.positions(tables.claims) for batch in view.entry(position).batches]
