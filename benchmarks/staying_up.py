"""How long the app takes to start and to answer while releases are replaced or the Hub is down.

``python -m benchmarks.staying_up RELEASE`` publishes a release to a Hub on this machine and starts
the app from it with an empty cache, with a cached copy, and with a cached copy and the Hub down;
each is compared with a start from the folder. Then clients call the app while newer releases are
published, and for as long while none is.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from loopback import LoopbackHub

HUB = LoopbackHub()
SCRATCH = tempfile.TemporaryDirectory(prefix="staying-up-")
os.environ.update(HUB.environment, HF_HOME=SCRATCH.name, HF_HUB_DISABLE_PROGRESS_BARS="1")

from browsing import Crowd, RunningApp
from building import edition

from recsys.release.hub import Visibility, publish
from recsys.release.reader import open_release

NAME = "benchmark/index"
CLIENTS, RELEASES = 4, 3


def main() -> None:
    """Print the times of starts and of answers."""
    parser = argparse.ArgumentParser(description="Time starts and swaps of the app.")
    parser.add_argument("release", type=Path)
    folder = parser.parse_args().release.resolve()
    article_id = str(open_release(folder).articles["article_id"][0])
    HUB.start()
    publish(folder, NAME, Visibility())
    print(f"{'seconds from the start to the first answer':<44}{'':>8}{'ratio':>8}")
    base = first_answer(article_id, RELEASE=str(folder))
    print(f"{'from the folder':<44}{base:>8.1f}{1:>8.2f}")
    show("from the Hub, nothing cached", first_answer(article_id, INDEX_REPO=NAME), base)
    show("from the Hub, a copy cached", first_answer(article_id, INDEX_REPO=NAME), base)
    HUB.stop()
    show("the Hub down, a copy cached", first_answer(article_id, INDEX_REPO=NAME), base)
    HUB.start()
    swaps(folder, article_id)


def show(start: str, seconds: float, base: float) -> None:
    """Print a start and its ratio to the start from the folder."""
    print(f"{start:<44}{seconds:>8.1f}{seconds / base:>8.2f}")


def first_answer(article_id: str, **environment: str) -> float:
    """Return the seconds until a new app has answered a client."""
    started = time.perf_counter()
    app = RunningApp(Path(SCRATCH.name), **environment).wait()
    app.client().predict(article_id, api_name="/similar_to_article")
    seconds = time.perf_counter() - started
    app.stop()
    return seconds


def swaps(folder: Path, article_id: str) -> None:
    """Print how long clients wait while releases are swapped in, and while none is."""
    app = RunningApp(Path(SCRATCH.name), INDEX_REPO=NAME, REFRESH_MINUTES="0.02").wait()
    clients, started = Crowd(app, [article_id], CLIENTS), time.perf_counter()
    for number in range(1, RELEASES + 1):
        with tempfile.TemporaryDirectory() as scratch:
            newer = edition(folder, Path(scratch) / "release", number)
            revision = publish(newer, NAME, Visibility())
            app.wait_for(f"Serving {NAME} {revision} now.")
    clients.leave()
    seconds = time.perf_counter() - started
    quiet = Crowd(app, [article_id], CLIENTS)
    time.sleep(seconds)
    quiet.leave()
    app.stop()
    title = f"{CLIENTS} clients for {seconds:.0f} s"
    print(f"\n{title:<24}{'calls':>8}{'failed':>8}{'median':>8}{'99 %':>8}")
    for what, each in ((f"{RELEASES} releases swapped in", clients), ("nothing happens", quiet)):
        median, most = np.quantile([answer.seconds for answer in each.answers], (0.5, 0.99))
        print(f"{what:<24}{len(each.answers):>8}{len(each.failures):>8}{median:>8.3f}{most:>8.3f}")


if __name__ == "__main__":
    main()
