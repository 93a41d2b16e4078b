"""Answers for shoppers and baskets: from the recommender, the API and the page."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browsing import Visit, free_port
from building import reseal
from gradio_client import Client
from gradio_client.exceptions import AppError
from page_outline import Outline
from playwright.sync_api import Browser, Locator

from recsys.errors import QueryError
from recsys.evaluation.report import Evaluation
from recsys.models.registry import ALL, COMBINED, IMAGE
from recsys.release.reader import Release, open_release
from recsys.release.tables import SHOPPERS
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import LARGEST_BASKET, MOST_MATCHES
from recsys.serving.results import BasketAnswer
from recsys.web.api_schema import ForBasketAnswer
from recsys.web.evaluation_page import TABLES
from recsys.web.layout import MENU
from recsys.web.pages import page_content
from recsys.web.server import launch
from recsys.web.url import SHOPPER, PageState

MODELS = [model.name for model in ALL]
SHELVES = ["history", *MODELS, "again"]
STRANGERS = ["", "nobody", "SHOPPER-0001", "<b>1</b>", "x" * 1000, "👗" * 1000, "a\nb", None, 1]
NO_ARTICLES = ["0000000000", "shirt", "", "1" * 1000, "👗", "-1", None]


def ids(release: Release) -> list[str]:
    return release.articles["article_id"].tolist()


def bought(release: Release) -> dict[str, list[str]]:
    """What each shopper bought, the earliest first, from nothing but the file of the release."""
    table = pd.read_parquet(release.folder / SHOPPERS)
    return {
        str(alias): rows.sort_values("visit", kind="stable")["article_id"].tolist()
        for alias, rows in table.groupby("alias")
    }


def latest_first(history: list[str]) -> list[str]:
    return list(dict.fromkeys(reversed(history)))


def has_many(release: Release) -> str:
    """A shopper with more distinct articles than are shown."""
    return next(alias for alias, had in bought(release).items() if len(set(had)) > MOST_MATCHES)


def named(articles) -> list[str]:
    return [article.article_id for article in articles]


def found(gallery) -> list[str]:
    return [match.article.article_id for match in gallery.matches]


def basket_of(release: Release, size: int = 3) -> list[str]:
    return ids(release)[5 :: len(ids(release)) // size][:size]


@pytest.fixture(scope="module")
def answers(recommender: Recommender) -> dict[str, BasketAnswer]:
    """The answer for every shopper of the sample, with as many matches as possible."""
    return {alias: recommender.for_shopper(alias, MOST_MATCHES) for alias in recommender.shoppers()}


# Shoppers


def test_every_shopper_of_the_release_can_be_asked_for(
    release: Release, answers: dict[str, BasketAnswer]
) -> None:
    assert sorted(answers) == sorted(bought(release))
    assert len(answers) == 100
    for alias, answer in answers.items():
        assert answer.alias == alias
        assert answer.release_version == release.manifest.checksum[:12]
        assert [gallery.model for gallery in answer.galleries] == list(ALL)


def test_nothing_that_a_shopper_has_is_in_any_gallery(
    release: Release, answers: dict[str, BasketAnswer]
) -> None:
    """Not even what they bought long before the last articles."""
    for alias, had in bought(release).items():
        for gallery in answers[alias].galleries:
            assert set(found(gallery)).isdisjoint(had)
            assert len(set(found(gallery))) == (0 if gallery.note else MOST_MATCHES)
            assert gallery.model is IMAGE or not gallery.note


def test_a_history_is_shown_the_latest_first_each_article_once(
    release: Release, answers: dict[str, BasketAnswer]
) -> None:
    histories = bought(release)
    for alias, had in histories.items():
        assert named(answers[alias].history) == latest_first(had)[:MOST_MATCHES]
    assert any(len(set(had)) < len(had) for had in histories.values())
    assert len(answers[has_many(release)].history) == MOST_MATCHES


def test_the_whole_history_is_shown_however_few_matches_are_asked_for(
    recommender: Recommender,
) -> None:
    alias = has_many(recommender.release)
    few, many = recommender.for_shopper(alias, 1), recommender.for_shopper(alias, MOST_MATCHES)
    assert few.history == many.history


def test_what_was_bought_most_often_may_be_bought_again_and_the_latest_of_equals(
    release: Release, answers: dict[str, BasketAnswer]
) -> None:
    again_and_again = 0
    for alias, had in bought(release).items():
        often = sorted(latest_first(had), key=lambda id_, had=had: -had.count(id_))
        assert named(answers[alias].again) == often[:MOST_MATCHES]
        again_and_again += often[0] != latest_first(had)[0]
    assert again_and_again > 10


def test_galleries_and_what_to_buy_again_are_as_long_as_was_asked(
    recommender: Recommender, answers: dict[str, BasketAnswer]
) -> None:
    alias = has_many(recommender.release)
    for k in (1, 5, 12):
        shorter = recommender.for_shopper(alias, k)
        assert shorter.again == answers[alias].again[:k]
        for few, many in zip(shorter.galleries, answers[alias].galleries, strict=True):
            assert len(few.matches) == k
            assert few.matches == many.matches[:k]
    assert recommender.for_shopper(alias) == recommender.for_shopper(alias, 12)


def test_matches_are_ranked_and_their_contributions_sum_to_the_score(
    answers: dict[str, BasketAnswer],
) -> None:
    for answer in answers.values():
        for gallery in answer.galleries:
            order = [(-match.score, match.article.article_id) for match in gallery.matches]
            assert order == sorted(order)
            assert [match.rank for match in gallery.matches] == list(range(1, len(order) + 1))
            for match in gallery.matches:
                assert sum(match.contributions.values()) == pytest.approx(match.score, abs=5e-5)
                several = gallery.model is COMBINED
                assert several or set(match.contributions) == {gallery.model.name}


def test_shoppers_who_bought_different_things_get_different_galleries(
    answers: dict[str, BasketAnswer],
) -> None:
    for place in range(len(ALL)):
        shown = {tuple(found(answer.galleries[place])) for answer in answers.values()}
        assert len(shown) > len(answers) // 2


def test_an_alias_may_have_spaces_around_it(recommender: Recommender) -> None:
    alias = recommender.shoppers()[0]
    assert recommender.for_shopper(f"  {alias}\n") == recommender.for_shopper(alias)


@pytest.mark.parametrize("alias", STRANGERS, ids=lambda alias: repr(alias)[:14])
def test_a_stranger_is_refused_in_one_short_line(recommender: Recommender, alias: Any) -> None:
    with pytest.raises(QueryError, match="There is no shopper") as refused:
        recommender.for_shopper(alias)
    assert len(str(refused.value)) < 120
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("k", [0, -1, MOST_MATCHES + 1, 2.5, None])
def test_a_number_of_matches_out_of_range_is_refused_with_the_range(
    recommender: Recommender, k: Any
) -> None:
    for ask in (
        lambda: recommender.for_shopper(recommender.shoppers()[0], k),
        lambda: recommender.for_basket(ids(recommender.release)[:1], k),
    ):
        with pytest.raises(QueryError, match=f"1 to {MOST_MATCHES} matches"):
            ask()


# Baskets


@pytest.mark.parametrize("size", [1, 3, LARGEST_BASKET])
def test_a_basket_is_answered_without_its_own_articles(recommender: Recommender, size: int) -> None:
    basket = basket_of(recommender.release, size)
    answer = recommender.for_basket(basket, MOST_MATCHES)
    assert named(answer.history) == basket[::-1][:MOST_MATCHES]
    assert (answer.alias, answer.again) == ("", ())
    for gallery in answer.galleries:
        assert set(found(gallery)).isdisjoint(basket)
        assert len(set(found(gallery))) == MOST_MATCHES
        for match in gallery.matches:
            assert sum(match.contributions.values()) == pytest.approx(match.score, abs=5e-5)


def test_a_basket_is_known_with_and_without_leading_zeros_and_spaces(
    recommender: Recommender,
) -> None:
    basket = basket_of(recommender.release)
    assert all(id_.startswith("0") for id_ in basket)
    plain = recommender.for_basket(basket)
    assert recommender.for_basket([id_.lstrip("0") for id_ in basket]) == plain
    assert recommender.for_basket([f" {id_} " for id_ in basket]) == plain
    assert recommender.for_basket([int(id_) for id_ in basket]) == plain


def test_an_article_named_twice_is_shown_once(recommender: Recommender) -> None:
    one, two, _ = basket_of(recommender.release)
    answer = recommender.for_basket([one, two, one.lstrip("0")])
    assert named(answer.history) == [one, two]
    for gallery in answer.galleries:
        assert {one, two}.isdisjoint(found(gallery))


def test_every_article_of_a_basket_has_its_say(recommender: Recommender) -> None:
    first, second, _ = basket_of(recommender.release)
    alone = recommender.for_basket([first])
    for one, both in zip(
        alone.galleries, recommender.for_basket([first, second]).galleries, strict=True
    ):
        assert found(one) != found(both), one.model.name


def test_a_basket_without_photos_is_answered_by_all_models_but_image(
    recommender: Recommender,
) -> None:
    rows = np.flatnonzero(~recommender.release.with_photo)[:2]
    answer = recommender.for_basket([ids(recommender.release)[row] for row in rows])
    for gallery in answer.galleries:
        assert len(gallery.matches) == (0 if gallery.model is IMAGE else 12)
        assert gallery.note == (
            "None of these has a photo, so their looks cannot be compared."
            if gallery.model is IMAGE
            else ""
        )


def test_one_photo_in_a_basket_is_enough_to_compare_looks(recommender: Recommender) -> None:
    without = int(np.flatnonzero(~recommender.release.with_photo)[0])
    with_one = int(np.flatnonzero(recommender.release.with_photo)[0])
    answer = recommender.for_basket([ids(recommender.release)[row] for row in (without, with_one)])
    assert [len(gallery.matches) for gallery in answer.galleries] == [12] * len(ALL)


@pytest.mark.parametrize("size", [0, LARGEST_BASKET + 1])
def test_an_empty_or_too_large_a_basket_is_refused_with_the_range(
    recommender: Recommender, size: int
) -> None:
    with pytest.raises(QueryError, match=rf"^Name 1 to {LARGEST_BASKET} articles, not {size}\.$"):
        recommender.for_basket(ids(recommender.release)[:size])


@pytest.mark.parametrize("text", NO_ARTICLES, ids=lambda text: repr(text)[:12])
def test_one_wrong_id_in_a_basket_is_named(recommender: Recommender, text: Any) -> None:
    with pytest.raises(QueryError, match="article") as refused:
        recommender.for_basket([ids(recommender.release)[0], text])
    assert str(text)[:40] in str(refused.value)
    assert len(str(refused.value)) < 120


# Cards


def outline(recommender: Recommender, **asked: str) -> Outline:
    return Outline(page_content(PageState(SHOPPER, **asked), recommender).html)


def test_a_shopper_s_galleries_stand_between_what_they_bought_and_what_to_buy_again(
    recommender: Recommender,
) -> None:
    alias = has_many(recommender.release)
    answer = recommender.for_shopper(alias)
    drawn = outline(recommender, shopper=alias)
    assert [section["data-model"] for section in drawn.attributes("section")] == SHELVES
    headings = [f"What {alias} bought", *(model.title for model in ALL), "Buy again"]
    assert [each for each in drawn.texts("h2") if each in headings] == headings
    assert "48 articles, the latest first." in drawn.texts("p")
    shown = [link["data-article"] for link in drawn.attributes("a") if "data-article" in link]
    results = [id_ for gallery in answer.galleries for id_ in found(gallery)]
    assert shown == [*named(answer.history), *results, *named(answer.again)]
    assert len(drawn.texts("score")) == len(results)


def test_a_visitor_s_basket_is_theirs_and_there_is_nothing_to_buy_again(
    recommender: Recommender,
) -> None:
    drawn = outline(recommender, basket=basket_of(recommender.release, 1)[0])
    assert [section["data-model"] for section in drawn.attributes("section")] == SHELVES[:-1]
    assert drawn.texts("h2")[0] == "Your basket"
    assert "1 article." in drawn.texts("p")


def test_a_card_of_a_shelf_has_its_own_photo_or_says_that_there_is_none(
    recommender: Recommender,
) -> None:
    rows = (int(np.flatnonzero(~recommender.release.with_photo)[0]), 0)
    basket = [ids(recommender.release)[row] for row in rows]
    drawn = outline(recommender, basket=" ".join(basket))
    assert drawn.attributes("img")[0]["src"] == (
        f"photos/{basket[1]}.webp?release={recommender.release_version}&width=240"
    )
    assert "No photo" in [text for _, text in drawn.text]


# The API


def refusal(client: Client, endpoint: str, *inputs: Any) -> str:
    """The message that an API client gets instead of an answer."""
    with pytest.raises(AppError) as refused:
        client.predict(*inputs, api_name=endpoint)
    message = str(refused.value)
    assert "Traceback" not in message
    assert "\n" not in message
    assert len(message) < 120
    return message


def said(answer: BasketAnswer) -> dict[str, Any]:
    """An answer as the API should give it."""
    return {
        "release": answer.release_version,
        "alias": answer.alias,
        "history": named(answer.history),
        "again": named(answer.again),
        "galleries": [
            {
                "model": gallery.model.name,
                "note": gallery.note,
                "matches": [
                    {
                        "rank": match.rank,
                        "article_id": match.article.article_id,
                        "name": match.article.name,
                        "price": match.article.price,
                        "score": match.score,
                        "contributions": match.contributions,
                    }
                    for match in gallery.matches
                ],
            }
            for gallery in answer.galleries
        ],
    }


def test_a_program_gets_the_shoppers_who_can_be_asked_for(client: Client, release: Release) -> None:
    aliases = client.predict(api_name="/shoppers")
    assert sorted(aliases) == sorted(bought(release))


def test_a_program_gets_what_a_visitor_gets_for_a_shopper(
    client: Client, recommender: Recommender
) -> None:
    alias = has_many(recommender.release)
    answer = client.predict(alias, 5, api_name="/for_shopper")
    assert answer.keys() == ForBasketAnswer.__annotations__.keys()
    assert answer == said(recommender.for_shopper(alias, 5))


def test_a_program_gets_what_a_visitor_gets_for_a_basket(
    client: Client, recommender: Recommender
) -> None:
    basket = basket_of(recommender.release)
    expected = said(recommender.for_basket(basket, 5))
    assert client.predict(basket, 5, api_name="/for_basket") == expected
    assert client.predict([int(id_) for id_ in basket], 5, api_name="/for_basket") == expected
    assert (expected["alias"], expected["again"]) == ("", [])


def test_a_program_gets_twelve_matches_a_gallery_in_the_page_s_order(
    client: Client, release: Release
) -> None:
    for endpoint, asked in (("/for_shopper", has_many(release)), ("/for_basket", ids(release)[:2])):
        answer = client.predict(asked, api_name=endpoint)
        assert [gallery["model"] for gallery in answer["galleries"]] == MODELS
        for gallery in answer["galleries"]:
            assert len(gallery["matches"]) == 12
            for match in gallery["matches"]:
                total = sum(match["contributions"].values())
                assert total == pytest.approx(match["score"], abs=5e-5)


@pytest.mark.parametrize("alias", STRANGERS[:4], ids=lambda alias: repr(alias)[:14])
def test_a_program_is_told_that_there_is_no_such_shopper(client: Client, alias: Any) -> None:
    assert "There is no shopper" in refusal(client, "/for_shopper", alias)


@pytest.mark.parametrize("text", NO_ARTICLES[:3], ids=lambda text: repr(text)[:12])
def test_a_program_is_told_which_id_of_a_basket_is_wrong(
    client: Client, release: Release, text: Any
) -> None:
    assert str(text)[:40] in refusal(client, "/for_basket", [ids(release)[0], text])


@pytest.mark.parametrize("size", [0, LARGEST_BASKET + 1])
def test_a_program_is_told_how_large_a_basket_may_be(
    client: Client, release: Release, size: int
) -> None:
    message = refusal(client, "/for_basket", ids(release)[:size])
    assert message == f"Name 1 to {LARGEST_BASKET} articles, not {size}."


@pytest.mark.parametrize("basket", [None, 108775015, 1.5, True], ids=repr)
def test_a_program_is_told_that_its_basket_is_no_list(client: Client, basket: Any) -> None:
    assert "article" in refusal(client, "/for_basket", basket)


def test_one_id_in_the_place_of_a_list_is_not_taken_apart(client: Client, release: Release) -> None:
    """Its digits are no article ids."""
    try:
        told = str(client.predict(ids(release)[0], api_name="/for_basket")["history"])
    except AppError as error:
        told = str(error)
    assert "article 0000000000" not in told


@pytest.mark.parametrize("k", [0, -1, 49, 2.5, "many", None])
def test_a_program_is_told_how_many_matches_it_may_ask_for(
    client: Client, release: Release, k: Any
) -> None:
    for endpoint, asked in (("/for_shopper", has_many(release)), ("/for_basket", ids(release)[:1])):
        assert f"1 to {MOST_MATCHES}" in refusal(client, endpoint, asked, k)


# The page


def open_tab(visit: Visit, name: str) -> None:
    visit.view.get_by_role("navigation").get_by_role("link", name=name).click()
    visit.view.locator(f'nav a[aria-current="page"][aria-label="{name}"]').wait_for()


def choose(visit: Visit, alias: str) -> None:
    """Type an alias and take it."""
    box = visit.view.get_by_role("combobox", name="Shopper")
    box.fill(alias)
    box.press("Enter")


def fill_basket(visit: Visit, text: str) -> None:
    visit.view.get_by_label("Basket", exact=True).fill(text)
    visit.view.get_by_role("button", name="Show what goes with the basket").click()


def heading(visit: Visit, text: str) -> Locator:
    return visit.view.locator("#answer").get_by_role("heading", name=text, exact=True)


def shown(visit: Visit) -> dict[str, list[str]]:
    """The articles of every gallery of the answer, in their order."""
    galleries = visit.view.locator("#answer .gallery").all()
    return {
        str(gallery.get_attribute("data-model")): gallery.locator(".match a").evaluate_all(
            "cards => cards.map(card => card.dataset.article)"
        )
        for gallery in galleries
    }


def expected(answer: BasketAnswer) -> dict[str, list[str]]:
    galleries = {gallery.model.name: found(gallery) for gallery in answer.galleries}
    again = {"again": named(answer.again)} if answer.again else {}
    return {"history": named(answer.history), **galleries, **again}


def assert_within_the_window(visit: Visit, *parts: str) -> None:
    """Fail if the page or what is seen of it needs scrolling sideways."""
    assert visit.sideways() <= 0
    wide = visit.view.evaluate(
        """parts => [...document.querySelectorAll(parts)].filter(part => {
            const box = part.getBoundingClientRect();
            return box.width && (box.right > window.innerWidth + 0.5 || box.left < 0);
        }).map(part => part.outerHTML.slice(0, 80))""",
        ", ".join(parts),
    )
    assert wide == []


@pytest.mark.browser
@pytest.mark.exhaustive
def test_all_pages_are_in_sight(visit: Visit) -> None:
    visit.open()
    links = visit.view.get_by_role("navigation").get_by_role("link")
    assert links.count() == len(MENU)
    for name in MENU.values():
        link = links.and_(visit.view.get_by_role("link", name=name, exact=True))
        box = link.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= visit.view.evaluate("window.innerWidth")
        open_tab(visit, name)


@pytest.mark.browser
def test_a_shopper_is_chosen_by_typing_the_alias(visit: Visit, recommender: Recommender) -> None:
    visit.open()
    open_tab(visit, "For a shopper")
    assert_within_the_window(visit, ".who *")
    for alias in (has_many(recommender.release), recommender.shoppers()[-1]):
        choose(visit, alias)
        heading(visit, f"What {alias} bought").wait_for()
        assert shown(visit) == expected(recommender.for_shopper(alias))
        assert visit.view.get_by_role("alert").count() == 0
        assert_within_the_window(visit, "#answer .gallery", "#answer .heading")
    widths = visit.photo_widths()
    assert len(widths) > 50
    assert all(width > 0 for width in widths)


@pytest.mark.browser
@pytest.mark.exhaustive
def test_a_shopper_is_chosen_from_the_list(visit: Visit, recommender: Recommender) -> None:
    alias = recommender.shoppers()[2]
    visit.open()
    open_tab(visit, "For a shopper")
    offered = visit.view.locator("#aliases option").evaluate_all(
        "options => options.map(option => option.value)"
    )
    assert offered == recommender.shoppers()
    choose(visit, alias)
    heading(visit, f"What {alias} bought").wait_for()
    assert shown(visit) == expected(recommender.for_shopper(alias))


@pytest.mark.browser
@pytest.mark.parametrize("between", [", ", pytest.param("; ", marks=pytest.mark.exhaustive)])
def test_a_basket_is_typed_with_commas_or_spaces(
    visit: Visit, recommender: Recommender, between: str
) -> None:
    basket = basket_of(recommender.release)
    visit.open()
    open_tab(visit, "For a shopper")
    fill_basket(visit, f" {between.join(id_.lstrip('0') for id_ in basket)}, ")
    heading(visit, "Your basket").wait_for()
    assert shown(visit) == expected(recommender.for_basket(basket))
    assert_within_the_window(visit, "#answer .gallery")


@pytest.mark.browser
def test_enter_shows_what_goes_with_a_basket_too(visit: Visit, release: Release) -> None:
    visit.open()
    open_tab(visit, "For a shopper")
    visit.view.get_by_label("Basket", exact=True).fill(ids(release)[0])
    visit.view.get_by_label("Basket", exact=True).press("Enter")
    heading(visit, "Your basket").wait_for()
    assert shown(visit)["history"] == ids(release)[:1]


@pytest.mark.browser
def test_a_basket_pasted_from_a_table_is_read(visit: Visit, release: Release) -> None:
    basket = basket_of(release)
    visit.open()
    open_tab(visit, "For a shopper")
    fill_basket(visit, "\t".join([*basket, ""]))
    heading(visit, "Your basket").wait_for(timeout=5000)
    assert shown(visit)["history"] == basket[::-1]


@pytest.mark.browser
def test_an_error_is_explained_and_the_last_answer_stays(
    visit: Visit, recommender: Recommender
) -> None:
    alias = recommender.shoppers()[0]
    visit.open()
    open_tab(visit, "For a shopper")
    choose(visit, alias)
    heading(visit, f"What {alias} bought").wait_for()
    before = shown(visit)
    for ask, text, error in (
        (choose, "nobody", "There is no shopper 'nobody'."),
        (choose, "x" * 1000, f"There is no shopper '{'x' * 40}…'."),
        (fill_basket, "0000000000", "There is no article 0000000000. Left out."),
        (fill_basket, "<b>1</b>", "There is no article '<b>1</b>'. Left out."),
    ):
        ask(visit, text)
        message = visit.view.locator("#top").get_by_role("alert")
        message.filter(has_text=re.compile(re.escape(error))).wait_for()
        assert shown(visit) == before
        field = "Shopper" if ask is choose else "Basket"
        assert visit.view.get_by_label(field, exact=True).input_value() == text
        assert_within_the_window(visit, "#top *", ".who *")
    fill_basket(visit, ids(recommender.release)[0])
    heading(visit, "Your basket").wait_for()
    assert visit.view.get_by_role("alert").count() == 0


@pytest.mark.browser
def test_one_wrong_id_of_a_basket_is_left_out_and_replaced_with_a_click(
    visit: Visit, recommender: Recommender
) -> None:
    basket = basket_of(recommender.release, 2)
    text = " ".join([*basket, "0310352009"])
    visit.open("?see=shopper")
    fill_basket(visit, text)
    heading(visit, "Your basket").wait_for()
    assert shown(visit) == expected(recommender.for_basket(basket))
    message = visit.view.get_by_role("alert")
    assert "There is no article 0310352009. Left out." in message.inner_text()
    box = visit.view.get_by_label("Basket", exact=True)
    assert box.input_value() == text
    message.get_by_role("link", name="0310352003").click()
    message.wait_for(state="detached")
    assert box.input_value().split() == [*basket, "0310352003"]
    assert shown(visit) == expected(recommender.for_basket([*basket, "0310352003"]))


@pytest.mark.browser
def test_a_shopper_can_be_chosen_again_after_a_basket(
    visit: Visit, recommender: Recommender
) -> None:
    alias = recommender.shoppers()[0]
    visit.open()
    open_tab(visit, "For a shopper")
    choose(visit, alias)
    heading(visit, f"What {alias} bought").wait_for()
    fill_basket(visit, ids(recommender.release)[0])
    heading(visit, "Your basket").wait_for()
    choose(visit, alias)
    heading(visit, f"What {alias} bought").wait_for(timeout=5000)


@pytest.mark.browser
def test_a_click_on_a_result_opens_it_and_leads_on_from_there(
    visit: Visit, recommender: Recommender
) -> None:
    alias = recommender.shoppers()[0]
    visit.open(f"?see=shopper&shopper={alias}")
    heading(visit, f"What {alias} bought").wait_for()
    for shelf in ("history", COMBINED.name, "again"):
        card = visit.view.locator(f'#answer [data-model="{shelf}"] .match a').last
        article_id = str(card.get_attribute("data-article"))
        card.click()
        visit.details().get_by_role("link", name="More like this").click()
        visit.answer_about(article_id)
        assert len(visit.cards(COMBINED.name)) == 12
        visit.page.go_back()
        assert article_id in visit.details().inner_text()
        visit.page.go_back()
        heading(visit, f"What {alias} bought").wait_for()
        visit.details().wait_for(state="detached")


@pytest.mark.browser
def test_the_bars_are_as_long_as_the_figures_of_the_manifest(
    visit: Visit, release: Release
) -> None:
    visit.open("?see=quality")
    visit.view.locator(".report .chart").first.wait_for()
    charts = visit.view.locator(".report .chart").all()
    tables = release.manifest.evaluation.tables
    by_heading = {TABLES[name][0]: table for name, table in tables.items()}
    assert {chart.get_attribute("aria-label") for chart in charts} == set(by_heading)
    for chart in charts:
        ranked = by_heading[str(chart.get_attribute("aria-label"))].ranked()
        means = [scores.recall_12.mean for _, scores in ranked]
        values = chart.locator(".bars .value").all_inner_texts()
        assert values == [f"{mean:.2f}" for mean in means]
        drawn = chart.locator(".bars .bar").evaluate_all(
            "bars => bars.map(bar => bar.getBoundingClientRect().width)"
        )
        assert drawn == pytest.approx([drawn[0] * mean / means[0] for mean in means], abs=2.5)


@pytest.mark.browser
def test_no_chart_is_wider_than_the_window_even_with_all_its_figures(visit: Visit) -> None:
    visit.open()
    open_tab(visit, "How good is it?")
    visit.view.locator(".report .chart").first.wait_for()
    parts = (".report", ".report > p", ".chart", ".bars", ".track", ".bar", ".whisker", ".value")
    assert_within_the_window(visit, *parts)
    assert visit.view.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for summary in visit.view.locator(".chart summary").all():
        summary.click()
    visit.view.locator(".chart .figures td").last.wait_for()
    assert_within_the_window(visit, *parts, ".figures")
    assert visit.view.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.browser
def test_a_visit_to_every_tab_stays_on_its_host_and_leaves_no_error(
    visit: Visit, recommender: Recommender
) -> None:
    alias = recommender.shoppers()[0]
    visit.open()
    open_tab(visit, "For a shopper")
    choose(visit, "nobody")
    visit.message()
    choose(visit, alias)
    heading(visit, f"What {alias} bought").wait_for()
    open_tab(visit, "How good is it?")
    visit.view.locator(".report .chart summary").first.click()
    open_tab(visit, "Find similar")
    visit.page.wait_for_load_state("load")
    assert visit.foreign_requests() == []
    assert visit.errors == []
    assert len(visit.requests) > 20


@pytest.mark.browser
def test_after_a_swap_the_next_visit_has_the_new_shoppers_and_figures(
    browser: Browser, server: str, recommender: Recommender, release_folder: Path, tmp_path: Path
) -> None:
    """The server is closed with the others."""
    folder = shutil.copytree(release_folder, tmp_path / "newer")
    table = pd.read_parquet(folder / SHOPPERS)
    kept = recommender.shoppers()[1:3]
    table[table["alias"].isin(kept)].to_parquet(folder / SHOPPERS, index=False)
    reseal(folder, evaluation=Evaluation({}), shoppers=len(kept))
    live = LiveEdition(Edition(recommender, "the first"))
    address = launch(live, server_port=free_port(), quiet=True).local_url
    live.swap(Edition(Recommender(open_release(folder)), "the second"))
    client = Client(address, verbose=False)
    assert client.predict(api_name="/shoppers") == kept
    assert "no shopper" in refusal(client, "/for_shopper", recommender.shoppers()[0])
    visit = Visit(browser, address, 1440, 900)
    visit.open()
    open_tab(visit, "How good is it?")
    report = visit.view.locator(".report")
    report.filter(has_text="This catalogue is too small to be measured.").wait_for()
    open_tab(visit, "For a shopper")
    options = visit.view.locator("#aliases option")
    assert [option.get_attribute("value") for option in options.all()] == kept
    choose(visit, kept[0])
    heading(visit, f"What {kept[0]} bought").wait_for()
    assert visit.errors == []
    visit.context.close()
