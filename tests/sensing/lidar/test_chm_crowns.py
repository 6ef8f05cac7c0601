"""Canopy height and crowns: small cases by hand, and shortest ways by another program."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from tanhui.sensing.lidar import chm, crowns
from tanhui.sensing.lidar.settings import CrownSettings, SurfaceSettings

WIDE = CrownSettings(height_min_m=2.0, share=0.45, above=1.05, radius_m=6.0)


def test_gaps_take_the_median_of_their_neighbours_and_wide_ones_stay():
    values = np.full((9, 9), np.nan)
    values[:, :2] = [[10.0, 12.0]]
    made = chm.canopy_height(values, SurfaceSettings(gap_cells=2, pit_m=2.0))
    assert (made[:, 2] == 12).all()
    assert (made[:, 3] == 12).all()
    assert np.isnan(made[:, 4:]).all()


def test_pits_are_filled_and_edges_kept():
    values = np.full((7, 7), 20.0)
    values[3, 3] = 4.0  # a pulse through the crown
    values[:, 5:] = 1.0  # beside it
    made = chm.canopy_height(values, SurfaceSettings(gap_cells=2, pit_m=2.0))
    assert made[3, 3] == 20
    assert (made[:, 5] == 1).all()
    assert (made[:, 4] == 20).all()


def test_below_the_terrain_is_no_height():
    assert chm.canopy_height(np.array([[-0.3, 0.2]]), SurfaceSettings(2, 2.0)).tolist() == [[0.0, 0.2]]


def test_of_a_cell_the_highest_point_counts():
    points = np.array([[0.2, 0.2, 0], [0.3, 0.1, 0], [0.1, 0.4, 0], [0.6, 0.1, 0.0]])
    crest = np.full((3, 1, 2), np.nan)
    lost = chm.highest(points, np.array([5.0, 7.0, 7.0, np.nan]), 0.0, 0.0, 1, 0.5, crest)
    assert lost == 1
    assert crest[:, 0, 0].tolist() == [0.1, 0.4, 7.0]
    assert np.isnan(crest[:, 0, 1]).all()


def forest(rows=40, columns=50):
    """Three cones of different height on the ground, and their tops."""
    r, c = np.mgrid[0:rows, 0:columns]
    tops = {1: (12, 10, 20.0), 2: (14, 20, 16.0), 3: (30, 38, 9.0)}
    values = np.zeros((rows, columns))
    numbers, heights = np.zeros((rows, columns), np.int32), np.full((rows, columns), np.nan)
    for tree, (row, column, height) in tops.items():
        values = np.maximum(values, height - 1.2 * np.hypot(r - row, c - column))
        numbers[row, column], heights[row, column] = tree, height
    return values, numbers, heights, tops


def ways(values, cell, row, column, height, settings):
    """Length of the shortest way from a top to each cell, over cells that can belong to it (by SciPy)."""
    rows, columns = values.shape
    ok = (values >= settings.height_min_m) & (values >= settings.share * height) & (values <= settings.above * height)
    begin, end, length = [], [], []
    for r in range(rows):
        for c in range(columns):
            for dr, dc in ((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b):
                i, j = r + dr, c + dc
                if 0 <= i < rows and 0 <= j < columns and ok[i, j]:
                    begin.append(r * columns + c)
                    end.append(i * columns + j)
                    length.append(np.hypot(cell * np.hypot(dr, dc), max(values[i, j] - values[r, c], 0.0)))
    graph = coo_matrix((length, (begin, end)), shape=(rows * columns,) * 2).tocsr()
    return dijkstra(graph, indices=row * columns + column).reshape(rows, columns)


def test_crowns_are_the_cells_that_are_nearest_by_the_way_over_the_canopy():
    values, numbers, heights, tops = forest()
    found = crowns.grow_crowns(values, numbers, heights, 0.5, WIDE)
    away = np.stack([ways(values, 0.5, *top, WIDE) for top in tops.values()])
    nearest = np.where(away.min(axis=0) <= WIDE.radius_m, away.argmin(axis=0) + 1, 0)
    assert (found == nearest).mean() > 0.999  # a way may be barred by another crown
    assert set(np.unique(found)) == {0, 1, 2, 3}


def test_a_crown_ends_where_its_radius_ends():
    values, numbers = np.full((41, 41), 10.0), np.zeros((41, 41), np.int32)
    numbers[20, 20] = 1
    found = crowns.grow_crowns(values, numbers, values, 1.0, CrownSettings(2.0, 0.45, 1.05, 8.0))
    assert found[20].sum() == 17
    assert found[:, 20].sum() == 17
    assert found[20 + 6, 20 + 6] == 0  # 6 diagonals are 8.49 m
    assert found[20 + 5, 20 + 5] == 1


@pytest.mark.parametrize("height", [4.4, 10.6])
def test_what_is_too_low_or_too_high_is_no_part_of_a_crown(height):
    values, numbers = np.full((5, 5), height), np.zeros((5, 5), np.int32)
    values[2, 2], numbers[2, 2] = 10.0, 1
    heights = np.full((5, 5), 10.0)
    assert crowns.grow_crowns(values, numbers, heights, 1.0, WIDE).sum() == 1


def test_no_trees_no_crowns():
    nothing = np.zeros((3, 3), np.int32)
    assert not crowns.grow_crowns(np.full((3, 3), np.nan), nothing, np.ones((3, 3)), 1.0, WIDE).any()
