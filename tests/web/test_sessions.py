"""A visitor's photo stays with its page: no calls take it away, nobody else gets it."""

import gc
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from browsing import Visit
from gradio.state_holder import SessionState
from gradio_client import Client

from recsys.release.reader import Release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.web.own_photo import OwnPhoto
from recsys.web.sessions import PHOTO_SECONDS, Session, VisitorPhotos, from_text, to_text
from recsys.web.url import PageState


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def photo(number: int) -> OwnPhoto:
    return OwnPhoto(f"own-{number:08x}", np.array([number], np.float32), "release")


def test_a_photo_is_found_by_its_secret_only() -> None:
    photos, one, other = VisitorPhotos(), photo(1), photo(2)
    first, second = (photos.keep(each, "client") for each in (one, other))
    assert photos.find(first) is one
    assert photos.find(second) is other
    assert photos.find("") is None
    assert photos.find(first[:-1]) is None
    assert len(first) >= 22  # 128 bits.


def test_who_has_many_photos_loses_the_oldest_and_others_none() -> None:
    photos = VisitorPhotos(most=4)
    visitor = photos.keep(photo(0), "visitor")
    flood = [photos.keep(photo(number), "flood") for number in range(1, 100)]
    assert len(photos) == 4
    assert photos.find(visitor)
    assert [secret for secret in flood if photos.find(secret)] == flood[-3:]


def test_of_one_client_s_photos_the_one_used_longest_ago_goes() -> None:
    photos = VisitorPhotos(most=3)
    first, second, third = (photos.keep(photo(number), "") for number in range(3))
    assert photos.find(first)
    photos.keep(photo(3), "")
    assert photos.find(second) is None
    assert photos.find(first)
    assert photos.find(third)


def test_photos_that_are_not_used_are_forgotten() -> None:
    clock = Clock()
    photos = VisitorPhotos(clock=clock)
    used, unused = photos.keep(photo(1), ""), photos.keep(photo(2), "")
    clock.now = PHOTO_SECONDS / 2
    assert photos.find(used)
    clock.now = PHOTO_SECONDS + 1
    assert photos.find(unused) is None
    assert photos.find(used)
    assert len(photos) == 1


@pytest.fixture(scope="module")
def live(release: Release) -> LiveEdition:
    return LiveEdition(Edition(Recommender(release), "the tests"))


def test_a_session_comes_back_as_it_was_sent(live: LiveEdition) -> None:
    photos, version = VisitorPhotos(), live.current.recommender.release_version
    own = photo(1)
    search = SearchRequest(photo=own.vector, words="in red")
    state = PageState(search=search, own_photo=own.name, k=6)
    session = Session(state, version, own, photos.keep(own, ""))
    assert from_text(to_text(session), live, photos) == session
    assert from_text(to_text(Session()), live, photos) == Session()


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "x", 5, [], ["?", "", ""], "[]", "{}", '"abc"', "[1, 2]", "[" * 100_000),
        *("9" * 5000, '["?", "", "", ""]'),
    ],
    ids=lambda text: repr(text)[:12],
)
def test_a_browser_may_send_anything(text: object, live: LiveEdition) -> None:
    found = from_text(text, live, VisitorPhotos())
    assert found.photo is None
    assert found.state in (None, PageState())


def event(server: str, session_hash: str, value: object, address: str) -> str:
    """Send an event of the page as a program may; return what comes back."""
    dependencies = httpx.get(f"{server}config").json()["dependencies"]
    select = next(each for each in dependencies if each["targets"][0][1] == "select")
    body = {
        "data": [value],
        "event_data": {"address": address},
        "fn_index": select["id"],
        "trigger_id": select["targets"][0][0],
        "session_hash": session_hash,
    }
    httpx.post(f"{server}gradio_api/queue/join", json=body).raise_for_status()
    data = {"session_hash": session_hash}
    return httpx.get(f"{server}gradio_api/queue/data", params=data, timeout=30).text


@pytest.fixture
def with_photo(visit: Visit, release: Release, tmp_path: Path) -> Visit:
    """A visitor who has searched with a photo."""
    path = tmp_path / "mine.jpg"
    path.write_bytes(release.photo(int(np.flatnonzero(release.with_photo)[3])) or b"")
    visit.open()
    visit.upload(path)
    visit.view.locator("#answer .query img").wait_for()
    return visit


def named(visit: Visit) -> str:
    """The address of the photo's page."""
    return str(visit.view.locator(".top").get_attribute("data-address"))


def session_hash(visit: Visit) -> str:
    """The name that Gradio's script has given the page."""
    stream = next(each for each in visit.requests if "/queue/data" in each)
    return stream.rpartition("session_hash=")[2]


def test_who_knows_the_name_of_a_page_does_not_get_its_photo(
    with_photo: Visit, server: str
) -> None:
    address = named(with_photo)
    for value in ("", None, json.dumps([address, "", session_hash(with_photo)])):
        answer = event(server, session_hash(with_photo), value, address)
        assert "data-wants" in answer
        assert "data-article" not in answer


def test_nothing_is_written_for_who_asks_for_a_link_to_a_page(
    with_photo: Visit, server: str
) -> None:
    """Gradio's deep link would be a file with the visitor's photo in it."""
    asked = httpx.get(
        f"{server}gradio_api/deep_link", params={"session_hash": session_hash(with_photo)}
    )
    assert asked.status_code == 404


def test_calls_leave_no_state(client: Client) -> None:
    for _ in range(5):
        client.predict("black dress", api_name="/search_words")
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, SessionState)]


@pytest.mark.exhaustive
def test_1_100_calls_take_no_photo_from_its_page(with_photo: Visit, server: str) -> None:
    address = f"{server}gradio_api/call/article"

    def call(_: int) -> None:
        asked = httpx.post(address, json={"data": ["0"]}).json()
        httpx.get(f"{address}/{asked['event_id']}", timeout=60)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(call, range(1100)))
    with_photo.say("in red")
    with_photo.page.wait_for_url("**photo=own-*&words=in+red")
    with_photo.view.locator("#answer .query img").wait_for()
    assert with_photo.view.get_by_role("alert").count() == 0
