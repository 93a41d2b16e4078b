import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from building import photo_file

from recsys.catalog.schema import COLOUR, KIND, PATTERN
from recsys.errors import PhotoError, QueryError
from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, SINGLE, TEXT, TWO_TOWER
from recsys.release.reader import Release
from recsys.retrieval.facets import FACETS, Filters
from recsys.retrieval.fusion import PARTS
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES, MOST_MATCHES, SearchRequest
from recsys.serving.results import Answer, Gallery, PossibleValue


def gallery(answer: Answer, model) -> Gallery:
    return next(gallery for gallery in answer.galleries if gallery.model is model)


def found(gallery: Gallery) -> list[str]:
    return [match.article.article_id for match in gallery.matches]


def ids(release: Release) -> list[str]:
    return release.articles["article_id"].tolist()


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def id_without_photo(release: Release) -> str:
    return ids(release)[int(np.flatnonzero(~release.with_photo)[0])]


@pytest.fixture(scope="module")
def answers(recommender: Recommender) -> list[Answer]:
    """What is answered about every article of the sample."""
    return [recommender.similar_to_article(id_) for id_ in ids(recommender.release)]


def test_every_answer_is_about_the_article_asked(release: Release, answers: list[Answer]) -> None:
    assert [answer.query.article_id for answer in answers] == ids(release)


def test_every_answer_has_a_gallery_of_each_model_in_the_same_order(answers: list[Answer]) -> None:
    for answer in answers:
        assert [gallery.model for gallery in answer.galleries] == list(ALL)
        for gallery in answer.galleries:
            assert len(gallery.matches) == (0 if gallery.note else 12)


def test_no_article_is_like_itself_or_twice_in_a_gallery(answers: list[Answer]) -> None:
    for answer in answers:
        for gallery in answer.galleries:
            assert answer.query.article_id not in found(gallery)
            assert len(set(found(gallery))) == len(gallery.matches)


def test_matches_are_ranked_from_1_by_falling_score_and_then_by_id(answers: list[Answer]) -> None:
    for answer in answers:
        for gallery in answer.galleries:
            order = [(-match.score, match.article.article_id) for match in gallery.matches]
            assert order == sorted(order)
            assert [match.rank for match in gallery.matches] == list(range(1, len(order) + 1))
            assert all(-1 <= match.score <= 1 for match in gallery.matches)


def test_contributions_sum_to_the_score(answers: list[Answer]) -> None:
    for answer in answers:
        for gallery in answer.galleries:
            for match in gallery.matches:
                assert sum(match.contributions.values()) == pytest.approx(match.score, abs=5e-5)


def test_contributions_name_the_parts_that_could_read_the_query(answers: list[Answer]) -> None:
    for answer in answers:
        readers = set(PARTS) - (set() if answer.query.has_photo else {IMAGE.name})
        for gallery in answer.galleries:
            for match in gallery.matches:
                named = set(match.contributions)
                if gallery.model is COMBINED:
                    assert {TEXT.name, TWO_TOWER.name} <= named <= readers
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


def rows_to_check(release: Release) -> list[int]:
    return [int(row) for row in np.flatnonzero(release.with_photo)[::211]]


@pytest.mark.parametrize("model", SINGLE, ids=lambda model: model.name)
def test_each_gallery_holds_the_nearest_articles_of_its_own_model(
    release: Release, answers: list[Answer], model
) -> None:
    for row in rows_to_check(release):
        scores = np.round(cosines(release, model.name, row), 5)
        scores[row] = np.nan
        best = np.lexsort((np.arange(len(scores)), -scores))[:12]
        matches = gallery(answers[row], model).matches
        shown = [match.score for match in matches]
        np.testing.assert_allclose(shown, scores[best], atol=2e-5)
        for match in matches:
            own = scores[ids(release).index(match.article.article_id)]
            assert match.score == pytest.approx(own, abs=2e-5)


@pytest.mark.parametrize("model", [TEXT, FEATURES], ids=lambda model: model.name)
def test_articles_of_equal_score_stand_in_the_order_of_their_ids(
    release: Release, answers: list[Answer], model
) -> None:
    """Also where a tie reaches beyond the end of the gallery: the first ids are the ones shown."""
    ties = 0
    for row in rows_to_check(release):
        matches = gallery(answers[row], model).matches
        entries = np.load(release.folder / f"entries/{model.name}.npy")
        shown = [ids(release).index(match.article.article_id) for match in matches]
        for place in shown:
            twins = np.flatnonzero(entries == entries[place])
            ties += len(twins) > 1
            earlier = [twin for twin in twins.tolist() if twin < place and twin != row]
            assert set(earlier) <= set(shown)
    assert ties or model is TEXT


def test_the_combined_score_is_the_weighted_mean_of_what_its_parts_say(
    release: Release, answers: list[Answer]
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
        for match in gallery(answers[row], COMBINED).matches:
            other = ids(release).index(match.article.article_id)
            shares = {}
            for part, values in said.items():
                typical = models[part].typical if part in models else 0.0
                value = typical if np.isnan(values[other]) else values[other]
                shares[part] = weights[part] / total * value
            for part, share in match.contributions.items():
                assert share == pytest.approx(shares[part], abs=2e-5)
            assert match.score == pytest.approx(sum(shares.values()), abs=5e-5)


def test_no_two_models_say_the_same(answers: list[Answer]) -> None:
    """Above all, the combined model is not one of the others under another name."""
    for first in ALL:
        for second in ALL[ALL.index(first) + 1 :]:
            same = [
                found(gallery(answer, first)) == found(gallery(answer, second))
                for answer in answers
            ]
            assert np.mean(same) < 0.05, (first.name, second.name)


def test_ids_are_known_with_and_without_leading_zeros_and_spaces(recommender: Recommender) -> None:
    article_id = next(id_ for id_ in ids(recommender.release) if id_.startswith("0"))
    plain = recommender.similar_to_article(article_id)
    for text in (article_id.lstrip("0"), f"  {article_id} ", f"\t{article_id.lstrip('0')}\n"):
        assert recommender.similar_to_article(text) == plain
        assert recommender.article(text).article_id == article_id


@pytest.mark.parametrize(
    "text",
    ["0000000000", "abc", "", " ", "1" * 1000, "x" * 1000, "👗", "-1", "1.5", "01 08", "١٢٣", None],
    ids=lambda text: repr(text)[:12],
)
def test_what_is_no_article_gets_a_short_answer_that_helps(recommender: Recommender, text) -> None:
    for ask in (recommender.article, recommender.similar_to_article, recommender.photo):
        with pytest.raises(QueryError) as refused:
            ask(text)
        message = str(refused.value)
        assert "article" in message
        assert len(message) < 120
        assert "\n" not in message


@pytest.mark.parametrize("k", [0, -1, MOST_MATCHES + 1, 10**9])
def test_a_number_of_matches_out_of_range_is_refused_with_the_range(
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


def test_an_article_without_a_photo_is_answered_by_all_models_but_image(
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


def test_an_article_without_a_photo_can_still_be_found(answers: list[Answer]) -> None:
    shown = {
        match.article.has_photo for answer in answers for match in gallery(answer, COMBINED).matches
    }
    assert shown == {True, False}


def test_a_photo_of_the_catalogue_finds_its_own_article_first(
    recommender: Recommender, sample_folder
) -> None:
    for row in rows_to_check(recommender.release)[:3]:
        article_id = ids(recommender.release)[row]
        photo = photo_file(sample_folder, article_id).read_bytes()
        answer = recommender.similar_to_photo(photo, 5)
        first = gallery(answer, IMAGE).matches[0]
        assert first.article.article_id == article_id
        assert first.score == pytest.approx(1, abs=1e-4)
        for model in (TEXT, FEATURES, TWO_TOWER):
            assert len(gallery(answer, model).matches) == 5
            assert "Estimated from the photo" in gallery(answer, model).note
        assert gallery(answer, IMAGE).note == gallery(answer, COMBINED).note == ""
        assert answer.query is None


@pytest.fixture(scope="module")
def dress(recommender: Recommender) -> np.ndarray:
    """The vector of the photo of a dress in one colour."""
    table = recommender.release.articles
    is_dress = (table[KIND] == "Dress").to_numpy() & recommender.release.with_photo
    photo = recommender.release.photo(int(np.flatnonzero(is_dress)[0]))
    return recommender.encode_photo(photo or b"")


def attributes(answer: Answer, column: str) -> set[str]:
    """The values in a column of all matches."""
    return {
        match.article.attributes[column]
        for gallery in answer.galleries
        for match in gallery.matches
    }


def test_what_a_photo_shows_is_told_with_its_chances(recommender: Recommender, dress) -> None:
    answer = recommender.search(SearchRequest(photo=dress))
    assert [reading.column for reading in answer.reading] == [KIND, COLOUR, PATTERN]
    assert answer.reading[0].guesses[0].value == "Dress"
    for reading in answer.reading:
        chances = [guess.chance for guess in reading.guesses]
        assert chances == sorted(chances, reverse=True)
        assert min(chances) >= 0
        assert sum(chances) <= 1 + 1e-4


def test_what_a_visitor_puts_right_changes_the_features_gallery_alone(
    recommender: Recommender, dress
) -> None:
    before = recommender.search(SearchRequest(photo=dress))
    after = recommender.search(SearchRequest(photo=dress, corrected={KIND: "Hat/beanie"}))
    kinds = [m.article.attributes[KIND] for m in gallery(after, FEATURES).matches]
    assert kinds.count("Hat/beanie") > 6
    assert found(gallery(after, FEATURES)) != found(gallery(before, FEATURES))
    for model in (TEXT, IMAGE, TWO_TOWER):
        assert gallery(after, model) == gallery(before, model)
    assert after.reading[0].guesses[0] == PossibleValue("Hat/beanie", 1.0)


def test_words_find_what_they_name_in_every_gallery_that_reads_them(
    recommender: Recommender,
) -> None:
    answer = recommender.search(SearchRequest(words="black dresses"))
    assert [(each.column, each.words) for each in answer.named] == [
        (COLOUR, "black"),
        (KIND, "dresses"),
    ]
    assert attributes(answer, KIND) == {"Dress"}
    assert attributes(answer, COLOUR) == {"Black"}
    for each in answer.galleries:
        assert bool(each.matches) == (each.model is not TWO_TOWER)
    assert "reads no words" in gallery(answer, TWO_TOWER).note


def test_words_without_attributes_are_answered_by_texts_and_photos(
    recommender: Recommender,
) -> None:
    answer = recommender.search(SearchRequest(words="something for the beach"))
    assert answer.named == ()
    filled = {each.model for each in answer.galleries if each.matches}
    assert filled == {COMBINED, TEXT, IMAGE}
    assert "no attribute" in gallery(answer, FEATURES).note


def test_an_attribute_that_is_not_meant_is_no_filter(recommender: Recommender) -> None:
    answer = recommender.search(SearchRequest(words="black dress", ignored=frozenset({KIND})))
    assert [each.column for each in answer.named] == [COLOUR]
    assert attributes(answer, COLOUR) == {"Black"}
    assert len(attributes(answer, KIND)) > 1


@pytest.mark.parametrize("said", ["this, but in red", "RED", "red!"])
def test_a_photo_but_in_red(recommender: Recommender, dress, said) -> None:
    answer = recommender.search(SearchRequest(photo=dress, words=said))
    assert {colour.split()[-1] for colour in attributes(answer, COLOUR)} == {"Red"}
    for each in answer.galleries:
        assert each.matches
    kinds = [m.article.attributes[KIND] for m in gallery(answer, IMAGE).matches]
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
    assert {colour.split()[-1] for colour in attributes(answer, COLOUR)} == {"Red"}


def test_words_without_weight_leave_looks_as_they_are(recommender: Recommender, dress) -> None:
    plain = recommender.search(SearchRequest(photo=dress))
    weightless = recommender.search(SearchRequest(photo=dress, words="for the beach", weight=0))
    heavy = recommender.search(SearchRequest(photo=dress, words="for the beach", weight=1))
    assert found(gallery(weightless, IMAGE)) == found(gallery(plain, IMAGE))
    assert found(gallery(heavy, IMAGE)) != found(gallery(plain, IMAGE))


def test_attributes_that_nothing_has_together_find_nothing_and_say_so(
    recommender: Recommender,
) -> None:
    table = recommender.release.articles
    kinds, patterns = table[KIND].unique(), table[PATTERN].unique()
    there = set(zip(table[KIND], table[PATTERN], strict=True))
    kind, pattern = next(
        (k, p)
        for k in kinds
        for p in patterns
        if (k, p) not in there and len(recommender.attributes.named(f"{p} {k}")) == 2
    )
    answer = recommender.search(SearchRequest(words=f"{pattern} {kind}"))
    for each in answer.galleries:
        assert each.matches == ()
        assert each.note


@pytest.mark.parametrize(
    ("search", "complaint"),
    [
        (SearchRequest(), "Say what to look for"),
        (SearchRequest(words="  "), "Say what to look for"),
        (SearchRequest(words="x" * 501), "fewer words"),
        (SearchRequest(words="red", weight=1.1), "between 0 and 1"),
        (SearchRequest(words="red", weight=float("nan")), "between 0 and 1"),
        (SearchRequest(words="red", weight="much"), "between 0 and 1"),
        (SearchRequest(words="red", corrected={KIND: "Spaceship"}), "Spaceship"),
        (SearchRequest(words="red", corrected={"detail_desc": "Dress"}), "detail_desc"),
        (SearchRequest(article="0310352003", photo=np.ones(3)), "not with both"),
    ],
)
def test_a_search_that_makes_no_sense_is_explained(
    recommender: Recommender, search: SearchRequest, complaint: str
) -> None:
    with pytest.raises(QueryError, match=complaint):
        recommender.search(search)


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_no_photo_is_refused(recommender: Recommender, data: bytes) -> None:
    with pytest.raises(PhotoError):
        recommender.similar_to_photo(data)


def test_a_surprise_follows_the_dice_and_has_a_photo(recommender: Recommender) -> None:
    first = [recommender.random_article(dice(seed)) for seed in range(600)]
    second = [recommender.random_article(dice(seed)) for seed in range(600)]
    assert first == second
    assert len({article.article_id for article in first}) > 20
    assert all(article.has_photo for article in first)


def test_examples_are_articles_with_photos_from_all_over_the_catalogue(
    recommender: Recommender,
) -> None:
    rows = [
        ids(recommender.release).index(article.article_id)
        for article in recommender.example_articles(16)
    ]
    assert recommender.release.with_photo[rows].all()
    assert len(rows) == 16
    assert min(np.diff(rows)) > len(ids(recommender.release)) // 20
    everyone = recommender.example_articles(10**6)
    assert len(everyone) == recommender.release.with_photo.sum()


def test_threads_get_the_answers_that_one_visitor_gets(
    recommender: Recommender, answers: list[Answer]
) -> None:
    asked = list(range(0, len(answers), len(answers) // 50))[:50]

    def ask(thread: int) -> bool:
        order = dice(thread).sample(asked, len(asked))
        return all(
            recommender.similar_to_article(answers[row].query.article_id) == answers[row]
            and recommender.photo(answers[row].query.article_id) == photos[row]
            for row in order
        )

    photos = {row: recommender.photo(answers[row].query.article_id) for row in asked}
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [True] * 8


def drawn_wishes(recommender: Recommender, count: int) -> list[Filters]:
    """Random filters, of values that articles have; some leave hundreds, some nobody."""
    random = np.random.default_rng(11)
    articles = recommender.release.articles
    wishes = []
    for _ in range(count):
        columns = random.permutation(FACETS)[: random.integers(1, 4)]
        chosen = {
            column: list(random.permutation(articles[column].unique())[: random.integers(1, 4)])
            for column in columns
        }
        prices = np.nanquantile(recommender.release.prices, np.sort(random.random(2)))
        asked = random.random(2) < 0.3
        low, high = (float(each) if ask else None for each, ask in zip(prices, asked, strict=True))
        wishes.append(Filters(chosen, bool(random.random() < 0.5), low, high))
    return wishes


def allowed_by_hand(recommender: Recommender, filters: Filters) -> np.ndarray:
    """Which articles are asked for, looked up one column after the other."""
    release = recommender.release
    allowed = release.with_photo | (not filters.with_photo)
    for column, values in filters.chosen.items():
        allowed = allowed & release.articles[column].isin(values).to_numpy()
    if filters.cheapest is not None:
        allowed = allowed & (release.prices.astype(float) >= filters.cheapest)
    if filters.dearest is not None:
        allowed = allowed & (release.prices.astype(float) <= filters.dearest)
    return np.asarray(allowed)


def by_hand(recommender: Recommender, row: int, model: str, allowed: np.ndarray) -> list[float]:
    """The best scores of the articles that are allowed, every vector looked at."""
    retrieval = recommender.release.retrieval
    index, query = retrieval.indexes[model], retrieval.of_article(row).vectors[model]
    rows = np.setdiff1d(np.flatnonzero(allowed), [row])
    entries = index.entry[rows]
    scores = index.vectors[entries[entries >= 0]] @ query
    return sorted((round(float(score), 4) for score in scores), reverse=True)[:DEFAULT_MATCHES]


def test_with_filters_every_gallery_is_what_exact_search_finds(recommender: Recommender) -> None:
    """500 random sets of filters: all that is found passes, and twelve come where there are."""
    articles, random = recommender.release.articles, np.random.default_rng(12)
    for filters in drawn_wishes(recommender, 500):
        row = int(random.integers(len(articles)))
        article_id = articles["article_id"][row]
        answer = recommender.search(SearchRequest(article=article_id, filters=filters))
        allowed = allowed_by_hand(recommender, filters)
        others = set(articles["article_id"][allowed]) - {article_id}
        for each in answer.galleries:
            assert set(found(each)) <= others
            if each.model in (COMBINED, TEXT, FEATURES):
                assert len(each.matches) == min(DEFAULT_MATCHES, len(others))
            if each.model is not COMBINED and each.matches:
                scores = [round(match.score, 4) for match in each.matches]
                expected = by_hand(recommender, row, each.model.name, allowed)
                assert scores == pytest.approx(expected, abs=2e-4)


def test_counts_are_how_many_pass_once_that_is_chosen(recommender: Recommender) -> None:
    filters = Filters({KIND: ("Dress",)})
    article_id = recommender.example_articles(1)[0].article_id
    facets = recommender.search_with_facets(
        SearchRequest(article=article_id, filters=filters)
    ).facets
    colours = next(facet for facet in facets if facet.column == COLOUR)
    table = recommender.release.articles
    for choice in colours.choices:
        both = (table[KIND] == "Dress") & (table[COLOUR] == choice.value)
        assert choice.count == both.sum()


def test_filters_come_on_top_of_what_words_name(recommender: Recommender) -> None:
    answer = recommender.search(SearchRequest(words="dress", filters=Filters({COLOUR: ("Black",)})))
    matches = [match for each in answer.galleries for match in each.matches]
    assert matches
    for match in matches:
        assert match.article.attributes[KIND] == "Dress"
        assert match.article.attributes[COLOUR] == "Black"


def test_other_colours_of_a_product_can_be_left_out(recommender: Recommender) -> None:
    """Of each product one article stays, its best, and none of the article's own product."""
    table = recommender.release.articles
    product = table["product_code"].value_counts().index[0]
    article_id = table["article_id"][table["product_code"] == product].iloc[0]
    product_of = dict(zip(table["article_id"], table["product_code"], strict=True))
    answer = recommender.search(SearchRequest(article=article_id, one_a_product=True))
    everything = recommender.search(SearchRequest(article=article_id), MOST_MATCHES)
    for each, whole in zip(answer.galleries, everything.galleries, strict=True):
        products = [product_of[article] for article in found(each)]
        assert len(products) == len(set(products)) == DEFAULT_MATCHES
        assert product not in products
        if each.model is not COMBINED:
            others = [article for article in found(whole) if product_of[article] != product]
            assert found(each)[0] == others[0]


def test_a_visitor_s_weights_decide_the_combined_gallery_and_no_other(
    recommender: Recommender,
) -> None:
    article_id = recommender.example_articles(1)[0].article_id
    usual = recommender.search(SearchRequest(article=article_id))
    looks = recommender.search(SearchRequest(article=article_id, weights={IMAGE.name: 3}))
    assert looks.galleries[1:] == usual.galleries[1:]
    assert all(set(match.contributions) == {IMAGE.name} for match in looks.galleries[0].matches)
    assert found(gallery(looks, COMBINED)) == found(gallery(looks, IMAGE))


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        ({"taste": 1}, "not 'taste'"),
        ({"image": -1}, "between 0 and 100"),
        ({"image": "much"}, "between 0 and 100"),
        ({"image": float("nan")}, "between 0 and 100"),
        ({"image": 0, "text": 0}, "at least one part"),
        (["image"], "by part"),
    ],
)
def test_weights_that_mean_nothing_are_explained(recommender, weights, complaint):
    article_id = recommender.example_articles(1)[0].article_id
    with pytest.raises(QueryError, match=complaint):
        recommender.search(SearchRequest(article=article_id, weights=weights))


def test_where_nothing_that_counts_knows_the_query_the_combined_gallery_says_so(recommender):
    answer = recommender.search(SearchRequest(words="dress", weights={TWO_TOWER.name: 1}))
    assert not gallery(answer, COMBINED).matches
    assert "Give more parts weight" in gallery(answer, COMBINED).note
    assert gallery(answer, TEXT).matches


def test_filters_that_leave_nothing_say_so(recommender):
    kinds = recommender.release.articles.groupby(KIND)[COLOUR].unique()
    colours = set(recommender.release.articles[COLOUR])
    kind = next(kind for kind in kinds.index if set(kinds[kind]) != colours)
    missing = min(colours - set(kinds[kind]))
    article_id = recommender.example_articles(1)[0].article_id
    filters = Filters({KIND: [kind], COLOUR: [missing]})
    answer = recommender.search(SearchRequest(article=article_id, filters=filters))
    assert not any(each.matches for each in answer.galleries)
    assert all("Take one of them back" in each.note for each in answer.galleries)
