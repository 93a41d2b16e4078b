"""Encode a catalogue's texts and photos: each distinct one once, and then whitened.

What the encoders say is kept in the workspace as it is, so that a changed catalogue is whitened
anew without being encoded anew.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from recsys.catalog import Catalog
from recsys.errors import CatalogError, PhotoError
from recsys.models.image import COMPACT, ImageEncoder, assemble_compact, compact_config
from recsys.models.text import TextEncoder, article_texts
from recsys.photos import decode_photo, read_photo
from recsys.split import TEST, bucket_of
from recsys.vectors import ArticleVectors, Float32, distinct, fingerprint, unit
from recsys.whitening import Whitening, fit_whitening
from recsys.workspace import Workspace, key_of, model_key

PHOTO_BATCH = 64
TEXT_POWER, PHOTO_POWER = 0.75, 1.0
PHOTO_AXES = 256
ENOUGH = 1000
"""Fewer texts or photos than this are not whitened: there is too little to fit it to."""


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
class EncodedPhotos(Encoded):
    """What encoding photos gave.

    Attributes:
        encoder: what reads new photos the same way.
        untuned: the vectors before the encoder was fitted to the catalogue, if it was.
    """

    encoder: ImageEncoder
    untuned: ArticleVectors | None


def encode_texts(workspace: Workspace, catalog: Catalog, encoder: TextEncoder) -> Encoded:
    """Encode each article's text."""
    texts = article_texts(catalog.articles)
    store = workspace.vectors("text", model_key(encoder.id))
    vectors, new = store.encode(
        [key_of(text) for text in texts],
        lambda rows: encoder.encode([texts[row] for row in rows]),
    )
    said = distinct(vectors, np.arange(len(texts), dtype=np.int32), len(texts))
    if len(said.vectors) < ENOUGH:
        return Encoded(said, new)
    whiten = fit_whitening(said.vectors, TEXT_POWER, said.vectors.shape[1])
    return Encoded(ArticleVectors(whiten(said.vectors), said.entry), new)


def photo_digests(catalog: Catalog) -> dict[int, str]:
    """Return the SHA-256 of every photo by article row."""
    return {
        row: hashlib.sha256(path.read_bytes()).hexdigest()
        for row, path in tqdm(catalog.photos.items(), desc="photos", unit="photo")
    }


def encode_photos(
    workspace: Workspace, catalog: Catalog, digests: dict[int, str], model: str
) -> EncodedPhotos:
    """Encode each photo, and fit the *compact* encoder to them.

    Args:
        workspace: keeps what is encoded.
        catalog: its photos are encoded.
        digests: the SHA-256 of each photo by article row.
        model: an OpenCLIP model: ``hf-hub:...``, ``local-dir:...`` or ``compact``.
    """
    rows = np.array(list(catalog.photos), np.int32)
    paths = list(catalog.photos.values())
    encoder = ImageEncoder(model if model != COMPACT else _compact(workspace, None))

    def encode(positions: Sequence[int]) -> Float32:
        starts = range(0, len(positions), PHOTO_BATCH)
        batches = [positions[start : start + PHOTO_BATCH] for start in starts]
        return np.concatenate(
            [encoder.embed([_photo(paths[each]) for each in batch]) for batch in batches]
        )

    store = workspace.vectors("photos", model_key(encoder.id))
    embedded, new = store.encode(list(digests.values()), encode)
    seen = distinct(unit(embedded), rows, len(catalog.articles))
    codes = catalog.articles["product_code"].to_numpy()[rows]
    learned = np.array([bucket_of(code) not in TEST for code in codes], bool)
    if model != COMPACT or learned.sum() < ENOUGH:
        return EncodedPhotos(seen, new, encoder, None)
    head = fit_whitening(embedded[learned], PHOTO_POWER, PHOTO_AXES)
    tuned = ImageEncoder(_compact(workspace, head))
    return EncodedPhotos(distinct(head(embedded), rows, len(catalog.articles)), new, tuned, seen)


def _compact(workspace: Workspace, head: Whitening | None) -> str:
    """Return the id of the *compact* model with that head, assembled in the workspace."""
    parts = fingerprint(head.mean, head.matrix) if head else ""
    folder = workspace.once(
        "encoders",
        key_of(compact_config(head), parts),
        lambda folder: assemble_compact(folder, head),
    )
    return f"local-dir:{folder}"


def _photo(path: Path) -> Image.Image:
    try:
        return decode_photo(read_photo(path))
    except PhotoError as error:
        raise CatalogError(f"{path}: {error}") from error
