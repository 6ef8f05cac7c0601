"""How often somebody may ask, and what a person or a region may do. Pure: the clock and the facts are arguments.

The rate limit is a token bucket. Its whole state is one number, the moment at which the bucket will be full again
(the "theoretical arrival time" of ITU-T I.371), in whole nanoseconds, so nothing is rounded and nothing drifts.

Rules on people and regions are data (``data/registry_access/rules.toml``). A rule with the status ``scenario`` is in no
law in force; it counts only where it is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError
from tanhui.kernel.parameters import Leaf, Parameters, Status, load_parameters
from tanhui.kernel.wording import Lang, say

__all__ = [
    "Facts",
    "Limiter",
    "Rate",
    "Refusal",
    "Rule",
    "allowed",
    "bundled_rules",
    "limits",
    "rates",
    "take",
]

NANOSECONDS = 1_000_000_000
#: Fen in a yuan.
FEN = 100


# Rates


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` requests at once, and one more every ``interval_ns``."""

    burst: int
    interval_ns: int

    @classmethod
    def per_minute(cls, burst: int, count: int) -> Rate:
        """The rate of so many requests a minute, rounded to the slower side."""
        return cls(burst, -(-60 * NANOSECONDS // count))


def take(full_at: int, rate: Rate, now: int, cost: int = 1) -> tuple[int, int]:
    """Take ``cost`` tokens from a bucket.

    Parameters
    ----------
    full_at : int
        When the bucket will be full again; any moment in the past for one that nobody has used. [ns]
    rate : Rate
        Its size and how fast it fills.
    now : int
        The clock. [ns]
    cost : int
        Tokens to take.

    Returns
    -------
    full_at, wait : int
        The new state and how long to wait. Where one must wait, nothing was taken. [ns]
    """
    room = rate.burst * rate.interval_ns
    # No bucket is emptier than empty. One that seems so saw the clock set back, and starts from empty there.
    full_at = min(max(full_at, now), now + room)
    after = full_at + cost * rate.interval_ns
    wait = max(0, after - now - room)
    return (full_at, wait) if wait else (after, 0)


class Limiter:
    """Buckets of one process: per session, per key, per address, or of any other kind that has a rate.

    A request pays in all its buckets or in none. Full buckets are forgotten, so memory holds only who asked lately;
    should more than ``most`` ask at once, the one nearest to full goes first.
    """

    def __init__(self, rates: Mapping[str, Rate], most: int = 100_000) -> None:
        self._rates, self._most = dict(rates), most
        self._full_at: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def wait(self, who: Mapping[str, str], now: int, cost: int = 1) -> int:
        """How long a request must wait, 0 where it may go on and was counted. ``who``: kind to name. [ns]"""
        with self._lock:
            keys = [(kind, name) for kind, name in who.items() if kind in self._rates]
            taken = [take(self._full_at.get(key, now), self._rates[key[0]], now, cost) for key in keys]
            longest = max((wait for _, wait in taken), default=0)
            if not longest:
                self._full_at.update(zip(keys, (full_at for full_at, _ in taken), strict=True))
                self._forget(now)
            return longest

    def _forget(self, now: int) -> None:
        if len(self._full_at) <= self._most:
            return
        busy = sorted(((at, key) for key, at in self._full_at.items() if at > now), reverse=True)
        # Down to nine tenths, so that the sorting is paid for by many requests.
        self._full_at = {key: at for at, key in busy[: self._most * 9 // 10]}


@cache
def limits() -> Parameters:
    """The numbers of this room: lifetimes, rates, windows (``data/registry_access/limits.toml``)."""
    return load_parameters(data_path("registry_access", "limits.toml"), "registry_access")


def rates(on: date) -> dict[str, Rate]:
    """The rates in force on a day, by kind: ``session``, ``key``, ``address``, ``login``."""

    def number(name: str) -> int:
        return int(limits()[name].at(on).number())

    kinds = ("session", "key", "address", "login")
    return {kind: Rate.per_minute(number(f"{kind}_burst"), number(f"{kind}_requests_per_minute")) for kind in kinds}


# Rules


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may ask about an act."""

    act: str
    person: str
    region: str = ""
    amount_fen: int = 0
    year_to_date_fen: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a rule set: whom it concerns, what it checks, and the dated value it checks against."""

    name: str
    rule_set: str
    acts: frozenset[str]
    persons: frozenset[str]
    regions: frozenset[str]
    check: str
    leaves: tuple[Leaf, ...]

    def concerns(self, facts: Facts) -> bool:
        """Whether the rule speaks of this act by this person; no region named means everywhere."""
        here = not self.regions or facts.region in self.regions
        return here and facts.act in self.acts and facts.person in self.persons

    def at(self, on: date) -> Leaf | None:
        """The value in force on a day; nothing where the rule was not yet, or no longer."""
        return next(
            (
                leaf
                for leaf in reversed(self.leaves)
                if (leaf.valid_from is None or leaf.valid_from <= on) and (leaf.valid_to is None or on < leaf.valid_to)
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a rule does not allow an act, with the source and standing of the rule."""

    rule: Rule
    leaf: Leaf
    facts: Facts

    @property
    def code(self) -> str:
        """A stable code for the kind of refusal."""
        return f"access.rule_{self.rule.check}"

    def text(self, lang: Lang = "en") -> str:
        """The sentence people read; a scenario says that it is one."""
        total = (self.facts.year_to_date_fen + self.facts.amount_fen) / FEN
        known = {"limit": self.leaf.value, "total": f"{total:.2f}", "rule": getattr(self.leaf, lang)}
        mark = say("note.access.scenario", lang) if self.leaf.status is Status.SCENARIO else ""
        return say(f"fault.{self.code}", lang, **known) + mark


def _forbidden(leaf: Leaf, facts: Facts) -> bool:
    return leaf.value is True


def _yearly_yuan(leaf: Leaf, facts: Facts) -> bool:
    return facts.year_to_date_fen + facts.amount_fen > int(leaf.number()) * FEN


#: What a rule can check. A rule says which, and whom it concerns; the code knows no rule.
CHECKS = {"forbidden": _forbidden, "yearly_yuan": _yearly_yuan}


@cache
def bundled_rules() -> tuple[Rule, ...]:
    """The rules of ``data/registry_access/rules.toml``."""
    path = data_path("registry_access", "rules.toml")
    values = load_parameters(path, "registry_access/rules")
    rules = []
    for name, table in read_toml(path).items():
        for key in ("rule_set", "acts", "persons", "check"):
            if key not in table:
                raise DataError("data.missing_key", key=key, where=f"{path.name}: {name}")
        if table["check"] not in CHECKS:
            raise DataError("data.missing_key", key=str(table["check"]), where=f"{path.name}: {name}")
        whom = {key: frozenset(table.get(key, ())) for key in ("acts", "persons", "regions")}
        rules.append(Rule(name, table["rule_set"], check=table["check"], leaves=values[name].leaves, **whom))
    return tuple(rules)


def allowed(
    rule_set: str, facts: Facts, on: date, scenarios: bool = False, rules: Iterable[Rule] | None = None
) -> list[Refusal]:
    """Every rule of a rule set that does not allow the act on that day; none means it is allowed.

    ``scenarios`` lets rules count that are in no law in force: in a sandbox or a what-if only.
    """
    refusals = []
    for rule in bundled_rules() if rules is None else rules:
        leaf = rule.at(on)
        if rule.rule_set != rule_set or leaf is None or not rule.concerns(facts):
            continue
        if (scenarios or leaf.status is not Status.SCENARIO) and CHECKS[rule.check](leaf, facts):
            refusals.append(Refusal(rule, leaf, facts))
    return refusals
