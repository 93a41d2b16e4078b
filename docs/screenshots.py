"""Take the README's screenshots from the running app: ``make screenshots``.

Serves the release in ``release`` (the sample), so no picture of anyone else's catalogue is drawn.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from recsys.interface import launch
from recsys.live import Edition, Live
from recsys.recommender import Recommender
from recsys.release import open_release

DOCS = Path(__file__).parent
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


def main() -> None:
    """Write one PNG a page and size beside this file."""
    recommender = Recommender(open_release(Path("release")))
    live = Live(Edition(recommender, "the sample"))
    address = launch(live, quiet=True).local_url
    article = recommender.examples(16)[2].article_id
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            shoot(page, address, f"start-{size}", ".welcome")
            shoot(page, f"{address}?article={article}", f"article-{size}", ".gallery")
            page.get_by_role("tab", name="How good is it?").click()
            page.wait_for_selector(".chart:visible")
            page.screenshot(path=DOCS / f"how-good-{size}.png")
        browser.close()


def shoot(page: Page, address: str, name: str, wait_for: str) -> None:
    """Open an address, wait for what it should show, with its pictures, and keep a PNG of it."""
    page.goto(address)
    page.wait_for_selector(wait_for)
    page.wait_for_function(
        "[...document.images].every(photo => photo.complete || photo.loading === 'lazy')"
    )
    page.wait_for_timeout(1000)
    page.screenshot(path=DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
