"""Use a release as the app would: every kind of query and every page, in a process that may die."""

import dataclasses
import json
import os
import random
import signal
import traceback
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from recsys.errors import RecsysError, ReleaseError
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.web.handlers import PageHandlers, Session

REFUSED, SERVED, UNHANDLED, CRASHED, MARKUP = "refused", "served", "unhandled", "crashed", "markup"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a release.

    Attributes:
        kind: `REFUSED` and `SERVED` are as they should be.
        details: the refusal, the error or the signal.
    """

    kind: str
    details: str = ""


def in_child(work: Callable[[], Outcome], seconds: int = 60) -> Outcome:
    """Return the outcome of work in a forked process, which may crash or hang."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        signal.alarm(seconds)
        try:
            outcome = work()
        except BaseException as error:
            outcome = Outcome(UNHANDLED, _last_lines(error))
        os.write(writer, json.dumps(dataclasses.astuple(outcome)).encode()[:60_000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    return Outcome(*json.loads(data)) if data else Outcome(CRASHED, f"status {status}")


def _last_lines(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(each.filename).name}:{each.lineno}" for each in frames[-3:]]
    return f"{type(error).__name__}: {error} ({' > '.join(places)})"[:300]


def use(folder: Path) -> Outcome:
    """Open a release and use it in every way that needs no encoder."""
    try:
        release = open_release(folder)
    except ReleaseError as error:
        return Outcome(REFUSED, str(error))
    recommender = Recommender(release)
    _query(recommender)
    return _look(recommender)


def _query(recommender: Recommender) -> None:
    ids = recommender.release.articles["article_id"].tolist()
    chosen = ids[:: max(len(ids) // 6, 1)]
    answers: list[Any] = [recommender.similar_to_article(each, 48) for each in chosen]
    answers += [
        recommender.search_with_facets(SearchRequest(words=each), 48).answer
        for each in recommender.example_phrases[:3]
    ]
    answers += [recommender.for_shopper(each, 48) for each in recommender.shoppers()[:4]]
    answers.append(recommender.for_basket(chosen[:3], 48))
    for each in chosen:
        try:
            vector = recommender.photo_vector(each)
        except RecsysError:
            continue
        recommender.photo(each)
        answers.append(recommender.search(SearchRequest(photo=vector), 48))
        recommender.explain(SearchRequest(article=chosen[0]), each)
    for answer in answers:
        for gallery in answer.galleries:
            scores = np.array([match.score for match in gallery.matches])
            if not (np.isfinite(scores).all() and (np.abs(scores) <= 1.001).all()):
                raise AssertionError(f"{gallery.model.name} has scores like {scores[:3]}")


def _look(recommender: Recommender) -> Outcome:
    """Render every page; foreign markup is an outcome of its own."""
    edition = Edition(recommender, "the attack")
    handlers = PageHandlers(LiveEdition(edition), random.Random(1))
    first = recommender.release.articles["article_id"].iloc[0]
    phrase = next(iter(recommender.example_phrases), "black dress")
    addresses: list[dict[str, object]] = [
        {},
        {"article": first, "open": first},
        {"words": phrase},
        {"see": "catalog"},
        {"see": "quality"},
        {"see": "shopper"},
        *({"see": "shopper", "shopper": alias} for alias in recommender.shoppers()[:2]),
        {"see": "shopper", "basket": first},
    ]
    for address in addresses:
        *_, update = handlers.open_address(f"?{urlencode(address)}", Session())
        for part in (update.top, update.answer, update.details):
            if isinstance(part, str) and _foreign(part):
                return Outcome(MARKUP, f"?{urlencode(address)}")
    return Outcome(SERVED)


class _Elements(HTMLParser):
    """Notices elements that only the attack could have written."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.foreign |= any(
            name.startswith("on") and "alarm" in (value or "") for name, value in attrs
        )


def _foreign(html: str) -> bool:
    parser = _Elements()
    parser.feed(html)
    return parser.foreign
