from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from recsys.catalog.photos import MAX_BYTES
from recsys.catalog.schema import COLOUR, PRODUCT_TYPE
from recsys.models.registry import ALL, IMAGE
from recsys.release.reader import Release
from recsys.serving.request import MOST_MATCHES
from recsys.web.api_schema import ArticleAnswer, ComposedAnswer, SimilarAnswer

ENDPOINTS = {
    "/health",
    "/article",
    "/similar_to_article",
    "/similar_to_articles",
    "/similar_to_photo",
    "/search_words",
    "/compose",
    "/shoppers",
    "/for_shopper",
    "/for_basket",
}


def assert_typed(value: Any, kind: Any) -> None:
    """Fail unless a JSON value has the type, with all keys of a TypedDict and no others."""
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        assert value.keys() == hints.keys()
        for name, hint in hints.items():
            assert_typed(value[name], hint)
    elif get_origin(kind) is list:
        for item in value:
            assert_typed(item, get_args(kind)[0])
    elif get_origin(kind) is dict:
        for name, item in value.items():
            assert_typed(name, get_args(kind)[0])
            assert_typed(item, get_args(kind)[1])
    elif isinstance(kind, UnionType):
        given = [each for each in get_args(kind) if (value is None) == (each is type(None))]
        assert_typed(value, given[0])
    else:
        assert type(value) is kind


@pytest.fixture(scope="module")
def article_id(release: Release) -> str:
    return str(release.articles["article_id"][int(np.flatnonzero(release.with_photo)[0])])


@pytest.fixture
def photo(release: Release, tmp_path: Path) -> Path:
    """A photo of the article as a file."""
    path = tmp_path / "from my phone.jpg"
    path.write_bytes(release.photo(int(np.flatnonzero(release.with_photo)[0])) or b"")
    return path


def refusal(client: Client, endpoint: str, *inputs: Any) -> str:
    """The error message that an API client gets."""
    with pytest.raises(AppError) as refused:
        client.predict(*inputs, api_name=endpoint)
    message = str(refused.value)
    assert "Traceback" not in message
    assert "\n" not in message
    return message


def test_the_api_has_these_endpoints_and_no_others(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == ENDPOINTS
    assert described["unnamed_endpoints"] == {}


def test_the_api_describes_its_parameters(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    parameters = {
        name: [each["parameter_name"] for each in endpoint["parameters"]]
        for name, endpoint in described.items()
    }
    assert parameters == {
        "/health": [],
        "/article": ["article_id"],
        "/similar_to_articles": ["article_ids", "k"],
        "/similar_to_article": ["article_id", "k"],
        "/similar_to_photo": ["photo", "k", "corrected"],
        "/search_words": ["words", "k"],
        "/compose": [
            *("words", "article_id", "photo", "weight", "k", "corrected"),
            *("filters", "with_photo", "one_a_product", "weights", "price"),
        ],
        "/shoppers": [],
        "/for_shopper": ["alias", "k"],
        "/for_basket": ["article_ids", "k"],
    }


def test_an_article_is_looked_up(client: Client, release: Release, article_id: str) -> None:
    found = client.predict(article_id.lstrip("0"), api_name="/article")
    assert_typed(found, ArticleAnswer)
    row = release.articles.set_index("article_id").loc[article_id]
    assert (found["article_id"], found["name"]) == (article_id, row["prod_name"])
    assert found["description"] == row["detail_desc"]
    assert found["has_photo"] is True


def test_similar_articles_are_found(client: Client, release: Release, article_id: str) -> None:
    answer = client.predict(article_id, api_name="/similar_to_article")
    assert_typed(answer, SimilarAnswer)
    assert answer["release"] == release.manifest.checksum[:12]
    assert answer["query"]["article_id"] == article_id
    assert [gallery["model"] for gallery in answer["galleries"]] == [model.name for model in ALL]
    assert [len(gallery["matches"]) for gallery in answer["galleries"]] == [12] * 5


def test_the_api_returns_what_the_recommender_returns(
    client: Client, recommender, article_id: str
) -> None:
    answer = client.predict(article_id, 3, api_name="/similar_to_article")
    direct = recommender.similar_to_article(article_id, 3)
    for gallery, expected in zip(answer["galleries"], direct.galleries, strict=True):
        shown = [
            (match["rank"], match["article_id"], match["score"], match["contributions"])
            for match in gallery["matches"]
        ]
        assert shown == [
            (match.rank, match.article.article_id, match.score, match.contributions)
            for match in expected.matches
        ]


def test_a_photo_of_the_catalogue_is_recognised(
    client: Client, article_id: str, photo: Path
) -> None:
    answer = client.predict(handle_file(photo), api_name="/similar_to_photo")
    assert_typed(answer, SimilarAnswer)
    assert answer["query"] is None
    galleries = {gallery["model"]: gallery for gallery in answer["galleries"]}
    first = galleries[IMAGE.name]["matches"][0]
    assert first["article_id"] == article_id
    assert first["score"] == pytest.approx(1, abs=1e-3)
    assert len(galleries[IMAGE.name]["matches"]) == 12
    for model in ("text", "features", "two_tower"):
        assert len(galleries[model]["matches"]) == 12
        assert "Estimated" in galleries[model]["note"]


def test_as_many_matches_come_as_were_asked_for(
    client: Client, article_id: str, photo: Path
) -> None:
    by_article = client.predict(article_id, k=5, api_name="/similar_to_article")
    by_photo = client.predict(handle_file(photo), k=5, api_name="/similar_to_photo")
    assert [len(gallery["matches"]) for gallery in by_article["galleries"]] == [5] * 5
    assert [len(gallery["matches"]) for gallery in by_photo["galleries"]] == [5] * 5


@pytest.mark.parametrize("k", [0, -1, 49, 2.5, "many", None])
def test_a_wrong_number_of_matches_is_explained(client: Client, article_id: str, k: Any) -> None:
    message = refusal(client, "/similar_to_article", article_id, k)
    assert f"1 to {MOST_MATCHES}" in message


@pytest.mark.parametrize("k", [0, 49, None])
def test_a_wrong_number_of_matches_for_a_photo_is_explained(
    client: Client, photo: Path, k: int | None
) -> None:
    message = refusal(client, "/similar_to_photo", handle_file(photo), k)
    assert f"1 to {MOST_MATCHES}" in message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0000000000", "There is no article 0000000000 in this catalogue."),
        ("shirt", "'shirt' is not an article number"),
        ("", "'' is not an article number"),
        ("👗" * 1000, "is not an article number"),
        (None, "is not an article number"),
        (108, "There is no article 0000000108 in this catalogue."),
        (["0108775015"], "is not an article number"),
    ],
    ids=lambda value: repr(value)[:14],
)
def test_a_wrong_id_is_explained(client: Client, text: Any, complaint: str) -> None:
    for endpoint in ("/article", "/similar_to_article"):
        message = refusal(client, endpoint, text)
        assert complaint in message
        assert len(message) < 120


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"Dear diary,", "not a picture that can be read"),
        (b"", "This file is empty"),
        (b"GIF89a", "not a picture that can be read"),
    ],
)
def test_a_file_that_is_no_photo_is_explained(
    client: Client, tmp_path: Path, data: bytes, complaint: str
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    assert complaint in refusal(client, "/similar_to_photo", handle_file(path))


def test_a_damaged_photo_is_explained(client: Client, photo: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:3000])
    message = refusal(client, "/similar_to_photo", handle_file(photo))
    assert "This JPEG picture is damaged" in message


def test_no_photo_is_explained(client: Client) -> None:
    assert refusal(client, "/similar_to_photo", None) == "Choose a photo first."


def test_a_file_of_the_server_cannot_be_asked_about(client: Client, photo: Path) -> None:
    """Only uploads may be read: a path would let anyone read the server's files."""
    for given in (str(photo), {"path": str(photo), "meta": {"_type": "gradio.FileData"}}):
        refused = httpx.post(
            f"{client.src.rstrip('/')}/gradio_api/call/similar_to_photo",
            json={"data": [given, 5]},
        )
        event = refused.json().get("event_id")
        if event:
            stream = httpx.get(
                f"{client.src.rstrip('/')}/gradio_api/call/similar_to_photo/{event}", timeout=60
            )
            assert "event: complete" not in stream.text
            assert "contributions" not in stream.text


def test_too_large_a_file_is_refused(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    path.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(Exception, match=r"(?i)larger than|exceed|too large|413|maximum"):
        client.predict(handle_file(path), api_name="/similar_to_photo")


def test_words_are_answered(client: Client, release: Release) -> None:
    answer = client.predict("black dress", k=4, api_name="/search_words")
    assert_typed(answer, SimilarAnswer)
    assert answer["words"] == "black dress"
    assert [each["column"] for each in answer["filters"]] == [COLOUR, PRODUCT_TYPE]
    assert [len(each["matches"]) for each in answer["galleries"]] == [4, 4, 4, 4, 0]


def test_a_photo_and_words_are_answered_together(client: Client, photo: Path) -> None:
    answer = client.predict("in red", photo=handle_file(photo), k=4, api_name="/compose")
    assert_typed(answer, ComposedAnswer)
    assert len(answer["reading"]) == 3
    assert [len(each["matches"]) for each in answer["galleries"]] == [4] * 5


def test_an_article_and_words_are_answered_together(client: Client, article_id: str) -> None:
    answer = client.predict("in red", article_id=article_id, k=4, api_name="/compose")
    assert answer["query"]["article_id"] == article_id
    assert answer["words"] == "in red"


def test_what_a_photo_shows_is_put_right(client: Client, photo: Path) -> None:
    corrected = {PRODUCT_TYPE: "Hat/beanie"}
    answer = client.predict(
        handle_file(photo), k=4, corrected=corrected, api_name="/similar_to_photo"
    )
    assert answer["reading"][0]["guesses"][0] == {"value": "Hat/beanie", "chance": 1}


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"words": " "}, "Say what to look for"),
        ({"words": "x" * 600}, "fewer words"),
        ({"words": "red", "weight": 3}, "between 0 and 1"),
        ({"words": "red", "corrected": {"colour": "Red"}}, "colour"),
        ({"words": "red", "corrected": ["Red"]}, "corrected"),
    ],
)
def test_a_search_that_makes_no_sense_is_explained(
    client: Client, asked: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(AppError, match=complaint):
        client.predict(**asked, api_name="/compose")


def test_answers_are_narrowed_down(client: Client, article_id: str, release: Release) -> None:
    """Matches pass the filters, and the counts of the filters are those of the catalogue."""
    answer = client.predict(
        article_id=article_id,
        filters={PRODUCT_TYPE: ["Dress"], COLOUR: ["Black", "Red"]},
        with_photo=True,
        one_a_product=True,
        weights={"image": 1},
        api_name="/compose",
    )
    assert_typed(answer, ComposedAnswer)
    table = release.articles
    found = {match["article_id"] for each in answer["galleries"] for match in each["matches"]}
    rows = table["article_id"].isin(found)
    assert rows.sum() == len(found) > 10
    assert set(table[PRODUCT_TYPE][rows]) == {"Dress"}
    assert set(table[COLOUR][rows]) <= {"Black", "Red"}
    assert release.with_photo[rows].all()
    assert all(set(match["contributions"]) == {"image"} for match in matches(answer, "combined"))
    colours = next(each for each in answer["facets"] if each["column"] == COLOUR)
    black = next(each for each in colours["choices"] if each["value"] == "Black")
    expected = (table[PRODUCT_TYPE] == "Dress") & (table[COLOUR] == "Black") & release.with_photo
    assert black["count"] == expected.sum()


def matches(answer: Any, model: str) -> Any:
    """The matches of one gallery of an answer."""
    return next(each["matches"] for each in answer["galleries"] if each["model"] == model)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"filters": {"price": ["1"]}}, "price"),
        ({"filters": {PRODUCT_TYPE: "Dress"}}, "list of values"),
        ({"filters": ["Dress"]}, "by column"),
        ({"weights": {"taste": 1}}, "taste"),
    ],
)
def test_what_cannot_be_chosen_is_explained(
    client: Client, article_id: str, asked: Any, complaint: str
) -> None:
    with pytest.raises(AppError, match=complaint):
        client.predict(article_id=article_id, **asked, api_name="/compose")
