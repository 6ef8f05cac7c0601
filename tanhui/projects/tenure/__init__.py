"""Tenure 权属: who may do what with which parcel and for how long, and who is paid from the carbon income.

Forest land in China carries three rights (三权分置): ownership (所有权) of the collective or the state, the household's
contract (承包权), and the operator's right to manage (经营权). A :class:`Right` is one row of the tenure table: a
parcel, its certificate and contract, and the three parties. The table answers three questions: may the project use
these parcels for its whole crediting period, how much land may be credited, and who gets which share of the money.
"""

from tanhui.projects.tenure.checks import CreditedArea, ParcelArea, credited_areas, tenure_faults
from tanhui.projects.tenure.model import Party, Right
from tanhui.projects.tenure.read_tenure import read_tenure
from tanhui.projects.tenure.sharing import Distribution, Payment, Scheme, apportion, scheme, share_income, statements

__all__ = [
    "CreditedArea",
    "Distribution",
    "ParcelArea",
    "Party",
    "Payment",
    "Right",
    "Scheme",
    "apportion",
    "credited_areas",
    "read_tenure",
    "scheme",
    "share_income",
    "statements",
    "tenure_faults",
]
