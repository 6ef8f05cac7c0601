"""Nobody makes our server ask its neighbours, however an address is spelled."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import InputError
from tanhui.registry.webhooks.addresses import is_public, public_address, read_url, system_resolver

GOOD = [
    ("https://hooks.example.com", "hooks.example.com", 443, "/"),
    ("https://Hooks.Example.COM./a?b=c", "hooks.example.com", 443, "/a?b=c"),
    ("https://hooks.example.com:8443/a%20b", "hooks.example.com", 8443, "/a%20b"),
    ("https://xn--fiqs8s.example?x", "xn--fiqs8s.example", 443, "/?x"),
    ("https://8.8.8.8/", "8.8.8.8", 443, "/"),
    ("https://[2606:4700:4700::1111]/", "[2606:4700:4700::1111]", 443, "/"),
]
#: One address, 127.0.0.1, and others of the inside, as people who look for a way in write them.
INSIDE = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",  # decimal
    "017700000001",  # octal
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f000001",  # hexadecimal
    "0x7f.0.0.1",
    "0x7F.1",
    "127.0.0.0x1",
    "00000127.0.0.1",
    "0",
    "0.0.0.0",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",  # IPv4 in IPv6
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",  # NAT64
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",  # 6to4
    "[2001:0:7f00:1::]",  # Teredo
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",  # metadata of AWS in IPv6
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "foo.localhost",
    "printer.local",
    "router.home.arpa",
    "metadata.google.internal",
    "metadata",
    "169.254.169.254",
    "169.254.169.254.",
    "2852039166",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "100.100.100.200",  # metadata of Alibaba Cloud, in shared address space
    "168.63.129.16",  # Azure
    "192.0.0.192",  # Oracle
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "08.8.8.8",  # a leading zero is octal to one reader and decimal to another
    "8.8.8",
    "8.8.8.8.8",
    "256.8.8.8",
    "foo.0x7f",
]
MALFORMED = [
    "",
    "https://",
    "https:///path",
    "https:hooks.example.com",
    "//hooks.example.com",
    "ftp://hooks.example.com",
    "file:///etc/passwd",
    "gopher://hooks.example.com",
    "HTTPS://hooks.example.com",
    "https://user@hooks.example.com",
    "https://user:pass@hooks.example.com",
    "https://hooks.example.com@127.0.0.1",
    "https://127.0.0.1#@hooks.example.com",
    "https://hooks.example.com#x",
    "https://127.0.0.1\\@hooks.example.com/",
    "https://hooks.example.com\\.evil/",
    "https://hooks.example.com/\r\nHost: x",
    "https://hooks.example.com/ x",
    "https://hooks.example.com\t/",
    " https://hooks.example.com",
    "https://hooks.example.com\n",
    "https://１２７.０.０.１/",  # full-width digits
    "https://①②⑦.⓪.⓪.①/",
    "https://loca\u00adlhost/",  # a soft hyphen
    "https://例え.jp/",
    "https://127。0。0。1/",  # ideographic full stops
    "https://127%2e0%2e0%2e1/",
    "https://%31%32%37.0.0.1/",
    "https://[::1/",
    "https://[fe80::1%25eth0]/",
    "https://::1/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:443:443/",
    "https://hooks.example.com:-1/",
    f"https://hooks.example.com/{'a' * 2000}",
]


@pytest.mark.parametrize(("url", "host", "port", "path"), GOOD)
def test_a_plain_address_is_read(url: str, host: str, port: int, path: str):
    target = read_url(url)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize("host", INSIDE)
def test_the_inside_is_refused_by_its_spelling(host: str):
    with pytest.raises(InputError) as refused:
        read_url(f"https://{host}/hook")
    assert refused.value.code in ("webhooks.host_refused", "webhooks.url_malformed")


@pytest.mark.parametrize("url", MALFORMED)
def test_what_two_programs_could_read_in_two_ways_is_malformed(url: str):
    with pytest.raises(InputError) as refused:
        read_url(url)
    assert refused.value.code == "webhooks.url_malformed"


@pytest.mark.parametrize(
    "host", ["-a.example", "a-.example", "a..example", ".example", "a_b.example", "a" * 64 + ".com"]
)
def test_a_name_that_is_none(host: str):
    with pytest.raises(InputError):
        read_url(f"https://{host}/")


def test_only_https_and_only_ports_where_web_servers_are():
    for url, code in {
        "http://hooks.example.com/": "webhooks.url_not_https",
        "https://hooks.example.com:22/": "webhooks.port_refused",
        "https://hooks.example.com:25/": "webhooks.port_refused",
    }.items():
        with pytest.raises(InputError) as refused:
            read_url(url)
        assert refused.value.code == code


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str):
    for url in (text, f"https://{text}", f"https://{text}/"):
        try:
            target = read_url(url)
        except InputError:
            continue
        # What passed is a full name or a public address, and says the same when it is read again.
        assert read_url(target.at(target.host.strip("[]"))).host == target.host


@pytest.mark.parametrize("host", [host for host in INSIDE if host.strip("[]") not in ("foo.0x7f",)])
def test_the_inside_is_refused_by_its_addresses_too(host: str):
    """As if a name led there: whatever the C library makes of the spelling is judged again."""
    target = read_url("https://hooks.example.com/")
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host.strip("[]"), 443, flags=socket.AI_NUMERICHOST)]
    except OSError:
        found = [host.strip("[]")]
    with pytest.raises(InputError):
        public_address(target, lambda *_: found if not is_public(found[0]) else ["127.0.0.1"])


def test_one_private_address_among_public_ones_is_enough():
    target = read_url("https://hooks.example.com/")
    assert public_address(target, lambda *_: ["8.8.8.8", "1.1.1.1"]) == "8.8.8.8"
    for address in ("127.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%2", "rubbish"):
        with pytest.raises(InputError) as refused:
            public_address(target, lambda *_, address=address: ["8.8.8.8", address])
        assert refused.value.code == "webhooks.host_refused"


def test_a_name_without_an_address():
    def nobody(*_: object) -> list[str]:
        raise OSError("no such name")

    target = read_url("https://hooks.example.com/")
    for resolve in (nobody, lambda *_: []):
        with pytest.raises(InputError) as refused:
            public_address(target, resolve)
        assert refused.value.code == "webhooks.host_unknown"


def test_the_system_resolver_gives_numbers():
    assert system_resolver("127.0.0.1", 443) == ["127.0.0.1"]


def test_loopback_only_by_the_switch_for_tests():
    target = read_url("http://127.0.0.1:80/", loopback=True)
    assert public_address(target, system_resolver, loopback=True) == "127.0.0.1"
    for address in ("10.0.0.1", "169.254.169.254"):  # the switch opens nothing else
        with pytest.raises(InputError):
            public_address(target, lambda *_, address=address: [address], loopback=True)
