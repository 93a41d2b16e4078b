"""Take the screenshots in ``docs`` from the running app: ``make screenshots``.

Serves the release in ``release`` (the sample), so no picture of anyone else's catalogue is drawn.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from browsing import QUIET_FLAGS, chromium_path

from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.server import launch

DOCS = Path(__file__).parent
SIZES = {390: 844, 1440: 900, 2560: 1440}
SCHEMES = ("light", "dark")
QUALITY = 80


def main() -> None:
    """Write one picture a page, width and colour scheme beside this file."""
    recommender = Recommender(open_release(Path("release")))
    address = launch(LiveEdition(Edition(recommender, "the sample")), quiet=True).local_url
    shots = [(width, scheme, *page) for width in SIZES for scheme in SCHEMES for page in pages()]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET_FLAGS)
        for width, scheme, name, query, shows in tqdm(shots, desc="screenshots"):
            viewport = {"width": width, "height": SIZES[width]}
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.goto(address + query)
            page.wait_for_selector(shows)
            shoot(page, DOCS / f"{name}-{width}-{scheme}.webp")
            page.close()
        browser.close()


def pages() -> list[tuple[str, str, str]]:
    """Return the name, the address, and what is to be seen on each page."""
    article = "?article=0310352003"
    return [
        ("start", "", "#answer .welcome"),
        ("article", article, "#answer .gallery"),
        ("filters", f"{article}&colour_group_name=Black&weight.image=10", "#answer .gallery"),
        ("details", f"{article}&open=0310352005", "dialog"),
        ("photo-and-words", "?photo=0310352003&words=in+red", "#answer .gallery"),
        ("shopper", "?see=shopper&shopper=shopper-0001", "#answer .gallery"),
        ("how-good", "?see=quality", "#answer .chart"),
        ("catalogue", "?see=catalogue", "#answer canvas"),
        ("error", "?article=0000000000", ".message"),
    ]


def shoot(page: Page, path: Path) -> None:
    """Keep a picture of a page once the photos in sight are there."""
    page.wait_for_function(
        "[...document.images].every(photo => photo.complete || photo.loading === 'lazy')"
    )
    page.wait_for_timeout(1000)
    Image.open(io.BytesIO(page.screenshot())).save(path, quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
