"""Whatever the description allows, and much that it does not, never ends in a mistake of ours (schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from tests.faces.api.conftest import World, opened

FEW = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": (Phase.generate,), "database": None}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A registry that the requests of a module may fill."""
    with opened(tmp_path_factory.mktemp("fuzz") / "registry") as world:
        yield world


def send(world: World, case: Any, who: str) -> None:
    """One request; its answer must be one that the description names, and never a mistake."""
    request = case.as_transport_kwargs(base_url="http://registry")
    if isinstance(request.get("data"), bytes):
        request["content"] = request.pop("data")
    headers = {**(request.pop("headers", None) or {}), **world.headers(who)}
    answer = world.http.request(**request, headers=headers, follow_redirects=False)
    told = f"{request} -> {answer.status_code} {answer.text[:300]}"
    assert answer.status_code < 500, told
    if answer.status_code >= 400:
        document = answer.json()
        assert answer.headers["content-type"] == "application/problem+json", told
        assert {"type", "title", "status", "detail", "code"} <= set(document), told
        assert not document["title"].startswith("api."), told
        assert not document["detail"].startswith("error."), told


def fuzz(world: World, mode: GenerationMode, examples: int, who: str = "operator") -> int:
    """Some requests to every route; how many routes."""
    schema = schemathesis.openapi.from_dict(world.app.openapi())
    routes = [found.ok() for found in schema.get_all_operations()]
    # Last what would end the session that all others need.
    routes.sort(key=lambda route: (route.method.upper(), route.path) == ("DELETE", "/v1/sessions/current"))
    for route in routes:

        @settings(max_examples=examples, **FEW)
        @given(case=route.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            send(world, case, who)

        with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
            run()
    return len(routes)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_breaks_it(fuzzed: World, mode: GenerationMode):
    assert fuzz(fuzzed, mode, 6) > 50


@pytest.mark.long
@pytest.mark.parametrize("who", ["operator", "owner"])
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_of_many_breaks_it(fuzzed: World, mode: GenerationMode, who: str):
    assert fuzz(fuzzed, mode, 300, who) > 50
