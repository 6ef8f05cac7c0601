"""The claim of one accounting period as AR-CM-004-V01 would have had it."""

from __future__ import annotations

from collections.abc import Mapping

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_004 import rules
from tanhui.mrv.methods.ccer2014.ar_cm_004.eligibility import CONDITIONS
from tanhui.mrv.methods.ccer2014.ar_cm_004.inputs import ManagedGrassland
from tanhui.mrv.methods.ccer2014.project import history_claim, refuse_impossible, verdicts_of
from tanhui.mrv.methods.claims import recording
from tanhui.mrv.methods.verdict import Verdict

__all__ = ["ID", "account", "eligibility"]

ID = "ccer-2014/ar-cm-004"


def eligibility(inputs: ManagedGrassland, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict."""
    return verdicts_of(inputs, CONDITIONS, parameters)


def account(inputs: ManagedGrassland, parameters: Mapping[str, Dated]) -> Claim:
    """The claim, never issued.

    Raises
    ------
    DomainError
        If the methodology was not in force, or the edition of warming potentials is unknown.
    RefusedInput
        If dates or numbers cannot be; every fault is named.
    """
    p, day = recording(parameters), inputs.application
    refuse_impossible(inputs, ID, CONDITIONS, p)
    edition = one_gwp_edition({inputs.gwp_edition})
    emitted_t = rules.more_emitted_t(inputs.project_gases, inputs.baseline_gases, edition, day=day, p=p)
    parts = [
        ("soil", rules.soil_t(inputs, day=day, p=p), rules.soil_t.at(day).clause),
        ("woody", rules.woody_t(inputs, day=day, p=p), rules.woody_t.at(day).clause),
        ("baseline", rules.baseline_t(inputs, day=day, p=p), rules.baseline_t.at(day).clause),
        ("project_emissions", emitted_t, rules.more_emitted_t.at(day).clause),
        ("fires", rules.fire_t(inputs, edition, day=day, p=p), rules.fire_t.at(day).clause),
        ("leakage", rules.leakage_t(inputs, day=day, p=p), rules.leakage_t.at(day).clause),
    ]
    return history_claim(inputs, ID, parts, eligibility(inputs, p), edition, p)
