"""Which language this call speaks: ``--lang``, else ``TANHUI_LANG``, else the locale, else English.

It is settled before the commands are built, because their help is words too.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Sequence
from typing import Any

from tanhui.kernel.wording import LANGS, Lang, say

__all__ = ["LANG", "t"]


def detect(argv: Sequence[str], environment: dict[str, str]) -> Lang:
    """The language asked for."""
    asked = environment.get("TANHUI_LANG", "")
    for flag, word in itertools.pairwise([*argv, ""]):
        if flag == "--lang":
            asked = word
        elif flag.startswith("--lang="):
            asked = flag.partition("=")[2]
    for lang in LANGS:
        if asked == lang:
            return lang
    locale = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


LANG: Lang = detect(sys.argv[1:], dict(os.environ))


def t(key: str, **facts: Any) -> str:
    """The sentence ``cli.<key>`` in the language of this call."""
    return say(f"cli.{key}", LANG, **facts)
