"""Searches find the true neighbours in a fixed order, and the audit notices where they do not."""

import numpy as np
import pytest
from usearch.index import Index as Graph

from recsys.errors import AuditError
from recsys.models.features import encode_features
from recsys.retrieval import audit as module
from recsys.retrieval.audit import EXPANSIONS, Audit, audit
from recsys.retrieval.index import MARGIN, ArticleIndex, build_graph, open_graph, read_graph
from recsys.vectors import NO_VECTOR, ArticleVectors, distinct, unit

DIM = 24


def random_units(count, dim=DIM, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(count, dim)))


def everyone(vectors):
    """Every article its own entry."""
    return ArticleVectors(vectors, np.arange(len(vectors), dtype=np.int32))


def self_audit(index):
    """Ask for the neighbours of every entry."""
    own = np.arange(len(index.vectors), dtype=np.int32)
    return audit(index, index.vectors, own, "test")


def plain_graph(vectors, **settings):
    """A graph as one would build it at first; from one thread, so that it is always the same."""
    graph = Graph(ndim=vectors.shape[1], metric="ip", dtype="f16", **settings)
    graph.add(np.arange(len(vectors)), vectors, threads=1)
    return graph


def flat(*cosines):
    """Unit vectors in the plane that have these cosines to the query (1, 0)."""
    return np.array([(c, np.sqrt(1 - c * c)) for c in cosines], np.float32)


QUERY = np.array([1, 0], np.float32)


@pytest.fixture(scope="module")
def crowd():
    """3,000 articles: some share a vector, some have none."""
    random = np.random.default_rng(4)
    vectors = random_units(2000)
    entry = np.append(random.permutation(2000), random.integers(-1, 2000, 1000)).astype(np.int32)
    articles = ArticleVectors(vectors, random.permutation(entry))
    return ArticleIndex(articles, build_graph(vectors, "test"))


def found(neighbours):
    return list(zip(neighbours.rows.tolist(), neighbours.scores.tolist(), strict=True))


# Searching


def test_a_search_with_a_graph_finds_what_exact_search_finds(crowd):
    crowd.graph.expansion_search = EXPANSIONS[-1]
    for query in random_units(50, seed=9):
        assert found(crowd.search(query, 12)) == found(crowd.search_exactly(query, 12))


def test_a_search_finds_what_sorting_all_articles_by_cosine_finds(crowd):
    for query in random_units(20, seed=10):
        cosines = np.where(crowd.entry == NO_VECTOR, -9, crowd.vectors[crowd.entry] @ query)
        expected = np.lexsort((np.arange(len(cosines)), -np.round(cosines, 5)))[:12]
        neighbours = crowd.search_exactly(query, 12)
        assert neighbours.rows.tolist() == expected.tolist()
        np.testing.assert_allclose(neighbours.scores, cosines[expected], atol=1e-5)


@pytest.mark.parametrize("graph", [True, False])
def test_without_a_graph_every_search_is_exact(crowd, graph):
    articles = ArticleVectors(crowd.vectors, crowd.entry)
    index = ArticleIndex(articles, crowd.graph if graph else None)
    query = random_units(1, seed=11)[0]
    assert found(index.search(query, 5)) == found(crowd.search_exactly(query, 5))


@pytest.mark.parametrize("with_graph", [True, False])
def test_ties_are_broken_by_the_article_row(with_graph):
    vectors = flat(0.5, 0.9, -0.9)
    articles = ArticleVectors(vectors, np.array([1, 0, 2, 0, 1, 0], np.int32))
    index = ArticleIndex(articles, build_graph(vectors, "test") if with_graph else None)
    neighbours = index.search(QUERY, 4)
    assert neighbours.rows.tolist() == [0, 4, 1, 3]
    assert neighbours.scores.tolist() == pytest.approx([0.9, 0.9, 0.5, 0.5])


def test_scores_that_differ_by_a_rounding_error_tie():
    index = ArticleIndex(everyone(flat(0.5, 0.5 + 1e-7, 0.5 - 1e-7)))
    assert index.search(QUERY, 3).rows.tolist() == [0, 1, 2]


def test_the_rows_of_a_tie_at_the_end_of_the_list_are_the_first_ones():
    index = ArticleIndex(everyone(flat(*[0.5] * 20, 0.9)))
    assert index.search(QUERY, 3).rows.tolist() == [20, 0, 1]


@pytest.mark.parametrize("with_graph", [True, False])
def test_excluded_articles_are_replaced_by_the_next(with_graph):
    vectors = flat(0.9, 0.8, 0.7, 0.6)
    articles = ArticleVectors(vectors, np.array([0, 0, 1, 2, 3], np.int32))
    index = ArticleIndex(articles, build_graph(vectors, "test") if with_graph else None)
    assert index.search(QUERY, 3).rows.tolist() == [0, 1, 2]
    assert index.search(QUERY, 3, exclude=[0, 2]).rows.tolist() == [1, 3, 4]
    assert index.search(QUERY, 3, exclude=range(5)).rows.tolist() == []


@pytest.mark.parametrize("with_graph", [True, False])
def test_more_neighbours_than_there_are_articles_are_all_of_them(with_graph):
    vectors = random_units(10)
    index = ArticleIndex(everyone(vectors), build_graph(vectors, "test") if with_graph else None)
    rows = index.search(vectors[3], 500).rows
    assert rows[0] == 3
    assert sorted(rows) == list(range(10))


def test_articles_without_a_vector_are_never_found():
    articles = ArticleVectors(random_units(3), np.array([NO_VECTOR, 0, 1, NO_VECTOR, 2], np.int32))
    rows = ArticleIndex(articles).search(random_units(1, seed=1)[0], 99).rows
    assert sorted(rows) == [1, 2, 4]


def test_an_index_of_nothing_finds_nothing():
    index = ArticleIndex(distinct(np.empty((0, 1), np.float32), np.empty(0, np.int32), articles=3))
    assert len(index.search(np.ones(1, np.float32), 5).rows) == 0
    assert np.isnan(index.scores(np.ones(1, np.float32), np.arange(3, dtype=np.int32))).all()


def test_scores_of_given_articles_are_their_cosines_and_unknown_without_a_vector():
    articles = ArticleVectors(flat(0.25, -0.5), np.array([1, NO_VECTOR, 0], np.int32))
    scores = ArticleIndex(articles).scores(QUERY, np.array([2, 1, 0, 2], np.int32))
    np.testing.assert_allclose(scores, [0.25, np.nan, -0.5, 0.25], atol=1e-6)


def test_scores_are_those_that_a_search_shows(crowd):
    query = random_units(1, seed=12)[0]
    neighbours = crowd.search(query, 20)
    np.testing.assert_array_equal(crowd.scores(query, neighbours.rows), neighbours.scores)


def test_no_score_is_beyond_one():
    long = np.full((1, 3), 0.57736, np.float32)
    assert ArticleIndex(everyone(long)).search(long[0], 1).scores.tolist() == [1.0]


def test_a_graph_that_finds_too_few_entries_still_answers():
    """A graph whose links are broken reaches a part of its entries only."""
    vectors = random_units(100)
    index = ArticleIndex(everyone(vectors), plain_graph(vectors[:20]))
    expected = ArticleIndex(everyone(vectors[:20])).search(vectors[3], 12)
    assert found(index.search(vectors[3], 12)) == found(expected)


def test_candidates_beyond_what_the_graph_finds_are_marked(crowd):
    vectors = random_units(100)
    index = ArticleIndex(everyone(vectors), plain_graph(vectors[:20]))
    for queries in (vectors[:1], vectors[:3]):
        entries, scores = index.candidates(queries, 30)
        assert entries.shape == scores.shape == (len(queries), 30)
        assert (entries[:, 20:] == NO_VECTOR).all()
        assert np.isneginf(scores[:, 20:]).all()
        np.testing.assert_allclose(
            scores[:, :20], np.einsum("qcd,qd->qc", vectors[entries[:, :20]], queries), atol=1e-6
        )


# Building


def test_the_same_vectors_give_the_same_bytes(tmp_path):
    vectors = random_units(1500)
    for name in ("first", "second"):
        build_graph(vectors, "test").save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_saved_graph_finds_what_it_found_before(tmp_path, crowd):
    crowd.graph.save(tmp_path / "graph.usearch")
    crowd.graph.expansion_search = EXPANSIONS[0]
    graph = open_graph(read_graph(tmp_path / "graph.usearch", crowd.vectors), EXPANSIONS[0])
    index = ArticleIndex(ArticleVectors(crowd.vectors, crowd.entry), graph)
    assert (graph.expansion_search, len(graph)) == (EXPANSIONS[0], len(crowd.vectors))
    for query in random_units(10, seed=13):
        assert found(index.search(query, 12)) == found(crowd.search(query, 12))


# The audit


def test_the_default_settings_pass_the_audit_on_random_vectors(crowd):
    result = self_audit(crowd)
    assert (result.queries, result.mean, result.below_90) == (2000, 1.0, 0.0)
    assert result.expansion_search == crowd.graph.expansion_search
    result.check("test")


def test_an_audit_is_tie_aware(monkeypatch):
    """Of five entries that tie for the last place, it is no loss to find another one."""
    vectors = flat(1, 0.9, *[0.5] * 5, 0.1)
    index = ArticleIndex(everyone(vectors), build_graph(vectors, "test"))
    monkeypatch.setattr(module, "AUDIT_AT", 3)
    chosen, own = QUERY[None], np.zeros(1, np.int32)

    def audited(*entries):
        shown = np.array([entries])
        scores = vectors[shown[0]] @ QUERY
        monkeypatch.setattr(index, "candidates", lambda *_: (shown, scores[None]))
        return audit(index, chosen, own, "test").worst

    assert audited(0, 1, 2, 3) == 1
    assert audited(0, 1, 6, 4) == 1
    assert audited(6, 1, 5, 0) == 1
    assert audited(0, 1, 2, 7) == pytest.approx(2 / 3)
    assert audited(0, 2, 3, 4) == pytest.approx(1)
    assert audited(0, 7, 7, 7) == 0


def test_the_query_itself_does_not_count_as_a_neighbour():
    """A graph that knows nothing but the query's own entry finds none of its neighbours."""
    vectors = random_units(100)
    graph = Graph(ndim=DIM, metric="ip")
    graph.add(np.arange(1), vectors[:1])
    index = ArticleIndex(everyone(vectors), graph)
    result = audit(index, np.tile(vectors[:1], (3, 1)), np.zeros(3, np.int32), "test")
    assert (result.queries, result.mean, result.worst, result.below_90) == (3, 0, 0, 1)


def test_queries_may_come_from_elsewhere_than_the_vectors(crowd):
    queries = unit(crowd.vectors[:300] + 0.2 * random_units(300, seed=14))
    result = audit(crowd, queries, np.arange(300, dtype=np.int32), "test")
    assert result.queries == 300
    assert result.worst >= 0.9


def test_an_audit_of_several_blocks_is_that_of_one(crowd, monkeypatch):
    queries, own = crowd.vectors[:200], np.arange(200, dtype=np.int32)
    sparse = ArticleIndex(everyone(crowd.vectors), plain_graph(crowd.vectors[:1500]))
    whole = audit(sparse, queries, own, "test")
    monkeypatch.setattr(module, "AUDIT_BLOCK", 64)
    assert audit(sparse, queries, own, "test") == whole


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_very_small_indexes_pass_the_audit(count):
    vectors = random_units(count)
    index = ArticleIndex(everyone(vectors), build_graph(vectors, "test"))
    result = self_audit(index)
    assert (result.queries, result.worst) == (count, 1)
    result.check("test")


def test_a_graph_without_half_of_the_entries_fails_the_audit():
    vectors = random_units(1000)
    result = self_audit(ArticleIndex(everyone(vectors), plain_graph(vectors[:500])))
    assert 0.3 < result.mean < 0.7
    assert result.below_90 > 0.9
    assert result.expansion_search == EXPANSIONS[-1]
    with pytest.raises(AuditError, match="The image index"):
        result.check("image")


def test_a_graph_with_hardly_any_links_fails_the_audit():
    vectors = random_units(3000)
    graph = plain_graph(vectors, connectivity=2, expansion_add=1)
    with pytest.raises(AuditError, match="The text index"):
        self_audit(ArticleIndex(everyone(vectors), graph)).check("text")


def test_the_audit_looks_further_only_where_it_must(crowd):
    vectors, own = random_units(4000, dim=48, seed=15), np.arange(500, dtype=np.int32)
    sparse = ArticleIndex(everyone(vectors), plain_graph(vectors, connectivity=6, expansion_add=24))
    result = audit(sparse, vectors[own], own, "test")
    assert result.expansion_search > EXPANSIONS[0]
    assert sparse.graph.expansion_search == result.expansion_search
    assert self_audit(crowd).expansion_search == EXPANSIONS[0]


@pytest.mark.parametrize(
    ("mean", "worst", "fine"),
    [(1, 1, True), (0.995, 0.5, True), (0.9949, 1, False), (0.999, 0.49, False)],
)
def test_an_index_is_released_if_its_mean_and_its_worst_query_are_good_enough(mean, worst, fine):
    result = Audit(queries=10, mean=mean, worst=worst, below_90=0, expansion_search=128)
    if fine:
        result.check("features")
    else:
        with pytest.raises(AuditError, match="The features index"):
            result.check("features")


# Why articles with the same vector share an entry


def one_hot_crowd():
    """Articles with six attributes of eight values, many of them alike in all."""
    random = np.random.default_rng(1)
    combinations = np.unique(random.integers(0, 8, (200, 6)), axis=0)
    vectors = unit(np.concatenate([np.eye(8)[column] for column in combinations.T], axis=1))
    popularity = 1 / np.arange(1, len(vectors) + 1)
    return vectors, random.choice(len(vectors), 8000, p=popularity / popularity.sum())


def test_a_plain_graph_over_exact_duplicates_loses_whole_queries_and_is_caught(monkeypatch):
    vectors, of_article = one_hot_crowd()
    copies = np.ascontiguousarray(vectors[of_article])
    index = ArticleIndex(everyone(copies), plain_graph(copies))
    own = np.arange(0, len(copies), 5, dtype=np.int32)
    far = audit(index, copies[own], own, "test")
    monkeypatch.setattr(module, "EXPANSIONS", EXPANSIONS[:1])
    near = audit(index, copies[own], own, "test")
    assert near.worst == 0
    for result in (near, far):
        assert result.below_90 > 0
        with pytest.raises(AuditError):
            result.check("features")


def test_the_same_articles_grouped_pass_and_are_all_found():
    vectors, of_article = one_hot_crowd()
    copies = np.ascontiguousarray(vectors[of_article])
    grouped = distinct(copies, np.arange(len(copies), dtype=np.int32), len(copies))
    index = ArticleIndex(grouped, build_graph(grouped.vectors, "test"))
    result = self_audit(index)
    assert result.worst >= 0.9
    result.check("features")
    alike = np.flatnonzero(of_article == of_article[77])
    assert len(alike) > MARGIN
    assert index.search(copies[77], len(alike)).rows.tolist() == alike.tolist()


@pytest.mark.exhaustive
@pytest.mark.hm
def test_on_real_attributes_a_plain_graph_is_caught_and_the_grouped_one_passes(hm_catalog):
    grouped = encode_features(hm_catalog.articles)
    assert len(grouped.vectors) < len(hm_catalog.articles) / 2
    index = ArticleIndex(grouped, build_graph(grouped.vectors, "features"))
    chosen = np.arange(0, len(grouped.vectors), 8, dtype=np.int32)
    result = audit(index, grouped.vectors[chosen], chosen, "features")
    assert result.worst >= 0.9
    result.check("features")

    # The worst of all queries is no better than the worst of some, so it is enough to audit those
    # of every fiftieth article that a short search serves badly. Only the worst is then telling.
    copies = np.ascontiguousarray(grouped.vectors[grouped.entry])
    plain = ArticleIndex(everyone(copies), plain_graph(copies))
    plain.graph.expansion_search = EXPANSIONS[0]
    some = np.arange(0, len(copies), 50, dtype=np.int32)
    recalls = module._recalls(plain, copies[some], some, "plain")
    assert recalls.min() == 0
    own = some[recalls < module.WORST_BAR]
    assert audit(plain, copies[own], own, "plain").worst < module.WORST_BAR
