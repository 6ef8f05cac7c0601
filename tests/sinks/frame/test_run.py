"""What names a run, and what a user's own factor stands for."""

from datetime import date

import pytest

from tanhui.kernel.errors import DomainError
from tanhui.sinks.frame import run_sink

TODAY = date(2026, 1, 1)
FIELD = {"field": "a", "area_ha": 1.0, "region": "East Asia", "water": "multiple drainage"}


def run(lang: str = "en", **changes: object) -> dict:
    return run_sink("rice", {"fields": [{**FIELD, **changes}]}, today=TODAY, lang=lang)


def test_a_run_has_one_name_in_both_languages_and_another_for_every_input():
    names = [run()["run"], run(area_ha=2.0)["run"], run(field="b")["run"], run(days=100)["run"]]
    assert run("zh")["run"] == names[0]
    assert len(set(names)) == len(names)


def test_an_error_that_came_with_an_input_is_part_of_the_name():
    fish = {"fields": [FIELD], "fish_evidence": "chambers", "fish_factor": {"value": 0.9, "se": 0.05}}
    without = {**fish, "fish_factor": 0.9}
    assert run_sink("rice", fish, today=TODAY)["run"] != run_sink("rice", without, today=TODAY)["run"]


def test_one_factor_of_ones_own_stands_for_one_key():
    own = {"sf_water": {"value": 0.6, "se": 0.1, "source": "own chambers"}}
    with_baseline = {**FIELD, "baseline_water": "continuously flooded"}
    assert run_sink("rice", {"fields": [FIELD], "factors": own}, today=TODAY)["estimates"]
    with pytest.raises(DomainError) as refusal:
        run_sink("rice", {"fields": [with_baseline], "factors": own}, today=TODAY)
    assert refusal.value.code == "sinks.factor_of_several"
    named = {"sf_water/multiple drainage": own["sf_water"]}
    assert run_sink("rice", {"fields": [with_baseline], "factors": named}, today=TODAY)["estimates"]
