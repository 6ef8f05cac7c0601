"""Tree tops: published counts, another implementation, and the order of points."""

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import cKDTree

from tanhui.kernel.errors import DomainError
from tanhui.sensing.lidar import Settings, Window, analysed_files, chunks, raster_tops, read_header, tree_tops


def by_tree(x, y, h, window):
    """The same definition with a k-d tree, one point after the other."""
    order = np.lexsort((y, x, -h))
    rank = np.empty(h.size, int)
    rank[order] = np.arange(h.size)
    index = cKDTree(np.column_stack([x, y]))
    found = []
    for i in np.flatnonzero(h >= window.height_min_m):
        radius = (window.fixed_m + window.per_metre * h[i]) / 2
        near = [j for j in index.query_ball_point((x[i], y[i]), radius + 1e-9)
                if (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 <= radius * radius]  # fmt: skip
        if rank[near].min() == rank[i]:
            found.append(i)
    return np.array(found, int)


#: lidR, tests/testthat/test-locate_trees.R: lmf(5) and lmf of 0.07 z + 3 on MixedConifer, points above 0.
LIDR = [(Window(5.0, 0.0, 2.0), 177), (Window(3.0, 0.07, 2.0), 205)]


@pytest.mark.parametrize(("window", "count"), LIDR)
def test_lidr_counts(shared, window, count):
    found = list(chunks(read_header(shared / "data" / "lidar" / "MixedConifer.laz")))
    x, y, z = (np.concatenate([getattr(chunk, axis) for chunk in found]) for axis in "xyz")
    assert len(tree_tops(x[z >= 0], y[z >= 0], z[z >= 0], window)) == count


@pytest.mark.parametrize(("window", "count"), LIDR)
@pytest.mark.parametrize("tile", [512, 20])
def test_lidr_counts_by_tiles(shared, window, count, tile):
    settings = Settings(normalised=True, window=window, tile_cells=tile)
    with analysed_files([shared / "data" / "lidar" / "MixedConifer.laz"], settings, "trees") as forest:
        assert forest.trees == count


@pytest.mark.parametrize(("shape", "count"), [("square", 259), ("circular", 290)])
def test_pycrown_counts(shared, shape, count):
    """pycrown's way on its own canopy model: median of 5 by 5, local maxima in 5 cells, from 16 m."""
    with rasterio.open(shared / "data" / "lidar" / "pycrown_chm.tif") as dataset:
        smooth = ndimage.median_filter(dataset.read(1), 5)
    assert len(raster_tops(smooth, 5, 16.0, shape)) == count


@given(st.integers(0, 2**32), st.integers(1, 400), st.floats(0.5, 8), st.floats(0, 0.3))
def test_the_same_as_with_a_tree_index(seed, count, fixed, per_metre):
    rng = np.random.default_rng(seed)
    # Steps of a quarter of a metre: many points at exactly the radius, many as high as each other.
    x, y = rng.integers(0, 80, (2, count)) / 4.0 + 3_000_000.0
    h = rng.integers(0, 40, count) / 2.0
    x, y, h = np.unique(np.column_stack([x, y, h]), axis=0).T
    window = Window(fixed, per_metre, 2.0)
    assert tree_tops(x, y, h, window).tolist() == by_tree(x, y, h, window).tolist()


@given(st.integers(0, 2**32))
def test_the_order_of_points_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    points = np.column_stack([rng.uniform(0, 30, (300, 2)), rng.integers(0, 30, 300)])
    mixed = rng.permutation(points)
    one, other = (p[tree_tops(*p.T, Window(4.0, 0.05, 2.0))] for p in (points, mixed))
    assert np.array_equal(np.unique(one, axis=0), np.unique(other, axis=0))


def test_of_equally_high_points_one_is_the_top():
    assert tree_tops([0, 1, 2], [0, 0, 0], [9, 9, 9], Window(4.0, 0.0, 2.0)).tolist() == [0]
    # The same point twice is one tree.
    assert len(tree_tops([5, 5], [5, 5], [9, 9], Window(4.0, 0.0, 2.0))) == 1


def test_nan_and_nothing():
    assert tree_tops([], [], [], Window(4.0, 0.0, 2.0)).size == 0
    assert tree_tops([0, 1], [0, 0], [np.nan, np.nan], Window(4.0, 0.0, 2.0)).size == 0
    assert tree_tops([0, 1], [0, 0], [np.nan, 5], Window(4.0, 0.0, 2.0)).tolist() == [1]
    assert len(raster_tops(np.full((5, 5), np.nan), 3, 2.0)) == 0


def test_windows_without_size_are_refused():
    with pytest.raises(DomainError):
        tree_tops([0], [0], [5], Window(0.0, 0.0, 2.0))
    with pytest.raises(DomainError):
        raster_tops(np.ones((5, 5)), 4, 2.0)


def test_a_plateau_has_one_top_at_its_centre():
    chm = np.zeros((9, 9))
    chm[3:6, 3:6] = 10.0
    assert raster_tops(chm, 3, 2.0, "square").tolist() == [[4, 4]]
