"""The figures of a planted shop are as they must be, and test shoppers leak into no model."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_catalogs import article, no_bridges

from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import basket_questions, next_questions
from recsys.catalog.split import TEST, TRAINING, bucket_of
from recsys.errors import CatalogError
from recsys.evaluation.evaluate import FEWEST_QUESTIONS, UNTUNED, Trial, evaluate
from recsys.evaluation.report import Evaluation, markdown
from recsys.models.features import encode_features
from recsys.models.purchase_counts import count_purchases
from recsys.models.registry import ALL
from recsys.models.text import TextEncoder
from recsys.models.two_tower import train
from recsys.models.two_tower_data import TrainingSettings
from recsys.pipeline.measure import measure_release
from recsys.release.reader import open_release
from recsys.retrieval.fitting import learn_weights, lessons
from recsys.retrieval.fusion import PARTS, Weights
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import QUERY_KINDS, Retrieval
from recsys.vectors import ArticleVectors, distinct, unit

ROOT = Path(__file__).parents[2]
COMMUNITIES, MEMBERS = 24, 12
COMMUNITY = np.repeat(np.arange(COMMUNITIES), MEMBERS)
ARTICLES = len(COMMUNITY)
SHOPPERS, BOUGHT, RANDOM = 1200, 10, 60
NEVER_SOLD = np.flatnonzero(np.arange(ARTICLES) % MEMBERS < 2)
SMALL = TrainingSettings(dim=16, round_steps=40, batch_size=512, most_rounds=8)
ESTIMATES = ("recall_12", "recall_100", "map_12", "ndcg_12", "hit_rate_12")
COLLABORATIVE = ("two_tower", "combined", "co-purchase counts", "item-kNN", "ALS", "BPR")


def int32(values):
    return np.asarray(values, np.int32)


def purchases(shopper, article, day, bucket):
    order = np.lexsort((day, shopper))
    columns = (int32(each)[order] for each in (shopper, article, day))
    return Purchases(*columns, np.ones(len(order), np.float32), np.asarray(bucket, np.uint8), 0)


def planted_shop(of_single=0, of_full=0):
    """1200 shoppers, twelve of every bucket, who buy ten articles of one community on three days.

    An article sells the better the higher its row in its community; the lowest two sell to none but
    test shoppers. 120 test shoppers more buy at random: half of them have days of a single article,
    so they ask nothing about a basket, and half have one full day, so they ask nothing about what
    comes next. ``of_single`` and ``of_full`` move what these buy elsewhere in the catalogue.
    """
    random = np.random.default_rng(1)
    shopper = np.repeat(np.arange(SHOPPERS), BOUGHT)
    member = (MEMBERS * random.random(len(shopper)) ** 0.8).astype(int)
    member = np.where(TEST.of(shopper % 100), member, np.maximum(member, 2))
    article = shopper % COMMUNITIES * MEMBERS + member
    day = random.integers(1, 4, len(shopper))
    more = SHOPPERS + np.repeat(np.arange(2 * RANDOM), 5)
    single = more < SHOPPERS + RANDOM
    moved = np.where(single, of_single, of_full)
    anything = (random.integers(0, ARTICLES, len(more)) + moved) % ARTICLES
    days = np.where(single, np.tile(np.arange(1, 6), 2 * RANDOM), 2)
    return purchases(
        np.append(shopper, more),
        np.append(article, anything),
        np.append(day, days),
        np.append(np.arange(SHOPPERS) % 100, np.full(2 * RANDOM, TEST.first)),
    )


def table_of_articles():
    """Products of three articles, whose texts and attributes are unrelated to their sales."""
    rows = [
        article(
            f"{row // 3:07d}{row % 3:03d}",
            prod_name=f"name{row * 7 % 31} word{row * 11 % 17}",
            department_name=f"department {row * 5 % 13}",
        )
        for row in range(ARTICLES)
    ]
    return pd.DataFrame(rows)


def trial_of(shop):
    """Train, count and learn from a shop as a build does."""
    articles = table_of_articles()
    random = np.random.default_rng(4)
    everyone = np.arange(ARTICLES, dtype=np.int32)
    features = encode_features(articles)
    texts = distinct(unit(random.normal(size=(ARTICLES, 16))), everyone, ARTICLES)
    # The photos of one product look alike; each third product has none.
    products = everyone // 3
    with_photo = everyone[products % 3 > 0]
    looks = random.normal(size=(ARTICLES, 16))[products] + 0.3 * random.normal(size=(ARTICLES, 16))
    photos = distinct(unit(looks[with_photo]), with_photo, ARTICLES)
    towers = train(shop, products, texts.vectors[texts.entry], SMALL, 1)
    vectors = {
        "text": texts,
        "image": photos,
        "features": features,
        "two_tower": ArticleVectors(towers.articles, everyone),
    }
    retrieval = Retrieval(
        {name: ArticleIndex(each) for name, each in vectors.items()},
        {name: each.mean_score() for name, each in vectors.items()},
        towers.queries,
        count_purchases(shop.of(TRAINING), ARTICLES, 1),
        {},
        no_bridges(),
    )
    questions = lessons(retrieval, articles, shop, 1)
    retrieval = replace(retrieval, weights=learn_weights(retrieval, questions))
    return Trial(retrieval, articles, shop, None, 1)


@pytest.fixture(scope="module", autouse=True)
def torch_first():
    """Load PyTorch and its compiler: after TensorFlow's they would end the process."""
    TextEncoder().encode(["A shirt."])


@pytest.fixture(scope="module")
def trial():
    return trial_of(planted_shop())


@pytest.fixture(scope="module")
def tables(trial):
    return evaluate(trial).tables


def recall(table, model):
    return table.models[model].recall_12


# Questions


def test_every_protocol_has_a_table_with_the_questions_of_test_shoppers(tables, trial):
    theirs = trial.purchases.of(TEST)
    assert {name: table.questions for name, table in tables.items()} == {
        "basket": len(basket_questions(theirs)),
        "basket, unsold": sum(q.basket[0] in NEVER_SOLD for q in basket_questions(theirs)),
        "next purchase": len(next_questions(theirs)),
        "next purchase, repeats": len(next_questions(theirs, repeats=True)),
        "photo": photos_asked(),
        "basket, parts": len(basket_questions(theirs)),
        "next purchase, parts": len(next_questions(theirs)),
    }
    # 240 planted ones, and the sixty with a full day or with several days.
    assert tables["basket"].questions == 300
    assert 260 < tables["next purchase"].questions <= 300


def photos_asked():
    """Photos of the products in the test part that have any; their sisters have one too."""
    products = [number for number in range(ARTICLES // 3) if number % 3]
    return sum(3 for number in products if bucket_of(f"{number:07d}") in TEST)


def test_every_model_and_every_baseline_is_evaluated(tables):
    ours = {model.name for model in ALL}
    baselines = {"random", "popularity", "co-purchase counts", "item-kNN", "TF-IDF", "repurchase"}
    for name in ("basket", "basket, unsold", "next purchase", "next purchase, repeats"):
        assert ours | baselines <= set(tables[name].models)
    assert set(tables["photo"].models) == {*(model.name for model in ALL), "random"}
    parts = {"combined", *(f"without {part}" for part in PARTS)}
    assert (
        set(tables["basket, parts"].models) == set(tables["next purchase, parts"].models) == parts
    )


def test_figures_are_within_their_intervals_and_these_within_zero_and_one(tables):
    for table in tables.values():
        for scores in table.models.values():
            for name in ESTIMATES:
                estimate = getattr(scores, name)
                assert 0 <= estimate.low <= estimate.mean <= estimate.high <= 1
            assert 0 <= scores.coverage_12 <= 1
            assert 0 <= scores.answered <= table.questions


# Figures


@pytest.mark.parametrize("name", ["basket", "next purchase"])
@pytest.mark.parametrize("model", ["two_tower", "combined", "item-kNN"])
def test_models_that_learned_the_communities_find_most_relevant_articles(tables, name, model):
    """A fifth of the test shoppers buy at random, which no model can predict."""
    assert recall(tables[name], model).mean > 0.5
    assert recall(tables[name], model).low > recall(tables[name], "popularity").high


@pytest.mark.parametrize("name", ["basket", "next purchase"])
def test_models_without_information_find_next_to_nothing(tables, name):
    by_chance = 12 / ARTICLES
    for model in ("random", "text"):
        assert recall(tables[name], model).mean == pytest.approx(by_chance, abs=0.04)


def test_repeats_are_found_by_repurchase(tables):
    once, again = tables["next purchase"], tables["next purchase, repeats"]
    assert recall(again, "repurchase").low > recall(once, "repurchase").high
    assert recall(again, "random").mean < 0.1


def test_photos_of_one_product_find_each_other(tables):
    assert recall(tables["photo"], "image").mean > 0.9
    assert recall(tables["photo"], "random").mean < 0.15


def test_counting_cannot_answer_queries_of_unsold_articles(tables):
    unsold = tables["basket, unsold"]
    assert unsold.models["item-kNN"].answered == 0
    assert recall(unsold, "item-kNN").mean == 0
    assert unsold.models["combined"].answered == unsold.questions


def test_leaving_out_a_part_without_information_costs_nothing(tables):
    for name in ("basket", "next purchase"):
        parts = tables[f"{name}, parts"]
        assert parts.models["combined"] == tables[name].models["combined"]
        for part in ("text", "features", "recency"):
            assert not recall(parts, "combined").clear_of(recall(parts, f"without {part}"))


@pytest.fixture(scope="module")
def with_untuned(trial):
    """The tables of the same trial, with the vectors of an encoder before it was trained."""
    image = trial.retrieval.indexes["image"]
    blurred = unit(image.vectors + np.random.default_rng(3).normal(size=image.vectors.shape))
    return evaluate(replace(trial, untuned=ArticleVectors(blurred, image.entry))).tables


@pytest.mark.exhaustive
def test_the_encoder_before_training_is_measured_beside_the_trained_one(with_untuned):
    photo = with_untuned["photo"]
    assert set(photo.models) == {*(model.name for model in ALL), "random", UNTUNED}
    assert recall(photo, UNTUNED).mean < recall(photo, "image").mean


def test_the_same_trial_gives_the_same_figures(with_untuned, tables):
    assert with_untuned.keys() == tables.keys()
    for name, table in tables.items():
        again = {model: with_untuned[name].models[model] for model in table.models}
        assert again == table.models


def test_a_protocol_with_too_few_questions_has_no_table(trial):
    """Of thirty test shoppers, a handful ask by an article that was never sold."""
    shop = trial.purchases
    few = evaluate(replace(trial, purchases=shop.where(shop.shopper % 8 == 0))).tables
    assert "basket, unsold" not in few
    assert {"basket", "next purchase"} < set(few)
    assert min(table.questions for table in few.values()) >= FEWEST_QUESTIONS


def test_numbers_of_questions_are_rounded_down(trial):
    shop = trial.purchases
    few = replace(trial, purchases=shop.where(shop.shopper % 8 == 0))
    exact, rounded = (evaluate(replace(few, fewest_shoppers=n)).tables for n in (1, 7))
    for name, table in rounded.items():
        assert table.questions == exact[name].questions // 7 * 7
        for model, scores in table.models.items():
            assert scores.answered == exact[name].models[model].answered // 7 * 7
            assert scores.recall_12 == exact[name].models[model].recall_12
    many = 1 + max(table.questions for table in exact.values())
    assert evaluate(replace(few, fewest_shoppers=many)).tables == {}


def test_without_test_shoppers_there_are_photos_only(trial):
    shop = trial.purchases
    nobody = shop.where(~TEST.of(shop.bucket)[shop.shopper])
    assert set(evaluate(replace(trial, purchases=nobody)).tables) == {"photo"}


def test_tables_can_be_read(tables):
    text = markdown(Evaluation(tables))
    assert f"**basket** ({tables['basket'].questions} questions)" in text
    assert f"| **two_tower** | {recall(tables['basket'], 'two_tower').mean:.4f} (" in text


# Leaks


def permuted(shop):
    """Two in seven shoppers, few enough for one to matter, with all their articles permuted."""
    shop = shop.where(shop.shopper % 7 < 2)
    return replace(shop, article=np.random.default_rng(6).permutation(shop.article))


@pytest.fixture(scope="module")
def meaningless():
    """The tables of a shop from which nothing can be learned."""
    return evaluate(trial_of(permuted(planted_shop()))).tables


@pytest.mark.parametrize("name", ["basket", "next purchase", "next purchase, repeats"])
@pytest.mark.parametrize("model", COLLABORATIVE)
def test_where_there_is_nothing_to_learn_no_model_beats_popularity(meaningless, name, model):
    table = meaningless[name]
    found = [each for each in table.models if each.startswith(model)]
    if model in ("ALS", "BPR") and not found:
        pytest.skip("implicit is not installed")
    for each in found:
        assert recall(table, each).low <= recall(table, "popularity").high


def test_a_model_that_had_learned_from_test_shoppers_would_be_noticed(trial):
    """The same meaningless shop, with test shoppers among those counted."""
    shop = permuted(planted_shop())
    each = dict.fromkeys(PARTS, 0.0) | {"co_purchase": 1.0}
    weights = dict.fromkeys(QUERY_KINDS, Weights(each, each))
    leaking = replace(trial.retrieval, sales=count_purchases(shop, ARTICLES, 1), weights=weights)
    table = evaluate(Trial(leaking, trial.articles, shop, None, 1)).tables["basket"]
    assert recall(table, "combined").low > recall(table, "popularity").high


def test_what_test_shoppers_buy_changes_no_model_and_no_weight(trial):
    other = trial_of(planted_shop(of_single=77, of_full=77)).retrieval
    assert other.key() == trial.retrieval.key()
    assert other.weights == trial.retrieval.weights


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("changed", "unchanged"),
    [
        ({"of_single": 77}, ("basket", "basket, unsold", "basket, parts")),
        ({"of_full": 77}, ("next purchase", "next purchase, repeats", "next purchase, parts")),
    ],
    ids=["days of single articles", "one full day"],
)
def test_what_test_shoppers_buy_changes_no_answer_to_others(tables, changed, unchanged):
    """All is trained, counted and fitted again, with the purchases of sixty of them changed."""
    shop = planted_shop(**changed)
    assert (shop.article != planted_shop().article).sum() == 5 * RANDOM
    found = evaluate(trial_of(shop)).tables
    assert found != tables
    for name in unchanged:
        assert found[name] == tables[name]


# A release


def assert_measured_as_built(release, catalog):
    published = open_release(release).manifest.evaluation.tables
    assert published
    assert measure_release(release, catalog).tables == published


def test_a_release_is_measured_as_its_build_measured_it(small_built, small_folder):
    assert_measured_as_built(small_built / "release", small_folder)


@pytest.mark.exhaustive
def test_the_sample_s_release_is_measured_as_its_build_measured_it(release_folder, sample_folder):
    assert_measured_as_built(release_folder, sample_folder)


def test_figures_of_the_sample_are_worth_publishing(release):
    published = release.manifest.evaluation.tables
    for name in ("basket", "next purchase"):
        assert published[name].questions > 100
        combined = recall(published[name], "combined")
        assert combined.low > recall(published[name], "random").high
        assert combined.low > recall(published[name], "popularity").high


def test_a_catalogue_with_other_articles_is_refused(release_folder, small_folder):
    with pytest.raises(CatalogError, match="does not have the articles"):
        measure_release(release_folder, small_folder)


def test_the_command_line_says_in_one_line_why_it_cannot_measure(release_folder, small_folder):
    command = [
        sys.executable,
        "-m",
        "recsys.pipeline.measure",
        release_folder,
        "--data",
        small_folder,
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    (line,) = [
        each for each in run.stderr.splitlines() if each.startswith("recsys.pipeline.measure: ")
    ]
    assert "does not have the articles" in line
    assert "Traceback" not in run.stderr
