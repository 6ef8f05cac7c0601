"""Facts that the registry holds: state, days, evidence, parties, tenure. Names of people are not among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tanhui.kernel.wording import LANGS
from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Filed, Material
from tanhui.projects.documents.model import Fact

__all__ = ["facts"]


def facts(material: Material) -> Iterator[Fact]:
    """The life cycle, and what the tenure table lets be credited."""
    filed = material.filed
    if filed is None:
        return
    state, book = filed.state, filed.book
    yield make_fact("registry.book", {lang: getattr(book, lang) for lang in LANGS}, f"data/rulebooks/{book.id}.toml")
    yield make_fact("registry.state", _words(filed, "state", state.state), f"{_events(filed)}: state")
    if state.since:
        yield make_fact("registry.since", state.since.isoformat(), f"{_events(filed)}: since")
    yield make_fact("registry.credits_t", state.credits_t, f"{_events(filed)}: registered")
    for act, day in state.done.items():
        yield make_fact("registry.done.*", day.isoformat(), f"{_events(filed)}: {act}", _part(filed, "act", act))
    for kind, sha256 in sorted(state.filed.items()):
        name = _part(filed, "evidence", kind)
        yield make_fact("registry.filed.*", sha256, f"{_events(filed)}: evidence {kind}", name)
    for role, account in sorted(state.named.items()):
        yield make_fact("registry.party.*", account, f"{_events(filed)}: {role}", _part(filed, "role", role))
    for fact, text in sorted(state.facts.items()):
        name = _part(filed, "fact", fact)
        yield make_fact("registry.fact.*", text, f"{_events(filed)}: fact {fact}", name)
    if filed.areas:
        where = "registry: credited areas"
        yield make_fact("tenure.parcels", len(filed.areas), where)
        yield make_fact("tenure.credited_m2", sum(area.credited_m2 for area in filed.areas), where)
        for area in filed.areas:
            yield make_fact("tenure.parcel.*.credited_m2", area.credited_m2, f"{where}: {area.parcel}", area.parcel)
    yield make_fact("tenure.to_net_t", filed.to_net_t, "registry: settlements")


def _events(filed: Filed) -> str:
    """Which events say so."""
    return f"registry: {filed.state.project}, {filed.state.events} events"


def _words(filed: Filed, kind: str, code: str) -> dict[str, Any]:
    return {lang: filed.book.word(f"{kind}.{code}", lang) for lang in LANGS}


def _part(filed: Filed, kind: str, code: str) -> dict[str, str]:
    return _words(filed, kind, code) | {"key": code}
