"""Two surveys of the same plots: against hand calculation, another implementation, and the run's own trees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.units import CO2_PER_C
from tanhui.projects.audit import journal
from tanhui.projects.audit.remeasured import compare_readings, height_ratio, matched_trees, weigh_plots
from tanhui.projects.audit.rules import AuditRefused
from tanhui.projects.audit.service import Said, begin_audit, draw_sample, measure_again
from tests.projects.audit.workbooks import again

AT = "2026-11-24T09:00:00Z"


def trees(rows: list[tuple[str, str, float, float, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["location_id", "tree_id", "dbh_cm", "height_m", "species", "status"])


OWNER = trees(
    [
        ("Y1", "1", 10.0, 8.0, "杉木", "live"),
        ("Y1", "2", 12.0, 9.0, "杉木", "live"),
        ("Y1", "3", 14.0, np.nan, "杉木", "live"),
        ("Y1", "4", 9.0, 7.0, "杉木", "dead"),
        ("Y2", "1", 20.0, 12.0, "马尾松", "live"),
        ("Y2", "2", 22.0, 13.0, "马尾松", "live"),
    ]
)
VERIFIER = trees(
    [
        ("Y1", "1", 9.8, 8.1, "杉木", "live"),
        ("Y1", "2", 11.4, 8.8, "杉木", "live"),
        ("Y1", "9", 11.0, np.nan, "杉木", "live"),
        ("Y2", "1", 19.9, 11.7, "杉木", "live"),
        ("Y2", "2", 21.9, 13.2, "马尾松", "live"),
    ]
)


def test_readings_against_scipy():
    both = matched_trees(OWNER, VERIFIER)
    dbh, height = compare_readings(both)
    # Owner less verifier: 0.2, 0.6, 0.1, 0.1; tolerance 0.3 cm, from 20 cm on 1.5 %.
    assert (dbh.n, dbh.outside) == (4, 1)
    assert (dbh.mean, dbh.sd) == pytest.approx((0.25, np.std([0.2, 0.6, 0.1, 0.1], ddof=1)))
    assert dbh.t_p == pytest.approx(stats.ttest_1samp([0.2, 0.6, 0.1, 0.1], 0).pvalue)
    assert (height.n, height.mean) == (4, pytest.approx((-0.1 + 0.2 + 0.3 - 0.2) / 4))
    # Ranks 1, 2.5, 4, 2.5; positive sum 6.5. Of 16 signs 6 give as much: 2 x 6/16.
    assert height.ranks_p == pytest.approx(0.75)


def test_many_readings_against_scipy():
    rng = np.random.default_rng(5)
    first = np.round(rng.uniform(6, 30, 200), 1)
    rows = [("Y1", str(k), d, np.nan, "杉木", "live") for k, d in enumerate(first)]
    second = [("Y1", str(k), round(d - rng.normal(0.03, 0.15), 1), np.nan, "杉木", "live") for k, d in enumerate(first)]
    dbh = compare_readings(matched_trees(trees(rows), trees(second)))[0]
    difference = np.round(first - [row[2] for row in second], 1)
    assert dbh.t_p == pytest.approx(stats.ttest_1samp(difference, 0).pvalue)
    expected = stats.wilcoxon(difference, zero_method="wilcox", correction=True, method="asymptotic").pvalue
    assert dbh.ranks_p == pytest.approx(expected, rel=1e-6)


def test_heights_count_where_they_differ_for_sure():
    both = matched_trees(OWNER, VERIFIER)
    assert height_ratio(both) == 1.0
    taller = both.assign(height_m=both["height_m_again"] * 1.2 + np.arange(len(both)) * 1e-3)
    known = taller["height_m"].notna() & taller["height_m_again"].notna()
    by_hand = taller["height_m_again"][known].sum() / taller["height_m"][known].sum()
    assert height_ratio(taller) == pytest.approx(by_hand)


def weighed(**changes: Any):
    owner = pd.DataFrame(
        {
            "stratum": ["A", "A", "B"],
            "now_t_ha": [100.0, 80.0, 60.0],
            "change_t_ha": [50.0, 40.0, 30.0],
            "years": 5.0,
            "weight_ha": [10.0, 10.0, 20.0],
            "visited": pd.Timestamp("2025-09-01"),
        },
        index=["Y1", "Y2", "Y3"],
    )
    verifier = pd.DataFrame(
        {"t_ha": [90.0, 80.0], "visited": [pd.Timestamp("2025-09-11"), pd.Timestamp("2026-09-01")]}, index=["Y1", "Y2"]
    )
    facts: dict[str, Any] = {
        "drawn": {"Y1": ("A", 0.5), "Y2": ("A", 0.25)},
        "owner": owner,
        "verifier": verifier,
        "both": matched_trees(OWNER, VERIFIER),
        "tonnes_per": 0.8,
    }
    return weigh_plots(**(facts | changes))


def test_the_claim_by_hand():
    found = weighed()
    # Y1, ten days later: 100 - 90 = 10. Y2, a year later: 80 - (80 - 40/5 x 365/365.2425) = 7.99468.
    first, second = found.plots
    growth = 40 / 5 * 365 / 365.2425
    assert (first.difference_t_ha, first.growth_t_ha) == (10.0, 0.0)
    assert second.difference_t_ha == pytest.approx(growth)
    assert (first.missing, first.extra, first.species) == (1, 1, 0)
    assert (second.missing, second.extra, second.species) == (0, 0, 1)
    # Tonnes of the claim: 10 x 10 ha x 0.8 over 1/2, and 7.99 x 10 ha x 0.8 over 1/4.
    y, p = np.array([80.0, growth * 8]), np.array([0.5, 0.25])
    assert found.misstatement.value == pytest.approx(160 + growth * 32)
    centre = ((1 - p) * y / p).sum() / (1 - p).sum()
    assert found.misstatement.variance == pytest.approx(2 * ((1 - p) * (y / p - centre) ** 2).sum())
    half = stats.t.ppf(0.95, 1) * np.sqrt(found.misstatement.variance)
    assert found.interval == pytest.approx((160 + growth * 32 - half, 160 + growth * 32 + half))


def test_what_it_proposes():
    found = weighed(drawn={"Y1": ("A", 1.0), "Y2": ("A", 1.0)})
    value = found.misstatement.value
    assert found.interval == pytest.approx((value, value))  # everything was visited
    assert found.kind(value - 1) == "NC"
    assert found.kind(value + 1) == "CL"
    assert weighed().kind(1.0) == ""  # two plots say little


def test_plots_not_measured_and_plots_nobody_drew():
    found = weighed(drawn={"Y1": ("A", 0.5), "Y3": ("B", 0.5)})
    assert (found.not_measured, found.not_drawn) == (("Y3",), ("Y2",))
    # One answered for two: its probability halves.
    assert found.misstatement.value == pytest.approx(80 / 0.25)
    with pytest.raises(RefusedInput):
        weighed(drawn={"Y3": ("B", 0.5)})
    with pytest.raises(RefusedInput) as refused:
        weighed(verifier=pd.DataFrame({"t_ha": [1.0], "visited": [pd.Timestamp("2025-09-11")]}, index=["Z9"]))
    assert [fault.code for fault in refused.value.faults] == ["audit.plot_unknown"]


# The whole way, on the illustrative project


@pytest.fixture
def audit(tmp_path: Path, run_folder: Path, project: Path) -> Path:
    begin_audit(tmp_path / "audit", run_folder, auditor="核查机构")
    draw_sample(tmp_path / "audit", run_folder, Said("核查机构", AT, "draw"))
    return tmp_path / "audit"


def compared(
    audit: Path, run_folder: Path, project: Path, reread: Callable[[str, str, float], float | None]
) -> dict[str, Any]:
    drawn = set(journal.read(audit).sampled)
    book = again(project / "monitoring" / "survey-2025.xlsx", audit / "verifier.xlsx", drawn, reread)
    return measure_again(audit, run_folder, project, book, Said("核查机构", AT, "measured"))[1]


def test_the_same_survey_says_the_claim_is_right(audit: Path, run_folder: Path, project: Path):
    found = compared(audit, run_folder, project, lambda plot, tree, dbh: dbh)
    assert found["misstatement_co2e_t"] == pytest.approx(0.0, abs=1e-6)
    assert found["proposes"] == ""
    assert all(plot["missing"] == plot["extra"] == plot["species"] == 0 for plot in found["plots"])
    assert found["readings"][0]["n"] > 400


def test_a_tree_that_is_not_there_is_worth_what_the_run_says(audit: Path, run_folder: Path, project: Path):
    name = journal.read(audit).sampled[0]
    table = pd.read_parquet(run_folder / "trees.parquet")
    mine = table[(table["plot_id"] == f"{name}@2025-08-20") & (table["status"] == "live") & table["dbh_cm"].notna()]
    tree = mine.loc[mine["tree_kg"].idxmax()]
    found = compared(
        audit, run_folder, project, lambda plot, number, dbh: None if (plot, number) == (name, tree["tree_id"]) else dbh
    )
    plot = next(one for one in found["plots"] if one["plot"] == name)
    assert plot["missing"] == 1
    by_hand = tree["tree_kg"] / 1000 * CO2_PER_C * tree["trees_per_ha"]
    assert plot["difference_t_ha"] == pytest.approx(by_hand, rel=1e-6)


def test_thinner_trees_become_a_finding(audit: Path, run_folder: Path, project: Path):
    found = compared(audit, run_folder, project, lambda plot, tree, dbh: max(dbh - 0.4, 5.0))
    assert found["readings"][0]["mean"] == pytest.approx(0.4, abs=0.01)
    assert found["readings"][0]["t_p"] < 1e-10
    assert found["misstatement_co2e_t"] > 678  # beyond materiality
    assert found["proposes"] == "NC"
    event = journal.read(audit).events[-1]
    assert [one.name for one in event.evidence] == ["verifier.xlsx"]


def test_nothing_is_compared_before_a_draw_or_with_another_run(tmp_path: Path, run_folder: Path, project: Path):
    begin_audit(tmp_path, run_folder, auditor="核查机构")
    with pytest.raises(AuditRefused) as refused:
        measure_again(
            tmp_path, run_folder, project, project / "monitoring" / "survey-2025.xlsx", Said("核查机构", AT, "x")
        )
    assert refused.value.code == "audit.nothing_visited"
