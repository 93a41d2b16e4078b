"""Turn a query into a gallery of matches for each model, with a note where one is unusual."""

from collections.abc import Mapping

import numpy as np

from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, TEXT, TWO_TOWER, Model
from recsys.retrieval.retriever import CANDIDATES, Query, Retrieval
from recsys.serving import telemetry
from recsys.serving.article_lookup import Articles
from recsys.serving.request import SearchRequest
from recsys.serving.results import Article, Gallery, Match
from recsys.vectors import DECIMALS, Float32, Int32

ESTIMATED = "Estimated from the photo: this model reads {input}, not photos."
MODEL_INPUTS = {TEXT.name: "texts", FEATURES.name: "attributes", TWO_TOWER.name: "purchases"}

Notes = Mapping[str, str]
"""A sentence for visitors by model name; models without one are missing."""


class Galleries:
    """Finds the matches of each model for a query. Safe to share between threads."""

    def __init__(self, retrieval: Retrieval, articles: Articles) -> None:
        self.retrieval, self.articles = retrieval, articles

    def find(self, query: Query, k: int, notes: Notes) -> tuple[Gallery, ...]:
        """Return a gallery of up to ``k`` matches for each model, in the order of the page."""
        nearby = {}
        for model in query.vectors:
            with telemetry.timed(model):
                nearby[model] = self.retrieval.nearest(model, query, CANDIDATES)
        with telemetry.timed(COMBINED.name):
            fused = self.retrieval.combined(query, nearby, k)
        # Without a part that has weight and knows the query, all scores are equal: show nothing.
        rows = fused.rows if fused.contributions else fused.rows[:0]
        matches = {COMBINED.name: self._matches(rows, fused.scores, fused.contributions)}
        for name, near in nearby.items():
            scores = near.scores[:k]
            matches[name] = self._matches(near.rows[:k], scores, {name: scores})
        return tuple(_gallery(model, query, matches.get(model.name, ()), notes) for model in ALL)

    def _matches(
        self, rows: Int32, scores: Float32, parts: Mapping[str, Float32]
    ) -> tuple[Match, ...]:
        return tuple(
            Match(
                rank=place + 1,
                article=self.articles.at(int(row)),
                score=round(float(scores[place]), DECIMALS),
                contributions={
                    name: round(float(part[place]), DECIMALS) for name, part in parts.items()
                },
            )
            for place, row in enumerate(rows)
        )


def buy_again(articles: Articles, purchases: Int32, k: int) -> tuple[Article, ...]:
    """Return what a shopper may buy again: the articles bought most often, then latest.

    Args:
        articles: looks the articles up.
        purchases: int32, the row of the article of each purchase, the latest last.
        k: how many to return at most.
    """
    rows, counts = np.unique(purchases, return_counts=True)
    latest = [np.flatnonzero(purchases == row)[-1] for row in rows]
    best = rows[np.lexsort((-np.array(latest), -counts))][:k]
    return tuple(articles.at(int(row)) for row in best)


def search_notes(request: SearchRequest, query: Query) -> Notes:
    """Return the notes on the galleries of a search: estimated vectors, models without one."""
    if request.photo is not None:
        return {
            name: ESTIMATED.format(input=MODEL_INPUTS[name])
            for name in MODEL_INPUTS
            if name in query.vectors
        }
    if request.article is not None:
        notes = {IMAGE.name: "This article has no photo, so its looks cannot be compared."}
    else:
        notes = {
            IMAGE.name: "This catalogue has too few photos for its image model to know words.",
            FEATURES.name: "Your words name no attribute of the catalogue.",
            TWO_TOWER.name: "This model knows who bought what; it reads no words.",
        }
    return _without_vector(notes, query)


def basket_notes(query: Query) -> Notes:
    """Return the notes on the galleries of a basket: models without a vector for it."""
    note = "None of these has a photo, so their looks cannot be compared."
    return _without_vector({IMAGE.name: note}, query)


def _without_vector(notes: Notes, query: Query) -> Notes:
    """Return the notes of the models that have no vector for a query."""
    return {name: note for name, note in notes.items() if name not in query.vectors}


def _gallery(model: Model, query: Query, matches: tuple[Match, ...], notes: Notes) -> Gallery:
    note = notes.get(model.name, "")
    if not matches and (not note or model.name in query.vectors):
        note = _why_empty(model, query)
    return Gallery(model, matches, note)


def _why_empty(model: Model, query: Query) -> str:
    """Return why a model finds nothing, as far as the query tells."""
    if query.among is not None and not len(query.among):
        return "Nothing matches all filters. Remove one."
    if query.among is not None and model is not COMBINED:
        return "No article that this model knows matches all filters."
    if query.weights and model is COMBINED:
        return "The chosen ranking cannot answer this search: choose Balanced under Ranking."
    return "There is nothing to compare with in this catalogue."
