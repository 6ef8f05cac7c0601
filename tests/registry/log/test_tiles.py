"""Tiles against the specification's examples and against the tree; what a store must keep; folders that lie."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, IntegrityError, TanhuiError
from tanhui.kernel.signing import SigningKey
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from tanhui.registry.log import (
    Frontier,
    MemoryTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    verify_inclusion,
)
from tanhui.registry.log.note import parse_note
from tanhui.registry.log.static import CHECKPOINT, folder_source, read_log, read_note, write_static
from tanhui.registry.log.tiles import (
    ENTRIES,
    TILE_WIDTH,
    CompleteTile,
    KeptTiles,
    Tile,
    TileNodes,
    completed_tiles,
    edge_tiles,
    entries_between,
    entry_bundle,
    new_tiles,
    parse_tile_path,
    read_bundle,
    split_hashes,
    tile_root,
    tile_width,
)

KEY = SigningKey("log.example/a", bytes(range(32)))


def entries(size: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(size)]


def tree_of(leaves: list[bytes]) -> MemoryTree:
    tree = MemoryTree()
    tree.extend(map(leaf_hash, leaves))
    return tree


class Store:
    """The least that a store can be: entries, complete tiles, a frontier. It only ever adds."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.rows: dict[tuple[int, int], CompleteTile] = {}
        self.frontier = Frontier()

    def append(self, fresh: list[bytes]) -> None:
        hashes = [leaf_hash(entry) for entry in fresh]
        for row in completed_tiles(len(self.entries), hashes, self.begun):
            assert self.rows.setdefault((row.level, row.index), row) is row
        self.entries += fresh
        self.frontier = self.frontier.extend(hashes)

    def begun(self, level: int, index: int, width: int) -> bytes:
        first = index * TILE_WIDTH
        places = range(first, first + width)
        if level == 0:
            return b"".join(leaf_hash(self.entries[place]) for place in places)
        return b"".join(self.rows[level - 1, place].root for place in places)

    def read(self, level: int, index: int, width: int) -> bytes:
        return self.rows[level, index].hashes if width == TILE_WIDTH else self.begun(level, index, width)


# Paths


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        # c2sp.org/tlog-tiles: index 1234067 is x001/x234/067.
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(63, 999, 255), "tile/63/999.p/255"),
        (Tile(1, 1000, 1), "tile/1/x001/000.p/1"),
        (Tile(ENTRIES, 3057500), "tile/entries/x003/x057/500"),
        (Tile(ENTRIES, 123456078, 2), "tile/entries/x123/x456/078.p/2"),
        (Tile(0, 2**63 - 1), "tile/0/x009/x223/x372/x036/x854/x775/807"),
    ],
)
def test_paths(tile: Tile, path: str):
    assert tile.path == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",  # not the one spelling
        "tile/0/123/456",
        "tile/0/x123/x456",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/００１",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/" + "x001/" * 100 + "000",
        "tile/0/../../etc/passwd",
    ],
)
def test_paths_that_name_no_tile(path: str):
    with pytest.raises(DomainError):
        parse_tile_path(path)


@given(st.text(st.sampled_from("tile/entries.px0123456789"), max_size=40).map(lambda text: f"tile/{text}") | st.text())
def test_a_path_that_is_read_is_the_path_that_is_written(path: str):
    try:
        tile = parse_tile_path(path)
    except DomainError:
        return
    assert tile.path == path


# Which tiles there are


def test_the_specifications_example_of_seventy_thousand():
    tiles = list(new_tiles(0, 70_000))
    assert len([tile for tile in tiles if tile.level == 0 and tile.width == TILE_WIDTH]) == 273
    assert [tile for tile in tiles if tile.level or tile.width < TILE_WIDTH] == [
        Tile(0, 273, 112),
        Tile(1, 0),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert edge_tiles(70_000) == [Tile(2, 0, 1), Tile(1, 1, 17), Tile(0, 273, 112)]
    assert list(new_tiles(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(new_tiles(0, 0)) == edge_tiles(0) == []
    assert list(new_tiles(0, 257, entries=True)) == [Tile(ENTRIES, 0), Tile(ENTRIES, 1, 1)]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000, 16_777_216])
def test_widths(size: int):
    for tile in edge_tiles(size):
        assert tile_width(size, tile.level, tile.index) == tile.width
        assert tile_width(size, tile.level, tile.index + 1) == 0
    assert tile_width(size, ENTRIES, 0) == min(size, TILE_WIDTH)


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=5).map(sorted))
def test_growth_makes_each_tile_once(sizes: list[int]):
    for listing in (False, True):
        steps = pairwise(sizes)
        grown = {tile for old, new in steps for tile in new_tiles(old, new, entries=listing)}
        whole = {tile for tile in new_tiles(sizes[0], sizes[-1], entries=listing) if tile.width == TILE_WIDTH}
        assert {tile for tile in grown if tile.width == TILE_WIDTH} == whole


# Bundles


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_bundles_round_trip(pieces: list[bytes]):
    data = entry_bundle(pieces)
    assert read_bundle(data, len(pieces)) == pieces
    for wrong in (data + b"\x00", data[:-1]) if data else (b"\x00",):
        with pytest.raises(IntegrityError):
            read_bundle(wrong, len(pieces))
    with pytest.raises(IntegrityError):
        read_bundle(data, len(pieces) + 1)


def test_a_bundle_by_hand():
    assert entry_bundle([b"ab", b"", b"c"]) == b"\x00\x02ab\x00\x00\x00\x01c"
    assert entry_bundle([b"x" * 65535])[:2] == b"\xff\xff"
    with pytest.raises(DomainError, match="65536"):
        entry_bundle([b"ok", b"x" * 65536])


@given(st.binary(max_size=60), st.integers(0, 256))
def test_malformed_bundles(data: bytes, width: int):
    try:
        pieces = read_bundle(data, width)
    except IntegrityError:
        return
    assert entry_bundle(pieces) == data


@given(st.lists(st.binary(max_size=300), max_size=20), st.data())
def test_some_entries_of_a_bundle(pieces: list[bytes], data: st.DataObject):
    first = data.draw(st.integers(0, len(pieces)))
    end = data.draw(st.integers(first, len(pieces)))
    bundle = entry_bundle(pieces)
    assert entries_between(bundle, first, end) == pieces[first:end]
    for cut in (bundle[:-1], b"") if end == len(pieces) and end > first else ():
        with pytest.raises(IntegrityError):
            entries_between(cut, first, end)
    with pytest.raises(IntegrityError):
        entries_between(bundle, first, len(pieces) + 1)


# Tiles are the tree


@given(st.lists(st.integers(0, 600), max_size=6), st.data())
def test_a_store_of_complete_tiles_answers_as_the_tree_does(pieces: list[int], data: st.DataObject):
    store = Store()
    for piece in pieces:
        store.append([f"{len(store.entries)}.{number}".encode() for number in range(piece)])
    size, tree = len(store.entries), tree_of(store.entries)
    assert store.frontier.root() == tree.root()
    assert set(store.rows) == {(tile.level, tile.index) for tile in new_tiles(0, size) if tile.width == TILE_WIDTH}
    nodes = TileNodes(store.read, size, keep=2)
    assert root_hash(size, nodes.node) == tree.root()
    if size:
        index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
        proof = inclusion_proof(index, size, nodes.node)
        assert proof == inclusion_proof(index, size, tree.node)
        assert verify_inclusion(index, size, leaf_hash(store.entries[index]), proof, tree.root())
        assert consistency_proof(first, size, nodes.node) == consistency_proof(first, size, tree.node)


def test_three_levels_of_tiles():
    store, leaves = Store(), entries(66_000)
    for first, end in ((0, 1), (1, 65_535), (65_535, 65_536), (65_536, 66_000)):
        store.append(leaves[first:end])
    tree = tree_of(leaves)
    assert store.rows[1, 0].root == tree.node(16, 0)
    nodes = TileNodes(store.read, 66_000)
    assert root_hash(66_000, nodes.node) == tree.root() == store.frontier.root()
    for index in (0, 1, 255, 256, 65_535, 65_536, 65_999):
        assert inclusion_proof(index, 66_000, nodes.node) == inclusion_proof(index, 66_000, tree.node)
    # An old size is read from the same tiles, its partial ones cut out of the complete ones.
    old = TileNodes(lambda level, index, width: whole(store, level, index)[: width * 32], 300)
    assert root_hash(300, old.node) == tree.root(300)


@given(st.lists(st.integers(1, 600), min_size=1, max_size=6), st.integers(1, 5))
def test_readers_of_logs_of_any_size_share_what_they_keep(pieces: list[int], most: int):
    store, kept = Store(), KeptTiles(most)
    for piece in pieces:
        store.append([f"{len(store.entries)}.{number}".encode() for number in range(piece)])
        size, tree = len(store.entries), tree_of(store.entries)
        nodes = TileNodes(store.read, size, kept=kept)
        assert root_hash(size, nodes.node) == tree.root()
        assert inclusion_proof(size // 2, size, nodes.node) == inclusion_proof(size // 2, size, tree.node)


def test_what_is_kept_is_not_read_again():
    store, kept = Store(), KeptTiles()
    store.append(entries(700))
    first = inclusion_proof(300, 700, TileNodes(store.read, 700, kept=kept).node)

    def unread(level: int, index: int, width: int) -> bytes:
        raise LookupError

    assert inclusion_proof(300, 700, TileNodes(unread, 700, kept=kept).node) == first
    with pytest.raises(LookupError):
        inclusion_proof(5, 700, TileNodes(unread, 700, kept=kept).node)


def whole(store: Store, level: int, index: int) -> bytes:
    return store.read(level, index, tile_width(len(store.entries), level, index))


def test_nodes_that_are_not_there():
    nodes = TileNodes(Store().read, 5)
    with pytest.raises(DomainError):
        nodes.node(0, 5)
    with pytest.raises(DomainError):
        nodes.node(3, 0)
    with pytest.raises(IntegrityError):
        TileNodes(lambda level, index, width: b"x" * (width * 32 - 1), 5).node(0, 0)


def test_tiles_have_exactly_their_hashes():
    with pytest.raises(IntegrityError):
        tile_root(b"x" * 8191)
    with pytest.raises(IntegrityError):
        split_hashes(b"x" * 33, 1)


# A folder


def publish(folder: Path, leaves: list[bytes]) -> Checkpoint:
    tree = tree_of(leaves)
    checkpoint = Checkpoint("log.example/a", len(leaves), tree.root())
    note = sign_checkpoint(checkpoint, KEY)
    write_static(folder, len(leaves), tree.node, lambda first, end: leaves[first:end], note)
    return checkpoint


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("sizes", [[0], [1], [0, 1, 300, 300, 513], [255, 256, 257], [70_000]])
def test_what_was_published_is_read_back(tmp_path: Path, sizes: list[int]):
    leaves = entries(sizes[-1])
    for size in sizes:
        checkpoint = publish(tmp_path, leaves[:size])
        assert parse_checkpoint(parse_note(read_note(tmp_path))[0]) == checkpoint
        assert list(read_log(tmp_path, checkpoint)) == leaves[:size]
    expected = {tile.path for listing in (False, True) for tile in new_tiles(0, sizes[-1], entries=listing)}
    kept = {path for path in files(tmp_path) if path != CHECKPOINT}
    assert kept >= expected
    # Older partial tiles stay only where no complete tile has taken their place.
    for path in kept - expected:
        tile = parse_tile_path(path)
        assert tile.whole.path not in expected


def test_only_new_files_are_written(tmp_path: Path):
    publish(tmp_path, entries(600))
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in files(tmp_path)}
    publish(tmp_path, entries(601))
    assert {path for path, time in before.items() if (tmp_path / path).stat().st_mtime_ns != time} == {CHECKPOINT}
    assert files(tmp_path).keys() - before.keys() == {"tile/0/002.p/89", "tile/entries/002.p/89"}


def test_a_reader_of_an_old_head_uses_the_complete_tile(tmp_path: Path):
    leaves = entries(700)
    old = publish(tmp_path, leaves[:300])
    publish(tmp_path, leaves)
    assert "tile/0/001.p/44" not in files(tmp_path)
    assert list(read_log(folder_source(tmp_path), old)) == leaves[:300]


def test_every_changed_byte_is_found(tmp_path: Path):
    leaves = entries(600)
    checkpoint = publish(tmp_path, leaves)
    there = files(tmp_path)
    for path in set(there) - {CHECKPOINT}:
        data = there[path]
        for place in {0, 1, len(data) // 2, len(data) - 1}:
            for changed in (data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], data[:place], data + b"x"):
                with pytest.raises(IntegrityError):
                    list(read_log({**there, path: changed}.__getitem__, checkpoint))
        with pytest.raises(IntegrityError):
            list(read_log({name: there[name] for name in there if name != path}.__getitem__, checkpoint))


def test_nothing_unproven_is_handed_out():
    leaves = entries(600)
    checkpoint, served = Checkpoint("log.example/a", 600, tree_of(leaves).root()), serve(leaves)
    forged = serve([*leaves[:400], b"forged", *leaves[401:]])
    mixed = {**served, "tile/entries/001": forged["tile/entries/001"], "tile/0/001": forged["tile/0/001"]}
    reader = read_log(mixed.__getitem__, checkpoint)
    assert list(islice(reader, 256)) == leaves[:256]
    with pytest.raises(IntegrityError, match="tile/0/001"):
        next(reader)
    with pytest.raises(IntegrityError, match=re.escape("log.example/a")):
        next(read_log(forged.__getitem__, checkpoint))


def serve(leaves: list[bytes]) -> dict[str, bytes]:
    tree, size = tree_of(leaves), len(leaves)
    served = {
        tile.path: entry_bundle(leaves[tile.index * 256 : tile.index * 256 + tile.width])
        for tile in new_tiles(0, size, entries=True)
    }
    for tile in new_tiles(0, size):
        nodes = [tree.node(8 * tile.level, tile.index * 256 + place) for place in range(tile.width)]
        served[tile.path] = b"".join(nodes)
    return served


def test_a_folder_of_another_log_is_left_alone(tmp_path: Path):
    leaves = entries(300)
    publish(tmp_path, leaves)
    before = files(tmp_path)
    for other in ([b"other", *leaves], leaves[:200], [*leaves[:7], b"rewritten", *leaves[8:], b"more"]):
        with pytest.raises(IntegrityError):
            publish(tmp_path, other)
    tree = tree_of(leaves)
    for head in (Checkpoint("log.example/b", 300, tree.root()), Checkpoint("log.example/a", 300, b"\x01" * 32)):
        note = sign_checkpoint(head, KEY)
        with pytest.raises(IntegrityError):
            write_static(tmp_path, 300, tree.node, lambda first, end: leaves[first:end], note)
    assert files(tmp_path) == before


def test_an_entry_that_is_too_long_leaves_the_old_head(tmp_path: Path):
    leaves = entries(10)
    checkpoint = publish(tmp_path, leaves)
    with pytest.raises(DomainError):
        publish(tmp_path, [*leaves, b"x" * 65_536])
    assert list(read_log(tmp_path, checkpoint)) == leaves
    assert parse_checkpoint(parse_note(read_note(tmp_path))[0]) == checkpoint


@pytest.mark.parametrize(
    "read", [lambda path: b"x" * 20_000_000, lambda path: b"", lambda path: b"\xff\xfe", lambda path: {}[path]]
)
def test_sources_that_serve_nonsense(read: Callable[[str], bytes]):
    with pytest.raises(IntegrityError):
        list(read_log(read, Checkpoint("log.example/a", 300, b"\x01" * 32)))


def test_notes_that_are_not_there(tmp_path: Path):
    with pytest.raises(IntegrityError):
        read_note(tmp_path)
    with pytest.raises(IntegrityError):
        read_note(lambda path: b"\xff")


@given(st.dictionaries(st.sampled_from(sorted(serve(entries(300)))), st.binary(max_size=70), max_size=3))
def test_malformed_files_raise_our_errors_only(changes: dict[str, bytes]):
    leaves = entries(300)
    served = serve(leaves)
    try:
        found = list(read_log({**served, **changes}.__getitem__, Checkpoint("a", 300, tree_of(leaves).root())))
    except TanhuiError:
        return
    assert found == leaves
