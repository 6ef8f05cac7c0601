"""tanhui (碳汇): from the first measured tree to the last traded tonne, with a proof for every tonne."""

__version__ = "0.1.0"
