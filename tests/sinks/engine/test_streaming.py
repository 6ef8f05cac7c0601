"""Block after block: the same as at once to the last bit, taken up where it was stopped, refused before it begins."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.sinks.engine import Events, Stands, run, stream
from tests.sinks.engine.models import cut_at, forest, stands

EVENTS = ((0, 3, "fire"), (4, 10, "thinning"), (4, 10, "clearcut"), (9, 39, "fire"))
N, STEPS, BLOCK = 10, 40, 4


@dataclass
class Table:
    """Stands in memory that stand for a table on disk; it counts what is asked, and can break off then."""

    whole: Stands
    breaks_after: int = 1000
    asked: int = 0

    @property
    def n(self) -> int:
        return len(np.asarray(self.whole.state))

    def stands(self, part: slice) -> Stands:
        self.asked += 1
        if self.asked > self.breaks_after:
            raise KeyboardInterrupt
        shares = {name: np.broadcast_to(values, (self.n,))[part] for name, values in self.whole.shares.items()}
        age, curve = (np.broadcast_to(x, (self.n,))[part] for x in (self.whole.age, self.whole.curve))
        return Stands(np.asarray(self.whole.state)[part], age, shares, self.whole.curves, curve)

    def events(self, part: slice) -> Events:
        inside = [(stand - part.start, step, kind) for stand, step, kind in EVENTS if part.start <= stand < part.stop]
        return cut_at(part.stop - part.start, *inside)


def at_once():
    return run(forest(), stands(N), STEPS, cut_at(N, *EVENTS), every=10)


def go(table: Table, folder: Path, steps=STEPS, **changed):
    return stream(forest(), table, steps, folder, **{"data": "made up", "every": 10, "block": BLOCK} | changed)


def assert_same(streamed):
    whole = at_once()
    for part, result in streamed.blocks():
        assert np.array_equal(result.states, whole.states[part])
        assert np.array_equal(result.fluxes, whole.fluxes[part])
        assert np.array_equal(result.age, whole.age[part])
        assert result.closure_t_ha <= 1e-9


def test_blocks_change_no_bit(tmp_path):
    said = []
    streamed = go(Table(stands(N)), tmp_path / "run", progress=lambda *line: said.append(line))
    assert_same(streamed)
    assert said == [(what, done, N) for what in ("judge", "step") for done in (4, 8, 10)]
    areas = np.linspace(1, 5, N)
    assert streamed.total(areas) == pytest.approx(np.einsum("i,irp->rp", areas, at_once().states), rel=1e-12)


def test_a_run_that_was_stopped_goes_on_with_what_is_missing(tmp_path):
    folder = tmp_path / "run"
    # Three blocks are judged; the third breaks off when it is to be stepped.
    with pytest.raises(KeyboardInterrupt):
        go(Table(stands(N), breaks_after=5), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["block-000000.npz", "block-000001.npz", "run.json"]
    (folder / ".block-000002.npz.left").write_bytes(b"half")
    again = Table(stands(N))
    assert_same(go(again, folder))
    assert again.asked == 2  # once judged, once stepped
    assert not list(folder.glob(".block-*"))
    idle = Table(stands(N))
    assert_same(go(idle, folder))
    assert idle.asked == 0


@pytest.mark.parametrize("changed", [{"data": "other"}, {"every": 5}, {"block": 5}, {"steps": 41}])
def test_a_folder_goes_on_with_its_own_run_only(tmp_path, changed):
    go(Table(stands(N)), tmp_path / "run")
    with pytest.raises(InputError) as refused:
        go(Table(stands(N)), tmp_path / "run", **changed)
    assert refused.value.code == "engine.other_run"
    assert refused.value.facts["other"] == next(iter(changed))
    assert refused.value.text("zh") != refused.value.text("en")


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError) as refused:
        go(Table(stands(N)), tmp_path)
    assert refused.value.code == "engine.not_a_run"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_wrong_in_any_block_is_said_before_the_first_is_stepped(tmp_path):
    bad = stands(N)
    state = np.array(bad.state)
    state[1, 2] = state[9, 3] = -5
    with pytest.raises(RefusedInput) as refused:
        go(Table(replace(bad, state=state)), tmp_path / "run")
    assert [(fault.code, fault.file) for fault in refused.value.faults] == [
        ("engine.stock", "0-3"),
        ("engine.stock", "8-9"),
    ]
    assert not (tmp_path / "run").exists()


def test_a_block_of_nothing_is_refused(tmp_path):
    with pytest.raises(RefusedInput):
        go(Table(stands(N)), tmp_path / "run", block=0)


def test_the_workers_of_a_cluster_change_no_bit(tmp_path):
    from distributed import LocalCluster

    said: list[int] = []
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        streamed = go(
            Table(stands(N)),
            tmp_path / "run",
            scheduler=cluster.scheduler_address,
            progress=lambda step, done, total: said.append(done) if step == "step" else None,
        )
    assert_same(streamed)
    assert sorted(said) == said
    assert said[-1] == N
