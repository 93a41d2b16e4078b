from dataclasses import replace
from html.parser import HTMLParser

import pytest

from recsys.catalog.schema import DESCRIPTIVE_COLUMNS
from recsys.models.registry import ALL, COMBINED, IMAGE, TEXT
from recsys.serving.edition import Edition
from recsys.serving.recommender import Recommender
from recsys.serving.results import Answer, Article, Gallery, Match
from recsys.web.cards import gallery_html, upload_html
from recsys.web.layout import footer_html, message_html, notice_html
from recsys.web.pages import welcome_html
from recsys.web.query_panel import panel_html
from recsys.web.url import Place, read

HOSTILE = """<script>alert('x')</script> "quoted" onerror='y' & Söhne </li></ol>"""


class Outline(HTMLParser):
    """What a browser would make of the HTML: tags with attributes, and the text in each class."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(dict(attrs).get("class") or tag)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append((self.open[-1] if self.open else "", data))

    def texts(self, name: str) -> list[str]:
        return [text for where, text in self.text if where == name]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def article(number: int, has_photo: bool = True, name: str = "") -> Article:
    attributes = {column: f"{column} {number}" for column in DESCRIPTIVE_COLUMNS}
    return Article(f"{number:010}", name or f"Name {number}", "Soft.", attributes, has_photo)


def match(rank: int, found: Article) -> Match:
    return Match(rank, found, 0.5, {"text": 0.2, "image": 0.3})


def answer(*found: Article, query: Article | None = None) -> Answer:
    matches = tuple(match(rank, each) for rank, each in enumerate(found, start=1))
    return Answer("abc", query or article(1), (Gallery(COMBINED, matches),))


def answer_html(answer: Answer, place: Place | None = None) -> str:
    """An answer beside what was asked about; a click on an article leads to ``!`` and its id."""
    galleries = (
        gallery_html(each, answer.release_version, "!{}".format, {}) for each in answer.galleries
    )
    return panel_html(answer, place or Place(), b"", None) + "".join(galleries)


def outline(*found: Article, query: Article | None = None) -> Outline:
    return Outline(answer_html(answer(*found, query=query)))


def test_texts_of_the_catalogue_are_shown_and_never_run() -> None:
    hostile = replace(
        article(2, name=HOSTILE),
        description=HOSTILE,
        attributes=dict.fromkeys(DESCRIPTIVE_COLUMNS, HOSTILE),
    )
    drawn, tame = outline(hostile, query=hostile), outline(article(2), query=article(2))
    assert [tag for tag, _ in drawn.tags] == [tag for tag, _ in tame.tags]
    for (_, attributes), (_, expected) in zip(drawn.tags, tame.tags, strict=True):
        assert attributes.keys() == expected.keys()
    assert drawn.texts("name") == [HOSTILE]
    assert drawn.texts("h2")[0] == HOSTILE
    assert drawn.texts("description") == [HOSTILE]
    assert drawn.texts("dd") == [HOSTILE] * len(DESCRIPTIVE_COLUMNS)
    assert drawn.texts("kind") == [f"{HOSTILE}, {HOSTILE}"]
    assert drawn.attributes("img")[1]["alt"] == f"{HOSTILE}, {HOSTILE}, {HOSTILE}"


def test_every_caption_belongs_to_its_picture(recommender: Recommender) -> None:
    names = dict(recommender.release.articles[["article_id", "prod_name"]].to_numpy())
    for row in (0, 99, 500):
        asked = recommender.similar_to_article(recommender.release.articles["article_id"][row])
        for gallery in asked.galleries:
            html = answer_html(replace(asked, galleries=(gallery,)))
            drawn = Outline(html)
            links = [link for link in drawn.attributes("a") if "data-article" in link]
            shown = [link["data-article"] for link in links]
            assert shown == [found.article.article_id for found in gallery.matches]
            assert [link["href"] for link in links] == [f"!{id_}" for id_ in shown]
            assert drawn.texts("name") == [names[id_] for id_ in shown]
            sources = [image["src"] for image in drawn.attributes("img")[1:]]
            with_photo = [each.article for each in gallery.matches if each.article.has_photo]
            assert sources == [
                f"photos/{each.article_id}.jpg?release={recommender.release_version}"
                for each in with_photo
            ]
            assert drawn.texts("rank") == [str(found.rank) for found in gallery.matches]
            assert drawn.texts("score") == [f"{found.score:.3f}" for found in gallery.matches]


def test_a_missing_photo_is_a_placeholder_and_no_broken_image() -> None:
    drawn = outline(article(2, has_photo=False), article(3), query=article(1, has_photo=False))
    sources = [image["src"] for image in drawn.attributes("img")]
    assert sources == ["photos/0000000003.jpg?release=abc"]
    assert [text for _, text in drawn.text].count("No photo") == 2
    assert drawn.texts("name") == ["Name 2", "Name 3"]


def test_a_gallery_without_matches_shows_its_note() -> None:
    html = answer_html(Answer("abc", article(1), (Gallery(IMAGE, (), "No photo & no looks."),)))
    assert Outline(html).texts("note") == ["No photo & no looks."]


def test_every_gallery_says_whose_it_is(recommender: Recommender) -> None:
    asked = recommender.similar_to_article(recommender.release.articles["article_id"][0])
    drawn = Outline(answer_html(asked))
    sections = drawn.attributes("section")
    assert [section["data-model"] for section in sections] == [model.name for model in ALL]
    assert [section["aria-label"] for section in sections] == [model.title for model in ALL]


def test_a_card_tells_what_each_model_adds_the_largest_first() -> None:
    assert outline(article(2)).attributes("a")[0]["title"] == (
        f"{IMAGE.title} 0.300 + {TEXT.title} 0.200"
    )


def test_an_uploaded_photo_is_shown_from_its_own_bytes() -> None:
    shown = Outline(upload_html(b"\xff\xd8photo")).attributes("img")[0]
    assert shown["src"] == "data:image/jpeg;base64,/9hwaG90bw=="
    assert shown["alt"] == "Your photo"


def test_an_article_without_a_description_says_so() -> None:
    drawn = outline(query=replace(article(1), description=""))
    assert "No description." in drawn.texts("em")


@pytest.mark.parametrize("text", [HOSTILE, "'<img src=x>' is not an article id"])
def test_a_message_is_announced_and_never_run(text: str) -> None:
    drawn = Outline(message_html(text))
    assert drawn.tags == [("div", {"class": "message", "role": "alert"})]
    assert drawn.texts("message") == [text]


def test_no_message_is_nothing() -> None:
    assert message_html("") == ""


def test_the_welcome_offers_every_way_to_ask_and_no_scores(recommender: Recommender) -> None:
    drawn = Outline(welcome_html(recommender))
    links = [str(link["href"]) for link in drawn.attributes("a")]
    for start in ("?article=", "?photo=", "?words=", "?see=shopper&shopper="):
        assert any(link.startswith(start) for link in links)
    assert any("photo=" in link and "words=" in link for link in links)
    assert drawn.texts("score") == []


def test_nothing_that_the_welcome_offers_needs_an_encoder(recommender: Recommender) -> None:
    links = [str(link["href"]) for link in Outline(welcome_html(recommender)).attributes("a")]
    places = [read(link, recommender).place for link in links]
    unloaded = Recommender(recommender.release)
    asking = [place.search for place in places if place.asks and not place.shopper]
    assert len(asking) > 20
    for search in asking:
        assert unloaded.ready(search)
        assert unloaded.search(search).galleries[0].matches
    assert not unloaded.encoders.photos.ready
    assert not unloaded.encoders.words.ready


def test_a_match_says_how_many_models_found_it_if_several_did() -> None:
    gallery = answer(article(2), article(3)).galleries[0]
    html = gallery_html(gallery, "abc", str, {"0000000002": 3, "0000000003": 1})
    assert Outline(html).texts("agreed") == ["3 models"]


def test_a_price_is_shown_where_it_is_known() -> None:
    known = replace(article(2), price=0.016932)
    assert outline(known, article(3)).texts("price") == ["Price 0.0169"]


def test_the_foot_says_what_is_searched_and_where_it_is_from(recommender: Recommender) -> None:
    html = footer_html(Edition(recommender, "me/<index> v1 (0123456)"))
    assert "1,296 articles, 1,284 with a photo" in html
    assert "me/&lt;index&gt; v1 (0123456)" in html
    assert f"release {recommender.release_version}" in html


def test_a_notice_is_announced_and_escaped() -> None:
    assert Outline(notice_html(HOSTILE)).texts("notice") == [HOSTILE]
    assert 'role="status"' in notice_html("Old.")
    assert notice_html("") == ""
