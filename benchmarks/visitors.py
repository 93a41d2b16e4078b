"""How long 32 visitors at once wait for answers: ``python -m benchmarks.visitors RELEASE PHOTO``.

Each visitor calls the API again as soon as the last answer has come, with articles, words, filters,
photos, baskets and shoppers at random. The same crowd then calls an endpoint that does nothing on
an empty Gradio page, for as long. Clients and server share the machine.
"""

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import RunningApp

from recsys.release.reader import Release, open_release
from recsys.retrieval.facets import FACETS

EMPTY = Path(__file__).with_name("empty_page.py")
NOTHING = "nothing"
SHARES = {
    "similar_to_article": 30,
    "compose": 20,
    "search_words": 20,
    "article": 10,
    "for_shopper": 8,
    "for_basket": 7,
    "similar_to_photo": 5,
}
"""How often each endpoint is called, in percent."""

Call = tuple[str, dict[str, Any]]


class Visitors:
    """Visitors who call one server for some seconds; how long they waited, and what failed."""

    def __init__(self, address: str, photo: Path, seconds: float) -> None:
        self.api, self.photo = f"{address}gradio_api", photo.read_bytes()
        self.until = time.perf_counter() + seconds
        self.seconds: dict[str, list[float]] = {}
        self.failures: list[str] = []

    async def visit(self, calls: Iterator[Call]) -> None:
        """Make calls, one after the other, until the time is over."""
        async with httpx.AsyncClient(timeout=120) as client:
            while time.perf_counter() < self.until:
                name, inputs = next(calls)
                started = time.perf_counter()
                try:
                    await self._call(client, name, inputs)
                except (httpx.HTTPError, RuntimeError) as error:
                    self.failures.append(f"{name} {inputs}: {error!r}"[:300])
                self.seconds.setdefault(name, []).append(time.perf_counter() - started)

    async def _call(self, client: httpx.AsyncClient, name: str, inputs: dict[str, Any]) -> None:
        if name == "similar_to_photo":
            files = {"files": ("photo.jpg", self.photo)}
            sent = await client.post(f"{self.api}/upload", files=files)
            photo = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
            inputs = {**inputs, "photo": photo}
        started = await client.post(f"{self.api}/call/v2/{name}", json=inputs)
        event = started.raise_for_status().json()["event_id"]
        answer = (await client.get(f"{self.api}/call/{name}/{event}")).raise_for_status().text
        if "event: complete" not in answer:
            raise RuntimeError(answer[:200])


def calls(release: Release, chance: random.Random) -> Iterator[Call]:
    """Yield random calls, without end."""
    table, shoppers = release.articles, list(release.shoppers)
    ids = table["article_id"].tolist()
    texts = [f"{row.colour_group_name} {row.product_type_name}" for row in table.itertuples()]
    while True:
        at = [chance.randrange(len(ids)) for _ in range(3)]
        column = chance.choice(FACETS)
        inputs: dict[str, dict[str, Any]] = {
            "similar_to_article": {"article_id": ids[at[0]]},
            "compose": {
                "article_id": ids[at[0]],
                "filters": {column: [table[column].iat[at[1]]]},
                "words": chance.choice(["", texts[at[2]]]),
            },
            "search_words": {"words": texts[at[0]]},
            "article": {"article_id": ids[at[0]]},
            "for_shopper": {"alias": chance.choice(shoppers)},
            "for_basket": {"article_ids": [ids[each] for each in at]},
            "similar_to_photo": {},
        }
        name = chance.choices(list(SHARES), list(SHARES.values()))[0]
        yield name, inputs[name]


async def crowd(visitors: Visitors, drawn: Iterator[Call], count: int) -> None:
    """Run ``count`` visitors side by side."""
    await asyncio.gather(*(visitors.visit(drawn) for _ in range(count)))


def measure(app: RunningApp, photo: Path, drawn: Iterator[Call], count: int, last: float) -> None:
    """Print how many calls visitors made, how long they waited, and what failed."""
    visitors = Visitors(app.address, photo, last)
    started = time.perf_counter()
    asyncio.run(crowd(visitors, drawn, count))
    elapsed = time.perf_counter() - started
    kinds = sorted(visitors.seconds.items())
    if len(kinds) > 1:
        kinds.append(("all", list(itertools.chain(*visitors.seconds.values()))))
    for name, seconds in kinds:
        half, most, nearly = np.quantile(seconds, (0.5, 0.95, 0.99))
        rate = len(seconds) / elapsed
        print(f"{name:<20}{len(seconds):>8}{rate:>8.1f}{half:>8.3f}{most:>8.3f}{nearly:>8.3f}")
    print(f"{len(visitors.failures)} errors {visitors.failures[:3] or ''}")


def main() -> None:
    """Print a table for the app and one for the empty page."""
    parser = argparse.ArgumentParser(description="Time the answers to many visitors at once.")
    parser.add_argument("release", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--visitors", type=int, default=32)
    arguments = parser.parse_args()
    count, last, photo = arguments.visitors, arguments.seconds, arguments.photo
    scratch = Path(tempfile.gettempdir())
    drawn = calls(open_release(arguments.release), random.Random(6))
    print(f"{'':<20}{'calls':>8}{'/s':>8}{'p50':>8}{'p95':>8}{'p99':>8}")
    app = RunningApp(scratch, RELEASE=str(arguments.release.resolve())).wait()
    try:
        app.client().predict("a word", api_name="/search_words")  # Waits for the encoders.
        measure(app, photo, drawn, count, last)
    finally:
        app.stop()
    empty = RunningApp(scratch, EMPTY).wait()
    try:
        measure(empty, photo, itertools.repeat((NOTHING, {})), count, last)
    finally:
        empty.stop()


if __name__ == "__main__":
    main()
