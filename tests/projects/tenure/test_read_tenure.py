"""The tenure table as people write it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.projects.tenure import Party, read_tenure
from tests.projects.tenure.samples import MINUTES

HEAD = (
    "小班号,不动产权证号,证载权利人,合同编号,所有权人,所有权人账户,承包方,户号,经营者,经营者账户,"
    "所有制,起始日期,终止日期,证载面积(亩),碳汇收益权授权,村民会议决议,分成比例(%)"
)
ROW = (
    "17,湘(2021)第0000017号,李四,HT-3,东岳村,V1,李四,H17,绿源公司,OP,"
    f"集体,2020年1月1日,2049/12/31,12.35,是,{MINUTES},60"
)


def write(folder: Path, *rows: str, head: str = HEAD, encoding: str = "utf-8") -> Path:
    path = folder / "tenure.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_chinese_table(tmp_path: Path, encoding: str):
    (found,) = read_tenure(write(tmp_path, ROW, encoding=encoding))
    assert (found.parcel, found.certificate_number, found.contract_number) == ("17", "湘(2021)第0000017号", "HT-3")
    assert (found.owner, found.contractor) == (Party("东岳村", "V1"), Party("李四", "H17"))
    assert (found.first_day, found.last_day) == (date(2020, 1, 1), date(2049, 12, 31))
    assert (found.certified_mu, found.income_share) == (Decimal("12.35"), Decimal("0.6"))
    assert (found.collective, found.carbon_authorised, found.minutes_sha256) == (True, True, MINUTES)
    assert (found.region, found.key_ecological, found.row) == ("", False, 2)


def test_an_english_workbook(tmp_path: Path):
    import pandas as pd

    head = {
        "Parcel": "A1", "Certificate number": "C1", "Certificate holder": "Village", "Contract number": "K1",
        "Owner": "Village", "Operator": "Green Ltd", "Ownership": "Collective", "First day": "2020-01-01",
        "Last day": "2060-12-31", "Certified area (ha)": 2, "Carbon authorised": "No", "Income share": 0.25,
        "Key ecological zone": "Yes", "Region": "Hunan",
    }  # fmt: skip
    path = tmp_path / "tenure.xlsx"
    pd.DataFrame([head]).to_excel(path, index=False)
    (found,) = read_tenure(path)
    assert found.certified_mu == 30  # 1 ha = 15 mu
    assert found.contractor == Party()
    assert found.household == Party("Village")
    assert (found.carbon_authorised, found.key_ecological, found.region) == (False, True, "Hunan")


def test_every_fault_is_listed(tmp_path: Path):
    bad = ROW.replace("2049/12/31", "2019/12/31").replace(MINUTES, "见附件")
    with pytest.raises(RefusedInput) as refused:
        read_tenure(write(tmp_path, ROW, bad))
    assert [(fault.code, fault.row) for fault in refused.value.faults] == [
        ("tenure.not_a_hash", 3),
        ("tenure.term_backwards", 3),
    ]
    with pytest.raises(RefusedInput) as refused:
        read_tenure(write(tmp_path, ROW.replace("集体", "个人").replace(",60", ",160").replace("是", "也许")))
    found = {(fault.code, fault.column) for fault in refused.value.faults}
    assert found == {
        ("table.not_a_choice", "ownership"),
        ("table.not_a_choice", "carbon_authorised"),
        ("table.too_large", "income_share"),
    }


def test_a_missing_column_is_a_fault(tmp_path: Path):
    with pytest.raises(RefusedInput) as refused:
        read_tenure(write(tmp_path, "1,2", head="小班号,不动产权证号"))
    assert {fault.code for fault in refused.value.faults} == {"table.missing_column"}
