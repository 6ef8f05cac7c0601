"""The claim of one accounting period as AR-CM-001-V01 would have had it."""

from __future__ import annotations

from collections.abc import Mapping

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_001 import rules
from tanhui.mrv.methods.ccer2014.ar_cm_001.eligibility import CONDITIONS
from tanhui.mrv.methods.ccer2014.ar_cm_001.inputs import AfforestationProject
from tanhui.mrv.methods.ccer2014.project import history_claim, refuse_impossible, verdicts_of
from tanhui.mrv.methods.claims import recording
from tanhui.mrv.methods.verdict import Verdict

__all__ = ["ID", "AfforestationProject", "account", "eligibility"]

ID = "ccer-2014/ar-cm-001"


def eligibility(inputs: AfforestationProject, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict."""
    return verdicts_of(inputs, CONDITIONS, parameters)


def account(inputs: AfforestationProject, parameters: Mapping[str, Dated]) -> Claim:
    """The claim, never issued.

    Raises
    ------
    DomainError
        If the methodology was not in force, U is above the last band, or a pool is not allowed.
    RefusedInput
        If dates or numbers cannot be; every fault is named.
    """
    p, day = recording(parameters), inputs.application
    refuse_impossible(inputs, ID, CONDITIONS, p)
    edition = one_gwp_edition({inputs.gwp_edition})
    parts = [
        ("gross_removal", rules.gross_removal_t(inputs, day=day, p=p), rules.gross_removal_t.at(day).clause),
        ("baseline", rules.baseline_t(inputs, day=day, p=p), rules.baseline_t.at(day).clause),
        ("project_emissions", rules.fire_t(inputs, edition, day=day, p=p), rules.fire_t.at(day).clause),
        ("leakage", rules.leakage_t(day=day, p=p), rules.leakage_t.at(day).clause),
        ("uncertainty_deduction", rules.uncertainty_t(inputs, day=day, p=p), rules.uncertainty_t.at(day).clause),
    ]
    return history_claim(inputs, ID, parts, eligibility(inputs, p), edition, p)
