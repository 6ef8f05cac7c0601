"""Serial numbers as other registries write them. Pure: a text in, its parts out, and back to the same bytes.

``parse(format(x)) == x`` and ``format(parse(text)) == text``; a text that is not exactly what the registry would have
written (a leading zero, another case, a space) is refused, so two spellings never stand for one unit. A serial's units
lie on a number line of their registry, named by ``line``; serials on different lines have nothing in common.

- Verra: one line for the whole registry; a block number, first and last unit, then what the units are.
- Gold Standard: units are numbered from 1 in each issuance batch. The batch's own number, without units, is in use too.
- UNDP national carbon registry: units are numbered in each project of a cooperative approach.
- Regen: a denomination names a batch and has no units in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Protocol, TypeVar

from tanhui.kernel.errors import DomainError, InputError
from tanhui.registry.model import Interval

__all__ = [
    "ForeignSerial",
    "GoldStandardSerial",
    "RegenDenom",
    "UndpSerial",
    "VerraSerial",
    "parse_serial",
]

_NUMBER = "[1-9][0-9]{0,17}"


class ForeignSerial(Protocol):
    """What the serials of all registries have in common."""

    registry: ClassVar[str]

    @property
    def line(self) -> str:
        """The number line on which the units lie."""

    @property
    def stem(self) -> str:
        """All that a block keeps when it is split: the serial without its units."""

    @property
    def units(self) -> Interval | None:
        """The units, half-open; nothing where the text names a batch only."""

    def format(self) -> str:
        """The text as the registry writes it."""


Serial = TypeVar("Serial", bound=ForeignSerial)


def _refused(registry: str, text: str) -> InputError:
    return InputError("foreign.serial_malformed", registry=registry, text=text[:120])


def _match(pattern: re.Pattern[str], registry: str, text: str) -> dict[str, str]:
    found = pattern.fullmatch(text) if len(text) <= 200 else None
    if found is None:
        raise _refused(registry, text)
    return found.groupdict(default="")


def _units(first: str, last: str, registry: str, text: str) -> Interval:
    try:
        return Interval(int(first), int(last) + 1)
    except DomainError:
        raise _refused(registry, text) from None


def _day(digits: str, registry: str, text: str, *, year_first: bool) -> date:
    parts = (digits[:4], digits[4:6], digits[6:]) if year_first else (digits[4:], digits[2:4], digits[:2])
    try:
        return date(*map(int, parts))
    except ValueError:
        raise _refused(registry, text) from None


_VERRA = re.compile(
    f"(?P<block>{_NUMBER})-(?P<first>{_NUMBER})-(?P<last>{_NUMBER})-(?:(?P<programme>VCS)-)?VCU-(?P<account>[0-9]{{3,4}})"
    f"-(?P<operator>[A-Z]{{3}})-(?P<country>[A-Z]{{2}})-(?P<scope>[1-9][0-9]?)-(?P<project>{_NUMBER})"
    "-(?P<start>[0-9]{8})-(?P<end>[0-9]{8})-(?P<additional>[01])"
)


@dataclass(frozen=True, slots=True)
class VerraSerial:
    """A block of Verified Carbon Units, ``19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1``.

    ``programme`` is empty in blocks of the registries before Verra's own (``VCU-003-APX``, ``VCU-042-MER``).
    ``additional`` says whether the units carry an additional certification.
    """

    registry: ClassVar[str] = "verra"
    block: int
    units: Interval
    programme: str
    account: str
    operator: str
    country: str
    scope: int
    project: int
    start: date
    end: date
    additional: bool

    @classmethod
    def parse(cls, text: str) -> VerraSerial:
        """The parts of a serial; refuses what Verra would not have written."""
        found = _match(_VERRA, cls.registry, text)
        return cls(
            block=int(found["block"]),
            units=_units(found["first"], found["last"], cls.registry, text),
            programme=found["programme"],
            account=found["account"],
            operator=found["operator"],
            country=found["country"],
            scope=int(found["scope"]),
            project=int(found["project"]),
            start=_day(found["start"], cls.registry, text, year_first=False),
            end=_day(found["end"], cls.registry, text, year_first=False),
            additional=found["additional"] == "1",
        )

    def format(self) -> str:
        """The text as Verra writes it."""
        return f"{self.block}-{self.units}-{self._tail()}"

    def _tail(self) -> str:
        unit = f"{self.programme}-VCU" if self.programme else "VCU"
        days = f"{self.start:%d%m}{self.start.year:04}-{self.end:%d%m}{self.end.year:04}"
        origin = f"{self.account}-{self.operator}-{self.country}-{self.scope}-{self.project}"
        return f"{unit}-{origin}-{days}-{self.additional:d}"

    @property
    def line(self) -> str:
        """One line for all of Verra."""
        return self.registry

    @property
    def stem(self) -> str:
        """The serial without its units."""
        return f"{self.block}-{self._tail()}"


_GOLD_STANDARD = re.compile(
    f"GS1-(?P<kind>[1-9][0-9]?)-(?P<country>[A-Z]{{2}})-GS(?P<project>{_NUMBER})-(?P<category>[1-9][0-9]?)"
    f"-(?P<vintage>[12][0-9]{{3}})-(?P<batch>{_NUMBER})(?:-(?P<first>{_NUMBER})-(?P<last>{_NUMBER}))?"
)


@dataclass(frozen=True, slots=True)
class GoldStandardSerial:
    """Units of a Gold Standard batch, ``GS1-1-IN-GS4239-16-2017-6592-3781-12365``, or the batch, without the last two.

    ``category`` is the registry's number of the project type: 16 for household energy, 12 for wind, 22 for forests.
    """

    registry: ClassVar[str] = "gold_standard"
    kind: int
    country: str
    project: int
    category: int
    vintage: int
    batch: int
    units: Interval | None

    @classmethod
    def parse(cls, text: str) -> GoldStandardSerial:
        """The parts of a serial; refuses what the Gold Standard would not have written."""
        found = _match(_GOLD_STANDARD, cls.registry, text)
        return cls(
            kind=int(found["kind"]),
            country=found["country"],
            project=int(found["project"]),
            category=int(found["category"]),
            vintage=int(found["vintage"]),
            batch=int(found["batch"]),
            units=_units(found["first"], found["last"], cls.registry, text) if found["first"] else None,
        )

    def format(self) -> str:
        """The text as the Gold Standard writes it."""
        return f"{self.stem}-{self.units}" if self.units else self.stem

    @property
    def line(self) -> str:
        """The batch: its units are numbered from 1."""
        return f"{self.registry}/{self.batch}"

    @property
    def stem(self) -> str:
        """The batch's own number."""
        project = f"GS{self.project}-{self.category}"
        return f"GS1-{self.kind}-{self.country}-{project}-{self.vintage}-{self.batch}"


_UNDP = re.compile(
    "(?P<approach>CA[0-9]{4})-(?P<party>[A-Z]{2})-(?P<first_transferring>[A-Z]{2})-(?P<project>[0-9]{1,6})"
    f"-(?P<first>{_NUMBER})-(?P<last>{_NUMBER})-(?P<vintage>[12][0-9]{{3}})"
)


@dataclass(frozen=True, slots=True)
class UndpSerial:
    """A block of the UNDP national carbon registry, ``CA0001-XX-XX-1-1-100-2026``.

    Cooperative approach, originating party, first transferring party, project, units, vintage: the parts that an
    identifier of internationally transferred mitigation outcomes needs. A party not yet known is ``XX``.
    """

    registry: ClassVar[str] = "undp"
    approach: str
    party: str
    first_transferring: str
    project: str
    units: Interval
    vintage: int

    @classmethod
    def parse(cls, text: str) -> UndpSerial:
        """The parts of a serial; refuses what the registry would not have written."""
        found = _match(_UNDP, cls.registry, text)
        return cls(
            approach=found["approach"],
            party=found["party"],
            first_transferring=found["first_transferring"],
            project=found["project"],
            units=_units(found["first"], found["last"], cls.registry, text),
            vintage=int(found["vintage"]),
        )

    def format(self) -> str:
        """The text as the registry writes it."""
        head = f"{self.approach}-{self.party}-{self.first_transferring}-{self.project}"
        return f"{head}-{self.units}-{self.vintage}"

    @property
    def line(self) -> str:
        """The project. The first transferring party is left out, for the same units get one later."""
        return f"{self.registry}/{self.approach}-{self.party}-{self.project}"

    @property
    def stem(self) -> str:
        """What a block keeps when it is split."""
        return f"{self.approach}-{self.party}-{self.project}-{self.vintage}"


_REGEN = re.compile(
    "(?P<credit_class>[A-Z]{1,3}[0-9]{2,9})-(?P<project>[0-9]{3,9})-(?P<start>[0-9]{8})-(?P<end>[0-9]{8})"
    "-(?P<sequence>[0-9]{3,9})"
)


@dataclass(frozen=True, slots=True)
class RegenDenom:
    """A credit batch of Regen, ``C01-001-20190101-20200101-001``. Its credits are amounts and have no numbers."""

    registry: ClassVar[str] = "regen"
    credit_class: str
    project: str
    start: date
    end: date
    sequence: str

    @classmethod
    def parse(cls, text: str) -> RegenDenom:
        """The parts of a denomination; refuses what Regen would not have written."""
        found = _match(_REGEN, cls.registry, text)
        days = {name: _day(found[name], cls.registry, text, year_first=True) for name in ("start", "end")}
        return cls(found["credit_class"], found["project"], days["start"], days["end"], found["sequence"])

    def format(self) -> str:
        """The text as Regen writes it."""
        days = f"{self.start.isoformat()}-{self.end.isoformat()}".replace("-", "")
        return f"{self.credit_class}-{self.project}-{days[:8]}-{days[8:]}-{self.sequence}"

    @property
    def line(self) -> str:
        """The batch itself."""
        return f"{self.registry}/{self.format()}"

    @property
    def stem(self) -> str:
        """The batch itself."""
        return self.format()

    @property
    def units(self) -> None:
        """Credits of Regen have no numbers."""
        return None


#: The serials of each registry; which one a text is follows from its shape.
SERIALS: tuple[type[VerraSerial] | type[GoldStandardSerial] | type[UndpSerial] | type[RegenDenom], ...] = (
    VerraSerial,
    GoldStandardSerial,
    UndpSerial,
    RegenDenom,
)


def parse_serial(text: str) -> VerraSerial | GoldStandardSerial | UndpSerial | RegenDenom:
    """The parts of a serial of any registry we know.

    Raises
    ------
    InputError
        If no registry would have written the text.
    """
    for kind in SERIALS:
        try:
            return kind.parse(text)
        except InputError:
            continue
    raise InputError("foreign.serial_unknown", text=text[:120], known=", ".join(kind.registry for kind in SERIALS))
