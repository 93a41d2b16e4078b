"""Ask a release one query of each kind and render each page, to see whether it can be served."""

import dataclasses
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from recsys.catalog.photos import thumbnail
from recsys.models.registry import TEXT
from recsys.models.text import PACKAGED
from recsys.release.files import IMAGE_ENCODER, TEXT_MODEL
from recsys.release.reader import open_release
from recsys.retrieval.facets import FACETS
from recsys.retrieval.fusion import PARTS
from recsys.serving.edition import Edition
from recsys.serving.opening import refusing
from recsys.serving.recommender import Recommender
from recsys.serving.request import MOST_MATCHES
from recsys.vectors import Float32, spread_evenly
from recsys.web.api_schema import article_answer, composed_answer, for_basket_answer
from recsys.web.article_detail import detail_html
from recsys.web.layout import footer_html, top_html
from recsys.web.pages import page_content
from recsys.web.url import CATALOG, QUALITY, SHOPPER, WEIGHT_PREFIX, PageState
from recsys.web.url_parser import from_url

ASKED = 8
"""Articles, and shoppers, that are asked about, spread evenly over the release."""

RANDOM_ARTICLES = 20
"""Articles drawn at random: the same ones each time, so that a verdict can be repeated."""

UNSEEN_WORDS = "soft and warm"
"""Words that no release has the vectors of and that name no attribute: encoders read them."""

OWN_PHOTO_NAME = "own-00000000"
"""Name of the photo that stands for a visitor's."""

Item = TypeVar("Item")


def rehearse(folder: Path) -> None:
    """Open a release, ask one query of each kind and render each page.

    Encoders that are not in the release are not loaded: only the operator can name those.

    Raises:
        OperatorError: one of this fails; the message says which.
    """
    with refusing("opening it"):
        rehearsal = _Rehearsal(Recommender(open_release(folder)))
    with refusing("looking up articles"):
        rehearsal.look_up()
    # Before the encoders, which take longest: most of what can be wrong shows here.
    for address in rehearsal.plain_addresses():
        rehearsal.show(address)
    with refusing("encoding a photo and words"):
        photo = rehearsal.encode()
    for address in rehearsal.encoded_addresses(photo):
        rehearsal.show(address, photo)


class _Rehearsal:
    """Queries and pages of one release. Its methods raise whatever goes wrong."""

    def __init__(self, recommender: Recommender) -> None:
        self.recommender, self.release = recommender, recommender.release
        self.edition = Edition(recommender, "the verification")
        ids = self.release.articles["article_id"].tolist()
        # Besides: the best and the least sold, and the first with and without a photo.
        popularity, with_photo = self.release.retrieval.sales.popularity, self.release.with_photo
        special = (
            popularity.argmax(),
            popularity.argmin(),
            with_photo.argmax(),
            with_photo.argmin(),
        )
        self.ids = list(dict.fromkeys([*_spread(ids), *(ids[row] for row in special)]))
        self.with_photo = [each for each in self.ids if recommender.article(each).has_photo]

    def look_up(self) -> None:
        """Check figures, articles and photos."""
        _check(dataclasses.asdict(self.release.manifest))
        for places in self.recommender.catalog_summary.places.values():
            _check(places.tolist())
        rng = random.Random(0)  # noqa: S311 (no secret)
        for _ in range(RANDOM_ARTICLES):
            _check(article_answer(self.recommender.random_article(rng)))
        for article_id in self.with_photo:
            photo = self.recommender.photo(article_id)
            if photo is None:
                raise ValueError(f"article {article_id} has no photo that can be read")
            thumbnail(photo)  # decodes it

    def encode(self) -> Float32 | None:
        """Encode words and a photo with the release's own encoders; return the photo's vector.

        ``None`` where there is no photo or no such encoder.
        """
        encoders = self.recommender.encoders
        if self._own_text_encoder:
            _check(encoders.words.encode(UNSEEN_WORDS).tolist())
        if not self._own_image_encoder:
            return None
        encoders.photos.load()
        photos = (self.recommender.photo(article_id) for article_id in self.with_photo)
        return next((self.recommender.encode_photo(photo) for photo in photos if photo), None)

    def plain_addresses(self) -> Iterator[str]:
        """Yield addresses of every page and of queries that need no encoder."""
        first, last, phrases = self.ids[0], self.ids[-1], self.recommender.example_phrases
        yield from ("?", f"?see={QUALITY}", f"?see={CATALOG}", f"?see={SHOPPER}")
        yield from (_address(article=each, open=last, k=MOST_MATCHES) for each in self.ids)
        yield from (_address(photo=each, open=first) for each in self.with_photo)
        yield from (_address(words=each) for each in phrases)
        yield from (_address(article=first, words=each) for each in phrases[:1])
        weights = {WEIGHT_PREFIX + part: 1 for part in PARTS}
        yield _address(article=first, one_a_product=1, with_photo=1, **weights)
        for column in FACETS:
            yield _address(**{"article": first, column: self.release.articles[column].iloc[0]})
        yield _address(see=SHOPPER, basket=" ".join(self.ids), open=first)
        for alias in _spread(self.recommender.shoppers()):
            yield _address(see=SHOPPER, shopper=alias, k=MOST_MATCHES)

    def encoded_addresses(self, photo: Float32 | None) -> Iterator[str]:
        """Yield addresses of queries for a visitor's photo and for words."""
        own_photo = {} if photo is None else {"photo": OWN_PHOTO_NAME}
        if own_photo:
            yield _address(**own_photo, open=self.ids[0])
        if self._own_image_encoder and self._own_text_encoder:
            yield _address(**own_photo, words=UNSEEN_WORDS)

    def show(self, address: str, photo: Float32 | None = None) -> None:
        """Render the page of an address, and check the API's answer to its query."""
        with refusing(f"the page {address}"):
            own_photo = None if photo is None else (OWN_PHOTO_NAME, photo)
            parsed = from_url(address, self.recommender, own_photo)
            if parsed.errors:
                raise ValueError(" ".join(parsed.errors))
            _check(self._page(parsed.state))
            _check(self._answer(parsed.state))

    @property
    def _own_image_encoder(self) -> bool:
        return (self.release.folder / IMAGE_ENCODER).exists()

    @property
    def _own_text_encoder(self) -> bool:
        packaged = self.release.manifest.models[TEXT.name].encoder.id == PACKAGED
        return packaged or (self.release.folder / TEXT_MODEL).exists()

    def _page(self, state: PageState) -> list[str]:
        return [
            top_html(state, 0, None, self.recommender),
            page_content(state, self.recommender).html,
            self._details(state),
            footer_html(self.edition),
        ]

    def _details(self, state: PageState) -> str:
        if not state.opened:
            return ""
        article, search = self.recommender.article(state.opened), state.search
        query = self.recommender.article(search.article) if search.article else None
        searched = search.article is not None or search.photo is not None
        explanation = self.recommender.explain(search, state.opened) if searched else None
        return detail_html(state, article, self.recommender.release_version, query, explanation)

    def _answer(self, state: PageState) -> object:
        """Return the API's answer to the query of a page; ``None`` where it has none."""
        recommender = self.recommender
        if state.shopper:
            return for_basket_answer(recommender.for_shopper(state.shopper, state.k))
        if state.basket:
            return for_basket_answer(recommender.for_basket(state.basket.split(), state.k))
        if not state.has_query:
            return None
        found = recommender.search_with_facets(state.search, state.k)
        return composed_answer(found.answer, found.facets)


def _address(**fields: object) -> str:
    return f"?{urlencode(fields)}"


def _spread(items: Sequence[Item]) -> list[Item]:
    """Return up to `ASKED` of the items, spread evenly, the first and the last too."""
    return [items[int(place)] for place in spread_evenly(ASKED, len(items))]


def _check(answer: object) -> None:
    """Raise `ValueError` unless an answer can be sent: finite numbers, text that UTF-8 can hold."""
    json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
