"""Queries are what a shopper had; relevant is what they bought with it or next."""

import pandas as pd
import pytest
from tiny_catalogs import bought, int32

from recsys.catalog import questions
from recsys.catalog.questions import basket_questions, next_questions, photo_questions
from recsys.catalog.split import TEST, TRAINING, bucket_of


def spelled(questions):
    """Return questions as lists: the query, what is owned, what is relevant."""
    return [(q.basket.tolist(), q.owned.tolist(), q.relevant.tolist()) for q in questions]


def baskets_of_three(shoppers):
    """Shoppers who each buy three articles of their own on one day."""
    return bought(*((each, 3 * each + n, 5) for each in range(shoppers) for n in range(3)))


def tees(*codes):
    return pd.DataFrame({"product_code": codes})


# Baskets


def test_one_article_of_a_day_is_the_query_and_the_others_are_relevant():
    [question] = basket_questions(bought((0, 4, 1), (0, 9, 1), (0, 2, 1)))
    [query] = question.basket.tolist()
    assert query in (2, 4, 9)
    assert question.relevant.tolist() == sorted({2, 4, 9} - {query})
    assert question.owned.tolist() == [query]


def test_the_question_is_about_the_last_day_with_several_articles():
    purchases = bought((0, 1, 1), (0, 2, 1), (0, 3, 2), (0, 4, 2), (0, 5, 3))
    [question] = basket_questions(purchases)
    assert {*question.basket.tolist(), *question.relevant.tolist()} == {3, 4}


def test_one_article_bought_twice_is_no_basket():
    assert basket_questions(bought((0, 1, 1), (0, 1, 1), (1, 2, 1), (1, 3, 2))) == []
    [question] = basket_questions(bought((0, 1, 1), (0, 1, 1), (0, 2, 1)))
    assert len(question.relevant) == 1


def test_each_shopper_gives_one_question_about_their_own_basket():
    questions = basket_questions(baskets_of_three(40))
    assert len(questions) == 40
    for shopper, question in enumerate(questions):
        every = {*question.basket.tolist(), *question.relevant.tolist()}
        assert every == {3 * shopper, 3 * shopper + 1, 3 * shopper + 2}


def test_any_article_of_a_basket_may_be_the_query_but_always_the_same_one():
    questions = basket_questions(baskets_of_three(40))
    assert {int(question.basket[0]) % 3 for question in questions} == {0, 1, 2}
    assert spelled(questions) == spelled(basket_questions(baskets_of_three(40)))


# Next purchases


def test_earlier_purchases_are_the_query_and_new_ones_of_the_last_day_relevant():
    purchases = bought((0, 7, 1), (0, 3, 2), (0, 7, 4), (0, 9, 4), (0, 1, 4))
    assert spelled(next_questions(purchases)) == [([7, 3], [3, 7], [1, 9])]


def test_with_repeats_an_article_bought_before_may_be_relevant():
    purchases = bought((0, 7, 1), (0, 3, 2), (0, 7, 4), (0, 9, 4), (0, 9, 4))
    assert spelled(next_questions(purchases, repeats=True)) == [([7, 3], [], [7, 9])]


def test_a_shopper_who_only_buys_again_gives_a_question_with_repeats_only():
    purchases = bought((0, 7, 1), (0, 7, 4))
    assert next_questions(purchases) == []
    assert spelled(next_questions(purchases, repeats=True)) == [([7], [], [7])]


@pytest.mark.parametrize("repeats", [False, True])
def test_a_shopper_of_one_day_gives_no_question(repeats):
    purchases = bought((0, 1, 3), (0, 2, 3), (1, 4, 1), (1, 5, 2), (2, 6, 9))
    assert [relevant for *_, relevant in spelled(next_questions(purchases, repeats))] == [[5]]


def test_the_query_is_the_latest_eight_purchases_oldest_first_and_all_are_owned():
    days = [(0, 20 - day, day) for day in range(12)]
    [question] = next_questions(bought(*days, (0, 50, 12)))
    assert question.basket.tolist() == [16, 15, 14, 13, 12, 11, 10, 9]
    assert question.owned.tolist() == list(range(9, 21))
    assert question.relevant.tolist() == [50]


def test_questions_never_mix_shoppers():
    questions = next_questions(bought((0, 1, 1), (0, 2, 2), (1, 3, 1), (1, 4, 2)))
    assert spelled(questions) == [([1], [1], [2]), ([3], [3], [4])]


def test_no_purchases_give_no_questions():
    assert basket_questions(bought()) == next_questions(bought()) == []


# Photos


TEST_CODE, OTHER_TEST_CODE, TRAINING_CODE = "0000013", "0000015", "0108775"


def test_to_each_photo_the_other_colours_of_its_product_are_relevant():
    articles = tees(TEST_CODE, OTHER_TEST_CODE, TEST_CODE, OTHER_TEST_CODE, TEST_CODE)
    questions = photo_questions(articles, int32(range(5)), TEST)
    assert sorted(spelled(questions)) == [
        ([0], [0], [2, 4]),
        ([1], [1], [3]),
        ([2], [2], [0, 4]),
        ([3], [3], [1]),
        ([4], [4], [0, 2]),
    ]


def test_colours_without_a_photo_are_neither_query_nor_relevant():
    articles = tees(TEST_CODE, TEST_CODE, TEST_CODE, OTHER_TEST_CODE, OTHER_TEST_CODE)
    questions = photo_questions(articles, int32([0, 2, 4]), TEST)
    assert spelled(questions) == [([0], [0], [2]), ([2], [2], [0])]


def test_only_products_of_the_part_give_questions():
    assert bucket_of(TEST_CODE) in TEST
    articles = tees(TEST_CODE, TEST_CODE, TRAINING_CODE, TRAINING_CODE)
    queries = [
        [int(question.basket[0]) for question in photo_questions(articles, int32(range(4)), part)]
        for part in (TEST, TRAINING)
    ]
    assert queries == [[0, 1], [2, 3]]


def test_a_product_in_one_colour_gives_no_question():
    assert photo_questions(tees(TEST_CODE, OTHER_TEST_CODE), int32([0, 1]), TEST) == []
    assert photo_questions(tees(TEST_CODE, TEST_CODE), int32([]), TEST) == []


# How many


def test_too_many_questions_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 5)
    kept = basket_questions(baskets_of_three(41))
    assert [int(question.basket[0]) // 3 for question in kept] == [0, 10, 20, 30, 40]


def test_few_questions_are_all_kept(monkeypatch):
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 5)
    for count in range(6):
        kept = basket_questions(baskets_of_three(count))
        assert [int(question.basket[0]) // 3 for question in kept] == list(range(count))


def test_next_purchases_and_photos_are_thinned_too(monkeypatch):
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 2)
    days = [(shopper, 2 * shopper + day, day) for shopper in range(9) for day in range(2)]
    assert len(next_questions(bought(*days))) == 2
    assert len(photo_questions(tees(*[TEST_CODE] * 4), int32(range(4)), TEST)) == 2
