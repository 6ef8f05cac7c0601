"""Areas from maps: the worked examples of the papers, as other implementations print them."""

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling import area_estimates, area_sample_size, from_error_matrix

CLASSES = ["deforestation", "forest gain", "stable forest", "stable non-forest"]
#: Olofsson et al. 2014, table 8, with the mapped areas in pixels of 30 m.
TABLE8 = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]
PIXELS = [200_000, 150_000, 3_200_000, 6_450_000]
HA = 0.09


@pytest.fixture
def olofsson2014():
    return from_error_matrix(TABLE8, CLASSES, PIXELS, selection="stratified_random")


def test_areas_of_olofsson_2014(olofsson2014):
    # Printed on p. 54: 235,086 +- 68,418 pixels; 21,158 +- 6158, 11,686 +- 3756, 285,770 +- 15,510 and
    # 581,386 +- 16,282 ha, intervals with 1.96.
    half = 1.96 * olofsson2014.area_se_ha
    assert olofsson2014.area_ha[0] == pytest.approx(235_086, abs=0.5)
    assert half[0] == pytest.approx(68_418, abs=0.5)
    assert olofsson2014.area_ha * HA == pytest.approx([21_158, 11_686, 285_770, 581_386], abs=0.5)
    assert half * HA == pytest.approx([6_158, 3_756, 15_510, 16_282], abs=0.5)
    low, high = olofsson2014.interval_ha()
    assert (high - low) / 2 == pytest.approx(half, rel=2e-5)


def test_accuracies_of_olofsson_2014(olofsson2014):
    assert olofsson2014.users == pytest.approx([0.88, 0.73, 0.93, 0.96], abs=0.005)
    assert 1.96 * olofsson2014.users_se == pytest.approx([0.07, 0.10, 0.04, 0.02], abs=0.005)
    assert olofsson2014.producers == pytest.approx([0.75, 0.85, 0.93, 0.96], abs=0.005)
    # The paper prints 0.23 and 0.01 for the second and fourth; its own eq. 7 gives 0.25 and 0.02, as the R package
    # mapaccuracy finds too: 0.21330593, 0.25440369, 0.03432379, 0.01836120.
    assert 1.959964 * olofsson2014.producers_se == pytest.approx(
        [0.21330593, 0.25440369, 0.03432379, 0.01836120], rel=1e-5
    )
    assert olofsson2014.overall == pytest.approx(0.9465119, abs=1e-7)
    assert 1.959964 * olofsson2014.overall_se == pytest.approx(0.01848328, abs=1e-8)


def test_error_matrix_of_olofsson_2014_table_9(olofsson2014):
    printed = [
        [0.0176, 0, 0.0013, 0.0011],
        [0, 0.0110, 0.0016, 0.0024],
        [0.0019, 0, 0.2967, 0.0213],
        [0.0040, 0.0020, 0.0179, 0.6212],
    ]
    assert olofsson2014.proportions == pytest.approx(np.array(printed), abs=6e-5)
    assert olofsson2014.mapped_ha == pytest.approx(PIXELS)


def test_sample_size_of_olofsson_2014():
    # Section 5.1.1: areas 0.02, 0.015, 0.32, 0.645, user's accuracies 0.70, 0.60, 0.90, 0.95, S(O) 0.01: n = 641.
    assert area_sample_size([0.02, 0.015, 0.32, 0.645], [0.70, 0.60, 0.90, 0.95], 0.01) == 641


def test_the_example_of_olofsson_2013():
    # Example 1 of the 2013 paper, as the tests of mapAccuracy (R) and PyMapAccuracy have it.
    found = from_error_matrix(
        [[97, 0, 3], [3, 279, 18], [2, 1, 97]],
        ["deforestation", "forest", "other"],
        [22_353, 1_122_543, 610_228],
        selection="stratified_random",
    )
    assert found.producers == pytest.approx([0.4806308, 0.9941887, 0.8969259], abs=1e-7)
    assert 1.959964 * found.users_se == pytest.approx([0.03360292, 0.02892031, 0.03360292], rel=1e-6)
    assert 1.959964 * found.producers_se == pytest.approx([0.22453045, 0.01132522, 0.04120541], rel=1e-6)
    # The ends are two standard errors away there.
    assert found.area_ha - 2 * found.area_se_ha == pytest.approx([23_609.59, 1_014_763.18, 622_672.62], abs=0.005)
    assert found.area_ha + 2 * found.area_se_ha == pytest.approx([66_615.21, 1_085_371.36, 697_216.04], abs=0.005)


def stehman2014(**options):
    mapped = ["A"] * 7 + ["B"] * 3 + ["A"] + ["B"] * 11 + ["C"] * 6 + ["B"] * 2 + ["D"] * 10
    reference = [*"AAAAACBABC", *"ABBBBBAABB", *"CCCCCDDBBA", *"DDDDDDDCCB"]
    areas = {"A": 40_000, "B": 30_000, "C": 20_000, "D": 10_000}
    stratum = [h for h in "ABCD" for _ in range(10)]
    return area_estimates(mapped, reference, areas, selection="random", stratum=stratum, **options), areas


def test_strata_that_are_not_the_classes_stehman_2014():
    # Numbers of the paper's example as printed by mapaccuracy; pixels are the population of each stratum.
    areas = {"A": 40_000, "B": 30_000, "C": 20_000, "D": 10_000}
    found, _ = stehman2014(population=areas)
    assert found.labels == ("A", "B", "C", "D")
    assert found.area_ha / 100_000 == pytest.approx([0.35, 0.34, 0.20, 0.11])
    assert found.area_se_ha[[0, 2]] / 100_000 == pytest.approx([0.0822478, 0.06427977], abs=5e-8)
    assert (found.overall, found.overall_se) == pytest.approx((0.63, 0.08464219), abs=5e-9)
    assert (found.users[1], found.users_se[1]) == pytest.approx((0.5744681, 0.1247822), abs=5e-8)
    assert (found.producers[1], found.producers_se[1]) == pytest.approx((0.7941176, 0.1165479), abs=5e-8)
    assert found.proportions[1, 2] == pytest.approx(0.08)


def test_net_change_knows_that_gain_and_loss_share_the_sample(olofsson2014):
    net = olofsson2014.net({"forest gain": 1, "deforestation": -1})
    assert net.value == pytest.approx(olofsson2014.area_ha[1] - olofsson2014.area_ha[0])
    # By hand: sum N_i^2 (p_g + p_d - (p_g - p_d)^2) / (n_i - 1) over the strata.
    counts = np.array(TABLE8, float)
    n = counts.sum(axis=1)
    loss, gain = counts[:, 0] / n, counts[:, 1] / n
    by_hand = (np.array(PIXELS, float) ** 2 * (gain + loss - (gain - loss) ** 2) / (n - 1)).sum()
    assert net.variance == pytest.approx(by_hand)
    assert olofsson2014.net(dict.fromkeys(CLASSES, 1.0)).variance == pytest.approx(0, abs=1e-6)


def test_a_class_nobody_found_has_no_accuracy_but_an_area():
    found = from_error_matrix(
        [[5, 0, 0], [1, 9, 0], [0, 2, 0]], ["a", "b", "c"], [10, 20, 3], selection="stratified_random"
    )
    assert found.area_ha[2] == 0
    assert found.users[2] == 0
    assert np.isnan(found.producers[2])


def test_post_strata_of_a_simple_sample():
    mapped, truth = list("aaaabbbbbb"), list("aaabbbbbba")
    fixed = area_estimates(mapped, truth, {"a": 30, "b": 70}, selection="random")
    drawn = area_estimates(mapped, truth, {"a": 30, "b": 70}, selection="random", scheme="post_stratified")
    assert drawn.area_ha == pytest.approx(fixed.area_ha)
    assert (drawn.area_se_ha != fixed.area_se_ha).all()


@pytest.mark.parametrize(
    ("code", "call"),
    [
        (
            "sampling.not_a_probability_sample",
            lambda: from_error_matrix(TABLE8, CLASSES, PIXELS, selection="purposive"),
        ),
        ("sampling.not_an_error_matrix", lambda: from_error_matrix([[1.5]], ["a"], [1], selection="random")),
        ("sampling.not_an_error_matrix", lambda: from_error_matrix([[-1]], ["a"], [1], selection="random")),
        ("sampling.not_an_error_matrix", lambda: from_error_matrix(TABLE8, CLASSES, PIXELS[:3], selection="random")),
        (
            "sampling.stratum_without_plots",
            lambda: from_error_matrix([[3, 1], [0, 0]], ["a", "b"], [1, 1], selection="random"),
        ),
        (
            "sampling.stratum_too_small",
            lambda: from_error_matrix([[3, 1], [0, 1]], ["a", "b"], [1, 1], selection="random"),
        ),
        ("sampling.wrong_length", lambda: area_estimates(["a"], ["a", "b"], {"a": 1}, selection="random")),
        ("sampling.unknown_class", lambda: stehman2014()[0].net({"water": 1})),
    ],
)
def test_refusals(code, call):
    with pytest.raises(DomainError) as refusal:
        call()
    assert refusal.value.code == code
    assert refusal.value.text("zh") != refusal.value.text("en") != f"error.{code}"
