"""The error model as data: the published figures, their statuses, and sentences for everything that is said."""

import re
from datetime import date
from pathlib import Path

import pytest

import tanhui
from tanhui.kernel.data import merged_toml
from tanhui.kernel.parameters import Status
from tanhui.mrv.uncertainty.model import DiameterError, Limits, Ratio
from tanhui.mrv.uncertainty.parameters import default_error_model, interval_skew_limit, uncertainty_parameters

ROOT = Path(tanhui.__file__).parent


def test_the_error_model_is_that_of_the_field():
    model = default_error_model()
    # Chave et al. 2004, p. 412, and the limits of R's AGBmonteCarlo
    assert model.diameter == DiameterError(0.0062, 0.0904, 4.64, 0.05)
    assert model.limits == Limits(0.1, 500, 1.3, 15, 0.08, 1.39)
    assert model.root_ratios[0].value == 0.25
    assert model.carbon_fractions[0].value == 0.47
    assert interval_skew_limit() == 0.30


def test_given_ratios_replace_the_defaults_and_their_leaves():
    model = default_error_model(date(2026, 1, 1), root_ratios=(Ratio("fir", 0.246, 0.03),))
    assert model.root_ratios == (Ratio("fir", 0.246, 0.03),)
    used = {leaf.id for leaf in model.leaves}
    assert "mrv_uncertainty/root_ratio" not in used
    assert "mrv_uncertainty/carbon_fraction" in used


@pytest.mark.parametrize("name", ["error_model", "plausibility"])
def test_nothing_nobody_read_is_called_primary(name):
    for leaf in uncertainty_parameters(name).leaves():
        assert leaf.zh
        assert leaf.en
        if leaf.reference in ("ipcc2006_v4_ch4", "ipcc2006_v1_ch3"):
            assert leaf.status == Status.RECALLED


def test_everything_said_has_words_in_both_languages():
    said = set()
    for path in [*(ROOT / "mrv" / "uncertainty").glob("*.py"), *(ROOT / "projects").glob("tree*.py")]:
        text = path.read_text(encoding="utf-8")
        said |= {f"error.{code}" for code in re.findall(r'Error\(\s*"([a-z_.]+)"', text)}
        said |= {f"fault.{code}" for code in re.findall(r'Fault\(\s*"([a-z_.]+)"', text)}
        said |= set(re.findall(r'say\(\s*"([a-z_.]+)"', text))
    words = merged_toml("wording.toml")
    assert len(said) > 20
    for code in said:
        assert words[code]["zh"], code
        assert words[code]["en"], code
