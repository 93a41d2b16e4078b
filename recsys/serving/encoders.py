"""Encode visitors' photos and words with the encoders that made a release's vectors.

An encoder is loaded once, in the background after the start or when first needed, and shared with
the next release if that was made with the same one.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Generic, Self, TypeVar

import numpy as np
from PIL import Image

from recsys.catalog.photos import decode_photo
from recsys.errors import OperatorError, QueryError, RecsysError, ReleaseError, one_line
from recsys.models.hub_encoder import HUB
from recsys.models.image import LOCAL, ImageEncoder
from recsys.models.registry import IMAGE, TEXT
from recsys.models.text import PACKAGED, TextEncoder, article_texts
from recsys.release.encoder_check import check_trusted
from recsys.release.files import IMAGE_ENCODER, TEXT_MODEL, VECTORS, WHITENING
from recsys.release.manifest import EncoderRecord
from recsys.release.reader import Release
from recsys.serving import telemetry
from recsys.serving.batching import Batcher
from recsys.vectors import Float32, Positions, spread_evenly

logger = logging.getLogger(__name__)

CHECKED = 4
"""Photos or texts encoded again to check an encoder: enough to tell encoders apart, in a second."""

SAME_IMAGE_ENCODER = 0.9
"""A photo is stored smaller than it was encoded; the cosine of both vectors stays above this."""

SAME_TEXT_ENCODER = 0.99
"""A text is encoded as it was; only the machine's rounding differs, which changes 1e-5."""

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
        trusted: encoders of the Hub that may be downloaded, as ``ID@COMMIT``.
        loaded: the encoder, where it is loaded already.
    """

    model: str

    def __init__(
        self,
        release: Release,
        trusted: frozenset[str] = frozenset(),
        loaded: Loaded | None = None,
    ) -> None:
        self.release, self.trusted, self._loaded = release, trusted, loaded
        self._checked = False
        self._loading = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether the encoder is loaded."""
        return self._loaded is not None

    def load(self) -> Loaded:
        """Return the encoder, loaded if it is not yet, and compared with the release's vectors.

        Raises:
            EncoderError: it cannot be loaded.
            ReleaseError: it did not make the release's vectors, or it is on the Hub and not
                trusted.
        """
        with self._loading:
            loaded = self._loaded or self._load()
            if not self._checked:
                self._check(loaded)
            self._loaded, self._checked = loaded, True
            return loaded

    def check_trusted(self) -> None:
        """Raise `ReleaseError` if it is on the Hub and not trusted."""
        if self._on_hub:
            check_trusted(self._record(self.release), self.trusted)

    def serves(self, release: Release) -> bool:
        """Whether another release was made with the same encoder."""
        return self._record(self.release) == self._record(release)

    def for_release(self, release: Release) -> Self:
        """Return the encoder of another release, loaded already if this one is and is the same."""
        same = self._loaded if self.serves(release) else None
        return type(self)(release, self.trusted, same)

    def _record(self, release: Release) -> EncoderRecord:
        return release.manifest.models[self.model].encoder

    def _check_vectors(self, rows: Positions, encoded: Float32, least: float) -> None:
        """Raise `ReleaseError` unless articles got about the vectors that they have."""
        index = self.release.indexes[self.model]
        known = index.vectors[index.entry[rows]]
        # Not "less than": a cosine that is no number is less than nothing.
        if encoded.shape != known.shape or not (encoded * known).sum(axis=1).mean() >= least:
            name = one_line(self._record(self.release).id)
            made = VECTORS[self.model].path
            raise ReleaseError(f"Refused: the {self.model} encoder {name} did not make {made}.")

    @property
    def _on_hub(self) -> bool:
        """Whether the release names an encoder on the Hub instead of having its files."""
        raise NotImplementedError

    def _load(self) -> Loaded:
        raise NotImplementedError

    def _check(self, loaded: Loaded) -> None:
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
        """Whether the encoder reads words, too.

        Raises:
            EncoderError, ReleaseError: as `load`.
        """
        return (self._loaded.encoder if self._loaded else self.encoder).encodes_words

    def encode_words(self, words: str) -> Float32:
        """Return the unit vector, float32 [dim], of words in the space of photos.

        Raises:
            EncoderError, ReleaseError: as `load`.
        """
        return self.load().encode_words(words)

    @cached_property
    def encoder(self) -> ImageEncoder:
        """The image encoder, not loaded.

        Raises:
            ReleaseError: it is on the Hub and not trusted.
        """
        self.check_trusted()
        if self._on_hub:
            record = self._record(self.release)
            return ImageEncoder(record.id, record.version)
        return ImageEncoder(f"{LOCAL}{self.release.folder / IMAGE_ENCODER}")

    @property
    def _on_hub(self) -> bool:
        own = self.release.folder / IMAGE_ENCODER
        return self._record(self.release).id.startswith(HUB) and not own.exists()

    def _load(self) -> _LoadedImageEncoder:
        encoder = self.encoder
        return _LoadedImageEncoder(
            encoder,
            Batcher(encoder.encode_prepared, LARGEST_BATCH),
            Batcher(encoder.encode_words, LARGEST_BATCH),
        )

    def _check(self, loaded: _LoadedImageEncoder) -> None:
        with_photo = np.flatnonzero(self.release.with_photo)
        rows = with_photo[spread_evenly(CHECKED, len(with_photo))]
        if len(rows):
            photos = [decode_photo(self.release.photo(int(row)) or b"") for row in rows]
            self._check_vectors(rows, loaded.encoder.encode(photos), SAME_IMAGE_ENCODER)


class WordEncoder(_Encoder[TextEncoder]):
    """Encodes words with a release's text encoder."""

    model = TEXT.name

    def encode(self, words: str) -> Float32:
        """Return the unit vector, float32 [dim], of words in the space of the articles' texts.

        Raises:
            EncoderError, ReleaseError: as `load`.
        """
        vector: Float32 = self._whitened(self.load(), [words])[0]
        return vector

    @property
    def _on_hub(self) -> bool:
        own = self.release.folder / TEXT_MODEL
        return self._record(self.release).id != PACKAGED and not own.exists()

    def _load(self) -> TextEncoder:
        self.check_trusted()
        own, record = self.release.folder / TEXT_MODEL, self._record(self.release)
        if self._on_hub:
            return TextEncoder(record.id, record.version)
        return TextEncoder(str(own)) if own.exists() else TextEncoder()

    def _check(self, loaded: TextEncoder) -> None:
        rows = spread_evenly(CHECKED, len(self.release.articles))
        texts = article_texts(self.release.articles.iloc[rows])
        self._check_vectors(rows, self._whitened(loaded, texts), SAME_TEXT_ENCODER)

    def _whitened(self, encoder: TextEncoder, texts: list[str]) -> Float32:
        """Return the texts' vectors as the release has them.

        Raises:
            ReleaseError: the whitening is for vectors of another length, or gives no numbers.
        """
        vectors, mean = encoder.encode(texts), self.release.whitening.mean
        if vectors.shape[1:] != mean.shape:
            raise ReleaseError(f"Refused: the text encoder does not fit {WHITENING['mean'].path}.")
        whitened: Float32 = self.release.whitening(vectors)
        return whitened


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
    def of(cls, release: Release, trusted: frozenset[str] = frozenset()) -> Self:
        """Return the encoders of a release, not loaded yet.

        Args:
            release: an opened release.
            trusted: encoders of the Hub that may be downloaded, as ``ID@COMMIT``.
        """
        return cls(PhotoEncoder(release, trusted), WordEncoder(release, trusted))

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
            ReleaseError: one did not make the release's vectors, or is not trusted.
        """
        self.photos.load()
        self.words.load()

    def check_trusted(self) -> None:
        """Raise `ReleaseError` if one is on the Hub and not trusted."""
        self.photos.check_trusted()
        self.words.check_trusted()

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
