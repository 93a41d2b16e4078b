"""The result of an evaluation: tables of figures with intervals, to store and to show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys.evaluation.metrics import METRICS, Estimate
from recsys.models.registry import ALL

PROTOCOLS = {
    "basket": "Given one article of a test shopper's day, find the others of that day.",
    "basket, unsold": "The same, given articles that no training shopper ever bought.",
    "next purchase": "Given a test shopper's latest articles, find what they buy for the first "
    "time on their last day.",
    "next purchase, repeats": "The same, where articles bought before count, too.",
    "photo": "Given a photo, find the same product in other colours; the image model was trained "
    "without that product.",
    "basket, parts": "The combined model with one part left out and its weights fitted again.",
    "next purchase, parts": "The same for next purchases.",
}
"""What each table measures, by its name."""

OURS = tuple(model.name for model in ALL)
"""The names of the project's own models, which the tables print in bold."""


@dataclass(frozen=True)
class Scores:
    """The metrics of one model.

    Attributes:
        recall_12: share of the relevant articles among the first 12.
        recall_100: the same among the first 100.
        map_12: mean average precision of the first 12.
        ndcg_12: normalised discounted cumulative gain of the first 12.
        hit_rate_12: share of the questions with a relevant article among the first 12.
        coverage_12: share of the catalogue that is among the first 12 of any question.
        novelty: mean self-information of these, in bits.
        answered: number of questions that the model could answer; the others count as 0. Rounded
            down to a multiple of the release's fewest shoppers.
    """

    recall_12: Estimate
    recall_100: Estimate
    map_12: Estimate
    ndcg_12: Estimate
    hit_rate_12: Estimate
    coverage_12: float
    novelty: float
    answered: int


@dataclass(frozen=True)
class Table:
    """The result of one protocol: its number of questions, rounded down, and scores by model."""

    questions: int
    models: dict[str, Scores]

    def ranked(self) -> list[tuple[str, Scores]]:
        """Return the models in falling order of recall@12, equal ones by name."""
        return sorted(self.models.items(), key=lambda item: (-item[1].recall_12.mean, item[0]))


@dataclass(frozen=True)
class Evaluation:
    """Tables by the names of `PROTOCOLS`, in that order; some may be missing."""

    tables: dict[str, Table]


def read_evaluation(data: Mapping[str, Any]) -> Evaluation:
    """Return the evaluation in ``data``, the inverse of ``dataclasses.asdict``.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: ``data`` is not an evaluation.
    """
    unknown = data["tables"].keys() - PROTOCOLS.keys()
    if unknown:
        raise ValueError(f"unknown tables {sorted(unknown)}")
    found = {name: data["tables"][name] for name in PROTOCOLS if name in data["tables"]}
    return Evaluation({name: _table(table) for name, table in found.items()})


def _table(data: Mapping[str, Any]) -> Table:
    models = {model: _scores(scores) for model, scores in data["models"].items()}
    return Table(int(data["questions"]), models)


def _scores(data: Mapping[str, Any]) -> Scores:
    estimates = {name: Estimate(**data[name]) for name in METRICS}
    return Scores(**{**data, **estimates})


def markdown(evaluation: Evaluation) -> str:
    """Return every table in Markdown, the best recall first."""
    return "\n\n".join(
        f"**{name}** ({table.questions:,} questions). {PROTOCOLS[name]}\n\n{_rows(table)}"
        for name, table in evaluation.tables.items()
    )


def _rows(table: Table) -> str:
    head = (
        "| | recall@12 (95 %) | recall@100 | MAP@12 | NDCG@12 | hit rate@12 | coverage@12 "
        "| novelty, bits | answered |"
    )
    rows = (_row(name, scores) for name, scores in table.ranked())
    return "\n".join([head, "|---" * 9 + "|", *rows])


def _row(name: str, scores: Scores) -> str:
    recall = scores.recall_12
    cells = [
        f"**{name}**" if name in OURS else name,
        f"{recall.mean:.4f} ({recall.low:.4f} to {recall.high:.4f})",
        *(f"{each.mean:.4f}" for each in (scores.recall_100, scores.map_12)),
        *(f"{each.mean:.4f}" for each in (scores.ndcg_12, scores.hit_rate_12)),
        f"{scores.coverage_12:.4f}",
        f"{scores.novelty:.1f}",
        f"{scores.answered:,}",
    ]
    return f"| {' | '.join(cells)} |"
