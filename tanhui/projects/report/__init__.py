"""The report: one self-contained page made from a run's ``result.json`` and ``manifest.json`` and nothing else."""

from tanhui.projects.report.page import render_report

__all__ = ["render_report"]
