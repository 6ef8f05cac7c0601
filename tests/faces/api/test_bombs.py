"""Requests that promise more than they hold: refused as malformed or too large, never a mistake of the server."""

from __future__ import annotations

import gzip

import pytest

from tests.faces.api.conftest import World

PATHS = ("/v1/orders", "/v1/batches", "/v1/sessions", "/v1/webhooks")


@pytest.mark.parametrize("depth", [500, 5_000, 30_000])
def test_nested_bodies_are_refused(world: World, depth: int):
    headers = {**world.headers("operator", "x"), "Content-Type": "application/json"}
    for path in PATHS:
        for body in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
            assert world.http.post(path, content=body, headers=headers).status_code in (400, 413, 422)


def test_a_packed_body_is_not_unpacked(world: World):
    headers = {**world.headers("operator", "x"), "Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(b" " * 30_000_000)
    assert len(body) < 64 * 1024
    assert world.http.post("/v1/orders", content=body, headers=headers).status_code in (400, 415, 422)
