"""Units that go to another registry: two state machines and their messages. Pure, and safe when either side dies.

::

    here (Exporter)                             there (Importer)
    offer: lock the interval
        ── ExportOffer ──────────────────────▶  mint, once for each origin
        ◀── ImportReceipt ─────────────────────
    export: the interval leaves for good
        or
        ◀── ImportRefused ─────────────────────  a tombstone: this origin is never minted
    release: the interval is free again

The interval is locked here before anything is minted there, and it is freed only after the other side has said that it
will never mint it. So at no moment are two copies alive. A message may be lost, repeated or late: each side writes its
state down before it answers, answers the same question the same way for ever, and :meth:`Exporter.pending` says what to
send again. Who has waited long enough withdraws; the other side then either refuses for good or proves that it minted.
So nothing is lost for ever.

Each method gives a :class:`Step`: the new state, the messages to send after it is on disk, and what the ledger has to
do in the same transaction. Who sent a message is for the caller to verify before it comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

from tanhui.kernel.errors import DomainError
from tanhui.registry.foreign.article6 import FirstTransfer
from tanhui.registry.model import Interval

__all__ = [
    "Export",
    "ExportCancel",
    "ExportOffer",
    "Exporter",
    "Import",
    "ImportReceipt",
    "ImportRefused",
    "Importer",
    "Step",
]

Phase = Literal["locked", "withdrawing", "exported", "released"]
#: What the ledger does in the transaction that writes a step down.
Act = Literal["lock", "export", "release", "mint", "none"]


@dataclass(frozen=True, slots=True)
class ExportOffer:
    """Units offered to another registry. ``source`` and ``id`` together are the origin, minted at most once."""

    source: str
    id: str
    target: str
    batch: str
    serials: Interval
    account: str
    article6: FirstTransfer | None = None

    @property
    def origin(self) -> tuple[str, str]:
        """What the other side may mint once and never again."""
        return self.source, self.id

    def to_dict(self) -> dict[str, Any]:
        """As it travels: integers are decimal strings."""
        entry: dict[str, Any] = {
            "kind": "export-offer",
            "source": self.source,
            "id": self.id,
            "target": self.target,
            "batch": self.batch,
            "first": str(self.serials.first),
            "end": str(self.serials.end),
            "account": self.account,
        }
        return entry | ({"article6": self.article6.to_dict()} if self.article6 else {})

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> ExportOffer:
        """The inverse of :meth:`to_dict`."""
        fields = {name: entry[name] for name in ("source", "id", "target", "batch", "account")}
        article6 = FirstTransfer.from_dict(entry["article6"]) if "article6" in entry else None
        return cls(serials=Interval(int(entry["first"]), int(entry["end"])), article6=article6, **fields)


@dataclass(frozen=True, slots=True)
class ImportReceipt:
    """The other side has minted; ``minted`` is what it calls the units."""

    source: str
    id: str
    minted: str


@dataclass(frozen=True, slots=True)
class ImportRefused:
    """The other side has not minted and never will."""

    source: str
    id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportCancel:
    """This side wants its units back, if they are not minted yet."""

    source: str
    id: str
    target: str


Message = ExportOffer | ImportReceipt | ImportRefused | ExportCancel
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Step(Generic[State]):
    """New state, what the ledger does with which offer, and what to send once both are on disk."""

    state: State
    act: Act = "none"
    offer: ExportOffer | None = None
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Export:
    """One export as this side has it; ``minted`` is what the other side calls the units."""

    offer: ExportOffer
    phase: Phase
    minted: str = ""

    @property
    def open(self) -> bool:
        """Whether the other side still owes an answer."""
        return self.phase in ("locked", "withdrawing")


@dataclass(frozen=True, slots=True)
class Exporter:
    """The side that gives units away: its exports by id."""

    registry: str
    exports: Mapping[str, Export] = field(default_factory=dict)

    def offer(self, offer: ExportOffer) -> Step[Exporter]:
        """Lock an interval and offer it. The same offer again changes nothing.

        Raises
        ------
        DomainError
            If the id stands for another offer, the source is not this registry, or any of the units is on its way
            or gone.
        """
        known = self.exports.get(offer.id)
        if known is not None:
            if known.offer != offer:
                raise DomainError("foreign.id_reused", id=offer.id)
            return Step(self, messages=self._question(known))
        if offer.source != self.registry:
            raise DomainError("foreign.not_ours", source=offer.source, registry=self.registry)
        for other in self.exports.values():
            if other.phase != "released" and other.offer.serials.overlaps(offer.serials):
                raise DomainError("foreign.already_exported", units=str(offer.serials), id=other.offer.id)
        return Step(self._with(Export(offer, "locked")), "lock", offer, (offer,))

    def withdraw(self, id: str) -> Step[Exporter]:
        """Ask for the units back. They stay locked until the other side has answered."""
        export = self._export(id)
        if not export.open:
            return Step(self)
        asked = replace(export, phase="withdrawing")
        return Step(self._with(asked), messages=self._question(asked))

    def on_receipt(self, receipt: ImportReceipt) -> Step[Exporter]:
        """The other side has minted: the units leave for good.

        Raises
        ------
        DomainError
            If the units were released or the other side named them otherwise before: it has broken the protocol.
        """
        export = self._export(receipt.id)
        if export.phase == "exported" and export.minted == receipt.minted:
            return Step(self)
        if not export.open:
            raise DomainError("foreign.contradiction", id=receipt.id)
        done = replace(export, phase="exported", minted=receipt.minted)
        return Step(self._with(done), "export", export.offer)

    def on_refused(self, refused: ImportRefused) -> Step[Exporter]:
        """The other side will never mint: the units are free again.

        Raises
        ------
        DomainError
            If the other side has said before that it minted.
        """
        export = self._export(refused.id)
        if export.phase == "released":
            return Step(self)
        if not export.open:
            raise DomainError("foreign.contradiction", id=refused.id)
        return Step(self._with(replace(export, phase="released")), "release", export.offer)

    def pending(self) -> tuple[Message, ...]:
        """What to send again after a restart, or when no answer came."""
        return tuple(message for export in self.exports.values() for message in self._question(export))

    @staticmethod
    def _question(export: Export) -> tuple[Message, ...]:
        offer = export.offer
        if export.phase == "withdrawing":
            return (ExportCancel(offer.source, offer.id, offer.target),)
        return (offer,) if export.phase == "locked" else ()

    def _export(self, id: str) -> Export:
        if id not in self.exports:
            raise DomainError("foreign.unknown_export", id=id)
        return self.exports[id]

    def _with(self, export: Export) -> Exporter:
        return replace(self, exports={**self.exports, export.offer.id: export})


@dataclass(frozen=True, slots=True)
class Import:
    """One origin as this side has it: minted under a name, or, where ``minted`` is empty, refused for ever."""

    offer: ExportOffer | None
    minted: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Importer:
    """The side that takes units in: what it has decided about each origin, once and for ever."""

    registry: str
    imports: Mapping[tuple[str, str], Import] = field(default_factory=dict)

    def on_offer(self, offer: ExportOffer, mint_as: str, objections: Sequence[str] = ()) -> Step[Importer]:
        """Mint an offer, or refuse it, and answer. An origin that was decided gets the same answer again.

        Parameters
        ----------
        offer : ExportOffer
            The offer, its sender verified.
        mint_as : str
            What the units are called here if they are minted now.
        objections : sequence of str
            Why this registry does not want them, such as a programme that is not recognised.

        Raises
        ------
        DomainError
            If the origin stands for another offer.
        """
        assert mint_as, "what is minted has a name"
        known = self.imports.get(offer.origin)
        if known is not None:
            if known.offer is not None and known.offer != offer:
                raise DomainError("foreign.id_reused", id=offer.id)
            return Step(self, messages=(_answer(offer.origin, known),))
        reasons = (*objections, *self._obstacles(offer))
        decided = Import(offer, "", reasons) if reasons else Import(offer, mint_as)
        state = replace(self, imports={**self.imports, offer.origin: decided})
        act: Act = "none" if reasons else "mint"
        return Step(state, act, None if reasons else offer, (_answer(offer.origin, decided),))

    def on_cancel(self, cancel: ExportCancel) -> Step[Importer]:
        """Say whether an origin was minted; if not, never mint it."""
        origin = (cancel.source, cancel.id)
        known = self.imports.get(origin)
        if known is not None:
            return Step(self, messages=(_answer(origin, known),))
        decided = Import(None, "", ("withdrawn",))
        return Step(replace(self, imports={**self.imports, origin: decided}), messages=(_answer(origin, decided),))

    def _obstacles(self, offer: ExportOffer) -> list[str]:
        """What this side sees by itself: an offer for somebody else, or units that came under another id before."""
        found = [] if offer.target == self.registry else ["not_for_us"]
        for (source, id), known in self.imports.items():
            came = known.offer if known.minted else None
            if came and source == offer.source and came.serials.overlaps(offer.serials):
                found.append(f"already_here:{id}")
        return found


def _answer(origin: tuple[str, str], decided: Import) -> Message:
    if decided.minted:
        return ImportReceipt(*origin, decided.minted)
    return ImportRefused(*origin, decided.reasons)
