"""The API beyond single queries: many articles at once, health, metrics, OpenAPI description."""

import json
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from recsys.catalog.schema import DEPARTMENT
from recsys.release.reader import Release
from recsys.serving.article_lookup import PRICE_DECIMALS
from recsys.serving.recommender import Recommender
from recsys.web.api import MAX_ARTICLES


def ids(release: Release, count: int) -> list[str]:
    return [str(id_) for id_ in release.articles["article_id"][:count]]


def many(client: Client, *inputs: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.predict(*inputs, api_name="/similar_to_articles")
    return answer


def test_many_articles_get_what_each_would_get_alone(client: Client, release: Release) -> None:
    asked = ids(release, 5)
    answers = many(client, asked, 3)["answers"]
    assert [each["article_id"] for each in answers] == asked
    for each in answers:
        alone = client.predict(each["article_id"], 3, api_name="/similar_to_article")
        assert each["galleries"] == alone["galleries"]
        assert each["error"] == ""


def test_a_wrong_id_among_many_is_explained_and_loses_nothing(
    client: Client, release: Release
) -> None:
    good = ids(release, 2)
    answers = many(client, [good[0], "shirt", "0000000000", good[1]], 3)["answers"]
    assert [bool(each["error"]) for each in answers] == [False, True, True, False]
    assert "'shirt' is not an article number" in answers[1]["error"]
    assert [len(each["galleries"]) for each in answers] == [5, 0, 0, 5]


def test_a_request_is_limited_in_articles_and_matches(client: Client, release: Release) -> None:
    asked = (ids(release, 100) * 3)[: MAX_ARTICLES + 1]
    assert len(many(client, asked[:-1], 1)["answers"]) == MAX_ARTICLES
    for wrong, k in ((asked, 1), ([], 1), (asked[:1], 0), (asked[:1], 49)):
        with pytest.raises(AppError, match="Ask "):
            many(client, wrong, k)


def test_many_articles_get_fewer_matches_each(client: Client, release: Release) -> None:
    asked = ids(release, 50)
    with pytest.raises(AppError, match="Ask for up to 24 matches for 50 articles, not 25"):
        many(client, asked, 25)
    answer = many(client, asked, 24)
    assert [len(each["galleries"][0]["matches"]) for each in answer["answers"]] == [24] * 50
    assert len(json.dumps(answer)) < 1.2e6


def test_long_ids_and_many_of_them_are_refused_at_once(client: Client) -> None:
    answers = many(client, ["9" * 8000] * MAX_ARTICLES, 1)["answers"]
    assert all("is not an article number" in each["error"] for each in answers)


def test_a_price_range_holds_for_every_match(client: Client, release: Release) -> None:
    quantiles = np.nanquantile(release.prices, [0.3, 0.6])
    low, high = (round(float(each), PRICE_DECIMALS) for each in quantiles)
    answer = client.predict("dress", price=[low, high], k=12, api_name="/compose")
    prices = [match["price"] for each in answer["galleries"] for match in each["matches"]]
    assert len(prices) > 20
    assert all(low <= price <= high for price in prices)


@pytest.mark.parametrize(
    ("price", "complaint"),
    [([3, 1], "at least 3 and at most 1"), ([1], "a list of two"), (["a", 2], "is a number")],
)
def test_a_price_range_that_makes_no_sense_is_explained(
    client: Client, price: list[Any], complaint: str
) -> None:
    with pytest.raises(AppError, match=complaint):
        client.predict("dress", price=price, api_name="/compose")


def test_health_describes_the_release(
    client: Client, recommender: Recommender, server: str
) -> None:
    recommender.encoders.load()
    health = client.predict(api_name="/health")
    assert health["status"] == "ready"
    assert health["release"] == recommender.release_version
    assert health["origin"] == "the tests"
    assert health["articles"] == len(recommender.release.articles)
    assert health["encoders"] == {"photos": True, "words": True}
    assert health["memory_mb"] > 100
    assert httpx.get(f"{server}health").json().keys() == health.keys()


def test_metrics_are_served_for_prometheus(client: Client, release: Release, server: str) -> None:
    def count(line: str) -> float:
        lines = httpx.get(f"{server}metrics").text.splitlines()
        return sum(float(each.rsplit(" ", 1)[1]) for each in lines if each.startswith(line))

    answered = 'recsys_queries_total{kind="article",outcome="ok"}'
    refused = 'recsys_queries_total{kind="article",outcome="refused"}'
    before = count(answered), count(refused), count('recsys_part_seconds_count{part="text"}')
    client.predict(ids(release, 1)[0], api_name="/similar_to_article")
    with pytest.raises(AppError):
        client.predict("shirt", api_name="/similar_to_article")
    after = count(answered), count(refused), count('recsys_part_seconds_count{part="text"}')
    assert after == (before[0] + 1, before[1] + 1, before[2] + 1)
    assert count(f'recsys_release{{release_version="{release.manifest.version}"}}') == 1
    assert count("process_resident_memory_bytes") > 1e8


def examples(recommender: Recommender) -> dict[str, dict[str, Any]]:
    """Inputs for every endpoint without a photo, by name."""
    two, alias = ids(recommender.release, 2), recommender.shoppers()[0]
    return {
        "health": {},
        "shoppers": {},
        "article": {"article_id": two[0]},
        "similar_to_article": {"article_id": two[0], "k": 3},
        "similar_to_articles": {"article_ids": two, "k": 3},
        "search_words": {"words": "black dress", "k": 3},
        "compose": {
            "article_id": two[0],
            "filters": {DEPARTMENT: [recommender.article(two[1]).attributes[DEPARTMENT]]},
            "weights": {"image": 2, "text": 1},
            "price": None,
            "k": 3,
        },
        "for_shopper": {"alias": alias, "k": 3},
        "for_basket": {"article_ids": two, "k": 3},
    }


def test_the_open_api_description_leads_to_answers(server: str, recommender: Recommender) -> None:
    """Every path is called as described, except the one that takes a photo (see test_server)."""
    described = httpx.get(f"{server}gradio_api/openapi.json").json()
    named = {
        path.rsplit("/", 1)[1]: (path, each["post"])
        for path, each in described["paths"].items()
        if "/call/" in path and "post" in each
    }
    given = examples(recommender)
    assert named.keys() == given.keys() | {"similar_to_photo"}
    for name, inputs in given.items():
        path, operation = named[name]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert inputs.keys() <= schema["properties"].keys()
        event = httpx.post(f"{server.rstrip('/')}{path}", json=inputs).json()["event_id"]
        stream = httpx.get(f"{server}gradio_api/call/{name}/{event}", timeout=60).text
        assert "event: complete" in stream, (name, stream[:300])
        assert json.loads(stream.split("data: ", 1)[1])[0]
