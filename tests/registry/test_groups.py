"""Groups of orders: each decided by itself, written as one difference, and nothing stale is read between them."""

from __future__ import annotations

import random

from tanhui.registry.acts import Order
from tanhui.registry.model import Approval, Holding
from tests.registry.conftest import World


def transfers(world: World, tag: str, moves: list[tuple[str, str, int]]) -> list[Order]:
    by = (Approval(world.registry.declaration.person),)
    return [
        Order(
            f"{tag}-{number}",
            "transfer",
            {"source": source, "target": target, "batch": world.batch, "units": units},
            by,
        )
        for number, (source, target, units) in enumerate(moves)
    ]


def test_what_one_group_wrote_is_not_news_to_the_next(worlds: World):
    """Many groups through one open registry, against a plain list of units."""
    dice, registry = random.Random(7), worlds.registry
    people = [worlds.owner, worlds.buyer, registry.open_account("third", request="third").id]
    owner_of = dict.fromkeys(range(1, 61), worlds.owner)
    for group in range(25):
        moves = [(*dice.sample(people, 2), dice.randrange(1, 9)) for _ in range(dice.randrange(1, 9))]
        outcomes = registry.submit(transfers(worlds, f"g{group}", moves))
        for (source, target, units), outcome in zip(moves, outcomes, strict=True):
            mine = sorted(serial for serial, owner in owner_of.items() if owner == source)
            assert (outcome.refused is None) == (units <= len(mine))
            if outcome.refused is None:
                owner_of |= dict.fromkeys(mine[:units], target)
    assert {serial: row.owner for row in registry.holdings(batch=worlds.batch) for serial in serials(row)} == owner_of
    assert registry.audit().holds


def serials(holding: Holding) -> range:
    return range(holding.serials.first, holding.serials.end)


def test_a_refused_order_leaves_the_rest_of_its_group(world: World):
    orders = transfers(world, "x", [(world.owner, world.buyer, 10), (world.owner, world.buyer, 1000)])
    orders += transfers(world, "y", [(world.buyer, world.owner, 4)])
    outcomes = world.registry.submit(orders)
    assert [outcome.refused is None for outcome in outcomes] == [True, False, True]
    assert [(str(h.serials), h.owner) for h in world.registry.holdings(batch=world.batch)] == [
        ("1-4", world.owner),
        ("5-10", world.buyer),
        ("11-60", world.owner),
    ]
    # In the same group, the same request is done once.
    twice = transfers(world, "z", [(world.owner, world.buyer, 1)]) * 2
    first, second = world.registry.submit(twice)
    assert first.entry == second.entry
    assert second.repeated
    assert world.registry.audit().holds
