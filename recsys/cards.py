"""The HTML of the page: the query, the galleries and their cards. Every text is escaped here."""

import base64
from collections.abc import Iterable
from html import escape

from recsys.filters import Filter
from recsys.live import Edition
from recsys.models import COUNTS, SINGLE
from recsys.results import Answer, Article, BasketAnswer, Gallery, Match, Reading

TITLES = {model.name: model.title for model in SINGLE} | COUNTS

HEADER = """
<header class="masthead">
  <h1>More like this</h1>
  <p>Pick an article, drop a photo, say a few words or name a shopper: five retrieval models answer
  side by side.</p>
</header>
"""


def welcome_html(examples: Iterable[Article], revision: str) -> str:
    """Return what the page shows before the first query: articles to start from."""
    cards = "".join(_card(article, revision, "", "") for article in examples)
    return f"""
    <div class="welcome"><h2>Where would you like to start?</h2>
    <p>Pick one of these, type an article id, drop a photo or say what you look for. Every result
    is a link to go on from.</p><ol class="matches">{cards}</ol></div>"""


def answer_html(answer: Answer, photo: bytes | None = None) -> str:
    """Return the whole answer: what was asked about, and a gallery a model.

    Args:
        answer: what the recommender said.
        photo: the JPEG that was asked about, if it was one.
    """
    if answer.query:
        asked = _query(answer, answer.query)
    else:
        asked = _uploaded(answer, photo) if photo else _said(answer)
    galleries = "".join(_gallery(gallery, answer.revision) for gallery in answer.galleries)
    return f'<div class="answer">{asked}<div class="galleries">{galleries}</div></div>'


def basket_html(answer: BasketAnswer) -> str:
    """Return what a basket or a shopper gets: what they have, a gallery a model, what to rebuy."""
    count = f"{len(answer.history):,} article{'s' if len(answer.history) != 1 else ''}"
    title = f"What {answer.alias} bought" if answer.alias else "Your basket"
    order = ", the latest first" if answer.alias else ""
    sections = [_shelf("history", title, f"{count}{order}.", answer.history, answer.revision)]
    sections += [_gallery(gallery, answer.revision) for gallery in answer.galleries]
    if answer.again:
        why = "Bought most often, then latest. The galleries above leave out what they have."
        sections.append(_shelf("again", "Buy again", why, answer.again, answer.revision))
    return f'<div class="answer"><div class="galleries">{"".join(sections)}</div></div>'


def message_html(message: str) -> str:
    """Return a message that screen readers announce; nothing for an empty one."""
    return f'<div class="message" role="alert">{escape(message)}</div>' if message else ""


def notice_html(notice: str) -> str:
    """Return a quiet line about what is being shown; nothing for an empty one."""
    return f'<div class="notice" role="status">{escape(notice)}</div>' if notice else ""


def footer_html(edition: Edition) -> str:
    """Return the line at the foot of the page: what is being searched."""
    release = edition.recommender.release
    return (
        f'<footer class="foot">{len(release.articles):,} articles, '
        f"{int(release.with_photo.sum()):,} with a photo · {escape(edition.origin)} · "
        f"release {edition.recommender.revision} · scores are cosine similarities, combined ones a "
        "mean of those and of counts</footer>"
    )


def _query(answer: Answer, article: Article) -> str:
    facts = "".join(
        f"<div><dt>{escape(_label(column))}</dt><dd>{escape(value)}</dd></div>"
        for column, value in article.attributes.items()
    )
    description = escape(article.description) or "<em>No description.</em>"
    return f"""
    <aside class="query" aria-label="The article you asked about">
      {_photo(article, answer.revision, eager=True)}
      <div class="about">
        <h2>{escape(article.name)}</h2>
        <p class="id">Article {escape(article.article_id)}</p>
        {_words(answer)}
        <p class="description">{description}</p>
        <details open><summary>Attributes</summary><dl>{facts}</dl></details>
      </div>
    </aside>"""


def _uploaded(answer: Answer, photo: bytes) -> str:
    source = f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"
    return f"""
    <aside class="query" aria-label="Your photo">
      <span class="photo"><img src="{source}" alt="Your photo"></span>
      <div class="about"><h2>Your photo</h2>
      {_words(answer)}
      {_shows(answer.reading)}
      <p class="id">Your file is not kept.</p></div>
    </aside>"""


def _said(answer: Answer) -> str:
    return f"""
    <aside class="query words-only" aria-label="Your words">
      <div class="about"><h2>“{escape(answer.words)}”</h2>{_chips(answer.filters)}</div>
    </aside>"""


def _words(answer: Answer) -> str:
    """Return the words that an article or a photo is asked about with, and how to drop them."""
    if not answer.words:
        return ""
    forget = _button("forget", "words", f"“{answer.words}” ×", "Forget these words")
    return f'<p class="chips">{forget}</p>{_chips(answer.filters)}'


def _chips(filters: Iterable[Filter]) -> str:
    """Return the attributes that words name, each with a way to drop it."""
    chips = "".join(
        _button(
            "ignore",
            each.column,
            f"{_label(each.column)}: {each.words} ×",
            f"{', '.join(each.values)}. Click to look among all.",
        )
        for each in filters
    )
    return f'<p class="chips">only {chips}</p>' if chips else ""


def _shows(readings: Iterable[Reading]) -> str:
    """Return what a photo shows, and below it what else that may be, to be clicked."""
    seen = " · ".join(f"{each.guesses[0].value} {each.guesses[0].chance:.0%}" for each in readings)
    rows = "".join(_reading(reading) for reading in readings)
    right = f"<details><summary>Put it right</summary>{rows}</details>"
    return f'<p class="reading">Shows: {escape(seen)}</p>{right}' if seen else ""


def _reading(reading: Reading) -> str:
    """Return the likeliest values of an attribute, each to be clicked."""
    chips = "".join(
        _button(
            "correct",
            f"{reading.column}|{guess.value}",
            f"{guess.value} {guess.chance:.0%}",
            f"It is {guess.value}",
            pressed=place == 0,
        )
        for place, guess in enumerate(reading.guesses)
    )
    return f'<p class="chips"><b>{escape(_label(reading.column))}</b> {chips}</p>'


def _button(name: str, value: str, text: str, title: str, pressed: bool = False) -> str:
    state = ' aria-pressed="true"' if pressed else ""
    return (
        f'<button type="button" class="chip" data-{name}="{escape(value)}" '
        f'title="{escape(title)}"{state}>{escape(text)}</button>'
    )


def _gallery(gallery: Gallery, revision: str) -> str:
    cards = "".join(_match(match, revision) for match in gallery.matches)
    estimate = f' <span class="estimate">{escape(gallery.note)}</span>' if gallery.note else ""
    body = f'<ol class="matches">{cards}</ol>' if cards else _note(gallery.note)
    return f"""
    <section class="gallery" aria-label="{escape(gallery.model.title)}"
      data-model="{gallery.model.name}">
      <div class="heading"><h2>{escape(gallery.model.title)}</h2>
      <p>{escape(gallery.model.explanation)}{estimate if cards else ""}</p></div>
      {body}
    </section>"""


def _shelf(
    name: str, title: str, explanation: str, articles: Iterable[Article], revision: str
) -> str:
    """Return a gallery of articles that were not found by a model, so without scores."""
    cards = "".join(_card(article, revision, "", "") for article in articles)
    return f"""
    <section class="gallery" aria-label="{escape(title)}" data-model="{name}">
      <div class="heading"><h2>{escape(title)}</h2><p>{escape(explanation)}</p></div>
      <ol class="matches">{cards}</ol>
    </section>"""


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _match(match: Match, revision: str) -> str:
    line = (
        f'<span class="line"><span class="rank">{match.rank}</span>'
        f'<span class="score">{match.score:.3f}</span></span>'
    )
    return _card(match.article, revision, line, _reasons(match))


def _card(article: Article, revision: str, line: str, reasons: str) -> str:
    return f"""
    <li class="match"><a href="?article={article.article_id}"
      data-article="{article.article_id}" title="{escape(reasons)}">
      {_photo(article, revision)}{line}
      <span class="name">{escape(article.name)}</span>
      <span class="kind">{escape(_kind(article))}</span></a></li>"""


def _photo(article: Article, revision: str, eager: bool = False) -> str:
    if not article.has_photo:
        return '<span class="photo none"><span>No photo</span></span>'
    # The revision makes the address unique, so that browsers may keep the picture for good.
    source = f"photos/{article.article_id}.jpg?release={revision}"
    alt = escape(f"{article.name}, {_kind(article)}")
    loading = "eager" if eager else "lazy"
    return (
        f'<span class="photo"><img src="{source}" alt="{alt}" loading="{loading}" '
        'width="240" height="360"></span>'
    )


def _kind(article: Article) -> str:
    return ", ".join(
        article.attributes[column] for column in ("product_type_name", "colour_group_name")
    )


def _reasons(match: Match) -> str:
    """Say what each model adds to a combined score, largest first."""
    parts = sorted(match.contributions.items(), key=lambda part: -part[1])
    return " + ".join(f"{TITLES[name]} {value:.3f}" for name, value in parts)


def _label(column: str) -> str:
    """Return a column's name as a person would write it: 'Colour group'."""
    return column.removesuffix("_name").replace("_", " ").capitalize()
