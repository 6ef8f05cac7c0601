"""The state, rebuilt from the log alone: every rule of the ledger checked again on the way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.registry.entries import decode_entry
from tanhui.registry.errors import RegistryError
from tanhui.registry.model import JournalEntry, Seal
from tanhui.registry.rules import apply
from tanhui.registry.state import State, spelled_changes
from tanhui.registry.state_root import StateSum

__all__ = ["Replay"]

#: Entries after which changed rows are counted into the root: what comes and goes in between costs nothing.
GROUP = 4096


class Replay:
    """Entries carried out one after the other, with the root of the state at every seal compared.

    Attributes
    ----------
    state : State
        What the entries so far add up to.
    size : int
        How many there were.
    sealed : dict
        The root of the state at each size of the log that ended in a seal.
    """

    def __init__(self, seen: Callable[[JournalEntry], None] = lambda _: None) -> None:
        self.state, self.size = State(), 0
        self.sealed: dict[int, bytes] = {}
        self._sum, self._seen = StateSum(), seen

    def add(self, leaves: Iterable[bytes]) -> Replay:
        """Carry out more leaves, in order.

        Raises
        ------
        IntegrityError
            At the first leaf that is malformed, out of place, breaks a rule, or seals another state.
        """
        for leaf in leaves:
            try:
                self._one(decode_entry(leaf))
            except TanhuiError as error:
                raise IntegrityError("registry.replay_refused", index=self.size, why=error.text()) from None
            self.size += 1
            if self.size % GROUP == 0:
                self.root()
        return self

    def _one(self, entry: JournalEntry) -> None:
        if entry.index != self.size or (self.state.registry is None) != (entry.kind == "registry"):
            raise RegistryError("registry.rule_broken", what="index")
        apply(self.state, entry)
        if isinstance(entry.noun, Seal):
            self.sealed[self.size + 1] = self.root()
            if entry.noun.state != self.sealed[self.size + 1].hex():
                raise RegistryError("registry.rule_broken", what="state root")
        self._seen(entry)

    def root(self) -> bytes:
        """The root of the state as it is."""
        self._sum.change(*spelled_changes(self.state.take_changes()))
        return self._sum.root()
