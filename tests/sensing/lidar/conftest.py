"""A plot of known trees, scanned from above."""

from pathlib import Path

import numpy as np
import pytest

from tests.sensing.lidar.synthetic import Stand, scan, stand, write

SIDE = 110.0


@pytest.fixture(scope="package")
def plot() -> tuple[Stand, np.ndarray]:
    trees = stand(SIDE, 8.0, seed=1)
    return trees, scan(trees, SIDE, density=12, seed=2, low_noise=20)


@pytest.fixture(scope="package")
def plot_file(plot, tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("lidar") / "plot.laz", plot[1], shift=(500_000.0, 3_300_000.0))
