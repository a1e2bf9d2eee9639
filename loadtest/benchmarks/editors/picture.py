r"""Makes a picture of a page of HTML, such as a load test's report, in a headless Chromium.

The pictures in the documentation are made so::

    glossator loadtest report last -o report.html
    python -m loadtest.benchmarks.editors.picture report.html docs/images/loadtest-report.png
    make docs-site
    python -m loadtest.benchmarks.editors.picture build/site/index.html docs/images/site.png \
        --width 1280 --height 900    # and operate.html
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import ViewportSize

from loadtest.benchmarks.command import Study, StudyFailed
from loadtest.benchmarks.editors.browser import chromium


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("page", type=Path, help="the page, a file of HTML")
    study.add_argument("picture", type=Path, help="the PNG file to write")
    study.number("--width", 1100, "width of the window in pixels")
    study.number("--height", 0, "height of the picture in pixels; 0: the whole page", zero=True)
    study.run(_taken, given)


async def _taken(options: argparse.Namespace, _: Path) -> str:
    if not options.page.is_file():
        raise StudyFailed(f"There is no page {options.page}.")
    size: ViewportSize = {"width": options.width, "height": options.height or 800}
    try:
        async with chromium() as browser:
            page = await browser.new_page(viewport=size)
            await page.goto(options.page.resolve().as_uri())
            await page.screenshot(path=options.picture, full_page=not options.height)
    except FileNotFoundError as error:
        raise StudyFailed(str(error)) from error
    return f"{options.picture}"


if __name__ == "__main__":
    main()
