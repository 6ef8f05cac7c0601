"""An answer of a sink as a folder: ``result.json``, one page to look at, and its details by row."""

from tanhui.projects.sink_report.page import render
from tanhui.projects.sink_report.service import write_answer

__all__ = ["render", "write_answer"]
