"""What every request meets first: its size, its rate, headers that keep browsers safe, and mistakes of ours.

Plain ASGI. The log tells of a mistake its kind and where it happened, never its message or what was sent: either may
hold a secret or a name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
import traceback
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tanhui.faces.api.negotiation import header, language
from tanhui.faces.api.problems import ApiError, TooMany, problem
from tanhui.kernel.errors import TanhuiError
from tanhui.registry.access.limits import NANOSECONDS, Limiter
from tanhui.registry.errors import RegistryError

__all__ = ["MOST_AT_ONCE", "Wire", "pay", "peer"]

log = logging.getLogger("tanhui.api")
#: The most that a request may send, by the end of its path. [bytes]
MAX_BODY, MAX_BODIES = 64 * 1024, {"/v1/orders": 4 * 1024 * 1024, "/v1/batches": 16 * 1024 * 1024}
#: How long sending it may take. [s]
BODY_S = 30
#: Requests that are served at once; whoever comes beyond them may ask again in a second.
MOST_AT_ONCE = 500
#: An answer is data: no browser shall run it, frame it, guess its kind or tell others where it was.
SAFE = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"vary": b"Accept, Accept-Language, Authorization",
}
#: Once reached by TLS, always by TLS.
STRICT = (b"strict-transport-security", b"max-age=31536000")


class Wire:
    """The outermost layer of the application.

    Parameters
    ----------
    app : ASGI application
        What is behind.
    limiter : Limiter
        Pays for each request by its address.
    behind_proxy : bool
        Whether the address is what the proxy in front says it is.
    at_once : int
        Requests that are served at once.
    """

    def __init__(self, app: ASGIApp, limiter: Limiter, behind_proxy: bool = False, at_once: int = MOST_AT_ONCE) -> None:
        self._app, self._limiter, self._behind_proxy = app, limiter, behind_proxy
        self._at_once, self._under_way = at_once, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["address"] = address = peer(scope, self._behind_proxy)
        out = _Out(send, scope["method"] == "HEAD", self._is_secure(scope))
        if out.bare:
            scope["method"] = "GET"
        self._under_way += 1
        try:
            if self._under_way > self._at_once:
                raise RegistryError("registry.busy")
            pay(self._limiter, address=network(address))
            body = await _whole_body(scope, receive)
            await self._app(scope, body, out)
        except TanhuiError as error:
            await out.instead(error, scope, receive)
        except Exception as error:
            log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            # The pool of connections may be used up; that passes.
            busy = type(error).__name__ == "TimeoutError"
            told = RegistryError("registry.busy") if busy else ApiError("api.bug")
            await out.instead(told, scope, receive)
        finally:
            self._under_way -= 1

    def _is_secure(self, scope: Scope) -> bool:
        forwarded = self._behind_proxy and header(scope, b"x-forwarded-proto") == "https"
        return scope["scheme"] == "https" or forwarded


class _Out:
    """Where an answer goes, with our headers, and without its body where only the head was asked for."""

    def __init__(self, send: Send, bare: bool, secure: bool) -> None:
        self._send, self.bare, self._secure, self._begun = send, bare, secure, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            there = {name for name, _ in message["headers"]}
            more = [(name, value) for name, value in SAFE.items() if name not in there]
            message = {**message, "headers": [*message["headers"], *more, *([STRICT] if self._secure else [])]}
        elif self.bare:
            message = {**message, "body": b""}
        await self._send(message)

    async def instead(self, error: TanhuiError, scope: Scope, receive: Receive) -> None:
        """Say what is wrong, if nothing else was said yet."""
        if not self._begun:
            await problem(error, language(scope))(scope, receive, self)


def pay(limiter: Limiter, cost: int = 1, **who: str) -> None:
    """Refuse a request that comes too early in any of its buckets."""
    wait = limiter.wait(who, time.monotonic_ns(), cost)
    if wait:
        raise TooMany(-(-wait // NANOSECONDS))


def peer(scope: Mapping[str, Any], behind_proxy: bool) -> str:
    """Whose request it is: behind a proxy the last address, which the proxy itself put there."""
    if behind_proxy:
        forwarded = header(scope, b"x-forwarded-for").split(",")[-1].strip()
        if forwarded:
            return forwarded[:64]
    return str(scope["client"][0]) if scope.get("client") else ""


def network(address: str) -> str:
    """What a rate is counted by: an address, or the network of 64 bits that one subscriber of IPv6 has."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else address


async def _whole_body(scope: Scope, receive: Receive) -> Receive:
    """The body of a request, read to its end; a longer or slower one than allowed is refused unread."""
    most = MAX_BODIES.get(scope["path"], MAX_BODY)
    told = header(scope, b"content-length")
    if told and (not told.isdecimal() or int(told[:20]) > most):
        raise ApiError("api.body_too_large", most=most)
    if not told and not header(scope, b"transfer-encoding"):
        return receive
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most:
                    raise ApiError("api.body_too_large", most=most)
                if not message.get("more_body"):
                    break
    except TimeoutError:
        raise ApiError("api.body_slow", most=BODY_S) from None
    whole: list[Message] = [{"type": "http.request", "body": b"".join(parts), "more_body": False}]

    async def replay() -> Message:
        return whole.pop() if whole else await receive()

    return replay
