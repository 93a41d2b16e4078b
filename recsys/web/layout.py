"""What surrounds every answer on the page: masthead, menu, search box, messages, notice, foot."""

from html import escape

from recsys.serving.edition import Edition
from recsys.serving.request import LONGEST_WORDS, SearchRequest
from recsys.serving.results import Article
from recsys.web.cards import photo_html, upload_html
from recsys.web.url import CATALOG, FIND, PAGES, QUALITY, SHOPPER, Place, fields, write

TITLE = "More like this"
MENU = {
    FIND: "Find similar",
    SHOPPER: "For a shopper",
    QUALITY: "How good is it?",
    CATALOG: "The catalogue",
}
SHORT = {FIND: "Find", SHOPPER: "Shopper", QUALITY: "How good?", CATALOG: "Catalogue"}
"""The same where there is little room."""

SURPRISE = "?surprise=1"
"""The address that leads to an article drawn at random."""

TYPED = ("words", "ignore", "open")
"""What new words take the place of."""


def top_html(
    place: Place,
    turn: int,
    asked: Article | None,
    photo: bytes,
    release_version: str,
    message: str = "",
) -> str:
    """Return what stands above an answer.

    Args:
        place: what is shown below.
        turn: any number that the last one was not, so that the page notices each answer.
        asked: the article that is asked about, if one is.
        photo: the JPEG of the visitor's photo that is asked about; empty for none.
        release_version: the release that answers.
        message: what went wrong; empty for nothing.
    """
    box = _search(place, _token(place, asked, photo, release_version)) if place.page == FIND else ""
    return f"""
    <div class="top" data-address="{escape(write(place))}" data-turn="{turn}"
      data-title="{escape(_title(place, asked))}">
      <header class="masthead"><h1><a href="?">{TITLE}</a></h1>{_menu(place.page)}</header>
      {box}{message_html(message)}
    </div>"""


def message_html(message: str) -> str:
    """Return a message that screen readers announce; nothing for an empty one."""
    return f'<div class="message" role="alert">{escape(message)}</div>' if message else ""


def notice_html(notice: str) -> str:
    """Return a quiet line about what is being shown; nothing for an empty one."""
    return f'<div class="notice" role="status">{escape(notice)}</div>' if notice else ""


def footer_html(edition: Edition) -> str:
    """Return the line at the foot of the page: what is being searched."""
    recommender = edition.recommender
    return (
        f'<footer class="foot">{recommender.article_count:,} articles, '
        f"{recommender.photo_count:,} with a photo · {escape(edition.origin)} · "
        f"release {recommender.release_version} · scores are cosine similarities, combined "
        "ones a mean of those and of counts</footer>"
    )


def hidden_html(place: Place, without: tuple[str, ...]) -> str:
    """Return what a form says of a place beside what the visitor can change in it.

    Args:
        place: what is shown.
        without: the names of those fields that are in the form themselves; one that ends in a dot
            stands for all that begin so.
    """
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields(place)
        if name not in without and f"{name.partition('.')[0]}." not in without
    )


def _menu(page: str) -> str:
    here = ' aria-current="page"'
    links = "".join(
        f'<a href="{write(Place(name))}" aria-label="{MENU[name]}"{here if name == page else ""}>'
        f'<span class="long">{MENU[name]}</span><span class="short">{SHORT[name]}</span></a>'
        for name in PAGES
    )
    return f'<nav aria-label="Pages">{links}</nav>'


def _title(place: Place, asked: Article | None) -> str:
    if place.page != FIND:
        return f"{place.shopper or MENU[place.page]} · {TITLE}"
    said = " ".join(filter(None, (asked.name if asked else "", place.search.words)))
    return f"{said} · {TITLE}" if said else TITLE


def _search(place: Place, token: str) -> str:
    """Return the search box; what is asked about stays in it and is asked about with new words."""
    kept = hidden_html(place, TYPED) if token else ""
    hint = "but in red" if token else "Words, or an article id"
    required = "" if token else " required"
    return f"""
    <form class="search" role="search">{kept}
      <div class="box">{token}<input id="words" type="search" name="words"
        value="{escape(place.search.words)}" placeholder="{hint}" aria-label="Article id or words"
        maxlength="{LONGEST_WORDS}" autocomplete="off" enterkeyhint="search"{required}>
        <button type="button" class="pick" data-pick>Photo</button></div>
      <button type="submit" class="primary">SearchRequest</button>
      <a class="button" href="{SURPRISE}">Surprise me</a>
    </form>
    <p class="hint">Type, or drop or paste a photo anywhere on this page.</p>"""


def _token(place: Place, asked: Article | None, photo: bytes, release_version: str) -> str:
    """Return the article or photo that words are added to, and how to take it out of the box."""
    search = place.search
    if asked is None and search.photo is None:
        return ""
    if asked:
        picture, name = photo_html(asked, release_version, eager=True), asked.name
        name = f"Photo of {name}" if search.article is None else name
    else:
        picture, name = upload_html(photo), "Your photo"
    rest = write(Place(search=SearchRequest(words=search.words), k=place.k))
    return f"""<span class="token">{picture}<span class="name">{escape(name)}</span>
      <a href="{escape(rest)}" aria-label="Remove {escape(name)} from the search">×</a></span>"""
