"""Other registries 其他登记簿: their serials, their tables, and how units go there and come here.

``serials`` reads and writes the numbers of Verra, Gold Standard, the UNDP national registry and Regen. ``read_table``
carries an export without losing a byte of a value. ``double_counting`` looks for units that are counted twice.
``recognition`` says what is recognised on a day. ``bridge`` moves units between two registries so that they live in
one of them at any time, and ``article6`` keeps the fields and the corresponding adjustment of the Paris Agreement.
"""

from tanhui.registry.foreign.article6 import AdjustmentBook, FirstTransfer
from tanhui.registry.foreign.bridge import Exporter, Importer
from tanhui.registry.foreign.double_counting import Finding, double_counting, project_suspicions
from tanhui.registry.foreign.read_table import ForeignTable, read_table, write_table
from tanhui.registry.foreign.recognition import Recognition, recognised
from tanhui.registry.foreign.serials import GoldStandardSerial, RegenDenom, UndpSerial, VerraSerial, parse_serial
from tanhui.registry.foreign.units import ForeignUnit, units_of

__all__ = [
    "AdjustmentBook",
    "Exporter",
    "Finding",
    "FirstTransfer",
    "ForeignTable",
    "ForeignUnit",
    "GoldStandardSerial",
    "Importer",
    "Recognition",
    "RegenDenom",
    "UndpSerial",
    "VerraSerial",
    "double_counting",
    "parse_serial",
    "project_suspicions",
    "read_table",
    "recognised",
    "units_of",
    "write_table",
]
