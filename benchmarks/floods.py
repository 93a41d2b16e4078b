"""How long a visitor's photo takes while another client floods the app.

``python -m benchmarks.floods RELEASE PHOTO`` starts the app as if behind one proxy, so that
visitor and attacker can have addresses of their own. The visitor uploads the photo and asks what is
similar, through the API or on the page, in turns with and without a flood. The attacker's threads
know no politeness: they ignore refusals, fetch no answers and never wait. Attacker, visitor and app
share the machine; the attacker has a low priority, as if it were elsewhere.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
from gradio_client import Client, handle_file
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import APP, QUIET_FLAGS, RunningApp, Visit, chromium_path

from recsys.release.reader import open_release

FORWARDED = "X-Forwarded-For"
VISITOR, ATTACKER = {FORWARDED: "192.0.2.1"}, {FORWARDED: "198.51.100.7"}
HEAD_START = 1.5
"""Seconds that a flood runs before the visitor comes."""


class Attacker:
    """Sends calls to an app without ever waiting for an answer.

    Args:
        address: of the app.
        ids: article ids.
        photo: a photo's file.
    """

    def __init__(self, address: str, ids: list[str], photo: bytes) -> None:
        self.api, self.ids, self.photo = f"{address}gradio_api", ids, photo
        self.turn = itertools.count()
        most_values = {"data": [[0] * 4_000_000, 12]}
        self.bodies = (json.dumps(most_values).encode(), b'{"data": ["' + b"a" * 150_000_000)

    def batches(self, client: httpx.Client) -> int:
        """Ask about as many articles as one call may."""
        ids, k = ((self.ids * 256)[:256], 48) if next(self.turn) % 2 else (self.ids[:100], 12)
        return self._call(client, "similar_to_articles", [ids, k])

    def words(self, client: httpx.Client) -> int:
        """Search for words that nobody has searched for."""
        return self._call(client, "search_words", [f"dress number {next(self.turn)}", 48])

    def calls(self, client: httpx.Client) -> int:
        """Make the cheapest call, without a session."""
        return self._call(client, "health", [])

    def uploads(self, client: httpx.Client) -> int:
        """Upload ten megabytes."""
        files = {"files": ("a.jpg", bytes(10_000_000))}
        return client.post(f"{self.api}/upload", files=files).status_code

    def bodies_of_json(self, client: httpx.Client) -> int:
        """Send JSON of 8 MB with four million values, or of 150 MB."""
        body = self.bodies[next(self.turn) % 2]
        return client.post(f"{self.api}/call/compose", content=body).status_code

    def photos(self, client: httpx.Client) -> int:
        """Upload a photo and ask what is similar."""
        sent = client.post(f"{self.api}/upload", files={"files": ("a.jpg", self.photo)})
        if sent.status_code != 200:
            return sent.status_code
        photo = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
        return self._call(client, "similar_to_photo", [photo, 48, None])

    def pages(self, client: httpx.Client) -> int:
        """Load the page."""
        return client.get(self.api.removesuffix("gradio_api")).status_code

    def _call(self, client: httpx.Client, name: str, data: list[object]) -> int:
        return client.post(f"{self.api}/call/{name}", json={"data": data}).status_code


FLOODS = {
    "batches": (Attacker.batches, 30),
    "words": (Attacker.words, 30),
    "calls": (Attacker.calls, 30),
    "uploads": (Attacker.uploads, 16),
    "bodies": (Attacker.bodies_of_json, 8),
    "photos": (Attacker.photos, 16),
    "pages": (Attacker.pages, 16),
}
"""What each flood sends, and from how many threads."""


def attack(attacker: Attacker, name: str, counts: "multiprocessing.Queue[Counter[str]]") -> None:
    """Flood for ever; after each second put the number of answers by status."""
    os.nice(15)
    send, threads = FLOODS[name]
    statuses: Counter[str] = Counter()

    def work() -> None:
        with httpx.Client(headers=ATTACKER, timeout=30) as client:
            while True:
                try:
                    statuses[str(send(attacker, client))] += 1
                except httpx.HTTPError as error:
                    statuses[type(error).__name__] += 1

    for _ in range(threads):
        threading.Thread(target=work, daemon=True).start()
    while True:
        time.sleep(1)
        counts.put(statuses.copy())


@contextmanager
def flooded(attacker: Attacker, name: str, total: Counter[str]) -> Iterator[None]:
    """Flood in a process of its own, and add its answers by status to ``total``."""
    context = multiprocessing.get_context("spawn")
    counts: multiprocessing.Queue[Counter[str]] = context.Queue()
    process = context.Process(target=attack, args=(attacker, name, counts), daemon=True)
    process.start()
    last = counts.get()
    time.sleep(HEAD_START)
    yield
    while not counts.empty():
        last = counts.get()
    process.kill()
    process.join()
    total.update(last)


def seconds(query: Callable[[], object]) -> float:
    """Return the seconds that a query takes."""
    started = time.perf_counter()
    query()
    return time.perf_counter() - started


def through_api(client: Client, photo: Path) -> None:
    """Upload a photo and wait for what is similar."""
    client.predict(handle_file(photo), 12, None, api_name="/similar_to_photo")


def on_page(visit: Visit, photo: Path) -> None:
    """Choose a photo on the page and wait until the answer is shown."""
    before = visit.page.locator(".top").get_attribute("data-turn")
    visit.page.locator("#photo input[type=file]").set_input_files(photo)
    visit.page.wait_for_function(
        "before => document.querySelector('.top').dataset.turn !== before"
        " && document.querySelector('#answer .match')",
        arg=before,
    )


def settle(client: Client, photo: Path) -> None:
    """Wait until the app has done what a flood has left."""
    quick = 0
    while quick < 3:
        quick = quick + 1 if seconds(partial(through_api, client, photo)) < 1 else 0


def compare(
    attacker: Attacker, name: str, query: Callable[[], None], rounds: int, rest: Callable[[], None]
) -> str:
    """Return a line of figures: medians with and without a flood, in turns, and its answers."""
    quiet: list[float] = []
    attacked: list[float] = []
    statuses: Counter[str] = Counter()
    for _ in range(rounds):
        rest()
        quiet += [seconds(query) for _ in range(5)]
        with flooded(attacker, name, statuses):
            attacked += [seconds(query) for _ in range(5)]
    alone, beside = statistics.median(quiet), statistics.median(attacked)
    return f"{alone:8.3f}{beside:9.3f}{max(attacked):9.3f}{beside / alone:7.1f}  {dict(statuses)}"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Time a visitor's photo beside a flood.")
    parser.add_argument("release", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--floods", nargs="+", choices=FLOODS, default=list(FLOODS))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--app", type=Path, default=APP, help="app.py of another version")
    arguments = parser.parse_args()
    ids = open_release(arguments.release).articles["article_id"].tolist()
    settings = {"RELEASE": str(arguments.release.resolve()), "PROXIES": "1"}
    app = RunningApp(Path(tempfile.gettempdir()), arguments.app, **settings).wait()
    try:
        client = Client(app.address, headers=VISITOR, verbose=False)
        client.predict("a word", api_name="/search_words")  # Waits for the encoders.
        attacker = Attacker(app.address, ids, arguments.photo.read_bytes())
        rest = partial(settle, client, arguments.photo)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET_FLAGS)
            visit = Visit(browser, app.address, 1440, 900)
            visit.context.set_extra_http_headers(VISITOR)
            visit.open()
            ways = {
                "API": partial(through_api, client, arguments.photo),
                "page": partial(on_page, visit, arguments.photo),
            }
            print(f"{'flood':<10}{'by':<5}{'quiet':>9}{'flooded':>9}{'worst':>9}{'ratio':>7}")
            for name, (way, query) in itertools.product(arguments.floods, ways.items()):
                line = compare(attacker, name, query, arguments.rounds, rest)
                print(f"{name:<10}{way:<5} {line}", flush=True)
        health = client.predict(api_name="/health")
        print(f"memory {health['memory_mb']} MiB")
    finally:
        app.stop()


if __name__ == "__main__":
    main()
