"""The picture of a report in the README: ``python docs/make_pictures.py`` after the report has changed.

Runs the Hunan example, opens its report in chromium and writes ``docs/images/report.png``, small enough to be loaded
with a page.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
TARGET = DOCS / "images" / "report.png"
#: The window, and the part of the page that is kept. [px]
WIDTH, HEIGHT, SCALE = 1000, 1530, 1.2
#: Colours of the palette: the page has few, and the file gets small.
COLOURS = 128
MAX_BYTES = 200_000


def main() -> None:
    """Make the picture anew."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    from tanhui.faces.demo import ILLUSTRATIVE, example_folder
    from tanhui.projects.run import run_project

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("chromium is not installed")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        out = Path(folder) / "out"
        run_project(example_folder(ILLUSTRATIVE), out)
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
        page.goto((out / "report.html").as_uri())
        page.click("#switch")  # English
        shot = Path(folder) / "report.png"
        page.screenshot(path=str(shot))
        browser.close()
        TARGET.parent.mkdir(exist_ok=True)
        with Image.open(shot) as image:
            image.convert("RGB").quantize(COLOURS).save(TARGET, optimize=True)
    size = TARGET.stat().st_size
    if size > MAX_BYTES:
        sys.exit(f"{TARGET} has {size} bytes, more than {MAX_BYTES}")
    print(f"{TARGET}: {size} bytes")


if __name__ == "__main__":
    main()
