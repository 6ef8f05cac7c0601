"""The printable page: complete, in one language, without a request to anybody, on paper and on a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import DomainError, InputError, IntegrityError
from tanhui.registry.certificate_page import certificate_link, certificate_page
from tanhui.registry.commitments import Opening
from tanhui.registry.log.cosignature import COSIGNATURE_V1, SUBTREE_V1
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.model import Issuance
from tests.projects.test_report import CHROMIUM, FLAGS
from tests.registry.certificate.conftest import Passport
from tests.registry.certificate.test_size import SIGNERS, in_a_tree, issuance, most_pieces, retirement

ADDRESS = "https://registry.example/v1/certificates/R000009"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.fail("chromium is not installed; tests/system-packages.sh installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


def open_page(browser: Any, text: str, folder: Path, width: int = 1000) -> Any:
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.requests, page.faults = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(path.as_uri())
    return page


@pytest.fixture(scope="module")
def earnest() -> dict[str, Any]:
    """A certificate of a registry whose units count, with a witness."""
    origin = "registry.example/national"
    issued = issuance(2)
    noun = issued.as_kind(Issuance)
    claim = replace(noun.claim, sandbox=False, creditable=True, open_points=0, verifier="0123456789abcdef")
    issued = replace(issued, noun=replace(noun, claim=claim))
    own = [NoteSigner(origin, bytes(32)), NoteSigner(origin, bytes(32), SUBTREE_V1)]
    return in_a_tree(issued, retirement(issued, 1), *own, NoteSigner("witness.example/a", bytes(32), COSIGNATURE_V1))


@pytest.mark.parametrize("width", [390, 1000])
def test_it_asks_for_nothing_and_fits(browser: Any, passport: Passport, tmp_path: Path, width: int):
    for lang in ("zh", "en"):
        page = open_page(browser, certificate_page(passport.document, lang, ADDRESS), tmp_path, width)
        assert "3" in page.inner_text(".quantity")
        assert (len(page.requests), page.faults) == (1, [])
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.locator(".mark").is_visible()
        page.close()


def test_it_says_what_the_certificate_says(browser: Any, passport: Passport, tmp_path: Path):
    document = passport.later
    for lang, words in {
        "zh": ["碳减排量注销凭证", "20 t CO", "自愿注销", "未公开", "仅供演示", "这一页不是证明"],
        "en": [
            "Certificate of retirement",
            "20 t CO",
            "voluntary",
            "not public",
            "of no value",
            "This page is no proof",
        ],
    }.items():
        page = open_page(browser, certificate_page(document, lang, ADDRESS), tmp_path)
        text = page.inner_text("main")
        chain = document["chain"]
        for word in [
            *words, chain["manifest_sha256"], chain["claim_sha256"], chain["issued_serials"], chain["account"],
            "4–5", "25–29", "2021: 60 t", "2022: 40 t", "Ed25519 + ML-DSA-44", ADDRESS, hash_json(document),
        ]:  # fmt: skip
            assert word in text
        assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[lang]
        page.close()


def test_one_language_at_a_time(passport: Passport):
    class Texts(HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += data

    reader = Texts()
    reader.feed(certificate_page(passport.document, "en", ADDRESS).split("</style>")[1])
    assert set(re.findall("[\u4e00-\u9fff]", reader.found)) == set("沙盒")


def test_no_mark_where_units_count(browser: Any, earnest: dict[str, Any], tmp_path: Path):
    page = open_page(browser, certificate_page(earnest, "en", ADDRESS), tmp_path)
    text = page.inner_text("body")
    assert "SANDBOX" not in text
    assert "Indicative" not in text
    assert "Cosigned by witness.example/a (Ed25519)" in text
    assert page.locator(".mark").count() == 0


def test_it_is_one_sheet_of_paper(browser: Any, passport: Passport, earnest: dict[str, Any], tmp_path: Path):
    for document in (passport.document, passport.later, earnest):
        page = open_page(browser, certificate_page(document, "en", ADDRESS), tmp_path)
        printed = page.pdf(prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1
        page.close()


def test_every_piece_is_printed(browser: Any, tmp_path: Path):
    issued = issuance(10)
    many = most_pieces(issued)
    document = in_a_tree(issued, retirement(issued, many), *SIGNERS)
    page = open_page(browser, certificate_page(document, "zh", ADDRESS), tmp_path)
    assert page.locator(".serials span").count() == many
    assert len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(prefer_css_page_size=True))) == 2


def test_the_code_on_the_screen_is_the_code(browser: Any, passport: Passport, tmp_path: Path):
    """Module by module, from the picture that a camera sees, against an encoding of the link."""
    link = certificate_link(passport.document, ADDRESS)
    assert link == f"{ADDRESS}#{passport.document['chain']['retirement']}:{hash_json(passport.document)}"
    wanted = [[bool(module) for module in row] for row in segno.make(link, error="m", micro=False).matrix]
    page = open_page(browser, certificate_page(passport.document, "en", ADDRESS), tmp_path)
    page.add_style_tag(content=".code { width: 976px; position: fixed; inset: 0; margin: 0; }")
    picture = Image.open(io.BytesIO(page.locator(".qr").screenshot())).convert("L")
    step = picture.width / (len(wanted) + 8)
    seen = [
        [picture.getpixel(((x + 4.5) * step, (y + 4.5) * step)) < 128 for x in range(len(wanted))]
        for y in range(len(wanted))
    ]
    assert seen == wanted
    assert all(picture.getpixel((place * step, 2 * step)) > 200 for place in range(len(wanted) + 8))  # a quiet zone


def test_the_beneficiary_is_named_by_who_can_show_it(passport: Passport):
    opening = passport.world.registry.opening(passport.document["chain"]["beneficiary_commitment"])
    assert opening is not None
    assert "Buyer Ltd" in certificate_page(passport.document, "en", ADDRESS, opening)
    assert "Buyer Ltd" not in certificate_page(passport.document, "en", ADDRESS)
    with pytest.raises(DomainError, match="commitment"):
        certificate_page(passport.document, "en", ADDRESS, Opening(bytes(32), "Somebody"))


def test_a_spoilt_certificate_is_not_printed(passport: Passport):
    for spoilt in ({}, {**passport.document, "chain": {**passport.document["chain"], "units": "1000"}}):
        with pytest.raises(IntegrityError):
            certificate_page(spoilt, "en", ADDRESS)


@pytest.mark.parametrize(
    "address",
    ["", "R000009", "javascript:alert(1)", "https://", "https://a.example/#x", "https://a.example/a b", 'https://a/"', "https://a/é",
     "http://[", "ftp://a.example/", "https://a.example/" + "x" * 300, "https://a.example/\n"],
)  # fmt: skip
def test_what_is_no_address(passport: Passport, address: str):
    with pytest.raises(InputError):
        certificate_page(passport.document, "en", address)


def test_names_are_no_markup():
    issued = issuance(1)
    noun = issued.as_kind(Issuance)
    evil = "<script>alert(1)</script>{{ 7*7 }}"
    issued = replace(issued, noun=replace(noun, claim=replace(noun.claim, project=evil)))
    page = certificate_page(in_a_tree(issued, retirement(issued, 1), *SIGNERS), "en", ADDRESS)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page
