import numpy as np
import pytest

from recsys.models.registry import SINGLE
from recsys.pipeline.map_layout import FEWEST_FOR_TSNE, MAP_ARTICLES, draw_maps
from recsys.pipeline.workspace import Workspace
from recsys.release.files import MAPPED, PLACES, ArrayReader
from recsys.release.maps import Maps, read_maps, write_maps
from recsys.vectors import NO_VECTOR, ArticleVectors, distinct, unit


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "work")


def check_released(maps, articles, folder):
    """Check that a release with that many articles may have the maps."""
    write_maps(folder, maps)
    arrays = ArrayReader(folder, articles, {})
    for file in (MAPPED, *(PLACES[name] for name in maps.places)):
        arrays.open(file)


def vectors(articles, dim=8, seed=1, without=()):
    """Random vectors, of all but a few articles."""
    rows = np.setdiff1d(np.arange(articles), without).astype(np.int32)
    drawn = unit(np.random.default_rng(seed).normal(size=(len(rows), dim)))
    return distinct(drawn, rows, articles)


def clusters(count, each, dim=16, seed=2):
    """So many far-off groups of similar articles, in any order, and the group of each article."""
    random = np.random.default_rng(seed)
    group = random.permutation(np.repeat(np.arange(count), each))
    centres = np.eye(dim)[group]
    drawn = unit(centres + random.normal(scale=0.05, size=centres.shape))
    return distinct(drawn, np.arange(len(drawn), dtype=np.int32), len(drawn)), group


def test_a_map_shows_the_articles_that_every_model_knows(tmp_path, workspace):
    models = {"text": vectors(20, without=[3]), "image": vectors(20, seed=2, without=[7, 19])}
    drawn = draw_maps(workspace, models)
    maps = drawn.result
    assert maps.articles.tolist() == sorted(set(range(20)) - {3, 7, 19})
    assert set(maps.places) == set(models)
    assert drawn.rows == 2 * 17
    check_released(maps, 20, tmp_path)


def test_of_too_many_articles_some_are_shown_spread_evenly(tmp_path, workspace):
    count = 2 * MAP_ARTICLES
    # One and the same few vectors: what is chosen does not depend on them.
    few = ArticleVectors(unit(np.eye(4)), np.arange(count, dtype=np.int32) % 4)
    maps = draw_maps(workspace, {"text": few}).result
    assert len(maps.articles) == MAP_ARTICLES
    assert (maps.articles[0], maps.articles[-1]) == (0, count - 1)
    assert set(np.diff(maps.articles)) <= {2, 3}
    check_released(maps, count, tmp_path)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_few_articles_make_no_map(tmp_path, workspace, known):
    models = {"text": vectors(5, without=range(known, 5)), "image": vectors(5)}
    drawn = draw_maps(workspace, models)
    assert (len(drawn.result.articles), drawn.rows) == (0, 0)
    check_released(drawn.result, 5, tmp_path)


# What PCA divides by nothing, its explained variance, is not used.
@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")
@pytest.mark.parametrize("alike", [True, False])
def test_three_articles_make_one_even_if_they_are_all_alike(tmp_path, workspace, alike):
    same = distinct(np.tile(unit(np.ones(4)), (3, 1)), np.arange(3, dtype=np.int32), 3)
    maps = draw_maps(workspace, {"text": same if alike else vectors(3)}).result
    check_released(maps, 3, tmp_path)
    assert len(np.unique(maps.places["text"], axis=0)) == (1 if alike else 3)


def test_a_map_fills_its_square_and_keeps_proportions(workspace):
    """Four articles on a rectangle, twice as wide as high."""
    corners = np.array([[2, 1], [2, -1], [-2, 1], [-2, -1]], np.float32) / 10
    flat = ArticleVectors(
        np.c_[corners, np.zeros((4, 3), np.float32)], np.arange(4, dtype=np.int32)
    )
    places = draw_maps(workspace, {"text": flat}).result.places["text"]
    spans = places.max(axis=0) - places.min(axis=0)
    assert spans == pytest.approx([1, 0.5], abs=1e-5)
    assert places.mean(axis=0) == pytest.approx([0.5, 0.5], abs=1e-5)


@pytest.mark.parametrize("each", [10, 30])
def test_articles_that_a_model_finds_alike_stand_together(workspace, each):
    """Few are laid out by PCA, more by t-SNE."""
    alike, group = clusters(4, each)
    assert (len(alike.vectors) >= FEWEST_FOR_TSNE) == (each == 30)
    places = draw_maps(workspace, {"text": alike}).result.places["text"]
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (group[distances.argmin(axis=1)] == group).all()


def test_the_same_vectors_make_the_same_map(tmp_path):
    models = {"text": clusters(4, 30)[0], "image": vectors(120)}
    first, again = (draw_maps(Workspace(tmp_path / name), models).result for name in "ab")
    for name in models:
        assert first.places[name].tobytes() == again.places[name].tobytes()


def test_a_map_that_was_drawn_is_not_drawn_again(workspace):
    models = {"text": vectors(9), "image": vectors(9, seed=2)}
    first, again = draw_maps(workspace, models), draw_maps(workspace, models)
    assert again.rows == 0
    for name in models:
        assert (first.result.places[name] == again.result.places[name]).all()
    assert draw_maps(workspace, models | {"image": vectors(9, seed=3)}).rows == 9
    fewer = vectors(9, seed=4, without=[0])
    assert draw_maps(workspace, models | {"features": fewer}).rows == 3 * 8


def test_articles_with_one_vector_stand_on_one_place(workspace):
    entry = np.array([0, 1, 2, 1, NO_VECTOR, 3], np.int32)
    maps = draw_maps(
        workspace,
        {"text": ArticleVectors(unit(np.random.default_rng(5).normal(size=(4, 8))), entry)},
    ).result
    assert maps.articles.tolist() == [0, 1, 2, 3, 5]
    places = maps.places["text"]
    assert places[1] == pytest.approx(places[3], abs=1e-5)
    assert len(np.unique(places.round(4), axis=0)) == 4


def test_maps_are_read_as_they_were_written(tmp_path):
    rows = np.array([1, 4, 5], np.int32)
    random = np.random.default_rng(1)
    places = {model.name: random.random((3, 2), np.float32) for model in SINGLE}
    write_maps(tmp_path, Maps(rows, places))
    read = read_maps(ArrayReader(tmp_path, 9, {}))
    assert read.articles.tobytes() == rows.tobytes()
    assert list(read.places) == list(places)
    assert all(read.places[name].tobytes() == places[name].tobytes() for name in places)


def test_the_samples_maps_show_all_that_all_models_know(release):
    known = np.all([each.entry != NO_VECTOR for each in release.indexes.values()], axis=0)
    assert release.maps.articles.tolist() == np.flatnonzero(known).tolist()
    assert set(release.maps.places) == set(release.indexes)
