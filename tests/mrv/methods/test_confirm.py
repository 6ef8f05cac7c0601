"""From a checklist to a primary parameter: an expert raises, the proponent does not, another value does not."""

import json
from dataclasses import replace

import pytest

from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.confirmations import PURPOSE, read_confirmations
from tanhui.kernel.errors import InputError, IntegrityError, RefusedInput
from tanhui.kernel.parameters import Recorder, Status
from tanhui.kernel.signing import SigningKey, TrustedKey, key_id, sign_document
from tanhui.mrv.methods import checklist, method, read_checklist, sign_checklist, write_checklist
from tanhui.mrv.methods.confirm import COLUMNS, wanted_leaves
from tests.mrv.methods.test_ccer_14_001 import PLAIN

ID = "ccer/14-001-v01"
M = method(ID)
EXPERT = SigningKey("expert", b"e" * 32)
PROPONENT = SigningKey("proponent", b"p" * 32)
TRUST = {
    key_id(EXPERT.public): TrustedKey("expert", EXPERT.public, ("expert",)),
    key_id(PROPONENT.public): TrustedKey("proponent", PROPONENT.public, ("proponent",)),
}
FILLED = {"page": "p. 12", "checked_on": "2026-11-20", "decision": "confirmed"}


def filled(*ids, **changes):
    """A checklist in which the named entries (or all) are confirmed."""
    document = checklist(ID)
    for entry in document["entries"]:
        if not ids or entry["id"] in ids:
            entry.update(FILLED | changes)
    return document


def confirmed(tmp_path, document):
    path = tmp_path / "confirmation.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_confirmations([path], TRUST)


def test_checklist_lists_every_clause_and_number_once():
    entries = checklist(ID)["entries"]
    ids = [entry["id"] for entry in entries]
    assert len(ids) == len(set(ids)) == len(wanted_leaves(M))
    assert f"{ID}/k_risk" in ids
    assert f"{ID}/clause/permanence_t" in ids
    assert "gwp/AR5/CH4" in ids
    assert "gwp/AR6/CH4" not in ids
    assert all(tuple(entry) == COLUMNS for entry in entries)
    assert all(entry["citation"] and entry["decision"] == "" for entry in entries)


def test_a_region_has_a_checklist_of_clauses_only():
    assert {entry["table"] for entry in checklist("ipcc/stock-difference")["entries"]} == {"rules"}


def test_an_experts_signature_raises_the_leaf_for_all_projects(tmp_path):
    signed = sign_checklist(filled(f"{ID}/k_risk", f"{ID}/uncertainty_bands"), EXPERT)
    raised = M.parameters.confirmed(confirmed(tmp_path, signed))
    assert raised["k_risk"].leaves[0].status is Status.PRIMARY
    assert raised["uncertainty_bands"].leaves[0].status is Status.PRIMARY
    assert raised["leakage_co2e_t"].leaves[0].status is Status.RECALLED
    assert M.parameters["k_risk"].leaves[0].status is Status.RECALLED
    before, after = (set(M.account(PLAIN, p).indicative_reasons) for p in (M.parameters, raised))
    assert before - after == {
        f"reason.methods.parameter_recalled:{ID}/k_risk",
        f"reason.methods.parameter_recalled:{ID}/uncertainty_bands",
    }
    assert after <= before


def test_all_confirmed_leaves_only_what_is_unread_or_unproven(tmp_path):
    signed = sign_checklist(filled(), EXPERT)
    used = Recorder(M.parameters.confirmed(confirmed(tmp_path, signed)))
    claim = M.account(PLAIN, used)
    assert {leaf.status for leaf in used.used.values()} == {Status.PRIMARY}
    assert {reason.split(":")[0] for reason in claim.indicative_reasons} == {
        "reason.methods.unread",
        "reason.methods.evidence_missing",
    }


def test_the_proponents_signature_raises_nothing(tmp_path):
    signed = sign_checklist(filled(f"{ID}/k_risk"), PROPONENT)
    with pytest.raises(IntegrityError):
        confirmed(tmp_path, signed)


def test_a_proponent_who_is_an_expert_too_raises_nothing(tmp_path):
    both = {key_id(PROPONENT.public): TrustedKey("both", PROPONENT.public, ("proponent", "expert"))}
    path = tmp_path / "confirmation.json"
    path.write_text(json.dumps(sign_checklist(filled(f"{ID}/k_risk"), PROPONENT)), encoding="utf-8")
    with pytest.raises(IntegrityError):
        read_confirmations([path], both)


def test_an_unknown_key_raises_nothing(tmp_path):
    signed = sign_checklist(filled(f"{ID}/k_risk"), SigningKey("stranger", b"s" * 32))
    with pytest.raises(IntegrityError):
        confirmed(tmp_path, signed)


def test_a_changed_value_raises_nothing(tmp_path):
    # Refused when signing through the product ...
    document = filled(f"{ID}/k_risk", value=0.05)
    with pytest.raises(RefusedInput, match=r"0\.05"):
        sign_checklist(document, EXPERT)
    # ... and without effect when signed by other means.
    body = {"entries": [{"id": f"{ID}/k_risk", "value": 0.05, "decision": "confirmed"}]}
    raised = M.parameters.confirmed(confirmed(tmp_path, sign_document(PURPOSE, body, EXPERT)))
    assert raised["k_risk"].leaves[0].status is Status.RECALLED


def test_a_changed_confirmation_is_found_out(tmp_path):
    signed = sign_checklist(filled(f"{ID}/k_risk"), EXPERT)
    signed["body"]["entries"][-1]["decision"] = "confirmed"
    signed["body"]["entries"][0]["decision"] = "confirmed"
    with pytest.raises(IntegrityError):
        confirmed(tmp_path, signed)


def test_nothing_decided_is_nothing_to_sign():
    with pytest.raises(InputError) as caught:
        sign_checklist(filled(f"{ID}/k_risk", decision="", found="0.05"), EXPERT)
    assert caught.value.code == "methods.nothing_decided"


@pytest.mark.parametrize("decision", ["wrong", "unread"])
def test_only_confirmed_entries_count(tmp_path, decision):
    signed = sign_checklist(filled(f"{ID}/k_risk", decision=decision, found="0.05"), EXPERT)
    assert confirmed(tmp_path, signed) == []


def test_a_clause_whose_words_changed_is_not_confirmed_by_an_old_signature(tmp_path):
    signed = sign_checklist(filled(f"{ID}/clause/permanence_t"), EXPERT)
    entries = confirmed(tmp_path, signed)
    assert M.parameters.confirmed(entries)["clause/permanence_t"].leaves[0].status is Status.PRIMARY
    other = replace(M.parameters["clause/permanence_t"].leaves[0], value="other words")
    changed = type(M.parameters)(
        ID, {"clause/permanence_t": replace(M.parameters["clause/permanence_t"], leaves=(other,))}
    )
    assert changed.confirmed(entries)["clause/permanence_t"].leaves[0].status is Status.RECALLED


@pytest.mark.parametrize("name", ["list.json", "list.xlsx"])
def test_a_checklist_survives_its_file(tmp_path, name):
    document = filled(f"{ID}/k_risk", f"{ID}/combustion_factor")
    write_checklist(document, tmp_path / name)
    back = read_checklist(tmp_path / name)
    assert [e["id"] for e in back["entries"]] == [e["id"] for e in document["entries"]]
    assert [repr(e["value"]) for e in back["entries"]] == [repr(e["value"]) for e in document["entries"]]
    assert sign_checklist(back, EXPERT) == sign_checklist(document, EXPERT)
    assert canonical_bytes(sign_checklist(back, EXPERT)["body"])


def test_a_workbook_filled_by_hand(tmp_path):
    from datetime import datetime

    from openpyxl import load_workbook

    path = tmp_path / "list.xlsx"
    write_checklist(checklist(ID), path)
    book = load_workbook(path)
    page = book["checklist"]
    header = [cell.value for cell in page[1]]
    row = next(r for r in range(3, page.max_row + 1) if page.cell(r, header.index("id") + 1).value == f"{ID}/k_risk")
    for column, value in {"page": 17, "checked_on": datetime(2026, 11, 20), "decision": "confirmed"}.items():
        page.cell(row, header.index(column) + 1).value = value
    book.save(path)
    signed = sign_checklist(read_checklist(path), EXPERT)
    entry = next(e for e in signed["body"]["entries"] if e["decision"] == "confirmed")
    assert (entry["id"], entry["place"], entry["checked_on"]) == (f"{ID}/k_risk", "17", "2026-11-20")
    assert confirmed(tmp_path, signed) == [(f"{ID}/k_risk", 0.10)]


def test_faults_of_a_checklist_are_named_together():
    document = checklist(ID)
    first, second, third, fourth, *_ = document["entries"]
    first.update(decision="confirmed")
    second.update(decision="maybe")
    third.update(id="nobody/knows")
    fourth.update(FILLED | {"checked_on": "today"})
    with pytest.raises(RefusedInput) as refusal:
        sign_checklist(document, EXPERT)
    assert [(f.code, f.row) for f in refusal.value.faults] == [
        ("methods.no_place", 3),
        ("methods.no_date", 3),
        ("methods.no_decision", 4),
        ("methods.not_in_checklist", 5),
        ("methods.no_date", 6),
    ]
    assert refusal.value.text("zh")


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", b"{"), ("b.xlsx", b"PK no"), ("c.json", b'{"method": "x/y"}')]
)
def test_a_broken_checklist_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_checklist(path)


def test_a_missing_checklist_is_refused(tmp_path):
    with pytest.raises(InputError):
        read_checklist(tmp_path / "none.xlsx")
