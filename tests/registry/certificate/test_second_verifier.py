"""Two implementations of one format say the same of every certificate, right or spoilt."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tanhui.kernel.canonical import canonical_bytes, readable_bytes
from tanhui.kernel.errors import DomainError
from tanhui.registry.anchors import Anchors
from tanhui.registry.certificate import MALFORMED, certificate_bytes
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint
from tanhui.registry.entries import leaf_json
from tanhui.registry.folder import load_signers
from tanhui.registry.log import MemoryTree, inclusion_proof, leaf_hash
from tanhui.registry.log.cosignature import read_vkey
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.verify import verify_certificate_file
from tests.registry.certificate.conftest import VERIFIER, Document, Passport, signers_of
from tests.registry.test_certificate import unfolded

Change = Callable[[random.Random, Passport], bytes]
#: What may stand where something else stood.
VALUES: list[Any] = [
    "", "0", "1", "-1", "01", "1-1", "2-1", "1-2-3", "0-5", "99999999999999999999", "A", "@retired", "@issuance", "a/b",
    "voluntary", "2021-01-01", "9999-12-31", "2021-02-30", "2021-01-01T00:00:00Z", "é", "\u0000", "\n", "\ud800", "=",
    True, False, None, 0, 1, 1.5, -0.0, 2**63, [], {}, [""], ["2021-01-01", "9999-12-31"], {"a": "b"},
]  # fmt: skip


def ask_ours(data: bytes, trust: Document, path: Any) -> bool:
    """Our verdict on a file."""
    path.write_bytes(data)
    keys = [tuple(map(read_vkey, trust.get(name, ()))) for name in ("log", "witness")]
    anchors = Anchors(*keys, trust.get("quorum", len({key.name for key in keys[1]})))
    return verify_certificate_file(path, anchors).holds


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def spelled(document: Any) -> bytes:
    """As a file; what our own spellings cannot say, as JSON that is none of them."""
    try:
        return canonical_bytes(document)
    except DomainError:
        return json.dumps(document).encode()


def edit(document: Any, dice: random.Random) -> None:
    """Change, remove, add, double or exchange something somewhere."""
    where = list(places(document))
    *above, last = dice.choice(where)
    inner = at(document, tuple(above))
    match dice.randrange(6):
        case 0:
            del inner[last]
        case 1:
            inner[last] = copy.deepcopy(at(document, dice.choice(where)))
        case 2 if isinstance(inner, list):
            inner.append(copy.deepcopy(inner[last]))
        case 2:
            inner["more"] = inner[last]
        case 3 if isinstance(inner[last], str) and inner[last]:
            text = inner[last]
            place = dice.randrange(len(text))
            inner[last] = text[:place] + dice.choice("0123456789aA@/-+ =\n") + text[place + dice.randrange(2) :]
        case _:
            inner[last] = copy.deepcopy(dice.choice(VALUES))


def flipped(dice: random.Random, passport: Passport) -> bytes:
    data = bytearray(certificate_bytes(dice.choice([passport.document, passport.later])))
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(data)


def cut_or_grown(dice: random.Random, passport: Passport) -> bytes:
    data = certificate_bytes(passport.document)
    start, end = sorted(dice.randrange(len(data) + 1) for _ in range(2))
    return dice.choice([data[:end], data[start:], data[:start] + data[end:], data[:end] + data[start:]])


def edited(dice: random.Random, passport: Passport) -> bytes:
    document = copy.deepcopy(dice.choice([passport.document, passport.later]))
    for _ in range(dice.choice([1, 1, 2])):
        edit(document, dice)
    return spelled(document)


def mixed(dice: random.Random, passport: Passport) -> bytes:
    """Parts of two certificates of one log: other checkpoint, other proofs, other leaves."""
    one, other = copy.deepcopy(passport.document), copy.deepcopy(passport.later)
    if dice.randrange(2):
        one, other = other, one
    differ = [path for path in places(one) if _has(other, path) and at(one, path) != at(other, path)]
    for _ in range(dice.choice([1, 1, 2])):
        *above, last = dice.choice(differ)
        if _has(one, tuple(above)) and _has(other, (*above, last)):
            at(one, tuple(above))[last] = copy.deepcopy(at(other, (*above, last)))
    return spelled(one)


def _has(document: Any, path: tuple[Any, ...]) -> bool:
    try:
        at(document, path)
    except (LookupError, TypeError):
        return False
    return True


def resigned(
    second: ModuleType, document: Document, signers: list[NoteSigner], change: Callable[[Document], None]
) -> bytes:
    """A certificate over spoilt leaves that the right keys signed, put together without our own rules."""
    leaves = [unfolded(leaf["entry"]) for leaf in document["evidence"]["leaves"]]
    for leaf in leaves:
        change(leaf)
    tree, indices = MemoryTree(), [int(leaf["index"]) for leaf in leaves]
    for index in range(min(max(indices) + 1, 64)):
        tree.append(leaf_hash(leaf_json(leaves[indices.index(index)]) if index in indices else b"filler"))
    origin = signers[0].name
    sandbox = leaves[0]["issuance"]["claim"]["sandbox"]
    head: Document = {"format": "tanhui-certificate-1", "registry": origin, "sandbox": sandbox}
    evidence = {
        "leaves": [
            {"entry": second.fold(leaf), "path": [second.base64.b64encode(value).decode() for value in path]}
            for leaf, path in zip(leaves, (inclusion_proof(i, tree.size, tree.node) for i in indices), strict=True)
        ],
        "checkpoint": sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), *signers),
    }
    notice = "sandbox 沙盒" if sandbox else ""
    return canonical_bytes({**head, "notice": notice, "chain": second.chain(origin, *leaves), "evidence": evidence})


@pytest.mark.parametrize("change", [flipped, cut_or_grown, edited, mixed])
def test_both_refuse_what_was_spoilt(
    change: Change, passport: Passport, second: ModuleType, tmp_path: Any, request: Any
):
    rounds, same = 20_000 if request.config.getoption("--long") else 1000, 0
    both = (passport.document, passport.later)
    whole = {spelling(document) for document in both for spelling in (canonical_bytes, readable_bytes)}
    dice = random.Random(change.__name__)
    for _ in range(rounds):
        data = change(dice, passport)
        ours, theirs = ask_ours(data, passport.trust, tmp_path / "c.json"), second.verdict(data, passport.trust)
        assert ours == (theirs == "holds") == (data in whole), data
        same += data in whole
    assert same < rounds / 5


def test_both_agree_on_spoilt_leaves_that_the_right_keys_signed(
    passport: Passport, second: ModuleType, tmp_path: Any, request: Any
):
    """Here no hash and no signature helps: only what the two know of the rules."""
    signers, dice = list(load_signers(passport.world.folder)), random.Random(5)
    rounds, answers = 20_000 if request.config.getoption("--long") else 1000, {True: 0, False: 0}
    while sum(answers.values()) < rounds:
        at_issue = dice.randrange(2) == 1

        def spoil(entry: Document, at_issue: bool = at_issue) -> None:
            if (entry["kind"] == "issue") is at_issue:
                edit(entry, dice)

        try:
            data = resigned(second, dice.choice([passport.document, passport.later]), signers, spoil)
        except MALFORMED:
            continue  # spoilt beyond being put together
        ours, theirs = ask_ours(data, passport.trust, tmp_path / "c.json"), second.verdict(data, passport.trust)
        assert ours == (theirs == "holds"), (data, theirs)
        answers[ours] += 1
    assert min(answers.values()) > rounds / 50


def test_both_accept_what_is_right(passport: Passport, second: ModuleType, tmp_path: Any, earnest: Any):
    for document in (passport.document, passport.later):
        for data in (canonical_bytes(document), readable_bytes(document)):
            assert ask_ours(data, passport.trust, tmp_path / "c.json")
            assert second.verdict(data, passport.trust) == "holds"
    signers = signers_of("registry.example/earnest", load_signers(passport.world.folder))
    trust = {"log": [str(signer.key) for signer in signers]}
    data = resigned(second, passport.document, signers, earnest)
    assert ask_ours(data, trust, tmp_path / "c.json")
    assert second.verdict(data, trust) == "holds"


def test_both_refuse_another_origin_and_weaker_trust(passport: Passport, second: ModuleType, tmp_path: Any):
    data, (ed25519, ml_dsa) = canonical_bytes(passport.document), passport.trust["log"]
    stranger = str(NoteSigner("registry.example/forest/sandbox", bytes(32)).key)
    other = str(NoteSigner("registry.example/other", bytes(32)).key)
    for log, holds in [
        ([ed25519], True),
        ([ml_dsa], True),
        ([other, ed25519], True),
        ([], False),
        ([other], False),
        ([stranger], False),
        ([stranger, ed25519], False),
    ]:
        assert ask_ours(data, {"log": log}, tmp_path / "c.json") is holds
        assert (second.verdict(data, {"log": log}) == "holds") is holds
    renamed = data.replace(b"registry.example/forest", b"registry.example/fores1")
    assert not ask_ours(renamed, passport.trust, tmp_path / "c.json")
    assert second.verdict(renamed, passport.trust) != "holds"


def imported(times: str) -> set[str]:
    """Top-level modules in what ``-X importtime`` wrote."""
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in times.splitlines() if "|" in line}


def test_as_a_program_it_imports_nothing_of_ours(passport: Passport, tmp_path: Any):
    certificate, trust = tmp_path / "certificate.json", tmp_path / "trust.json"
    certificate.write_bytes(certificate_bytes(passport.document))
    trust.write_text(json.dumps(passport.trust), encoding="utf-8")
    run = [sys.executable, "-X", "importtime", str(VERIFIER), str(certificate), str(trust)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "holds\n"
    # What a bare interpreter loads here (site hooks of the machine) is not the verifier's.
    bare = subprocess.run([*run[:3], "-c", "pass"], capture_output=True, text=True, check=True, cwd=tmp_path)
    foreign = imported(done.stderr) - imported(bare.stderr) - set(sys.stdlib_module_names)
    assert {name for name in foreign if not name.startswith(("_", "cython"))} == {"cryptography"}
    certificate.write_bytes(certificate_bytes(passport.document).replace(b'"3"', b'"4"', 1))
    done = subprocess.run(run[:1] + run[3:], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(":")[0], done.stderr) == (1, "refused", "")
    assert len(VERIFIER.read_text(encoding="utf-8").splitlines()) < 300
