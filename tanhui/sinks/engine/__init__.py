"""A carbon engine: pools, fluxes between them, and what a step does, for any number of stands at once.

A sink declares a :class:`Model` and gives the engine its :class:`Stands`; :func:`run` steps them, :func:`spin_up` finds
where the cycle of a disturbance comes to rest. Every move has a giver and a taker, the atmosphere and the products are
pools too, and each run proves its own balance before it hands anything back. :func:`stream` does it for more stands
than memory holds, a block at a time into a folder.
"""

from tanhui.sinks.engine.decay import decay_share, share_of_rate, temperature_modifier
from tanhui.sinks.engine.model import Disturbance, Events, Flux, Model, Operation, Pool, Stands
from tanhui.sinks.engine.products import half_lives, product_decay
from tanhui.sinks.engine.spinup import spin_up, steady_state
from tanhui.sinks.engine.stepping import Result, run
from tanhui.sinks.engine.streaming import Source, Streamed, stream

__all__ = [
    "Disturbance",
    "Events",
    "Flux",
    "Model",
    "Operation",
    "Pool",
    "Result",
    "Source",
    "Stands",
    "Streamed",
    "decay_share",
    "half_lives",
    "product_decay",
    "run",
    "share_of_rate",
    "spin_up",
    "steady_state",
    "stream",
    "temperature_modifier",
]
