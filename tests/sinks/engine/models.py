"""A forest stand as the engine is meant to be used, and the same stand in plain Python, written independently."""

import math

import numpy as np

from tanhui.sinks.engine import (
    Disturbance,
    Events,
    Flux,
    Model,
    Operation,
    Pool,
    Stands,
    decay_share,
    product_decay,
)

POOLS = ("atmosphere", "stem", "leaf", "litter", "soil", "harvest", "wood")


def forest() -> Model:
    """Two live pools, two dead ones, products; fire and clear-cut."""
    return Model(
        "forest",
        tuple(Pool(name, outside=name == "atmosphere") for name in POOLS),
        (
            Operation("disturbance", kind="events"),
            Operation("growth", (Flux("atmosphere", "stem", "stem"), Flux("atmosphere", "leaf", "leaf")), "growth"),
            Operation("turnover", (Flux("stem", "litter", 0.01), Flux("leaf", "litter", "leaf_fall"))),
            Operation(
                "decay",
                (
                    Flux("litter", "atmosphere", "litter_to_air"),
                    Flux("litter", "soil", "litter_to_soil"),
                    Flux("soil", "atmosphere", "soil_to_air"),
                ),
            ),
            product_decay("harvest", "wood", 35),
        ),
        (
            Disturbance(
                "fire",
                {
                    "stem": {"atmosphere": 0.2, "litter": 0.7, "stem": 0.1},
                    "leaf": {"atmosphere": 1.0},
                    "litter": {"atmosphere": 0.5, "litter": 0.5},
                },
            ),
            Disturbance("clearcut", {"stem": {"harvest": 0.85, "litter": 0.15}, "leaf": {"litter": 1.0}}),
            Disturbance("thinning", {"stem": {"harvest": 0.3, "stem": 0.7}}, age_after=None),
        ),
    )


def stands(n: int = 7, seed: int = 1) -> Stands:
    """Stands that differ in everything."""
    draw = np.random.default_rng(seed)
    state = draw.uniform(0, 200, (n, len(POOLS)))
    litter = decay_share(0.1435, draw.uniform(-2, 12, n), 2.65, 10.0)
    ages = np.arange(120)
    return Stands(
        state,
        draw.integers(0, 130, n),
        {
            "leaf_fall": draw.uniform(0.1, 0.95, n),
            "litter_to_air": 0.8 * litter,
            "litter_to_soil": 0.2 * litter,
            "soil_to_air": draw.uniform(0.002, 0.02, n),
        },
        {
            "stem": np.stack([3 * np.exp(-ages / 60), 5 * np.exp(-ages / 30)]),
            "leaf": np.stack([0.5 + 0 * ages, 1 + 0 * ages]),
        },
        draw.integers(0, 2, n),
    )


def cut_at(n: int, *when: tuple[int, int, str]) -> Events:
    """An events table from its rows."""
    rows = [row for row in when if row[0] < n]
    return Events([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


def plain(stands: Stands, i: int, steps: int, events: dict[int, list[str]]) -> dict[str, float]:
    """One stand by hand, pool by pool."""
    c = dict(zip(POOLS, (float(value) for value in np.asarray(stands.state)[i]), strict=True))
    p = {name: float(np.broadcast_to(value, len(stands.state))[i]) for name, value in stands.shares.items()}
    age, curve = int(np.broadcast_to(stands.age, len(stands.state))[i]), int(np.asarray(stands.curve)[i])
    k = math.log(2) / 35
    for step in range(steps):
        for kind in events.get(step, ()):
            if kind == "fire":
                c["atmosphere"] += 0.2 * c["stem"] + c["leaf"] + 0.5 * c["litter"]
                c["litter"] = 0.5 * c["litter"] + 0.7 * c["stem"]
                c["stem"], c["leaf"], age = 0.1 * c["stem"], 0.0, 0
            elif kind == "clearcut":
                c["harvest"] += 0.85 * c["stem"]
                c["litter"] += 0.15 * c["stem"] + c["leaf"]
                c["stem"], c["leaf"], age = 0.0, 0.0, 0
            else:
                c["harvest"] += 0.3 * c["stem"]
                c["stem"] *= 0.7
        for pool in ("stem", "leaf"):
            grown = float(np.asarray(stands.curves[pool])[curve, min(age, 119)])
            c[pool] += grown
            c["atmosphere"] -= grown
        stem_fall, leaf_fall = 0.01 * c["stem"], p["leaf_fall"] * c["leaf"]
        c["stem"] -= stem_fall
        c["leaf"] -= leaf_fall
        c["litter"] += stem_fall + leaf_fall
        air, humus, breath = (
            p["litter_to_air"] * c["litter"],
            p["litter_to_soil"] * c["litter"],
            p["soil_to_air"] * c["soil"],
        )
        c["litter"] -= air + humus
        c["soil"] += humus - breath
        c["atmosphere"] += air + breath
        total = c["harvest"] + c["wood"]
        c["wood"] = c["wood"] * math.exp(-k) + (1 - math.exp(-k)) / k * c["harvest"]
        c["atmosphere"] += total - c["wood"]
        c["harvest"] = 0.0
        age += 1
    return c
