"""Merging the data folders: references, glossary and wording come from everywhere, and a clash is refused."""

from pathlib import Path

import pytest

from tanhui.kernel.bibliography import Reference, glossary, reference, references
from tanhui.kernel.data import merge
from tanhui.kernel.errors import DataError


def test_a_key_that_two_files_define_is_refused(tmp_path: Path):
    for name, keys in {"a.toml": ("same", "one"), "b.toml": ("same", "two"), "c.toml": ("three",)}.items():
        (tmp_path / name).write_text("".join(f"[{key}]\nx = 1\n" for key in keys), encoding="utf-8")
    assert list(merge([tmp_path / "b.toml", tmp_path / "c.toml"])) == ["same", "two", "three"]
    with pytest.raises(DataError) as refusal:
        merge(sorted(tmp_path.iterdir()))
    assert refusal.value.code == "data.defined_twice"
    assert {"key", "first", "second"} == refusal.value.facts.keys()


def test_references_are_found_and_an_unknown_one_is_refused():
    assert reference("rfc8785").identifier == "RFC 8785"
    assert "Rundgren" in reference("rfc8785").cite()
    assert Reference("k", "Title").cite() == "Title"
    assert len(references()) >= 5
    with pytest.raises(DataError):
        reference("nobody_wrote_this")


def test_the_glossary_has_both_languages():
    assert glossary()["agb_t_ha"].unit == "t d.m./ha"
    assert glossary()["agb_t_ha"].zh == "单位面积地上生物量"
