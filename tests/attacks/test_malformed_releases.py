"""However a release is malformed, the app starts, answers and says what it refused.

``ATTACK_SEED`` draws other releases, ``ATTACK_COUNT`` more of them.
"""

import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import RunningApp
from malformed_releases import MANIFEST, MARKER, Malformed, draw
from usage import CRASHED, SERVED, in_child, use

from recsys.release.reader import open_release
from recsys.serving.startup import SAMPLE_ORIGIN, AppSettings, serve
from recsys.web.verification import Verifier

pytestmark = pytest.mark.attack

SEED = int(os.environ.get("ATTACK_SEED", "1"))
COUNT = int(os.environ.get("ATTACK_COUNT", "520"))
GROUPS = 20
STARTED = 4
"""Releases that the whole app is started with, in a process of its own."""

Tally = Callable[[str], None]


@pytest.fixture(scope="session")
def good(small_built: Path) -> Path:
    return small_built / "release"


@pytest.fixture(scope="session")
def malformed(good: Path) -> list[Malformed]:
    return draw(good, COUNT, SEED)


@pytest.fixture(scope="session")
def verifier() -> Iterator[Verifier]:
    with Verifier() as verifier:
        yield verifier


@pytest.fixture
def house(good: Path, tmp_path: Path) -> Path:
    """A folder with a good sample release, beside which the malformed ones are put."""
    shutil.copytree(good, tmp_path / "release.sample", copy_function=os.link)
    return tmp_path


@pytest.mark.parametrize("group", range(GROUPS))
def test_the_app_starts_and_answers_beside_every_malformed_release(
    group: int,
    malformed: list[Malformed],
    verifier: Verifier,
    good: Path,
    house: Path,
    caplog: pytest.LogCaptureFixture,
    tally: Tally,
) -> None:
    for each in malformed[group::GROUPS]:
        folder = each.make(good, house / "release")
        try:
            outcome = start_twice(folder, verifier, caplog)
        except Exception as error:
            raise AssertionError(f"{each.name}: {error!r}") from error
        tally(f"malformed releases {outcome}")
        assert not MARKER.exists(), f"{each.name}: code of it has run"
        shutil.rmtree(folder)


def start_twice(folder: Path, verifier: Verifier, caplog: pytest.LogCaptureFixture) -> str:
    """Start the app beside a release and again; return what became of the release."""
    settings = AppSettings(None, folder, 0, verdicts=folder.with_name("verdicts.json"))
    verified: list[Path] = []

    def verify(folder: Path) -> None:
        verified.append(folder)
        verifier.verify(folder)

    outcomes = []
    for _ in range(2):
        caplog.clear()
        verified.clear()
        with caplog.at_level(logging.WARNING, "recsys"):
            live = serve(settings, verify)
        refusals = [each.getMessage() for each in caplog.records]
        if live.current.origin == SAMPLE_ORIGIN:
            assert len(refusals) == 1, refusals
            assert refusals[0].startswith(f"Not serving folder {folder.name}: Refused: "), refusals
            assert "\n" not in refusals[0], refusals
            outcomes.append("refused")
        else:
            assert refusals == []
            outcomes.append("served")
        article_id = live.current.recommender.release.articles["article_id"].iloc[0]
        assert live.current.recommender.similar_to_article(article_id).galleries
    # A verdict on contents is remembered.
    assert not verified
    assert outcomes[0] == outcomes[1]
    if outcomes[0] == "served":
        outcome = in_child(lambda: use(folder))
        assert outcome.kind == SERVED, outcome
    return outcomes[0]


def test_the_untouched_release_is_served(
    verifier: Verifier, good: Path, house: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise all others would be refused for no reason of their own."""
    shutil.copytree(good, house / "release", copy_function=os.link)
    assert start_twice(house / "release", verifier, caplog) == "served"
    assert in_child(lambda: os.kill(os.getpid(), signal.SIGKILL)).kind == CRASHED


def test_the_whole_app_starts_beside_malformed_releases_and_after_being_killed(
    malformed: list[Malformed], good: Path, house: Path, tally: Tally
) -> None:
    article_id = open_release(good).articles["article_id"].iloc[0]
    # Not the manifest: it is refused before anything else is read.
    chosen = [each for each in malformed if each.path != MANIFEST][:STARTED]
    for each in chosen:
        folder = each.make(good, house / "release")
        for _ in range(2):
            running = RunningApp(house, RELEASE=str(folder)).wait()
            answer = running.client().predict(article_id, api_name="/similar_to_article")
            assert answer["galleries"], each.name
            running.stop()  # kill -9
            refused = [line for line in running.log.splitlines() if "Not serving" in line]
            assert len(refused) <= 1, (each.name, running.log)
            assert refused or "Serving folder release" in running.log, (each.name, running.log)
            assert "Traceback" not in running.log, (each.name, running.log)
            tally("starts of the whole app")
        shutil.rmtree(folder)
