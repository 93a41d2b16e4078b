"""An address has all that a page shows; what is wrong in an address is reported."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pytest
from page_outline import HOSTILE

from recsys.catalog.schema import COLOUR, PRODUCT_TYPE
from recsys.models.registry import IMAGE, TEXT
from recsys.retrieval.attributes import NAMED
from recsys.retrieval.facets import FACETS, Filters
from recsys.retrieval.fusion import PARTS
from recsys.serving.request import (
    DEFAULT_MATCHES,
    LARGEST_BASKET,
    MOST_MATCHES,
    SearchRequest,
)
from recsys.web.url import CATALOG, QUALITY, SHOPPER, PageState, to_url, url_fields
from recsys.web.url_parser import MAX_FIELDS, PHOTO_GONE, ParsedUrl, from_url, own_photo_name

PHOTO = np.ones(3, np.float32)
OWN_NAME = "own-0123abcd"
OWN = (OWN_NAME, PHOTO)
"""A visitor's photo and its name; an address only has the name."""


@pytest.fixture
def article(recommender):
    return recommender.example_articles(1)[0].article_id


@pytest.fixture
def photoless(recommender):
    release = recommender.release
    return release.articles["article_id"][int(np.flatnonzero(~release.with_photo)[0])]


def some(random, values, most=3):
    return [str(each) for each in random.permutation(values)[: random.integers(0, most + 1)]]


def draw_search(random, recommender):
    table = recommender.release.articles
    ids = list(table["article_id"])
    query = [{"article": str(random.choice(ids))}, {"photo": PHOTO}, {}][random.integers(3)]
    words = random.choice(["", "red & blue = 100%?", "für Söhne + <b>", "  black\ndress "])
    parts = some(random, PARTS)
    weights = {part: float(random.integers(1, 10**6)) / 10**4 for part in parts}
    low, high = sorted(random.integers(1, 1000, 2) / 1000)
    filters = {column: some(random, table[column].unique()) for column in FACETS}
    vocabulary = recommender.release.retrieval.bridges.estimator.vocabulary.values
    return SearchRequest(
        **query,
        words=str(words),
        weight=float(random.integers(0, 101)) / 100 if words else SearchRequest().weight,
        corrected={name: str(random.choice(vocabulary[name])) for name in some(random, NAMED)},
        ignored=frozenset(some(random, NAMED)),
        filters=Filters(
            {column: values for column, values in filters.items() if values},
            bool(random.integers(2)),
            [None, float(low)][random.integers(2)],
            [None, float(high)][random.integers(2)],
        ),
        one_a_product=bool(random.integers(2)),
        weights=weights,
    )


def test_an_address_leads_back_to_the_state_it_was_made_of(recommender):
    random = np.random.default_rng(11)
    ids = list(recommender.release.articles["article_id"])
    for _ in range(300):
        search = draw_search(random, recommender)
        state = PageState(
            search=search,
            own_photo="" if search.photo is None else OWN_NAME,
            k=int(random.integers(1, MOST_MATCHES + 1)),
            opened=str(random.choice(["", *ids[:3]])),
        )
        parsed = from_url(to_url(state), recommender, OWN)
        assert parsed.state == state
        assert parsed.state.search.photo is state.search.photo
        assert parsed.errors == ()


@pytest.mark.parametrize("page", [SHOPPER, QUALITY, CATALOG])
def test_addresses_of_other_pages_lead_back_to_them(recommender, article, page):
    alias = recommender.shoppers()[0]
    asked = [{"shopper": alias}, {"basket": article}] if page == SHOPPER else []
    for fields in ({}, *asked, {"k": 3, "opened": article}):
        state = PageState(page, **fields)
        assert from_url(to_url(state), recommender).state == state


def test_a_link_of_an_earlier_version_leads_to_the_catalogue(recommender):
    parsed = from_url("?see=catalogue", recommender)
    assert parsed.state == PageState(CATALOG)
    assert to_url(parsed.state) == "?see=catalog"
    assert parsed.errors == ()


def test_the_photo_of_an_article_is_named_by_the_article_s_id(recommender, article):
    state = PageState(
        search=SearchRequest(photo=recommender.photo_vector(article)), photo_of=article
    )
    address = to_url(state)
    assert parse_qsl(address[1:]) == [("photo", article)]
    for own in (None, OWN):
        found = from_url(address, recommender, own).state
        assert found.photo_of == article
        assert np.array_equal(found.search.photo, state.search.photo)


def test_default_values_are_not_in_an_address(recommender):
    assert to_url(PageState()) == "?"
    assert from_url("", recommender).state == from_url("?", recommender).state == PageState()
    assert url_fields(PageState(search=SearchRequest(words="hat"))) == [("words", "hat")]


WRONG = [
    ("see", "nowhere", "no page 'nowhere'"),
    ("k", "0", f"1 to {MOST_MATCHES} matches, not 0"),
    ("k", "49", "not 49"),
    ("k", "many", "not 'many'"),
    ("k", "9" * 5000, "1 to 48"),
    ("k", "-3", "not '-3'"),
    ("open", "red", "'red' is not an article number"),
    ("open", "0000000000", "no article 0000000000"),
    ("photo", "0000000000", "no article 0000000000"),
    ("words_weight", "1.5", "between 0 and 1, not 1.5"),
    ("words_weight", "nan", "not nan"),
    ("words_weight", "much", "words_weight must be a number, not 'much'"),
    (PRODUCT_TYPE, "Spaceship", "No article has 'Spaceship'"),
    ("cheapest", "free", "cheapest must be a number, not 'free'"),
    ("dearest", "inf", "A price is a number, not inf"),
    ("correct." + COLOUR, "Infrared", "no 'Infrared'"),
    ("correct.season", "Winter", "among the values of 'season'"),
    ("weight.text", "heavy", "weight.text must be a number, not 'heavy'"),
    ("weight.text", "101", "between 0 and 100, not 101"),
    ("weight.text", "-1", "between 0 and 100, not -1"),
    ("weight.rockets", "1", "not 'rockets'"),
]


@pytest.mark.parametrize(("name", "value", "error"), WRONG)
def test_what_is_wrong_is_left_out_with_an_error_and_the_rest_is_kept(
    recommender, name, value, error
):
    rest = PageState(
        search=SearchRequest(
            words="warm",
            filters=Filters({COLOUR: ["Black"]}, with_photo=True),
            one_a_product=True,
        )
    )
    parsed = from_url(f"{to_url(rest)}&{urlencode({name: value})}", recommender)
    assert parsed.state == rest
    assert any(error in each for each in parsed.errors)


def test_a_value_that_does_not_exist_leaves_those_that_do(recommender):
    types = "&".join(f"{PRODUCT_TYPE}={each}" for each in ("Dress", "Spaceship", "Dress"))
    address = f"?words=warm&{types}&{COLOUR}=Infrared"
    parsed = from_url(address, recommender)
    assert parsed.state.search.filters == Filters({PRODUCT_TYPE: ["Dress"]})
    assert len(parsed.errors) == 2


def test_a_fault_in_one_of_a_kind_leaves_the_others(recommender):
    search = from_url("?words=hat&cheapest=x&dearest=0.5", recommender).state.search
    assert (search.filters.cheapest, search.filters.dearest) == (None, 0.5)
    address = "?words=hat&weight.text=2&weight.image=-1&weight.taste=3&weight.features=0"
    parsed = from_url(address, recommender)
    assert parsed.state.search.weights == {TEXT.name: 2}
    assert len(parsed.errors) == 2


@pytest.mark.parametrize(
    "name", ["k", "see", "ignore", "cheapest", "correct.x", "weight.x", PRODUCT_TYPE]
)
def test_an_error_is_short_whatever_is_wrong(recommender, name):
    for wrong in ({name: "9" * 3000}, {name + "9" * 3000: "x"}):
        parsed = from_url(f"?words=hat&{urlencode(wrong)}", recommender)
        assert all(len(each) < 300 for each in parsed.errors)


def test_what_words_cannot_name_cannot_be_ignored(recommender):
    address = f"?words=red+hat&ignore={COLOUR}&ignore=rocket"
    parsed = from_url(address, recommender)
    assert parsed.state.search.ignored == {COLOUR}
    assert parsed.errors == ("Words cannot name a 'rocket' to ignore.",)


def test_an_unknown_photo_is_not_taken_for_the_visitor_s_own(recommender):
    parsed = from_url("?photo=0000000000&words=hat", recommender, OWN)
    assert parsed.state.search.photo is None
    assert len(parsed.errors) == 1


def test_a_range_of_prices_the_wrong_way_round_is_no_range(recommender):
    parsed = from_url("?words=warm&cheapest=0.5&dearest=0.1", recommender)
    assert parsed.state == PageState(search=SearchRequest(words="warm"))
    assert parsed.errors == ("Nothing costs at least 0.5 and at most 0.1.",)


def test_of_prices_the_cheapest_is_the_lowest(recommender):
    filters = from_url("?words=warm&cheapest=0.01&dearest=0.05", recommender).state.search.filters
    assert (filters.cheapest, filters.dearest) == (0.01, 0.05)
    assert from_url("?words=warm&cheapest=0", recommender).state.search.filters.cheapest == 0


@pytest.mark.parametrize("value", ["nonsense", "0000000000", "12345678901"])
def test_an_unknown_article_is_no_query(recommender, value):
    parsed = from_url(f"?article={value}&k=6", recommender)
    assert parsed.state == PageState(k=6)
    assert value in parsed.errors[0]


def test_a_link_to_a_photo_that_is_gone_says_so_and_asks_the_rest(recommender):
    address = f"?photo={OWN_NAME}&words=in+red"
    for there in (None, ("own-00000000", PHOTO)):
        parsed = from_url(address, recommender, there)
        assert parsed.state == PageState(search=SearchRequest(words="in red"))
        assert parsed.state.search.photo is None
        assert (parsed.errors, parsed.missing_photo) == ((PHOTO_GONE,), OWN_NAME)
    parsed = from_url(address, recommender, OWN)
    assert (parsed.errors, parsed.missing_photo) == ((), "")
    assert parsed.state.search.photo is PHOTO
    assert to_url(parsed.state) == address


def test_older_links_mean_the_photo_that_the_page_has(recommender):
    parsed = from_url("?photo=1", recommender, OWN)
    assert to_url(parsed.state) == f"?photo={OWN_NAME}"
    gone = from_url("?photo=1", recommender)
    assert (gone.errors, gone.missing_photo) == ((PHOTO_GONE,), "")


@pytest.mark.parametrize("name", ["own-", "own-0123ABCD", "own-0123abcd0", "own-0123abcg"])
def test_other_names_are_no_photo_s(recommender, name):
    parsed = from_url(f"?photo={name}", recommender, OWN)
    assert parsed.state == PageState()
    assert "is not an article number" in parsed.errors[0]
    assert own_photo_name(f"?photo={name}") == ""


def test_an_address_says_which_photo_it_is_about(recommender):
    assert own_photo_name(f"?k=6&photo={OWN_NAME}&words=x") == OWN_NAME
    assert own_photo_name("?article=0310352003") == ""


def test_the_photo_of_an_article_without_one_is_an_error(recommender, photoless):
    parsed = from_url(f"?photo={photoless}", recommender)
    assert not parsed.state.has_query
    assert parsed.errors[0] == f"Article {photoless} has no photo."


def test_an_article_goes_before_a_photo(recommender, article):
    for photo in (OWN_NAME, article):
        state = from_url(f"?article={article}&photo={photo}", recommender, OWN).state
        assert state == PageState(search=SearchRequest(article=article))


@pytest.mark.parametrize("name", ["article", "words", "photo", "open"])
def test_ids_are_found_without_their_leading_zeros(recommender, article, name):
    parsed = from_url(f"?{name}={int(article)}", recommender)
    state = parsed.state
    assert parsed.errors == ()
    found = state.search.article or state.photo_of or state.opened
    assert recommender.article(found).article_id == article


def test_a_number_instead_of_words_is_an_article_id(recommender, article):
    parsed = from_url(
        f"?photo={OWN_NAME}&words=+{article}+&k=6&{PRODUCT_TYPE}=Dress", recommender, OWN
    )
    state = parsed.state
    filters = Filters({PRODUCT_TYPE: ["Dress"]})
    assert state == PageState(
        search=SearchRequest(article=state.search.article, filters=filters), k=6
    )
    assert recommender.article(state.search.article).article_id == article
    assert from_url("?words=501+jeans", recommender).state.search.words == "501 jeans"
    assert from_url("?words=000", recommender).errors == (
        "There is no article 0000000000 in this catalogue.",
    )


def test_the_last_of_two_answers_to_one_question_counts(recommender):
    state = from_url("?words=hat&words=scarf&k=3&k=6", recommender).state
    assert (state.search.words, state.k) == ("scarf", 6)


def test_a_basket_may_be_listed_in_any_way(recommender):
    ids = [each.article_id for each in recommender.example_articles(4)]
    one, two, three, four = ids
    text = f"  Article {one},{int(two)}\n#{three};;https://shop.test/product.{four}.html  "
    parsed = from_url(f"?{urlencode({'see': SHOPPER, 'basket': text})}", recommender)
    assert parsed == ParsedUrl(PageState(SHOPPER, basket=" ".join(ids)), ())


def test_wrong_ids_of_a_basket_are_named_and_the_others_are_answered(recommender, article):
    text = f"0310352009 {article} shirt"
    parsed = from_url(f"?{urlencode({'see': SHOPPER, 'basket': text})}", recommender)
    assert parsed.state.basket == article
    assert parsed.errors == ("There is no article 0310352009, 'shirt'. Left out.",)
    assert parsed.typed == {"basket": text}
    assert parsed.suggestions[0].text.startswith("0310352008 ")
    meant = from_url(parsed.suggestions[0].address, recommender)
    assert meant == ParsedUrl(PageState(SHOPPER, basket=f"{article} 0310352008"), ())


def test_of_a_basket_that_is_too_large_the_first_articles_are_used(recommender):
    ids = [each.article_id for each in recommender.example_articles(LARGEST_BASKET + 1)]
    parsed = from_url(f"?see=shopper&basket={'+'.join(ids)}", recommender)
    assert parsed.state.basket.split() == ids[:LARGEST_BASKET]
    assert parsed.errors == (f"A basket has up to {LARGEST_BASKET} articles: the first are used.",)


def test_a_shopper_is_found_by_number_and_an_unknown_one_leads_to_others(recommender):
    for text in ("shopper-0002", "SHOPPER 2", "2"):
        parsed = from_url(f"?{urlencode({'see': SHOPPER, 'shopper': text})}", recommender)
        assert parsed == ParsedUrl(PageState(SHOPPER, shopper="shopper-0002"), ())
    parsed = from_url("?see=shopper&shopper=shopper-9999", recommender)
    assert parsed.state == PageState(SHOPPER)
    assert parsed.errors == ("There is no shopper 'shopper-9999'.",)
    assert parsed.typed == {"shopper": "shopper-9999"}
    aliases = [each.text for each in parsed.suggestions]
    assert set(aliases) < set(recommender.shoppers())
    assert from_url(parsed.suggestions[0].address, recommender).state.shopper == aliases[0]


def test_an_id_in_a_text_is_searched_with_the_other_words(recommender):
    state = from_url("?words=Article+0310352003+in+red&colour_group_name=Red", recommender).state
    search = SearchRequest(article="0310352003", words="in red", filters=Filters({COLOUR: ["Red"]}))
    assert state == PageState(search=search)


def test_a_wrong_id_stays_in_the_box_with_suggestions_that_keep_the_rest(recommender):
    parsed = from_url("?words=0310352009+in+red&k=6", recommender)
    assert parsed.state == PageState(k=6)
    assert parsed.errors == ("There is no article 0310352009 in this catalogue.",)
    assert parsed.typed == {"words": "0310352009 in red"}
    assert [each.text[:10] for each in parsed.suggestions] == [
        *("0310352008", "0310352005", "0310352003"),
    ]
    meant = from_url(parsed.suggestions[2].address, recommender)
    search = SearchRequest(article="0310352003", words="in red")
    assert meant == ParsedUrl(PageState(search=search, k=6), ())
    link = from_url("?article=0310352009", recommender)
    assert link.typed == {"words": "0310352009"}
    assert link.suggestions[0].text == parsed.suggestions[0].text


def test_several_ids_are_offered_as_a_basket(recommender):
    parsed = from_url("?words=0310352003+0310352005", recommender)
    assert parsed.state == PageState(search=SearchRequest(article="0310352003"))
    basket = from_url(parsed.suggestions[0].address, recommender).state
    assert basket == PageState(SHOPPER, basket="0310352003 0310352005")


def test_a_link_with_too_many_fields_is_not_read(recommender):
    most = "&".join(["ignore=x"] * (MAX_FIELDS - 1))
    assert from_url(f"?words=hat&{most}", recommender).state.search.words == "hat"
    parsed = from_url(f"?words=hat&{most}&k=3", recommender)
    assert parsed.state == PageState()
    assert parsed.errors == ("This link has too many fields.",)


@pytest.mark.parametrize("address", ["?%", "?&&==;", "?%ff=%00", "?a=b#?c", "///", "?" * 50, "?k="])
def test_gibberish_leads_to_the_start(recommender, address):
    assert from_url(address, recommender).state == PageState()


def test_hostile_texts_stay_one_value_each(recommender):
    state = PageState(search=SearchRequest(words=HOSTILE))
    address = to_url(state)
    assert not set("<>\"' ") & set(address)
    assert parse_qsl(address[1:]) == [("words", HOSTILE)]
    assert from_url(address, recommender).state == state
    shopper = from_url(to_url(PageState(SHOPPER, shopper=HOSTILE)), recommender)
    assert shopper.typed == {"shopper": HOSTILE.strip()}


def test_the_same_error_is_reported_once(recommender):
    assert len(from_url("?words=hat&article=x&open=x", recommender).errors) == 1
    assert len(from_url("?words=hat&ignore=x&ignore=x&k=0", recommender).errors) == 2


def test_opening_and_searching_lead_on_from_a_place(article):
    state = PageState(
        search=SearchRequest(words="hat", weights={IMAGE.name: 1.0}), k=6, opened=article
    )
    assert state.with_opened("") == replace(state, opened="")
    onwards = state.with_search(one_a_product=True)
    assert onwards == replace(state, search=replace(state.search, one_a_product=True), opened="")


def test_only_filters_narrow_an_answer():
    assert not PageState(search=SearchRequest(words="hat", weights={TEXT.name: 1.0})).is_filtered
    assert PageState(search=SearchRequest(one_a_product=True)).is_filtered
    assert PageState(search=SearchRequest(filters=Filters(dearest=1.0))).is_filtered


@pytest.mark.parametrize(
    "state",
    [
        PageState(search=SearchRequest(article="1")),
        PageState(search=SearchRequest(photo=PHOTO), own_photo=OWN_NAME),
        PageState(search=SearchRequest(words="hat")),
        PageState(SHOPPER, shopper="a"),
        PageState(SHOPPER, basket="1"),
    ],
)
def test_a_state_has_a_query_as_soon_as_it_names_anything(state):
    assert state.has_query
    assert not PageState(state.page, k=DEFAULT_MATCHES + 1, opened="1").has_query


@pytest.mark.parametrize("page", [QUALITY, CATALOG])
def test_a_page_keeps_no_text_that_it_does_not_show(recommender, page):
    address = f"?see={page}&shopper={'x' * 5000}&basket={'1 ' * 5000}"
    assert from_url(address, recommender).state == PageState(page)
