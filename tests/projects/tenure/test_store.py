"""Rights and distributions in both databases: appended, superseded, erased, and never edited."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.projects.tenure import scheme, share_income, store
from tanhui.projects.tenure import tables as t
from tests.projects.tenure.samples import YEAR, right

AT = "2026-11-22T08:00:00Z"


def salts() -> Iterator[bytes]:
    return (number.to_bytes(32, "big") for number in itertools.count(1))


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        t.create_tables(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as connection:
        yield connection


def test_rights_come_back_as_they_were(connection: sa.Connection):
    rights = [right("2", certified_mu=Decimal("12.30")), right("1", income_share=Decimal("0.125"), key_ecological=True)]
    stored = store.record_rights(connection, "p", rights, at=AT, draw_salt=salts().__next__)
    assert [found.right for found in store.current_rights(connection, "p")] == [rights[1], rights[0]]
    assert store.current_rights(connection, "q") == []
    assert stored[0].certified_m2 == 8200
    assert str(stored[0].right.certified_mu) == "12.30"


def test_a_correction_supersedes_and_the_old_right_stays(connection: sa.Connection):
    draw = salts().__next__
    (old,) = store.record_rights(connection, "p", [right("1")], at=AT, draw_salt=draw)
    longer = right("1", last_day=date(2060, 12, 31))
    new = store.supersede_right(connection, old.commitment, longer, at=AT, draw_salt=draw)
    assert [found.right for found in store.current_rights(connection, "p")] == [longer]
    assert [found.commitment for found in store.right_history(connection, new.commitment)] == [
        new.commitment, old.commitment,
    ]  # fmt: skip
    with pytest.raises(DomainError) as refused:
        store.supersede_right(connection, old.commitment, longer, at=AT, draw_salt=draw)
    assert refused.value.code == "tenure.superseded"
    with pytest.raises(DomainError, match="There is no right"):
        store.supersede_right(connection, "x", longer, at=AT, draw_salt=draw)


def test_a_parcel_is_not_recorded_in_a_second_contract(connection: sa.Connection):
    draw = salts().__next__
    first, _ = store.record_rights(connection, "p", [right("1"), right("2")], at=AT, draw_salt=draw)
    with pytest.raises(RefusedInput) as refused:
        store.record_rights(connection, "p", [right("1", contract_number="again")], at=AT, draw_salt=draw)
    assert [fault.code for fault in refused.value.faults] == ["tenure.two_contracts"]
    with pytest.raises(RefusedInput):
        store.supersede_right(connection, first.commitment, right("2"), at=AT, draw_salt=draw)
    assert len(store.current_rights(connection, "p")) == 2


def test_what_is_public_names_nobody_and_erasing_leaves_only_that(connection: sa.Connection):
    one = right("1")
    (stored,) = store.record_rights(connection, "p", [one], at=AT, draw_salt=salts().__next__)
    public = str(stored.to_public())
    private = [one.certificate_number, one.certificate_holder, one.contract_number, one.owner.name, one.operator.name]
    assert not [text for text in [*private, "H1", "V1", "OP"] if text in public]
    columns = str(connection.execute(sa.select(t.rights)).all())
    assert not [text for text in private if text in columns]
    store.erase_right(connection, stored.commitment)
    (left,) = store.current_rights(connection, "p")
    assert left.right is None
    assert left.to_public() == stored.to_public()
    assert connection.scalar(sa.select(sa.func.count()).select_from(t.openings)) == 0


@pytest.mark.parametrize("act", ["UPDATE tenure_rights SET parcel = '9'", "DELETE FROM tenure_rights"])
def test_the_database_refuses_edits_by_itself(engine: sa.Engine, act: str):
    with engine.begin() as connection:
        store.record_rights(connection, "p", [right("1")], at=AT, draw_salt=salts().__next__)
    with pytest.raises(DBAPIError, match=r"tenure\.append_only"), engine.begin() as connection:
        connection.exec_driver_sql(act)
    with engine.begin() as connection:
        assert len(store.current_rights(connection, "p")) == 1


def test_the_callers_transaction_decides(engine: sa.Engine):
    with engine.connect() as connection, connection.begin() as transaction:
        store.record_rights(connection, "p", [right("1")], at=AT, draw_salt=salts().__next__)
        transaction.rollback()
    with engine.begin() as connection:
        assert store.current_rights(connection, "p") == []


def test_what_is_carried_is_kept_between_distributions(connection: sa.Connection):
    rights = [right("1"), right("2")]
    areas = {"1": 100, "2": 100}

    def share(**options):
        return share_income(1_000, rights, scheme("contract"), areas_m2=areas, period=YEAR, **options)

    first = share(withheld=["H2"])
    store.record_distribution(connection, "p", "d1", first, at=AT)
    store.record_distribution(connection, "p", "d1", first, at=AT)  # a retry
    assert store.carried_fen(connection, "p") == {"H2": 300}
    assert store.carried_fen(connection, "other") == {}
    with pytest.raises(DomainError) as refused:
        store.record_distribution(connection, "p", "d1", share(), at=AT)
    assert refused.value.code == "tenure.distribution_reused"
    with pytest.raises(DomainError) as refused:
        store.record_distribution(connection, "p", "d2", share(), at=AT)
    assert refused.value.code == "tenure.carried_stale"
    second = share(carried=store.carried_fen(connection, "p"))
    store.record_distribution(connection, "p", "d2", second, at=AT)
    assert store.carried_fen(connection, "p") == {}
    assert first.paid_fen + second.paid_fen == 2_000
