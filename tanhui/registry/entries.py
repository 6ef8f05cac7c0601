"""Journal entries as bytes: one canonical spelling, so that a leaf has one hash and nothing hides in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.registry.model import (
    PURPOSES,
    RETIRED,
    Account,
    Batch,
    Declaration,
    Interval,
    IssuedClaim,
    JournalEntry,
    Leg,
    Retirement,
    read_period,
    whole,
)

__all__ = ["decode_entry", "encode_entry", "entry_from_dict"]

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
#: The one noun that each kind of entry carries beside its legs.
NOUN = {"registry": "registry", "account": "account", "issue": "claim", "transfer": "", "retire": "retirement"}


def encode_entry(entry: JournalEntry) -> bytes:
    """The bytes of the leaf."""
    return canonical_bytes(entry.to_dict())


def decode_entry(leaf: bytes) -> JournalEntry:
    """The entry in a leaf.

    Raises
    ------
    IntegrityError
        If the bytes are not exactly what :func:`encode_entry` writes.
    """
    try:
        document = json.loads(leaf)
    except (ValueError, RecursionError):
        raise IntegrityError("registry.leaf_malformed") from None
    entry = entry_from_dict(document)
    if encode_entry(entry) != leaf:
        raise IntegrityError("registry.leaf_malformed")
    return entry


def entry_from_dict(document: Any) -> JournalEntry:
    """The entry in a leaf's JSON; a missing, unknown or misspelt field is refused."""
    try:
        entry = _read(document)
        _check_types(entry)
        same = canonical_bytes(entry.to_dict()) == canonical_bytes(document)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, TanhuiError):
        raise IntegrityError("registry.leaf_malformed") from None
    if not same:
        raise IntegrityError("registry.leaf_malformed")
    return entry


def _read(document: Mapping[str, Any]) -> JournalEntry:
    kind, at, noun = document["kind"], document["at"], NOUN[document["kind"]]
    if not STAMP.fullmatch(at) or (noun and noun not in document):
        raise ValueError("wrong stamp or missing noun")
    legs = tuple(Leg.from_dict(leg) for leg in document["legs"])
    claim = IssuedClaim.from_dict(document["claim"]) if noun == "claim" else None
    return JournalEntry(
        index=whole(document["index"]),
        at=at,
        kind=kind,
        legs=legs,
        registry=Declaration(**document["registry"]) if noun == "registry" else None,
        account=Account(**document["account"]) if noun == "account" else None,
        claim=claim,
        batches=tuple(_batch(brief, claim) for brief in document["batches"]) if claim else (),
        retirement=_retirement(document["retirement"], legs) if noun == "retirement" else None,
    )


def _check_types(noun: Any) -> None:
    """Refuse a text, number or flag in another's place; the annotations say which is which."""
    for field in fields(noun):
        value = getattr(noun, field.name)
        if field.type in ("str", "bool", "int") and type(value).__name__ != field.type:
            raise ValueError(f"{field.name} is not a {field.type}")
        for part in value if isinstance(value, tuple) else (value,):
            if is_dataclass(part):
                _check_types(part)


def _batch(brief: Mapping[str, Any], claim: IssuedClaim) -> Batch:
    return Batch(brief["id"], whole(brief["vintage"]), Interval.from_dict(brief), claim)


def _retirement(brief: Mapping[str, Any], legs: tuple[Leg, ...]) -> Retirement:
    """The retirement that the legs carry out: one account, one batch, everything into the retired account."""
    ((account, batch, target),) = {(leg.source, leg.batch, leg.target) for leg in legs}
    if target != RETIRED or brief["purpose"] not in PURPOSES:
        raise ValueError("not a retirement")
    serials = tuple(leg.serials for leg in legs)
    period = read_period(brief["period"])
    return Retirement(brief["id"], account, batch, serials, brief["beneficiary"], brief["purpose"], period)
