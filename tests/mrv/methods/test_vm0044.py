"""``verra/vm0044``: shares the sheet prints, laws, gates. Worked numbers are in the method's cases."""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.verra.vm0044 import BiocharInputs, account, rules
from tanhui.mrv.methods.verra.vm0044.inputs import Facility, Leg, Production, Use

M = method("verra/vm0044")
P = M.parameters
DAY = date(2026, 11, 24)
HERE = {"day": DAY, "p": P}
HIGH = Facility("plant", gases_recovered=True, heat_used_fraction=0.7, emissions_controlled=True)
LOW = Facility("plant")
FIELD = Use(
    "field", "plant", date(2025, 2, 1), date(2025, 3, 1), 100.0, 0.0, "soil",
    feedstocks=("wood",), c_org_fraction=0.77, h_c_org=0.4, wetland=False, on_surface=False,
)  # fmt: skip
PLAIN = BiocharInputs(
    project_start=date(2025, 1, 1),
    crediting=Period(date(2025, 1, 1), date(2032, 1, 1)),
    application=DAY,
    period=Period(date(2025, 1, 1), date(2026, 1, 1)),
    facilities=(HIGH,),
    production=(Production("plant", 2025, 1000.0, 0.0, temperature_c=620.0, pretreatment_co2e_t=10.0),),
    uses=(FIELD,),
)


def line(claim, name):
    return next(x.co2e_t for x in claim.lines if x.line == name)


@pytest.mark.parametrize(("lasting", "share"), [(0.80, 0.61), (0.56, 0.87)])
def test_methane_of_a_kiln_against_wood_char(lasting, share):
    """0.049 x 28 = 1.372 t CO2e for a tonne of biochar is 61 to 87 % of what wood char of 77 % carbon keeps."""
    methane = rules.kiln_methane_t(LOW, 1.0, False, **HERE)
    assert methane == pytest.approx(1.372)
    kept = rules.kept_t(replace(FIELD, wet_mass_t=1.0), 0.77, lasting, **HERE)
    assert round(methane / kept, 2) == share


@pytest.mark.parametrize(
    ("temperature", "lasting"),
    [(900, 0.89), (600.1, 0.89), (600, 0.80), (450.1, 0.80), (450, 0.65), (350, 0.65), (349, 0.56)],
)
def test_table_3(temperature, lasting):
    made = replace(PLAIN.production[0], temperature_c=float(temperature))
    assert rules.permanence(FIELD, made, True, **HERE) == lasting
    assert rules.permanence(FIELD, made, False, **HERE) == 0.56


@pytest.mark.parametrize(
    ("feedstocks", "process", "carbon"),
    [
        (("manure",), "pyrolysis", 0.38), (("wood",), "pyrolysis", 0.77), (("herbaceous",), "gasification", 0.28),
        (("rice",), "pyrolysis", 0.49), (("shells",), "gasification", 0.40), (("biosolids",), "gasification", 0.07),
        (("wood", "rice", "shells"), "pyrolysis", 0.49), (("wood", "manure"), "gasification", 0.09),
    ],
)  # fmt: skip
def test_table_4_and_mixtures(feedstocks, process, carbon):
    use = replace(FIELD, c_org_fraction=None, feedstocks=feedstocks)
    assert rules.organic_carbon(use, replace(LOW, process=process), **HERE) == carbon


@pytest.mark.parametrize(
    "missing",
    [
        {"gases_recovered": None},
        {"gases_recovered": False},
        {"heat_used_fraction": 0.69},
        {"emissions_controlled": None},
    ],
)
def test_one_missing_condition_makes_technology_low(missing):
    made = PLAIN.production[0]
    assert rules.high_technology(HIGH, made, **HERE)
    assert not rules.high_technology(replace(HIGH, **missing), made, **HERE)
    assert not rules.high_technology(HIGH, replace(made, temperature_c=None), **HERE)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"h_c_org": 0.701}, "soil"), ({"h_c_org": None}, "soil"), ({"wetland": True}, "soil"),
        ({"wetland": None}, "soil"), ({"on_surface": True}, "soil"), ({"on_surface": None, "mixed": True}, "soil"),
        ({"c_org_fraction": None}, "no_laboratory"),
        ({"made_on": date(2025, 2, 1), "used_on": date(2025, 2, 1), "kind": "non_soil"}, "product"),
        ({"kind": "non_soil", "total_c_fraction": 0.49, "long_lived": True, "product_proof": "x"}, "product"),
        ({"kind": "non_soil", "total_c_fraction": 0.50, "long_lived": True}, "product"),
    ],
)  # fmt: skip
def test_batches_that_may_not_be_credited_are_shown_and_bear_nothing(change, why):
    claim = account(replace(PLAIN, uses=(replace(FIELD, **change),)), P)
    assert [x.why for x in claim.excluded] == [f"excluded.vm0044.{why}"]
    assert claim.net_t == 0


def test_products_of_high_technology_count():
    use = replace(FIELD, kind="non_soil", total_c_fraction=0.50, long_lived=True, product_proof="standard")
    assert account(replace(PLAIN, uses=(use,)), P).credits_t > 0


SHARES = st.floats(0.05, 0.95)


@given(SHARES, SHARES, st.floats(1, 1000), st.booleans(), st.floats(0, 500))
def test_laws_of_every_claim(moisture, carbon, mass, high, carried):
    use = replace(FIELD, wet_mass_t=mass, moisture_fraction=moisture, c_org_fraction=carbon)
    inputs = replace(PLAIN, uses=(use,), facilities=(HIGH if high else LOW,), carried_deficit_t=carried)
    claim = account(inputs, P)
    assert round(math.fsum(x.co2e_t for x in claim.lines[:-1]), 3) == claim.net_t
    assert all(x.co2e_t <= 0 for x in claim.lines if x.line not in ("gross_removal", "net"))
    assert claim.credits_t == max(0, math.floor(claim.net_t)) == sum(x.credits_t for x in claim.by_year)
    assert line(claim, "gross_removal") <= mass * (1 - moisture) * carbon * 44 / 12


@given(st.floats(0.1, 0.9))
def test_splitting_a_batch_changes_nothing(share):
    parts = tuple(replace(FIELD, id=str(i), wet_mass_t=100.0 * x) for i, x in enumerate((share, 1 - share)))
    for facility in (HIGH, LOW):
        whole = account(replace(PLAIN, facilities=(facility,)), P)
        split = account(replace(PLAIN, facilities=(facility,), uses=parts), P)
        assert [x.co2e_t for x in split.lines] == pytest.approx([x.co2e_t for x in whole.lines], abs=0.0015)


@given(st.floats(100, 1000))
def test_methane_of_the_used_char_does_not_fall_with_unsold_stock(made):
    inputs = replace(PLAIN, facilities=(LOW,), production=(Production("plant", 2025, made, 0.0),))
    claim = account(inputs, P)
    methane = line(claim, "project_emissions") + line(claim, "kiln_methane_unsold")
    assert methane == pytest.approx(-0.049 * 28 * 100, abs=0.0025)


@pytest.mark.parametrize(("km", "counted"), [(199.9, 0.0), (200.0, 5.0), (350.0, 5.0)])
def test_round_trips(km, counted):
    assert rules.transport_t(Leg("road", 2025, "biochar", km, 5.0), **HERE) == counted


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"uses": (replace(FIELD, c_org_fraction=77.0),)}, "methods.percent_for_fraction"),
        ({"uses": (replace(FIELD, moisture_fraction=20.0),)}, "methods.percent_for_fraction"),
        ({"uses": (replace(FIELD, wet_mass_t=-1.0),)}, "methods.negative"),
        ({"uses": (replace(FIELD, wet_mass_t=1001.0),)}, "vm0044.more_used_than_made"),
        ({"uses": (FIELD, FIELD)}, "verra.name_twice"),
        ({"uses": (replace(FIELD, made_on=date(2024, 12, 1)),)}, "vm0044.no_production"),
        ({"uses": (replace(FIELD, permanence_fractions=(0.9,)),)}, "vm0044.no_proof"),
        ({"application": date(2025, 12, 31)}, "methods.period_not_over"),
    ],
)
def test_refusals(change, code):
    with pytest.raises(RefusedInput) as refusal:
        account(replace(PLAIN, **change), P)
    assert code in {fault.code for fault in refusal.value.faults}
    assert all(fault.reason("zh") and fault.reason("en") for fault in refusal.value.faults)


def test_char_of_earlier_claims_cannot_be_used_again():
    made = replace(PLAIN.production[0], used_before_t=901.0)
    with pytest.raises(RefusedInput):
        account(replace(PLAIN, production=(made,)), P)


def test_another_edition_of_warming_potentials_is_refused():
    with pytest.raises(DomainError) as refusal:
        account(replace(PLAIN, gwp_edition="AR4"), P)
    assert refusal.value.code == "gwp.two_editions"
