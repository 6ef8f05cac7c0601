"""The log alone, without a database: appending, proofs, tiles, signatures.

``python -m benchmarks.registry.log [--leaves N]`` prints one table. Where the library ``pymerkle`` is installed its
in-memory tree runs beside ours on the same leaves, for it is the Merkle tree that Python programs find first.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from tanhui.registry.checkpoint import Checkpoint, open_note, sign_checkpoint
from tanhui.registry.log.cosignature import SUITES
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.log.static import read_log, write_static
from tanhui.registry.log.tiles import TILE_WIDTH, TileNodes, completed_tiles
from tanhui.registry.log.tree import (
    Frontier,
    MemoryTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    verify_inclusion,
)

#: Length of a leaf. [bytes]
LEAF_BYTES = 100
#: Leaves that one transaction appends, where appending goes in steps.
STEP = 1000


def rate(count: int, work: Callable[[], object]) -> float:
    """How many things a second; ``work`` does ``count`` of them."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def each(work: Callable[[int], object], items: Iterable[int]) -> Callable[[], None]:
    """One piece of work for each item."""

    def run() -> None:
        for item in items:
            work(item)

    return run


def in_steps(leaves: list[bytes]) -> tuple[Frontier, dict[tuple[int, int], bytes], dict[tuple[int, int], bytes]]:
    """What a store does to append: a frontier, complete tiles and their roots, a thousand leaves at a time."""
    frontier, tiles, roots = Frontier(), dict[tuple[int, int], bytes](), dict[tuple[int, int], bytes]()
    hashes: list[bytes] = []

    def begun(level: int, index: int, width: int) -> bytes:
        first = index * TILE_WIDTH
        places = range(first, first + width)
        return b"".join(hashes[first : first + width] if level == 0 else (roots[level - 1, place] for place in places))

    for first in range(0, len(leaves), STEP):
        fresh = [leaf_hash(leaf) for leaf in leaves[first : first + STEP]]
        for tile in completed_tiles(first, fresh, begun):
            tiles[tile.level, tile.index], roots[tile.level, tile.index] = tile.hashes, tile.root
        frontier = frontier.extend(fresh)
        hashes += fresh
    return frontier, tiles, roots


def tree_rows(leaves: list[bytes], sample: list[int]) -> list[tuple[str, float]]:
    """Appending and proving in memory."""
    size, tree, single = len(leaves), MemoryTree(), MemoryTree()
    rows = [
        ("append, all at once, MemoryTree", rate(size, lambda: tree.extend(map(leaf_hash, leaves)))),
        ("append, all at once, Frontier", rate(size, lambda: Frontier().extend(map(leaf_hash, leaves)))),
        ("append, 1,000 at a time, tiles and Frontier", rate(size, lambda: in_steps(leaves))),
        (
            "append, one by one, MemoryTree",
            rate(size, each(lambda i: single.append(leaf_hash(leaves[i])), range(size))),
        ),
        ("inclusion proof", rate(len(sample), each(lambda i: inclusion_proof(i, size, tree.node), sample))),
        ("consistency proof", rate(len(sample), each(lambda i: consistency_proof(i + 1, size, tree.node), sample))),
    ]
    root, proofs = tree.root(), [inclusion_proof(index, size, tree.node) for index in sample]
    checks = list(zip(sample, proofs, strict=True))

    def check() -> None:
        assert all(verify_inclusion(index, size, leaf_hash(leaves[index]), proof, root) for index, proof in checks)

    return [*rows, ("inclusion proof verified", rate(len(sample), check))]


def tile_rows(leaves: list[bytes], sample: list[int]) -> list[tuple[str, float]]:
    """Proofs from tiles, and a log as files."""
    size = len(leaves)
    frontier, tiles, roots = in_steps(leaves)

    def read(level: int, index: int, width: int) -> bytes:
        first = index * TILE_WIDTH
        if (level, index) in tiles:
            return tiles[level, index]
        places = range(first, first + width)
        return b"".join(leaf_hash(leaves[p]) if level == 0 else roots[level - 1, p] for p in places)

    few, many = TileNodes(read, size, keep=64), TileNodes(read, size, keep=size // TILE_WIDTH + 64)
    assert root_hash(size, many.node) == frontier.root()
    each(lambda i: inclusion_proof(i, size, many.node), range(0, size, TILE_WIDTH))()
    note = sign_checkpoint(Checkpoint("log.example", size, frontier.root()), NoteSigner("log.example", bytes(32)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = rate(size, lambda: write_static(folder, size, many.node, lambda first, end: leaves[first:end], note))
        checkpoint = Checkpoint("log.example", size, frontier.root())
        checked = rate(size, lambda: sum(1 for _ in read_log(folder, checkpoint)))
    return [
        (
            "inclusion proof from tiles, 64 kept",
            rate(len(sample), each(lambda i: inclusion_proof(i, size, few.node), sample)),
        ),
        (
            "inclusion proof from tiles, all kept",
            rate(len(sample), each(lambda i: inclusion_proof(i, size, many.node), sample)),
        ),
        ("static log written, entries, each file synced", written),
        ("static log read and checked, entries", checked),
    ]


def signature_rows(count: int) -> list[tuple[str, float]]:
    """Signing and opening a checkpoint."""
    checkpoint, rows = Checkpoint("log.example", 5, bytes(32)), list[tuple[str, float]]()
    for suite in SUITES.values():
        signer = NoteSigner("log.example", bytes(32), suite)
        note, keys = sign_checkpoint(checkpoint, signer), [signer.key]
        sign = each(partial(signer.line, checkpoint.text()), range(count))
        verify = each(lambda _, note=note, keys=keys: open_note(note, keys), range(count))  # type: ignore[misc]
        rows += [(f"checkpoint signed, {suite.name}", rate(count, sign))]
        rows += [(f"checkpoint opened, {suite.name}", rate(count, verify))]
    return rows


def peer_rows(leaves: list[bytes], sample: list[int]) -> list[tuple[str, float]]:
    """The same with pymerkle, where it is installed."""
    try:
        from pymerkle import InmemoryTree
    except ImportError:
        return []
    tree = InmemoryTree(algorithm="sha256")
    appended = rate(len(leaves), lambda: [tree.append_entry(leaf) for leaf in leaves])
    ours = MemoryTree()
    ours.extend(map(leaf_hash, leaves))
    assert tree.get_root() == ours.root()
    proved = rate(len(sample), each(lambda index: tree.prove_inclusion(index + 1, len(leaves)), sample))
    return [("append, one by one, pymerkle", appended), ("inclusion proof, pymerkle", proved)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leaves", type=int, default=1_000_000)
    size = parser.parse_args().leaves
    leaves = [index.to_bytes(LEAF_BYTES, "big") for index in range(size)]
    sample = random.Random(0).sample(range(size), min(20_000, size))
    print(f"| work, {size:,} leaves of {LEAF_BYTES} bytes | per second |")
    print("|---|---|")
    for rows in (tree_rows(leaves, sample), tile_rows(leaves, sample), signature_rows(1000), peer_rows(leaves, sample)):
        for name, value in rows:
            print(f"| {name} | {value:,.0f} |")


if __name__ == "__main__":
    main()
