"""``tanhui serve``: a registry over HTTP, for this machine unless TLS or a proxy stands in between."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tanhui.faces.cli.language import t
from tanhui.faces.cli.show import JsonOption, error_line, say_line, show_json
from tanhui.kernel.errors import InputError

__all__ = ["add_to"]

PORT = 8642
#: How long the last requests may take at the end. [s]
GRACE_S = 10
#: Connections that may wait to be taken.
BACKLOG = 1024


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("serve", help=t("serve.help"))(serve)


def serve(
    folder: Annotated[Path, typer.Argument(metavar="REGISTRY", help=t("registry.folder"))],
    host: Annotated[str, typer.Option("--host", help=t("serve.host"))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help=t("serve.port"))] = PORT,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help=t("serve.behind_proxy"))] = False,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help=t("serve.tls_cert"))] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help=t("serve.tls_key"))] = None,
    rules: Annotated[list[str] | None, typer.Option("--rules", metavar="SET", help=t("serve.rules"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a registry until interrupted."""
    import uvicorn

    from tanhui.faces.api.app import create_app
    from tanhui.faces.api.connection import Prompt, most_connections
    from tanhui.faces.opening import open_registry
    from tanhui.registry.access.service import Gate

    check_exposure(host, tls_cert, tls_key, behind_proxy)
    check_rules(rules or ())
    with open_registry(folder, publish_each=False) as registry, listening(host, port) as listener:
        gate = Gate(registry, rule_sets=rules or ())
        code = gate.begin()
        config = uvicorn.Config(
            create_app(registry, gate=gate, behind_proxy=behind_proxy),
            ssl_certfile=tls_cert,
            ssl_keyfile=str(tls_key) if tls_key else None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            http=Prompt,
            limit_concurrency=most_connections(),
            timeout_graceful_shutdown=GRACE_S,
        )
        url = address(listener, secure=tls_cert is not None)
        with suppress(
            KeyboardInterrupt
        ):  # how a server that was asked to end ends, from the moment it says it is there
            if as_json:
                show_json({"registry": registry.origin, "url": url, "enrolment": str(code) if code else None})
            else:
                say_line(t("serve.ready", origin=registry.origin, url=url))
                if code:
                    say_line(t("serve.enrol", path=code))
            flush()
            uvicorn.Server(config).run(sockets=[listener])
    error_line(t("serve.ended"))


def check_exposure(host: str, tls_cert: Path | None, tls_key: Path | None, behind_proxy: bool) -> None:
    """Refuse to speak in clear to anybody but this machine."""
    import ssl

    if (tls_cert is None) != (tls_key is None):
        raise InputError("serve.tls_incomplete")
    if tls_cert is not None:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls_cert, tls_key)
        except OSError as error:
            raise InputError("serve.tls_wrong", detail=str(error)) from None
    elif not behind_proxy and not is_loopback(host):
        raise InputError("serve.exposed", host=host)


def check_rules(wanted: Sequence[str]) -> None:
    """Refuse names of rule sets that are none: a misspelt one would let through what it should not."""
    from tanhui.registry.access.limits import bundled_rules

    known = sorted({rule.rule_set for rule in bundled_rules()})
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError("serve.unknown_rules", rules=", ".join(unknown), known=", ".join(known))


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own. A name may lead anywhere, but for the one that may not."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """A socket to listen on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, so that asyncio sends at once: a socket of protocol 0 waits 40 ms for each answer's second part.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        listener.close()
        raise InputError("serve.cannot_listen", host=host, port=port, detail=str(error)) from None
    return listener


def address(listener: socket.socket, *, secure: bool) -> str:
    """Where a socket listens."""
    host, port = listener.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if secure else 'http'}://{host}:{port}"


def flush() -> None:
    """Whoever waits for the address reads it now."""
    import sys

    sys.stdout.flush()
