"""How well photos and words find the relevant articles, on test products.

``python -m benchmarks.photos_and_words RELEASE --data DIR`` prints the figures of
``docs/evaluation.md``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from recsys.catalog.articles import read_catalog
from recsys.catalog.questions import basket_questions
from recsys.catalog.schema import COLOUR
from recsys.catalog.split import TEST, TRAINING, buckets_of
from recsys.models.registry import COMBINED, IMAGE, TWO_TOWER
from recsys.models.text import article_texts, short_texts
from recsys.release.reader import Release, open_release
from recsys.serving.encoders import PhotoEncoder
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.vectors import NO_VECTOR, Float32, Int32, spread_evenly

AT = 12
COLOUR_QUERIES = 200


@dataclass(frozen=True)
class Photos:
    """The photos of a release.

    Attributes:
        rows: int32 [n], their articles.
        vectors: float32 [n, dim].
        products: int [n], equal for photos of one product.
        is_test: bool [n], whether the product is a test product.
    """

    rows: Int32
    vectors: Float32
    products: np.ndarray
    is_test: np.ndarray


def photos_of(release: Release) -> Photos:
    """Return the photos of a release."""
    image = release.indexes[IMAGE.name]
    rows = np.flatnonzero(image.entry != NO_VECTOR).astype(np.int32)
    codes = release.articles["product_code"].to_numpy()[rows]
    products = np.unique(codes, return_inverse=True)[1]
    is_test = TEST.of(buckets_of(codes))
    return Photos(rows, np.asarray(image.vectors[image.entry[rows]]), products, is_test)


def texts_to_photos(release: Release, photos: Photos) -> None:
    """Print how often the text of a test article finds its own photo among all photos."""
    encoder = PhotoEncoder(release).encoder
    queries = np.flatnonzero(photos.is_test)
    articles = release.articles.iloc[photos.rows[queries]]
    for name, texts in (("whole texts", article_texts(articles)), ("short", short_texts(articles))):
        blocks = range(0, len(texts), 64)
        bar = tqdm(blocks, desc=name)
        words = np.concatenate([encoder.encode_words(texts[at : at + 64]) for at in bar])
        scores = words @ photos.vectors.T
        own = scores[np.arange(len(queries)), queries]
        rank = (scores > own[:, None] + 1e-6).sum(axis=1)
        print(
            f"{name} to photo, {len(texts)} of {len(photos.rows)}: R@1 {np.mean(rank < 1):.4f}, "
            f"R@10 {np.mean(rank < 10):.4f}, MRR {np.mean(1 / (rank + 1)):.4f}"
        )


def other_colours(photos: Photos) -> None:
    """Print how often another colour of a test photo's product is among the first 12."""
    queries = np.flatnonzero(photos.is_test)
    queries = queries[np.bincount(photos.products)[photos.products[queries]] > 1]
    scores = photos.vectors[queries] @ photos.vectors.T
    scores[np.arange(len(queries)), queries] = -np.inf
    first = np.argpartition(-scores, AT, axis=1)[:, :AT]
    hits = (photos.products[first] == photos.products[queries][:, None]).any(axis=1)
    print(f"another colour among the first {AT}, {len(queries)} photos: {hits.mean():.4f}")


def baskets_from_photos(release: Release, photos: Photos, data: Path) -> None:
    """Print basket recall for queries that are test articles, and for their photos alone."""
    bought = read_catalog(data).purchases
    unseen = bought.where(~TRAINING.of(bought.bucket)[bought.shopper])
    in_test = set(photos.rows[photos.is_test].tolist())
    questions = [q for q in basket_questions(unseen) if int(q.basket[0]) in in_test]
    retrieval, image = release.retrieval, release.indexes[IMAGE.name]
    shares: dict[str, list[float]] = {"article": [], "photo": [], "photo, combined": []}
    for question in tqdm(questions, desc="baskets"):
        row = int(question.basket[0])
        by_photo = retrieval.of_photo(np.asarray(image.vectors[image.entry[row]]))
        found = {
            "article": retrieval.nearest(TWO_TOWER.name, retrieval.of_article(row), AT).rows,
            "photo": retrieval.nearest(TWO_TOWER.name, by_photo, AT + 1).rows,
            "photo, combined": retrieval.combined(
                by_photo, retrieval.nearby(by_photo), AT + 1
            ).rows,
        }
        for name, rows in found.items():
            best = rows[rows != row][:AT]
            relevant = question.relevant
            shares[name].append(len(np.intersect1d(best, relevant)) / min(len(relevant), AT))
    for name, each in shares.items():
        print(f"two_tower basket recall@{AT} from the {name}: {np.mean(each):.4f} of {len(each)}")


def colour_queries(release: Release, photos: Photos) -> Iterator[tuple[int, int]]:
    """Yield pairs of photos of one test product in two colours, spread evenly over all pairs."""
    colours = release.articles[COLOUR].to_numpy()[photos.rows]
    pairs = [
        (int(a), int(b))
        for a in np.flatnonzero(photos.is_test)
        for b in np.flatnonzero(photos.products == photos.products[a])
        if colours[a] != colours[b]
    ]
    for place in spread_evenly(COLOUR_QUERIES, len(pairs)):
        yield pairs[place]


def but_in_another_colour(release: Release, photos: Photos) -> None:
    """Print how often a photo and "this, but in red" find it in red; also for the photo alone."""
    recommender = Recommender(release)
    colours, ids = release.articles[COLOUR], release.articles["article_id"]
    hits: dict[str, list[bool]] = {}
    for a, b in tqdm(list(colour_queries(release, photos)), desc="colours"):
        own, target = ids[photos.rows[a]], ids[photos.rows[b]]
        vector = recommender.encode_photo(release.photo(int(photos.rows[a])) or b"")
        words = f"this, but in {colours[photos.rows[b]].lower()}"
        for name, search in (
            ("photo alone", SearchRequest(photo=vector)),
            ("and words", SearchRequest(photo=vector, words=words)),
            (
                "and words, not filtered",
                SearchRequest(photo=vector, words=words, ignored=UNFILTERED),
            ),
        ):
            for gallery in recommender.search(search, AT + 1).galleries:
                if gallery.model in (IMAGE, COMBINED):
                    found = [match.article.article_id for match in gallery.matches]
                    best = [each for each in found if each != own][:AT]
                    hits.setdefault(f"{name}, {gallery.model.name}", []).append(target in best)
    for name, each in hits.items():
        print(f"another colour, hit@{AT}, {name}: {np.mean(each):.4f} of {len(each)}")


UNFILTERED = frozenset({COLOUR, "product_type_name", "graphical_appearance_name"})


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photos_and_words")
    parser.add_argument("release", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    release = open_release(arguments.release)
    photos = photos_of(release)
    other_colours(photos)
    texts_to_photos(release, photos)
    for model, crossing in release.manifest.bridges.items():
        print(f"bridge to {model}: {crossing}")
    baskets_from_photos(release, photos, arguments.data)
    but_in_another_colour(release, photos)


if __name__ == "__main__":
    main()
