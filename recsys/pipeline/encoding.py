"""Encode a catalogue's texts and photos: each distinct one once, and then tuned to the catalogue.

What the encoders say is kept in the workspace as it is, so that a changed catalogue is tuned to
anew without being encoded anew.
"""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from recsys.catalog.articles import Catalog
from recsys.catalog.photos import decode_photo, read_photo
from recsys.catalog.split import TEST, TRAINING, VALIDATION, buckets_of
from recsys.errors import CatalogError, PhotoError
from recsys.models.compact_clip import CaptionTower, Heads, assemble_compact, compact_config
from recsys.models.contrastive import PhotoTextPairs, Schedule, learn_heads
from recsys.models.encoder_version import encoder_key
from recsys.models.image import COMPACT, ImageEncoder
from recsys.models.text import TextEncoder, article_texts, short_texts
from recsys.models.whitening import Whitening, fit_whitening, no_whitening
from recsys.pipeline.workspace import Workspace
from recsys.vectors import ArticleVectors, Float32, distinct, fingerprint, key_of, unit

TEXT_POWER = 0.75
ENOUGH = 1000
"""Fewer texts or photos than this are not tuned to: there is too little to learn from."""

CAPTIONS = "MiniLM, mean pooled"


@dataclass(frozen=True)
class Encoded:
    """What encoding gave.

    Attributes:
        vectors: the articles' vectors.
        new: how many items had to be encoded; the others were kept from before.
    """

    vectors: ArticleVectors
    new: int


@dataclass(frozen=True)
class EncodedTexts(Encoded):
    """What encoding texts gave.

    Attributes:
        whitening: what new texts go through after the encoder.
    """

    whitening: Whitening


@dataclass(frozen=True)
class EncodedPhotos(Encoded):
    """What encoding photos gave.

    Attributes:
        encoder: what reads new photos the same way.
        untuned: the vectors before the encoder was fitted to the catalogue, if it was.
    """

    encoder: ImageEncoder
    untuned: ArticleVectors | None


def encode_texts(workspace: Workspace, catalog: Catalog, encoder: TextEncoder) -> EncodedTexts:
    """Encode each article's text."""
    texts = article_texts(catalog.articles)
    store = workspace.vectors("text", encoder_key(encoder.id))
    vectors, new = store.encode(
        [key_of(text) for text in texts],
        lambda rows: encoder.encode([texts[row] for row in rows]),
    )
    said = distinct(vectors, np.arange(len(texts), dtype=np.int32), len(texts))
    if len(said.vectors) < ENOUGH:
        return EncodedTexts(said, new, no_whitening(said.vectors.shape[1]))
    whiten = fit_whitening(said.vectors, TEXT_POWER, said.vectors.shape[1])
    return EncodedTexts(ArticleVectors(whiten(said.vectors), said.entry), new, whiten)


def photo_digests(catalog: Catalog) -> dict[int, str]:
    """Return the SHA-256 of every photo by article row."""
    return {
        row: hashlib.sha256(path.read_bytes()).hexdigest()
        for row, path in tqdm(catalog.photos.items(), desc="photos", unit="photo")
    }


def encode_photos(
    workspace: Workspace, catalog: Catalog, digests: dict[int, str], model: str
) -> EncodedPhotos:
    """Encode each photo, and tune the *compact* encoder to them and their texts.

    Args:
        workspace: keeps what is encoded.
        catalog: its photos are encoded.
        digests: the SHA-256 of each photo by article row.
        model: any id that `ImageEncoder` takes, or ``compact``.
    """
    rows = np.array(list(catalog.photos), np.int32)
    paths = list(catalog.photos.values())
    encoder = ImageEncoder(model if model != COMPACT else _compact(workspace, None))
    store = workspace.vectors("photos", encoder_key(encoder.id))
    embedded, new = store.encode(
        list(digests.values()),
        lambda positions: encoder.embed_many([paths[each] for each in positions], _photo),
    )
    articles = len(catalog.articles)
    seen = distinct(unit(embedded), rows, articles)
    sold = catalog.articles.iloc[rows]
    buckets = buckets_of(sold["product_code"])
    if model != COMPACT or (~TEST.of(buckets)).sum() < ENOUGH:
        return EncodedPhotos(seen, new, encoder, None)
    pairs = _pairs(workspace, sold, embedded)
    heads = _heads(workspace, pairs.of(TRAINING.of(buckets)), pairs.of(VALIDATION.of(buckets)))
    tuned = ImageEncoder(_compact(workspace, heads))
    return EncodedPhotos(distinct(unit(heads.see(embedded)), rows, articles), new, tuned, seen)


def _pairs(workspace: Workspace, sold: pd.DataFrame, embedded: Float32) -> PhotoTextPairs:
    """Return what the towers say of photos and of their captions, long and short."""
    tower, store = CaptionTower(), workspace.vectors("captions", key_of(CAPTIONS))

    def read(texts: list[str]) -> Float32:
        keys = [key_of(text) for text in texts]
        return store.encode(keys, lambda rows: tower.embed([texts[row] for row in rows]))[0]

    captions = [read(article_texts(sold)), read(short_texts(sold))]
    products, _ = pd.factorize(sold["product_code"])
    return PhotoTextPairs(embedded, captions, products.astype(np.int32))


def _heads(workspace: Workspace, pairs: PhotoTextPairs, held_back: PhotoTextPairs) -> Heads:
    schedule = Schedule()

    def make(folder: Path) -> None:
        heads = learn_heads(pairs, held_back, schedule)
        np.savez(folder / "heads.npz", **dataclasses.asdict(heads))

    learned, kept = pairs.fingerprint(), held_back.fingerprint()
    folder = workspace.once("heads", key_of(learned, kept, dataclasses.asdict(schedule)), make)
    with np.load(folder / "heads.npz", allow_pickle=False) as heads:
        return Heads(**heads)


def _compact(workspace: Workspace, heads: Heads | None) -> str:
    """Return the id of the *compact* model with those heads, assembled in the workspace."""
    arrays = fingerprint(heads.photo, heads.shift, heads.caption) if heads else ""
    folder = workspace.once(
        "encoders",
        key_of(compact_config(heads), arrays),
        lambda folder: assemble_compact(folder, heads),
    )
    return f"local-dir:{folder}"


def _photo(path: Path) -> Image.Image:
    try:
        return decode_photo(read_photo(path))
    except PhotoError as error:
        raise CatalogError(f"{path}: {error}") from error
