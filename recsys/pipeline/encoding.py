"""Encode a catalogue's texts and photos, each distinct one once, and adapt them to the catalogue.

Texts are whitened; the *compact* image encoder is fine-tuned. The workspace keeps the vectors as
they were before that, so a changed catalogue needs only new texts and photos encoded.
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
from recsys.models.image import COMPACT, LOCAL, ImageEncoder
from recsys.models.text import TextEncoder, article_texts, short_texts
from recsys.models.whitening import Whitening, fit_whitening, no_whitening
from recsys.pipeline.workspace import Finished, Workspace
from recsys.vectors import ArticleVectors, Float32, distinct, fingerprint, key_of, unit

TEXT_POWER = 0.75
"""Power of the whitening (`recsys.models.whitening`); see docs/experiments.md."""

ENOUGH = 1000
"""With fewer texts or photos there is no whitening or fine-tuning: too little to learn from."""

CAPTIONS = "MiniLM, mean pooled"
"""Cache key of the caption encoder; change it whenever the encoder changes."""


@dataclass(frozen=True)
class EncodedTexts:
    """The articles' text vectors.

    Attributes:
        vectors: of the articles.
        whitening: to be applied to the encoder's vectors of other texts.
    """

    vectors: ArticleVectors
    whitening: Whitening


@dataclass(frozen=True)
class EncodedPhotos:
    """The articles' photo vectors.

    Attributes:
        vectors: of the articles.
        encoder: gives vectors of other photos.
        untuned: the vectors before the encoder was fine-tuned; ``None`` if it was not.
    """

    vectors: ArticleVectors
    encoder: ImageEncoder
    untuned: ArticleVectors | None


def check_encoders(text_model: str, image_model: str) -> None:
    """Check the files of both encoders, so that a build with one that is refused ends at once.

    Args:
        text_model: any id that `TextEncoder` takes.
        image_model: any id that `ImageEncoder` takes, or ``compact``.

    Raises:
        EncoderError: one is missing, or its files could be code.
    """
    _ = TextEncoder(text_model).files
    if image_model != COMPACT:
        _ = ImageEncoder(image_model).files


def encode_texts(
    workspace: Workspace, catalog: Catalog, encoder: TextEncoder
) -> Finished[EncodedTexts]:
    """Encode each article's text; the rows are the texts that were not kept."""
    texts = article_texts(catalog.articles)
    encoded = workspace.vectors("text", encoder.key).encode(
        [key_of(text) for text in texts],
        lambda rows: encoder.encode([texts[row] for row in rows]),
    )
    raw = distinct(encoded.result, np.arange(len(texts), dtype=np.int32), len(texts))
    dim = raw.vectors.shape[1]
    if len(raw.vectors) < ENOUGH:
        return Finished(EncodedTexts(raw, no_whitening(dim)), encoded.rows)
    whitening = fit_whitening(raw.vectors, TEXT_POWER, dim)
    vectors = ArticleVectors(whitening(raw.vectors), raw.entry)
    return Finished(EncodedTexts(vectors, whitening), encoded.rows)


def photo_digests(catalog: Catalog) -> dict[int, str]:
    """Return the SHA-256 of every photo by article row."""
    return {
        row: hashlib.sha256(path.read_bytes()).hexdigest()
        for row, path in tqdm(catalog.photos.items(), desc="photos", unit="photo")
    }


def encode_photos(
    workspace: Workspace, catalog: Catalog, digests: dict[int, str], model: str
) -> Finished[EncodedPhotos]:
    """Encode each photo; the rows are the photos that were not kept.

    With enough photos, the *compact* encoder is fine-tuned on them and their texts.

    Args:
        workspace: keeps vectors and encoders.
        catalog: its photos are encoded.
        digests: the SHA-256 of each photo by article row.
        model: any id that `ImageEncoder` takes, or ``compact``.
    """
    rows = np.array(list(catalog.photos), np.int32)
    paths = list(catalog.photos.values())
    encoder = ImageEncoder(model if model != COMPACT else _compact(workspace, None))
    embedded = workspace.vectors("photos", encoder.version).encode(
        list(digests.values()),
        lambda positions: encoder.embed_many([paths[each] for each in positions], _photo),
    )
    plain = distinct(unit(embedded.result), rows, len(catalog.articles))
    with_photo = catalog.articles.iloc[rows]
    buckets = buckets_of(with_photo["product_code"])
    if model != COMPACT or (~TEST.of(buckets)).sum() < ENOUGH:
        return Finished(EncodedPhotos(plain, encoder, None), embedded.rows)
    pairs = _pairs(workspace, with_photo, embedded.result)
    heads = _heads(workspace, pairs.of(TRAINING.of(buckets)), pairs.of(VALIDATION.of(buckets)))
    tuned = distinct(unit(heads.see(embedded.result)), rows, len(catalog.articles))
    encoder = ImageEncoder(_compact(workspace, heads))
    return Finished(EncodedPhotos(tuned, encoder, plain), embedded.rows)


def _pairs(workspace: Workspace, articles: pd.DataFrame, embedded: Float32) -> PhotoTextPairs:
    """Return the two towers' outputs for photos and for their captions, long and short."""
    tower, store = CaptionTower(), workspace.vectors("captions", key_of(CAPTIONS))

    def embed(texts: list[str]) -> Float32:
        keys = [key_of(text) for text in texts]
        return store.encode(keys, lambda rows: tower.embed([texts[row] for row in rows])).result

    captions = [embed(article_texts(articles)), embed(short_texts(articles))]
    products, _ = pd.factorize(articles["product_code"])
    return PhotoTextPairs(embedded, captions, products.astype(np.int32))


def _heads(workspace: Workspace, training: PhotoTextPairs, validation: PhotoTextPairs) -> Heads:
    """Return the heads of the fine-tuned encoder."""
    schedule = Schedule()

    def make(folder: Path) -> None:
        heads = learn_heads(training, validation, schedule)
        np.savez(folder / "heads.npz", **dataclasses.asdict(heads))

    pairs = (training.fingerprint(), validation.fingerprint())
    kept = workspace.once("heads", key_of(*pairs, dataclasses.asdict(schedule)), make)
    with np.load(kept.folder / "heads.npz", allow_pickle=False) as heads:
        return Heads(**heads)


def _compact(workspace: Workspace, heads: Heads | None) -> str:
    """Return the id of the *compact* model with those heads, assembled in the workspace."""
    arrays = fingerprint(heads.photo, heads.shift, heads.caption) if heads else ""
    kept = workspace.once(
        "encoders",
        key_of(compact_config(heads), arrays),
        lambda folder: assemble_compact(folder, heads),
    )
    return f"{LOCAL}{kept.folder}"


def _photo(path: Path) -> Image.Image:
    try:
        return decode_photo(read_photo(path))
    except PhotoError as error:
        raise CatalogError(f"{path}: {error}") from error
