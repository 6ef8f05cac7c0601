"""Units between two registries: whatever is lost, repeated or killed, they live in one place and come out somewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.registry.foreign import Exporter, FirstTransfer, Importer, UndpSerial
from tanhui.registry.foreign.bridge import ExportCancel, ExportOffer, ImportReceipt, ImportRefused, Message
from tanhui.registry.model import Interval

HERE, THERE = "tanhui.example/registry", "other.example/registry"
ITMO = UndpSerial.parse("CA0001-CN-CN-1-1-100-2026")
TRANSFER = FirstTransfer("t1", ITMO, "AUTH-1", "CH", "ndc", date(2026, 11, 22))


def offer(id: str = "x1", first: int = 1, end: int = 101, **changes) -> ExportOffer:
    return replace(ExportOffer(HERE, id, THERE, "B1", Interval(first, end), "acc"), **changes)


class World:
    """Two registries with disks, and a network that loses, repeats and reorders. A crash loses what is not on disk."""

    def __init__(self) -> None:
        self.exporter, self.importer = Exporter(HERE), Importer(THERE)
        self.network: list[Message] = []
        self.free, self.locked, self.gone, self.minted = set(range(1, 301)), set(), set(), []

    def at_exporter(self, step, survives: str) -> None:
        if survives == "nothing":
            return
        self.exporter = step.state
        units = set(range(step.offer.serials.first, step.offer.serials.end)) if step.offer else set()
        match step.act:
            case "lock":
                assert units <= self.free
                self.free, self.locked = self.free - units, self.locked | units
            case "export":
                self.locked, self.gone = self.locked - units, self.gone | units
            case "release":
                self.locked, self.free = self.locked - units, self.free | units
        self.send(step, survives)

    def at_importer(self, step, survives: str) -> None:
        if survives == "nothing":
            return
        self.importer = step.state
        if step.act == "mint":
            self.minted += range(step.offer.serials.first, step.offer.serials.end)
        self.send(step, survives)

    def send(self, step, survives: str) -> None:
        if survives == "all":
            self.network += step.messages

    def deliver(self, message: Message, survives: str, objections: tuple[str, ...] = ()) -> None:
        match message:
            case ExportOffer():
                # Over the wire, as bytes would go.
                sent = ExportOffer.from_dict(message.to_dict())
                name = f"M-{message.id}"
                self.at_importer(self.importer.on_offer(sent, name, objections), survives)
            case ExportCancel():
                self.at_importer(self.importer.on_cancel(message), survives)
            case ImportReceipt():
                self.at_exporter(self.exporter.on_receipt(message), survives)
            case ImportRefused():
                self.at_exporter(self.exporter.on_refused(message), survives)

    def check(self) -> None:
        assert len(self.minted) == len(set(self.minted)), "minted twice"
        assert not self.free & set(self.minted), "two live copies"
        assert self.free | self.locked | self.gone == set(range(1, 301)), "lost"
        assert len(self.free) + len(self.locked) + len(self.gone) == 300
        assert self.gone <= set(self.minted), "gone and nowhere"

    def settle(self) -> None:
        """What happens once both sides are up and the network works: everything asked again until all is answered."""
        for _ in range(4):
            self.network += self.exporter.pending()
            while self.network:
                self.deliver(self.network.pop(0), "all")
                self.check()
        assert not self.locked
        assert self.gone == set(self.minted)


# Mostly what happens on a usual day, so that a story gets far enough for the unusual to hurt.
ids = st.sampled_from(["x1", "x2"])
survives = st.sampled_from(["all", "all", "all", "state", "nothing"])
names = ["withdraw", "deliver", "deliver", "deliver", "deliver", "refuse", "lose", "repeat", "restart", "offer"]
acts = st.tuples(st.sampled_from(names), ids, st.integers(0, 3), survives)
OFFERS = {"x1": offer("x1", 1, 101), "x2": offer("x2", 101, 201, article6=TRANSFER)}


@settings(max_examples=600)
@given(survives, st.lists(acts, min_size=3, max_size=30))
def test_never_two_live_copies_and_never_lost_for_ever(survives, story):
    world = World()
    world.at_exporter(world.exporter.offer(OFFERS["x1"]), survives)
    for act, id, place, survives in story:
        if act == "offer":
            world.at_exporter(world.exporter.offer(OFFERS[id]), survives)
        elif act == "withdraw":
            if id in world.exporter.exports:
                world.at_exporter(world.exporter.withdraw(id), survives)
        elif act == "restart":
            world.network += world.exporter.pending()
        elif world.network:
            at = place % len(world.network)
            if act == "lose":
                world.network.pop(at)
            elif act == "repeat":
                world.network.append(world.network[at])
            else:
                objections = ("not_recognised",) if act == "refuse" else ()
                world.deliver(world.network.pop(at), survives, objections)
        world.check()
    world.settle()


@pytest.mark.parametrize("dies_at", range(4))
@pytest.mark.parametrize("survives", ["state", "nothing"])
def test_a_death_at_each_step_of_an_export(dies_at: int, survives: str):
    world = World()
    fates = ["all"] * 4
    fates[dies_at] = survives
    world.at_exporter(world.exporter.offer(OFFERS["x1"]), fates[0])
    for fate in fates[1:]:
        world.network = world.network or list(world.exporter.pending())
        if world.network:
            world.deliver(world.network.pop(0), fate)
        world.check()
    world.at_exporter(world.exporter.offer(OFFERS["x1"]), "all")  # the client asks again, as clients do
    world.settle()
    assert world.gone == set(range(1, 101))


def test_a_withdrawal_before_the_offer_arrives_wins_for_ever():
    exporter = Exporter(HERE).offer(offer()).state
    step = exporter.withdraw("x1")
    (cancel,) = step.messages
    assert isinstance(cancel, ExportCancel)
    refused = Importer(THERE).on_cancel(cancel)
    late = refused.state.on_offer(offer(), "M")
    assert late.act == "none"
    assert late.messages == refused.messages == (ImportRefused(HERE, "x1", ("withdrawn",)),)
    freed = step.state.on_refused(refused.messages[0])
    assert freed.act == "release"
    assert freed.state.offer(offer("x2")).act == "lock"


def test_units_are_not_bridged_twice():
    exporter = Exporter(HERE).offer(offer()).state
    with pytest.raises(DomainError) as refused:
        exporter.offer(offer("x2", 100, 120))
    assert refused.value.code == "foreign.already_exported"
    importer = Importer(THERE).on_offer(offer(), "M").state
    again = importer.on_offer(offer("x2", 100, 120), "N")
    assert again.messages == (ImportRefused(HERE, "x2", ("already_here:x1",)),)
    assert importer.on_offer(offer("x2", 100, 120, source="third.example"), "N").act == "mint"


def test_the_same_id_is_not_something_else():
    exporter = Exporter(HERE).offer(offer()).state
    importer = Importer(THERE).on_offer(offer(), "M").state
    for call in (lambda: exporter.offer(offer(end=50)), lambda: importer.on_offer(offer(end=50), "M")):
        with pytest.raises(DomainError) as refused:
            call()
        assert refused.value.code == "foreign.id_reused"


def test_an_offer_for_somebody_else_is_refused():
    assert Importer("third").on_offer(offer(), "M").messages == (ImportRefused(HERE, "x1", ("not_for_us",)),)
    with pytest.raises(DomainError, match="not this registry"):
        Exporter("third").offer(offer())


def test_a_registry_that_contradicts_itself_is_found():
    exporter = Exporter(HERE).offer(offer()).state
    done = exporter.on_receipt(ImportReceipt(HERE, "x1", "M")).state
    assert done.on_receipt(ImportReceipt(HERE, "x1", "M")).act == "none"
    freed = exporter.on_refused(ImportRefused(HERE, "x1", ())).state
    for call in (
        lambda: done.on_refused(ImportRefused(HERE, "x1", ())),
        lambda: done.on_receipt(ImportReceipt(HERE, "x1", "N")),
        lambda: freed.on_receipt(ImportReceipt(HERE, "x1", "M")),
    ):
        with pytest.raises(DomainError) as refused:
            call()
        assert refused.value.code == "foreign.contradiction"
    with pytest.raises(DomainError, match="no export"):
        exporter.on_receipt(ImportReceipt(HERE, "x9", "M"))


def test_an_offer_travels_whole():
    sent = offer(article6=TRANSFER)
    assert ExportOffer.from_dict(sent.to_dict()) == sent
    assert sent.to_dict()["end"] == "101"
    assert "article6" not in offer().to_dict()
