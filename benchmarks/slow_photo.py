"""How long a visitor's own photo takes over a slow connection.

``python -m benchmarks.slow_photo RELEASE`` adds photos of about 2 and 12 MB to the page over
400 kbit/s, as on a train. Measured are the times from choosing the file until its thumbnail is in
the search box, and until the answer is there, and the bytes that were sent. ``--app`` names the
``app.py`` of another version, to compare with. Needs Chromium.
"""

import argparse
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import APP, QUIET_FLAGS, RunningApp, Visit, chromium_path

from recsys.release.reader import open_release

BYTES_A_SECOND = 400_000 // 8
LATENCY = 100
"""Milliseconds."""

SIZES = {"2 MB": (4000, 3000, 2.2e6), "12 MB": (6000, 4500, 12e6)}
"""Width, height and bytes of the photos."""

THUMBNAIL = "[...document.querySelectorAll('#top .token img')].some((each) => each.naturalWidth)"
ANSWER = "document.querySelector('#answer .query') && !document.body.matches('.busy')"

LONGEST = 120_000
"""Milliseconds to wait for either."""


def photo(release: Path, width: int, height: int, size: float) -> bytes:
    """Return a photo of the catalogue, enlarged, with noise that makes it as many bytes or more."""
    opened = open_release(release)
    small = Image.open(io.BytesIO(opened.photo(int(np.flatnonzero(opened.with_photo)[5])) or b""))
    noise = Image.effect_noise((width, height), 40).convert("RGB")
    noisy = Image.blend(small.convert("RGB").resize((width, height)), noise, 0.3)
    out = io.BytesIO()
    for quality in range(75, 100, 4):
        out = io.BytesIO()
        noisy.save(out, "JPEG", quality=quality)
        if out.tell() >= size:
            break
    return out.getvalue()


def measure(browser: Browser, address: str, path: Path) -> str:
    """Return how long a photo took."""
    visit = Visit(browser, address, 1366, 768)
    visit.open()
    sent: list[int] = []
    visit.page.on("request", lambda each: sent.append(len(each.post_data_buffer or b"")))
    limits = {"uploadThroughput": BYTES_A_SECOND, "downloadThroughput": BYTES_A_SECOND}
    network = visit.context.new_cdp_session(visit.page)
    network.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY, **limits}
    )
    with visit.page.expect_file_chooser() as chooser:
        visit.page.locator("[data-pick]").first.click()
    started = time.perf_counter()
    chooser.value.set_files(path)
    seconds = []
    try:
        for condition in (THUMBNAIL, ANSWER):
            visit.page.wait_for_function(condition, timeout=LONGEST)
            seconds.append(time.perf_counter() - started)
    except BrowserError:
        message = visit.page.locator(".message").all_inner_texts()
        return f"no answer within {LONGEST / 1000:.0f} s; message: {message}"
    finally:
        visit.context.close()
    thumbnail, answer = seconds
    largest = max(sent) / 1e6
    return f"thumbnail {thumbnail:.1f} s, answer {answer:.1f} s, largest request {largest:.2f} MB"


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_photo")
    parser.add_argument("release", type=Path)
    parser.add_argument("--app", type=Path, default=APP)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp())
    app = RunningApp(scratch, arguments.app, RELEASE=str(arguments.release.resolve())).wait()
    try:
        app.client().predict("a word", api_name="/search_words")  # Waits for the encoders.
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET_FLAGS)
            for name, (width, height, size) in SIZES.items():
                path = scratch / f"{name}.jpg"
                path.write_bytes(photo(arguments.release, width, height, size))
                took = measure(browser, app.address, path)
                print(f"{path.stat().st_size / 1e6:.1f} MB: {took}", flush=True)
    finally:
        app.stop()


if __name__ == "__main__":
    main()
