"""Damaged files of every format are refused or read, and never end in another error than a refusal with words."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.tables import read_table, table_spec

FRAME = pd.DataFrame(
    {
        "树号": [1, 2, 3],
        "树种": ["杉木", "马尾松", "Quercus alba"],
        "胸径(mm)": [120, 130.5, 99],
        "height": [8, 9, None],
        "样木状态": ["live"] * 3,
    }
)
BYTES = [0, 10, 13, 34, 44, 45, 57, 59, 60, 128, 255]


@cache
def whole(name: str) -> bytes:
    """A file without fault in the format of its name."""
    text = FRAME.to_csv(index=False)
    packed = io.BytesIO()
    if name.endswith("xlsx"):
        FRAME.to_excel(packed, index=False)
    elif name.endswith("parquet"):
        FRAME.to_parquet(packed)
    made: dict[str, Callable[[], bytes]] = {
        "utf8.csv": lambda: text.encode(),
        "gbk.csv": lambda: text.encode("gb18030"),
        "utf16.csv": lambda: text.encode("utf-16"),
        "packed.csv.gz": lambda: gzip.compress(text.encode()),
    }
    return made.get(name, packed.getvalue)()


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, lost, doubled, or the end cut off."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        other = chance.randrange(len(found) + 1)
        kind = chance.choice(("change", "lose", "double", "cut"))
        if kind == "change":
            found[at : at + 1] = bytes([chance.choice([*BYTES, chance.randrange(256)])])
        elif kind == "lose":
            del found[at : at + chance.randint(1, 20)]
        elif kind == "double":
            found[at:at] = found[other : other + chance.randint(1, 30)]
        elif chance.random() < 0.3:
            del found[at:]
    return bytes(found)


def damaged_inside(data: bytes, chance: random.Random) -> bytes:
    """A zip file with one damaged part."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(changed, "w") as new:
        picked = chance.choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, damaged(old.read(name), chance) if name == picked else old.read(name))
    return changed.getvalue()


def refused_or_read(path: Path) -> None:
    refusal: RefusedInput | None = None
    try:
        read_table(path, table_spec("inventory", "trees"))
    except RefusedInput as found:
        refusal = found
    if refusal is not None:
        assert refusal.text("zh")
        assert refusal.faults
        assert all(line["reason"] for line in refusal.to_dict("en")["faults"])


NAMES = ["utf8.csv", "gbk.csv", "utf16.csv", "packed.csv.gz", "book.xlsx", "t.parquet"]


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_file_is_read(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(whole(name))
    frame = read_table(tmp_path / name, table_spec("inventory", "trees"))
    assert frame["dbh_cm"].tolist() == [12.0, 13.05, 9.9]


@pytest.mark.parametrize("name", NAMES)
@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_a_damaged_file_is_refused_or_read(name: str, tmp_path_factory: pytest.TempPathFactory, chance: random.Random):
    path = tmp_path_factory.mktemp("damaged") / name
    inside = name.endswith("xlsx") and chance.random() < 0.8
    path.write_bytes((damaged_inside if inside else damaged)(whole(name), chance))
    refused_or_read(path)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=300))
@settings(max_examples=30, deadline=None)
def test_any_bytes_are_refused_or_read(name: str, tmp_path_factory: pytest.TempPathFactory, data: bytes):
    path = tmp_path_factory.mktemp("bytes") / name
    path.write_bytes(data)
    refused_or_read(path)
