"""The report in a real browser: no outside request, no error, both languages, nothing wider than a phone or paper."""

import re
import shutil
from pathlib import Path

import pytest

from tanhui.faces.demo import ILLUSTRATIVE, REAL

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.fail("chromium is not installed; tests/system-packages.sh installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(params=[REAL, ILLUSTRATIVE])
def report(demo, request):
    return demo / request.param / "report.html"


def open_page(browser, path, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.requests, page.faults = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(path.as_uri())
    return page


def visible_text(page):
    return page.inner_text("main")


def test_one_language_at_a_time_and_nothing_from_outside(browser, report):
    page = open_page(browser, report, 1000)
    chinese = visible_text(page)
    page.click("#switch")
    english = visible_text(page)
    assert "全部估计值" in chinese
    assert "All estimates" not in chinese
    assert "All estimates" in english
    assert not re.search(r"[\u4e00-\u9fff]{4,}", page.inner_text("h1"))
    assert page.requests == [report.as_uri()]
    assert page.faults == []
    page.close()


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_nothing_sticks_out_of_the_page(browser, report, width):
    page = open_page(browser, report, width)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.click("#switch")
    page.close()


def test_prints_on_a4(browser, report, tmp_path):
    page = open_page(browser, report, 1000)
    path = tmp_path / "report.pdf"
    page.pdf(path=str(path), prefer_css_page_size=True)
    page.close()
    pages = len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))
    assert 3 <= pages <= 14


def test_no_wording_key_is_shown(report):
    text = Path(report).read_text(encoding="utf-8")
    body = re.sub(r"<style>.*?</style>|<script>.*?</script>|<svg.*?</svg>", "", text, flags=re.DOTALL)
    shown = re.sub(r"<[^>]+>", " ", body)
    assert not re.findall(r"\b(?:report|reason|verdict|excluded|fault)\.[a-z_]+", shown)


def test_figures_speak(report):
    """Every figure has a name for who cannot see it, and text that the browser can find and select."""
    svgs = re.findall(r"<svg.*?</svg>", Path(report).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(svgs) >= 6
    for svg in svgs:
        assert 'role="img"' in svg
        assert re.search(r'aria-label="[^"]+"', svg)
        assert "<text" in svg
