"""The figures that the request for this product states, held against what its models and cited sources give.

``data/seed_figures/figures.toml`` holds each figure with the line it stands in, our paraphrase, and one or more
readings: a sink with its inputs, the chain from stem volume to carbon dioxide, a curve, a parameter, or a published
number. The verdict follows from the interval of the answer; none is written down. ``docs/seed-figures.md`` is made
from it.
"""

from tanhui.mrv.seed_figures.checked import Checked, check_all
from tanhui.mrv.seed_figures.model import Answer, Figure, Input, Reading, Verdict
from tanhui.mrv.seed_figures.table import figures, lines_without_figure, systems
from tanhui.mrv.seed_figures.verdicts import judge, overall

__all__ = [
    "Answer",
    "Checked",
    "Figure",
    "Input",
    "Reading",
    "Verdict",
    "check_all",
    "figures",
    "judge",
    "lines_without_figure",
    "overall",
    "systems",
]
