"""The app in a process of its own, with a loopback Hub and clients of its API.

What it starts with and how it follows the Hub is tested in ``serving/test_startup.py``.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from browsing import APP, Crowd, RunningApp
from building import edition, files_of, spoil_photos, trusted
from loopback import LoopbackHub

import app
from recsys.release.hub import PublishedVersion, Visibility, publish
from recsys.release.manifest import MANIFEST, read_manifest
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.api import Api

NAME = "me/index"

START = """
import os, random, sys
from recsys.serving.startup import AppSettings, serve
from recsys.web.server import PageServer, make_page
from recsys.web.verification import verify

live = serve(AppSettings.of(dict(os.environ, RELEASE=sys.argv[1])), verify)
make_page(PageServer(live, random.SystemRandom()))
recommender = live.current.recommender
answer = recommender.similar_to_article(recommender.release.articles["article_id"][0])
assert all(gallery.matches for gallery in answer.galleries)
heavy = ("torch", "tensorflow", "open_clip", "sentence_transformers", "transformers", "datasets")
print([name for name in heavy if name in sys.modules])
"""


def test_the_app_starts_and_answers_without_the_libraries_of_the_build(small_built: Path) -> None:
    folder = small_built / "release"
    done = subprocess.run(
        [sys.executable, "-c", START, folder], cwd=APP.parent, capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr


def test_a_wrong_setting_ends_the_app_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFRESH_MINUTES", "soon")
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert str(ended.value) == "app.py: REFRESH_MINUTES is 'soon'; give a number, 0 for never."


@pytest.fixture
def start(hub: LoopbackHub, tmp_path: Path) -> Iterator[Callable[..., RunningApp]]:
    """Starts apps that follow the loopback Hub, with the cache of this process's client."""
    running: list[RunningApp] = []

    def start(**environment: str) -> RunningApp:
        cache = {"HF_HUB_CACHE": str(tmp_path / "hub-cache"), "INDEX_REPO": NAME}
        running.append(RunningApp(tmp_path, **{**cache, **environment}))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def published(hub: LoopbackHub, small_built: Path) -> PublishedVersion:
    return publish(small_built / "release", NAME, Visibility())


def answering_release(running: RunningApp, small_built: Path) -> str:
    """The release that answers, in all of its galleries."""
    article_id = str(open_release(small_built / "release").articles["article_id"][0])
    answer = running.client().predict(article_id, api_name="/similar_to_article")
    assert all(gallery["matches"] for gallery in answer["galleries"])
    return str(answer["release"])


def version(folder: Path) -> str:
    return read_manifest(folder).checksum[:12]


@pytest.mark.exhaustive
def test_the_app_answers_from_what_is_published_through_an_outage_and_a_bad_release(
    hub: LoopbackHub,
    start: Callable[..., RunningApp],
    published: PublishedVersion,
    small_built: Path,
    tmp_path: Path,
) -> None:
    first = small_built / "release"
    running = start(REFRESH_MINUTES="0.005").wait()
    page = httpx.get(running.address).text
    assert f"{NAME} {published.name} ({published.commit[:7]})" in page
    assert "60 articles, 59 with a photo" in page
    assert 'class=\\"notice\\"' not in page
    assert f"Serving {NAME} {published}." in running.log
    assert answering_release(running, small_built) == version(first)

    hub.stop()
    running.wait_for("The Hub cannot be used")
    assert answering_release(running, small_built) == version(first)

    hub.start()
    bad = {path: data for path, data in files_of(first).items() if path != "vectors/text.npy"}
    assert MANIFEST in bad
    hub.commit(NAME, bad, tag="bad")
    running.wait_for("vectors/text.npy is missing")
    assert answering_release(running, small_built) == version(first)

    newer = trusted(edition(first, tmp_path / "newer", 2))
    tagged = publish(newer, NAME, Visibility())
    running.wait_for(f"Serving {NAME} {tagged} now.")
    good = version(newer)
    assert answering_release(running, small_built) == good

    # Complete and readable, but a photo cannot be shown: its verification finds out.
    spoil_photos(newer)
    spoiled = hub.commit(NAME, files_of(newer), tag="spoiled")
    refused = f"Not serving {NAME} spoiled ({spoiled[:7]}): Refused: release {version(newer)}: "
    running.wait_for(refused)
    assert answering_release(running, small_built) == good
    running.stop()
    again = start(REFRESH_MINUTES="0.005").wait()
    again.wait_for(refused)
    assert answering_release(again, small_built) == good


@pytest.mark.exhaustive
def test_sixteen_clients_see_three_releases_and_never_a_failure_or_a_mixture(
    start: Callable[..., RunningApp], published: PublishedVersion, small_built: Path, tmp_path: Path
) -> None:
    folders = [small_built / "release"]
    folders += [trusted(edition(folders[0], tmp_path / str(n), n)) for n in (1, 2, 3)]
    expected = {version(folder): true_answers(folder) for folder in folders}
    running = start(REFRESH_MINUTES="0.005").wait()
    crowd = Crowd(running, sorted(expected[version(folders[0])]), clients=16)
    for folder in folders[1:]:
        crowd.wait_for_answers(100)
        tagged = publish(folder, NAME, Visibility())
        running.wait_for(f"Serving {NAME} {tagged} now.")
    crowd.wait_for_answers(100)
    crowd.leave()
    assert crowd.failures == []
    assert {each.answer["release"] for each in crowd.answers} == set(expected)
    for each in crowd.answers:
        assert each.answer == expected[each.answer["release"]][each.article_id]


def true_answers(folder: Path) -> dict[str, object]:
    """A release's answers for five articles, without a server."""
    recommender = Recommender(open_release(folder))
    api = Api(LiveEdition(Edition(recommender, "")))
    return {
        each: api.similar_to_article(each)
        for each in recommender.release.articles["article_id"][:5]
    }
