"""Every code the registry can raise or show has a sentence in both languages, with only facts that are given."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import tanhui.registry
from tanhui.kernel.data import data_path
from tanhui.registry.folder import DATABASE

#: The ledger, the log and the certificate; the other rooms of the registry raise codes of their own.
ROOMS = ("registry", "registry_log", "registry_certificate")
FOLDER = Path(tanhui.registry.__file__).parent
FILES = [*FOLDER.glob("*.py"), *FOLDER.glob("log/*.py"), *FOLDER.glob("certificate_page/*.py")]
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
WORDING = {
    key: sentence
    for room in ROOMS
    for key, sentence in tomllib.loads(data_path(room, "wording.toml").read_text(encoding="utf-8")).items()
}


def test_every_code_has_a_sentence():
    codes = set(re.findall(r"""["'](registry\.[a-z_]+)["']""", SOURCE)) - {DATABASE}
    assert codes
    assert {f"error.{code}" for code in codes} == {key for key in WORDING if key.startswith("error.registry.")}


def test_every_check_has_a_sentence():
    keys = set(re.findall(r'(?:Check|_check|_answer)\(\s*"([a-z_]+)"', SOURCE)) | {"manifest_form", "result_form"}
    assert {f"check.registry.{key}" for key in keys} == {key for key in WORDING if key.startswith("check.")}


def test_both_languages_say_the_same_facts():
    for key, sentence in WORDING.items():
        facts = [set(re.findall(r"\{(\w+)\}", sentence[lang])) for lang in ("zh", "en")]
        assert facts[0] == facts[1] or key == "error.registry.busy", key
        assert all(sentence[lang].strip() for lang in ("zh", "en"))
