"""The log record of a query: kind, times and outcome, and words only where that is turned on."""

import json
import logging
from collections.abc import Iterator

import pytest

from recsys.errors import QueryError
from recsys.serving import telemetry
from recsys.serving.monitoring import JsonLines
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest

WITH_WORDS = JsonLines(words=True)
MODELS = {"text", "image", "features", "two_tower", "combined"}


class Kept(logging.Handler):
    """Keeps log records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def last(self, words: bool = False) -> dict[str, object]:
        """The line of the last record."""
        line: dict[str, object] = json.loads(JsonLines(words).format(self.records[-1]))
        return line


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler, level = Kept(), telemetry.logger.level
    telemetry.logger.addHandler(handler)
    telemetry.logger.setLevel(logging.INFO)
    yield handler
    telemetry.logger.removeHandler(handler)
    telemetry.logger.setLevel(level)


def test_a_line_has_the_times_of_the_models(recommender: Recommender, kept: Kept) -> None:
    recommender.similar_to_article(recommender.example_articles(1)[0].article_id, 6)
    line = kept.last()
    parts = line["parts_ms"]
    assert isinstance(parts, dict)
    assert parts.keys() == MODELS
    assert 0 < sum(parts.values()) <= float(str(line["ms"]))
    assert (line["query"], line["outcome"], line["k"]) == ("article", "ok", 6)
    assert line["release_version"] == recommender.release_version


def test_the_kind_of_a_query_is_what_it_searches_by(recommender: Recommender, kept: Kept) -> None:
    article = recommender.example_articles(1)[0].article_id
    photo = recommender.photo_vector(article)
    words = next(iter(recommender.release.phrases))
    recommender.search(SearchRequest(words=words))
    recommender.search(SearchRequest(article=article, words=words))
    recommender.search(SearchRequest(photo=photo))
    recommender.search(SearchRequest(photo=photo, words=words))
    recommender.for_basket([article])
    recommender.for_shopper(recommender.shoppers()[0])
    kinds = ["words", "article+words", "photo", "photo+words", "basket", "shopper"]
    assert [json.loads(WITH_WORDS.format(each))["query"] for each in kept.records] == kinds


def test_a_search_with_facets_is_one_query(recommender: Recommender, kept: Kept) -> None:
    article = recommender.example_articles(1)[0].article_id
    recommender.search_with_facets(SearchRequest(article=article), 6)
    assert len(kept.records) == 1
    assert (kept.last()["query"], kept.last()["k"]) == ("article", 6)


def test_words_are_logged_only_where_that_is_turned_on(
    recommender: Recommender, kept: Kept
) -> None:
    recommender.search(SearchRequest(words="a secret dress"))
    assert "secret" not in json.dumps(kept.last())
    assert kept.last(words=True)["words"] == "a secret dress"
    assert "encoding" in str(kept.last()["parts_ms"])
    assert kept.last()["words_cached"] is False


def test_example_phrases_need_no_encoder(recommender: Recommender, kept: Kept) -> None:
    recommender.search(SearchRequest(words=next(iter(recommender.release.phrases))))
    assert kept.last()["words_cached"] is True
    assert "encoding" not in str(kept.last()["parts_ms"])


def test_words_are_encoded_once_for_searches_with_different_weights(
    recommender: Recommender, kept: Kept
) -> None:
    plain = recommender.search(SearchRequest(words="a dress for the opera"))
    weighed = recommender.search(SearchRequest(words="a dress for the opera", weights={"image": 1}))
    lines = [json.loads(WITH_WORDS.format(each)) for each in kept.records]
    assert [each["words_cached"] for each in lines] == [False, True]
    assert ["encoding" in each["parts_ms"] for each in lines] == [True, False]
    assert weighed.galleries[1:] == plain.galleries[1:]
    assert weighed.galleries[0] != plain.galleries[0]


def test_a_photo_is_logged_as_an_upload_without_its_content(
    recommender: Recommender, kept: Kept
) -> None:
    recommender.encode_photo(
        recommender.photo(recommender.example_articles(1)[0].article_id) or b""
    )
    line = kept.last(words=True)
    assert (line["query"], line["outcome"]) == ("upload", "ok")
    assert len(json.dumps(line)) < 300


def test_a_refused_query_and_a_broken_one_have_different_outcomes(
    recommender: Recommender, kept: Kept
) -> None:
    with pytest.raises(QueryError):
        recommender.similar_to_article("shirt")
    assert kept.last()["outcome"] == "refused"
    with pytest.raises(ZeroDivisionError), telemetry.query("article", "r", 1):
        raise ZeroDivisionError
    assert kept.last()["outcome"] == "failed"
