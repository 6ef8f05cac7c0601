"""Words for people, Chinese and English side by side, kept as data.

``data/<room>/wording.toml`` holds ``"key" = { zh = "…", en = "…" }``. A sentence may name facts in braces, as
``str.format`` does. Code names a key and gives facts; it holds no sentence of its own.
"""

from __future__ import annotations

from typing import Any, Literal

from tanhui.kernel.data import merged_toml

__all__ = ["LANGS", "Lang", "say"]

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")


class _Facts(dict[str, Any]):
    """Facts for a sentence; a missing one shows its own name rather than hiding the whole message."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def say(key: str, lang: Lang = "en", /, *, default: str | None = None, **facts: Any) -> str:
    """The sentence ``key`` in ``lang``, filled with ``facts``.

    A key without wording gives ``default``, or the key itself: a poor sentence beats a crash inside an error.
    """
    try:
        entry = merged_toml("wording.toml").get(key)
    except Exception as broken:
        # Broken wording is itself an error that must be shown, and showing it asks for wording.
        return f"{key} {facts} ({getattr(broken, 'facts', broken)})"
    if entry is None:
        return key if default is None else default
    return str(entry[lang]).format_map(_Facts(facts))
