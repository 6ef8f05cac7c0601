"""``ipcc/stock-difference``: the carbon account of a region by the stock-difference method."""

from __future__ import annotations

from tanhui.mrv.methods.ipcc.stock_difference.account import (
    PoolChange,
    StockDifferenceInputs,
    account,
    annual_change_c_t,
)

__all__ = ["Inputs", "PoolChange", "StockDifferenceInputs", "account", "annual_change_c_t"]

Inputs = StockDifferenceInputs
