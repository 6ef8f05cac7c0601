"""The claim of one accounting period as AR-CM-005-V01 would have had it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tanhui.kernel.errors import Fault
from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_005 import rules
from tanhui.mrv.methods.ccer2014.ar_cm_005.eligibility import CONDITIONS
from tanhui.mrv.methods.ccer2014.ar_cm_005.inputs import ManagedBamboo
from tanhui.mrv.methods.ccer2014.project import history_claim, refuse_impossible, verdicts_of
from tanhui.mrv.methods.checks import twice
from tanhui.mrv.methods.claims import recording
from tanhui.mrv.methods.verdict import Verdict

__all__ = ["ID", "account", "eligibility"]

ID = "ccer-2014/ar-cm-005"


def eligibility(inputs: ManagedBamboo, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict."""
    return verdicts_of(inputs, CONDITIONS, parameters)


def account(inputs: ManagedBamboo, parameters: Mapping[str, Dated]) -> Claim:
    """The claim, never issued.

    Raises
    ------
    DomainError
        If the methodology was not in force, or the edition of warming potentials is unknown.
    RefusedInput
        If dates, numbers or products cannot be; every fault is named.
    """
    p, day = recording(parameters), inputs.application
    faults = list(twice([x.name for x in inputs.products], "products"))
    for i, x in enumerate(inputs.products):
        if not x.source:
            faults.append(Fault("methods.ccer2014_no_source", column=f"products[{i}].source", value=x.name))
    refuse_impossible(inputs, ID, CONDITIONS, p, faults)
    edition = one_gwp_edition({inputs.gwp_edition})
    products = math.fsum(rules.product_t(x, day=day, p=p) for x in inputs.products)
    parts = [
        ("bamboo", rules.biomass_t(inputs, day=day, p=p), rules.biomass_t.at(day).clause),
        ("bamboo_products", products, rules.product_t.at(day).clause),
        ("baseline", rules.baseline_t(inputs, day=day, p=p), rules.baseline_t.at(day).clause),
        ("fertiliser", rules.fertiliser_t(inputs, edition, day=day, p=p), rules.fertiliser_t.at(day).clause),
        ("fires", rules.fire_t(inputs, edition, day=day, p=p), rules.fire_t.at(day).clause),
        ("leakage", rules.leakage_t(inputs, day=day, p=p), rules.leakage_t.at(day).clause),
    ]
    return history_claim(inputs, ID, parts, eligibility(inputs, p), edition, p)
