"""Rights for the tests: a project of three parcels in two villages, with nothing wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tanhui.kernel.time import Period
from tanhui.projects.tenure import Party, Right

CREDITING = Period.inclusive(date(2024, 1, 1), date(2043, 12, 31))
YEAR = Period.inclusive(date(2024, 1, 1), date(2024, 12, 31))
PROPONENT = "慈利县绿源林业有限公司"
MINUTES = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def right(parcel: str = "1", **changes: Any) -> Right:
    """A right that passes every check, with changes."""
    fields: dict[str, Any] = {
        "parcel": parcel,
        "certificate_number": f"湘(2021)慈利县不动产权第{parcel:0>7}号",
        "certificate_holder": f"农户{parcel}",
        "contract_number": f"HT-{parcel}",
        "owner": Party("东岳村经济合作社", "V1"),
        "contractor": Party(f"农户{parcel}", f"H{parcel}"),
        "operator": Party(PROPONENT, "OP"),
        "collective": True,
        "first_day": date(2020, 1, 1),
        "last_day": date(2049, 12, 31),
        "certified_mu": Decimal("12.3"),
        "carbon_authorised": True,
        "minutes_sha256": MINUTES,
        "income_share": Decimal("0.6"),
    }
    return Right(**(fields | changes))
