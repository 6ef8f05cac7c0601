"""The Merkle tree of the log, as RFC 9162 section 2.1 defines it: appending, roots, proofs.

A tree is read through ``node(level, position)``, the hash over the complete subtree of ``2**level`` leaves that begins
at leaf ``position * 2**level``. Such nodes never change once written, so a store only ever adds them. To append, the
roots of the complete subtrees along the right edge are enough: the :class:`Frontier`. Everything here is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tanhui.kernel.errors import DomainError, IntegrityError

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "MemoryTree",
    "ReadNode",
    "completed_nodes",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "parents",
    "root_hash",
    "verify_consistency",
    "verify_inclusion",
]

#: Length of a hash. [bytes]
HASH_BYTES = 32
#: Leaves that a log can have, as signed notes and tiles count them.
MAX_SIZE = 2**63 - 1
#: Root of the tree without leaves.
EMPTY_ROOT = hashlib.sha256(b"").digest()

ReadNode = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf's content."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The nodes above a row that begins at an even position; an odd last one has none yet."""
    sha256 = hashlib.sha256  # this loop is all the work of a large append
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def completed_nodes(size: int, leaf: bytes, node: ReadNode) -> Iterator[tuple[int, int, bytes]]:
    """The nodes that a new leaf completes in a tree of ``size`` leaves.

    Parameters
    ----------
    size : int
        Leaves before the append, which is the index of the new one.
    leaf : bytes
        :func:`leaf_hash` of the new leaf.
    node : callable
        Reads a complete node of the tree before the append.

    Yields
    ------
    level, position, hash
        The leaf itself first, then each parent it completes.
    """
    level, position, value = 0, size, leaf
    yield level, position, value
    while position & 1:
        value = node_hash(node(level, position - 1), value)
        level, position = level + 1, position >> 1
        yield level, position, value


def root_hash(size: int, node: ReadNode) -> bytes:
    """Root of the first ``size`` leaves; of none, the hash of nothing."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: ReadNode) -> list[bytes]:
    """Hashes that lead from leaf ``index`` to the root of ``size`` leaves, lowest first (RFC 9162, 2.1.3.1).

    Raises
    ------
    DomainError
        Unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise DomainError("registry.no_such_leaf", index=index, size=size)
    path: list[bytes] = []
    level, position, last = 0, index, size - 1
    while last:
        sibling = position ^ 1
        if sibling < last:
            path.append(node(level, sibling))
        elif sibling == last:  # only the last subtree of a level can be incomplete
            path.append(_subtree(sibling << level, size, node))
        level, position, last = level + 1, position >> 1, last >> 1
    return path


def consistency_proof(first: int, second: int, node: ReadNode) -> list[bytes]:
    """Hashes that show the tree of ``first`` leaves to be a prefix of that of ``second`` (RFC 9162, 2.1.4.1).

    Empty where ``first`` is 0 or equals ``second``: there is nothing to show.

    Raises
    ------
    DomainError
        Unless 0 <= first <= second.
    """
    if not 0 <= first <= second:
        raise DomainError("registry.no_such_prefix", first=first, second=second)
    if first in (0, second):
        return []
    path: list[bytes] = []
    begin, end, old_is_whole = 0, second, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(_subtree(middle, end, node))
            end = middle
        else:
            path.append(_subtree(begin, middle, node))
            begin, old_is_whole = middle, False
    if not old_is_whole:
        path.append(_subtree(begin, end, node))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` leads from the leaf hash to the root (RFC 9162, 2.1.3.2). Never raises on a malformed path."""
    if not 0 <= index < size or not _are_hashes([leaf, root, *path]):
        return False
    position, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            value = node_hash(sibling, value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and value == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of ``first`` leaves is a prefix of that of ``second`` (RFC 9162, 2.1.4.2). Never raises."""
    if not 0 <= first <= second or not _are_hashes([first_root, second_root, *path]):
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree, all that appending needs: the roots of its complete subtrees, largest first.

    There is one per 1 in the binary spelling of the size. Also called a compact range.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE or len(self.hashes) != self.size.bit_count() or not _are_hashes(self.hashes):
            raise IntegrityError("registry.frontier_malformed")

    def extend(self, leaf_hashes: Iterable[bytes]) -> Frontier:
        """The frontier after more leaves, given by their hashes."""
        row, edge, kept, level = list(leaf_hashes), list(self.hashes), list[bytes](), 0
        size = self.size + len(row)
        while row or edge:
            if self.size >> level & 1:
                row.insert(0, edge.pop())
            if len(row) & 1:
                kept.append(row.pop())
            row, level = parents(row), level + 1
        return Frontier(size, tuple(reversed(kept)))

    def root(self) -> bytes:
        """The root of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *larger, value = self.hashes
        for left in reversed(larger):
            value = node_hash(left, value)
        return value

    def to_bytes(self) -> bytes:
        """The size in eight bytes, highest first, then the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """What :meth:`to_bytes` wrote.

        Raises
        ------
        IntegrityError
            If it is anything else.
        """
        rest = data[8:]
        hashes = tuple(rest[at : at + HASH_BYTES] for at in range(0, len(rest), HASH_BYTES))
        if len(data) < 8:
            raise IntegrityError("registry.frontier_malformed")
        return cls(int.from_bytes(data[:8], "big"), hashes)


class MemoryTree:
    """A tree in memory with all its nodes, for replays and tests."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def node(self, level: int, position: int) -> bytes:
        """A complete node."""
        return self._levels[level][position]

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        self.extend((leaf,))

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add many leaves by their hashes, level by level."""
        fresh, level = list(leaf_hashes), 0
        while fresh:
            if level + 1 == len(self._levels):
                self._levels.append([])
            row, above = self._levels[level], self._levels[level + 1]
            row.extend(fresh)
            fresh, level = parents(row[2 * len(above) :]), level + 1

    def root(self, size: int | None = None) -> bytes:
        """Root of the first ``size`` leaves, all of them by default."""
        return root_hash(self.size if size is None else size, self.node)


def _split(width: int) -> int:
    """The largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def _subtree(first: int, end: int, node: ReadNode) -> bytes:
    """Hash over leaves ``first`` to ``end``, a range that some split of the tree made."""
    width = end - first
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, first >> level)
    middle = first + _split(width)
    return node_hash(_subtree(first, middle, node), _subtree(middle, end, node))


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_BYTES for value in values)
