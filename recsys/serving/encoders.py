"""Encode visitors' photos and words with the encoders that made a release's vectors.

An encoder is loaded once, in the background after the start or when first needed, and shared with
the next release if that was made with the same one.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Self, TypeVar

import numpy as np
from PIL import Image

from recsys.catalog.photos import decode_photo
from recsys.errors import OperatorError, QueryError, RecsysError, ReleaseError
from recsys.models.image import ImageEncoder
from recsys.models.registry import IMAGE, TEXT
from recsys.models.text import TextEncoder
from recsys.release.manifest import EncoderRecord
from recsys.release.reader import Release
from recsys.serving import telemetry
from recsys.serving.batching import Batcher
from recsys.vectors import Float32, spread_evenly

logger = logging.getLogger(__name__)

CHECKED_PHOTOS = 4
"""Photos encoded again to check a loaded encoder: enough to tell encoders apart, in a second."""

SAME_ENCODER = 0.9
"""A photo is stored smaller than it was encoded; the cosine of both vectors stays above this."""

LARGEST_BATCH = 8
"""Photos or words of visitors encoded at once. On a CPU more would not fit into its caches."""

CACHED_WORDS = 1000
"""Word queries whose vectors are kept, about 7 kB each."""

UNAVAILABLE = "New photos and words can't be searched right now. Search by an article instead."

Loaded = TypeVar("Loaded")


class _Encoder(Generic[Loaded]):
    """An encoder of a release, loaded when first needed. Safe to share between threads.

    Args:
        release: whose encoder it is.
        loaded: the encoder, where it is loaded already.
    """

    model: str

    def __init__(self, release: Release, loaded: Loaded | None = None) -> None:
        self.release, self._loaded = release, loaded
        self._loading = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether the encoder is loaded."""
        return self._loaded is not None

    def load(self) -> Loaded:
        """Return the encoder, loaded if it is not yet.

        Raises:
            EncoderError: it cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def serves(self, release: Release) -> bool:
        """Whether another release was made with the same encoder."""
        return self._record(self.release) == self._record(release)

    def for_release(self, release: Release) -> Self:
        """Return the encoder of another release, loaded already if this one is and is the same."""
        return type(self)(release, self._loaded if self.serves(release) else None)

    def _record(self, release: Release) -> EncoderRecord:
        return release.manifest.models[self.model].encoder

    def _load(self) -> Loaded:
        raise NotImplementedError


@dataclass(frozen=True)
class _LoadedImageEncoder:
    """A loaded image encoder; photos and words of several visitors go through it in batches."""

    encoder: ImageEncoder
    encode_photo: Batcher[Any, Float32]
    encode_words: Batcher[str, Float32]


class PhotoEncoder(_Encoder[_LoadedImageEncoder]):
    """Encodes photos, and words in the space of photos, with a release's image encoder."""

    model = IMAGE.name

    def encode(self, picture: Image.Image) -> Float32:
        """Return the unit vector, float32 [dim], of an RGB picture.

        Raises:
            EncoderError, ReleaseError: as `load`.
        """
        loaded = self.load()
        return loaded.encode_photo(loaded.encoder.prepare(picture))

    @property
    def encodes_words(self) -> bool:
        """Whether the encoder reads words, too."""
        return ImageEncoder(self.release.image_model).encodes_words

    def encode_words(self, words: str) -> Float32:
        """Return the unit vector, float32 [dim], of words in the space of photos.

        Raises:
            EncoderError, ReleaseError: as `load`.
        """
        return self.load().encode_words(words)

    def _load(self) -> _LoadedImageEncoder:
        encoder = ImageEncoder(self.release.image_model)
        self._check(encoder)
        return _LoadedImageEncoder(
            encoder,
            Batcher(encoder.encode_prepared, LARGEST_BATCH),
            Batcher(encoder.encode_words, LARGEST_BATCH),
        )

    def _check(self, encoder: ImageEncoder) -> None:
        """Raise `ReleaseError` unless a few photos get about the vectors that they have."""
        with_photo = np.flatnonzero(self.release.with_photo)
        if not len(with_photo):
            return
        rows = with_photo[spread_evenly(CHECKED_PHOTOS, len(with_photo))]
        index = self.release.indexes[IMAGE.name]
        photos = [decode_photo(self.release.photo(int(row)) or b"") for row in rows]
        new, known = encoder.encode(photos), index.vectors[index.entry[rows]]
        if new.shape != known.shape or (new * known).sum(axis=1).mean() < SAME_ENCODER:
            name = self._record(self.release).id
            raise ReleaseError(f"Refused: the image encoder {name} did not make vectors/image.npy.")


class WordEncoder(_Encoder[TextEncoder]):
    """Encodes words with a release's text encoder."""

    model = TEXT.name

    def encode(self, words: str) -> Float32:
        """Return the unit vector, float32 [dim], of words in the space of the articles' texts.

        Raises:
            EncoderError: as `load`.
        """
        vector: Float32 = self.release.whitening(self.load().encode([words]))[0]
        return vector

    def _load(self) -> TextEncoder:
        encoder = TextEncoder(self.release.text_model)
        encoder.encode([""])
        return encoder


class Encoders:
    """Both encoders of a release. Safe to share between threads.

    Args:
        photos: encodes photos, and words in the space of photos.
        words: encodes words in the space of the articles' texts.
    """

    def __init__(self, photos: PhotoEncoder, words: WordEncoder) -> None:
        self.photos, self.words = photos, words
        # Moving a slider or turning a page searches for the same words again.
        self._cached_vectors = lru_cache(CACHED_WORDS)(self._word_vectors)

    @classmethod
    def of(cls, release: Release) -> Self:
        """Return the encoders of a release, not loaded yet."""
        return cls(PhotoEncoder(release), WordEncoder(release))

    def for_release(self, release: Release) -> "Encoders":
        """Return the encoders of another release; those that are the same stay loaded."""
        return Encoders(self.photos.for_release(release), self.words.for_release(release))

    @property
    def ready(self) -> bool:
        """Whether both encoders are loaded."""
        return self.photos.ready and self.words.ready

    @property
    def loaded(self) -> dict[str, bool]:
        """Whether each encoder is loaded, by what it encodes."""
        return {"photos": self.photos.ready, "words": self.words.ready}

    def load(self) -> None:
        """Load both encoders.

        Raises:
            EncoderError: one cannot be loaded.
            ReleaseError: the image encoder is not the one that made the release's vectors.
        """
        self.photos.load()
        self.words.load()

    def load_in_background(self) -> None:
        """Start to load both encoders; errors go to the log."""

        def load() -> None:
            try:
                self.load()
            except RecsysError as error:
                logger.warning("Photos and words cannot be searched: %s", error)

        threading.Thread(target=load, name="encoders", daemon=True).start()

    def encode_photo(self, picture: Image.Image) -> Float32:
        """Return the image model's unit vector, float32 [dim], of a visitor's RGB picture.

        Raises:
            QueryError: the encoder cannot be used; the log says why.
        """
        with _for_visitor():
            return self.photos.encode(picture)

    def encode_words(self, words: str) -> Mapping[str, Float32]:
        """Return the unit vectors, float32 [dim], of a visitor's words, by model that reads words.

        Raises:
            QueryError: an encoder cannot be used; the log says why.
        """
        return self._cached_vectors(words)

    def _word_vectors(self, words: str) -> Mapping[str, Float32]:
        with _for_visitor():
            vectors = {TEXT.name: self.words.encode(words)}
            if self.photos.encodes_words:
                vectors[IMAGE.name] = self.photos.encode_words(words)
            return vectors


@contextmanager
def _for_visitor() -> Iterator[None]:
    """Time an encoder. Its errors go to the log; the visitor gets a sentence without details."""
    try:
        with telemetry.timed(telemetry.ENCODING):
            yield
    except OperatorError as error:
        logger.error("Photos and words cannot be searched: %s", error)
        raise QueryError(UNAVAILABLE) from error
