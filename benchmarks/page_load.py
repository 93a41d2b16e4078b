"""How much a page loads, how soon it shows a photo, and how far it jumps, beside an empty page.

``python -m benchmarks.page_load RELEASE`` opens the start page, links to articles and an empty
Gradio page in turns, each time with a new browser profile, so that nothing is cached. Needs
Chromium.

- bytes: of all answers as they were sent, compressed, until nothing was loaded for a second;
- time: from the navigation until the first photo of the answer is decoded, or until the empty
  page's footer, the last thing that Gradio shows, is there;
- layout shift: the sum of Chromium's ``layout-shift`` entries.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import QUIET_FLAGS, RunningApp, chromium_path

from recsys.release.reader import open_release

EMPTY = Path(__file__).with_name("empty_page.py")
SCREENS = {"desktop": (1366, 768), "phone": (390, 844)}

CONNECTIONS: dict[str, dict[str, object] | None] = {
    "": None,
    "slow": {
        "offline": False,
        "latency": 150,
        "downloadThroughput": 200_000,
        "uploadThroughput": 94_000,
    },
}
"""Chromium's own limits for "slow": 1.6 Mbit/s with 150 ms to the server, as phones often have."""

PHOTO, FOOTER = "#answer img", "footer"
SHIFTS = """window.shifts = [];
new PerformanceObserver(list => list.getEntries().forEach(each => shifts.push(each.value)))
    .observe({type: 'layout-shift', buffered: true});"""


@dataclass(frozen=True)
class Load:
    """What it took to load a page: bytes, seconds, and the layout shift."""

    size: int
    seconds: float
    shift: float


def main() -> None:
    """Print a line for each page, screen and connection, and the ratios to the empty page."""
    parser = argparse.ArgumentParser(description="Weigh and time the page.")
    parser.add_argument("release", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    links = ["", *article_links(arguments.release, arguments.rounds)]
    scratch = Path(tempfile.gettempdir())
    app = RunningApp(scratch, RELEASE=str(arguments.release.resolve())).wait()
    empty = RunningApp(scratch, EMPTY).wait()
    try:
        app.client().predict("a word", api_name="/search_words")  # Waits for the encoders.
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET_FLAGS)
            for line in lines(browser, app.address, empty.address, links):
                sys.stdout.write(f"{line}\n")
    finally:
        app.stop()
        empty.stop()


def article_links(folder: Path, count: int) -> list[str]:
    """Return links to articles with a photo, spread over a release."""
    release = open_release(folder)
    rows = np.flatnonzero(release.with_photo)[:: max(1, release.with_photo.sum() // count)]
    return [f"?article={each}" for each in release.articles["article_id"].iloc[rows[:count]]]


def lines(browser: Browser, app: str, empty: str, links: Sequence[str]) -> Iterator[str]:
    """Yield the figures of each screen and connection."""
    for screen, size in SCREENS.items():
        for connection, limits in CONNECTIONS.items():
            starts, answers, nothing = [], [], []
            for link in links[1:]:
                nothing.append(load(browser, empty, FOOTER, size, limits))
                starts.append(load(browser, app, PHOTO, size, limits))
                answers.append(load(browser, app + link, PHOTO, size, limits))
            base = middle(nothing)
            yield f"{screen} {connection}"
            yield from (
                described(name, middle(loads), base)
                for name, loads in (("empty", nothing), ("start", starts), ("article", answers))
            )


def middle(loads: Sequence[Load]) -> Load:
    """Return the medians, and the largest layout shift."""
    return Load(
        int(statistics.median(each.size for each in loads)),
        statistics.median(each.seconds for each in loads),
        max(each.shift for each in loads),
    )


def described(name: str, own: Load, base: Load) -> str:
    """Return a line with a page's figures and their ratios to the empty page's."""
    size, seconds = own.size / base.size, own.seconds / base.seconds
    return (
        f"  {name:8} {own.size:>9,} bytes ({size:.2f})  {own.seconds:6.2f} s ({seconds:.2f})  "
        f"layout shift {own.shift:.3f}"
    )


def load(
    browser: Browser,
    address: str,
    shows: str,
    size: tuple[int, int],
    limits: dict[str, object] | None,
) -> Load:
    """Return what it takes to load a page until it shows an element, in a new profile."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        if limits:
            session.send("Network.emulateNetworkConditions", limits)
        sizes: list[int] = []
        session.on("Network.loadingFinished", lambda each: sizes.append(each["encodedDataLength"]))
        page.add_init_script(SHIFTS)
        page.goto(address, wait_until="commit")
        seconds = seconds_until(page, shows)
        wait_until_quiet(page, sizes)
        shift = float(page.evaluate("shifts.reduce((sum, each) => sum + each, 0)"))
        return Load(int(sum(sizes)), seconds, shift)
    finally:
        context.close()


def seconds_until(page: Page, shows: str) -> float:
    """Return the seconds from the navigation until an element is there, a photo decoded."""
    page.wait_for_selector(shows, timeout=120_000)
    if shows == PHOTO:
        page.evaluate(f"document.querySelector('{PHOTO}').decode()")
    return float(page.evaluate("performance.now() / 1000"))


def wait_until_quiet(page: Page, sizes: Sequence[int]) -> None:
    """Wait until nothing has been loaded for a second."""
    seen = -1
    while seen != len(sizes):
        seen = len(sizes)
        page.wait_for_timeout(1000)


if __name__ == "__main__":
    main()
