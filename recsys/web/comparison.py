"""How the models' answers compare: what they share, and how many of them found an article."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from recsys.models.registry import COMBINED
from recsys.serving.results import Gallery


def agreement(galleries: Sequence[Gallery]) -> Counter[str]:
    """Return how many of the single models found each article, by its id."""
    return Counter(
        match.article.article_id
        for gallery in galleries
        if gallery.model is not COMBINED
        for match in gallery.matches
    )


def overlap(galleries: Sequence[Gallery]) -> dict[tuple[str, str], int]:
    """Return how many articles every two models share, by both their names."""
    found = {
        gallery.model.name: {match.article.article_id for match in gallery.matches}
        for gallery in galleries
    }
    return {(one, other): len(found[one] & found[other]) for one in found for other in found}


def comparison_html(galleries: Sequence[Gallery]) -> str:
    """Return a table of what every two galleries share; nothing where only one has an answer."""
    answered = [gallery for gallery in galleries if gallery.matches]
    if len(answered) < 2:
        return ""
    shared = overlap(answered)
    heads = "".join(f'<th scope="col">{escape(each.model.title)}</th>' for each in answered)
    rows = "".join(
        f'<tr><th scope="row">{escape(one.model.title)}</th>'
        + "".join(_cell(shared[one.model.name, other.model.name], one, other) for other in answered)
        + "</tr>"
        for one in answered
    )
    return f"""<details class="overlap" data-name="overlap">
      <summary>How far do the models agree?</summary>
      <p>Results that every two galleries share.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Results in common"><table>
        <thead><tr><td></td>{heads}</tr></thead>
        <tbody>{rows}</tbody></table></div>
    </details>"""


def _cell(shared: int, one: Gallery, other: Gallery) -> str:
    if one is other:
        return '<td class="same">·</td>'
    share = shared / min(len(one.matches), len(other.matches))
    return f'<td style="--share:{share:.2f}">{shared}</td>'
