"""One layout, whether the rooms make it or the history: on SQLite and on PostgreSQL, at once or step by step."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tanhui.faces import migrations
from tanhui.kernel.errors import InputError
from tanhui.projects.land import tables as land
from tanhui.registry.folder import DATABASE_URL, open_store
from tanhui.registry.operations.backup import backup
from tanhui.registry.operations.restore import restore
from tanhui.registry.service import Registry
from tanhui.registry.store import Store
from tests.faces.migrations.rooms import ROOMS, create_all

#: All that a database says of its layout, a line for each thing.
SCHEMA = {
    "sqlite": [
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE '%alembic%'"
    ],
    "postgresql": [
        "SELECT table_name || '.' || column_name || ' ' || ordinal_position || ' ' || data_type || ' ' || is_nullable"
        " || ' ' || coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname || ' ' || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'",
        "SELECT sequencename || ' ' || data_type || ' ' || start_value FROM pg_sequences WHERE schemaname = 'public'",
    ],
}


def schema(connection: sa.Connection) -> list[str]:
    """The layout, without what Alembic keeps for itself."""
    lines = [
        " ".join(str(row[0]).split())
        for question in SCHEMA[connection.dialect.name]
        for row in connection.exec_driver_sql(question.replace("%", "%%") if "pg" in question else question)
    ]
    return sorted(line for line in lines if "alembic" not in line)


@pytest.fixture(params=["sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A registry as it is made without a history: the ledger's tables only."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    Registry.init(tmp_path / "registry", "registry.example/migrations", database=database).close()
    return tmp_path / "registry"


def set_revision(folder: Path, revision: str) -> None:
    store = open_store(folder)
    with store.writing() as tx:
        tx.connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    store.close()


def test_the_history_leads_to_what_the_rooms_say(database_url: str, request: pytest.FixtureRequest, tmp_path: Path):
    other = (
        f"sqlite:///{tmp_path / 'other.db'}"
        if database_url.startswith("sqlite")
        else request.getfixturevalue("postgres_server").create_database()
    )
    by_rooms, by_history = Store(database_url, create=True), Store(other, create=True)
    with by_rooms.writing() as tx:
        create_all(tx.connection)
    with by_history.writing() as tx:
        migrations.lay_out(tx.connection)
    with by_rooms.reading() as wanted, by_history.reading() as found:
        assert schema(found.connection) == schema(wanted.connection)
        assert len(schema(found.connection)) > 60
        rows = [view.connection.execute(sa.select(land.turn)).all() for view in (wanted, found)]
        assert rows[0] == rows[1]
    by_rooms.close()
    by_history.close()


def test_every_room_with_tables_is_known():
    """A new room's tables must be in the history, or a backup would know them and a new registry not."""
    package = Path(migrations.__file__).parents[2]
    tables = [path for path in package.rglob("*.py") if "MetaData()" in path.read_text(encoding="utf-8")]
    # The copy reads what is there, and lays nothing out.
    found = {path.relative_to(package).parent.as_posix() for path in tables if path.name != "copy.py"}
    named = {create.__module__.split(".", 1)[1].rpartition(".")[0].replace(".", "/") for create in ROOMS.values()}
    # SQLAlchemy's own ``create_all`` stands for the access room, which has no function beside it.
    assert found == {room for room in named if not room.startswith("sql")} | {"registry/access"}


def test_an_older_registry_is_refused_until_it_is_upgraded_and_loses_nothing(registry: Path):
    with Registry(registry) as opened:
        account = opened.open_account("Owner Ltd", request="a").id
        checkpoint = opened.checkpoint()
        with opened.transaction() as (connection, _):
            land.create(connection)  # a room that laid out its tables by itself
            connection.execute(land.turn.update().values(taken=7))
    with pytest.raises(InputError) as refused:
        migrations.checked(registry)
    assert refused.value.code == "migrations.older"
    assert "migrate" in str(refused.value)
    assert migrations.current(registry) == ""
    assert migrations.upgrade(registry) == ("", migrations.newest())
    assert migrations.upgrade(registry) == (migrations.newest(), migrations.newest())
    assert migrations.checked(registry) == registry
    with Registry(registry) as opened:
        assert opened.audit().failures() == []
        assert [view.id for view in opened.accounts()] == [account]
        assert opened.consistency(int(checkpoint.split("\n")[1]), int(opened.checkpoint().split("\n")[1])) is not None
        with opened.reading() as connection:
            assert connection.execute(sa.select(land.turn.c.taken)).scalar_one() == 7


def test_a_newer_registry_is_refused_and_left_as_it_is(registry: Path):
    migrations.upgrade(registry)
    set_revision(registry, "9999")
    for work in (migrations.checked, migrations.upgrade):
        with pytest.raises(InputError) as refused:
            work(registry)
        assert refused.value.code == "migrations.newer"
    assert migrations.current(registry) == "9999"


def test_an_upgrade_that_does_not_end_leaves_nothing(database_url: str):
    store = Store(database_url, create=True)

    def interrupted() -> None:
        with store.writing() as tx:
            migrations.lay_out(tx.connection)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with store.reading() as view:
        assert schema(view.connection) == []
    store.close()


def test_a_backup_comes_back_in_the_layout_that_it_had(registry: Path, tmp_path: Path, request: pytest.FixtureRequest):
    migrations.upgrade(registry)
    now = datetime(2026, 12, 1, tzinfo=UTC)
    made = backup(registry, tmp_path / "backup", now, passphrase="x")
    assert made.schema == migrations.newest()
    there: dict[str, object] = {"lay_out": migrations.lay_out}
    if (registry / DATABASE_URL).is_file():
        database = request.getfixturevalue("postgres_server").create_database()
        there["database"] = database
    restore(tmp_path / "backup", tmp_path / "restored", now, passphrase="x", **there)
    assert migrations.checked(tmp_path / "restored")
    with Registry(registry) as old, Registry(tmp_path / "restored") as new:
        with old.reading() as wanted, new.reading() as found:
            assert schema(found) == schema(wanted)
        new.open_account("Goes on", request="b")
        assert new.audit().failures() == []


def test_a_backup_of_an_older_layout_is_brought_up_to_date(
    registry: Path, tmp_path: Path, request: pytest.FixtureRequest
):
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert backup(registry, tmp_path / "backup", now).schema == ""
    database = None
    if (registry / DATABASE_URL).is_file():
        database = request.getfixturevalue("postgres_server").create_database()
    restore(tmp_path / "backup", tmp_path / "restored", now, database=database, lay_out=migrations.lay_out)
    assert migrations.checked(tmp_path / "restored")
