"""A step of a project: its event, its land, its credits and the log's record of it, all in one transaction.

The life cycle says what may come next, the tenure table whether the land may be used, the land who has it already, the
ledger what may be issued. Each refuses by itself; whatever refuses, nothing of the step is written. The public log
learns of a step only hashes: of the event, and of the land that it brings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from tanhui.kernel.canonical import digest, hash_json
from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.projects import payments, reversal
from tanhui.projects.booking import Booking, booking
from tanhui.projects.land.model import Parcel
from tanhui.projects.land.service import give_up_land, land_of, register_parcels
from tanhui.projects.lifecycle import store as events
from tanhui.projects.lifecycle.issuance import issue_shares, issue_split
from tanhui.projects.lifecycle.model import LifecycleEvent, ProjectState, Step
from tanhui.projects.lifecycle.rulebook import NETTED, RuleBook, rule_book
from tanhui.projects.permanence.buffer import check_buffer
from tanhui.projects.permanence.response import ReversalEvent
from tanhui.projects.permanence.settlement import KG_PER_T, Settlement
from tanhui.projects.reversal import LOSS, Means
from tanhui.projects.tenure.checks import CreditedArea
from tanhui.projects.tenure.gate import Tenure, admit
from tanhui.projects.tenure.sharing import Distribution, apportion
from tanhui.projects.tenure.store import credited_of
from tanhui.registry.acts import Order
from tanhui.registry.commitments import SALT_BYTES
from tanhui.registry.errors import RequestReused
from tanhui.registry.model import CANCELLED, Batch, Issuance, JournalEntry
from tanhui.registry.service import Registry

__all__ = ["Means", "ProjectOffice", "Tenure"]

#: How the rule books name roles that the ledger's accounts have under other names.
LEDGER_ROLE = {"registry_operator": "operator", "host_party": "regulator"}
#: Anybody may comment.
PUBLIC = "public"
#: Under which topics the log carries hashes of steps, and of the land they bring.
TOPIC, LAND = "project", "land"
#: What a rule book takes at issuance and gives to nobody.
MITIGATION = "overall_mitigation"


@dataclass(frozen=True, slots=True)
class _Entered:
    """An event in its transaction. ``repeated``: it was done before under the same request."""

    book: Booking
    state: ProjectState
    repeated: bool


class ProjectOffice:
    """The projects of a registry.

    Parameters
    ----------
    registry : Registry
        Its database has the tables of projects too: a face makes it so (:func:`tanhui.faces.opening.make_registry`).
    entropy : callable, optional
        Randomness for the commitments to names in tenure tables.
    """

    def __init__(self, registry: Registry, *, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._registry, self._draw_salt = registry, partial(entropy, SALT_BYTES)

    # Steps ------------------------------------------------------------------------------------------------------------

    def step(
        self,
        event: LifecycleEvent,
        *,
        request: str,
        by: Sequence[str] | None = None,
        parcels: Sequence[Parcel] = (),
        tenure: Tenure | None = None,
    ) -> ProjectState:
        """Carry out one event of a project's life.

        Parameters
        ----------
        event : LifecycleEvent
            What happens, under which rule book, by which account in which role, on which evidence.
        request : str
            The client's name for the step: the same one again changes nothing.
        by : sequence of str, optional
            The people who answer for it; the first operator by default.
        parcels : sequence of Parcel, optional
            Land that the project claims from now on.
        tenure : Tenure, optional
            The rights to these parcels: they must cover the crediting period, and the smallest of three areas of each
            parcel is kept as the credited one.

        Raises
        ------
        LifecycleRefused
            With everything that is missing.
        RefusedInput
            With everything that keeps the project from using its parcels.
        LandTaken
            With every parcel that another project claims for the same days.
        DomainError
            If the act registers credits or settles a loss: :meth:`issue` and :meth:`reverse` do that.
        RegistryError
            If these people may not do it.
        """
        act = rule_book(event.book).acts.get(event.act)
        if act and act.registers:
            raise DomainError("registration.needs_credits", act=act.id)
        if act and act.closes == LOSS:
            raise DomainError("registration.needs_settlement", act=act.id)
        with self._entering(event, request, by) as entered:
            if not entered.repeated:
                self._claim_land(entered, event, parcels, tenure)
                book = rule_book(entered.state.book)
                if act and act.opens == LOSS:
                    reversal.hold(entered.book, book, event, entered.state.named["owner"])
                if act and NETTED in act.may:
                    reversal.check_netted(entered.book.connection, event.project, book)
        return entered.state

    def issue(
        self,
        event: LifecycleEvent,
        credits: Order | None,
        *,
        request: str,
        by: Sequence[str] | None = None,
        targets: Mapping[str, str] | None = None,
    ) -> tuple[ProjectState, tuple[Batch, ...]]:
        """The event that registers reductions, and the credits that come of it.

        Parameters
        ----------
        event : LifecycleEvent
            An act whose rule book says that it registers.
        credits : Order or None
            From :meth:`tanhui.registry.service.Registry.issue_order`, of the same project and period, as many tonnes
            as verified, its ``shares`` from :meth:`shares`. Nothing where the units are another programme's.
        targets : mapping of str to str, optional
            Where the units go that the rule book takes, as for :meth:`shares`.
        """
        act = rule_book(event.book).acts.get(event.act)
        if act and not act.registers:
            raise DomainError("registration.registers_nothing", act=act.id)
        with self._entering(event, request, by) as entered:
            outcomes = entered.book.enter([credits] if credits else [])
            entries = [outcome.done() for outcome in outcomes]
            if not entered.repeated:
                self._claim_land(entered, event, (), None)
                self._check_netted(entered)
                for entry in entries:
                    self._check_credits(event, entered.state, entry, targets or {})
            elif not all(outcome.repeated for outcome in outcomes):
                raise RequestReused(request)  # a step that is done already brings no more credits
        batches = [batch for entry in entries for batch in entry.as_kind(Issuance).batches]
        return entered.state, tuple(batches)

    def shares(
        self,
        project: str,
        units: Mapping[str, int],
        on: date,
        *,
        unit_kg: int = KG_PER_T,
        targets: Mapping[str, str] | None = None,
        buffer: str = "",
    ) -> list[tuple[str, dict[str, int]]]:
        """The ``shares`` of a project's issue order: pairs of a place and its units of each vintage.

        Parameters
        ----------
        units : mapping of str to int
            What is to be issued of each vintage, in units of ``unit_kg``.
        targets : mapping of str to str, optional
            The account of each taker that the rule book names. What is taken for overall mitigation is cancelled.
        buffer : str, optional
            The account of the buffer, which gets what the project's fact ``buffer_t`` says, of every vintage its part.
        """
        state = self.state(project, on)
        book = rule_book(state.book)
        found = issue_shares(book, units, {MITIGATION: CANCELLED, **(targets or {})}, on)
        if buffer:
            check_buffer(book)
            held_back = int(state.facts.get("buffer_t", 0)) * KG_PER_T // unit_kg
            found.append((buffer, apportion(held_back, units)))
        return [(place, parts) for place, parts in found if any(parts.values())]

    # Losses and income ------------------------------------------------------------------------------------------------

    def reverse(
        self,
        settlement: LifecycleEvent,
        *,
        request: str,
        by: Sequence[str] | None = None,
        report: LifecycleEvent | None = None,
        means: Means | None = None,
    ) -> Settlement:
        """Settle a loss: take the measures of the rule book in the ledger, and make them public.

        Parameters
        ----------
        settlement : LifecycleEvent
            The act that settles, with the loss report as evidence.
        report : LifecycleEvent, optional
            The act that reports the loss, where it comes with its settlement; else it was a step before.
        means : Means, optional
            The accounts of buffer and creditor, and what only the next account of the project will show.

        Raises
        ------
        LifecycleRefused
            With everything that is missing.
        DomainError
            If a buffer is named under a rule book that has none, or none where it has one.
        """
        act = rule_book(settlement.book).acts.get(settlement.act)
        if act and act.closes != LOSS:
            raise DomainError("registration.settles_nothing", act=act.id)
        with self._entering(settlement, request, by, first=report) as entered:
            if entered.repeated:
                (sha256,) = (paper.sha256 for paper in settlement.evidence if paper.kind == LOSS)
                return reversal.settled(entered.book.connection, settlement.project, sha256)[0]
            return reversal.settle(entered.book, settlement, entered.state, means or Means())

    def repay(
        self,
        project: str,
        kind: str,
        *,
        source: str,
        creditor: str,
        batch: str,
        units: int,
        request: str,
        by: Sequence[str] | None = None,
    ) -> int:
        """Pay what a project's owner owes after a loss; what is owed afterwards. [t CO2e]

        ``kind`` is ``debt``, for which the units are cancelled, or ``refill``, for which they go to the buffer.
        """
        with booking(self._registry, request, by) as book:
            return reversal.repay(book, project, kind, source, creditor, batch, units)

    def pay_benefits(
        self,
        project: str,
        amount_fen: int,
        *,
        asset: str,
        payer: str,
        period: Period,
        request: str,
        scheme: str = "contract",
        by: Sequence[str] | None = None,
        allow_scenario: bool = False,
        **how: Any,
    ) -> Distribution:
        """Pay an income to everybody in the project's tenure table, in one transaction and once for each request.

        Parameters
        ----------
        amount_fen : int
            Net income. [fen]
        asset, payer : str
            What is paid, and from which account.
        period : Period
            The days in which the credits that were sold were made.
        scheme : str
            A scheme of ``data/projects_tenure/sharing.csv``.
        allow_scenario : bool
            Whether a scheme may be used that no rule in force states; only in a sandbox.
        how
            ``regions``, ``withheld`` and ``least_fen``, as for :func:`tanhui.projects.tenure.share_income`.
        """
        how["allow_scenario"] = allow_scenario and self._registry.sandbox
        with booking(self._registry, request, by) as book:
            return payments.pay(book, project, amount_fen, scheme, period, asset=asset, payer=payer, **how)

    # Questions --------------------------------------------------------------------------------------------------------

    def state(self, project: str, on: date) -> ProjectState:
        """A project as it stands on a day."""
        with self._registry.reading() as connection:
            return events.project_state(connection, project, on)

    def next_steps(self, project: str, on: date) -> list[Step]:
        """What may come next, who must do it, by when, and what is missing."""
        with self._registry.reading() as connection:
            return events.project_steps(connection, project, on)

    def land(self, project: str) -> list[Parcel]:
        """The parcels that a project claims."""
        with self._registry.reading() as connection:
            return land_of(connection, project)

    def credited(self, project: str) -> list[CreditedArea]:
        """The three areas of each parcel whose tenure was checked."""
        with self._registry.reading() as connection:
            return credited_of(connection, project)

    def settlements(self, project: str) -> list[Settlement]:
        """The losses of a project and how they were settled."""
        with self._registry.reading() as connection:
            return reversal.settled(connection, project)

    def debts(self, project: str) -> dict[str, int]:
        """What the project's owner owes after losses, by kind. [t CO2e]"""
        with self._registry.reading() as connection:
            return reversal.debts(connection, project)

    def to_net(self, project: str, on: date) -> int:
        """What the project's next account has to take off for losses that were settled so. [t CO2e]"""
        with self._registry.reading() as connection:
            book = rule_book(events.project_state(connection, project, on).book)
            return reversal.to_net(connection, project, book)

    def foresee(self, loss: ReversalEvent, on: date, means: Means | None = None) -> Settlement:
        """How a loss would be settled on a day, from what the ledger holds now. Nothing is done.

        Raises
        ------
        DomainError
            If the rule book has no measures for the cause, or a buffer is named where there is none or missing.
        """
        means = means or Means()
        with self._registry.reading() as connection:
            state = events.project_state(connection, loss.project, on)
            reversal.check_buffer_account(self._registry, rule_book(state.book), loss.cause, means.buffer)
            return reversal.foreseen(reversal.piles_of(connection, loss.project), state, loss, on, means)

    def projects(self) -> list[tuple[str, str, str]]:
        """Every project with its rule book and state."""
        with self._registry.reading() as connection:
            return events.projects(connection)

    # ------------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _entering(
        self, event: LifecycleEvent, request: str, by: Sequence[str] | None, *, first: LifecycleEvent | None = None
    ) -> Iterator[_Entered]:
        """The transaction of a step, its event entered and recorded; ``first`` may come before it."""
        parts = [("report", first), ("", event)] if first else [("", event)]
        for _, one in parts:
            self._check_party(one)
        with booking(self._registry, request, by) as book:
            for part, one in parts:
                outcome = book.record(TOPIC, one.project, hash_json(one.to_dict()), part)
                if outcome.repeated:
                    state = events.project_state(book.connection, one.project, one.at)
                else:
                    state = events.submit(book.connection, one)
            yield _Entered(book, state, outcome.repeated)

    def _check_party(self, event: LifecycleEvent) -> None:
        """Whether the account is in the role in which it acts."""
        if event.by.role == PUBLIC:
            return
        role = LEDGER_ROLE.get(event.by.role, event.by.role)
        roles = self._registry.roles_of(event.by.account)
        if role not in roles:
            raise DomainError("registration.not_in_role", account=event.by.account, role=role)

    def _claim_land(
        self, entered: _Entered, event: LifecycleEvent, parcels: Sequence[Parcel], tenure: Tenure | None
    ) -> None:
        """Take the land that a step brings, and give all back where the project has ended."""
        book, state = entered.book, entered.state
        strangers = [parcel.id for parcel in parcels if parcel.project != event.project]
        if strangers:
            raise DomainError("registration.other_project", project=event.project, other=", ".join(strangers))
        sold_until = max((issued.period.end for issued in state.registered), default=date.min)
        if parcels:
            last_sold = sold_until - timedelta(days=1) if state.registered else None
            areas = self._admit(entered, event, parcels, tenure) if tenure else []
            register_parcels(book.connection, parcels, issued_until=last_sold)
            book.record(LAND, event.project, hash_json(_land_document(parcels, areas)), LAND)
        if rule_book(state.book).states[state.state].final:
            give_up_land(book.connection, event.project, sold_until)  # what was sold stays sold

    def _admit(
        self, entered: _Entered, event: LifecycleEvent, parcels: Sequence[Parcel], tenure: Tenure
    ) -> list[CreditedArea]:
        facts = entered.state.facts
        claimed = Period(min(p.period.start for p in parcels), max(p.period.end for p in parcels))
        if {"crediting_first", "crediting_last"} <= facts.keys():
            days = [date.fromisoformat(facts[name]) for name in ("crediting_first", "crediting_last")]
            claimed = Period.inclusive(*days)
        return admit(
            entered.book.connection,
            event.project,
            tenure,
            {parcel.id: parcel.area_m2 for parcel in parcels},
            claimed,
            on=event.at,
            event=entered.state.events,
            draw_salt=self._draw_salt,
        )

    def _check_netted(self, entered: _Entered) -> None:
        """A loss may have been settled since the account was verified."""
        book = rule_book(entered.state.book)
        if any(NETTED in act.may for act in book.acts.values()):
            reversal.check_netted(entered.book.connection, entered.state.project, book)

    def _check_credits(
        self, event: LifecycleEvent, state: ProjectState, entry: JournalEntry, targets: Mapping[str, str]
    ) -> None:
        """Whether what is issued is this project's, for its period, as much as was verified, and shared as is right."""
        claim = entry.as_kind(Issuance).claim
        if claim.project != event.project:
            raise DomainError("registration.other_project", project=event.project, other=claim.project)
        verified = state.facts.get("credits_t")
        if verified is not None and int(verified) != claim.credits_t:
            raise DomainError("registration.not_as_verified", verified=verified, issued=claim.credits_t)
        if not any(registered.period == claim.period for registered in state.registered):
            wanted = state.registered[-1].period.to_list()
            raise DomainError("registration.other_period", wanted=" – ".join(wanted), given=str(claim.period))
        book = rule_book(state.book)
        received: dict[tuple[str, str], int] = {}
        for leg in entry.legs:
            place = (leg.batch, leg.target.owner)
            received[place] = received.get(place, 0) + leg.serials.units
        _check_split(book, event, entry, received, {MITIGATION: CANCELLED, **targets})
        self._check_buffer(book, state, claim.unit_kg, received)

    def _check_buffer(
        self, book: RuleBook, state: ProjectState, unit_kg: int, received: Mapping[tuple[str, str], int]
    ) -> None:
        """A rule book without a buffer gives it nothing; one with a buffer, at least what the project has to put in."""
        owners = {owner for _, owner in received} - {CANCELLED}
        pools = {owner for owner in owners if "buffer" in self._registry.roles_of(owner)}
        if pools:
            check_buffer(book)
        wanted = int(state.facts.get("buffer_t", 0))
        given = sum(units for (_, owner), units in received.items() if owner in pools) * unit_kg // KG_PER_T
        if given < wanted:
            raise DomainError("registration.buffer_short", wanted=wanted, given=given)


def _check_split(
    book: RuleBook,
    event: LifecycleEvent,
    entry: JournalEntry,
    received: Mapping[tuple[str, str], int],
    targets: Mapping[str, str],
) -> None:
    """Whether each batch was shared as the rule book says."""
    for batch in entry.as_kind(Issuance).batches:
        wanted = issue_split(book, batch.serials.units, event.at)
        for taker in book.units:
            given = received.get((batch.id, targets.get(taker, "")), 0)
            if given != wanted[taker]:
                raise DomainError("registration.not_shared", taker=taker, wanted=wanted[taker], given=given)


def _land_document(parcels: Sequence[Parcel], areas: Sequence[CreditedArea]) -> dict[str, Any]:
    """What the log knows a step's land by: outlines by their hashes, days, and credited areas."""
    credited = {area.parcel: str(area.credited_m2) for area in areas}
    return {
        "format": "tanhui-land-1",
        "parcels": [
            {
                "id": parcel.id,
                "outline_sha256": digest(parcel.wkb),
                "period": parcel.period.to_list(),
                "credited_m2": credited.get(parcel.id, ""),
            }
            for parcel in parcels
        ],
    }
