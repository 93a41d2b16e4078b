"""How soon a link to an article shows its first result.

``python -m benchmarks.first_result RELEASE`` opens such links in turns with an empty Gradio page,
each time with a new browser profile, so that nothing is cached. Measured is the time from the
navigation until the photo of the first result is decoded, or until the empty page's one line is
there. Needs Chromium.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import QUIET_FLAGS, RunningApp, chromium_path

from recsys.release.reader import open_release

EMPTY = Path(__file__).with_name("empty_page.py")
FIRST = "#answer .match img"
DECODED = f"document.querySelector('{FIRST}').decode()"


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description="Time the first result of a link.")
    parser.add_argument("release", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    release = open_release(arguments.release)
    rows = np.flatnonzero(release.with_photo)[:: release.with_photo.sum() // arguments.rounds]
    ids = release.articles["article_id"].iloc[rows[: arguments.rounds]]
    scratch = Path(tempfile.gettempdir())
    app = RunningApp(scratch, RELEASE=str(arguments.release.resolve())).wait()
    empty = RunningApp(scratch, EMPTY).wait()
    try:
        app.client().predict("a word", api_name="/search_words")  # Waits for the encoders.
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET_FLAGS)
            pairs = [
                (
                    seconds(browser, f"{app.address}?article={id_}", FIRST, DECODED),
                    seconds(browser, empty.address, "#here", "0"),
                )
                for id_ in ids
            ]
    finally:
        app.stop()
        empty.stop()
    own, nothing = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"first result {own:.2f} s, empty page {nothing:.2f} s, {ratio:.2f} times as long")


def seconds(browser: Browser, address: str, shows: str, then: str) -> float:
    """Return the seconds until a page shows an element and a script has run on it.

    Args:
        browser: gets a new profile.
        address: the page.
        shows: selector of the element.
        then: the script.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(shows)
    page.evaluate(then)
    elapsed: float = page.evaluate("performance.now() / 1000")
    context.close()
    return elapsed


if __name__ == "__main__":
    main()
