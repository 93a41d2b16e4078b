"""Articles as cards, and galleries of them. Every text is escaped where it becomes HTML."""

import base64
from collections.abc import Callable, Iterable, Mapping
from html import escape

from recsys.models.registry import COUNTS, SINGLE
from recsys.serving.results import Article, Gallery, Match

TITLES = {model.name: model.title for model in SINGLE} | COUNTS

AGREED = 2
"""How many models must have found an article for its card to say so."""

Address = Callable[[str], str]
"""Where a click on an article leads, by its id."""


def gallery_html(
    gallery: Gallery, release_version: str, leads: Address, agreed: Mapping[str, int]
) -> str:
    """Return one model's answer.

    Args:
        gallery: the answer.
        release_version: the release that gave it.
        leads: where a click on a card leads.
        agreed: how many models found each article, by its id.
    """
    cards = "".join(
        _match(match, release_version, leads, agreed.get(match.article.article_id, 0))
        for match in gallery.matches
    )
    note = escape(gallery.note)
    estimate = f' <span class="estimate">{note}</span>' if cards and note else ""
    body = f'<ol class="matches">{cards}</ol>' if cards else f'<p class="note">{note}</p>'
    return f"""
    <section class="gallery" aria-label="{escape(gallery.model.title)}"
      data-model="{gallery.model.name}">
      <div class="heading"><h2>{escape(gallery.model.title)}</h2>
      <p>{escape(gallery.model.explanation)}{estimate}</p></div>
      {body}
    </section>"""


def shelf_html(
    name: str,
    title: str,
    explanation: str,
    articles: Iterable[Article],
    release_version: str,
    leads: Address,
) -> str:
    """Return a gallery of articles that were not found by a model, so without scores."""
    cards = "".join(
        card_html(article, release_version, leads(article.article_id)) for article in articles
    )
    return f"""
    <section class="gallery" aria-label="{escape(title)}" data-model="{name}">
      <div class="heading"><h2>{escape(title)}</h2><p>{escape(explanation)}</p></div>
      <ol class="matches">{cards}</ol>
    </section>"""


def card_html(
    article: Article, release_version: str, address: str, line: str = "", reasons: str = ""
) -> str:
    """Return a card.

    Args:
        article: what it shows.
        release_version: the release that it is of.
        address: where a click leads.
        line: HTML between photo and name; empty for none.
        reasons: what is said when a pointer rests on it; empty for nothing.
    """
    title = f' title="{escape(reasons)}"' if reasons else ""
    return f"""
    <li class="match"><a href="{escape(address)}" data-article="{article.article_id}"{title}>
      {photo_html(article, release_version)}{line}
      <span class="name">{escape(article.name)}</span>
      <span class="kind">{escape(_kind(article))}</span>{price_html(article)}</a></li>"""


def photo_html(article: Article, release_version: str, eager: bool = False) -> str:
    """Return an article's photo, or a place without one; lazy unless it is seen at once."""
    if not article.has_photo:
        return '<span class="photo none"><span>No photo</span></span>'
    # The release_version makes the address unique, so that browsers may keep the picture for good.
    source = f"photos/{article.article_id}.jpg?release={release_version}"
    alt = escape(f"{article.name}, {_kind(article)}")
    loading = "eager" if eager else "lazy"
    return (
        f'<span class="photo"><img src="{source}" alt="{alt}" loading="{loading}" '
        'width="240" height="360"></span>'
    )


def upload_html(photo: bytes) -> str:
    """Return a visitor's own photo, a JPEG; it is in the page itself, so that none is kept."""
    source = f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"
    return f'<span class="photo"><img src="{source}" alt="Your photo"></span>'


def price_html(article: Article) -> str:
    """Return what an article costs, in the catalogue's own unit; nothing where nobody knows."""
    if article.price is None:
        return ""
    return f' <span class="price" title="Median price paid">Price {article.price:.3g}</span>'


def column_label(column: str) -> str:
    """Return a column's name as a person would write it.

    >>> column_label("colour_group_name")
    'Colour group'
    """
    return column.removesuffix("_name").replace("_", " ").capitalize()


def _match(match: Match, release_version: str, leads: Address, agreed: int) -> str:
    mark = f'<span class="agreed">{agreed} models</span>' if agreed >= AGREED else ""
    line = (
        f'<span class="line"><span class="rank">{match.rank}</span>{mark}'
        f'<span class="score">{match.score:.3f}</span></span>'
    )
    reasons = _reasons(match)
    return card_html(match.article, release_version, leads(match.article.article_id), line, reasons)


def _kind(article: Article) -> str:
    return ", ".join(
        article.attributes[column] for column in ("product_type_name", "colour_group_name")
    )


def _reasons(match: Match) -> str:
    """Say what each model adds to a combined score, largest first."""
    parts = sorted(match.contributions.items(), key=lambda part: -part[1])
    return " + ".join(f"{TITLES[name]} {value:.3f}" for name, value in parts)
