"""Photos are served as the release has them, and as smaller WebP files."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from recsys.errors import ReleaseError
from recsys.release.reader import Release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web import photo_server
from recsys.web.photo_server import PhotoServer
from recsys.web.photo_view import WIDTHS


@pytest.fixture
def article_id(release: Release) -> str:
    return str(release.articles["article_id"][int(np.flatnonzero(release.with_photo)[3])])


@pytest.fixture
def photos(recommender: Recommender) -> PhotoServer:
    return PhotoServer(LiveEdition(Edition(recommender, "the tests")))


@pytest.fixture
def server(photos: PhotoServer) -> Iterator[TestClient]:
    """The two routes alone."""
    routes = [
        Route("/photos/{article_id}.jpg", photos.serve_jpeg),
        Route("/photos/{article_id}.webp", photos.serve_webp),
    ]
    with TestClient(Starlette(routes=routes)) as client:
        yield client


def test_a_small_photo_is_a_webp_of_the_width_asked_for(
    server: TestClient, release: Release, article_id: str
) -> None:
    address = f"photos/{article_id}.webp?release={release.manifest.checksum[:12]}&width="
    jpeg = Image.open(io.BytesIO(server.get(f"photos/{article_id}.jpg").content))
    sizes = []
    for width in WIDTHS:
        served = server.get(f"{address}{width}")
        picture = Image.open(io.BytesIO(served.content))
        assert (picture.format, served.headers["content-type"]) == ("WEBP", "image/webp")
        assert picture.size == (width, width * jpeg.height // jpeg.width)
        assert "immutable" in served.headers["cache-control"]
        sizes.append(len(served.content))
    assert sizes == sorted(sizes)
    assert sizes[WIDTHS.index(160)] < 6000


@pytest.mark.parametrize("width", ["", "width=", "width=161", "width=0160", "width=1e3"])
def test_no_other_width_is_made(server: TestClient, article_id: str, width: str) -> None:
    served = server.get(f"photos/{article_id}.webp?{width}")
    assert (served.status_code, served.headers["cache-control"]) == (404, "no-cache")


def test_a_small_photo_is_made_once_and_memory_is_bounded(
    server: TestClient, release: Release, monkeypatch: pytest.MonkeyPatch, photos: PhotoServer
) -> None:
    made = []
    webp = photo_server.webp
    monkeypatch.setattr(photo_server, "webp", lambda *given: made.append(1) or webp(*given))
    monkeypatch.setattr(photo_server, "KEPT_BYTES", 10_000)
    rows = np.flatnonzero(release.with_photo)[:8]
    addresses = [f"photos/{release.articles['article_id'][row]}.webp?width=160" for row in rows]
    for _ in range(2):
        assert server.get(addresses[0]).status_code == 200
    assert len(made) == 1
    for address in addresses:
        server.get(address)
    assert len(made) == len(addresses)
    assert sum(map(len, photos._made.values())) == photos._kept_bytes <= 10_000
    server.get(addresses[0])
    assert len(made) == len(addresses) + 1, "the first one has made room"


def test_when_many_wait_the_jpeg_is_sent_instead(
    server: TestClient, article_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_server, "MOST_WAITING", 0)
    served = server.get(f"photos/{article_id}.webp?width=160")
    assert served.headers["content-type"] == "image/jpeg"
    assert "immutable" not in served.headers.get("cache-control", "")
    assert server.get("photos/1.webp?width=160").status_code == 404


@pytest.mark.parametrize("rest", [b"", b"<script>", bytes(99)])
def test_what_calls_itself_a_jpeg_and_is_none_has_no_small_photo(
    server: TestClient, article_id: str, rest: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recommender, "photo", lambda *_: b"\xff\xd8\xff" + rest)
    served = server.get(f"photos/{article_id}.webp?width=160")
    assert (served.status_code, served.headers["cache-control"]) == (404, "no-cache")


def test_photos_are_served_to_be_kept_by_the_browser(
    server: TestClient, release: Release, article_id: str
) -> None:
    revision = release.manifest.checksum[:12]
    served = server.get(f"photos/{article_id}.jpg?release={revision}")
    row = release.articles["article_id"].tolist().index(article_id)
    assert served.status_code == 200
    assert served.content == release.photo(row)
    assert served.headers["content-type"] == "image/jpeg"
    assert "immutable" in served.headers["cache-control"]
    assert "max-age=" in served.headers["cache-control"]


@pytest.mark.parametrize("query", ["", "?release=abc"], ids=["unnamed", "forgotten"])
def test_a_photo_of_no_known_release_is_shown_but_not_kept(
    server: TestClient, release: Release, article_id: str, query: str
) -> None:
    served = server.get(f"photos/{article_id}.jpg{query}")
    row = release.articles["article_id"].tolist().index(article_id)
    assert served.content == release.photo(row)
    assert served.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["0000000000.jpg", "shirt.jpg", "..%2F..%2Fmanifest.jpg", "%F0%9F%91%97.jpg", ".jpg"]
)
def test_there_is_no_photo_of_what_is_no_article(server: TestClient, name: str) -> None:
    served = server.get(f"photos/{name}")
    assert served.status_code == 404
    assert "immutable" not in served.headers.get("cache-control", "")


@pytest.mark.parametrize("photo", [b"<svg onload='alarm()'/>", b"\xff\xd8<script>", b"", None])
def test_what_is_no_jpeg_is_not_served_and_never_kept(
    server: TestClient, article_id: str, photo: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a release folder was replaced by another one."""
    monkeypatch.setattr(Recommender, "photo", lambda *_: photo)
    for name in (f"{article_id}.jpg?", f"{article_id}.webp?width=160"):
        served = server.get(f"photos/{name}&release=abc")
        assert (served.status_code, served.headers["cache-control"]) == (404, "no-cache")


def test_a_release_that_cannot_be_read_any_more_has_no_photo(
    server: TestClient, article_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(*_: object) -> None:
        raise ReleaseError("The release was replaced.")

    monkeypatch.setattr(Recommender, "photo", replaced)
    served = server.get(f"photos/{article_id}.jpg")
    assert (served.status_code, served.headers["cache-control"]) == (404, "no-cache")


def test_there_is_no_photo_of_an_article_without_one(server: TestClient, release: Release) -> None:
    row = int(np.flatnonzero(~release.with_photo)[0])
    assert server.get(f"photos/{release.articles['article_id'][row]}.jpg").status_code == 404
