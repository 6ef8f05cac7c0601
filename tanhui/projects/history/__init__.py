"""The land-history evidence book: what the land was in the years before a project, from the person's own files."""

from tanhui.projects.history.model import History, State, settle
from tanhui.projects.history.service import Sources, history

__all__ = ["History", "Sources", "State", "history", "settle"]
