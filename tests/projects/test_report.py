"""The report in a real browser: no outside request, no error, both languages, nothing wider than a phone or paper."""

import re
import shutil
from pathlib import Path

import pytest

from tanhui.faces.demo import ILLUSTRATIVE, REAL
from tanhui.projects.report.numbers import digits_for, number, percent, signed

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


def test_the_file_stays_small(report):
    assert report.stat().st_size <= 600_000


def test_one_drawing_of_each_figure_is_shown(browser, report):
    """Four are in the file, for page and phone in two languages; letters are as large as those of the tables."""
    for width, kind in ((1000, "page"), (390, "phone")):
        page = open_page(browser, report, width)
        shown = [f for f in page.query_selector_all(".figure") if f.is_visible()]
        assert len(shown) == len(page.query_selector_all(".figure")) / 4
        for figure in shown:
            assert kind in figure.get_attribute("class").split()
            assert figure.get_attribute("lang") == "zh"
            letters = figure.query_selector_all("text")
            heights = [box["height"] for letter in letters if (box := letter.bounding_box())]
            assert min(heights) >= 9
        page.close()


def test_reasons_of_one_kind_are_one_line(browser, report):
    page = open_page(browser, report, 1000)
    lines = page.query_selector_all(".note > ul > li")
    assert 3 <= len(lines) <= 14
    page.close()


def test_a_link_to_a_reference_opens_where_it_leads(browser, report):
    page = open_page(browser, report, 1000)
    link = next(a for a in page.query_selector_all("a[href^='#ref-']") if a.is_visible())
    target = link.get_attribute("href")
    link.click()
    page.wait_for_selector(f"[id='{target[1:]}']", state="visible")
    page.close()


@pytest.mark.parametrize(
    ("value", "se", "digits"), [(89.35, 13.49, 1), (1.0632, 0.345, 2), (21377, 3256, 0), (0.0123, 0.00456, 4)]
)
def test_digits_follow_the_standard_error(value, se, digits):
    """By hand: two digits of the standard error, at least one below a thousand."""
    assert digits_for(value, se) == digits


def test_figures_without_an_error_and_without_a_value():
    assert digits_for(3.0, 0.0) is None
    assert digits_for(3.0, float("nan")) is None
    assert number(None) == number(float("nan")) == "—"
    assert number(-0.001, 2) == "0.00"
    assert signed(0.0) == "0.00"
    assert signed(-1505.714) == "\u22121,505.71"
    assert percent(-0.118) == "\u221211.8 %"


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
