"""Field work: where the plots lie and what a crew takes along, and whether what it brings back can be believed.

``model`` holds the nouns; ``design`` says how many plots, ``points`` where, ``route`` in which order; ``exchange``,
``workbooks`` and ``sheet`` write what is taken along. On return ``survey`` holds what crews wrote, ``digits``,
``copies``, ``visits``, ``positions`` and ``repeated`` are the checks, ``quality`` runs them all. ``plan`` and
``check`` are the use cases.
"""

from tanhui.projects.field.check import check_survey
from tanhui.projects.field.model import Finding, PlannedPlot, PlotSize, Tested
from tanhui.projects.field.plan import Wishes, plan_field
from tanhui.projects.field.quality import Context, Report, quality, quality_findings
from tanhui.projects.field.survey import FieldSurvey, field_survey

__all__ = [
    "Context",
    "FieldSurvey",
    "Finding",
    "PlannedPlot",
    "PlotSize",
    "Report",
    "Tested",
    "Wishes",
    "check_survey",
    "field_survey",
    "plan_field",
    "quality",
    "quality_findings",
]
