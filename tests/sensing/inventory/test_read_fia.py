"""FIA tables: what the reader makes of Rhode Island, and every way in which tables can be broken."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.sensing.inventory.read_fia import read_fia

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "rhode-island" / "data"


@pytest.fixture(scope="module")
def ri():
    return read_fia(FOLDER)


@pytest.fixture
def folder(tmp_path):
    """A copy of the tables as plain CSV, to be broken."""
    for packed in FOLDER.glob("*.csv.gz"):
        with gzip.open(packed, "rb") as source, (tmp_path / packed.name.removesuffix(".gz")).open("wb") as target:
            shutil.copyfileobj(source, target)
    return tmp_path


def edit(folder: Path, table: str, change) -> None:
    path = folder / f"{table}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")


def cell(lines: list[str], row: int, column: str, value: str) -> list[str]:
    cells = lines[row].split(",")
    cells[lines[0].split(",").index(column)] = value
    return [*lines[:row], ",".join(cells), *lines[row + 1 :]]


def codes(folder: Path) -> set[str]:
    with pytest.raises(RefusedInput) as refusal:
        read_fia(folder)
    for fault in refusal.value.faults:
        assert fault.file
        assert fault.reason("zh") != fault.reason("en") != f"fault.{fault.code}"
    return {fault.code for fault in refusal.value.faults}


def test_counts_as_the_tables_have_them(ri):
    """zcat | wc -l: 665 visits, 10,093 trees; ten evaluations; plots per evaluation as POP_STRATUM adds up."""
    inventory, designs = ri
    assert (len(inventory.plots), len(inventory.trees)) == (665, 10093)
    assert [d.name for d in designs] == [f"44{y}01" for y in range(14, 19)] + [f"44{y}03" for y in range(14, 19)]
    assert [len(d.assignment) for d in designs] == [222, 220, 223, 222, 225, 200, 198, 204, 209, 209]
    assert {d.options["purpose"] for d in designs[:5]} == {"stocks"}
    assert {d.options["purpose"] for d in designs[5:]} == {"change"}


def test_units_are_si(ri):
    """The first tree of the file: 14 in, 62 ft, 6.018046 per acre, 855.46028 and 164.615183 lb of carbon."""
    tree = ri[0].trees.set_index("tree_id").loc["62189196010538"]
    assert tree["dbh_cm"] == pytest.approx(14 * 2.54)
    assert tree["height_m"] == pytest.approx(62 * 0.3048)
    assert tree["trees_per_ha"] == pytest.approx(6.018046 / 0.40468564224)
    assert tree["agency_agc_kg"] == pytest.approx(855.46028 * 0.45359237)
    assert tree["agency_bgc_kg"] == pytest.approx(164.615183 * 0.45359237)
    assert (tree["species"], tree["species_code"]) == ("Fraxinus americana", 541)
    assert (tree["status"], tree["land"], tree["basis"]) == ("live", "forest", "subplot")


def test_strata_add_up_to_the_state(ri):
    """Each evaluation covers 111,863.8 + 568,453.9 + 101,653.8 acres."""
    for design in ri[1]:
        assert design.strata["area_ha"].sum() == pytest.approx(781971.5 * 0.40468564224)


def test_keys_keep_every_digit(ri):
    inventory, _ = ri
    assert inventory.trees["tree_id"].is_unique
    assert inventory.plots["plot_id"].is_unique
    assert inventory.plots["plot_id"].str.fullmatch(r"\d+").all()
    assert inventory.plots["plot_id"].str.len().max() == 15


def test_every_live_forest_tree_has_agency_carbon(ri):
    """The rule for trees without it: they have no trees per acre either, and so count nowhere."""
    inventory, _ = ri
    live = inventory.trees[inventory.trees["status"] == "live"]
    counted = live[(live["land"] == "forest") & live["trees_per_ha"].notna()]
    assert len(counted) == 8026
    assert counted[["agency_agc_kg", "agency_bgc_kg", "dbh_cm"]].notna().all(axis=None)
    assert counted["height_m"].isna().sum() == 777
    without = live[live["agency_agc_kg"].isna()]
    assert len(without) == 31
    assert without[["trees_per_ha", "dbh_cm"]].isna().all(axis=None)
    assert set(without["land"]) == {"nonforest"}
    assert any("31 " in note for note in inventory.notes)


def test_plots_without_forest_are_part_of_the_sample(ri):
    inventory, designs = ri
    shares = inventory.plots.set_index("plot_id")["forest_share"][designs[4].assignment["plot_id"]]
    assert (shares == 0).sum() == 225 - 127  # 127 plots with forest in 2018, as rFIA prints


def test_re_measured_plots_know_their_earlier_visit(ri):
    inventory, designs = ri
    plots = inventory.plots.set_index("plot_id")
    for design in designs[5:]:
        later = plots.loc[design.assignment["plot_id"]]
        years = (later["visited"].to_numpy() - plots.loc[later["prev_plot_id"], "visited"].to_numpy()).astype(
            "timedelta64[D]"
        ).astype(float) / 365.25
        assert np.abs(years - later["interval_yr"]).max() < 0.2  # REMPER is printed with one decimal


def test_only_the_evaluations_asked_for():
    _, designs = read_fia(FOLDER, evaluations=["441801"])
    assert [d.name for d in designs] == ["441801"]
    with pytest.raises(RefusedInput) as refusal:
        read_fia(FOLDER, evaluations=["999901"])
    assert refusal.value.faults[0].code == "fia.no_evaluation"


def test_inputs_are_named_by_their_content(ri):
    assert {o.name for o in ri[0].observations} == {p.name for p in FOLDER.glob("*.csv.gz")}
    assert all(len(o.sha256) == 64 for o in ri[0].observations)


def test_the_agency_s_own_file_names_serve(folder):
    for path in folder.glob("*.csv"):
        path.rename(path.with_name(f"RI_{path.name}"))
    assert len(read_fia(folder)[0].trees) == 10093
    shutil.copy(folder / "RI_TREE.csv", folder / "CT_TREE.csv")
    assert codes(folder) == {"fia.several_files"}


def test_exact_repetitions_count_once_and_are_noted(folder, ri):
    edit(folder, "PLOT", lambda lines: [*lines, lines[5], lines[6]])
    inventory, _ = read_fia(folder)
    assert len(inventory.plots) == 665
    assert any("2 rows repeat" in note for note in inventory.notes)


def test_the_reference_copy_gives_the_same_inventory(shared, ri):
    source = shared / "data" / "fia_rhode_island"
    if not source.is_dir():
        pytest.skip("needs the reference files beside the repository")
    inventory, designs = read_fia(source)
    assert inventory.trees.reset_index(drop=True).equals(ri[0].trees.reset_index(drop=True))
    assert inventory.plots.reset_index(drop=True).equals(ri[0].plots.reset_index(drop=True))
    assert all(a.strata.equals(b.strata) for a, b in zip(designs, ri[1], strict=True))


def test_no_folder(tmp_path):
    with pytest.raises(InputError) as refusal:
        read_fia(tmp_path / "nowhere")
    assert refusal.value.code == "fia.no_folder"


def test_an_empty_folder_lists_every_missing_table(tmp_path):
    with pytest.raises(RefusedInput) as refusal:
        read_fia(tmp_path)
    assert [f.code for f in refusal.value.faults] == ["file.missing"] * 7


def test_faults_of_all_tables_are_listed_together(folder):
    (folder / "COND.csv").unlink()
    edit(folder, "TREE", lambda lines: [lines[0].replace("TPA_UNADJ", "TPA"), *lines[1:]])
    edit(folder, "PLOT", lambda lines: cell(lines, 3, "MEASYEAR", "twothousand"))
    assert codes(folder) >= {"file.missing", "table.missing_column", "table.not_a_number"}


BROKEN = {
    "fia.damaged_key": ("TREE", lambda lines: cell(lines, 4, "CN", "6.2189E+13")),
    "fia.repeated_key": ("TREE", lambda lines: [*lines, cell(lines, 7, "DIA", "11.1")[7]]),
    "fia.no_partner": ("PLOT", lambda lines: [line for i, line in enumerate(lines) if i != 9]),
    "fia.stratum_count": ("POP_PLOT_STRATUM_ASSGN", lambda lines: lines[:-3]),
    "fia.unit_points": ("POP_STRATUM", lambda lines: [*lines[:2], *lines[3:]]),
    "fia.conditions": ("COND", lambda lines: cell(lines, len(lines) - 1, "CONDPROP_UNADJ", "0.123")),
    "table.not_a_date": ("PLOT", lambda lines: cell(cell(lines, 5, "MEASMON", "2"), 5, "MEASDAY", "31")),
    "table.too_large": ("TREE", lambda lines: cell(lines, 5, "DIA", "1400")),
    "table.not_a_choice": ("TREE", lambda lines: cell(lines, 5, "STATUSCD", "8")),
}


@pytest.mark.parametrize("code", BROKEN)
def test_broken_tables(folder, code):
    table, change = BROKEN[code]
    edit(folder, table, change)
    assert code in codes(folder)


def test_a_live_tree_that_counts_needs_a_diameter(folder):
    edit(folder, "TREE", lambda lines: cell(lines, 1, "DIA", ""))
    assert codes(folder) == {"fia.tree_without_size"}


def test_a_change_sample_needs_its_earlier_visits(folder):
    inventory, designs = read_fia(FOLDER)
    plot = designs[5].assignment["plot_id"].iloc[0]
    row = 1 + inventory.plots["plot_id"].tolist().index(plot)
    edit(folder, "PLOT", lambda lines: cell(lines, row, "REMPER", ""))
    assert codes(folder) == {"fia.no_earlier_visit"}


def test_a_missing_adjustment_is_a_fault_only_where_it_is_needed(folder):
    edit(folder, "POP_STRATUM", lambda lines: cell(lines, 3, "ADJ_FACTOR_MICR", ""))
    assert codes(folder) == {"fia.no_adjustment"}


@pytest.mark.parametrize("name", ["TREE", "POP_PLOT_STRATUM_ASSGN"])
def test_a_file_cut_in_half(tmp_path, name):
    for path in FOLDER.glob("*.csv.gz"):
        shutil.copy(path, tmp_path)
    target = tmp_path / f"{name}.csv.gz"
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    assert "file.cut_short" in codes(tmp_path)


def test_a_plain_file_cut_in_half(folder):
    """A cut between two rows shows only in what the other tables expect."""
    edit(folder, "COND", lambda lines: lines[: len(lines) // 2])
    assert "fia.no_partner" in codes(folder)


def test_macroplots_of_the_pacific_states(folder):
    """From MACRO_BREAKPOINT_DIA up a tree belongs to the macroplot; its stratum then needs that factor."""

    def with_macroplots(lines):
        at = lines[0].split(",").index("MACRO_BREAKPOINT_DIA")
        rows = [line.split(",") for line in lines[1:]]
        return [lines[0], *(",".join([*row[:at], "24", *row[at + 1 :]]) for row in rows)]

    edit(folder, "PLOT", with_macroplots)
    assert codes(folder) == {"fia.no_adjustment"}  # Rhode Island has no macroplots: its factor is 0

    def with_factor(lines):
        for row in range(1, len(lines)):
            lines = cell(lines, row, "ADJ_FACTOR_MACR", "1")
        return lines

    edit(folder, "POP_STRATUM", with_factor)
    trees = read_fia(folder)[0].trees
    large = trees["dbh_cm"] >= 24 * 2.54 - 1e-9
    assert set(trees["basis"][large]) == {"macroplot"}
    assert (trees["basis"] == "macroplot").sum() == large.sum()
