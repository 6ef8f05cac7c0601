#!/usr/bin/env python3
"""Verify a tanhui certificate with nothing of tanhui: Python's standard library and ``cryptography`` (50 or later).

    python verify_certificate.py CERTIFICATE TRUST

Prints ``holds`` and exits with 0, or ``refused: WHY`` and exits with 1. What "holds" means, and what it does not, is on
the page ``docs/how-to/certificate.md``; in short: two acts, an issuance and the retirement of some of its units, stand
in a log whose head was signed by all keys that TRUST names for it.

The format, ``tanhui-certificate-1``
------------------------------------
A file of at most 24,000 bytes: a JSON object of texts, flags, lists and objects (never a number or null), spelled
either by RFC 8785 or indented by two spaces with a line feed at the end. No other spelling of it is a certificate.

``evidence.leaves``
    Two objects, the issuance and the retirement: ``entry``, a leaf of the log, and ``path``, its inclusion proof
    (RFC 9162, hashes in base64, lowest first). In ``entry`` neighbouring legs that differ only in ``serials`` are
    written once, with their serials side by side: ``"1-12 30-41"``. Unfolded and spelled by RFC 8785 it is the leaf.
``evidence.checkpoint``
    A C2SP checkpoint: origin, size, root, extension lines, an empty line, then signature lines. The log signs with
    Ed25519 (type 1, the text) and ML-DSA-44 (type 6, ``subtree/v1``); witnesses cosign with type 4 or 6.
everything else
    What the leaves say in one piece: follows from them by :func:`chain`, and must be exactly that.

An entry has ``format``, ``index``, ``at``, ``kind``, ``by`` and ``legs``, and under ``issuance`` or ``retirement`` what
it is about. Whole numbers are decimal texts, serials ``first-last``; a field that has its default is left out.
TRUST is JSON: ``log`` lists verifier keys of logs (``name+id+base64``, C2SP signed-note), ``witness`` those of
witnesses, and ``quorum`` says how many witnesses must have cosigned (all, if it does not say).
"""

import base64
import hashlib
import itertools
import json
import re
import sys
from datetime import date

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

MAX_BYTES, MAX_SERIAL, MAX_TIME = 24_000, 2**62, 2**63 - 1
ED25519, COSIGNATURE, SUBTREE = 1, 4, 6
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


def need(right, why):
    if not right:
        raise ValueError(why)


def canonical(document):
    """RFC 8785, which for texts, flags, lists and objects with ASCII keys is no more than this."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def decode(coded):
    """Base64, of which there is one spelling."""
    data = base64.b64decode(coded, validate=True)
    need(base64.b64encode(data).decode() == coded, "base64")
    return data


# What a value may be. A shape is a type, a function that reads a value, a list of a shape, or the fields of an object:
# for each the shape of its value and, if it has one, its default. A field is left out exactly when it has its default.


def number(value):
    need(isinstance(value, str) and NUMBER.fullmatch(value), "a number")
    return int(value)


def interval(value):
    """First and last serial."""
    first, last = map(number, value.split("-"))
    need(1 <= first <= last < MAX_SERIAL, "serials")
    return first, last


def period(value):
    """First and last day; the calendar goes on after the last."""
    first, last = map(date.fromisoformat, value)
    need(first <= last < date.max and value == [first.isoformat(), last.isoformat()], "a period")


def check(shape, value):
    if isinstance(shape, type):
        need(isinstance(value, shape), f"a {shape.__name__}")
    elif callable(shape):
        shape(value)
    elif isinstance(shape, list):
        need(isinstance(value, list), "a list")
        for item in value:
            check(shape[0], item)
    else:
        need(isinstance(value, dict) and value.keys() <= shape.keys(), "fields")
        for name, (inner, *default) in shape.items():
            need(name in value or default, f"no {name}")
            if name in value:
                check(inner, value[name])
                need([value[name]] != default, f"{name} is the default")


TEXT, NUMBERS = (str,), (number,)
APPROVAL = {"person": TEXT, "key": (str, ""), "order": (str, ""), "signature": (str, "")}
LEG = {"batch": TEXT, "serials": (interval,), "from": TEXT, "to": TEXT}
ENTRY = {"format": TEXT, "index": NUMBERS, "at": TEXT, "kind": TEXT, "legs": ([LEG],), "by": ([APPROVAL], [])}
CLAIM = dict.fromkeys(("project", "region", "product", "method", "kind", "gas", "gwp"), TEXT)
CLAIM |= {"run": TEXT, "manifest_sha256": TEXT, "claim_sha256": TEXT, "verifier": (str, ""), "unit_kg": NUMBERS}
CLAIM |= {"credits_t": NUMBERS, "open_points": NUMBERS, "period": (period,), "creditable": (bool,), "sandbox": (bool,)}
PIECE = {"id": TEXT, "vintage": NUMBERS, "serials": (interval,)}
RETIREMENT = {"id": TEXT, "beneficiary": TEXT, "purpose": TEXT, "period": (period, None)}
SHAPES = {
    "issue": ENTRY | {"issuance": ({"claim": (CLAIM,), "pieces": ([PIECE],)},)},
    "retire": ENTRY | {"retirement": (RETIREMENT,)},
}


def unfold(entry):
    legs = [{**leg, "serials": serials} for leg in entry["legs"] for serials in leg["serials"].split(" ")]
    return {**entry, "legs": legs}


def fold(entry):
    groups = itertools.groupby(entry["legs"], lambda leg: (leg["batch"], leg["from"], leg["to"]))
    runs = [list(legs) for _, legs in groups]
    return {**entry, "legs": [{**legs[0], "serials": " ".join(leg["serials"] for leg in legs)} for legs in runs]}


def root_of(index, size, value, path):
    """The root that an inclusion path leads to (RFC 9162, 2.1.3), from the top of the tree down."""
    need((size == 1) == (not path), "length of a proof")
    if size == 1:
        return value
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        left, right = root_of(index, half, value, path[:-1]), path[-1]
    else:
        left, right = path[-1], root_of(index - half, size - half, value, path[:-1])
    return hashlib.sha256(b"\x01" + left + right).digest()


def read_key(vkey):
    """A verifier key: name, key id, type, public key."""
    name, key_id, coded = vkey.split("+", 2)
    data = decode(coded)
    need(hashlib.sha256(f"{name}\n".encode() + data).digest()[:4].hex() == key_id, "a trusted key is malformed")
    return name, bytes.fromhex(key_id), data[0], data[1:]


def verify(key, signed, signature):
    """Check a signature on the text of a checkpoint; raises where it is wrong."""
    name, _, kind, public = key
    if kind == ED25519:
        return Ed25519PublicKey.from_public_bytes(public).verify(signature, signed.encode())
    at, signature = signature[:8], signature[8:]
    need(len(at) == 8 and int.from_bytes(at, "big") <= MAX_TIME, "a time")
    if kind == COSIGNATURE:
        message = f"cosignature/v1\ntime {int.from_bytes(at, 'big')}\n{signed}".encode()
        return Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    need(kind == SUBTREE, "type of a signature")
    origin, size, root = signed.split("\n")[:3]
    cosigner, log = (bytes([len(word.encode())]) + word.encode() for word in (name, origin))
    message = b"subtree/v1\n\0" + cosigner + at + log + bytes(8) + int(size).to_bytes(8, "big") + decode(root)
    return MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)


def signers(note, keys):
    """The names of those of some keys that signed a note; strangers are passed over, a wrong signature is an error."""
    signed, lines = note.rsplit("\n\n", 1)
    known, found = {key[:2]: key for key in keys}, set()
    for line in lines[:-1].split("\n"):
        match = SIGNATURE.fullmatch(line)
        data = decode(match[2]) if match else b""
        need(len(data) > 4, "a signature line")
        if key := known.get((match[1], data[:4])):
            verify(key, f"{signed}\n", data[4:])
            found.add(key[:2])
    return found


def read_head(note):
    """Origin, size and root of a checkpoint."""
    signed, lines = note.rsplit("\n\n", 1)
    need(not CONTROL.search(note) and note.endswith("\n") and lines.count("\n") <= 100, "a note")
    origin, size, root, *extensions = signed.split("\n")
    need(origin and all(extensions) and len(decode(root)) == 32, "a checkpoint")
    return origin, number(size), decode(root)


def chain(origin, issued, retired):
    """What two leaves say in one piece."""
    claim, retirement, legs = issued["issuance"]["claim"], retired["retirement"], retired["legs"]
    batch = {piece["id"]: piece for piece in issued["issuance"]["pieces"]}[legs[0]["batch"]]
    serials, place = sorted(interval(leg["serials"]) for leg in legs), f"{origin}:{batch['id']}"
    units = sum(last - first + 1 for first, last in serials)
    same = ("project", "region", "run", "manifest_sha256", "claim_sha256", "method", "period", "creditable")
    return {name: claim[name] for name in (*same, "credits_t", "product", "unit_kg")} | {
        "issued_at": issued["at"],
        "issued_in_leaf": issued["index"],
        "batch": batch["id"],
        "vintage": batch["vintage"],
        "issued_serials": f"{place}:{batch['serials']}",
        "retirement": retirement["id"],
        "retired_at": retired["at"],
        "retired_in_leaf": retired["index"],
        "account": legs[0]["from"].split("/")[0],
        "first_serial": f"{place}:{serials[0][0]}",
        "last_serial": f"{place}:{serials[-1][1]}",
        "pieces": str(len(serials)),
        "units": str(units),
        "purpose": retirement["purpose"],
        "quantity_kg": str(units * int(claim["unit_kg"])),
        "claimed_for": retirement.get("period", []),
        "beneficiary_commitment": retirement["beneficiary"],
    }


def check_issuance(entry):
    """Batches lie end to end, legs cover them, units are the credits."""
    claim, pieces, legs = entry["issuance"]["claim"], entry["issuance"]["pieces"], entry["legs"]
    within = {piece["id"]: interval(piece["serials"]) for piece in pieces}
    need(len(within) == len({piece["vintage"] for piece in pieces}) == len(pieces), "batches named once")
    lines = [[interval(item["serials"]) for item in items] for items in (pieces, legs)]
    need(all(left[1] + 1 == right[0] for line in lines for left, right in itertools.pairwise(line)), "end to end")
    ((first, last),) = {(line[0][0], line[-1][1]) for line in lines}
    for leg, (low, high) in zip(legs, lines[1], strict=True):
        inside = within[leg["batch"]][0] <= low and high <= within[leg["batch"]][1]
        need(inside and leg["from"] == "@issuance", "legs of the issuance")
    need((last - first + 1) * int(claim["unit_kg"]) == int(claim["credits_t"]) * 1000, "units are the credits")
    need(claim["creditable"] == (claim["open_points"] == "0"), "creditable")
    need(claim["sandbox"] or (claim["creditable"] and "verifier" in claim), "creditable outside a sandbox")


def check_retirement(entry, issued):
    """Units of one account and one issued batch, each once, went to where nothing comes back from."""
    ((source, batch, target),) = {(leg["from"], leg["batch"], leg["to"]) for leg in entry["legs"]}
    need("/" not in source and not source.startswith("@") and target == "@retired", "legs of the retirement")
    (within,) = (interval(piece["serials"]) for piece in issued["issuance"]["pieces"] if piece["id"] == batch)
    serials = sorted(interval(leg["serials"]) for leg in entry["legs"])
    need(all(left[1] < right[0] for left, right in itertools.pairwise(serials)), "a serial retired twice")
    need(within[0] <= serials[0][0] and serials[-1][1] <= within[1], "serials outside their batch")
    need(entry["retirement"]["id"] == f"R{int(entry['index']):06d}", "the retirement's number")
    need(entry["retirement"]["purpose"] in ("voluntary", "compliance", "event"), "purpose")
    need(int(issued["index"]) < int(entry["index"]) and issued["at"] <= entry["at"], "order")


def check_certificate(data, trust):
    """Check the bytes of a certificate against a trust file's content; raises where it does not hold."""
    document = json.loads(data)
    readable = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"
    need(data in (canonical(document), readable) and len(data) <= MAX_BYTES, "spelling")
    note, leaves = document["evidence"]["checkpoint"], document["evidence"]["leaves"]
    origin, size, root = read_head(note)
    issued, retired = entries = [unfold(leaf["entry"]) for leaf in leaves]
    for entry, kind in zip(entries, ("issue", "retire"), strict=True):
        check(SHAPES[kind], entry)
        need((entry["format"], entry["kind"]) == ("tanhui-entry-1", kind) and STAMP.fullmatch(entry["at"]), "an entry")
    sandbox = issued["issuance"]["claim"]["sandbox"]
    need(sandbox == origin.endswith("/sandbox"), "sandbox")
    again = {"format": "tanhui-certificate-1", "registry": origin, "sandbox": sandbox}
    again |= {"notice": "sandbox 沙盒" if sandbox else "", "chain": chain(origin, issued, retired)}
    folded = [{"entry": fold(entry), "path": leaf["path"]} for entry, leaf in zip(entries, leaves, strict=True)]
    again["evidence"] = {"leaves": folded, "checkpoint": note}
    need(canonical(again) == canonical(document), "it says something else than its evidence")
    check_issuance(issued)
    check_retirement(retired, issued)
    for entry, leaf in zip(entries, leaves, strict=True):
        path, index = [decode(value) for value in leaf["path"]], int(entry["index"])
        need(index < size and all(len(value) == 32 for value in path), "a proof")
        need(root_of(index, size, hashlib.sha256(b"\0" + canonical(entry)).digest(), path) == root, "a proof")
    keys = {key[:2]: key for key in map(read_key, trust["log"]) if key[0] == origin}
    need(keys and signers(note, keys.values()) == keys.keys(), "not signed by all that are trusted for this log")
    witnesses = [key for key in map(read_key, trust.get("witness", [])) if key[2] != ED25519]
    quorum = trust.get("quorum", len({key[0] for key in witnesses}))
    seen = {name for name, _ in signers(note, [key for key in witnesses if key[0] != origin])}
    need(len(seen) >= quorum, f"{len(seen)} of {quorum} witnesses")


def verdict(data, trust):
    """``holds``, or why not, of the bytes of a certificate; never raises because of what is in them."""
    try:
        check_certificate(data, trust)
    except (InvalidSignature, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        return f"refused: {str(error) or type(error).__name__}"
    return "holds"


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as certificate, open(sys.argv[2], encoding="utf-8") as trust:
        answer = verdict(certificate.read(MAX_BYTES + 1), json.load(trust))
    print(answer)
    sys.exit(answer != "holds")
