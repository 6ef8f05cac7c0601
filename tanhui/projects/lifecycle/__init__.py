"""The life of a project under a rule book: from listing to the last reduction, every act with its evidence.

A rule book is one TOML file in ``data/rulebooks``: states, acts, who may act, the evidence each needs by its hash,
deadlines, and rules named from the short list in :mod:`.rules`. It is found by being there and needs no code. A
:class:`ProjectState` is what replaying the project's events gives; it is never edited. :mod:`.store` keeps the events
in the registry's database.
"""

from tanhui.projects.lifecycle.engine import apply, lapsed, next_steps, replay
from tanhui.projects.lifecycle.errors import LifecycleRefused
from tanhui.projects.lifecycle.issuance import issue_shares, issue_split
from tanhui.projects.lifecycle.model import Deadline, Evidence, LifecycleEvent, Party, ProjectState, Step
from tanhui.projects.lifecycle.rulebook import RuleBook, rule_book, rule_books

__all__ = [
    "Deadline",
    "Evidence",
    "LifecycleEvent",
    "LifecycleRefused",
    "Party",
    "ProjectState",
    "RuleBook",
    "Step",
    "apply",
    "issue_shares",
    "issue_split",
    "lapsed",
    "next_steps",
    "replay",
    "rule_book",
    "rule_books",
]
