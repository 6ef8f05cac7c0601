"""How alike two project names are, in Chinese or any other script, without turning characters into sounds.

Two characters that follow each other are the unit: it needs no dictionary and no word breaks, and two names of one
place share most of theirs. Words that every such project has in its name are left out first.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

from tanhui.kernel.data import data_path, read_toml

__all__ = ["alike", "distinct_part", "place_stems", "same_code"]


def plain(text: str) -> str:
    """A text without width, case, spaces and punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


@cache
def words(kind: str) -> tuple[str, ...]:
    """Words of a kind, the longest first."""
    listed = read_toml(data_path("projects_duplicates", "words.toml"))[kind]["words"]
    return tuple(sorted({plain(word) for word in listed}, key=lambda word: (-len(word), word)))


def distinct_part(name: str) -> str:
    """What of a name tells the project from others; the whole name where nothing else is left."""
    whole = plain(name)
    left = re.sub("|".join(map(re.escape, words("generic"))), "", whole)
    return left if len(left) > 1 else whole


def alike(one: str, other: str) -> float:
    """Dice's coefficient of the pairs of characters of two names: 1 for the same, 0 for nothing in common. [1]"""
    a, b = (pairs(distinct_part(name)) for name in (one, other))
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 0.0


def pairs(text: str) -> Counter[str]:
    """Every two characters that follow each other; a single one stands for itself."""
    return Counter(text[k : k + 2] for k in range(max(len(text) - 1, 1))) if text else Counter()


def place_stems(place: str) -> frozenset[str]:
    """The names in a place without what kind of place each is: 湖南省慈利县 gives 湖南 and 慈利."""
    parts = re.split(
        "|".join(map(re.escape, words("place"))), re.sub(r"[\s,，、/;；·]+", words("place")[0], place.casefold())
    )
    return frozenset(stem for part in parts if len(stem := plain(part)) > 1)


def same_code(one: str, other: str) -> bool:
    """Whether two methodology numbers are one, however they are written; a version that only one names is no matter."""
    a, b = (re.sub(r"v\d+$", "", plain(code)) for code in (one, other))
    versions = {found[0] for code in (one, other) if (found := re.search(r"v\d+$", plain(code)))}
    return bool(a) and a == b and len(versions) < 2
