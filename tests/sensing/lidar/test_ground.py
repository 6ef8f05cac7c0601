"""Ground: laws of the filter, and the terrain of a plot that is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tanhui.sensing.lidar import Settings, analysed_files, ground
from tanhui.sensing.lidar.settings import GroundSettings
from tanhui.sensing.lidar.tiles import Rect
from tests.sensing.lidar.conftest import SIDE
from tests.sensing.lidar.synthetic import terrain

SETTINGS = GroundSettings()


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(5, 40), st.integers(5, 40))
def test_windows_are_those_of_scipy(seed, radius, rows, columns):
    values = np.random.default_rng(seed).uniform(0, 9, (rows, columns))
    size = 2 * radius + 1
    lowest = ndimage.minimum_filter(values, size, mode="constant", cval=np.inf)
    highest = ndimage.maximum_filter(values, size, mode="constant", cval=-np.inf)
    assert np.array_equal(ground._slide(values, radius, np.fmin), lowest)
    assert np.array_equal(ground._slide(values, radius, np.fmax), highest)


@given(st.integers(0, 2**32), st.floats(-2, 2), st.floats(-2, 2))
def test_a_plane_is_filled_with_itself(seed, a, b):
    """Wherever a hole lies between known cells; a ring of them is kept."""
    rows, columns = np.mgrid[0:30, 0:30].astype(float)
    plane = 100 + a * rows + b * columns
    holes = np.random.default_rng(seed).random((30, 30)) < 0.8
    holes[[0, -1]] = holes[:, [0, -1]] = False
    assert ground.fill_gaps(np.where(holes, np.nan, plane), 30) == pytest.approx(plane, abs=1e-9)


def test_holes_are_filled_as_far_as_asked():
    values = np.full((1, 40), np.nan)
    values[0, 0] = 7.0
    filled = ground.fill_gaps(values, 10)
    assert filled[0, :11] == pytest.approx(7.0)
    assert np.isnan(filled[0, 11:]).all()


def test_a_house_goes_and_a_hill_stays():
    rows, columns = np.mgrid[0:120, 0:120].astype(float)
    hill = 3 * np.exp(-((rows - 80) ** 2 + (columns - 40) ** 2) / 800)
    low = hill.copy()
    low[20:36, 60:80] += 6.0
    low[50, 50] -= 30.0  # a point below the ground
    found = ground.provisional_terrain(low, 1.0, SETTINGS)
    assert np.abs(found - hill)[3:-3, 3:-3].max() < 0.15


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.6])
def test_points_on_a_slope_give_the_slope(slope, tmp_path):
    from tests.sensing.lidar.synthetic import Stand, scan, write

    none = Stand(*(np.empty(0) for _ in range(6)))
    points = scan(none, 60.0, 10, seed=3, slope=slope, noise=0.0, brushwood=0.0)
    found = grid(write(tmp_path / "slope.laz", points))
    known = terrain(*found[1:], slope=slope)
    away = (found[0] - known)[3:-3, 3:-3]
    # Hills of 2 m on the slope: within a cell the provisional surface is steeper or flatter than they are.
    assert np.sqrt(np.mean(away**2)) < 0.08
    assert np.abs(away).max() < 0.3


def grid(path):
    """Terrain of a file with the centres of its cells."""
    with analysed_files([path], Settings(), "ground") as forest:
        f = forest.frame
        values = forest.planes["terrain"].read(Rect(0, 0, f.height, f.width))
        rows, columns = np.mgrid[0 : f.height, 0 : f.width]
        x, y = f.west + (columns + 0.5) * f.cell, f.south + (f.height - rows - 0.5) * f.cell
    return values, x, y


def test_terrain_below_a_forest(plot_file):
    """Three tenths of the pulses pass a crown, a tenth of the rest is brushwood, and 20 points are below ground."""
    values, x, y = grid(plot_file)
    x, y = x - 500_000, y - 3_300_000
    inside = (x > 3) & (x < SIDE - 3) & (y > 3) & (y < SIDE - 3)
    away = (values - terrain(x, y))[inside]
    assert not np.isnan(values).any()
    assert np.sqrt(np.mean(away**2)) < 0.15
    assert abs(np.median(away)) < 0.05
