"""What the page shows below its search box: answers, shoppers, figures, the catalogue."""

from collections.abc import Sequence
from html import escape

from recsys.models.registry import ALL
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES
from recsys.serving.results import Article, BasketAnswer
from recsys.web import catalog_page
from recsys.web.cards import Address, card_html, gallery_html, shelf_html
from recsys.web.charts import evaluation_html
from recsys.web.comparison import agreement, comparison_html
from recsys.web.query_panel import panel_html
from recsys.web.side_panel import controls_html
from recsys.web.url import CATALOG, QUALITY, SHOPPER, Place, write

EXAMPLES, PHOTOS, ALIASES, BASKETS = 12, 4, 6, 3
"""How many articles, photos, shoppers and baskets there are to start from."""

_CARD = '<li class="match"><span class="photo"></span><span class="name">&nbsp;</span></li>'
_GALLERY = f"""<section class="gallery"><div class="heading"><h2>&nbsp;</h2></div>
  <ol class="matches">{_CARD * DEFAULT_MATCHES}</ol></section>"""
SKELETON = f"""<div class="answer skeleton" aria-hidden="true"><div class="side"><div class="query">
  <span class="photo"></span></div></div><div class="galleries">{_GALLERY * len(ALL)}</div></div>"""
"""The shape of an answer, shown until it comes."""


def page_html(place: Place, recommender: Recommender, photo: bytes) -> str:
    """Return what is shown at a place.

    Args:
        place: where the visitor is.
        recommender: answers.
        photo: the JPEG of the visitor's photo that is asked about; empty for none.

    Raises:
        RecsysError: as `Recommender.search`, `Recommender.for_shopper` and
            `Recommender.for_basket`.
    """
    if place.page == QUALITY:
        return evaluation_html(recommender.evaluation)
    if place.page == CATALOG:
        return catalog_page.catalog_html(recommender.catalog_summary)
    if place.page == SHOPPER:
        return _shopper(place, recommender)
    return _answer(place, recommender, photo) if place.asks else welcome_html(recommender)


def welcome_html(recommender: Recommender) -> str:
    """Return ways to start, all of which are answered without an encoder."""
    articles = recommender.example_articles(EXAMPLES)
    phrases = recommender.example_phrases
    whole = [each for each in phrases if not each.startswith("in ")]
    colours = [each for each in phrases if each.startswith("in ")]
    return f"""
    <div class="welcome"><h2>Show me more like this</h2>
      <p>Five retrieval models answer side by side: by text, by looks, by features, by who bought
      what, and all combined. Start anywhere.</p>
      {_chips("Say it", [(each, f"?words={each.replace(' ', '+')}") for each in whole])}
      {_shoppers(recommender)}
      {_photos(recommender, colours)}
      {_cards("Pick an article", articles, recommender.release_version)}
    </div>"""


def _chips(title: str, links: Sequence[tuple[str, str]]) -> str:
    if not links:
        return ""
    chips = "".join(f'<a class="chip" href="{escape(to)}">{escape(text)}</a>' for text, to in links)
    return f'<section class="start"><h3>{title}</h3><p class="chips">{chips}</p></section>'


def _shoppers(recommender: Recommender) -> str:
    aliases = recommender.shoppers()[:ALIASES]
    links = [(alias, write(Place(SHOPPER, shopper=alias))) for alias in aliases]
    return _chips("Ask for a shopper", links)


def _baskets(recommender: Recommender) -> str:
    articles = recommender.example_articles(2 * BASKETS)
    links = [
        (f"{one.name} + {other.name}", write(Place(SHOPPER, basket=_ids(one, other))))
        for one, other in zip(articles[::2], articles[1::2], strict=False)
    ]
    return _chips("Ask for a basket", links)


def _ids(*articles: Article) -> str:
    return " ".join(article.article_id for article in articles)


def _photos(recommender: Recommender, colours: list[str]) -> str:
    """Return photos to ask about as if they were a visitor's, also with words beside them."""
    articles = recommender.example_articles(PHOTOS + 2)[1:-1]
    plain = "".join(
        card_html(each, recommender.release_version, f"?photo={each.article_id}")
        for each in articles
    )
    said = "".join(
        card_html(
            each,
            recommender.release_version,
            f"?photo={each.article_id}&words={colour.replace(' ', '+')}",
            f'<span class="line"><b>but {escape(colour)}</b></span>',
        )
        for each, colour in zip(articles, colours, strict=False)
    )
    if not plain:
        return ""
    return f"""<section class="start"><h3>Ask with a photo, or with a photo and words</h3>
      <ol class="matches">{plain}{said}</ol></section>"""


def _cards(title: str, articles: list[Article], release_version: str) -> str:
    cards = "".join(
        card_html(each, release_version, f"?article={each.article_id}") for each in articles
    )
    return f"""<section class="start articles"><h3>{title}</h3>
      <ol class="matches">{cards}</ol></section>"""


def _answer(place: Place, recommender: Recommender, photo: bytes) -> str:
    found = recommender.search_with_facets(place.search, place.k)
    answer = found.answer
    shown = recommender.article(place.photo_of) if place.photo_of else answer.query
    agreed, leads = agreement(answer.galleries), _leads(place)
    galleries = "".join(
        gallery_html(each, answer.release_version, leads, agreed) for each in answer.galleries
    )
    controls = controls_html(place, found.facets, found.weights, recommender.prices)
    return f"""<div class="answer">
      <div class="side">{panel_html(answer, place, photo, shown)}{controls}</div>
      <div class="galleries">{galleries}{comparison_html(answer.galleries)}</div></div>"""


def _leads(place: Place) -> Address:
    """Return where clicks on articles lead: to their details, above what is shown."""
    return lambda article_id: write(place.opening(article_id))


def _shopper(place: Place, recommender: Recommender) -> str:
    form = _who(place, recommender.shoppers())
    if place.shopper:
        return form + basket_html(place, recommender.for_shopper(place.shopper, place.k))
    if place.basket:
        return form + basket_html(place, recommender.for_basket(place.basket.split(), place.k))
    return form + _shoppers(recommender) + _baskets(recommender)


def basket_html(place: Place, answer: BasketAnswer) -> str:
    """Return what a basket or a shopper gets: what they have, a gallery a model, what to rebuy."""
    leads = _leads(place)
    count = f"{len(answer.history):,} article{'s' if len(answer.history) != 1 else ''}"
    title = f"What {answer.alias} bought" if answer.alias else "Your basket"
    order = ", the latest first" if answer.alias else ""
    have = shelf_html(
        "history", title, f"{count}{order}.", answer.history, answer.release_version, leads
    )
    agreed = agreement(answer.galleries)
    galleries = "".join(
        gallery_html(each, answer.release_version, leads, agreed) for each in answer.galleries
    )
    why = "Bought most often, then latest. The galleries above leave out what they have."
    again = shelf_html("again", "Buy again", why, answer.again, answer.release_version, leads)
    return f"""<div class="answer wide"><div class="galleries">{have}{galleries}
      {again if answer.again else ""}{comparison_html(answer.galleries)}</div></div>"""


def _who(place: Place, aliases: list[str]) -> str:
    options = "".join(f'<option value="{escape(alias)}">' for alias in aliases)
    page = f'<input type="hidden" name="see" value="{SHOPPER}">'
    return f"""<div class="who">
      <form class="search">{page}<div class="box"><input name="shopper" list="aliases"
        value="{escape(place.shopper)}" placeholder="{escape(aliases[0]) if aliases else ""}"
        aria-label="Shopper" autocomplete="off"></div>
        <datalist id="aliases">{options}</datalist>
        <button type="submit" class="primary">Show</button></form>
      <form class="search">{page}<div class="box"><input name="basket"
        value="{escape(place.basket)}" placeholder="Or a basket of article ids"
        aria-label="Basket" autocomplete="off"></div>
        <button type="submit" class="primary">Show what goes with it</button></form>
      <p class="hint">A shopper is somebody who bought things, under a made-up name.</p>
    </div>"""
