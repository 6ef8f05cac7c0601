"""The door of a registry: who comes in, what they may ask, and that every ask leaves its line in the trail.

The ledger judges every act by itself. The gate stands before it: it knows a caller by a credential, refuses what the
caller has no say in (so that nobody learns from a refusal what others hold), makes an order of the ledger out of what
was asked, and writes the trail in the same transaction as the act.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from tanhui.kernel.errors import InputError, TanhuiError
from tanhui.kernel.keystore import Argon2
from tanhui.kernel.wording import Lang
from tanhui.registry.access import store, tables
from tanhui.registry.access.errors import AccessRefused, NotRecognised
from tanhui.registry.access.limits import Refusal, limits
from tanhui.registry.access.orders import OPEN_SESSION, SignedOrder, check_window, parse_order, signatures_right
from tanhui.registry.access.persons import Watch
from tanhui.registry.access.say import has_say
from tanhui.registry.access.secrets import (
    ApiKey,
    Enrolment,
    Secret,
    check_enrolment,
    hash_password,
    new_api_key,
    new_enrolment,
    new_session,
    read_enrolment_code,
    require_scope,
)
from tanhui.registry.access.store import TrailLine, address_tag
from tanhui.registry.acts import ACTS, Order
from tanhui.registry.entries import to_document
from tanhui.registry.errors import InsufficientUnits, RegistryError
from tanhui.registry.folder import timestamp
from tanhui.registry.issuance import issuable
from tanhui.registry.model import Approval, Key
from tanhui.registry.permissions import weighty
from tanhui.registry.service import Registry, utc_now
from tanhui.registry.store import Reader, Writer
from tanhui.registry.writing import Outcome

__all__ = ["ADMIN_ACTS", "ORDERED_ACTS", "SCOPES", "Ask", "Caller", "Gate", "RuleRefused"]

#: What a credential may be used for. A session may be used for all of it.
SCOPES = frozenset({"read", "act", "admin"})
#: Acts about people and accounts; all others need the scope ``act``.
ADMIN_ACTS = frozenset({"open_account", "set_standing", "add_person", "end_person", "add_key", "end_key"})
#: Roles that see every account.
SEE_ALL = frozenset({"operator", "regulator"})
#: The code with which the first operator comes in, and the key of the trail's address tags.
ENROLMENT_CODE, ADDRESS_KEY = "enrolment.code", "address.key"
#: An act that only opens a session, asked for by a signed order.
HOUR_S, DAY_S, MINUTE_S = 3600, 86400, 60
#: What can be asked for by its name. New units take documents, from which a use case makes the order.
ORDERED_ACTS = frozenset(ACTS) - {"issue", "take_in"}

Documents = tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]
"""Result, manifest and claim of a run."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody known by a credential. ``credential`` names the session or key, and is no secret."""

    person: str
    account: str
    roles: frozenset[str]
    scopes: frozenset[str]
    kind: str
    credential: str

    def sees(self, account: str) -> bool:
        """Whether the caller may see what an account holds."""
        return account == self.account or not self.roles.isdisjoint(SEE_ALL)

    @property
    def sees_all(self) -> bool:
        """Whether the caller may see every account."""
        return not self.roles.isdisjoint(SEE_ALL)


@dataclass(frozen=True, slots=True)
class Ask:
    """An order of somebody, perhaps signed, perhaps refused already; refused ones only leave a line in the trail."""

    order: Order
    person: str
    account: str
    address: str = ""
    sees_all: bool = False
    signed: SignedOrder | None = None
    refused: TanhuiError | None = None


class RuleRefused(AccessRefused):
    """An act that rules on people or regions do not allow; each rule is named with its source."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__()

    def text(self, lang: Lang = "en") -> str:
        return " ".join(refusal.text(lang) for refusal in self.refusals)


class Gate:
    """The door of one registry.

    Parameters
    ----------
    registry : Registry
        Behind it. The tables of access are laid out in its database where they are missing.
    now, entropy, cost
        Clock, random bytes, and the cost of hashing passwords.
    rule_sets : sequence of str, optional
        Rules on people and regions that are in force here (``data/registry_access/rules.toml``); none by default.
    scenarios : bool, optional
        Whether rules of no law in force count; by default in a sandbox only.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        now: Callable[[], datetime] = utc_now,
        entropy: Callable[[int], bytes] = os.urandom,
        cost: Argon2 | None = None,
        rule_sets: Sequence[str] = (),
        scenarios: bool | None = None,
    ) -> None:
        self.registry = registry
        self._now, self._entropy, self._cost, self._rule_sets = now, entropy, cost, tuple(rule_sets)
        self._scenarios = registry.sandbox if scenarios is None else scenarios
        self._address_key = _kept_key(registry.folder / ADDRESS_KEY, entropy)
        with registry.transaction() as (connection, _):
            tables.metadata.create_all(connection)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One unmoving view of the registry's database."""
        with self.registry.reading() as connection:
            yield Reader(connection)

    # Coming in --------------------------------------------------------------------------------------------------------

    def begin(self) -> Path | None:
        """Write a one-time code for the first operator into the registry's folder, for its owner only.

        Returns
        -------
        Path or None
            The file; nothing where the operator has come in before.
        """
        person = self.registry.declaration.person
        with self.reading() as view:
            if _is_enrolled(view.connection, person):
                return None
        path = self.registry.folder / ENROLMENT_CODE
        path.unlink(missing_ok=True)
        _write_private(path, f"{self._new_code(person).reveal()}\n".encode())
        return path

    def invite(self, caller: Caller, person: str, address: str = "") -> Secret:
        """A one-time code with which a person comes in; earlier ones of the same person count no longer.

        The operator and people of the same account may ask for it; for somebody who came in before only the operator.
        Whoever holds the code can be that person. So where the registry wants two pairs of eyes, two of the operator
        have to ask while a code would last, once there are two, for whoever came in before or acts for an account of
        weight.

        Raises
        ------
        AccessRefused
            If another one of the operator has to ask too; that this one has asked is noted.
        """
        require_scope(caller.scopes, "admin")
        operator = "operator" in caller.roles
        with self.reading() as view:
            found, enrolled = view.person(person), _is_enrolled(view.connection, person)
            account = view.account(found.account) if found else None
            weight = enrolled or (account is not None and weighty(account.roles))
            alone = operator and weight and self.registry.declaration.eyes > 1 and self._is_alone(view, caller, person)
        own = found is not None and found.account == caller.account
        if not (operator or own) or (enrolled and not operator):
            self._note(caller.person, "invite", "registry.not_permitted", address, person)
            raise RegistryError("registry.not_permitted", act="invite")
        if found is None or not found.active:
            raise RegistryError("registry.unknown_person", person=person)
        if alone:
            self._note(caller.person, "invite", "asked", address, person)
            raise AccessRefused("access.needs_second", person=person, hours=self._number("enrolment_hours"))
        code = self._new_code(person)
        self._note(caller.person, "invite", "done", address, person)
        return code

    def _is_alone(self, view: Reader, caller: Caller, person: str) -> bool:
        """Whether nobody else of the operator has asked for a code for this person of late.

        While nobody else of the operator has come in, one is enough to let the second one in.
        """
        since = self._moment() - self._number("enrolment_hours") * HOUR_S
        for line in store.trail_about(view.connection, "invite", person, since):
            if line.outcome == "done":
                break
            other = view.person(line.who)
            if line.outcome == "asked" and line.who != caller.person and other is not None and other.active:
                return False
        came_in = {row.id for row in view.people(self.registry.declaration.account) if row.active}
        return any(_is_enrolled(view.connection, one) for one in came_in - {caller.person})

    def enrol(self, code: str, *, password: str | None = None, public: str | None = None, address: str = "") -> str:
        """Come in by a one-time code with a password, a public key (Ed25519, base64) or both; who came in."""
        if not password and not public:
            raise InputError("access.credential_needed")
        with self._noting("enrol", "", address):
            # Looked at before the write lock is taken: a wrong code must not hold up the ledger.
            with self.reading() as view:
                check_enrolment(_enrolment(view.connection, code), read_enrolment_code(code)[1], self._moment())
            stored = self._hash(password) if password else None
            with self.registry.transaction() as (connection, submit):
                now = self._moment()
                enrolment = store.use_enrolment(connection, code, now)
                person = enrolment.grants
                if not _is_enrolled(connection, person):
                    store.add_person(connection, person, now, stored)
                elif stored:
                    store.set_password(connection, person, stored, now)
                if public:
                    given = {"person": person, "public": public}
                    order = Order(f"{person}:enrol-{enrolment.id}", "add_key", given, (Approval(person),))
                    submit([order])[0].done()
                self._write_trail(connection, [TrailLine(now, person, "enrol", "done", "", self.tag(address))])
        if person == self.registry.declaration.person:
            (self.registry.folder / ENROLMENT_CODE).unlink(missing_ok=True)
        return person

    def log_in(self, person: str, password: str, address: str = "") -> Secret:
        """A session's token for somebody who knows the password."""
        with self._noting("log_in", person, address), self.reading() as view:
            store.person_with_password(view.connection, person, password)
            self._known(view, person)
        return self._open_session(person, address)

    def log_in_signed(self, document: Any, address: str = "") -> Secret:
        """A session's token for a signed order with the act ``open_session``, which counts once."""
        ask = self.asks_signed([document], address, frozenset({OPEN_SESSION}))[0]
        with self._noting("log_in", ask.person, address):
            if ask.refused is not None or ask.signed is None:
                raise ask.refused or NotRecognised("wrong")
            with self.registry.transaction() as (connection, _):
                if not store.use_order(connection, ask.signed):
                    raise NotRecognised("used")
        return self._open_session(ask.person, address)

    def log_out(self, token: str) -> None:
        """End a session."""
        with self.registry.transaction() as (connection, _):
            store.close_session(connection, token, self._moment())

    def caller(self, credential: str) -> Caller:
        """Who shows a session's token or an API key.

        Raises
        ------
        NotRecognised
            If it does not count, or whoever it belongs to is no longer active.
        """
        if credential.startswith("tanhui_"):
            with self.reading() as view:
                key = store.api_key_of(view.connection, credential, self._moment())
                return self._known(view, key.who, key.scopes, "key", key.id)
        try:
            with self.reading() as view:
                return self._session_caller(view, credential)
        except RegistryError:  # that the session was seen is to be written, and somebody else was writing
            with self.registry.transaction() as (connection, _):
                return self._session_caller(Reader(connection), credential)

    # API keys ---------------------------------------------------------------------------------------------------------

    def make_key(self, caller: Caller, scopes: Sequence[str], days: int) -> tuple[Secret, ApiKey]:
        """A key for the caller's programs, with no more scopes than the caller has."""
        require_scope(caller.scopes, "admin")
        for scope in scopes:
            require_scope(caller.scopes, scope)
        longest = self._number("api_key_days")
        if not 1 <= days <= longest:
            raise InputError("access.key_days", most=longest)
        secret, key = new_api_key(caller.person, frozenset(scopes), self._moment(), days * DAY_S, self._entropy(40))
        with self.registry.transaction() as (connection, _):
            store.add_api_key(connection, key)
            self._write_trail(connection, [TrailLine(key.made_at, caller.person, "make_key", "done", key.id)])
        return secret, key

    def keys(self, caller: Caller) -> list[ApiKey]:
        """The caller's keys, newest last."""
        c = tables.api_keys.c
        with self.reading() as view:
            wanted = sa.select(tables.api_keys).where(c.who == caller.person).order_by(c.made_at, c.id)
            rows = view.connection.execute(wanted).all()
        return [
            ApiKey(r.id, r.who, r.digest, frozenset(r.scopes.split()), r.made_at, r.expires_at, r.revoked_at)
            for r in rows
        ]

    def end_key(self, caller: Caller, name: str) -> None:
        """Revoke one of the caller's keys."""
        require_scope(caller.scopes, "admin")
        if name not in {key.id for key in self.keys(caller)}:
            raise InputError("access.unknown_key", key=name)
        with self.registry.transaction() as (connection, _):
            store.revoke_api_key(connection, name, self._moment())
            self._write_trail(connection, [TrailLine(self._moment(), caller.person, "end_key", "done", name)])

    # Asking -----------------------------------------------------------------------------------------------------------

    def asks(
        self, caller: Caller, wanted: Sequence[tuple[str, str, Mapping[str, Any]]], address: str = ""
    ) -> list[Ask]:
        """What a caller asks for: request id, act and arguments of each; refused already where there is no say in it.

        The request ids of two people never meet: each stands behind the person's own id.
        """
        by = (Approval(caller.person),)
        found = [
            Ask(
                Order(f"{caller.person}:{request}", act, given, by),
                caller.person,
                caller.account,
                address,
                caller.sees_all,
            )
            for request, act, given in wanted
        ]
        with self.reading() as view:
            return [self._judged(view, ask, caller.roles, caller.scopes, ORDERED_ACTS) for ask in found]

    def ask_issue(
        self, caller: Caller, request: str, documents: Documents, owner: str, address: str = "", **issue: Any
    ) -> Ask:
        """What a caller asks for: that the claim of a run be issued. See :func:`tanhui.registry.issuance.issuable`.

        Raises
        ------
        NotIssuable
            If the claim must not be issued here.
        """
        require_scope(caller.scopes, "act")
        issue["verifiers"] = self.registry.verifiers()
        issued, units = issuable(*documents, registry=self.registry.origin, sandbox=self.registry.sandbox, **issue)
        given = {
            "claim": to_document(issued),
            "units": {str(year): count for year, count in units.items()},
            "owner": owner,
        }
        order = Order(f"{caller.person}:{request}", "issue", given, (Approval(caller.person),))
        with self.reading() as view:
            ask = Ask(order, caller.person, caller.account, address, caller.sees_all)
            return self._judged(view, ask, caller.roles, caller.scopes, frozenset({"issue"}))

    def asks_signed(self, documents: Sequence[Any], address: str = "", acts: frozenset[str] | None = None) -> list[Ask]:
        """What signed orders ask for. Their form must be right; what is wrong otherwise is in the answer."""
        found = [parse_order(document) for document in documents]
        with self.reading() as view:
            keys = [view.key(signed.proof.key_id) for signed in found]
            pairs = [
                (base64.b64decode(key.public) if key else b"", signed.proof)
                for key, signed in zip(keys, found, strict=True)
            ]
            right = signatures_right(pairs)
            return [
                self._signed_ask(view, *each, address, acts or ORDERED_ACTS)
                for each in zip(found, keys, right, strict=True)
            ]

    def _signed_ask(
        self, view: Reader, signed: SignedOrder, key: Key | None, right: bool, address: str, acts: frozenset[str]
    ) -> Ask:
        order, proof = signed.order, signed.proof
        # Who did not sign is not named: the trail must not say of somebody what another one did.
        person = view.person(key.person) if key and right else None
        who, account = (person.id, person.account) if person else ("", "")
        signature = base64.b64encode(proof.signature).decode()
        approval = Approval(who, proof.key_id, proof.digest.hex(), signature)
        wanted = Order(f"{who}:{order.request}", order.act, order.arguments, (approval,))
        ask = Ask(wanted, who, account, address, signed=signed)
        try:
            if key is None or not key.active or not right:
                raise NotRecognised("wrong" if key else "unknown")
            caller = self._known(view, who)
            longest, skew = self._number("order_window_hours") * HOUR_S, self._number("order_clock_skew_seconds")
            check_window(order, self._moment(), longest, skew)
            if order.registry != self.registry.origin or order.account != account:
                raise InputError("access.order_elsewhere", registry=self.registry.origin, account=account)
        except TanhuiError as error:
            return replace(ask, refused=error)
        return self._judged(view, replace(ask, sees_all=caller.sees_all), caller.roles, SCOPES, acts)

    def perform(self, asks: Sequence[Ask]) -> list[Outcome]:
        """Carry out what was asked in one transaction, each by itself, with a line in the trail for each."""
        now = self._moment()
        with self.registry.transaction() as (connection, submit):
            watch = self._watch(connection)
            refused = [ask.refused or _ruled_out(watch, ask.order) or _used_wrongly(connection, ask) for ask in asks]
            admitted = [ask.order for ask, error in zip(asks, refused, strict=True) if error is None]
            done = iter(submit(admitted))
            outcomes = [
                next(done) if error is None else Outcome(ask.order, refused=error)
                for ask, error in zip(asks, refused, strict=True)
            ]
            self._write_trail(
                connection,
                [self._line(ask, outcome, now) for ask, outcome in zip(asks, outcomes, strict=True)],
            )
        return [_discreet(ask, outcome) for ask, outcome in zip(asks, outcomes, strict=True)]

    # Another pair of eyes ---------------------------------------------------------------------------------------------

    def propose(self, ask: Ask) -> Outcome:
        """Keep what takes another pair of eyes until somebody agrees. Only for those who have a say in it."""
        if ask.refused is not None or ask.signed is not None:
            return Outcome(ask.order, refused=ask.refused or RegistryError("registry.not_permitted", act=ask.order.act))
        outcome = self.registry.propose(ask.order)
        waits = outcome.refused is not None and outcome.refused.code == "registry.not_permitted"
        self._note(ask.person, ask.order.act, "proposed" if waits else _word(outcome), ask.address, ask.order.request)
        return _discreet(ask, outcome)

    def proposals(self, caller: Caller) -> list[Order]:
        """What waits for another pair of eyes, as far as the caller has a say in it."""
        waiting = self.registry.proposals()
        with self.reading() as view:
            return [order for order in waiting if self._concerns(view, caller, order)]

    def proposal(self, caller: Caller, request: str) -> Order:
        """One of them."""
        order = next((order for order in self.proposals(caller) if order.request == request), None)
        if order is None:
            raise RegistryError("registry.unknown_proposal", request=request)
        return order

    def agree(self, caller: Caller, request: str, address: str = "") -> Outcome:
        """Agree to what somebody else proposed."""
        require_scope(caller.scopes, "act")
        seen = self.proposal(caller, request)
        with self._noting("agree", caller.person, address), self.reading() as view:
            if not has_say(view, self.registry.declaration.eyes, caller.account, caller.roles, seen):
                raise RegistryError("registry.not_permitted", act=seen.act)
        with self.registry.transaction() as (connection, submit):
            tx = Writer(connection)
            order = next((order for order in tx.proposals() if order.request == request), None)
            if order is None:
                raise RegistryError("registry.unknown_proposal", request=request)
            outcome = self._agreed(tx, submit, caller, order)
            line = TrailLine(self._moment(), caller.person, "agree", _word(outcome), request, self.tag(address))
            self._write_trail(connection, [line])
        return _discreet(Ask(order, caller.person, caller.account, sees_all=caller.sees_all), outcome)

    def _agreed(
        self, tx: Writer, submit: Callable[[Sequence[Order]], list[Outcome]], caller: Caller, order: Order
    ) -> Outcome:
        """A proposal with one more person behind it: done, refused, or waiting for others still."""
        if caller.person in {approval.person for approval in order.by}:
            return Outcome(order, refused=RegistryError("registry.agreed_already", person=caller.person))
        ruled_out = _ruled_out(self._watch(tx.connection), order)
        if ruled_out is not None:
            return Outcome(order, refused=ruled_out)
        agreed = replace(order, by=(*order.by, Approval(caller.person)))
        outcome = submit([agreed])[0]
        if outcome.refused is not None and outcome.refused.code == "registry.not_permitted":
            tx.keep_proposal(agreed, timestamp(self._now()))
        else:
            tx.drop_proposal(order.request)
        return outcome

    def withdraw(self, caller: Caller, request: str, address: str = "") -> None:
        """Take a proposal back; those who agreed to it and the operator may."""
        require_scope(caller.scopes, "act")
        order = self.proposal(caller, request)
        if caller.person not in {approval.person for approval in order.by} and "operator" not in caller.roles:
            raise RegistryError("registry.not_permitted", act="withdraw")
        self.registry.withdraw(request)
        self._note(caller.person, "withdraw", "done", address, request)

    # What only the operator does --------------------------------------------------------------------------------------

    @contextmanager
    def administering(self, caller: Caller, act: str, address: str = "", request: str = "") -> Iterator[Writer]:
        """A transaction of what only the operator may do; done or refused, it leaves its line in the trail."""
        with self._noting(act, caller.person, address):
            self.need_operator(caller, act, "admin")
            with self.registry.transaction() as (connection, _):
                tx = Writer(connection)
                tx.head()  # in PostgreSQL this takes the write lock
                yield tx
                line = TrailLine(self._moment(), caller.person, act, "done", request, self.tag(address))
                self._write_trail(connection, [line])

    def need_operator(self, caller: Caller, act: str, scope: str) -> None:
        """Refuse anybody but the operator's people, and credentials that were not made for it."""
        require_scope(caller.scopes, scope)
        if "operator" not in caller.roles:
            raise RegistryError("registry.not_permitted", act=act)

    # The trail --------------------------------------------------------------------------------------------------------

    def trail(self, caller: Caller, after: int = 0, most: int = 1000) -> list[tuple[int, TrailLine]]:
        """Lines of the trail with their positions: all for those who see all, else the caller's own."""
        who = None if caller.sees_all else caller.person
        with self.reading() as view:
            return list(store.read_trail(view.connection, after, most, who))

    def tag(self, address: str) -> str:
        """A network address as the trail keeps it."""
        return address_tag(address, self._address_key) if address else ""

    def tidy(self) -> None:
        """Forget what has ended: sessions, codes, and orders that can no longer come again."""
        with self.registry.transaction() as (connection, _):
            store.forget_expired(connection, self._moment(), keep_s=DAY_S)

    # ------------------------------------------------------------------------------------------------------------------

    def _judged(
        self, view: Reader, ask: Ask, roles: frozenset[str], scopes: frozenset[str], acts: frozenset[str]
    ) -> Ask:
        """The ask, refused where the scopes are too few or the person has no say."""
        act = ask.order.act
        try:
            if act not in acts:
                raise InputError("registry.unknown_act", act=act, known=", ".join(sorted(acts)))
            require_scope(scopes, "admin" if act in ADMIN_ACTS else "act")
            if act != OPEN_SESSION and not has_say(view, self.registry.declaration.eyes, ask.account, roles, ask.order):
                raise RegistryError("registry.not_permitted", act=act)
        except TanhuiError as error:
            return replace(ask, refused=error)
        return ask

    def _watch(self, connection: Connection) -> Watch | None:
        """The rules over what is carried out in a transaction; nothing where none are in force."""
        return Watch(Reader(connection), self._rule_sets, self._scenarios, self._now()) if self._rule_sets else None

    def _concerns(self, view: Reader, caller: Caller, order: Order) -> bool:
        mine = caller.person in {approval.person for approval in order.by}
        eyes = self.registry.declaration.eyes
        return mine or caller.sees_all or has_say(view, eyes, caller.account, caller.roles, order)

    def _session_caller(self, view: Reader, token: str) -> Caller:
        session = store.session_of(view.connection, token, self._moment())
        return self._known(view, session.who, credential=session.digest[:16])

    def _known(
        self, view: Reader, who: str, scopes: frozenset[str] = SCOPES, kind: str = "session", credential: str = ""
    ) -> Caller:
        """A person who is active in the ledger, of an account that is not closed."""
        person = view.person(who)
        account = view.account(person.account) if person else None
        if person is None or account is None or not person.active or not account.roles:
            raise NotRecognised("disabled")
        return Caller(person.id, account.id, frozenset(account.roles), scopes, kind, credential)

    def _open_session(self, person: str, address: str) -> Secret:
        now = self._moment()
        idle, absolute = self._number("session_idle_minutes") * MINUTE_S, self._number("session_hours") * HOUR_S
        token, session = new_session(person, now, idle, absolute, self._entropy(32))
        with self.registry.transaction() as (connection, _):
            store.add_session(connection, session)
            self._write_trail(connection, [TrailLine(now, person, "log_in", "done", "", self.tag(address))])
        return token

    def _new_code(self, person: str) -> Secret:
        lasts = self._number("enrolment_hours") * HOUR_S
        code, enrolment = new_enrolment(person, self._moment(), lasts, self._entropy(44), self._cost)
        c = tables.enrolments.c
        with self.registry.transaction() as (connection, _):
            connection.execute(tables.enrolments.delete().where(c.grants == person, c.used_at.is_(None)))
            store.add_enrolment(connection, enrolment)
        return code

    def _hash(self, password: str) -> str:
        return hash_password(password, self._entropy(16), self._cost, self._number("password_characters_min"))

    @contextmanager
    def _noting(self, act: str, who: str, address: str) -> Iterator[None]:
        """Put a refusal of what happens inside into the trail, in a transaction of its own."""
        try:
            yield
        except TanhuiError as error:
            self._note(who, act, getattr(error, "outcome", error.code), address)
            raise

    def _note(self, who: str, act: str, outcome: str, address: str, request: str = "") -> None:
        line = TrailLine(self._moment(), who, act, outcome, request, self.tag(address))
        with self.registry.transaction() as (connection, _):
            self._write_trail(connection, [line])

    def _line(self, ask: Ask, outcome: Outcome, now: int) -> TrailLine:
        request = ask.order.request.partition(":")[2]
        return TrailLine(now, ask.person, ask.order.act[:64], _word(outcome), request, self.tag(ask.address))

    def _write_trail(self, connection: Connection, lines: Sequence[TrailLine]) -> None:
        names = TrailLine.__slots__
        rows = [{name: getattr(line, name) for name in names} for line in lines]
        if rows:
            connection.execute(tables.trail.insert(), rows)

    def _moment(self) -> int:
        return int(self._now().timestamp())

    def _number(self, name: str) -> int:
        return int(limits()[name].at(self._now().astimezone(UTC).date()).number())


def _used_wrongly(connection: Connection, ask: Ask) -> TanhuiError | None:
    """Note that a signed order is carried out; what refuses it where its key used the request for another."""
    if ask.signed is None:
        return None
    try:
        store.use_order(connection, ask.signed)
    except AccessRefused as error:
        return error
    return None


def _ruled_out(watch: Watch | None, order: Order) -> TanhuiError | None:
    """What the rules on people and regions have against an order."""
    refusals = watch.refusals(order) if watch else []
    return RuleRefused(refusals) if refusals else None


def _discreet(ask: Ask, outcome: Outcome) -> Outcome:
    """An outcome that does not say how much somebody else holds."""
    error = outcome.refused
    if ask.sees_all or not isinstance(error, InsufficientUnits):
        return outcome
    if error.facts["account"].split("/")[0] != ask.account:
        return Outcome(outcome.order, refused=RegistryError())
    return outcome


def _word(outcome: Outcome) -> str:
    """An outcome as the trail names it."""
    if outcome.refused is None:
        return "repeated" if outcome.repeated else "done"
    return str(getattr(outcome.refused, "outcome", outcome.refused.code))


def _is_enrolled(connection: Connection, person: str) -> bool:
    wanted = sa.select(tables.people.c.id).where(tables.people.c.id == person)
    return connection.execute(wanted).first() is not None


def _enrolment(connection: Connection, code: str) -> Enrolment | None:
    wanted = sa.select(tables.enrolments).where(tables.enrolments.c.id == read_enrolment_code(code)[0])
    row = connection.execute(wanted).one_or_none()
    return Enrolment(**row._mapping) if row else None


def _kept_key(path: Path, entropy: Callable[[int], bytes]) -> bytes:
    """A secret of this registry, made the first time."""
    with suppress(FileExistsError):
        _write_private(path, entropy(32))
    return path.read_bytes()


def _write_private(path: Path, content: bytes) -> None:
    """A new file for its owner only."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
