"""Answers to searches, against vectors and tables read from the files of the release."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from answering import found, gallery_of, id_without_photo, ids, values_of
from building import photo_file

from recsys.catalog.schema import COLOUR, PATTERN, PRODUCT_TYPE
from recsys.errors import PhotoError, QueryError
from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, SINGLE, TEXT, TWO_TOWER
from recsys.release.reader import Release, open_release
from recsys.retrieval.attributes import AttributeVocabulary
from recsys.retrieval.fusion import PARTS
from recsys.serving.encoders import UNAVAILABLE
from recsys.serving.recommender import Recommender
from recsys.serving.request import MOST_MATCHES, SearchRequest
from recsys.serving.results import Answer, PossibleValue


def rows_to_check(release: Release) -> list[int]:
    """A few articles with photos, whose answers are compared with a search by hand."""
    return [int(row) for row in np.flatnonzero(release.with_photo)[::211]]


@pytest.fixture(
    scope="module",
    params=[10, pytest.param(1, marks=pytest.mark.exhaustive)],
    ids=["every tenth article", "every article"],
)
def answers(recommender: Recommender, request: pytest.FixtureRequest) -> dict[int, Answer]:
    """Answers by the row of their query."""
    release = recommender.release
    rows = {*range(0, len(release.articles), request.param), *rows_to_check(release)}
    return {row: recommender.similar_to_article(ids(release)[row]) for row in sorted(rows)}


def test_an_answer_has_the_article_of_its_query(
    release: Release, answers: dict[int, Answer]
) -> None:
    for row, answer in answers.items():
        assert answer.query.article_id == ids(release)[row]


def test_an_answer_has_a_gallery_of_each_model_in_the_same_order(
    answers: dict[int, Answer],
) -> None:
    for answer in answers.values():
        assert [gallery.model for gallery in answer.galleries] == list(ALL)
        for gallery in answer.galleries:
            assert len(gallery.matches) == (0 if gallery.note else 12)


def test_a_gallery_has_no_article_twice_and_not_the_query_s_own(answers: dict[int, Answer]) -> None:
    for answer in answers.values():
        for gallery in answer.galleries:
            assert answer.query.article_id not in found(gallery)
            assert len(set(found(gallery))) == len(gallery.matches)


def test_matches_are_ranked_from_1_by_falling_score_and_then_by_id(
    answers: dict[int, Answer],
) -> None:
    for answer in answers.values():
        for gallery in answer.galleries:
            order = [(-match.score, match.article.article_id) for match in gallery.matches]
            assert order == sorted(order)
            assert [match.rank for match in gallery.matches] == list(range(1, len(order) + 1))
            assert all(-1 <= match.score <= 1 for match in gallery.matches)


def test_contributions_sum_to_the_score(answers: dict[int, Answer]) -> None:
    for answer in answers.values():
        for gallery in answer.galleries:
            for match in gallery.matches:
                assert sum(match.contributions.values()) == pytest.approx(match.score, abs=5e-5)


def test_contributions_are_of_the_parts_that_have_a_vector_or_count_of_the_query(
    answers: dict[int, Answer],
) -> None:
    for answer in answers.values():
        possible = set(PARTS) - (set() if answer.query.has_photo else {IMAGE.name})
        for gallery in answer.galleries:
            for match in gallery.matches:
                named = set(match.contributions)
                if gallery.model is COMBINED:
                    assert {TEXT.name, TWO_TOWER.name} <= named <= possible
                else:
                    assert named == {gallery.model.name}


def cosines(release: Release, model: str, row: int) -> np.ndarray:
    """The cosine of an article with every other one, from nothing but the files of the release."""
    vectors = np.load(release.folder / f"vectors/{model}.npy").astype(np.float64)
    entries = np.load(release.folder / f"entries/{model}.npy")
    if model == TWO_TOWER.name:
        query = np.load(release.folder / "queries/two_tower.npy")[row].astype(np.float64)
    else:
        query = vectors[entries[row]]
    each = vectors[entries] @ query
    each /= np.linalg.norm(vectors[entries], axis=1) * np.linalg.norm(query)
    return np.where(entries < 0, np.nan, each)


@pytest.mark.parametrize("model", SINGLE, ids=lambda model: model.name)
def test_each_gallery_holds_the_nearest_articles_of_its_own_model(
    release: Release, answers: dict[int, Answer], model
) -> None:
    for row in rows_to_check(release):
        scores = np.round(cosines(release, model.name, row), 5)
        scores[row] = np.nan
        best = np.lexsort((np.arange(len(scores)), -scores))[:12]
        matches = gallery_of(answers[row], model).matches
        shown = [match.score for match in matches]
        np.testing.assert_allclose(shown, scores[best], atol=2e-5)
        for match in matches:
            own = scores[ids(release).index(match.article.article_id)]
            assert match.score == pytest.approx(own, abs=2e-5)


@pytest.mark.parametrize("model", [TEXT, FEATURES], ids=lambda model: model.name)
def test_articles_of_equal_score_are_in_the_order_of_their_ids(
    release: Release, answers: dict[int, Answer], model
) -> None:
    """Also where a tie reaches beyond the end of the gallery: the first ids are the ones shown."""
    ties = 0
    for row in rows_to_check(release):
        matches = gallery_of(answers[row], model).matches
        entries = np.load(release.folder / f"entries/{model.name}.npy")
        shown = [ids(release).index(match.article.article_id) for match in matches]
        for place in shown:
            twins = np.flatnonzero(entries == entries[place])
            ties += len(twins) > 1
            earlier = [twin for twin in twins.tolist() if twin < place and twin != row]
            assert set(earlier) <= set(shown)
    assert ties or model is TEXT


def test_the_combined_score_is_the_weighted_mean_of_its_parts(
    release: Release, answers: dict[int, Answer]
) -> None:
    models, sales = release.manifest.models, release.retrieval.sales
    for row in rows_to_check(release):
        weights = release.manifest.weights["article"].at(float(sales.popularity[row]))
        total = sum(weights.values())
        counted = {
            "co_purchase": sales.bought_with(np.array([row])),
            "popularity": sales.popularity,
            "recency": sales.recency,
        }
        said = {model.name: cosines(release, model.name, row) for model in SINGLE} | counted
        for match in gallery_of(answers[row], COMBINED).matches:
            other = ids(release).index(match.article.article_id)
            shares = {}
            for part, values in said.items():
                typical = models[part].typical if part in models else 0.0
                value = typical if np.isnan(values[other]) else values[other]
                shares[part] = weights[part] / total * value
            for part, share in match.contributions.items():
                assert share == pytest.approx(shares[part], abs=2e-5)
            assert match.score == pytest.approx(sum(shares.values()), abs=5e-5)


def test_no_two_models_find_the_same(answers: dict[int, Answer]) -> None:
    """Above all, the combined model is not one of the others under another name."""
    for first in ALL:
        for second in ALL[ALL.index(first) + 1 :]:
            same = [
                found(gallery_of(answer, first)) == found(gallery_of(answer, second))
                for answer in answers.values()
            ]
            assert np.mean(same) < 0.05, (first.name, second.name)


@pytest.mark.parametrize("k", [0, -1, MOST_MATCHES + 1, 10**9])
def test_a_wrong_number_of_matches_is_refused_with_the_range(
    recommender: Recommender, k: int
) -> None:
    with pytest.raises(QueryError, match=f"1 to {MOST_MATCHES} matches"):
        recommender.similar_to_article(ids(recommender.release)[0], k)


@pytest.mark.parametrize("k", [1, 5, MOST_MATCHES])
def test_a_shorter_answer_is_the_beginning_of_a_longer_one(
    recommender: Recommender, k: int
) -> None:
    article_id = ids(recommender.release)[0]
    longest = recommender.similar_to_article(article_id, MOST_MATCHES)
    shorter = recommender.similar_to_article(article_id, k)
    for few, many in zip(shorter.galleries, longest.galleries, strict=True):
        assert len(few.matches) == k
        assert few.matches == many.matches[:k]


def test_all_models_but_image_answer_for_an_article_without_a_photo(
    recommender: Recommender,
) -> None:
    answer = recommender.similar_to_article(id_without_photo(recommender.release))
    assert not answer.query.has_photo
    for gallery in answer.galleries:
        if gallery.model is IMAGE:
            assert gallery.matches == ()
            assert "no photo" in gallery.note
        else:
            assert len(gallery.matches) == 12
            assert gallery.note == ""


def test_an_article_without_a_photo_can_still_be_found(answers: dict[int, Answer]) -> None:
    shown = {
        match.article.has_photo
        for answer in answers.values()
        for match in gallery_of(answer, COMBINED).matches
    }
    assert shown == {True, False}


def test_a_photo_of_the_catalogue_finds_its_own_article_first(
    recommender: Recommender, sample_folder
) -> None:
    for row in rows_to_check(recommender.release)[:3]:
        article_id = ids(recommender.release)[row]
        photo = photo_file(sample_folder, article_id).read_bytes()
        answer = recommender.similar_to_photo(photo, 5)
        first = gallery_of(answer, IMAGE).matches[0]
        assert first.article.article_id == article_id
        assert first.score == pytest.approx(1, abs=1e-4)
        for model in (TEXT, FEATURES, TWO_TOWER):
            assert len(gallery_of(answer, model).matches) == 5
            assert "Estimated from the photo" in gallery_of(answer, model).note
        assert gallery_of(answer, IMAGE).note == gallery_of(answer, COMBINED).note == ""
        assert answer.query is None


@pytest.fixture(scope="module")
def dress(recommender: Recommender) -> np.ndarray:
    """The vector of the photo of a dress in one colour."""
    table = recommender.release.articles
    is_dress = (table[PRODUCT_TYPE] == "Dress").to_numpy() & recommender.release.with_photo
    photo = recommender.release.photo(int(np.flatnonzero(is_dress)[0]))
    return recommender.encode_photo(photo or b"")


def test_an_answer_to_a_photo_has_its_likeliest_attributes(recommender: Recommender, dress) -> None:
    answer = recommender.search(SearchRequest(photo=dress))
    assert [reading.column for reading in answer.reading] == [PRODUCT_TYPE, COLOUR, PATTERN]
    assert answer.reading[0].guesses[0].value == "Dress"
    for reading in answer.reading:
        chances = [guess.chance for guess in reading.guesses]
        assert chances == sorted(chances, reverse=True)
        assert min(chances) >= 0
        assert sum(chances) <= 1 + 1e-4


def test_a_corrected_attribute_changes_the_features_gallery_only(
    recommender: Recommender, dress
) -> None:
    before = recommender.search(SearchRequest(photo=dress))
    after = recommender.search(SearchRequest(photo=dress, corrected={PRODUCT_TYPE: "Hat/beanie"}))
    kinds = [m.article.attributes[PRODUCT_TYPE] for m in gallery_of(after, FEATURES).matches]
    assert kinds.count("Hat/beanie") > 6
    assert found(gallery_of(after, FEATURES)) != found(gallery_of(before, FEATURES))
    for model in (TEXT, IMAGE, TWO_TOWER):
        assert gallery_of(after, model) == gallery_of(before, model)
    assert after.reading[0].guesses[0] == PossibleValue("Hat/beanie", 1.0)


def test_matches_have_the_attributes_that_words_name(
    recommender: Recommender,
) -> None:
    answer = recommender.search(SearchRequest(words="black dresses"))
    assert [(each.column, each.words) for each in answer.named] == [
        (COLOUR, "black"),
        (PRODUCT_TYPE, "dresses"),
    ]
    assert values_of(answer, PRODUCT_TYPE) == {"Dress"}
    assert values_of(answer, COLOUR) == {"Black"}
    for each in answer.galleries:
        assert bool(each.matches) == (each.model is not TWO_TOWER)
    assert "reads no words" in gallery_of(answer, TWO_TOWER).note


def test_words_that_name_no_attribute_are_answered_by_texts_and_photos(
    recommender: Recommender,
) -> None:
    answer = recommender.search(SearchRequest(words="something for the beach"))
    assert answer.named == ()
    filled = {each.model for each in answer.galleries if each.matches}
    assert filled == {COMBINED, TEXT, IMAGE}
    assert "no attribute" in gallery_of(answer, FEATURES).note


def test_an_ignored_attribute_is_no_filter(recommender: Recommender) -> None:
    answer = recommender.search(
        SearchRequest(words="black dress", ignored=frozenset({PRODUCT_TYPE}))
    )
    assert [each.column for each in answer.named] == [COLOUR]
    assert values_of(answer, COLOUR) == {"Black"}
    assert len(values_of(answer, PRODUCT_TYPE)) > 1


@pytest.mark.parametrize("said", ["this, but in red", "RED", "red!"])
def test_a_photo_with_words_finds_the_same_product_type_in_red(
    recommender: Recommender, dress, said
) -> None:
    answer = recommender.search(SearchRequest(photo=dress, words=said))
    assert {colour.split()[-1] for colour in values_of(answer, COLOUR)} == {"Red"}
    for each in answer.galleries:
        assert each.matches
    kinds = [m.article.attributes[PRODUCT_TYPE] for m in gallery_of(answer, IMAGE).matches]
    assert kinds.count("Dress") >= 6


def test_an_article_but_in_red_is_not_among_its_own_answers(recommender: Recommender) -> None:
    table = recommender.release.articles
    row = int(np.flatnonzero((table[COLOUR] == "Red").to_numpy())[0])
    answer = recommender.search(
        SearchRequest(article=ids(recommender.release)[row], words="in red")
    )
    assert answer.query.article_id == ids(recommender.release)[row]
    for each in answer.galleries:
        assert answer.query.article_id not in found(each)
    assert {colour.split()[-1] for colour in values_of(answer, COLOUR)} == {"Red"}


def test_words_of_weight_0_leave_the_image_gallery_as_it_is(
    recommender: Recommender, dress
) -> None:
    plain = recommender.search(SearchRequest(photo=dress))
    weightless = recommender.search(SearchRequest(photo=dress, words="for the beach", weight=0))
    heavy = recommender.search(SearchRequest(photo=dress, words="for the beach", weight=1))
    assert found(gallery_of(weightless, IMAGE)) == found(gallery_of(plain, IMAGE))
    assert found(gallery_of(heavy, IMAGE)) != found(gallery_of(plain, IMAGE))


def test_attributes_that_no_article_combines_leave_empty_galleries_with_a_note(
    recommender: Recommender,
) -> None:
    table = recommender.release.articles
    vocabulary = AttributeVocabulary(recommender.release.retrieval.bridges.estimator.vocabulary)
    kinds, patterns = table[PRODUCT_TYPE].unique(), table[PATTERN].unique()
    there = set(zip(table[PRODUCT_TYPE], table[PATTERN], strict=True))
    kind, pattern = next(
        (k, p)
        for k in kinds
        for p in patterns
        if (k, p) not in there and len(vocabulary.named(f"{p} {k}")) == 2
    )
    answer = recommender.search(SearchRequest(words=f"{pattern} {kind}"))
    for each in answer.galleries:
        assert each.matches == ()
        assert each.note


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (SearchRequest(), "Say what to look for"),
        (SearchRequest(words="  "), "Say what to look for"),
        (SearchRequest(words="x" * 501), "fewer words"),
        (SearchRequest(words="red", weight=1.1), "between 0 and 1"),
        (SearchRequest(words="red", weight=float("nan")), "between 0 and 1"),
        (SearchRequest(words="red", weight="much"), "between 0 and 1"),
        (SearchRequest(words="red", corrected={PRODUCT_TYPE: "Spaceship"}), "Spaceship"),
        (SearchRequest(words="red", corrected={"detail_desc": "Dress"}), "detail_desc"),
        (SearchRequest(article="0310352003", photo=np.ones(3)), "not with both"),
    ],
)
def test_a_wrong_request_is_refused_with_what_to_do(
    recommender: Recommender, request_: SearchRequest, message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        recommender.search(request_)


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0 cut off"])
def test_a_file_that_is_no_picture_is_refused(recommender: Recommender, data: bytes) -> None:
    with pytest.raises(PhotoError):
        recommender.similar_to_photo(data)


def test_threads_get_the_answers_that_a_single_visitor_gets(
    recommender: Recommender, answers: dict[int, Answer]
) -> None:
    rows = list(answers)[::6]
    photos = {row: recommender.photo(answers[row].query.article_id) for row in rows}

    def same(thread: int) -> bool:
        order = np.random.default_rng(thread).permutation(rows).tolist()
        return all(
            recommender.similar_to_article(answers[row].query.article_id) == answers[row]
            and recommender.photo(answers[row].query.article_id) == photos[row]
            for row in order
        )

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(same, range(8))) == [True] * 8


def test_an_encoder_that_fails_is_a_plain_sentence_for_visitors_and_named_in_the_log(
    small_copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recommender = Recommender(open_release(small_copy))
    photo = recommender.photo(recommender.example_articles(1)[0].article_id) or b""
    shutil.rmtree(small_copy / "encoders")
    for ask in (
        lambda: recommender.similar_to_photo(photo),
        lambda: recommender.search(SearchRequest(words="something warm")),
    ):
        caplog.clear()
        with pytest.raises(QueryError) as refused:
            ask()
        assert str(refused.value) == UNAVAILABLE
        assert "compact" in caplog.text or str(small_copy) in caplog.text
