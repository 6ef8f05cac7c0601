"""A step of a project: its event, its land, its credits and the log's record of it, all in one transaction.

The life cycle says what may come next, the land who has it already, the ledger what may be issued. Each refuses by
itself; whatever refuses, nothing of the step is written. The public log learns of a step only its hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import DomainError
from tanhui.projects.land import tables as land_tables
from tanhui.projects.land.model import Parcel
from tanhui.projects.land.service import give_up_land, land_of, register_parcels
from tanhui.projects.lifecycle import store as events
from tanhui.projects.lifecycle import tables as event_tables
from tanhui.projects.lifecycle.model import LifecycleEvent, ProjectState, Step
from tanhui.projects.lifecycle.rulebook import rule_book
from tanhui.projects.tenure import tables as tenure_tables
from tanhui.registry.acts import Order
from tanhui.registry.model import Batch, Issuance, JournalEntry
from tanhui.registry.service import Registry

__all__ = ["ProjectOffice"]

#: How the rule books name roles that the ledger's accounts have under other names.
LEDGER_ROLE = {"registry_operator": "operator"}
#: Anybody may comment.
PUBLIC = "public"
TOPIC = "project"


class ProjectOffice:
    """The projects of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        with registry.transaction() as (connection, _):
            there = set(sa.inspect(connection).get_table_names())
            if event_tables.events.name not in there:
                land_tables.create(connection)
                event_tables.create_tables(connection)
                tenure_tables.create_tables(connection)

    def step(
        self, event: LifecycleEvent, *, request: str, by: Sequence[str] | None = None, parcels: Sequence[Parcel] = ()
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

        Raises
        ------
        LifecycleRefused
            With everything that is missing.
        LandTaken
            With every parcel that another project claims for the same days.
        RegistryError
            If these people may not do it.
        """
        return self._carry_out(event, request, by, parcels, [])[0]

    def issue(
        self, event: LifecycleEvent, credits: Order, *, request: str, by: Sequence[str] | None = None
    ) -> tuple[ProjectState, tuple[Batch, ...]]:
        """The event that registers reductions, and the credits that come of it.

        Parameters
        ----------
        event : LifecycleEvent
            An act whose rule book says that it registers.
        credits : Order
            From :meth:`tanhui.registry.service.Registry.issue_order`, of the same project, as many tonnes as verified.
        """
        state, entries = self._carry_out(event, request, by, (), [credits])
        issuance: Issuance = entries[0].as_kind(Issuance)
        return state, issuance.batches

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

    def projects(self) -> list[tuple[str, str, str]]:
        """Every project with its rule book and state."""
        with self._registry.reading() as connection:
            return events.projects(connection)

    def _carry_out(
        self,
        event: LifecycleEvent,
        request: str,
        by: Sequence[str] | None,
        parcels: Sequence[Parcel],
        orders: list[Order],
    ) -> tuple[ProjectState, list[JournalEntry]]:
        digest = hash_json(event.to_dict())
        record = self._registry.order("record", request, by, topic=TOPIC, subject=event.project, sha256=digest)
        self._check_party(event)
        with self._registry.transaction() as (connection, submit):
            outcome = submit([record])[0]
            outcome.done()
            if outcome.repeated:
                state = events.project_state(connection, event.project, event.at)
            else:
                state = events.submit(connection, event)
                _claim_land(connection, event, state, parcels)
            entries = [issued.done() for issued in submit(orders)]
            for entry in entries:
                _check_credits(event, state, entry.as_kind(Issuance))
        return state, entries

    def _check_party(self, event: LifecycleEvent) -> None:
        """Whether the account is in the role in which it acts."""
        if event.by.role == PUBLIC:
            return
        role = LEDGER_ROLE.get(event.by.role, event.by.role)
        roles = self._registry.roles_of(event.by.account)
        if role not in roles:
            raise DomainError("registration.not_in_role", account=event.by.account, role=role)


def _claim_land(
    connection: sa.Connection, event: LifecycleEvent, state: ProjectState, parcels: Sequence[Parcel]
) -> None:
    """Take the land that a step brings, and give all back where the project has ended."""
    strangers = [parcel.id for parcel in parcels if parcel.project != event.project]
    if strangers:
        raise DomainError("registration.other_project", project=event.project, other=", ".join(strangers))
    sold_until = max((issued.period.end for issued in state.registered), default=date.min)
    if parcels:
        last_sold = sold_until - timedelta(days=1) if state.registered else None
        register_parcels(connection, parcels, issued_until=last_sold)
    if rule_book(state.book).states[state.state].final:
        give_up_land(connection, event.project, sold_until)  # what was sold stays sold


def _check_credits(event: LifecycleEvent, state: ProjectState, issuance: Issuance) -> None:
    """Whether what is issued is this project's, and as much as was verified."""
    claim = issuance.claim
    if claim.project != event.project:
        raise DomainError("registration.other_project", project=event.project, other=claim.project)
    verified = state.facts.get("credits_t")
    if verified is not None and int(verified) != claim.credits_t:
        raise DomainError("registration.not_as_verified", verified=verified, issued=claim.credits_t)
