"""Serves the photos of articles: the JPEG of the release, and smaller WebP files made from it."""

from collections import OrderedDict

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from recsys.catalog.photos import JPEG, webp
from recsys.errors import RecsysError
from recsys.serving.edition import LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.photo_view import WIDTHS

KEPT_BYTES = 32 << 20
"""Memory for WebP files: about 8,000 of a card's size."""

MOST_WAITING = 64
"""WebP files that wait to be made, .3 s of work. Beyond that the JPEG is sent, which is larger."""

KEPT_BY_BROWSERS = "public, max-age=31536000, immutable"
"""A photo of one release never changes."""


class PhotoServer:
    """Serves photos. WebP files are made one at a time: searches need the other cores.

    Args:
        live: the editions whose photos are served.
    """

    def __init__(self, live: LiveEdition) -> None:
        self._live, self._waiting = live, 0
        self._made: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()
        self._kept_bytes = 0
        self._one_at_a_time = CapacityLimiter(1)

    def serve_jpeg(self, request: Request) -> Response:
        """Serve ``photos/<article id>.jpg``."""
        recommender = self._recommender(request)
        photo = _jpeg(recommender, request.path_params["article_id"])
        return _response(request, recommender, photo, "image/jpeg")

    async def serve_webp(self, request: Request) -> Response:
        """Serve ``photos/<article id>.webp?width=<one of WIDTHS>``."""
        width = {str(each): each for each in WIDTHS}.get(request.query_params.get("width", ""))
        if width is None:
            return _missing()
        recommender = self._recommender(request)
        article_id = request.path_params["article_id"]
        photo = self._found(recommender.release_version, article_id, width)
        if photo is None and self._waiting >= MOST_WAITING:
            jpeg = await run_in_threadpool(_jpeg, recommender, article_id)
            # Not kept: the next visit may get the smaller file.
            return Response(jpeg, media_type="image/jpeg") if jpeg else _missing()
        return _response(
            request,
            recommender,
            photo or await self._make(recommender, article_id, width),
            "image/webp",
        )

    async def _make(self, recommender: Recommender, article_id: str, width: int) -> bytes | None:
        """Return a new WebP file, and keep it; ``None`` where there is no photo."""
        self._waiting += 1
        try:
            photo = await run_sync(
                _webp, recommender, article_id, width, limiter=self._one_at_a_time
            )
        finally:
            self._waiting -= 1
        if photo:
            self._keep((recommender.release_version, article_id, width), photo)
        return photo

    def _found(self, *key: *tuple[str, str, int]) -> bytes | None:
        """Return a file that is kept, as the one used last."""
        photo = self._made.get(key)
        if photo:
            self._made.move_to_end(key)
        return photo

    def _keep(self, key: tuple[str, str, int], photo: bytes) -> None:
        self._kept_bytes += len(photo) - len(self._made.pop(key, b""))
        self._made[key] = photo
        while self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= len(self._made.popitem(last=False)[1])

    def _recommender(self, request: Request) -> Recommender:
        return self._live.recommender(request.query_params.get("release", ""))


def _jpeg(recommender: Recommender, article_id: str) -> bytes | None:
    """Return the release's photo of an article; ``None`` where there is none that is a JPEG."""
    try:
        photo = recommender.photo(article_id)
    except RecsysError:  # No such article, or a release whose files were replaced.
        return None
    return photo if photo and photo.startswith(JPEG) else None


def _webp(recommender: Recommender, article_id: str, width: int) -> bytes | None:
    """Return a new WebP file of an article's photo; ``None`` where there is none to be read."""
    photo = _jpeg(recommender, article_id)
    try:
        return webp(photo, width) if photo else None
    except RecsysError:
        return None


def _missing() -> Response:
    return Response("There is no such photo.", 404, headers={"Cache-Control": "no-cache"})


def _response(
    request: Request, recommender: Recommender, photo: bytes | None, media_type: str
) -> Response:
    if photo is None:
        return _missing()
    versioned = request.query_params.get("release") == recommender.release_version
    caching = KEPT_BY_BROWSERS if versioned else "no-cache"
    return Response(photo, media_type=media_type, headers={"Cache-Control": caching})
