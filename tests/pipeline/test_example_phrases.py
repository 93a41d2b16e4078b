import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.catalog.schema import COLOUR, PRODUCT_TYPE
from recsys.errors import ReleaseError
from recsys.models.registry import IMAGE, TEXT
from recsys.pipeline.example_phrases import COLOUR_PHRASES, PAIR_PHRASES, choose_phrases
from recsys.release.tables import read_phrases, write_phrases
from recsys.vectors import unit

DIMS = {TEXT.name: 3, IMAGE.name: 2}


def catalogue(*counted):
    """So many articles of a colour and a type."""
    rows = [(colour, kind) for times, colour, kind in counted for _ in range(times)]
    return pd.DataFrame(rows, columns=[COLOUR, PRODUCT_TYPE])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "phrases.parquet"


def test_phrases_name_what_is_frequent_and_nothing_twice():
    articles = catalogue(
        (9, "Black", "Dress"),
        (8, "Black", "Trousers"),
        (7, "White", "Dress"),
        (6, "White", "T-shirt"),
        (5, "Dark Blue", "Trousers"),
        (4, "Red", "Sweater"),
        (3, "Pink", "Bra"),
        (2, "Grey", "Socks"),
        (2, "Beige", "Hat"),
        (1, "Yellow", "Scarf"),
    )
    assert choose_phrases(articles) == [
        "black dress",
        "white t-shirt",
        "dark blue trousers",
        "red sweater",
        "in pink",
        "in beige",
    ]


def test_a_colour_alone_is_frequent_among_all_articles():
    """Green is the second of every type, so that no pair names it; it is still frequent."""
    articles = catalogue(
        (9, "Blue", "Bra"),
        (8, "Green", "Bra"),
        (9, "Red", "Hat"),
        (8, "Green", "Hat"),
        (9, "Pink", "Hat"),
    )
    assert choose_phrases(articles) == ["blue bra", "pink hat", "in green", "in red"]


def test_of_equally_frequent_ones_the_first_by_name_is_taken():
    articles = catalogue((2, "Red", "Hat"), (2, "Blue", "Hat"), (2, "Blue", "Bra"))
    assert choose_phrases(articles) == choose_phrases(articles[::-1])
    assert choose_phrases(articles) == ["blue bra", "red hat"]


@pytest.mark.parametrize("vague", ["Other Red", "Unknown", "undefined", "Transparent"])
def test_what_says_little_is_no_phrase(vague):
    articles = catalogue((9, vague, "Hat"), (9, "Red", vague), (1, "Blue", "Bra"))
    assert choose_phrases(articles) == ["blue bra", "in red"]


@pytest.mark.parametrize("odd", ["Hat/beanie", "Top (2)", "T_shirt", "Vest 50%", " ", "-"])
def test_only_plain_words_are_phrases(odd):
    articles = catalogue((9, "Red", odd), (9, odd, "Hat"), (1, "Grün", "Rock-kleid"))
    assert choose_phrases(articles) == ["grün rock-kleid", "in red"]


def test_a_catalogue_of_nothing_has_no_phrases():
    assert choose_phrases(catalogue()) == []


def test_the_samples_phrases_are_its_articles(release):
    phrases = list(release.phrases)
    assert len(phrases) == PAIR_PHRASES + COLOUR_PHRASES
    assert phrases == choose_phrases(release.articles)
    said = (release.articles[COLOUR] + " " + release.articles[PRODUCT_TYPE]).str.lower()
    assert set(phrases[:PAIR_PHRASES]) <= set(said)


def test_vectors_are_read_as_they_were_written(path):
    random = np.random.default_rng(3)
    words = ["black dress", "in “red”"]
    vectors = {name: list(unit(random.normal(size=(2, dim)))) for name, dim in DIMS.items()}
    write_phrases(path, words, vectors)
    read = read_phrases(path, DIMS)
    assert list(read) == words
    for at, each in enumerate(words):
        for name in DIMS:
            assert read[each][name].tobytes() == vectors[name][at].tobytes()


def test_there_may_be_no_phrases_and_no_model_but_one(path):
    write_phrases(path, [], {TEXT.name: []})
    assert read_phrases(path, DIMS) == {}
    write_phrases(path, ["red"], {TEXT.name: [np.array([0, 1, 0], np.float32)]})
    assert list(read_phrases(path, DIMS)["red"]) == [TEXT.name]


@pytest.mark.parametrize(
    "vector",
    [[1, 0], [1, 0, 0, 0], [], [1, 1, 0], [0, 0, 0], [0.99, 0, 0], [float("nan"), 1, 0], None],
)
def test_what_is_no_unit_vector_of_the_model_is_refused(path, vector):
    write_phrases(path, ["red", "blue"], {TEXT.name: [[1, 0, 0], vector]})
    refusal = "vectors of text of another length|not a unit vector of text"
    with pytest.raises(ReleaseError, match=refusal):
        read_phrases(path, DIMS)


@pytest.mark.parametrize(
    "columns", [{TEXT.name: [[1.0, 0, 0]]}, {"words": ["a"], "sound": [[1.0]]}]
)
def test_without_words_and_for_unknown_models_nothing_is_read(path, columns):
    pq.write_table(pa.table(columns), path)
    with pytest.raises(ReleaseError, match=r"words|belongs to no model"):
        read_phrases(path, DIMS)
