"""Every code the registry can raise or show has a sentence in both languages, with only facts that are given."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import tanhui.registry
from tanhui.kernel.data import data_path
from tanhui.registry.folder import DATABASE

SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in Path(tanhui.registry.__file__).parent.glob("*.py"))
WORDING = tomllib.loads(data_path("registry", "wording.toml").read_text(encoding="utf-8"))


def test_every_code_has_a_sentence():
    codes = set(re.findall(r"""["'](registry\.[a-z_]+)["']""", SOURCE)) - {DATABASE}
    assert codes
    assert {f"error.{code}" for code in codes} == {key for key in WORDING if key.startswith("error.")}


def test_every_check_has_a_sentence():
    keys = set(re.findall(r'(?:Check|_check|_answer)\(\s*"([a-z_]+)"', SOURCE)) | {"manifest_form", "result_form"}
    assert {f"check.registry.{key}" for key in keys} == {key for key in WORDING if key.startswith("check.")}


def test_both_languages_say_the_same_facts():
    for key, sentence in WORDING.items():
        facts = [set(re.findall(r"\{(\w+)\}", sentence[lang])) for lang in ("zh", "en")]
        assert facts[0] == facts[1] or key == "error.registry.busy", key
        assert all(sentence[lang].strip() for lang in ("zh", "en"))
