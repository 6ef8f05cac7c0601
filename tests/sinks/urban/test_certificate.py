"""The certificate: says it is no credit, carries the hashes, asks for nothing from outside, fits a phone and paper."""

import re
import shutil
from datetime import date

import pytest

from tanhui.sinks.frame import run_sink, sink
from tanhui.sinks.urban.certificate import certificate, number

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EXAMPLE = sink("urban").folder / "cases" / "trees.csv"
LANGS = ["zh", "en"]


def page(lang, **inputs):
    result = run_sink(
        "urban", {"trees": str(EXAMPLE), "region": "cn/shanghai", **inputs}, today=date(2026, 1, 1), lang=lang
    )
    return result, certificate(result, lang)


@pytest.mark.parametrize("lang", LANGS)
def test_it_says_what_it_is_and_what_it_is_not(lang):
    result, html = page(lang, city_ha=3, canopy_ha=1, green_ha=2)
    assert {"zh": "不是减排量", "en": "Not a credit"}[lang] in html
    assert result["run"] in html
    assert re.search(r"\b[0-9a-f]{64}\b", " ".join(result["notes"])).group() in html
    assert all(row in html for row in result["rows"]["equation"])
    assert "urban.certificate" not in html
    assert not re.findall(r"(?:src|href|url)\s*[=(]", html)


@pytest.mark.parametrize("lang", LANGS)
def test_without_error_areas_or_heritage_it_still_stands(lang):
    tree = {"tree": "1", "species": "悬铃木", "dbh_cm": 20}
    result = run_sink("urban", {"trees": [tree]}, today=date(2026, 1, 1), lang=lang)
    html = certificate(result, lang)
    assert "heritage" not in re.sub(r"<style>.*</style>", "", html, flags=re.S)
    assert "urban.certificate" not in html


def test_a_name_is_text_and_no_markup():
    tree = {"tree": "1", "species": "<script>x</script>", "dbh_cm": 20, "wood_density_g_cm3": 0.5}
    html = certificate(run_sink("urban", {"trees": [tree]}, today=date(2026, 1, 1)), "en")
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_numbers_show_what_their_error_leaves_sure():
    assert number(38152.98, 8793) == "38,153"
    assert number(0.6361, 0.29) == "0.64"
    assert number(-12.345, 1.2) == "\u221212.3"
    assert number(0.0) == "0"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [390, 794])
def test_nothing_is_wider_than_a_phone_or_paper(tmp_path, lang, width):
    if CHROMIUM is None:
        pytest.fail("chromium is not installed; tests/system-packages.sh installs it")
    from playwright.sync_api import sync_playwright

    path = tmp_path / "certificate.html"
    path.write_text(page(lang)[1], encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        opened = browser.new_page(viewport={"width": width, "height": 900})
        asked = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(path.as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert asked == [path.as_uri()]
        browser.close()
