"""Questions that requests ask of the database again and again, compiled once (:mod:`tanhui.registry.compiled`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tanhui.registry import tables as t
from tanhui.registry.compiled import Compiled

KEY: sa.BindParameter[Any] = sa.bindparam("key")
LEVEL: sa.BindParameter[Any] = sa.bindparam("level")
POSITION: sa.BindParameter[Any] = sa.bindparam("position")

SIZE = Compiled(sa.select(t.head.c.size))
#: The segment that a leaf would be in.
SEGMENT_OF = Compiled(
    sa.select(t.segments).where(t.segments.c.first <= POSITION).order_by(t.segments.c.first.desc()).limit(1)
)
ONE_TILE = Compiled(sa.select(t.tiles.c.hashes).where(t.tiles.c.level == LEVEL, t.tiles.c.position == POSITION))
#: The roots of neighbouring tiles.
ROOTS = Compiled(
    sa.select(t.tiles.c.root)
    .where(t.tiles.c.level == LEVEL)
    .where(t.tiles.c.position.between(sa.bindparam("first"), sa.bindparam("last")))
    .order_by(t.tiles.c.position)
)
NEWEST_CHECKPOINT = Compiled(sa.select(t.checkpoints).order_by(t.checkpoints.c.size.desc()).limit(1))
EVERY_BATCH = sa.select(*t.batches.c["id", "vintage", "first", "end"], t.claims.c.document).join(t.claims)
ONE_BATCH = Compiled(EVERY_BATCH.where(t.batches.c.id == KEY))
BATCH_AT = Compiled(sa.select(t.claims.c.position).join(t.batches).where(t.batches.c.id == KEY))
ENDING_AT = Compiled(sa.select(t.endings.c.position).where(t.endings.c.id == KEY))
ONE_OPENING = Compiled(sa.select(t.openings.c.salt, t.openings.c.value).where(t.openings.c.commitment == KEY))
BALANCES = Compiled(sa.text("SELECT locks, batch, units FROM balances WHERE owner = :owner ORDER BY batch, locks"))
#: A row by its id.
NOUN = {
    table.name: Compiled(sa.select(table).where(table.c.id == KEY))
    for table in (t.accounts, t.people, t.keys, t.assets, t.encumbrances)
}
