"""A checkpoint that somebody kept against the log as it is now: grown from it, shortened, or rewritten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tanhui.registry.anchors import keys_of
from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.folder import is_registry, open_store
from tanhui.registry.log.note import NoteKey, parse_note
from tanhui.registry.log.rollback import Evidence, find_rollback
from tanhui.registry.log.static import ReadFile, read_note
from tanhui.registry.log.tiles import Tile, TileNodes
from tanhui.registry.log.tree import HASH_BYTES, ReadNode, consistency_proof, root_hash
from tanhui.registry.operations.replay_public import log_source

__all__ = ["compare"]


def compare(source: Path | str, kept: Sequence[str], anchors: Sequence[NoteKey]) -> Evidence | None:
    """Whether a log kept its word to those who kept its checkpoints.

    Parameters
    ----------
    source : Path or str
        A registry's folder, the folder of its static log, or that log's address.
    kept : sequence of str
        Signed checkpoints from earlier.
    anchors : sequence of NoteKey
        Keys trusted beforehand.

    Returns
    -------
    Evidence or None
        What convinces a third party of a fork or a rollback; None where there is none.

    Raises
    ------
    IntegrityError
        If a note is malformed, unsigned or another log's.
    """
    if isinstance(source, Path) and is_registry(source):
        store = open_store(source)
        try:
            with store.reading() as view:
                return _found(kept, view.checkpoint(), view.nodes, anchors)
        finally:
            store.close()
    read = log_source(source)
    note = read_note(read)
    return _found(kept, note, lambda size: TileNodes(lambda *tile: _tile(read, *tile), size).node, anchors)


def _found(
    kept: Sequence[str], now: str, nodes: Callable[[int], ReadNode], anchors: Sequence[NoteKey]
) -> Evidence | None:
    origin = parse_checkpoint(parse_note(now)[0]).origin

    def prove(first: int, second: int) -> tuple[bytes, list[bytes]]:
        node = nodes(second)
        return root_hash(first, node), consistency_proof(first, second, node)

    return find_rollback(kept, now, prove, keys_of(anchors, origin))


def _tile(read: ReadFile, level: int, index: int, width: int) -> bytes:
    """The first hashes of a tile; a complete one may have taken a partial one's place."""
    tile = Tile(level, index, width)
    try:
        data = read(tile.path)
    except (OSError, LookupError):
        data = read(tile.whole.path)
    return data[: width * HASH_BYTES]
