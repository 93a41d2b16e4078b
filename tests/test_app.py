"""The app as it runs: a process of its own, the loopback Hub, and clients of its API."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from browsing import APP, Crowd, RunningApp
from building import edition, files_of
from faults import Cut, Hold, Slow, Status, Truncated
from loopback import LoopbackHub
from test_startup import BAD

from recsys.release.hub import IndexRepo, PublishedVersion, Visibility, publish
from recsys.release.manifest import read_manifest
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.api import Api

NAME = "me/index"

START = """
import random, sys
from recsys.interface import Interface, make_page
from recsys.supply import Settings, serve

live = serve(Settings.of({"RELEASE": sys.argv[1]}))
make_page(Interface(live, random.SystemRandom()))
recommender = live.current.recommender
answer = recommender.similar_to_article(recommender.release.articles["article_id"][0])
assert all(gallery.matches for gallery in answer.galleries)
heavy = ("torch", "tensorflow", "open_clip", "sentence_transformers", "transformers", "datasets")
print([name for name in heavy if name in sys.modules])
"""


def test_the_app_starts_and_answers_without_the_libraries_that_build(small_built: Path) -> None:
    folder = small_built / "release"
    done = subprocess.run(
        [sys.executable, "-c", START, folder], cwd=APP.parent, capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr


def test_a_wrong_setting_stops_the_app_with_one_line(tmp_path: Path) -> None:
    app = RunningApp(tmp_path, REFRESH_MINUTES="soon")
    with pytest.raises(AssertionError, match="The app has ended"):
        app.wait()
    assert app.log == "app.py: REFRESH_MINUTES is 'soon'; give a number, 0 for never.\n"


@pytest.fixture
def start(hub: LoopbackHub, tmp_path: Path) -> Iterator[Callable[..., RunningApp]]:
    """Starts apps that follow the loopback Hub, with the cache of this process's client."""
    running: list[RunningApp] = []

    def start(**environment: str) -> RunningApp:
        cache = {"HF_HUB_CACHE": str(tmp_path / "hub-cache"), "INDEX_REPO": NAME}
        running.append(RunningApp(tmp_path, **{**cache, **environment}))
        return running[-1]

    yield start
    for app in running:
        app.stop()


@pytest.fixture
def published(hub: LoopbackHub, small_built: Path) -> PublishedVersion:
    return publish(small_built / "release", NAME, Visibility())


def article_id(folder: Path) -> str:
    return str(open_release(folder).articles["article_id"][0])


def answering_release(app: RunningApp, small_built: Path) -> str:
    """The release that answers, in all of its galleries."""
    asked = article_id(small_built / "release")
    answer = app.client().predict(asked, api_name="/similar_to_article")
    assert all(gallery["matches"] for gallery in answer["galleries"])
    return str(answer["release"])


def name_of(folder: Path) -> str:
    return read_manifest(folder).checksum[:12]


def test_what_was_pushed_is_pulled_by_its_tag_and_answers(
    start: Callable[..., RunningApp], published: PublishedVersion, small_built: Path
) -> None:
    app = start().wait()
    page = httpx.get(app.address).text
    assert f"{NAME} {published.name} ({published.commit[:7]})" in page
    assert "60 articles, 59 with a photo" in page
    assert 'class=\\"notice\\"' not in page
    assert answering_release(app, small_built) == name_of(small_built / "release")
    assert f"Serving {NAME} {published}." in app.log


def test_a_pinned_revision_is_served_though_there_is_a_newer_one(
    start: Callable[..., RunningApp], published: PublishedVersion, small_built: Path, tmp_path: Path
) -> None:
    publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    app = start(INDEX_REVISION=published.name).wait()
    assert answering_release(app, small_built) == name_of(small_built / "release")


def stopped(hub: LoopbackHub) -> None:
    hub.stop()


def failing(hub: LoopbackHub) -> None:
    hub.fail(".*", Status(500))


def refusing(hub: LoopbackHub) -> None:
    hub.fail(".*", Status(403))


def silent(hub: LoopbackHub) -> None:
    hub.fail(".*", Slow(40))


def cutting(hub: LoopbackHub) -> None:
    hub.fail(".*", Cut())


def truncating(hub: LoopbackHub) -> None:
    hub.fail(".*", Truncated())


TROUBLES = {
    stopped: "The Hub cannot be used",
    failing: "HTTP 500",
    refusing: "not for you (HTTP 403)",
    silent: "takes long to pull",
    cutting: "The Hub cannot be used",
    truncating: "peer closed connection without sending complete message body",
}


@pytest.mark.parametrize("trouble", TROUBLES, ids=[each.__name__ for each in TROUBLES])
def test_with_the_hub_in_trouble_the_kept_snapshot_answers(
    hub: LoopbackHub,
    start: Callable[..., RunningApp],
    published: PublishedVersion,
    small_built: Path,
    trouble: Callable[[LoopbackHub], None],
) -> None:
    IndexRepo(NAME).pull(published)
    trouble(hub)
    app = start().wait()
    assert "this is the newest copy kept here." in httpx.get(app.address).text
    assert answering_release(app, small_built) == name_of(small_built / "release")
    app.wait_for(TROUBLES[trouble])
    app.wait_for("WARNING recsys.serving.startup: ")


def test_with_no_hub_and_nothing_kept_the_folder_answers(
    hub: LoopbackHub, start: Callable[..., RunningApp], small_built: Path
) -> None:
    hub.stop()
    app = start(RELEASE=str(small_built / "release")).wait()
    assert "this is the release kept beside the app." in httpx.get(app.address).text
    assert answering_release(app, small_built) == name_of(small_built / "release")


def test_a_hub_that_stops_during_the_pull_is_survived(
    hub: LoopbackHub,
    start: Callable[..., RunningApp],
    published: PublishedVersion,
    small_built: Path,
) -> None:
    released, reached = threading.Event(), threading.Event()
    hub.fail("GET .*articles.parquet", Hold(released, reached))
    app = start(RELEASE=str(small_built / "release"))
    assert reached.wait(60)
    hub.stop()
    released.set()
    app.wait()
    assert answering_release(app, small_built) == name_of(small_built / "release")
    assert "WARNING recsys.serving.startup: Cannot update from me/index" in app.log


def test_a_hub_that_stops_later_is_survived_and_followed_again_once_it_is_back(
    hub: LoopbackHub,
    start: Callable[..., RunningApp],
    published: PublishedVersion,
    small_built: Path,
    tmp_path: Path,
) -> None:
    newer = edition(small_built / "release", tmp_path / "2", 2)
    app = start(REFRESH_MINUTES="0.005").wait()
    hub.stop()
    app.wait_for("The Hub cannot be used")
    assert answering_release(app, small_built) == name_of(small_built / "release")
    hub.start()
    revision = publish(newer, NAME, Visibility())
    app.wait_for(f"Serving {NAME} {revision} now.")
    assert answering_release(app, small_built) == name_of(newer)


def test_bad_releases_are_refused_one_by_one_while_the_app_goes_on_answering(
    hub: LoopbackHub,
    start: Callable[..., RunningApp],
    published: PublishedVersion,
    small_built: Path,
    tmp_path: Path,
) -> None:
    app = start(REFRESH_MINUTES="0.005").wait()
    for spoil, complaint in BAD.items():
        folder = edition(small_built / "release", tmp_path / spoil.__name__, 3)
        spoil(folder)
        hub.commit(NAME, files_of(folder), tag=spoil.__name__)
        app.wait_for(complaint)
        assert answering_release(app, small_built) == name_of(small_built / "release")
    good = edition(small_built / "release", tmp_path / "good", 2)
    revision = publish(good, NAME, Visibility())
    app.wait_for(f"Serving {NAME} {revision} now.")
    assert answering_release(app, small_built) == name_of(good)


def test_sixteen_clients_see_three_releases_and_never_a_failure_or_a_mixture(
    start: Callable[..., RunningApp], published: PublishedVersion, small_built: Path, tmp_path: Path
) -> None:
    folders = [small_built / "release"]
    folders += [edition(folders[0], tmp_path / str(n), n) for n in (1, 2, 3)]
    expected = {name_of(folder): true_answers(folder) for folder in folders}
    app = start(REFRESH_MINUTES="0.005").wait()
    crowd = Crowd(app, sorted(expected[name_of(folders[0])]), clients=16)
    for folder in folders[1:]:
        crowd.wait_for_answers(100)
        revision = publish(folder, NAME, Visibility())
        app.wait_for(f"Serving {NAME} {revision} now.")
    crowd.wait_for_answers(100)
    crowd.leave()
    assert crowd.failures == []
    assert {each.answer["release"] for each in crowd.answers} == set(expected)
    for each in crowd.answers:
        assert each.answer == expected[each.answer["release"]][each.article_id]


def true_answers(folder: Path) -> dict[str, object]:
    """What a release says of five articles, asked without a server."""
    recommender = Recommender(open_release(folder))
    api = Api(LiveEdition(Edition(recommender, "")))
    return {
        each: api.similar_to_article(each)
        for each in recommender.release.articles["article_id"][:5]
    }
