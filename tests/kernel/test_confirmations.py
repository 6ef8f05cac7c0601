"""Confirmations count only under a trusted expert's or verifier's key, and never a proponent's."""

import json
from pathlib import Path

import pytest

from tanhui.kernel.confirmations import PURPOSE, confirmed_values, read_confirmations
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.signing import SigningKey, TrustedKey, key_id, sign_document

KEY = SigningKey("expert", bytes(range(32)))
ENTRIES = [
    {
        "id": "ex/a",
        "value": 0.5,
        "citation": "T 1",
        "place": "p. 3",
        "checked_on": "2026-11-01",
        "decision": "confirmed",
    },
    {"id": "ex/b", "value": 0.6, "citation": "T 1", "place": "p. 4", "checked_on": "2026-11-01", "decision": "wrong"},
    {"id": "ex/c", "value": 0.7, "citation": "T 1", "place": "", "checked_on": "2026-11-01", "decision": "unread"},
]


def trust(*roles: str) -> dict[str, TrustedKey]:
    return {key_id(KEY.public): TrustedKey("expert", KEY.public, roles)}


@pytest.mark.parametrize("roles", [("expert",), ("verifier",), ("expert", "verifier")])
def test_what_an_expert_or_verifier_confirmed(roles):
    document = sign_document(PURPOSE, {"entries": ENTRIES}, KEY)
    assert confirmed_values(document, trust(*roles)) == [("ex/a", 0.5)]


@pytest.mark.parametrize("roles", [(), ("registry",), ("proponent",), ("expert", "proponent")])
def test_anybody_else_confirms_nothing(roles):
    document = sign_document(PURPOSE, {"entries": ENTRIES}, KEY)
    with pytest.raises(IntegrityError) as refusal:
        confirmed_values(document, trust(*roles))
    assert refusal.value.code == "confirmation.not_trusted"


def test_a_changed_value_is_found():
    document = sign_document(PURPOSE, {"entries": ENTRIES}, KEY)
    document["body"] = {"entries": [{**ENTRIES[0], "value": 0.4}]}
    with pytest.raises(IntegrityError):
        confirmed_values(document, trust("expert"))


def test_a_signed_body_of_another_shape_is_refused():
    with pytest.raises(IntegrityError):
        confirmed_values(sign_document(PURPOSE, {"entries": [{}]}, KEY), trust("expert"))


def test_files_are_read_in_order(tmp_path: Path):
    path = tmp_path / "confirmations.json"
    path.write_text(json.dumps(sign_document(PURPOSE, {"entries": ENTRIES}, KEY)), encoding="utf-8")
    assert read_confirmations([path, path], trust("expert")) == [("ex/a", 0.5)] * 2
    path.write_text("{", encoding="utf-8")
    for bad in (path, tmp_path / "absent.json"):
        with pytest.raises(InputError):
            read_confirmations([bad], trust("expert"))
