"""What stands beside an answer: what was asked about, and what the app made of it."""

from collections.abc import Iterable
from html import escape

from recsys.retrieval.attributes import NamedAttribute
from recsys.serving.results import Answer, Article, PhotoAttribute
from recsys.web.cards import column_label, photo_html, price_html, upload_html
from recsys.web.url import Place, write


def panel_html(answer: Answer, place: Place, photo: bytes, article: Article | None) -> str:
    """Return the panel.

    Args:
        answer: the answer beside it.
        place: what is shown.
        photo: the JPEG of the visitor's photo that was asked about; empty for none.
        article: the article that was asked about, or whose photo was; ``None`` for none.
    """
    if answer.query:
        return _article(answer, place, answer.query)
    if place.search.photo is not None:
        picture = (
            photo_html(article, answer.release_version, eager=True)
            if article
            else upload_html(photo)
        )
        return _photo(answer, place, picture, "" if article else "Your file is not kept.")
    return f"""
    <aside class="query words-only" aria-label="Your words">
      <div class="about"><h2>“{escape(answer.words)}”</h2>{_chips(answer.named, place)}</div>
    </aside>"""


def _article(answer: Answer, place: Place, article: Article) -> str:
    facts = "".join(
        f"<div><dt>{escape(column_label(column))}</dt><dd>{escape(value)}</dd></div>"
        for column, value in article.attributes.items()
    )
    description = escape(article.description) or "<em>No description.</em>"
    return f"""
    <aside class="query" aria-label="The article you asked about">
      {photo_html(article, answer.release_version, eager=True)}
      <div class="about">
        <h2>{escape(article.name)}</h2>
        <p class="id">Article {escape(article.article_id)}{price_html(article)}</p>
        {_words(answer, place)}
        <p class="description">{description}</p>
        <details data-name="attributes"><summary>Attributes</summary><dl>{facts}</dl></details>
      </div>
    </aside>"""


def _photo(answer: Answer, place: Place, picture: str, kept: str) -> str:
    return f"""
    <aside class="query" aria-label="Your photo">
      {picture}
      <div class="about"><h2>Your photo</h2>
      {_words(answer, place)}
      {_shows(answer.reading, place)}
      <p class="id">{kept}</p></div>
    </aside>"""


def _words(answer: Answer, place: Place) -> str:
    """Return the words that an article or a photo is asked about with, and how to drop them."""
    if not answer.words:
        return ""
    without = place.searching(words="", ignored=frozenset())
    forget = _chip(without, f"“{answer.words}” ×", "Forget these words", "forget")
    return f'<p class="chips">{forget}</p>{_chips(answer.named, place)}'


def _chips(named: Iterable[NamedAttribute], place: Place) -> str:
    """Return the attributes that words name, each with a way to drop it."""
    chips = "".join(
        _chip(
            place.searching(ignored=place.search.ignored | {each.column}),
            f"{column_label(each.column)}: {each.words} ×",
            f"{', '.join(each.values)}. Click to look among all.",
            "ignore",
        )
        for each in named
    )
    return f'<p class="chips">only {chips}</p>' if chips else ""


def _shows(readings: Iterable[PhotoAttribute], place: Place) -> str:
    """Return what a photo shows, and below it what else that may be, to be clicked."""
    seen = " · ".join(f"{each.guesses[0].value} {each.guesses[0].chance:.0%}" for each in readings)
    rows = "".join(_reading(reading, place) for reading in readings)
    right = f'<details data-name="right"><summary>Put it right</summary>{rows}</details>'
    return f'<p class="reading">Shows: {escape(seen)}</p>{right}' if seen else ""


def _reading(reading: PhotoAttribute, place: Place) -> str:
    """Return the likeliest values of an attribute, each to be clicked."""
    corrected = place.search.corrected
    chips = "".join(
        _chip(
            place.searching(corrected={**corrected, reading.column: guess.value}),
            f"{guess.value} {guess.chance:.0%}",
            f"It is {guess.value}",
            "correct",
            chosen=at == 0,
        )
        for at, guess in enumerate(reading.guesses)
    )
    return f'<p class="chips"><b>{escape(column_label(reading.column))}</b> {chips}</p>'


def _chip(place: Place, text: str, title: str, does: str, chosen: bool = False) -> str:
    current = ' aria-current="true"' if chosen else ""
    return (
        f'<a class="chip" data-does="{does}" href="{escape(write(place))}" '
        f'title="{escape(title)}"{current}>{escape(text)}</a>'
    )
