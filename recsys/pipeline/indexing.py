"""The nearest-neighbour index of a model, and its audit against exact search."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys.pipeline.workspace import Finished, Workspace
from recsys.retrieval.audit import AUDIT_SETTINGS, EXPANSIONS, Audit, audit
from recsys.retrieval.index import GRAPH_SETTINGS, ArticleIndex, build_graph, open_graph, read_graph
from recsys.vectors import ArticleVectors, Float32, Int32, fingerprint, key_of


@dataclass(frozen=True)
class AuditQueries:
    """The queries of an audit.

    Attributes:
        vectors: unit vectors, float32 [n, dim].
        entries: int32 [n], the article vector that belongs to each query; it does not count as
            found.
    """

    vectors: Float32
    entries: Int32

    @classmethod
    def of_articles(cls, vectors: ArticleVectors) -> "AuditQueries":
        """Return the articles' own vectors as queries."""
        return cls(vectors.vectors, np.arange(len(vectors.vectors), dtype=np.int32))


def index_vectors(workspace: Workspace, model: str, vectors: ArticleVectors) -> Finished[Path]:
    """Build the usearch index of a model's vectors; the result is its file."""

    def make(folder: Path) -> None:
        build_graph(vectors.vectors, model).save(folder / "graph.usearch")

    kept = workspace.once("indexes", _graph_key(vectors), make)
    return Finished(kept.folder / "graph.usearch", len(vectors.vectors) if kept.fresh else 0)


def audit_index(
    workspace: Workspace, model: str, vectors: ArticleVectors, graph: Path, queries: AuditQueries
) -> Finished[Audit]:
    """Compare the index in the file ``graph`` with exact search.

    Raises:
        AuditError: the index finds too few of the true nearest neighbours.
    """

    def make(folder: Path) -> None:
        content = read_graph(graph, vectors.vectors)
        index = ArticleIndex(vectors, open_graph(content, EXPANSIONS[0]))
        found = audit(index, queries.vectors, queries.entries, model)
        (folder / "audit.json").write_text(json.dumps(dataclasses.asdict(found)))

    asked = fingerprint(queries.vectors, queries.entries)
    kept = workspace.once("audits", key_of(_graph_key(vectors), asked, AUDIT_SETTINGS), make)
    found = Audit(**json.loads((kept.folder / "audit.json").read_text()))
    found.check(model)
    return Finished(found, len(queries.vectors) if kept.fresh else 0)


def _graph_key(vectors: ArticleVectors) -> str:
    return key_of(vectors.fingerprint(), GRAPH_SETTINGS)
