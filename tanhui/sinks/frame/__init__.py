"""What all sinks have in common: how one is found, asked, run and shown.

A sink is a folder under ``sinks/`` with a ``sink.toml``. It says what goes in (``inputs.toml``), which factors it uses
(``data/<sink>/factors.toml``) and computes one pure function, ``account(given, factors) -> Outcome``. Everything else
is here: units and ranges of what a user brings, the errors of factors and inputs carried to every figure, sources and
status, worked cases, the documentation page.
"""

from tanhui.sinks.frame.factors import Factors
from tanhui.sinks.frame.inputs import Given
from tanhui.sinks.frame.model import Line, Outcome, Sink, Value
from tanhui.sinks.frame.service import run_sink, show_sink, sink, sinks

__all__ = ["Factors", "Given", "Line", "Outcome", "Sink", "Value", "run_sink", "show_sink", "sink", "sinks"]
