"""The tree and its entries as immutable pieces that any file server can serve (c2sp.org/tlog-tiles).

A tile at level *n* holds 256 hashes: those over ``256**n`` leaves each, so level 0 holds leaf hashes and every higher
hash is the root of a complete tile one level below. The last tile of a level may be partial; its width is in its path.
Entries lie beside them in bundles of 256, each entry behind its length in two bytes.

What a store keeps, and only ever adds to:

- its entries, from which leaf hashes follow;
- complete tiles as rows ``(level, index, 256 hashes, root)``, made by :func:`completed_tiles`;
- the :class:`~tanhui.registry.log.tree.Frontier`, from which the root of the log follows.

A partial tile is never stored. At level 0 it is the hashes of the last entries, above it the roots of the last rows one
level below. :class:`TileNodes` then answers every question of ``tree`` (roots, proofs) from tiles alone.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from tanhui.kernel.errors import DomainError, IntegrityError
from tanhui.registry.log.tree import HASH_BYTES, MAX_SIZE, parents

__all__ = [
    "ENTRIES",
    "TILE_WIDTH",
    "CompleteTile",
    "KeptTiles",
    "ReadTile",
    "Tile",
    "TileNodes",
    "completed_tiles",
    "edge_tiles",
    "entries_between",
    "entry_bundle",
    "new_tiles",
    "parse_tile_path",
    "read_bundle",
    "split_hashes",
    "tile_root",
    "tile_width",
]

#: Levels of the tree in one tile, and hashes in a complete one.
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES
#: The "level" of entry bundles.
ENTRIES = -1
MAX_LEVEL = 63
#: The length of an entry stands in two bytes.
MAX_ENTRY_BYTES = 0xFFFF
TILE_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
#: The longest path of a tile that a log can have: seven groups of digits hold 2**63. [characters]
MAX_PATH = 64

ReadTile = Callable[[int, int, int], bytes]
"""Level, index and width of a tile -> its hashes, joined."""


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Which piece of the log: a level of hashes, or :data:`ENTRIES`; a place in it; how many there are."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below the log's address."""
        place = f"{self.index % 1000:03}"
        rest = self.index // 1000
        while rest:
            place, rest = f"x{rest % 1000:03}/{place}", rest // 1000
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level == ENTRIES else self.level}/{place}{partial}"

    @property
    def whole(self) -> Tile:
        """The complete tile at the same place."""
        return Tile(self.level, self.index)


def parse_tile_path(path: str) -> Tile:
    """The tile that a path names.

    Raises
    ------
    DomainError
        If it names none, or is spelled in another way than :attr:`Tile.path`.
    """
    match = TILE_PATH.fullmatch(path) if len(path) <= MAX_PATH else None
    if match:
        level = ENTRIES if match[1] == "entries" else int(match[1])
        index = int(match[2].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(match[3] or TILE_WIDTH))
        if level <= MAX_LEVEL and index <= MAX_SIZE and tile.path == path:
            return tile
    raise DomainError("registry.no_such_tile", path=path)


def tile_width(size: int, level: int, index: int) -> int:
    """Hashes that a tile has in a log of ``size`` leaves: 256, fewer at the right edge, 0 beyond it."""
    hashes = size >> (TILE_HEIGHT * max(level, 0))
    return max(0, min(TILE_WIDTH, hashes - index * TILE_WIDTH))


def new_tiles(old_size: int, size: int, *, entries: bool = False) -> Iterator[Tile]:
    """The tiles that a log of ``size`` leaves serves and one of ``old_size`` did not, lowest level first.

    Parameters
    ----------
    old_size, size : int
        Leaves before and now.
    entries : bool
        The entry bundles instead of the hash tiles.
    """
    level = ENTRIES if entries else 0
    before, now = old_size, size
    while now:
        for index in range(before // TILE_WIDTH, -(-now // TILE_WIDTH)) if now > before else ():
            yield Tile(level, index, min(TILE_WIDTH, now - index * TILE_WIDTH))
        if level == ENTRIES:
            return
        level, before, now = level + 1, before >> TILE_HEIGHT, now >> TILE_HEIGHT


def edge_tiles(size: int) -> list[Tile]:
    """The partial tiles of a log of ``size`` leaves, highest level first. Every leaf is under one of them."""
    tiles, level = [], 0
    while size:
        index, width = divmod(size, TILE_WIDTH)
        if width:
            tiles.append(Tile(level, index, width))
        level, size = level + 1, index
    return tiles[::-1]


def tile_root(hashes: bytes) -> bytes:
    """The root of a complete tile.

    Raises
    ------
    IntegrityError
        If it has not 256 hashes.
    """
    return _expanded(hashes, TILE_WIDTH)[-1]


@dataclass(frozen=True, slots=True)
class CompleteTile:
    """A row of a store: a complete tile, and its root, which is a hash of the tile above."""

    level: int
    index: int
    hashes: bytes
    root: bytes


def completed_tiles(size: int, leaf_hashes: Sequence[bytes], begun: ReadTile) -> Iterator[CompleteTile]:
    """The tiles that an append completes, lowest level first.

    Parameters
    ----------
    size : int
        Leaves before the append.
    leaf_hashes : sequence of bytes
        Hashes of the new leaves.
    begun : callable
        ``begun(level, index, width)`` gives the hashes, joined, that a tile already had before the append. It is asked
        at most once a level, and only for a tile that is now completed. At level 0 it hashes the last ``width`` entries
        before the append; above, it joins the roots of the ``width`` stored rows one level below, from row
        ``index * 256`` on.

    Yields
    ------
    CompleteTile
        What the store adds, in the same transaction as the entries.
    """
    level, count, fresh = 0, size, list(leaf_hashes)
    while True:
        first, there = divmod(count, TILE_WIDTH)
        completed = (there + len(fresh)) // TILE_WIDTH
        if not completed:
            return
        row = b"".join(fresh)
        if there:
            row = _checked(begun(level, first, there), there) + row
        fresh = []
        for index in range(completed):
            hashes = row[index * TILE_BYTES : (index + 1) * TILE_BYTES]
            fresh.append(tile_root(hashes))
            yield CompleteTile(level, first + index, hashes, fresh[-1])
        level, count = level + 1, first


class KeptTiles:
    """Tiles with all nodes in them, those used last: what readers of one log share, from any thread.

    A complete tile never changes, and one at the right edge is another tile with each width. So nothing kept is ever
    wrong, provided that it was read from what is in the log for good: a transaction that may still be rolled back must
    not put anything here.

    Parameters
    ----------
    most : int
        How many. One takes 16 kB.
    """

    def __init__(self, most: int = 1024) -> None:
        self._most, self._lock = most, Lock()
        self._tiles: OrderedDict[tuple[int, int, int], list[bytes]] = OrderedDict()

    def get(self, level: int, index: int, width: int, read: ReadTile) -> list[bytes]:
        """All levels of a tile, each joined; read where it is not kept."""
        key = (level, index, width)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
        rows = _expanded(read(level, index, width), width)
        with self._lock:
            self._tiles[key] = rows
            if len(self._tiles) > self._most:
                self._tiles.popitem(last=False)
        return rows


class TileNodes:
    """The nodes of a log of ``size`` leaves, read from its tiles; its method ``node`` is what ``tree`` asks.

    Parameters
    ----------
    read : callable
        ``read(level, index, width)`` gives the hashes of a tile, joined.
    size : int
        Leaves of the log. Tiles are asked for with the width that they have in it.
    keep : int
        Tiles to keep in memory, those used last. One takes 16 kB.
    kept : KeptTiles, optional
        What others have read of the same log. Several threads may share it, but not one :class:`TileNodes`.
    """

    def __init__(self, read: ReadTile, size: int, *, keep: int = 1024, kept: KeptTiles | None = None) -> None:
        self._read, self._size, self._keep, self._kept = read, size, keep, kept
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def node(self, level: int, position: int) -> bytes:
        """A complete node.

        Raises
        ------
        DomainError
            If the log has not the leaves below it.
        IntegrityError
            If a tile has not the length that it should have.
        """
        if (position + 1) << level > self._size:
            raise DomainError("registry.no_such_leaf", index=((position + 1) << level) - 1, size=self._size)
        tile_level, above = divmod(level, TILE_HEIGHT)
        index, place = divmod(position << above, TILE_WIDTH)
        row = self._tile(tile_level, index)[above]
        at = (place >> above) * HASH_BYTES
        return row[at : at + HASH_BYTES]

    def _tile(self, level: int, index: int) -> list[bytes]:
        """All levels of a tile, each joined."""
        key = (level, index)
        if key in self._tiles:
            self._tiles.move_to_end(key)
            return self._tiles[key]
        width = tile_width(self._size, level, index)
        if self._kept is not None:
            rows = self._kept.get(level, index, width, self._read)
        else:
            rows = _expanded(self._read(level, index, width), width)
        self._tiles[key] = rows
        if len(self._tiles) > self._keep:
            self._tiles.popitem(last=False)
        return rows


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries one after the other, each behind its length in two bytes.

    Raises
    ------
    DomainError
        If an entry is longer than the format can say.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise DomainError("registry.entry_too_long", length=len(entry), limit=MAX_ENTRY_BYTES)
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle that has ``width`` of them.

    Raises
    ------
    IntegrityError
        If it has not exactly so many.
    """
    entries, at = [], 0
    for _ in range(width):
        begin = at + 2
        at = begin + int.from_bytes(data[at:begin], "big")
        entries.append(data[begin:at])
        if begin > len(data):
            break
    if at != len(data) or len(entries) != width:
        raise IntegrityError("registry.bundle_malformed", width=width)
    return entries


def entries_between(data: bytes, first: int, end: int) -> list[bytes]:
    """Some entries of a bundle, by their places in it. Those before are skipped, those behind not looked at.

    Raises
    ------
    IntegrityError
        If it has not so many.
    """
    entries, at = [], 0
    try:
        for _ in range(first):
            at += 2 + (data[at] << 8 | data[at + 1])
        for _ in range(first, end):
            begin = at + 2
            at = begin + (data[at] << 8 | data[at + 1])
            entries.append(data[begin:at])
    except IndexError:
        at = len(data) + 1
    if at > len(data):
        raise IntegrityError("registry.bundle_malformed", width=end)
    return entries


def split_hashes(joined: bytes, width: int) -> list[bytes]:
    """The ``width`` hashes of a tile one by one.

    Raises
    ------
    IntegrityError
        If there are not exactly so many.
    """
    return [_checked(joined, width)[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


def _checked(hashes: bytes, width: int) -> bytes:
    if len(hashes) != width * HASH_BYTES:
        raise IntegrityError("registry.tile_malformed", width=width, length=len(hashes))
    return hashes


def _expanded(hashes: bytes, width: int) -> list[bytes]:
    """A tile's own hashes and the complete nodes above them, one joined row for each level up to its root."""
    row = split_hashes(hashes, width)
    rows = [hashes]
    for _ in range(TILE_HEIGHT):
        row = parents(row)
        rows.append(b"".join(row))
    return rows
