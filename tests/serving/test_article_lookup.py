"""Looking up articles: by id, at random, as examples."""

import random
import time

import numpy as np
import pytest
from answering import ids

from recsys.errors import QueryError
from recsys.serving.article_lookup import Articles, Mention
from recsys.serving.recommender import Recommender


@pytest.fixture(scope="module")
def articles(release) -> Articles:
    return Articles(release)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def test_an_id_may_lack_leading_zeros_and_have_spaces_around_it(articles: Articles) -> None:
    article_id = next(id_ for id_ in ids(articles.release) if id_.startswith("0"))
    row = ids(articles.release).index(article_id)
    for text in (article_id.lstrip("0"), f"  {article_id} ", f"\t{article_id.lstrip('0')}\n"):
        assert articles.row(text) == row
    assert articles.at(row).article_id == article_id


@pytest.mark.parametrize(
    "text",
    ["0000000000", "abc", "", " ", "1" * 1000, "x" * 1000, "👗", "-1", "1.5", "01 08", "١٢٣", None],
    ids=lambda text: repr(text)[:12],
)
def test_a_wrong_id_is_refused_with_one_short_line(recommender: Recommender, text) -> None:
    for look_up in (recommender.article, recommender.similar_to_article, recommender.photo):
        with pytest.raises(QueryError) as refused:
            look_up(text)
        message = str(refused.value)
        assert "article" in message
        assert len(message) < 120
        assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0310352003", ""),
        ("310352003", ""),
        ("Article 0310352003", ""),
        ("#0310352003", ""),
        ("article no. 0310352003 in red", "in red"),
        ("in red, 0310352003.", "in red,"),
        ("（０３１０３５２００３）", ""),
        ("٠٣١٠٣٥٢٠٠٣ in red", "in red"),
        ("O31O352OO3", ""),
        ("0310 352-003", ""),
        ("https://shop.test/en/productpage.0310352003.html in red", "in red"),
        ("photo0310352003.jpg", ""),
    ],
)
def test_an_id_is_found_in_any_text(articles: Articles, text: str, words: str) -> None:
    assert articles.mentioned(text) == Mention("0310352003", words=words)


@pytest.mark.parametrize(
    "text", ["501 jeans", "size 12345", "1.5", "<b>1</b>", "no", "oo", "", "👗"]
)
def test_other_numbers_are_words(articles: Articles, text: str) -> None:
    assert articles.mentioned(text) == Mention(words=text)


@pytest.mark.parametrize(
    ("number", "suggested"),
    [
        ("0310352009", ["0310352008", "0310352005", "0310352003"]),
        ("0310532003", ["0310352003"]),  # Two digits swapped.
        ("9310352003", ["0310352003"]),
        ("031035200", ["0310352003", "0310352005", "0310352008"]),
        ("03103520033", ["0310352003", "0310352005", "0310352008"]),
        ("501", []),
        ("1" * 400, []),
    ],
)
def test_a_wrong_id_leads_to_those_that_may_be_meant(
    articles: Articles, number: str, suggested: list[str]
) -> None:
    assert articles.mentioned(number).unknown == number
    assert [each.article_id for each in articles.similar(number)] == suggested


def test_where_no_id_is_alike_the_nearest_ones_are_suggested(articles: Articles) -> None:
    assert [each.article_id for each in articles.similar("0000000000")] == ["0310352003"]


def test_suggestions_come_at_once_from_a_catalogue_of_any_size(articles: Articles) -> None:
    """No distance to every article is computed: time does not grow with their number."""
    text = "https://shop.test/" + "0310352009/" * 40
    articles.similar("0310352009")  # Sorts the ids once.
    started = time.perf_counter()
    for _ in range(20):
        articles.similar(articles.mentioned(text).unknown or "0310352009")
    assert time.perf_counter() - started < 0.4


def test_a_random_article_depends_on_the_seed_only_and_has_a_photo(articles: Articles) -> None:
    first = [articles.random(seeded(seed)) for seed in range(600)]
    second = [articles.random(seeded(seed)) for seed in range(600)]
    assert first == second
    assert len({article.article_id for article in first}) > 20
    assert all(article.has_photo for article in first)


def test_examples_have_photos_and_are_spread_over_the_catalogue(articles: Articles) -> None:
    release = articles.release
    rows = [ids(release).index(article.article_id) for article in articles.examples(16)]
    assert release.with_photo[rows].all()
    assert len(rows) == 16
    assert min(np.diff(rows)) > len(articles) // 20
    assert len(articles.examples(10**6)) == release.with_photo.sum() == articles.photo_count


def test_prices_reach_from_the_lowest_to_the_highest(articles: Articles) -> None:
    known = [each for each in articles.release.prices.tolist() if each == each]
    assert articles.prices == (min(known), max(known))


def test_a_price_is_the_median_price_to_six_decimals(articles: Articles) -> None:
    prices = articles.release.prices
    sold = np.flatnonzero(~np.isnan(prices))[:50]
    shown = [articles.at(int(row)).price for row in sold]
    assert shown == [round(float(price), 6) for price in prices[sold]]
    assert len(set(shown)) > 1


def test_an_article_that_was_never_sold_has_no_price(articles: Articles) -> None:
    unsold = np.flatnonzero(np.isnan(articles.release.prices))
    assert articles.at(int(unsold[0])).price is None
