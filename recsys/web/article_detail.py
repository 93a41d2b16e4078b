"""The details of a result: its photo, what it shares with the query, and why it was found."""

from collections.abc import Mapping
from html import escape

from recsys.models.registry import COMBINED
from recsys.serving.request import SearchRequest
from recsys.serving.results import Article, Explanation, Match
from recsys.web.cards import TITLES, column_label, photo_html, price_html
from recsys.web.url import Place, write

HEADS = '<th scope="col">This</th><th scope="col">You asked about</th>'


def detail_html(
    place: Place,
    article: Article,
    release_version: str,
    asked: Article | None,
    why: Explanation | None,
) -> str:
    """Return the dialog.

    Args:
        place: what is shown, with the article opened.
        article: the article.
        release_version: the release that answers.
        asked: the article that was asked about, if one was.
        why: how the answer comes to find it; ``None`` where there is no telling.
    """
    more = write(Place(search=SearchRequest(article=article.article_id), k=place.k))
    description = escape(article.description) or "<em>No description.</em>"
    return f"""
    <dialog class="detail" aria-labelledby="detail-name">
      <a class="close" href="{escape(write(place.opening("")))}" aria-label="Close">×</a>
      {photo_html(article, release_version, eager=True)}
      <div class="about"><h2 id="detail-name">{escape(article.name)}</h2>
        <p class="id">Article {escape(article.article_id)}{price_html(article)}</p>
        <a class="button primary" href="{escape(more)}">More like this</a>
        <p class="description">{description}</p>
        {_why(why) if why else ""}
        {_attributes(article, asked)}
      </div>
    </dialog>"""


def _why(why: Explanation) -> str:
    combined = why.matches.get(COMBINED.name)
    shoppers = f"<p>Bought by {why.shoppers:,} of the same shoppers.</p>" if why.shoppers else ""
    if combined is None:
        return shoppers
    return f"""<section aria-label="Why it was found"><h3>Why</h3>{shoppers}
      {_bars(combined, why.matches)}</section>"""


def _bars(combined: Match, matches: Mapping[str, Match]) -> str:
    """Return a bar a part, as long as what it adds to the combined score, and the cosines."""
    parts = sorted(combined.contributions.items(), key=lambda part: -part[1])
    longest = max((value for _, value in parts), default=0) or 1
    rows = "".join(
        f"""<tr><th scope="row">{escape(TITLES[part])}</th>
          <td><span class="bar" style="width:{max(0, 100 * value / longest):.1f}%"></span></td>
          <td class="value">{value:.3f}</td>
          <td class="value quiet">{_cosine(matches.get(part))}</td>
        </tr>"""
        for part, value in parts
    )
    return f"""<table class="why"><caption>Combined score {combined.score:.3f}, and what each part
      adds to it</caption><thead><tr><td></td><td></td><th scope="col">adds</th>
      <th scope="col">own score</th></tr></thead><tbody>{rows}</tbody></table>"""


def _cosine(match: Match | None) -> str:
    return f"{match.score:.3f}" if match else "–"


def _attributes(article: Article, asked: Article | None) -> str:
    """Return the attributes, beside those of the article asked about; shared ones are marked."""
    rows = "".join(
        _attribute(column, value, asked.attributes[column] if asked else None)
        for column, value in article.attributes.items()
    )
    head = told = ""
    if asked:
        head = f"<thead><tr><td></td>{HEADS}</tr></thead>"
        shared = sum(value == asked.attributes[name] for name, value in article.attributes.items())
        told = f' <span class="quiet">{shared} of {len(article.attributes)} shared</span>'
    return f"""<section aria-label="Attributes"><h3>Attributes{told}</h3>
      <table class="attributes">{head}<tbody>{rows}</tbody></table></section>"""


def _attribute(column: str, value: str, other: str | None) -> str:
    label = escape(column_label(column))
    if other is None:
        return f'<tr><th scope="row">{label}</th><td>{escape(value)}</td></tr>'
    if other == value:
        return (
            f'<tr class="shared"><th scope="row">{label}</th>'
            f'<td colspan="2">{escape(value)} <span class="mark">✓ shared</span></td></tr>'
        )
    return f'<tr><th scope="row">{label}</th><td>{escape(value)}</td><td>{escape(other)}</td></tr>'
