"""Where a webhook may go: a public address, by HTTPS, whatever way the address was spelled.

Somebody who may name an address could otherwise make our server ask its neighbours: its own services, the private
network, a cloud's metadata. So a URL is read strictly, the name is resolved once, every address found must be public,
and the connection goes to the very address that was checked: a name that answers differently next time changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tanhui.kernel.errors import InputError

__all__ = ["Resolve", "Target", "is_public", "public_address", "read_url", "system_resolver"]

#: Scheme, host, port, path with query. No user, no fragment, no backslash, nothing but visible ASCII: names in other
#: scripts are given in their ASCII form (xn--).
URL = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,254})(?::([1-9][0-9]{0,4}))?([/?][!\"$-\[\]-~]*)?"
)
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
#: A last label like this makes browsers and the C library read the whole name as an IPv4 address.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
MAX_URL = 2000
#: Ports at which somebody listens who does not speak HTTP are none of our business.
HTTPS_PORT, FIRST_FREE_PORT = 443, 1024
#: Names of this machine and of private networks (RFC 6761, RFC 6762, RFC 8375; the last is ICANN's for private use).
PRIVATE_NAMES = ("localhost", "local", "home.arpa", "internal")
#: Unicast addresses of the Internet (RFC 4291); tunnels in it lead to an IPv4 address that would have to be judged too.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
TUNNELS = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
#: Not public whatever Python's tables of the day say: protocol assignments (RFC 6890; Oracle's metadata service is in
#: it), and a public number that is a cloud's own all the same, the metadata and name service of Azure.
NOT_PUBLIC = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("168.63.129.16/32"))

Resolve = Callable[[str, int], list[str]]
"""Host and port -> the addresses of a name; an ``OSError`` where there are none."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        usual = self.port == {"https": HTTPS_PORT, "http": 80}[self.scheme]
        return self.host if usual else f"{self.host}:{self.port}"

    def at(self, address: str) -> str:
        """The URL with an address in place of the name."""
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def read_url(url: str, *, loopback: bool = False) -> Target:
    """A webhook's URL, if one may go there as far as the spelling tells.

    Parameters
    ----------
    url : str
        As somebody gave it.
    loopback : bool
        For tests only: this machine is allowed, by plain HTTP too.

    Raises
    ------
    InputError
        If it is malformed, not HTTPS, or names what is not public.
    """
    match = URL.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None or int(match[3] or 1) > 65535:
        raise InputError("webhooks.url_malformed", url=url[:MAX_URL])
    scheme, host, port = match[1], match[2].lower().removesuffix("."), match[3]
    if scheme != "https" and not loopback:
        raise InputError("webhooks.url_not_https", url=url)
    number = int(port) if port else {"https": HTTPS_PORT, "http": 80}[scheme]
    if number != HTTPS_PORT and number < FIRST_FREE_PORT and not loopback:
        raise InputError("webhooks.port_refused", port=number)
    if not loopback:
        _check_host(host)
    path = match[4] or "/"
    return Target(scheme, host, number, path if path.startswith("/") else f"/{path}")


def public_address(target: Target, resolve: Resolve, *, loopback: bool = False) -> str:
    """The address to connect to, resolved once and checked.

    Raises
    ------
    InputError
        If the name has no address, or one of its addresses is not public.
    """
    try:
        found = resolve(target.host.strip("[]"), target.port)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise InputError("webhooks.host_unknown", host=target.host)
    for address in found:
        if not (is_public(address) or (loopback and ipaddress.ip_address(address).is_loopback)):
            raise InputError("webhooks.host_refused", host=target.host)
    return found[0]


def is_public(address: str) -> bool:
    """Whether an address is a machine's on the Internet: not private, shared, local, reserved, or for many."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (
        found not in GLOBAL_UNICAST or any(found in tunnel for tunnel in TUNNELS)
    ):
        return False
    special = found.is_multicast or found.is_reserved or any(found in network for network in NOT_PUBLIC)
    return found.is_global and not special


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine resolves it."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _check_host(host: str) -> None:
    """Refuse a host that is no full name of the Internet and no public address in its one plain spelling."""
    if host.startswith("["):
        public = is_public(host[1:-1])
    elif NUMBER.fullmatch(host.rpartition(".")[2]):
        public = is_public(host)
    else:
        labels = host.split(".")
        public = len(labels) > 1 and all(LABEL.fullmatch(label) for label in labels)
        public = public and not any(host == name or host.endswith(f".{name}") for name in PRIVATE_NAMES)
    if not public:
        raise InputError("webhooks.host_refused", host=host)
