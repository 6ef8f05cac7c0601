"""Permanence: what a fire or a mistake costs, and who makes it good in which order.

A burnt area (:func:`read_burnt`) becomes tonnes with an interval (:func:`burnt_loss`); :func:`respond` lays the
tonnes on the measures that the rule book names for the cause. Every tonne lost is netted, cancelled from the buffer,
cancelled by the owner or the owner's debt: the four add up exactly, and units that others hold are never touched.
"""

from tanhui.projects.permanence.buffer import NaturalRisk, buffer_contribution, check_buffer, natural_risk_score
from tanhui.projects.permanence.inputs import burnt_loss, read_burnt, strata_of_run
from tanhui.projects.permanence.loss import Loss, Stratum, polygon_loss, raster_loss
from tanhui.projects.permanence.response import Measure, ReversalEvent, Stakes, respond
from tanhui.projects.permanence.settlement import Settlement, loss_report

__all__ = [
    "Loss",
    "Measure",
    "NaturalRisk",
    "ReversalEvent",
    "Settlement",
    "Stakes",
    "Stratum",
    "buffer_contribution",
    "burnt_loss",
    "check_buffer",
    "loss_report",
    "natural_risk_score",
    "polygon_loss",
    "raster_loss",
    "read_burnt",
    "respond",
    "strata_of_run",
]
