"""Examples to start from: on the start page, and on the page of shoppers and baskets."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from recsys.serving.examples import ExampleShopper
from recsys.serving.recommender import Recommender
from recsys.serving.results import Article
from recsys.web.cards import card_view, card_views
from recsys.web.photo_view import THUMBNAIL, TOKEN, PhotoView, photo_view
from recsys.web.templating import render
from recsys.web.url import SHOPPER, PageState, to_url

START_SHOPPERS = 3
"""Shoppers on the start page, which has few photos so that it is light; the others have a page."""


@dataclass(frozen=True)
class PictureLink:
    """A link that shows photos.

    Attributes:
        address: where it leads.
        label: says so to who cannot see the photos.
        photos: without texts of their own.
        text: beside the photos; empty for none.
    """

    address: str
    label: str
    photos: Sequence[PhotoView]
    text: str = ""


def welcome_html(recommender: Recommender) -> str:
    """Return examples of every kind of search. None of them needs an encoder."""
    examples, version = recommender.examples, recommender.release_version
    photos = card_views(examples.photos, version, lambda id_: _url(photo=id_))
    changed = [
        card_view(each, version, _url(photo=each.article_id, words=words), f"but {words}")
        for each, words in examples.changed
    ]
    return render(
        "welcome.html",
        photos=photos + changed,
        words=[_phrase_link(words, article, version) for words, article in examples.phrases],
        shoppers=_shopper_links(examples.shoppers[:START_SHOPPERS], version),
        articles=card_views(examples.articles, version, lambda id_: _url(article=id_)),
    )


def shopper_examples_html(recommender: Recommender) -> str:
    """Return example shoppers and baskets, to be chosen by what is in them."""
    examples, version = recommender.examples, recommender.release_version
    return render(
        "shopper.html",
        shoppers=_shopper_links(examples.shoppers, version),
        baskets=_basket_links(examples.baskets, version),
    )


def _url(**fields: str) -> str:
    return f"?{urlencode(fields)}"


def _phrase_link(words: str, article: Article | None, release_version: str) -> PictureLink:
    photos = _thumbnails([article] if article else [], release_version, TOKEN)
    return PictureLink(_url(words=words), words, photos, words)


def _shopper_links(shoppers: Iterable[ExampleShopper], release_version: str) -> list[PictureLink]:
    """Return a link for each shopper. What they bought says more than a made-up name."""
    return [
        PictureLink(
            to_url(PageState(SHOPPER, shopper=each.alias)),
            f"Picks for a shopper who bought {_listed(each.bought)}",
            _thumbnails(each.bought, release_version),
        )
        for each in shoppers
    ]


def _basket_links(baskets: Iterable[Sequence[Article]], release_version: str) -> list[PictureLink]:
    return [
        PictureLink(
            to_url(PageState(SHOPPER, basket=" ".join(each.article_id for each in basket))),
            f"What goes with {_listed(basket)}",
            _thumbnails(basket, release_version),
        )
        for basket in baskets
    ]


def _thumbnails(
    articles: Iterable[Article], release_version: str, sizes: str = THUMBNAIL
) -> list[PhotoView]:
    """Return photos without texts, for links that have one."""
    photos = (photo_view(each, release_version, sizes=sizes) for each in articles)
    return [dataclasses.replace(each, alt="") for each in photos]


def _listed(articles: Sequence[Article]) -> str:
    """Return the names of articles, as in "a shirt, a hat and a dress"."""
    *others, last = (each.name for each in articles)
    return f"{', '.join(others)} and {last}" if others else last
