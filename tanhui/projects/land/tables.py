"""The tables of land, for SQLite and PostgreSQL, and how each of them finds boxes that meet.

SQLite has an R*Tree beside the table, kept by triggers so that nobody can write the one without the other; PostgreSQL
has a GiST index on the box made of the four columns. Both compare boxes a little too generously (single precision; the
tolerance of PostgreSQL's geometric operators), never too narrowly.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

__all__ = ["BOXES_THAT_MEET", "create", "metadata", "parcels", "turn"]

metadata = MetaData()

#: SQLite counts rows by a column of exactly this type.
_RowId = BigInteger().with_variant(Integer, "sqlite")

#: A row is a parcel as it was registered, and is never edited but for ``held_until``: the last day for which it still
#: stands, before ``first_day`` where another outline took its place altogether.
parcels = Table(
    "land_parcels",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("held_until", Text, nullable=False),
    Column("area_m2", Double, nullable=False),
    Column("west", Double, nullable=False),
    Column("south", Double, nullable=False),
    Column("east", Double, nullable=False),
    Column("north", Double, nullable=False),
    Column("wkb", LargeBinary, nullable=False),
    CheckConstraint("first_day <= last_day AND held_until <= last_day"),
    CheckConstraint("west <= east AND south <= north"),
    Index("land_parcels_by_project", "project", "source", "parcel"),
)
#: One row that every writer rewrites before it looks: the next writer waits for it, or is told to begin anew.
turn = Table(
    "land_turn",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("taken", BigInteger, nullable=False),
)

_NEW, _OLD = (", ".join(f"{side}.{c.name}" for c in parcels.c if c.name != "held_until") for side in ("NEW", "OLD"))

_DDL = {
    "sqlite": [
        "CREATE VIRTUAL TABLE land_boxes USING rtree(id, west, east, south, north)",
        """
CREATE TRIGGER land_parcels_boxed AFTER INSERT ON land_parcels BEGIN
  INSERT INTO land_boxes VALUES (NEW.id, NEW.west, NEW.east, NEW.south, NEW.north);
END""",
        """
CREATE TRIGGER land_parcels_unboxed AFTER DELETE ON land_parcels BEGIN
  DELETE FROM land_boxes WHERE id = OLD.id;
END""",
        f"""
CREATE TRIGGER land_parcels_stay BEFORE UPDATE ON land_parcels
WHEN NEW.held_until > OLD.held_until OR ({_NEW}) IS NOT ({_OLD})
BEGIN SELECT RAISE(ABORT, 'land.append_only'); END""",
    ],
    "postgresql": [
        """
CREATE INDEX land_parcels_boxes ON land_parcels USING gist (box(point(west, south), point(east, north)))""",
        """
CREATE FUNCTION land_parcels_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'land.append_only'; END $$""",
        f"""
CREATE TRIGGER land_parcels_stay BEFORE UPDATE ON land_parcels
FOR EACH ROW WHEN (NEW.held_until > OLD.held_until OR ({_NEW}) IS DISTINCT FROM ({_OLD}))
EXECUTE FUNCTION land_parcels_stay()""",
    ],
}

_COMMON_DAYS = """
  AND p.held_until >= p.first_day AND p.first_day <= {last} AND p.held_until >= {first}"""

#: Numbers of the submitted boxes in ``:boxes``, a JSON list of [number, west, south, east, north, first day, last day],
#: with the registered parcels whose boxes they meet on a day in common.
BOXES_THAT_MEET = {
    # CROSS JOIN is SQLite's way of saying which table is walked first.
    "sqlite": """
WITH asked AS MATERIALIZED (
  SELECT json_extract(value, '$[0]') AS number, json_extract(value, '$[1]') AS west,
         json_extract(value, '$[2]') AS south, json_extract(value, '$[3]') AS east,
         json_extract(value, '$[4]') AS north, json_extract(value, '$[5]') AS first_day,
         json_extract(value, '$[6]') AS last_day
  FROM json_each(:boxes))
SELECT asked.number, p.id, p.source, p.project
FROM asked CROSS JOIN land_boxes b CROSS JOIN land_parcels p
WHERE b.west <= asked.east AND b.east >= asked.west AND b.south <= asked.north AND b.north >= asked.south
  AND p.id = b.id"""
    + _COMMON_DAYS.format(first="asked.first_day", last="asked.last_day"),
    "postgresql": """
SELECT (value ->> 0)::int, p.id, p.source, p.project
FROM json_array_elements(CAST(:boxes AS json)) AS asked(value), land_parcels p
WHERE box(point(p.west, p.south), point(p.east, p.north)) && box(
    point((value ->> 1)::float8, (value ->> 2)::float8), point((value ->> 3)::float8, (value ->> 4)::float8))"""
    + _COMMON_DAYS.format(first="(value ->> 5)", last="(value ->> 6)"),
}


def create(connection: Connection) -> None:
    """Lay out the tables, indexes and triggers of land in a database that has none of them."""
    metadata.create_all(connection)
    for statement in _DDL[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    connection.execute(turn.insert(), {"id": 1, "taken": 0})
