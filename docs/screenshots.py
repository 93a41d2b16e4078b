"""Take the screenshots that README and docs show, from the running app: ``make screenshots``.

Serves the release in ``release``. Build it from the sample, so that nobody else's photos are shown.
``python docs/screenshots.py --all FOLDER`` takes every page at three widths, light and dark.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from browsing import QUIET_FLAGS, chromium_path

from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.server import launch

DOCS = Path(__file__).parent
HEIGHTS = {390: 844, 1440: 900, 2560: 1440}
"""Height of the window by its width: a phone, a laptop, a large monitor."""

SCHEMES = ("light", "dark")
QUALITY = 80
SETTLE_MS = 1000
"""Time for fonts and animations to come to rest."""

ARTICLE = "?article=0310352003"
PAGES = {
    "start": ("", "#answer .welcome"),
    "article": (ARTICLE, "#answer .gallery"),
    "filters": (f"{ARTICLE}&colour_group_name=Black&weight.image=10", "#answer .gallery"),
    "details": (f"{ARTICLE}&open=0310352005", "dialog"),
    "photo-and-words": ("?photo=0310352003&words=in+red", "#answer .gallery"),
    "shopper": ("?see=shopper&shopper=shopper-0001", "#answer .gallery"),
    "how-good": ("?see=quality", "#answer .chart"),
    "catalog": ("?see=catalog", "#answer canvas"),
    "error": ("?article=0000000000", ".message"),
}
"""Address of each page, and a selector of what it must show."""


@dataclass(frozen=True)
class Shot:
    """One screenshot: a key of `PAGES`, a width in pixels, a colour scheme."""

    page: str
    width: int
    scheme: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.page}-{self.width}-{self.scheme}.webp"


def main() -> None:
    """Write the screenshots."""
    parser = argparse.ArgumentParser(description="Take the screenshots of README and docs.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="take all of them, into FOLDER")
    folder = parser.parse_args().all
    shots = list(all_shots())
    if folder is None:
        folder, used = DOCS, shown_in_docs()
        shots = [shot for shot in shots if shot.file in used]
    folder.mkdir(parents=True, exist_ok=True)
    recommender = Recommender(open_release(Path("release")))
    recommender.encoders.load()  # Now: a process that ends while they load is aborted.
    address = launch(LiveEdition(Edition(recommender, "the sample")), quiet=True).local_url
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET_FLAGS)
        for shot in tqdm(shots, desc="screenshots"):
            take(browser, address, shot, folder / shot.file)
        browser.close()


def all_shots() -> Iterator[Shot]:
    """Yield every page at every width in both colour schemes."""
    for page in PAGES:
        for width in HEIGHTS:
            for scheme in SCHEMES:
                yield Shot(page, width, scheme)


def shown_in_docs() -> set[str]:
    """Return the names of the screenshots that README and docs show."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *DOCS.glob("*.md"))]
    return set(re.findall(r"\]\((?:docs/)?([\w-]+\.webp)\)", "\n".join(texts)))


def take(browser: Browser, address: str, shot: Shot, path: Path) -> None:
    """Write one screenshot, once the photos in sight are loaded."""
    query, shows = PAGES[shot.page]
    viewport = {"width": shot.width, "height": HEIGHTS[shot.width]}
    page = browser.new_page(viewport=viewport, color_scheme=shot.scheme)
    page.goto(address + query)
    page.wait_for_selector(shows)
    page.wait_for_function(
        "[...document.images].every(photo => photo.complete || photo.loading === 'lazy')"
    )
    page.wait_for_timeout(SETTLE_MS)
    Image.open(io.BytesIO(page.screenshot())).save(path, quality=QUALITY, method=6)
    page.close()


if __name__ == "__main__":
    main()
