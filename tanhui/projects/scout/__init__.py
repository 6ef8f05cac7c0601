"""The first look at a parcel file: which parcels may stand, how many tonnes, what money, what is still missing."""

from tanhui.projects.scout.model import Question
from tanhui.projects.scout.service import scout

__all__ = ["Question", "scout"]
