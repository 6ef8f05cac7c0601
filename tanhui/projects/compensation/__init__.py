"""Compensation contracts 补偿合同: what a measured stock is worth under a contract, and paying it once.

A contract is a file (:mod:`.contract`); a run says what was measured (:mod:`.measured`); the account (:mod:`.account`)
is what both come to, a pure function of the contract, everything measured so far and everything paid so far. Paying
goes through the registry (:mod:`.service`), which keeps what was measured and paid, so that the next account finds it.
"""

from tanhui.projects.compensation.account import Account, Paid, account_of
from tanhui.projects.compensation.contract import read_contract
from tanhui.projects.compensation.measured import Measured, read_measured
from tanhui.projects.compensation.model import Contract
from tanhui.projects.compensation.service import Said, due, pay

__all__ = [
    "Account",
    "Contract",
    "Measured",
    "Paid",
    "Said",
    "account_of",
    "due",
    "pay",
    "read_contract",
    "read_measured",
]
