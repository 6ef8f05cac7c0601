"""`tanhui trees`: figures against a hand calculation, every kind of bad table, every format."""

import gzip

import numpy as np
import pandas as pd
import pytest

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.projects.trees import tree_biomass

COLUMNS = "tree_id,plot,dbh_cm,height_m,wood_density_g_cm3"
ROWS = ["1,A,20.0,15.0,0.55", "2,A,35.5,22.0,0.60", "3,B,12.0,9.5,0.48", "4,B,60.0,31.0,0.70"]


def table(tmp_path, rows=ROWS, columns=COLUMNS, name="trees.csv"):
    path = tmp_path / name
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


def codes(path, **options):
    with pytest.raises(RefusedInput) as refused:
        tree_biomass(path, draws=10, **options)
    return {fault.code for fault in refused.value.faults}, refused.value


def test_total_is_the_equation_by_hand(tmp_path):
    found = tree_biomass(table(tmp_path), group="plot", draws=20_000, equation="chave2014", seed=1)
    d, h, r = np.array([20, 35.5, 12, 60]), np.array([15, 22, 9.5, 31]), np.array([0.55, 0.6, 0.48, 0.7])
    by_hand = 0.0673 * (r * d**2 * h) ** 0.976 / 1000
    # measurement errors lift the mean of a convex equation a little; draws scatter by sd / sqrt(draws)
    total = found["total"]["agb_t"]
    assert total["mean"] == pytest.approx(by_hand.sum(), rel=0.02)
    assert total["expected_t"] == pytest.approx(total["mean"], rel=0.01)
    assert total["ci95"][0] < total["mean"] < total["ci95"][1]
    assert found["groups"]["A"]["agb_t"]["mean"] == pytest.approx(by_hand[:2].sum(), rel=0.02)
    assert found["groups"]["B"]["n"] == 2
    assert found["total"]["bgb_t"]["mean"] == pytest.approx(0.25 * total["mean"], rel=0.02)
    assert found["total"]["carbon_t"]["mean"] == pytest.approx(0.47 * 1.25 * total["mean"], rel=0.02)
    assert sum(total["variance_shares"].values()) == pytest.approx(1)
    assert found["n"] == 4
    assert found["equations"][0]["id"].endswith("chave2014-eq4")
    assert found["indicative"]


def test_same_seed_same_figures_and_formats_agree(tmp_path):
    csv = table(tmp_path)
    first = tree_biomass(csv, group="plot", draws=300, equation="chave2014", seed=5)
    assert tree_biomass(csv, group="plot", draws=300, equation="chave2014", seed=5) == first
    assert tree_biomass(csv, draws=300, equation="chave2014", seed=6)["total"] != first["total"]
    frame = pd.read_csv(csv)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(csv.read_bytes()))
    for name in ("t.parquet", "t.xlsx", "t.csv.gz"):
        other = tree_biomass(tmp_path / name, group="plot", draws=300, equation="chave2014", seed=5)
        assert other["total"] == first["total"]
        assert other["groups"] == first["groups"]


def test_species_choose_their_equation(tmp_path):
    path = table(tmp_path, ["1,Pinus strobus,20", "2,Quercus rubra,30"], "tree_id,species,dbh_cm")
    found = tree_biomass(path, draws=200, region="us")
    assert {e["n"] for e in found["equations"]} == {1}
    assert len(found["equations"]) == 2
    # Jenkins et al. 2003, Table 4, by hand: pine, then hard maple/oak/hickory/beech
    by_hand = np.exp(-2.5356 + 2.4349 * np.log(20)) + np.exp(-2.0127 + 2.4342 * np.log(30))
    # the expected value adds what diameter errors do to a convex equation: some per cent for small trees
    assert by_hand < 1000 * found["total"]["agb_t"]["expected_t"] < 1.06 * by_hand


def test_units_and_headers_can_be_named(tmp_path):
    plain = tree_biomass(table(tmp_path), draws=100, equation="chave2014")
    rows = ["1,A,200,49.2126,0.55", "2,A,355,72.1785,0.60", "3,B,120,31.1680,0.48", "4,B,600,101.7060,0.70"]
    odd = table(tmp_path, rows, "tree_id,plot,girthless,h,wood_density_g_cm3", "odd.csv")
    options = {"rename": {"dbh_cm": "girthless", "height_m": "h"}, "units": {"dbh_cm": "mm", "height_m": "ft"}}
    found = tree_biomass(odd, draws=100, equation="chave2014", **options)
    assert found["total"]["agb_t"]["mean"] == pytest.approx(plain["total"]["agb_t"]["mean"], rel=1e-5)


def test_all_faults_come_together(tmp_path):
    rows = [
        "1,A,0,15,0.5,Pinus massoniana",
        "2,A,-4,15,0.5,Pinus masoniana",
        "2,A,20,15,0.5,Pinus massoniana",
        "4,A,,15,0.5,Pinus massoniana",
        "5,A,NaN,15,0.5,Nonsensia unheard",
        "6,A,abc,15,0.5,Pinus massoniana",
    ]
    path = table(tmp_path, rows, COLUMNS + ",species")
    found, refused = codes(path, group="plot")
    assert {
        "table.not_above",
        "table.empty_cell",
        "table.not_a_number",
        "trees.duplicate_id",
        "species.unknown",
    } <= found
    assert "Pinus massoniana" in refused.text("en")  # the suggestion for the misspelt name
    rows_named = {fault.row for fault in refused.faults if fault.code == "species.unknown"}
    assert rows_named == {3, 6}


def test_millimetres_are_suspected(tmp_path):
    rows = ["1,A,200,15,0.5", "2,A,310,20,0.5", "3,A,180,14,0.5"]
    found, refused = codes(table(tmp_path, rows), equation="chave2014")
    assert found == {"trees.dbh_in_mm"}
    assert "--unit dbh_cm=mm" in refused.text("en")
    tree_biomass(table(tmp_path, rows), draws=10, equation="chave2014", units={"dbh_cm": "mm"})


def test_feet_are_suspected(tmp_path):
    rows = ["1,A,20,50,0.5", "2,A,31,66,0.5", "3,A,18,47,0.5"]
    found, _ = codes(table(tmp_path, rows), equation="chave2014")
    assert found == {"trees.height_in_feet"}
    tree_biomass(table(tmp_path, rows), draws=10, equation="chave2014", units={"height_m": "ft"})


def test_unknown_species_are_named_with_their_row(tmp_path):
    path = table(tmp_path, ["1,Pinus massoniana,20", "2,Pinus masoniana,25"], "tree_id,species,dbh_cm")
    found, refused = codes(path)
    assert found == {"species.unknown"}
    assert refused.faults[0].row == 3
    assert "Pinus massoniana" in refused.text("zh")


def test_sizes_that_an_equation_needs_are_asked_for(tmp_path):
    path = table(tmp_path, ["1,A,20,,0.5", "2,A,30,18,0.5"])
    found, refused = codes(path, equation="chave2014")
    assert found == {"trees.size_missing"}
    assert [f.row for f in refused.faults] == [2]
    found, _ = codes(table(tmp_path, ["1,20"], "tree_id,dbh_cm"))
    assert found == {"trees.no_name"}


def test_missing_densities_come_from_the_taxon_and_cost_variance(tmp_path):
    columns = "tree_id,species,dbh_cm,height_m,wood_density_g_cm3"
    rows = [f"{k},Pinus massoniana,{15 + k % 20},{10 + k % 8},0.40" for k in range(60)]
    known = tree_biomass(table(tmp_path, rows, columns), draws=500, equation="chave2014")
    rows = [row[: -len("0.40")] for row in rows]
    found = tree_biomass(table(tmp_path, rows, columns, "bare.csv"), draws=500, equation="chave2014")
    assert any("60 trees have no wood density" in flag for flag in found["flags"])
    shares = found["total"]["agb_t"]["variance_shares"]
    # one error for all trees of the species does not average out: about sd / value of the density itself
    assert shares["density"] > 0.3
    assert known["total"]["agb_t"]["variance_shares"]["density"] == 0


def test_missing_heights_come_from_the_other_trees(tmp_path):
    rng = np.random.default_rng(0)
    dbh = rng.uniform(6, 60, 120)
    height = (1.3 + 28 * (1 - np.exp(-0.05 * dbh))) * np.exp(rng.normal(0, 0.05, 120))
    cells = [f"{h:.1f}" if k % 2 else "" for k, h in enumerate(height)]
    rows = [f"{k},A,{d:.1f},{h},0.5" for k, (d, h) in enumerate(zip(dbh, cells, strict=True))]
    found = tree_biomass(table(tmp_path, rows), draws=500, equation="chave2014")
    by_hand = (0.0673 * (0.5 * dbh**2 * height) ** 0.976).sum() / 1000
    assert found["total"]["agb_t"]["expected_t"] == pytest.approx(by_hand, rel=0.05)
    assert any("60 trees have no height" in flag for flag in found["flags"])


def test_empty_and_missing_files_and_groups(tmp_path):
    assert codes(tmp_path / "none.csv")[0] == {"file.missing"}
    (tmp_path / "empty.csv").write_bytes(b"")
    assert codes(tmp_path / "empty.csv")[0] == {"file.empty"}
    assert codes(table(tmp_path, []))[0] == {"table.no_rows"}
    assert "table.missing_column" in codes(table(tmp_path, ["1,2"], "tree_id,height_m"))[0]
    assert codes(table(tmp_path), group="stand", equation="chave2014")[0] == {"trees.no_group"}
    assert codes(table(tmp_path), group="", equation="chave2014")[0] == {"trees.no_group"}
    found, _ = codes(table(tmp_path, ["1,,20,15,0.5"]), group="plot", equation="chave2014")
    assert found == {"trees.empty_group"}


def test_the_same_number_on_two_plots_is_two_trees(tmp_path):
    rows = ["1,A,20,15,0.5", "1,B,30,18,0.5"]
    assert tree_biomass(table(tmp_path, rows), group="plot", draws=10, equation="chave2014")["n"] == 2
    chinese = table(tmp_path, ["样木甲,A,20,15,0.5", "样木甲,A,30,18,0.5"])
    assert [fault.value for fault in codes(chinese, equation="chave2014")[1].faults] == ["样木甲"]
    assert "trees.duplicate_id" in codes(table(tmp_path, ["1,A,20,15,0.5", "1,A,30,18,0.5"]), group="plot")[0]


def test_dead_trees_are_left_out_and_counts_multiply(tmp_path):
    plain = tree_biomass(table(tmp_path, ["1,20,15,0.5"], "tree_id,dbh_cm,height_m,wood_density_g_cm3"), draws=2000)
    rows = ["1,20,15,0.5,3,live", "2,40,25,0.5,1,dead"]
    path = table(tmp_path, rows, "tree_id,dbh_cm,height_m,wood_density_g_cm3,count,status", "more.csv")
    found = tree_biomass(path, draws=2000)
    assert found["n"] == 1
    total, one = found["total"]["agb_t"], plain["total"]["agb_t"]
    assert total["expected_t"] == pytest.approx(3 * one["expected_t"])
    # three trees with errors of their own: the sd of one grows by the root of three, apart from what they share
    assert 1.4 * one["sd"] < total["sd"] < 2.1 * one["sd"]
    assert any("1 rows of dead" in flag for flag in found["flags"])


@pytest.mark.parametrize("name", ["draws.parquet", "draws.npz"])
def test_draws_are_kept(tmp_path, name):
    found = tree_biomass(table(tmp_path), group="plot", draws=40, equation="chave2014", save_draws=tmp_path / name)
    if name.endswith("npz"):
        kept = np.load(tmp_path / name)
        total, groups = kept["total_agb_t"], kept["agb_t"]
        assert kept["groups"].tolist() == ["A", "B"]
    else:
        kept = pd.read_parquet(tmp_path / name)
        total = kept.loc[kept["group"].isna(), "agb_t"].to_numpy()
        groups = kept.dropna(subset="group").pivot(index="group", columns="draw", values="agb_t").to_numpy()
    assert groups.sum(axis=0) == pytest.approx(total)
    assert total.mean() == pytest.approx(found["total"]["agb_t"]["mean"])
    assert groups.std(axis=1, ddof=1) == pytest.approx([found["groups"][g]["agb_t"]["sd"] for g in "AB"])
    assert not list(tmp_path.glob(".*partial*"))


def test_a_refused_table_leaves_no_draws(tmp_path):
    codes(table(tmp_path, ["1,A,0,15,0.5"]), save_draws=tmp_path / "d.parquet")
    assert not (tmp_path / "d.parquet").exists()
    with pytest.raises(InputError):
        tree_biomass(table(tmp_path), save_draws=tmp_path / "d.txt")


def test_groups_stand_in_the_order_people_count(tmp_path):
    rows = [f"{k},{plot},20,15,0.5" for k, plot in enumerate(["P10", "P9", "p1", "10", "9", "样地2", "样地10"])]
    found = tree_biomass(table(tmp_path, rows), group="plot", draws=5, equation="chave2014")
    assert list(found["groups"]) == ["9", "10", "P9", "P10", "p1", "样地2", "样地10"]


def test_trees_are_counted_as_rows_and_as_trees(tmp_path):
    columns = "plot,dbh_cm,height_m,wood_density_g_cm3,count"
    path = table(tmp_path, ["A,20,15,0.5,3", "A,21,15,0.5,", "B,22,15,0.5,2.5"], columns)
    found = tree_biomass(path, group="plot", draws=5, equation="chave2014")
    assert {name: (group["n"], group["trees"]) for name, group in found["groups"].items()} == {
        "A": (2, 4),
        "B": (1, 2.5),
    }
    assert (found["total"]["n"], found["total"]["trees"]) == (3, 6.5)


def test_columns_nobody_reads_are_named(tmp_path):
    path = table(tmp_path, ["1,20,15,0.5,800,1.5"], "tree_id,dbh_cm,height_m,wood_density_g_cm3,trees_per_ha,weight")
    flags = tree_biomass(path, draws=5, equation="chave2014")["flags"]
    assert any("trees_per_ha" in flag and "count" in flag for flag in flags)
    assert any("weight" in flag for flag in flags)
    plain = tree_biomass(table(tmp_path), group="plot", draws=5, equation="chave2014")["flags"]
    assert not any("not used" in flag for flag in plain)


def test_a_missing_group_is_listed_with_the_other_faults(tmp_path):
    found, refused = codes(table(tmp_path, ["1,A,0,15,0.5", "1,A,20,15,0.5"]), group="stand")
    assert found == {"table.not_above", "trees.no_group", "trees.duplicate_id"}
    assert "plot_id" in refused.text("en") or "plot" in refused.text("en")


def test_an_infinite_diameter_says_nothing_of_units(tmp_path):
    found, _ = codes(table(tmp_path, ["1,A,inf,15,0.5", "2,A,1e400,15,0.5", "3,A,20,15,0.5"]))
    assert found == {"table.not_a_number"}


def test_columns_may_be_named_as_the_file_names_them(tmp_path):
    path = table(tmp_path, ["1,200,15,0.5"], "样木号,胸径,树高,WD")
    found = tree_biomass(path, draws=50, equation="chave2014", units={"胸径": "mm"})
    same = tree_biomass(table(tmp_path, ["1,20,15,0.5"], "样木号,胸径,树高,WD"), draws=50, equation="chave2014")
    assert found["total"] == same["total"]
    renamed = table(tmp_path, ["1,20,15,0.5"], "样木号,径,树高,WD")
    assert tree_biomass(renamed, draws=50, equation="chave2014", rename={"胸径": "径"})["total"] == same["total"]


def test_one_header_cannot_be_two_columns(tmp_path):
    rename = {"dbh_cm": "height_m", "height_m": "height_m"}
    assert "table.map_twice" in codes(table(tmp_path), equation="chave2014", rename=rename)[0]


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert codes(tmp_path / "folder.csv")[0] == {"file.is_folder"}
    assert codes(table(tmp_path), sheet="Sheet1")[0] == {"table.has_no_sheets"}
    names = ["dbh_cm", *(f"c{k}" for k in range(3000))]
    wide = table(tmp_path, [",".join(["20"] * len(names))], ",".join(names), "wide.csv")
    assert codes(wide)[0] == {"table.too_many_columns"}


def test_a_sparse_file_of_five_gigabytes_is_refused_unread(tmp_path):
    for name in ("t.csv", "t.xlsx", "t.parquet"):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(5 * 1024**3)
        assert codes(tmp_path / name)[0] == {"file.too_large"}


def test_an_interrupt_leaves_no_draws(tmp_path):
    def stop(step, done, total):
        if step == "draws":
            raise KeyboardInterrupt

    for name in ("d.parquet", "d.npz"):
        with pytest.raises(KeyboardInterrupt):
            tree_biomass(table(tmp_path), draws=5, equation="chave2014", save_draws=tmp_path / name, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["trees.csv"]


def test_who_shares_the_error_of_an_equation(tmp_path):
    from tanhui.projects.general_errors import GENERAL, with_general_error
    from tanhui.projects.tree_table import read_trees
    from tanhui.projects.trees import _matched, _sites

    names = ["Pinus strobus", "Quercus rubra", "Acer rubrum", "Pinus strobus"]
    rows = [f"{k},{names[k % 4]},{10 + k}" for k in range(12)]
    read = read_trees(table(tmp_path, rows, "tree_id,species,dbh_cm"))
    match = with_general_error(_matched(read, None, "us", "en"))
    found = _sites(read, match)
    # Jenkins' equations print the scatter between equations: by species, whatever equation they share.
    assert [found.ids[k] for k in found.index] == [names[k % 4] for k in range(12)]
    read = read_trees(table(tmp_path, [f"{k},杉木,{10 + k}" for k in range(4)], "tree_id,species,dbh_cm"))
    match = with_general_error(_matched(read, None, "cn", "zh"))
    assert match.equations[0].note == GENERAL
    assert _sites(read, match).ids == (match.equations[0].id,)
    empty = read_trees(table(tmp_path, ["1,杉木,20,dead"], "tree_id,species,dbh_cm,status"))
    assert len(_sites(empty, with_general_error(_matched(empty, None, "cn", "zh"))).index) == 0
