"""Forests: tree equations and their choice, volume, roots, density, carbon, height, growth, dead wood.

The nouns are in :mod:`.model`; each other module is named after its phenomenon and is pure; :mod:`.service` is what
faces call.
"""

from tanhui.sinks.forest.equations import equation, evaluate, mean_biomass_kg, out_of_range
from tanhui.sinks.forest.model import Equation, Term, TreeMatch
from tanhui.sinks.forest.selection import match_trees
from tanhui.sinks.forest.user import load_user_equations

__all__ = [
    "Equation",
    "Term",
    "TreeMatch",
    "equation",
    "evaluate",
    "load_user_equations",
    "match_trees",
    "mean_biomass_kg",
    "out_of_range",
]
