"""The printable page of a certificate: what the document says, its hash, and a code that leads to the document.

A page proves nothing; it says so, and how to check the document that does. It asks for nothing from outside.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import DomainError, InputError, IntegrityError
from tanhui.kernel.wording import Lang, say
from tanhui.registry.certificate import certificate_facts, credits_by_vintage, kg_as_tonnes, verify_certificate
from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.commitments import Opening
from tanhui.registry.log.note import encode, parse_note
from tanhui.registry.verdict import REFUSED

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["certificate_link", "certificate_page"]

#: Types of signature as people know them, by the length of what stands in a note. [bytes]
SIGNATURES = {64: "Ed25519", 72: "Ed25519", 2428: "ML-DSA-44"}
#: The emblem: rings of growth whose widths and bends come from the certificate's hash.
RINGS, EMBLEM = 9, 100
#: The longest address that a code of a readable size holds beside the hash. [characters]
MAX_ADDRESS = 300
#: Letters that a web address without a fragment consists of (RFC 3986).
WEB_ADDRESS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]{1," + str(MAX_ADDRESS) + "}")


def certificate_page(document: Mapping[str, Any], lang: Lang, address: str, opening: Opening | None = None) -> str:
    """A certificate as one HTML page, for A4 paper and for a phone.

    Parameters
    ----------
    document : mapping
        The certificate.
    lang : {"zh", "en"}
        The language of the page.
    address : str
        Where the certificate is found: a web address without a fragment. The code leads there.
    opening : Opening, optional
        Of the beneficiary's commitment: the page then names the beneficiary.

    Raises
    ------
    IntegrityError
        If the certificate contradicts itself. Who signed it is not looked at: that takes anchors.
    InputError
        If the address is not one.
    DomainError
        If the opening is another's.
    """
    if verify_certificate(document).status == REFUSED:
        raise IntegrityError("registry.certificate_malformed")
    facts = certificate_facts(document)
    if opening is not None and opening.commitment != facts["beneficiary_commitment"]:
        raise DomainError("registry.opening_of_another")
    sha256 = hash_json(document)
    return (
        environment()
        .get_template("template.html")
        .render(
            say=partial(say_on_page, lang),
            lang=lang,
            sandbox=document["sandbox"],
            facts=facts,
            quantity_t=grouped(kg_as_tonnes(int(facts["quantity_kg"]))),
            units=grouped(facts["units"]),
            vintages=[(year, grouped(kg_as_tonnes(kg))) for year, kg in credits_by_vintage(document).items()],
            credits_t=grouped(facts["credits_t"]),
            serials=[span(serials.rsplit(":", 1)[1]) for serials in facts["serials"]],
            beneficiary=opening.value if opening else "",
            log=log_facts(document["evidence"]["checkpoint"]),
            sha256=sha256,
            address=address,
            code=qr_code(certificate_link(document, address)),
            rings=rings(bytes.fromhex(sha256)),
        )
    )


def certificate_link(document: Mapping[str, Any], address: str) -> str:
    """What the code holds: the address, then in the fragment the retirement's id and the certificate's hash.

    A browser sends no fragment, so the code works with any server, and who scans it can compare the hash.

    Raises
    ------
    InputError
        If the address is no web address, has a fragment, or is too long for a code.
    """
    try:
        parts = urlsplit(address)
        web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        web = False
    if not web or not WEB_ADDRESS.fullmatch(address):
        raise InputError("registry.certificate_address_wrong", address=address, most=MAX_ADDRESS)
    return f"{address}#{document['chain']['retirement']}:{hash_json(document)}"


def log_facts(note: str) -> dict[str, Any]:
    """The checkpoint for people: whose, how large, which root, signed by whom and how."""
    text, signatures = parse_note(note)
    head = parse_checkpoint(text)
    signers = [(found.name, SIGNATURES.get(len(found.signature), "?")) for found in signatures]
    own = [suite for name, suite in signers if name == head.origin]
    witnesses = [f"{name} ({suite})" for name, suite in signers if name != head.origin]
    return {"size": grouped(str(head.size)), "root": encode(head.root), "signed": own, "witnesses": witnesses}


def qr_code(payload: str) -> Markup:
    """A QR code as SVG."""
    import segno
    from markupsafe import Markup

    code = segno.make(payload, error="m", micro=False)
    return Markup(code.svg_inline(omitsize=True, border=4, dark="#10241d", svgclass="qr", lineclass=None))


def rings(seed: bytes) -> list[str]:
    """Closed curves around a centre, as SVG paths: another certificate has another wood."""
    edges = list(accumulate(1 + 2 * width / 255 for width in seed[:RINGS]))
    bends = [(seed[24 + n] % 5 + 2, seed[28 + n] / 255 * math.tau) for n in range(4)]
    paths = []
    for edge in edges:
        points = []
        for step in range(72):
            angle = math.tau * step / 72
            bent = 1 + 0.018 * sum(math.cos(waves * angle + phase) for waves, phase in bends)
            radius = 0.46 * EMBLEM * edge / edges[-1] * bent
            points.append(f"{EMBLEM / 2 + radius * math.cos(angle):.1f} {EMBLEM / 2 + radius * math.sin(angle):.1f}")
        paths.append(f"M{'L'.join(points)}Z")
    return paths


def span(serials: str) -> str:
    """First and last serial, or the one there is."""
    first, last = serials.split("-")
    return first if first == last else f"{first}–{last}"


def say_on_page(lang: Lang, key: str, **facts: Any) -> str:
    """A sentence of the page."""
    return say(f"certificate.{key}", lang, **facts)


def grouped(number: str) -> str:
    """Thousands apart, by thin spaces that do not break."""
    whole, dot, rest = number.partition(".")
    return f"{int(whole):,}".replace(",", "\u202f") + dot + rest


@cache
def environment() -> Environment:
    """Templates of this folder, everything escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    folder = Path(__file__).parent
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["style"] = Markup((folder / "style.css").read_text(encoding="utf-8"))
    return made
