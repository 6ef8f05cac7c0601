"""Journal entries as bytes: one canonical spelling, so that a leaf has one hash and nothing hides in it.

A leaf is RFC 8785 JSON of texts, flags, lists and objects only. Integers are decimal strings, intervals ``first-last``,
places ``owner/lock``, periods first and last day; a field that has its default is left out. What a dataclass of
:mod:`tanhui.registry.model` says is all there is: writing and reading follow from its fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.kernel.time import Period
from tanhui.registry.model import KINDS, OPTIONAL, Interval, JournalEntry, Place, place

__all__ = ["decode_entry", "encode_entry", "entry_from_dict", "is_hash", "is_stamp", "leaf_json", "to_document"]

FORMAT = "tanhui-entry-1"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
HASH = re.compile(r"[0-9a-f]{64}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
#: A leaf of a tiled log has a 16-bit length (c2sp.org/tlog-tiles). [bytes]
MAX_LEAF = 65_535
#: What taking a malformed document apart may raise.
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, TanhuiError)
ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
#: Names that are shorter or plainer in the log than in Python.
SPELLED = {"source": "from", "target": "to"}


def encode_entry(entry: JournalEntry) -> bytes:
    """The bytes of the leaf."""
    return leaf_json(entry_document(entry))


def decode_entry(leaf: bytes) -> JournalEntry:
    """The entry in a leaf.

    Raises
    ------
    IntegrityError
        If the bytes are not exactly what :func:`encode_entry` writes.
    """
    try:
        entry = _read_entry(json.loads(leaf))
        exact = encode_entry(entry) == leaf
    except MALFORMED:
        exact = False
    if not exact:
        raise IntegrityError("registry.leaf_malformed")
    return entry


def entry_from_dict(document: Any) -> JournalEntry:
    """The entry in a leaf's JSON; a missing, unknown or misspelt field is refused."""
    try:
        return decode_entry(leaf_json(document))
    except MALFORMED:
        raise IntegrityError("registry.leaf_malformed") from None


def entry_document(entry: JournalEntry) -> dict[str, Any]:
    """The leaf as JSON."""
    document = {"format": FORMAT, **to_document(entry)}
    if entry.noun is not None:
        document[entry.noun.NAME] = document.pop("noun")
    return document


def leaf_json(document: Any) -> bytes:
    """Canonical JSON of texts, flags, lists and objects whose keys are ASCII.

    For these RFC 8785 asks no more than sorted keys, no spaces and raw UTF-8, which the standard library does five
    times as fast as a full canonicaliser; a test compares the two.
    """
    return ENCODER.encode(document).encode()


def to_document(noun: Any) -> Any:
    """A noun of the ledger as JSON."""
    kind: Any = type(noun)
    return _writer(kind)(noun)


def from_document(kind: Any, document: Any) -> Any:
    """The inverse of :func:`to_document`; raises one of :data:`MALFORMED`."""
    return _reader(kind)(document)


def is_hash(text: str) -> bool:
    """Whether a text is a SHA-256 in hexadecimal."""
    return HASH.fullmatch(text) is not None


def is_stamp(text: str) -> bool:
    """Whether a text is a moment as leaves carry it."""
    try:
        return STAMP.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _read_entry(document: Mapping[str, Any]) -> JournalEntry:
    body = dict(document)
    if body.pop("format") != FORMAT or not STAMP.fullmatch(body["at"]):
        raise IntegrityError("registry.leaf_malformed")
    noun = KINDS[body["kind"]]
    bare = noun is None or (body["kind"] in OPTIONAL and noun.NAME not in body)  # type: ignore[attr-defined]
    inner = None if bare else from_document(noun, body.pop(noun.NAME))  # type: ignore[union-attr]
    entry: JournalEntry = from_document(JournalEntry, body)
    if inner is None:
        return entry
    return JournalEntry(entry.index, entry.at, entry.kind, inner, entry.legs, entry.amounts, entry.by)


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    """How a type is written."""
    if kind in (Interval, Place):
        return str
    if kind is Period:
        return lambda period: period.to_list()
    if not is_dataclass(kind):
        simple: dict[Any, Callable[[Any], Any]] = {int: str, str: str, bool: bool, tuple: _write_list}
        return simple[kind]
    plan = [(field.name, SPELLED.get(field.name, field.name), _default(field)) for field in fields(kind)]

    def write(noun: Any) -> dict[str, Any]:
        document = {}
        for name, spelled, default in plan:
            value = getattr(noun, name)
            if value != default:
                document[spelled] = value if type(value) is str else to_document(value)
        return document

    return write


def _write_list(values: tuple[Any, ...]) -> list[Any]:
    return [to_document(value) for value in values]


def _default(field: Any) -> Any:
    """A field's default, or something that no value equals."""
    return field.default if field.default is not MISSING else MISSING


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """How a type is read, from its annotation."""
    simple: dict[Any, Callable[[Any], Any]] = {
        int: _whole,
        str: _text,
        bool: _flag,
        Interval: _interval,
        Place: lambda text: place(_text(text)),
        Period: lambda days: Period.inclusive(*(date.fromisoformat(day) for day in days)),
    }
    if kind in simple:
        return simple[kind]
    if get_origin(kind) is tuple:
        item = _reader(get_args(kind)[0])
        return lambda values: tuple([item(value) for value in _list(values)])
    if isinstance(kind, UnionType):
        return _reader(get_args(kind)[0])
    hints = get_type_hints(kind)
    plan = {
        SPELLED.get(field.name, field.name): (field.name, _reader(hints[field.name]))
        for field in fields(kind)
        if field.name != "noun"
    }

    def read(document: Mapping[str, Any]) -> Any:
        values = {}
        for spelled, value in document.items():
            name, reader = plan[spelled]
            values[name] = reader(value)
        return kind(**values)

    return read


def _whole(text: Any) -> int:
    """A whole number from its one decimal spelling."""
    if not isinstance(text, str) or not DECIMAL.fullmatch(text):
        raise IntegrityError("registry.leaf_malformed")
    return int(text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise IntegrityError("registry.leaf_malformed")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise IntegrityError("registry.leaf_malformed")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise IntegrityError("registry.leaf_malformed")
    return value


def _interval(text: Any) -> Interval:
    first, last = _text(text).split("-")
    return Interval(_whole(first), _whole(last) + 1)
