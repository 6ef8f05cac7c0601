"""A project file with mistakes: each is named where it stands, in both languages, all together."""

import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.projects.model import load_project


def refused(folder, *changes):
    """The faults of the example's project file after some replacements."""
    path = folder / "project.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedInput) as caught:
        load_project(folder)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "place", "code"),
    [
        ("seed = 20140310", 'seed = "x"', "seed", "project.not_whole"),
        ("seed = 20140310", "seed = -1", "seed", "project.too_small"),
        ('id = "afforestation-hunan"', 'id = "../x"', "id", "project.not_an_id"),
        ("started = 2014-03-10", 'started = "soon"', "dates.started", "project.not_a_day"),
        ("crediting_end = 2034-03-09", "crediting_end = 2013-03-09", "dates", "project.crediting_out_of_order"),
        ('area_unit = "mu"', 'area_unit = "acre"', "parcels.area_unit", "project.not_a_choice"),
        ("illustrative = true", 'illustrative = "maybe"', "illustrative", "project.not_a_flag"),
        ("relative_se = 0.15", "relative_se = 2", "strata[CL-2014].growth.relative_se", "project.not_below"),
        ("owner =", "ownr =", "ownr", "project.unknown_key"),
        ('id = "CL-2015"', 'id = "CL-2014"', "", "project.stratum_twice"),
        ('species = "杉木"', 'species = "杉术"', "strata[CL-2014].species", "species.unknown"),
        ('region = "cn/hunan"', 'region = "mars"', "trees.region", "project.refused"),
        ("[350.0, 0.105, 3.4]", "[350.0]", "strata[CL-2014].growth.parameters", "project.refused"),
        ("wetland = false", 'wetland = "no"', "conditions.parcels.wetland", "methods.wrong_kind"),
        ("[conditions.conduct]", "[conditions.conductor]", "conditions.conductor", "project.unknown_key"),
    ],
)
def test_a_setting_that_is_wrong_is_named_where_it_stands(hunan, old, new, place, code):
    error = refused(hunan, (old, new))
    assert (place, code) in {(fault.column, fault.code) for fault in error.faults}
    for lang in ("zh", "en"):
        assert "Input should" not in error.text(lang)
        assert "Value error" not in error.text(lang)


def test_several_mistakes_come_together(hunan):
    error = refused(
        hunan,
        ('species = "杉木"', 'species = "杉术"'),
        ('region = "cn/hunan"', 'region = "mars"'),
        ("illustrative = true", 'illustrative = true\nconfirmations = ["none.json"]'),
    )
    assert {fault.code for fault in error.faults} >= {
        "species.unknown",
        "project.refused",
        "file.missing",
        "project.no_trust",
    }
    assert "是否为" in error.text("zh")


def test_equations_fixed_by_hand_must_exist(hunan):
    error = refused(hunan, ('route = "volume"', 'route = "equation"\n[trees.equations]\n"杉木" = "chave2041"'))
    assert "chave2014" in error.text("en")
    missing = refused(hunan, ('route = "equation"', 'route = "equation"\nown_equations = "none.csv"'))
    assert [fault.code for fault in missing.faults] == ["file.missing"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"id = \n", "project.not_toml"),
        ("标题 = 1".encode("gbk"), "project.not_utf8"),
        ("a = 1".encode("utf-16"), "project.not_utf8"),
        (b"a = " + b"[" * 50_000, "project.not_toml"),
        (b"", "project.method"),
        (b" " * 11 * 1024**2, "project.too_large"),
    ],
)
def test_a_file_that_is_no_project_file(tmp_path, data, code):
    (tmp_path / "project.toml").write_bytes(data)
    with pytest.raises(RefusedInput) as caught:
        load_project(tmp_path)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_the_mark_that_windows_writes_is_no_matter(hunan):
    path = hunan / "project.toml"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert load_project(hunan).id == "afforestation-hunan"
