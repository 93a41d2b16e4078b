"""A visitor gets an answer, or an error above the answer that they had."""

import base64
import random
from dataclasses import replace
from typing import NamedTuple

import gradio as gr
import pytest
from building import edition
from page_outline import Outline

from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import LONGEST_WORDS, SearchRequest
from recsys.web.handlers import LOADING, PageHandlers
from recsys.web.layout import SURPRISE
from recsys.web.own_photo import DATA_PREFIX, LARGEST_OWN_PHOTO, NOT_STORED
from recsys.web.sessions import Session
from recsys.web.url import SHOPPER, PageState, to_url
from recsys.web.url_parser import PHOTO_GONE

KEPT = gr.skip()
"""Gradio leaves this part of the page as it is."""


class Screen(NamedTuple):
    top: str
    answer: object
    details: object
    session: Session

    @property
    def address(self):
        return Outline(self.top).tags[0][1]["data-address"]

    @property
    def held(self):
        return Outline(self.top).tags[0][1].get("data-photo")

    @property
    def wants(self):
        return Outline(self.top).tags[0][1].get("data-wants")

    @property
    def message(self):
        return " ".join(Outline(self.top).texts("message"))

    @property
    def found(self):
        links = Outline(self.answer).attributes("a")
        return [link["data-article"] for link in links if "data-article" in link]

    @property
    def names(self):
        return Outline(self.answer).texts("name")


def articles_of(answer):
    return [each.article.article_id for gallery in answer.galleries for each in gallery.matches]


def last(shown):
    *_, screen = shown
    return Screen(*screen)


def handlers_of(live):
    return PageHandlers(live, random.Random(4))  # noqa: S311


@pytest.fixture
def handlers(recommender):
    return handlers_of(LiveEdition(Edition(recommender, "the tests")))


@pytest.fixture
def loading(release):
    """No encoder is loaded."""
    return handlers_of(LiveEdition(Edition(Recommender(release), "the tests")))


@pytest.fixture
def ids(recommender):
    return [each.article_id for each in recommender.example_articles(4)]


@pytest.fixture
def answered(handlers, ids):
    """The session of a visitor who has searched with the first article."""
    return last(handlers.open_address(f"?article={ids[0]}", Session())).session


@pytest.fixture
def editions(small_built, tmp_path):
    folders = [edition(small_built / "release", tmp_path / str(n), n) for n in (1, 2, 3)]
    return [Edition(Recommender(open_release(folder)), folder.name) for folder in folders]


def test_an_address_is_answered_with_what_is_found_there(handlers, recommender, ids):
    screen = last(handlers.open_address(f"?article={ids[0]}&k=6", Session()))
    expected = SearchRequest(article=ids[0])
    assert screen.found == articles_of(recommender.search(expected, 6))
    assert screen.message == screen.details == ""
    assert screen.address == f"?article={ids[0]}&k=6"
    assert screen.session == Session(PageState(search=expected, k=6), recommender.release_version)


@pytest.mark.parametrize(
    "see", ["", "see=shopper", "see=shopper&shopper=shopper-0001", "see=quality", "see=catalog"]
)
def test_every_page_is_shown_at_its_address(handlers, see):
    screen = last(handlers.open_address(f"?{see}", Session()))
    assert screen.address == f"?{see}"
    assert Outline(screen.answer).tags
    assert screen.message == ""


def test_the_page_notices_the_same_answer_twice(handlers, answered):
    turns = [
        Outline(last(handlers.open_address(to_url(answered.state), answered)).top).tags[0][1][
            "data-turn"
        ]
        for _ in range(2)
    ]
    assert turns[0] != turns[1]


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("?article=nonsense", "'nonsense' is not an article number"),
        ("?words=0000000000", "no article 0000000000"),
        ("?k=99", "not 99"),
        ("?photo=1", PHOTO_GONE),
        ("?words=" + "x" * (LONGEST_WORDS + 1), "Use fewer words"),
    ],
)
def test_after_an_error_the_answer_stays(handlers, answered, address, error):
    screen = last(handlers.open_address(address, answered))
    assert error in screen.message
    assert screen[1:] == (KEPT, KEPT, KEPT)
    assert screen.address == to_url(answered.state)


def test_where_nothing_was_shown_an_error_stands_above_the_welcome(handlers):
    screen = last(handlers.open_address("?article=nonsense", Session()))
    assert "'nonsense' is not an article number" in screen.message
    assert screen.found == last(handlers.open_address("?", Session())).found
    assert screen.session.state == PageState()


def test_the_valid_part_of_an_address_is_answered_with_an_error_above(handlers, ids):
    screen = last(handlers.open_address(f"?article={ids[0]}&k=99", Session()))
    assert "not 99" in screen.message
    assert screen.found
    assert screen.address == f"?article={ids[0]}"


def test_an_error_on_another_page_leads_to_that_page(handlers, answered):
    address = "?see=shopper&shopper=nobody"
    screen = last(handlers.open_address(address, answered))
    assert "There is no shopper 'nobody'" in screen.message
    assert screen.session.state == PageState(SHOPPER)
    assert screen.found == []
    again = last(handlers.open_address(address, screen.session))
    assert again[1:] == (KEPT, KEPT, KEPT)


def test_opening_and_closing_details_leave_the_answer_alone(handlers, recommender, answered, ids):
    opened = last(handlers.open_address(f"?article={ids[0]}&open={ids[1]}", answered))
    assert opened.answer == KEPT
    assert recommender.article(ids[1]).name in Outline(opened.details).texts("h2")
    assert Outline(opened.details).attributes("caption")
    assert opened.session.state.opened == ids[1]
    closed = last(handlers.open_address(f"?article={ids[0]}", opened.session))
    assert (closed.answer, closed.details) == (KEPT, "")


def test_details_above_what_is_not_there_yet_come_with_it(handlers, answered, ids):
    for query, session in (("", Session()), ("&k=6", answered)):
        screen = last(handlers.open_address(f"?article={ids[0]}&open={ids[1]}{query}", session))
        assert screen.found
        assert screen.details


def test_without_a_search_details_do_not_explain(handlers, ids):
    for address in (f"?open={ids[1]}", f"?see=shopper&shopper=shopper-0001&open={ids[1]}"):
        details = Outline(last(handlers.open_address(address, Session())).details)
        assert details.attributes("dialog")
        assert not details.attributes("caption")


def test_a_surprise_is_an_article_with_a_photo_and_mostly_another_one(handlers, recommender):
    shown = [last(handlers.open_address(SURPRISE, Session())) for _ in range(8)]
    drawn = [screen.session.state.search.article for screen in shown]
    assert len(set(drawn)) > 4
    assert all(recommender.article(each).has_photo for each in drawn)
    assert [screen.address for screen in shown] == [f"?article={each}" for each in drawn]
    assert all(screen.found for screen in shown)


NAME, OTHER_NAME = "own-0123abcd", "own-89abcdef"


def sent(data):
    """A photo as the page's script sends it."""
    return DATA_PREFIX + base64.b64encode(data).decode()


def photo_of(recommender, article_id):
    return sent(recommender.photo(article_id))


def test_a_photo_is_answered_and_kept_wherever_the_visitor_goes(handlers, recommender, ids):
    data = photo_of(recommender, ids[0])
    shown = last(handlers.open_address(f"?photo={NAME}&k=6", Session(), data))
    photo = shown.session.photo
    assert shown.address == f"?photo={NAME}&k=6"
    assert shown.held == NAME
    assert shown.found == articles_of(recommender.search(SearchRequest(photo=photo.vector), 6))
    assert (photo.name, photo.release_version) == (NAME, recommender.release_version)
    elsewhere = last(handlers.open_address("?see=quality", shown.session))
    assert elsewhere.session.photo is photo
    back = last(handlers.open_address(f"?photo={NAME}&k=6", elsewhere.session))
    assert back.found == shown.found


def test_another_photo_takes_the_place_of_the_first_which_is_asked_for_again(
    handlers, recommender, ids
):
    photos = {NAME: photo_of(recommender, ids[0]), OTHER_NAME: photo_of(recommender, ids[1])}
    first, second = f"?photo={NAME}", f"?photo={OTHER_NAME}"
    one = last(handlers.open_address(first, Session(), photos[NAME]))
    two = last(handlers.open_address(second, one.session, photos[OTHER_NAME]))
    assert two.found != one.found
    back = last(handlers.open_address(first, two.session))
    assert (back.wants, back.message) == (NAME, "")
    assert back[1:] == (KEPT, KEPT, KEPT)
    again = last(handlers.open_address(first, two.session, photos[NAME]))
    assert again.found == one.found


def test_a_photo_that_no_browser_has_leaves_the_rest_of_its_address(handlers, answered):
    gone = last(handlers.open_address(f"?photo={NAME}", answered, NOT_STORED))
    assert (gone.message, gone.wants) == (PHOTO_GONE, None)
    assert gone[1:] == (KEPT, KEPT, KEPT)
    words = last(handlers.open_address(f"?photo={NAME}&words=hat&k=6", answered, NOT_STORED))
    assert words.message == PHOTO_GONE
    assert words.address == "?words=hat&k=6"
    assert words.found


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (sent(b"no picture"), "not a picture"),
        (sent(b""), "empty"),
        (DATA_PREFIX + "#", "not valid base64"),
        ("data:text/html;base64,", "must be sent as"),
        (sent(bytes(LARGEST_OWN_PHOTO + 3)), "larger than 1 MB"),
    ],
)
def test_what_is_no_photo_leaves_the_page_alone(handlers, answered, data, complaint):
    shoppers = last(handlers.open_address("?see=shopper", Session())).session
    for session in (answered, shoppers):
        screen = last(handlers.open_address(f"?photo={NAME}", session, data))
        assert complaint in screen.message
        assert screen[1:] == (KEPT, KEPT, KEPT)


def test_the_largest_photo_is_read(handlers, recommender, ids):
    data = recommender.photo(ids[0])
    padded = sent(data + bytes(LARGEST_OWN_PHOTO - len(data)))
    assert last(handlers.open_address(f"?photo={NAME}", Session(), padded)).found


def test_a_photo_is_answered_by_the_release_that_read_it_as_long_as_it_is_kept(editions):
    live = LiveEdition(editions[0])
    handlers, first = handlers_of(live), editions[0].recommender
    article_id = first.example_articles(1)[0].article_id
    data, address = photo_of(first, article_id), f"?photo={NAME}&k=6"
    session = last(handlers.open_address(f"?photo={NAME}", Session(), data)).session
    live.swap(editions[1])
    screen = last(handlers.open_address(address, session))
    assert screen.names
    assert all(name.endswith("(1)") for name in screen.names)
    other = last(handlers.open_address(f"?article={article_id}", screen.session))
    assert all(name.endswith("(2)") for name in other.names)
    live.swap(editions[2])
    assert last(handlers.open_address(address, session)).wants == NAME
    screen = last(handlers.open_address(address, session, data))
    assert all(name.endswith("(3)") for name in screen.names)


def test_an_article_that_went_with_its_release_leaves_its_answer_and_no_token(editions):
    live = LiveEdition(editions[0])
    handlers = handlers_of(live)
    article_id = editions[0].recommender.example_articles(1)[0].article_id
    session = last(handlers.open_address(f"?article={article_id}", Session())).session
    session = replace(session, state=PageState(search=SearchRequest(article="9999999999")))
    screen = last(handlers.open_address("?article=nonsense", session))
    assert "'nonsense' is not an article number" in screen.message
    assert screen.answer == KEPT


def test_an_address_that_is_no_text_is_answered(handlers):
    assert last(handlers.open_address("?words=\ud800", Session())).session.state.search.words == "?"


def test_what_is_no_photo_is_answered_anew_by_the_release_swapped_in(editions):
    live = LiveEdition(editions[0])
    handlers = handlers_of(live)
    article_id = editions[0].recommender.example_articles(1)[0].article_id
    session = last(handlers.open_address(f"?article={article_id}", Session())).session
    live.swap(editions[1])
    screen = last(handlers.open_address(f"?article={article_id}", session))
    assert all(name.endswith("(2)") for name in screen.names)
    assert screen.session.release_version == editions[1].recommender.release_version


@pytest.mark.parametrize("way", ["words", "photo"])
def test_while_encoders_load_the_page_says_so_and_then_answers(loading, answered, ids, way):
    data = photo_of(loading.live.current.recommender, ids[0])
    shown = (
        loading.open_address(f"?photo={NAME}", answered, data)
        if way == "photo"
        else loading.open_address("?words=hat", answered)
    )
    first, second = map(Screen._make, shown)
    assert first.message == LOADING
    assert first[1:] == (KEPT, KEPT, KEPT)
    assert second.message == ""
    assert second.found


@pytest.mark.parametrize("ask", ["article={}", "photo={}", "words=in+red", "see=shopper"])
def test_what_needs_no_model_is_answered_at_once(loading, ids, ask):
    (screen,) = map(Screen._make, loading.open_address(f"?{ask.format(ids[0])}", Session()))
    assert screen.message == ""
    assert Outline(screen.answer).tags
