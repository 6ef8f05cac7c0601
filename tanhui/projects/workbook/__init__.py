"""The calculation workbook: a run once more, in formulas that an auditor can follow from the tree to the net.

``model`` (cells, pages, book) < ``source`` (what a run folder says) < ``formulas``, ``measured``, ``claimed``,
``pages`` (pure: a run in, a book out) < ``write``, ``compare`` (a book and a file) < ``service``.
"""

from tanhui.projects.workbook.service import check_workbook, write_workbook

__all__ = ["check_workbook", "write_workbook"]
