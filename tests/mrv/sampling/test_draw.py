"""Points in polygons: every place has the same chance, and a total estimated from the points has no bias.

Expected counts are areas, taken by shapely from the outlines; the critical values of chi-square are scipy's.
"""

import numpy as np
import pytest
import shapely
from scipy.stats import chi2

from tanhui.kernel.errors import DomainError
from tanhui.kernel.randoms import stream
from tanhui.mrv.sampling import grid_points, grid_spacing, point_frame, random_points

DRAWS = 20_000
#: A grid is looked up in the map, which takes longer.
GRIDS = 4_000
#: An L, a ring, a star with narrow arms, a comb: shapes whose middle, corners and arms differ.
L_SHAPE = shapely.Polygon([(0, 0), (300, 0), (300, 90), (90, 90), (90, 400), (0, 400)])
RING = shapely.Point(800, 200).buffer(180).difference(shapely.Point(830, 200).buffer(90))
TURN = np.arange(16) * np.pi / 8
STAR = shapely.Polygon(
    np.c_[
        1400 + np.where(np.arange(16) % 2, 70, 240) * np.cos(TURN),
        200 + np.where(np.arange(16) % 2, 70, 240) * np.sin(TURN),
    ]
)
COMB = shapely.union_all(
    [shapely.box(0, 600, 400, 660), *(shapely.box(100 * k, 660, 100 * k + 55, 900) for k in range(4))]
)
ODD = [L_SHAPE, RING, STAR, COMB]
#: Two hundred small parcels of 40 to 90 m, apart from each other.
SIZES = stream(1, "test parcels").uniform(40, 90, (200, 2))
MANY = [
    shapely.box(120 * (k % 20), 120 * (k // 20), 120 * (k % 20) + w, 120 * (k // 20) + h)
    for k, (w, h) in enumerate(SIZES)
]


def cells(frame, size: float):
    """The frame cut into cells: their outlines and areas, those below a tenth of a cell left out."""
    west, south, east, north = shapely.total_bounds(frame.inner)
    boxes = [
        shapely.box(x, y, x + size, y + size)
        for x in np.arange(west, east, size)
        for y in np.arange(south, north, size)
    ]
    whole = shapely.union_all(frame.inner)
    cut = shapely.intersection(boxes, whole)
    keep = shapely.area(cut) > 0.1 * size**2
    return np.asarray(boxes)[keep], shapely.area(cut)[keep]


def counted(boxes, xy) -> np.ndarray:
    at = shapely.STRtree(boxes).query(shapely.points(xy), predicate="intersects")
    return np.bincount(at[1], minlength=len(boxes))


@pytest.mark.parametrize("outlines", [ODD, MANY], ids=["odd shapes", "many small parcels"])
def test_random_points_are_uniform(outlines):
    frame = point_frame(outlines, 12.6)
    xy = random_points(frame, DRAWS, stream(3, "draw")).xy_m
    boxes, area = cells(frame, 60.0)
    found, expected = counted(boxes, xy), DRAWS * area / frame.total_m2
    statistic = ((found - expected) ** 2 / expected).sum()
    assert statistic < chi2.ppf(0.999, len(boxes) - 1)
    assert statistic > chi2.ppf(0.001, len(boxes) - 1)  # nor more even than chance


@pytest.mark.parametrize("outlines", [ODD, MANY], ids=["odd shapes", "many small parcels"])
def test_inclusion_in_a_sample_is_uniform_whatever_the_place_in_the_list(outlines):
    """20,000 samples of six: how often each cell holds the k-th point does not depend on k."""
    frame = point_frame(outlines, 12.6)
    samples = np.array([random_points(frame, 6, stream(k, "sample")).xy_m for k in range(DRAWS)])
    boxes, area = cells(frame, 120.0)
    expected = DRAWS * area / frame.total_m2
    for place in range(6):
        found = counted(boxes, samples[:, place])
        assert ((found - expected) ** 2 / expected).sum() < chi2.ppf(0.9998, len(boxes) - 1)


@pytest.mark.parametrize("outlines", [ODD, MANY], ids=["odd shapes", "many small parcels"])
def test_a_grid_gives_every_place_the_same_chance(outlines):
    """Counts of one grid hang together, so a z value for each cell, and their largest against a normal's."""
    frame = point_frame(outlines, 12.6)
    boxes, area = cells(frame, 120.0)
    counts = np.zeros((GRIDS, len(boxes)))
    spacing = grid_spacing(frame, 12, minimum=2)
    for k in range(GRIDS):
        drawn = grid_points(frame, spacing, stream(k, "grid"), minimum=0)
        counts[k] = counted(boxes, drawn.xy_m)
    z = (counts.mean(axis=0) - drawn.density_per_m2 * area) / (counts.std(axis=0, ddof=1) / np.sqrt(GRIDS))
    assert np.abs(z).max() < 4.2  # 100 cells: 3e-5 each
    assert abs(z.std() - 1) < 0.3


@pytest.mark.parametrize(("draw", "size"), [(random_points, 10), (grid_points, 90.0)])
def test_totals_have_no_bias(draw, size):
    """The total of a surface over the frame, Horvitz-Thompson: the sum over the points by the density."""
    frame = point_frame(ODD, 10.0)

    def surface(xy):
        return 40 + 0.03 * xy[:, 0] + 15 * np.sin(xy[:, 1] / 50)

    # The truth, from a grid of 2 m by shapely alone.
    west, south, east, north = shapely.total_bounds(frame.inner)
    fine = np.stack(np.meshgrid(np.arange(west, east, 2.0), np.arange(south, north, 2.0)), axis=-1).reshape(-1, 2)
    inside = shapely.contains_xy(shapely.union_all(frame.inner), fine)
    truth = surface(fine[inside]).mean() * frame.total_m2
    totals = []
    for k in range(GRIDS):
        points = draw(frame, size, stream(k, "total"))
        totals.append(surface(points.xy_m).sum() / points.density_per_m2)
    error = np.std(totals, ddof=1) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - truth) < 3.5 * error


def test_plots_lie_inside():
    frame = point_frame(ODD, 12.6)
    whole = shapely.union_all(ODD)
    for points in (random_points(frame, 5000, stream(9, "inside")), grid_points(frame, 14.0, stream(9, "inside"))):
        circles = shapely.buffer(shapely.points(points.xy_m), 12.6 * (1 - 1e-3))
        assert shapely.contains(whole, circles).all()
        assert shapely.intersects(np.array(ODD, object)[points.piece], shapely.points(points.xy_m)).all()


def test_a_longer_list_begins_with_the_shorter():
    frame = point_frame(ODD, 12.6)
    short, long = (random_points(frame, n, stream(7, "list")).xy_m for n in (5, 50))
    assert (short == long[:5]).all()


def test_grid_points_keep_their_distance():
    drawn = grid_points(point_frame(ODD, 12.6), 50.0, stream(5, "grid"))
    apart = np.linalg.norm(drawn.xy_m[:, None] - drawn.xy_m, axis=-1)[np.triu_indices(len(drawn.xy_m), 1)]
    assert apart.min() == pytest.approx(drawn.spacing_m, rel=1e-9)


def test_the_frame_says_what_has_no_chance():
    # A square of 100 m less 20 m on each side: 3600 of 10,000 m2; a strip of 30 m has no room at all.
    frame = point_frame([shapely.box(0, 0, 100, 100), shapely.box(200, 0, 230, 300)], 20.0)
    assert frame.area_m2 == pytest.approx([3600, 0])
    assert frame.share == pytest.approx(3600 / 19_000)
    assert set(random_points(frame, 100, stream(1, "x")).piece) == {0}


def test_refusals():
    with pytest.raises(DomainError) as refused:
        point_frame([shapely.box(0, 0, 20, 20)], 15.0)
    assert refused.value.code == "sampling.no_room"
    with pytest.raises(DomainError):
        point_frame(ODD, -1.0)
    with pytest.raises(DomainError):
        point_frame(ODD, float("nan"))
