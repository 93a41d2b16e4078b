"""The combined score is a weighted mean of its parts, with the weights that predict purchases."""

import numpy as np
import pytest

from recsys.models.registry import COUNTS, SINGLE
from recsys.retrieval.fusion import BASKET_PRIOR, PARTS, Example, Weights, fit_weights, fuse

EVEN = dict.fromkeys(PARTS, 1.0)
TEXT, IMAGE = PARTS.index("text"), PARTS.index("image")


def float32(*values):
    return np.array(values, np.float32)


def rows(count):
    return np.arange(count, dtype=np.int32)


def random_parts(count=40, seed=0, parts=PARTS):
    random = np.random.default_rng(seed)
    return {part: random.uniform(-1, 1, count).astype(np.float32) for part in parts}


# Fusing


def test_every_model_with_vectors_of_its_own_is_a_part_and_so_is_every_count():
    assert set(PARTS) == {*COUNTS, *(model.name for model in SINGLE)}
    assert set(BASKET_PRIOR.known) == set(BASKET_PRIOR.unknown) == set(PARTS)


def test_an_example_is_as_worked_out_by_hand():
    parts = {"text": float32(0.2, 0.8), "image": float32(0.6, 0.4)}
    fused = fuse(np.array([5, 9], np.int32), parts, {"text": 3, "image": 1, "features": 7}, 2)
    assert fused.rows.tolist() == [9, 5]
    assert fused.scores.tolist() == pytest.approx([0.7, 0.3])
    assert fused.contributions["text"].tolist() == pytest.approx([0.6, 0.15])
    assert fused.contributions["image"].tolist() == pytest.approx([0.1, 0.15])


def test_contributions_sum_to_the_score():
    fused = fuse(rows(40), random_parts(), BASKET_PRIOR.known, 40)
    assert set(fused.contributions) == set(PARTS)
    np.testing.assert_allclose(sum(fused.contributions.values()), fused.scores, atol=6e-6)
    assert fused.scores.dtype == np.float32


@pytest.mark.parametrize("read", [PARTS[:1], PARTS[1:3], PARTS])
def test_weights_are_shared_out_among_the_parts_that_could_read_the_query(read):
    parts = {part: float32(0.5) for part in read}
    assert fuse(rows(1), parts, BASKET_PRIOR.known, 1).scores.tolist() == pytest.approx([0.5])


def test_only_the_proportions_of_the_weights_matter():
    parts = random_parts()
    tenfold = {part: 10 * weight for part, weight in BASKET_PRIOR.known.items()}
    one, ten = (fuse(rows(40), parts, weights, 40) for weights in (BASKET_PRIOR.known, tenfold))
    assert one.rows.tolist() == ten.rows.tolist()
    np.testing.assert_allclose(one.scores, ten.scores, atol=2e-5)


def test_the_best_come_first_and_no_more_than_asked_for():
    parts = random_parts()
    expected = np.mean(list(parts.values()), axis=0)
    fused = fuse(rows(40), parts, EVEN, 7)
    assert fused.rows.tolist() == np.argsort(-expected)[:7].tolist()
    np.testing.assert_allclose(fused.scores, np.sort(expected)[::-1][:7], atol=1e-5)
    assert {len(values) for values in fused.contributions.values()} == {7}
    assert len(fuse(rows(40), parts, EVEN, 99).rows) == 40


def test_ties_and_rounding_errors_are_broken_by_row():
    candidates = np.array([8, 3, 5, 1], np.int32)
    parts = {"text": float32(0.5, 0.5 + 1e-7, 0.5 - 1e-7, 0.1)}
    assert fuse(candidates, parts, EVEN, 4).rows.tolist() == [3, 5, 8, 1]


def test_a_part_that_weighs_nothing_neither_counts_nor_is_shown():
    parts = random_parts(parts=("text", "image"))
    without = fuse(rows(40), parts, {"text": 2.0, "image": 0.0}, 40)
    alone = fuse(rows(40), {"text": parts["text"]}, EVEN, 40)
    assert without.rows.tolist() == alone.rows.tolist()
    assert set(without.contributions) == {"text"}


def test_where_nothing_weighs_anything_all_are_equal():
    fused = fuse(np.array([4, 2], np.int32), {"text": float32(0.1, 0.9)}, {"image": 1.0}, 2)
    assert (fused.rows.tolist(), fused.scores.tolist()) == ([2, 4], [0, 0])


def test_no_candidates_give_no_answer():
    fused = fuse(rows(0), {part: float32() for part in PARTS}, EVEN, 12)
    assert (len(fused.rows), len(fused.scores)) == (0, 0)


def test_the_parts_handed_in_are_left_as_they_were():
    parts, before = random_parts(), random_parts()
    fuse(rows(40), parts, BASKET_PRIOR.known, 40)
    for part in PARTS:
        np.testing.assert_array_equal(parts[part], before[part])


# Weights between unknown and known


@pytest.mark.parametrize(("known", "expected"), [(0, 4), (0.25, 3.5), (0.5, 3), (1, 2)])
def test_weights_go_from_those_of_the_unknown_to_those_of_the_best_seller(known, expected):
    weights = Weights(unknown={"text": 4.0}, known={"text": 2.0})
    assert weights.at(known) == {"text": pytest.approx(expected)}


# Fitting


def shares(weights):
    """Each part's share of the weight."""
    return {part: weight / sum(weights.values()) for part, weight in weights.items()}


def planted(count, true, known=lambda number: 0.5, seed=5, candidates=30):
    """Queries with one relevant article, drawn by softmax with the ``true`` weights."""
    random = np.random.default_rng(seed)
    examples = []
    for number in range(count):
        parts = random.uniform(0, 1, (candidates, len(PARTS))).astype(np.float32)
        popularity = known(number)
        weights = true(popularity) if callable(true) else true
        odds = np.exp(parts @ np.array([weights.get(part, 0.0) for part in PARTS]))
        relevant = np.arange(candidates) == random.choice(candidates, p=odds / odds.sum())
        examples.append(Example(popularity, parts, relevant))
    return examples


def distance(weights):
    """How far fitted weights are from the prior."""
    both = ((weights.unknown, BASKET_PRIOR.unknown), (weights.known, BASKET_PRIOR.known))
    return sum(abs(fitted[part] - prior[part]) for fitted, prior in both for part in PARTS)


@pytest.mark.parametrize("part", ["image", "popularity"])
def test_the_part_that_predicts_gets_most_of_the_weight(part):
    fitted = fit_weights(planted(600, {part: 12.0}))
    assert shares(BASKET_PRIOR.known)[part] < 0.1
    assert shares(fitted.at(0.5))[part] > 0.7


def test_the_weights_that_purchases_were_drawn_with_are_recovered():
    true = {"text": 2.0, "image": 6.0, "two_tower": 4.0, "co_purchase": 8.0}
    fitted = fit_weights(planted(3000, true)).at(0.5)
    for part in PARTS:
        assert fitted[part] == pytest.approx(true.get(part, 0), abs=1)


def test_known_and_unknown_queries_get_weights_of_their_own():
    fitted = fit_weights(
        planted(
            1200,
            true=lambda known: {"co_purchase": 10.0} if known else {"text": 10.0},
            known=lambda number: float(number % 2),
        )
    )
    assert fitted.unknown["text"] == pytest.approx(10, abs=1.5)
    assert fitted.known["co_purchase"] == pytest.approx(10, abs=1.5)
    assert max(fitted.known["text"], fitted.unknown["co_purchase"]) < 1.5


def test_all_relevant_articles_of_a_query_share_its_probability():
    """With two relevant articles of which one has a score, each gets half the probability."""
    parts = np.zeros((3, len(PARTS)), np.float32)
    parts[0, TEXT] = 1
    both = [Example(1.0, parts, np.array([True, True, False]))] * 2000
    one = [Example(1.0, parts, np.array([True, False, False]))] * 2000
    # Where exp(w) / (exp(w) + 2) is 1/2.
    assert fit_weights(both).known["text"] == pytest.approx(np.log(2), abs=0.1)
    assert fit_weights(one).known["text"] > 3


@pytest.mark.parametrize("out", PARTS)
def test_a_part_that_is_left_out_weighs_nothing(out):
    fitted = fit_weights(planted(40, {out: 8.0}), [part for part in PARTS if part != out])
    assert fitted.known[out] == fitted.unknown[out] == 0
    assert sum(fitted.known.values()) > 0


def test_no_weight_is_negative_though_a_part_may_be_anticorrelated():
    examples = [
        Example(0.5, example.parts, example.parts[:, IMAGE] == example.parts[:, IMAGE].min())
        for example in planted(300, {})
    ]
    fitted = fit_weights(examples)
    assert fitted.at(0.5)["image"] == 0
    assert min(*fitted.known.values(), *fitted.unknown.values()) == 0


def test_without_examples_weights_stay_where_they_start():
    assert fit_weights([]) == BASKET_PRIOR
    parts = np.ones((4, len(PARTS)), np.float32)
    assert fit_weights([Example(0.5, parts, np.zeros(4, bool))]) == BASKET_PRIOR
    assert fit_weights([], ["text"]).known == dict.fromkeys(PARTS, 0.0) | {
        "text": BASKET_PRIOR.known["text"]
    }


def test_a_query_without_relevant_articles_changes_nothing():
    examples = planted(50, {"image": 8.0})
    empty = Example(0.5, np.ones((9, len(PARTS)), np.float32), np.zeros(9, bool))
    assert fit_weights([*examples[:20], empty, *examples[20:]]) == fit_weights(examples)


def test_few_examples_move_the_weights_less_than_many():
    one, some, many = (fit_weights(planted(count, {"image": 12.0})) for count in (1, 20, 2000))
    assert 0 < 3 * distance(one) < distance(some) < distance(many)
    for part in PARTS:
        assert one.at(0.5)[part] == pytest.approx(BASKET_PRIOR.at(0.5)[part], abs=1)


def test_weights_without_evidence_stay_at_the_prior():
    """Queries of unknown articles have no evidence on known ones, nor on a part that is 0."""
    examples = planted(200, {"image": 12.0}, known=lambda _: 0.0)
    for example in examples:
        example.parts[:, TEXT] = 0
    fitted = fit_weights(examples)
    assert fitted.known == BASKET_PRIOR.known
    assert fitted.unknown["text"] == BASKET_PRIOR.unknown["text"]
    assert fitted.unknown["image"] > 2 * BASKET_PRIOR.unknown["image"]


def test_equal_examples_give_equal_weights():
    assert fit_weights(planted(100, {"text": 5.0})) == fit_weights(planted(100, {"text": 5.0}))
