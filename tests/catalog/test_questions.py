"""Questions ask with what a shopper had, and want what they bought then."""

import pandas as pd
import pytest
from tiny_catalogs import bought, int32

from recsys.catalog import questions
from recsys.catalog.questions import basket_questions, evenly, next_questions, photo_questions
from recsys.catalog.split import TEST, TRAINING, bucket_of


def spelled(questions):
    """Return questions as lists: what asks, what is owned, what is relevant."""
    return [(q.basket.tolist(), q.owned.tolist(), q.relevant.tolist()) for q in questions]


def baskets_of_three(shoppers):
    """Shoppers who each buy three articles of their own on one day."""
    return bought(*((each, 3 * each + n, 5) for each in range(shoppers) for n in range(3)))


def tees(*codes):
    return pd.DataFrame({"product_code": codes})


# Baskets


def test_one_article_of_a_day_asks_for_the_others():
    [question] = basket_questions(bought((0, 4, 1), (0, 9, 1), (0, 2, 1)))
    [asking] = question.basket.tolist()
    assert asking in (2, 4, 9)
    assert question.relevant.tolist() == sorted({2, 4, 9} - {asking})
    assert question.owned.tolist() == [asking]


def test_the_last_day_with_several_articles_asks():
    purchases = bought((0, 1, 1), (0, 2, 1), (0, 3, 2), (0, 4, 2), (0, 5, 3))
    [question] = basket_questions(purchases)
    assert {*question.basket.tolist(), *question.relevant.tolist()} == {3, 4}


def test_one_article_bought_twice_is_no_basket():
    assert basket_questions(bought((0, 1, 1), (0, 1, 1), (1, 2, 1), (1, 3, 2))) == []
    [question] = basket_questions(bought((0, 1, 1), (0, 1, 1), (0, 2, 1)))
    assert len(question.relevant) == 1


def test_each_shopper_asks_one_question_about_their_own_basket():
    questions = basket_questions(baskets_of_three(40))
    assert len(questions) == 40
    for shopper, question in enumerate(questions):
        every = {*question.basket.tolist(), *question.relevant.tolist()}
        assert every == {3 * shopper, 3 * shopper + 1, 3 * shopper + 2}


def test_any_article_of_a_basket_may_ask_but_always_the_same_one():
    questions = basket_questions(baskets_of_three(40))
    assert {int(question.basket[0]) % 3 for question in questions} == {0, 1, 2}
    assert spelled(questions) == spelled(basket_questions(baskets_of_three(40)))


# Next purchases


def test_what_was_had_asks_for_what_is_new_on_the_last_day():
    purchases = bought((0, 7, 1), (0, 3, 2), (0, 7, 4), (0, 9, 4), (0, 1, 4))
    assert spelled(next_questions(purchases)) == [([7, 3], [3, 7], [1, 9])]


def test_with_repeats_what_was_had_may_be_wanted_again():
    purchases = bought((0, 7, 1), (0, 3, 2), (0, 7, 4), (0, 9, 4), (0, 9, 4))
    assert spelled(next_questions(purchases, repeats=True)) == [([7, 3], [], [7, 9])]


def test_who_only_buys_again_is_asked_with_repeats_only():
    purchases = bought((0, 7, 1), (0, 7, 4))
    assert next_questions(purchases) == []
    assert spelled(next_questions(purchases, repeats=True)) == [([7], [], [7])]


@pytest.mark.parametrize("repeats", [False, True])
def test_who_bought_on_one_day_only_is_not_asked(repeats):
    purchases = bought((0, 1, 3), (0, 2, 3), (1, 4, 1), (1, 5, 2), (2, 6, 9))
    assert [relevant for *_, relevant in spelled(next_questions(purchases, repeats))] == [[5]]


def test_the_latest_eight_purchases_ask_oldest_first_and_all_are_owned():
    days = [(0, 20 - day, day) for day in range(12)]
    [question] = next_questions(bought(*days, (0, 50, 12)))
    assert question.basket.tolist() == [16, 15, 14, 13, 12, 11, 10, 9]
    assert question.owned.tolist() == list(range(9, 21))
    assert question.relevant.tolist() == [50]


def test_nobody_asks_about_the_purchases_of_others():
    questions = next_questions(bought((0, 1, 1), (0, 2, 2), (1, 3, 1), (1, 4, 2)))
    assert spelled(questions) == [([1], [1], [2]), ([3], [3], [4])]


def test_no_purchases_ask_nothing():
    assert basket_questions(bought()) == next_questions(bought()) == []


# Photos


HELD_OUT, OTHER_HELD_OUT, LEARNED = "0000013", "0000015", "0108775"


def test_each_photo_asks_for_its_sisters():
    articles = tees(HELD_OUT, OTHER_HELD_OUT, HELD_OUT, OTHER_HELD_OUT, HELD_OUT)
    questions = photo_questions(articles, int32(range(5)), TEST)
    assert sorted(spelled(questions)) == [
        ([0], [0], [2, 4]),
        ([1], [1], [3]),
        ([2], [2], [0, 4]),
        ([3], [3], [1]),
        ([4], [4], [0, 2]),
    ]


def test_sisters_without_a_photo_neither_ask_nor_are_wanted():
    articles = tees(HELD_OUT, HELD_OUT, HELD_OUT, OTHER_HELD_OUT, OTHER_HELD_OUT)
    questions = photo_questions(articles, int32([0, 2, 4]), TEST)
    assert spelled(questions) == [([0], [0], [2]), ([2], [2], [0])]


def test_only_products_of_the_part_ask():
    assert bucket_of(HELD_OUT) in TEST
    articles = tees(HELD_OUT, HELD_OUT, LEARNED, LEARNED)
    asking = [
        [int(question.basket[0]) for question in photo_questions(articles, int32(range(4)), part)]
        for part in (TEST, TRAINING)
    ]
    assert asking == [[0, 1], [2, 3]]


def test_a_product_in_one_colour_does_not_ask():
    assert photo_questions(tees(HELD_OUT, OTHER_HELD_OUT), int32([0, 1]), TEST) == []
    assert photo_questions(tees(HELD_OUT, HELD_OUT), int32([]), TEST) == []


# How many


def test_too_many_questions_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 5)
    assert evenly(list(range(41))) == [0, 10, 20, 30, 40]
    asked = basket_questions(baskets_of_three(41))
    assert [int(question.basket[0]) // 3 for question in asked] == [0, 10, 20, 30, 40]


def test_few_questions_are_all_asked(monkeypatch):
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 5)
    for count in range(6):
        assert evenly(list(range(count))) == list(range(count))


def test_the_same_holds_for_next_purchases_and_photos(monkeypatch):
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 2)
    days = [(shopper, 2 * shopper + day, day) for shopper in range(9) for day in range(2)]
    assert len(next_questions(bought(*days))) == 2
    assert len(photo_questions(tees(*[HELD_OUT] * 4), int32(range(4)), TEST)) == 2
