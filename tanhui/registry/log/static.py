"""A log as a folder of files that any web server can serve: write it, read it back and check it.

``checkpoint`` is the only file that changes; it is written last, so a reader always finds what it promises. Whoever has
the folder, or a copy of it, needs nothing else: not us, not our database.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.files import write_whole
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint
from tanhui.registry.log.note import parse_note
from tanhui.registry.log.tiles import (
    ENTRIES,
    MAX_ENTRY_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    edge_tiles,
    entry_bundle,
    new_tiles,
    read_bundle,
    split_hashes,
    tile_root,
)
from tanhui.registry.log.tree import Frontier, ReadNode, leaf_hash, root_hash

__all__ = ["CHECKPOINT", "ReadFile", "folder_source", "read_log", "read_note", "write_static"]

#: Where the checkpoint is served.
CHECKPOINT = "checkpoint"
#: No file of a log is longer. [bytes]
MAX_FILE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)

ReadFile = Callable[[str], bytes]
"""Path below the log's address -> bytes; an ``OSError`` or ``LookupError`` where there is nothing."""
ReadLeaves = Callable[[int, int], Iterable[bytes]]
"""First and end index -> the content of those entries."""


def folder_source(folder: Path) -> ReadFile:
    """A folder as the source of a log."""

    def read(path: str) -> bytes:
        with (folder / path).open("rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1)

    return read


def read_note(source: Path | ReadFile) -> str:
    """The checkpoint of a static log as it is served, a signed note.

    Raises
    ------
    IntegrityError
        If there is none, or it is not text.
    """
    read = folder_source(source) if isinstance(source, Path) else source
    try:
        return read(CHECKPOINT).decode("utf-8")
    except UnicodeDecodeError:
        raise IntegrityError("registry.checkpoint_malformed") from None
    except (OSError, LookupError):
        raise IntegrityError("registry.log_file_missing", path=CHECKPOINT) from None


def read_log(source: Path | ReadFile, checkpoint: Checkpoint) -> Iterator[bytes]:
    """The entries of a static log, each proven to be what the checkpoint commits to before it is handed out.

    The partial tiles of the right edge give the root; every complete tile must have the root that the tile above it
    states, and every bundle the hashes of its level-0 tile. So no tile and no byte of an entry remains unchecked, and
    nothing has to be kept but one tile of each level. Whether the checkpoint itself can be trusted is for ``open_note``
    to say.

    Parameters
    ----------
    source : Path or callable
        The folder, or what reads a file of it by its path.
    checkpoint : Checkpoint
        The head to read up to; the log may have grown since.

    Yields
    ------
    bytes
        Entries in their order.

    Raises
    ------
    IntegrityError
        At the first file that is missing, malformed or wrong.
    """
    read = folder_source(source) if isinstance(source, Path) else source
    hashes = {tile: _hashes(read, tile) for tile in edge_tiles(checkpoint.size)}
    roots = [root for row in hashes.values() for root in Frontier().extend(row).hashes]
    if Frontier(checkpoint.size, tuple(roots)).root() != checkpoint.root:
        raise IntegrityError("registry.log_not_of_checkpoint", origin=checkpoint.origin, size=checkpoint.size)
    for tile, row in hashes.items():
        yield from _below(read, tile, row)


def write_static(folder: Path, size: int, node: ReadNode, leaves: ReadLeaves, note: str) -> None:
    """Bring a static log up to date: new tiles, new bundles, then the checkpoint.

    Each file appears whole or not at all, and the checkpoint last, so that a kill leaves the log at its old size.
    Afterwards partial tiles whose complete tile is there are removed.

    Parameters
    ----------
    folder : Path
        Where the log is served from; made if it is not there.
    size : int
        Leaves of the log.
    node, leaves : callable
        What reads the nodes and the entries of the log.
    note : str
        Its signed checkpoint.

    Raises
    ------
    IntegrityError
        If the checkpoint is not that of this log, or the folder holds another log or a longer one.
    DomainError
        If an entry is too long for a bundle.
    """
    checkpoint = parse_checkpoint(parse_note(note)[0])
    if (checkpoint.size, checkpoint.root) != (size, root_hash(size, node)):
        raise IntegrityError("registry.log_not_of_checkpoint", origin=checkpoint.origin, size=size)
    old_size = _size_there(folder, checkpoint, node)
    for tile in new_tiles(old_size, size, entries=True):
        first = tile.index * TILE_WIDTH
        write_whole(folder / tile.path, entry_bundle(leaves(first, first + tile.width)))
    for tile in new_tiles(old_size, size):
        first, level = tile.index * TILE_WIDTH, tile.level * TILE_HEIGHT
        write_whole(folder / tile.path, b"".join(node(level, first + place) for place in range(tile.width)))
    write_whole(folder / CHECKPOINT, note.encode())
    for entries in (False, True):
        for tile in new_tiles(old_size, size, entries=entries):
            if tile.width == TILE_WIDTH:
                shutil.rmtree(folder / f"{tile.path}.p", ignore_errors=True)


def _size_there(folder: Path, checkpoint: Checkpoint, node: ReadNode) -> int:
    """Leaves that the folder already serves; it must hold a prefix of the log."""
    if not (folder / CHECKPOINT).exists():
        return 0
    there = parse_checkpoint(parse_note(read_note(folder))[0])
    same = there.origin == checkpoint.origin and there.size <= checkpoint.size
    if not same or there.root != root_hash(there.size, node):
        raise IntegrityError("registry.static_log_differs", path=str(folder))
    return there.size


def _below(read: ReadFile, tile: Tile, hashes: list[bytes]) -> Iterator[bytes]:
    """The entries under a tile whose hashes are proven."""
    if tile.level == 0:
        bundle = Tile(ENTRIES, tile.index, tile.width)
        entries = _entries(read, bundle)
        if [leaf_hash(entry) for entry in entries] != hashes:
            raise IntegrityError("registry.tile_wrong", path=bundle.path)
        yield from entries
        return
    for place, root in enumerate(hashes):
        below = Tile(tile.level - 1, tile.index * TILE_WIDTH + place)
        row = _hashes(read, below)
        if tile_root(b"".join(row)) != root:
            raise IntegrityError("registry.tile_wrong", path=below.path)
        yield from _below(read, below, row)


def _hashes(read: ReadFile, tile: Tile) -> list[bytes]:
    """The hashes of a tile, not yet proven."""
    there, data = _file(read, tile)
    return split_hashes(data, there.width)[: tile.width]


def _entries(read: ReadFile, tile: Tile) -> list[bytes]:
    """The entries of a bundle, not yet proven."""
    there, data = _file(read, tile)
    return read_bundle(data, there.width)[: tile.width]


def _file(read: ReadFile, tile: Tile) -> tuple[Tile, bytes]:
    """The file of a tile, or of the complete one that has taken a partial one's place."""
    for there in (tile, tile.whole):
        try:
            data = read(there.path)
        except (OSError, LookupError):
            continue
        if len(data) > MAX_FILE_BYTES:
            raise IntegrityError("registry.log_file_too_long", path=there.path, limit=MAX_FILE_BYTES)
        return there, data
    raise IntegrityError("registry.log_file_missing", path=tile.path)
