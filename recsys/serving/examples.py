"""Examples of every kind of search, as articles whose photos the page can show."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from recsys.catalog.schema import COLOUR
from recsys.release.reader import Release
from recsys.retrieval.facets import Mask
from recsys.serving.article_lookup import Articles
from recsys.serving.results import Article
from recsys.vectors import Int32

EXAMPLE_ARTICLES, EXAMPLE_PHOTOS, EXAMPLE_SHOPPERS = 8, 4, 6
"""Numbers of examples to start from; there are half as many baskets as articles."""

BOUGHT_SHOWN = 3
"""Articles that stand for a shopper."""

CHANGE = "in "
"""Start of the phrases that change a photo, as in "in red"; others describe what to find."""


@dataclass(frozen=True)
class ExampleShopper:
    """A shopper of the release: the alias, and the latest of what they bought, with photos."""

    alias: str
    bought: tuple[Article, ...]


@dataclass(frozen=True)
class Examples:
    """Searches to start from. None of them needs an encoder.

    Attributes:
        articles: to search with.
        photos: articles whose photos are searched with as if they were the visitor's own.
        changed: some more, each with words that change it, as "in red".
        phrases: words to search for, each with an article that it finds; ``None`` without photos.
        shoppers: to see picks for.
        baskets: articles, to see what goes with them.
    """

    articles: tuple[Article, ...]
    photos: tuple[Article, ...]
    changed: tuple[tuple[Article, str], ...]
    phrases: tuple[tuple[str, Article | None], ...]
    shoppers: tuple[ExampleShopper, ...]
    baskets: tuple[tuple[Article, ...], ...]


def find_examples(
    release: Release, articles: Articles, find: Callable[[str], Article | None]
) -> Examples:
    """Return the examples of a release; kinds that it has no photos for are empty.

    Args:
        release: whose examples these are.
        articles: looks its articles up.
        find: returns an article with a photo for a phrase.
    """
    phrases = tuple(release.phrases)
    changes = [each for each in phrases if each.startswith(CHANGE)]
    # Three sets without an article in common, each spread over the catalogue.
    spread = articles.examples(3 * EXAMPLE_ARTICLES)
    photos, in_baskets = spread[1::3], spread[2::3]
    alone = photos[: max(1, EXAMPLE_PHOTOS - len(changes))]
    return Examples(
        articles=tuple(spread[::3]),
        photos=tuple(alone),
        changed=tuple(_changed(photos[len(alone) :], changes)),
        phrases=tuple((each, find(each)) for each in phrases if each not in changes),
        shoppers=_shoppers(release, articles),
        baskets=tuple(zip(in_baskets[::2], in_baskets[1::2], strict=False)),
    )


def _changed(photos: Iterable[Article], changes: Iterable[str]) -> Iterator[tuple[Article, str]]:
    """Yield a photo for each change that its article does not have already."""
    left = list(photos)
    for words in changes:
        colour = words.removeprefix(CHANGE)
        for each in left:
            if colour not in each.attributes[COLOUR].casefold():
                left.remove(each)
                yield each, words
                break


def _shoppers(release: Release, articles: Articles) -> tuple[ExampleShopper, ...]:
    shoppers = list(release.shoppers.items())[:EXAMPLE_SHOPPERS]
    return tuple(
        ExampleShopper(alias, _latest(each.history, release.with_photo, articles))
        for alias, each in shoppers
    )


def _latest(history: Int32, with_photo: Mask, articles: Articles) -> tuple[Article, ...]:
    """Return the latest purchases, each article once, those with photos first."""
    rows = np.array(list(dict.fromkeys(history[::-1].tolist())), np.int32)
    photos_first = rows[np.argsort(~with_photo[rows], kind="stable")]
    return tuple(articles.at(int(row)) for row in photos_first[:BOUGHT_SHOWN])
